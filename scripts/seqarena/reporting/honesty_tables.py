"""The tables behind the question whether a test was honest."""

from collections.abc import Mapping, Sequence

from seqarena.reporting.cells import (
    Cell,
    Fact,
    Table,
    count,
    estimate,
    number,
    records_of,
    undefined_notes,
    with_direction,
    words,
)
from seqarena.reporting.honesty_words import KINDS
from seqarena.reporting.wording import (
    INTERVAL,
    NOT_DEFINED,
    format_count,
    format_number,
    format_share,
    format_signed,
    is_missing,
    plural,
)

_TONES = {"above chance": "bad", "below chance": "bad", "undefined": "undefined"}


def leaks_table(leakage: Mapping) -> Table:
    """Tabulate how many test records are related to records seen in training, by kind."""
    records = [
        {"kind": kind, "records": found["records"], "share": found["share"]}
        for kind in KINDS
        if (found := leakage["kinds"].get(kind))
        and (leakage["both_strands"] or kind != "reverse complement")
    ]
    records.append({"kind": "any of these", **_only(leakage["leaked"], "records", "share")})
    names = {kind: several for kind, (_, several) in KINDS.items()}
    rows = [
        [
            Cell(names.get(row["kind"], row["kind"])),
            count(row["records"]),
            number(row["share"], format_share(row["share"])),
        ]
        for row in records
    ]
    notes = [
        "A record counts as the nearest kind, in each repeat in which it is tested. Copies are "
        "equal place by place (what is unknown at the ends aside); near copies align with 0.7 or "
        "more of the shorter; relatives with the threshold or more."
    ]
    columns = [("related to a record seen in training as", False), ("test records", True)]
    return Table(
        "What the audit of the split found.",
        [*columns, ("share of test rows", True)],
        rows,
        notes,
        records,
    )


def _only(mapping: Mapping, *keys: str) -> dict:
    return {key: mapping[key] for key in keys}


def _known(value: float | None, ending: str = "") -> str:
    return "not known" if is_missing(value) else f"{format_count(value)}{ending}"


def leak_facts(leakage: Mapping) -> list[Fact]:
    """Give the audit's numbers that are no kinds of leak."""
    duplicates, unknown = leakage["duplicates"], leakage["all_unknown"]
    residual, columns = leakage["residual_leak"], leakage.get("column_groups_on_both_sides") or {}
    exact = f"{format_count(leakage['exact_records'])} of {format_count(leakage['test_records'])}"
    source = {
        "grouping": "that of the grouping",
        "calibrated": "calibrated on shuffled sequences",
    }.get(leakage["threshold_source"], leakage["threshold_source"])
    left = format_share(residual.get("share"))
    if not residual.get("complete") and not is_missing(residual.get("share")):
        interval = f"{format_share(residual['low'])} to {format_share(residual['high'])}"
        left += f" ({interval}), from {plural(residual['records'], 'record')}"
    strands = ""
    if leakage["both_strands"]:
        strands = f"{format_count(duplicates['reverse_complements'])} its reverse complement, "
    facts = [
        Fact("test records compared with every seen record", exact),
        Fact("share of test records with a relative in training", left),
        Fact("threshold", _known(leakage["threshold"], f", {source}")),
        *([Fact("strands compared", "both")] if leakage["both_strands"] else []),
        Fact("leaked with another label", plural(leakage["conflicts"], "test record")),
        Fact(
            "wholly unknown",
            f"{plural(unknown['test'], 'test record')}, "
            f"{format_count(unknown['seen'])} in training",
        ),
        Fact(
            "in the whole data set",
            f"{format_count(duplicates['copies'])} repeat an earlier record, "
            f"{strands}"
            f"{format_count(duplicates['conflicting'])} with another label",
        ),
    ]
    if columns.get("groups"):
        text = f"{plural(columns['groups'], 'group')}, {plural(columns['records'], 'test record')}"
        facts.append(Fact("your groups on both sides of the split", text))
    return facts


def dependence_table(dataset: Mapping) -> Table | None:
    """Tabulate the primary metric with and without leaked records; None if none are leaked."""
    metric = dataset["primary_metric"]
    table = dataset["similarity"]
    table = table[
        (table["metric"] == metric) & table["subset"].isin(["all", "without leaked", "leaked"])
    ]
    if not dataset["leakage"]["leaked"]["records"] or table.empty:
        return None
    of = {(row.model, row.subset): row for row in table.itertuples()}
    rows, records = [], []
    for model in dict.fromkeys(table["model"]):
        parts = [of.get((model, subset)) for subset in ("all", "without leaked", "leaked")]
        difference = parts[1].value - parts[0].value if parts[0] and parts[1] else float("nan")
        cells = [estimate(metric, part) if part else words(None) for part in parts]
        shown = number(difference, format_signed(difference))
        rows.append([Cell(model), cells[0], cells[1], shown, cells[2]])
        records.append({"model": model, "metric": metric, "difference": difference})
        for subset, part in zip(("all", "without_leaked", "leaked"), parts, strict=True):
            named = ("value", "low", "high", "n", "groups")
            records[-1][subset] = {key: getattr(part, key) for key in named} if part else None
    columns = [("model", False), (f"{with_direction(metric)}, all test records", True)]
    columns += [("without leaked ones", True), ("change", True), ("leaked ones only", True)]
    return Table(
        f"What the leaked records do to the score; second line: {INTERVAL}.",
        columns,
        rows,
        undefined_notes(table),
        records,
    )


def by_similarity_table(dataset: Mapping) -> Table | None:
    """Tabulate the primary metric by similarity to the nearest record seen in training."""
    table, metric = dataset["similarity"], dataset["primary_metric"]
    table = table[(table["subset"] == "similarity") & (table["metric"] == metric)]
    if table.empty:
        return None
    bins = sorted(set(zip(table["low_edge"], table["high_edge"], strict=True)))
    of = {(row.model, row.low_edge, row.high_edge): row for row in table.itertuples()}
    sizes = {
        edges: max(r.n for r in table.itertuples() if r.low_edge == edges[0]) for edges in bins
    }
    columns = [
        (
            f"{format_share(low)} to {format_share(high)} ({plural(sizes[low, high], 'record')})",
            True,
        )
        for low, high in bins
    ]
    rows = [
        [Cell(model)]
        + [
            estimate(metric, of[model, *edges]) if (model, *edges) in of else words(None)
            for edges in bins
        ]
        for model in dict.fromkeys(table["model"])
    ]
    notes = [
        "Similarity: score of the best alignment with a record seen in training, as a share of the "
        "best score that the test record could have."
    ]
    return Table(
        f"{with_direction(metric)} by similarity to the training records; second line: {INTERVAL}.",
        [("model", False), *columns],
        rows,
        notes + undefined_notes(table),
        records_of(table),
    )


def controls_table(dataset: Mapping) -> Table | None:
    """Tabulate the controls on the primary metric; None if none was run."""
    table = dataset["controls"]
    table = table[table["metric"] == dataset["primary_metric"]]
    if table.empty:
        return None
    rows = [
        [
            Cell(row.control),
            Cell(row.model),
            estimate(row.metric, row),
            number(row.chance),
            number(row.original),
            Cell(str(row.verdict), tone=_TONES.get(row.verdict, "good")),
        ]
        for row in table.itertuples()
    ]
    notes = [
        "Permuted labels must come out at chance: whatever is above it was not learned from what "
        "the labels mean. Shuffled input keeps what a record is made of, and which neighbours "
        "occur: what is above chance there is composition, which is no fault of the test. Controls "
        "run on the split of repeat 1, so what they are compared with is the score of that repeat."
    ]
    if table[["value", "chance", "original"]].isna().to_numpy().any():
        notes.append(f"{NOT_DEFINED}: the metric has no value for these predictions.")
    columns = [("control", False), ("model", False)]
    columns += [(f"{with_direction(dataset['primary_metric'])} on the control", True)]
    columns += [("chance", True), ("on the data as they are", True), ("verdict", False)]
    return Table(
        f"Controls: what models reach where there is nothing to learn; second line: {INTERVAL}.",
        columns,
        rows,
        notes,
        records_of(table),
    )


def spread_table(dataset: Mapping) -> Table | None:
    """Tabulate how much seeds and repeats move the primary metric; None if only one was run."""
    table = dataset["seeds"]
    table = table[(table["metric"] == dataset["primary_metric"]) & (table["n_seeds"] > 1)]
    if table.empty:
        return None
    rows = [
        [
            Cell(row.model),
            Cell(row.source),
            count(row.n_seeds),
            number(row.mean),
            number(row.sd),
            number(row.least, f"{format_number(row.least)} to {format_number(row.most)}"),
        ]
        for row in table.itertuples()
    ]
    columns = [("model", False), ("what was varied", False), ("how many", True)]
    columns += [("mean", True), ("SD", True), ("least to most", True)]
    notes = [
        "Seeds: the same folds, with other first weights and another order of the records. "
        "Repeats: other seeds on the same test records."
    ]
    return Table(
        f"How far seeds and repeats move {with_direction(dataset['primary_metric'])}.",
        columns,
        rows,
        notes,
        records_of(table),
    )


def size_table(dataset: Mapping) -> Table | None:
    """Tabulate the learning curve over training size; None where it was not measured."""
    table = dataset["learning_curve"]
    if table is None:
        return None
    table = table[table["metric"] == dataset["primary_metric"]]
    if table["fraction"].nunique() < 2:
        return None
    fractions = sorted(table["fraction"].unique())
    of = {(row.model, row.fraction): row for row in table.itertuples()}
    sizes = table.groupby("fraction")["n_train"].mean()
    rows = [
        [Cell(model)]
        + [
            estimate(dataset["primary_metric"], of[model, part])
            if (model, part) in of
            else words(None)
            for part in fractions
        ]
        for model in dict.fromkeys(table["model"])
    ]
    columns = [
        (f"{format_share(part)} of the groups ({plural(round(sizes[part]), 'record')})", True)
        for part in fractions
    ]
    return Table(
        f"{with_direction(dataset['primary_metric'])} by size of the training set; second line: "
        f"{INTERVAL}.",
        [("model", False), *columns],
        rows,
        undefined_notes(table),
        records_of(table),
    )


def glance_table(names: Sequence[str], answers: Sequence[Sequence[tuple]]) -> Table:
    """Tabulate the status of every question on every data set."""
    topics = list(dict.fromkeys(one.topic for given in answers for one in given))
    records = [
        {"dataset": name} | {one.topic: one.status for one in given}
        for name, given in zip(names, answers, strict=True)
    ]
    rows = [
        [Cell(record["dataset"])]
        + [_status(record.get(topic, "not applicable")) for topic in topics]
        for record in records
    ]
    return Table(
        "Every question at a glance.",
        [("data set", False), *((topic, False) for topic in topics)],
        rows,
        [],
        records,
    )


def _status(status: str) -> Cell:
    tone = status if status in ("good", "bad") else "attention" if status == "attention" else ""
    return Cell(status, tone=tone or "undefined")
