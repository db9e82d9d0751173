"""What came out, in sentences: for one data set, and from one data set to the next."""

from collections.abc import Mapping, Sequence

from seqarena.reporting.metric_axes import chance_of
from seqarena.reporting.standing import degenerate, why_degenerate, with_result
from seqarena.reporting.wording import (
    METRICS,
    NOT_DEFINED,
    format_estimate,
    format_interval,
    format_number,
    format_signed,
    is_missing,
    listed,
    metric_label,
    p_value,
)

_MOVED = 0.1  # change of a metric between data sets that is worth a sentence


def _row(row: tuple) -> str:
    return format_estimate(row.value, row.low, row.high)


def _at_chance(dataset: Mapping) -> list[str]:
    """List the models whose interval includes chance; a comparison with NaN is False."""
    ranking = with_result(dataset["ranking"])
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
    ranking, without = with_result(dataset["ranking"]), degenerate(dataset["ranking"])
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
        models = {row.model_a, row.model_b}
        if models <= set(dataset["baselines"]) or models & set(without):
            continue
        sentences.append(_compared(row, label))
    networks = dataset["diagnosis"]
    networks = networks[~networks["model"].isin(dataset["baselines"])]
    for row in networks.itertuples():
        if row.verdict not in ("balanced", None):
            sentences.append(f"{row.model} is {row.verdict}. {row.reason}")
    said = set(networks.loc[networks["verdict"] == "degenerate", "model"])
    said |= set(dataset["baselines"])  # the constant one is so by design
    sentences += why_degenerate(dataset["ranking"][~dataset["ranking"]["model"].isin(said)])
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
            ranked = with_result(dataset["ranking"])
            for row in ranked.dropna(subset=["value", "low", "high"]).itertuples():
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
