"""The report's tables of results: metrics, comparisons, diagnosis."""

from collections.abc import Mapping, Sequence

import pandas as pd

from seqarena.reporting.cells import (
    Cell,
    Table,
    count,
    estimate,
    number,
    records_of,
    undefined_notes,
    with_direction,
    words,
)
from seqarena.reporting.standing import NO_RANK, degenerate, why_degenerate, with_result
from seqarena.reporting.tables import comparison_table, pooled
from seqarena.reporting.target_tables import has_several
from seqarena.reporting.wording import (
    INTERVAL,
    METRICS,
    NOT_DEFINED,
    format_number,
    is_missing,
    metric_label,
)

_ESTIMATE = ["model", "metric", "value", "low", "high", "n", "groups"]

_SOURCES = {
    "corrected t": "Corrected t test: Nadeau and Bengio 2003, Machine Learning 52:239.",
    "cluster-robust DeLong": "DeLong test, robust to groups: Obuchowski 1997, Biometrics 53:567.",
}


def overview(datasets: Sequence[Mapping], models: Sequence[str]) -> Table:
    """Tabulate the primary metric of every model on every data set."""
    rows, seen = {model: [Cell(model)] for model in models}, []
    for dataset in datasets:
        ranking = dataset["ranking"]
        seen.append(ranking.assign(dataset=dataset["name"], metric=dataset["primary_metric"]))
        of_model = {row.model: row for row in ranking.itertuples()}
        for model in models:
            if model not in of_model:
                rows[model].append(Cell("not run", tone="undefined"))
                continue
            if model in degenerate(ranking):
                rows[model].append(Cell("degenerate", tone="undefined"))
                continue
            cell = estimate(dataset["primary_metric"], of_model[model])
            first = of_model[model].rank == 1 and cell.key is not None
            rows[model].append(cell._replace(tone="best") if first else cell)
    headings = (f"{d['name']}: {metric_label(d['primary_metric'])}" for d in datasets)
    columns = [("model", False), *((heading, True) for heading in headings)]
    notes = ["Bold: ranked first. Whether it is beyond noise is said above and in Comparison."]
    notes += undefined_notes(pd.concat(map(with_result, seen))) if seen else []
    for dataset in datasets:
        notes += [f"{dataset['name']}: {said}" for said in why_degenerate(dataset["ranking"])]
    return Table(
        f"Primary metric on held-out records; second line: {INTERVAL}.",
        columns,
        list(rows.values()),
        notes,
        [row for frame in seen for row in records_of(frame)],
    )


def ranking_table(dataset: Mapping) -> Table:
    """Tabulate the models by their primary metric."""
    metric, baselines = dataset["primary_metric"], set(dataset["baselines"])
    ranking, without = dataset["ranking"], degenerate(dataset["ranking"])
    rows = []
    for row in ranking.itertuples():
        ranked = not is_missing(row.rank) and row.model not in without
        rows.append(
            [
                Cell(f"{row.rank:g}", key=float(row.rank)) if ranked else Cell(NO_RANK),
                Cell(row.model),
                Cell("baseline" if row.model in baselines else "network"),
                Cell("degenerate", without[row.model], tone="undefined")
                if row.model in without
                else estimate(metric, row),
            ]
        )
    label = metric_label(metric)
    notes = undefined_notes(with_result(ranking).assign(metric=metric))
    if without:
        notes.append(
            f"{NO_RANK}: a degenerate model predicts the same whatever the record, or nothing that "
            "is finite. What it scores is no result, so it has no rank."
        )
    return Table(
        f"Ranking by {label}, the primary metric; second line: {INTERVAL}.",
        [("rank", False), ("model", False), ("kind", False), (label, True)],
        rows,
        notes,
        records_of(ranking.assign(metric=metric)),
    )


def metrics_wide(dataset: Mapping) -> Table:
    """Tabulate all metrics over all classes, a row a model."""
    table = pooled(dataset["metrics"])
    order = [dataset["primary_metric"], *METRICS, *table["metric"]]
    prevalence = table.loc[table["metric"] == "prevalence", "value"].dropna()
    table = table[table["metric"] != "prevalence"]
    names = [name for name in dict.fromkeys(order) if name in set(table["metric"])]
    cells = {(row.model, row.metric): estimate(row.metric, row) for row in table.itertuples()}
    rows = [
        [Cell(model), *(cells.get((model, name), Cell("not given")) for name in names)]
        for model in dataset["ranking"]["model"]
    ]
    return Table(
        f"All metrics on pooled held-out records, mean over repeats; second line: {INTERVAL}.",
        [("model", False), *((with_direction(name), True) for name in names)],
        rows,
        [f"Prevalence, the floor of AUPRC: {format_number(value)}." for value in prevalence[:1]]
        + undefined_notes(table),
        records_of(table[_ESTIMATE]),
    )


def class_metrics(dataset: Mapping) -> Table | None:
    """Tabulate the metrics of each class, label or target; None where there are none."""
    table = pooled(dataset["metrics"], target=None)
    table = table[table["target"] != ""]
    if not len(table):
        return None
    summary = dataset["summary"]
    kind = "class"
    if has_several(summary):
        kind = "label" if summary["task"] == "multilabel" else "target"
    caption = {
        "class": "Metrics of each class, one against the rest",
        "label": "Every metric of each label, on records whose label is known",
        "target": "Every metric of each target, in its own units",
    }[kind]
    names = list(dict.fromkeys(table["metric"]))
    cells = {
        (row.model, row.target, row.metric): estimate(row.metric, row) for row in table.itertuples()
    }
    pairs = dict.fromkeys(zip(table["target"], table["model"], strict=True))
    rows = [
        [
            Cell(target),
            Cell(model),
            *(cells.get((model, target, name), Cell("not given")) for name in names),
        ]
        for target, model in pairs
    ]
    return Table(
        f"{caption}; second line: {INTERVAL}.",
        [(kind, False), ("model", False), *((metric_label(name), True) for name in names)],
        rows,
        undefined_notes(table[table["metric"] != "support"]),
        records_of(table[["target", *_ESTIMATE]]),
    )


def fold_metrics(dataset: Mapping) -> Table | None:
    """Tabulate the metrics of single test folds; None where there are none."""
    table = dataset["metrics"]
    table = table[
        (table["role"] == "test")
        & (table["fold"].astype(str) != "all")
        & (table["target"].fillna("") == "")
    ]
    if not len(table):
        return None
    names = list(dict.fromkeys(table["metric"]))
    rows = []
    for (model, repeat, fold), of_run in table.groupby(["model", "repeat", "fold"], sort=False):
        values = of_run.set_index("metric")["value"]
        rows.append(
            [Cell(model), Cell(str(repeat)), Cell(str(fold)), count(of_run["n"].iloc[0])]
            + [number(values.get(name)) for name in names]
        )
    columns = [("model", False), ("repeat", True), ("fold", True), ("records", True)]
    return Table(
        "Metrics of single test folds, without intervals: their spread shows how much a single "
        "fold can mislead.",
        [*columns, *((metric_label(name), True) for name in names)],
        rows,
        undefined_notes(table.assign(low=0.0)),
        records_of(table[["model", "repeat", "fold", "metric", "value", "n"]]),
    )


def comparisons(table: pd.DataFrame, caption: str) -> Table:
    """Tabulate paired comparisons."""
    readable = comparison_table(table)
    tones = {"better": "good", "worse": "bad"}
    rows = []
    for source, shown in zip(
        table.itertuples(), readable.itertuples(index=False, name=None), strict=True
    ):
        metric, model, other, difference, interval, p, adjusted, verdict, method = shown
        rows.append(
            [
                Cell(metric),
                Cell(model),
                Cell(other),
                number(source.difference, difference, interval),
                number(source.p, p),
                number(source.p_adjusted, adjusted),
                Cell(verdict, tone=tones.get(source.verdict, "")),
                Cell(method),
            ]
        )
    notes = [
        "A positive difference says that the first model is better, also where the metric is one "
        "to keep low. Second line: 95 % interval by the test that is named. p (Holm) allows for "
        "the number of comparisons.",
        *(note for name, note in _SOURCES.items() if (table["method"] == name).any()),
    ]
    if table[["difference", "low", "high", "p"]].isna().to_numpy().any():
        notes.append(
            f"{NOT_DEFINED}: the metric is undefined for one of the two models, or there are too "
            "few groups to draw from."
        )
    columns = [("metric", False), ("model", False), ("compared with", False)]
    columns += [("difference", True), ("p", True), ("p (Holm)", True), ("verdict", False)]
    columns.append(("how it was tested", False))
    if len(set(table["metric"])) <= 1:
        columns, rows = columns[1:], [row[1:] for row in rows]
    return Table(caption, columns, rows, notes, records_of(table))


def diagnosis_table(dataset: Mapping) -> Table:
    """Tabulate the verdict on each model's training, with its evidence."""
    table = dataset["diagnosis"]
    rows = [
        [
            Cell(row.model),
            Cell(str(row.verdict), tone="" if row.verdict == "balanced" else "bad"),
            Cell(str(row.reason)),
            words(row.more_data),
            number(row.train_loss),
            number(row.validation_loss),
            number(row.reference_loss),
        ]
        for row in table.itertuples()
    ]
    columns = [("model", False), ("verdict", False), ("reason", False)]
    columns.append(("would more data help?", False))
    losses = ("training loss", "validation loss", "constant prediction's loss")
    notes = []
    if table[["train_loss", "validation_loss", "reference_loss"]].isna().to_numpy().any():
        notes.append(f"Loss {NOT_DEFINED}: the model has no such loss, or it was not finite.")
    return Table(
        "Diagnosis of each model: losses at the epoch kept, over folds and repeats.",
        [*columns, *((name, True) for name in losses)],
        rows,
        notes,
        records_of(table),
    )


def thresholds_table(dataset: Mapping) -> Table | None:
    """Tabulate the thresholds that validation records chose; None where there are none."""
    thresholds = dataset["thresholds"]
    if not len(thresholds):
        return None
    keys, labelled = ["model"], dataset["summary"]["task"] == "multilabel"
    keys += ["target"] if labelled else []
    table = thresholds.groupby(keys, sort=False)["threshold"]
    table = table.agg(["median", "min", "max", "count"]).reset_index()
    rows = [
        [Cell(str(getattr(row, key))) for key in reversed(keys)]
        + [number(row.median), number(row.min), number(row.max), count(row.count)]
        for row in table.itertuples(index=False)
    ]
    columns = [("label", False)] if labelled else []
    columns += [("model", False), ("median", True), ("least", True), ("most", True)]
    called = "a label" if labelled else "the positive class"
    return Table(
        f"Thresholds above which {called} is called, chosen on validation records.",
        [*columns, ("runs", True)],
        rows,
        [],
        records_of(table),
    )
