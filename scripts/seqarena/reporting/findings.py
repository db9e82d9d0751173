"""What came out, in sentences: for one data set, and from one data set to the next."""

from collections.abc import Mapping, Sequence

from seqarena.reporting.cells import Fact
from seqarena.reporting.plots import chance_of
from seqarena.reporting.wording import (
    METRICS,
    NOT_DEFINED,
    format_count,
    format_estimate,
    format_interval,
    format_number,
    format_share,
    format_signed,
    is_missing,
    listed,
    metric_label,
    p_value,
    plural,
)

_MOVED = 0.1  # change of a metric between data sets that is worth a sentence


def _row(row: tuple) -> str:
    return format_estimate(row.value, row.low, row.high)


def _at_chance(dataset: Mapping) -> list[str]:
    """List the models whose interval includes chance; a comparison with NaN is False."""
    ranking = dataset["ranking"]
    chance = chance_of(dataset["primary_metric"], ranking)
    return list(ranking.loc[(ranking["low"] <= chance) & (chance <= ranking["high"]), "model"])


def findings(dataset: Mapping) -> list[str]:
    """Say in sentences what came out for one data set.

    Parameters
    ----------
    dataset : mapping
        As for `report.report_views`.

    Returns
    -------
    list of str
        Each is a sentence, without markup.
    """
    label = metric_label(dataset["primary_metric"])
    ranking = dataset["ranking"]
    defined = ranking[ranking["value"].notna()]
    sentences = []
    if len(defined):
        first, last = defined.iloc[0], defined.iloc[-1]
        sentences.append(
            f"{label} runs from {_row(last)} for {last.model} to {_row(first)} for {first.model}."
        )
    undefined = list(ranking.loc[ranking["value"].isna(), "model"])
    if undefined:
        sentences.append(f"{label} is {NOT_DEFINED} for {listed(undefined)}.")
    if chance := _at_chance(dataset):
        sentences.append(
            f"Not told apart from chance (the interval includes it): {listed(chance)}."
        )
    table = dataset["comparison"]
    for row in table[table["metric"] == dataset["primary_metric"]].itertuples():
        if row.model_a in dataset["baselines"] and row.model_b in dataset["baselines"]:
            continue
        sentences.append(_compared(row, label))
    for row in dataset["diagnosis"].itertuples():
        if row.verdict not in ("balanced", None) and row.model not in dataset["baselines"]:
            sentences.append(f"{row.model} is {row.verdict}. {row.reason}")
    return sentences


def _compared(row: tuple, label: str) -> str:
    if is_missing(row.difference):
        return f"{row.model_a} and {row.model_b} can't be compared: {label} is {NOT_DEFINED}."
    numbers = (
        f"{format_signed(row.difference)} in {label} "
        f"({format_interval(row.low, row.high, signed=True)}), {p_value(row.p_adjusted)} after Holm"
    )
    clause = {
        "better": f"{row.model_a} is better than {row.model_b}",
        "worse": f"{row.model_a} is worse than {row.model_b}",
        "no practical difference": (
            f"No difference of practical size between {row.model_a} and {row.model_b}"
        ),
    }.get(row.verdict, f"Undecided between {row.model_a} and {row.model_b}, the data can't tell")
    return f"{clause}: {numbers}."


def contrasts(datasets: Sequence[Mapping]) -> list[str]:
    """Say which models do well on one data set and not on another.

    Parameters
    ----------
    datasets : sequence of mapping
        As for `report.report_views`; those that share the first one's primary metric are compared.

    Returns
    -------
    list of str
        A sentence for each model whose metric moves by 0.1 or more (beyond both intervals), the
        widest gap first, and one for those that move less, one for those whose intervals overlap.
        None for metrics whose scale depends on the data.
    """
    metric = datasets[0]["primary_metric"]
    if metric not in METRICS or not METRICS[metric].higher_is_better:
        return []
    seen: dict[str, list] = {}
    for dataset in datasets:
        if dataset["primary_metric"] == metric:
            for row in dataset["ranking"].dropna(subset=["value", "low", "high"]).itertuples():
                place = (row.value, row.low, row.high, dataset["name"])
                seen.setdefault(row.model, []).append(place)
    gaps, steady, unclear = [], [], []
    for model, values in seen.items():
        low, high = min(values), max(values)
        if high[0] - low[0] >= _MOVED and high[1] > low[2]:
            sentence = (
                f"{model}: {metric_label(metric)} {format_number(high[0])} on {high[3]}, "
                f"but {format_number(low[0])} on {low[3]}."
            )
            gaps.append((high[0] - low[0], sentence))
        elif len(values) > 1:
            (steady if high[0] - low[0] < _MOVED else unclear).append(model)
    sentences = [sentence for _, sentence in sorted(gaps, key=lambda gap: -gap[0])]
    if steady and sentences:
        sentences.append(f"About the same on all (less than {_MOVED} apart): {listed(steady)}.")
    if unclear and sentences:
        sentences.append(f"Further apart, but within their intervals: {listed(unclear)}.")
    return sentences


def facts(dataset: Mapping) -> list[Fact]:
    """Say what a data set is: task, size, classes, lengths, split."""
    summary, splits = dataset["summary"], dataset["splits"]
    said = [
        Fact("task", str(summary["task"])),
        Fact("target", str(summary["target"])),
        Fact("records", format_count(summary["records"])),
    ]
    if summary.get("class_counts"):
        said.append(Fact("classes", class_counts(summary)))
    if summary.get("target_range"):
        low, high = summary["target_range"]
        said.append(Fact("range of the target", f"{format_number(low)} to {format_number(high)}"))
    said.append(Fact("length in the source", lengths(summary)))
    if mode := splits.get("mode"):
        said.append(Fact("split", str(mode)))
    if groups := splits.get("groups"):
        largest = plural(splits["largest_group"], "record")
        said.append(Fact("groups", f"{format_count(groups)}, the largest of {largest}"))
    return said


def class_counts(summary: Mapping) -> str:
    """Say how many records each class has."""
    total = sum(summary["class_counts"].values()) or 1
    return "; ".join(
        f"{name}: {format_count(n)} ({format_share(n / total)})"
        for name, n in summary["class_counts"].items()
    )


def lengths(summary: Mapping) -> str:
    """Say how long the records are in the source."""
    least, most = summary["lengths"]["min"], summary["lengths"]["max"]
    if least == most:
        return f"{format_count(least)} letters"
    median = format_count(summary["lengths"]["median"])
    return f"{format_count(least)} to {format_count(most)} letters, median {median}"
