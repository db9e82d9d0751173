"""What came out, in one sentence that says first what a reader could overlook."""

import math
from collections.abc import Collection, Mapping

import pandas as pd

from seqarena.evaluation.comparison import CORRECTED_T
from seqarena.evaluation.degenerate import BY_DESIGN, CONSTANT, NOT_FINITE
from seqarena.evaluation.intervals import caution
from seqarena.evaluation.metric_names import HIGHER_IS_BETTER, METRIC_NAMES, in_figures
from seqarena.evaluation.ranking import first_of
from seqarena.evaluation.verdicts import SMALL, UNDECIDED, in_words


def headline(
    ranking: pd.DataFrame,
    comparison: pd.DataFrame,
    sizes: pd.DataFrame,
    baselines: Collection[str],
    primary_metric: str,
    target_name: str,
    confidence: float = 0.95,
    left_out: Collection[str] = (),
) -> dict:
    """Say in one sentence what came out.

    A degenerate model is never called best, and a caution names it. What a reader could overlook
    comes first: that nothing beats chance, that a baseline wins, or that the best network's
    advantage over the best baseline isn't beyond noise.

    Parameters
    ----------
    ranking : pandas.DataFrame
        As of `ranking.rank`.
    comparison : pandas.DataFrame
        As of `comparison.compare`.
    sizes : pandas.DataFrame
        Columns repeat and fold, a row a fold, as of `corrected_t.fold_sizes`.
    baselines : collection of str
        Names of the models that are baselines.
    primary_metric : str
        Metric of the ranking.
    target_name : str
        What is predicted, as the sentence shall call it.
    confidence : float, default 0.95
        That of the ranking and the comparison.
    left_out : collection of str, optional
        Labels or regression targets that no mean over them can include, as of
        `metrics.targets_left_out`.

    Returns
    -------
    dict
        Fit for JSON: sentence (str), beyond_noise (bool: the best network ranks above the best
        baseline and is better by a test adjusted for the number of comparisons), best, best_network
        and best_baseline (str or None), difference, low, high and p_adjusted (float or None; best
        network minus best baseline, positive if the network is better) and cautions (list of str).
    """
    usable = ranking[~ranking["degenerate"] & ranking["value"].notna()]
    best = first_of(usable, usable["model"])
    network = first_of(usable, set(usable["model"]) - set(baselines))
    baseline = first_of(ranking, baselines)
    pair = _pair(comparison, network, baseline)
    words = _Words(ranking, primary_metric, target_name, confidence)
    ahead = words.ranks_above(network, baseline) and pair["difference"] > 0
    beyond_noise = bool(ahead and pair["p_adjusted"] < 1 - confidence)
    if best is None:
        sentence = words.no_result()
    elif not words.beats_chance(best):
        sentence, beyond_noise = words.nothing_beats_chance(best), False
    elif network is None:
        run = set(ranking["model"]) - set(baselines)
        missing = f"No network learned to predict `{target_name}`" if run else "No network was run"
        sentence = f"{missing}; the best of the baselines is {words.model(best)}."
    elif baseline is None or words.no_rival(baseline, pair):
        what = "was run" if baseline is None else "is a result to compare it with"
        sentence = (
            f"{words.model(best)} predicts `{target_name}` best; no baseline {what}, so whether "
            "that takes a network is unknown."
        )
    else:
        sentence = words.against_baseline(network, baseline, pair, beyond_noise)
    sentence = sentence[0].upper() + sentence[1:]
    return {
        "sentence": sentence,
        "beyond_noise": beyond_noise,
        "best": best if best is None or words.beats_chance(best) else None,
        "best_network": network,
        "best_baseline": baseline,
        **{
            name: None if math.isnan(pair[name]) else float(pair[name])
            for name in ("difference", "low", "high", "p_adjusted")
        },
        "cautions": _cautions(ranking, comparison, sizes, words.metric, left_out),
    }


def _cautions(
    ranking: pd.DataFrame,
    comparison: pd.DataFrame,
    sizes: pd.DataFrame,
    metric: str,
    left_out: Collection[str],
) -> list[str]:
    few = caution(int(ranking["groups"].max()) if len(ranking) else 0)
    cautions = [few] if few else []
    named = ranking[ranking["degenerate"] & (ranking["why"] != BY_DESIGN)]
    if len(named):
        clauses = [f"`{row.model}` is degenerate: {row.why}" for row in named.itertuples()]
        cautions.append(f"{'; '.join(clauses)}.")
    if left_out:
        listed = ", ".join(f"`{name}`" for name in left_out)
        cautions.append(
            f"No mean includes {listed}: the test records that have a value there all have the "
            "same."
        )
    repeats, folds = (len(sizes[name].unique()) for name in ("repeat", "fold"))
    if repeats == 1 and folds > 1:
        cautions.append(
            "One split into folds was drawn, so the variation between splits isn't in the "
            "intervals, and differences look surer than they are; set split.repeats to 5 or more "
            "for the corrected t, which includes it."
        )
    most = int(comparison["left_out"].max()) if len(comparison) else 0
    if most:
        cautions.append(
            f"Up to {most} of {len(sizes)} folds aren't part of a comparison, since a model has no "
            f"predictions or no defined {metric} there (column left_out of comparison.tsv)."
        )
    return cautions


def _pair(comparison: pd.DataFrame, a: str | None, b: str | None) -> dict:
    """Find the comparison of two models, turned so that it is of a."""
    for first, second, sign in ((a, b, 1), (b, a, -1)):
        found = (comparison["model_a"] == first) & (comparison["model_b"] == second)
        if found.any():
            row = comparison[found].iloc[0]
            ends = (row["low"], row["high"])[::sign]
            pair = {"low": sign * ends[0], "high": sign * ends[1]}
            pair["difference"] = sign * row["difference"]
            same = {name: row[name] for name in ("p_adjusted", "verdict", "method")}
            clause = in_words(row["verdict"], f"`{row['model_a']}`", f"`{row['model_b']}`")
            return pair | same | {"clause": clause}
    nothing = dict.fromkeys(("difference", "low", "high", "p_adjusted"), math.nan)
    return nothing | {"verdict": UNDECIDED, "method": "", "clause": ""}


class _Words:
    """Phrases of the headline."""

    def __init__(self, ranking: pd.DataFrame, metric: str, target: str, confidence: float):
        self.rows = ranking.set_index("model")
        self.metric, self.target = METRIC_NAMES[metric], f"`{target}`"
        self.sign = 1 if HIGHER_IS_BETTER[metric] else -1
        self.interval_name = f"{100 * confidence:g}% interval"

    def interval(self, row: Mapping) -> str:
        if math.isnan(row["low"]):
            return "no interval"
        return f"{self.interval_name} {in_figures(row['low'])} to {in_figures(row['high'])}"

    def model(self, name: str) -> str:
        row = self.rows.loc[name]
        if math.isnan(row["value"]):
            return f"`{name}` ({self.metric} undefined)"
        return f"`{name}` ({self.metric} {in_figures(row['value'])}, {self.interval(row)})"

    def brief(self, name: str) -> str:
        return f"`{name}` ({in_figures(self.rows.loc[name, 'value'])})"

    def no_result(self) -> str:
        """Say why no model can be called best."""
        if not self.rows["degenerate"].all():
            return (
                f"no model can be called best at predicting {self.target}: the {self.metric} can't "
                "be computed on these test records."
            )
        if self.rows["why"].isin([BY_DESIGN, CONSTANT, NOT_FINITE]).all():
            return f"no model learned to predict {self.target}: each gives every record the same."
        return (
            f"no model predicts {self.target} better than chance: each decides alike on every "
            f"record, or its {self.metric} is no better than a constant prediction's."
        )

    def beats_chance(self, name: str) -> bool:
        """Tell whether the interval (or the value, if there is none) lies beyond chance."""
        row = self.rows.loc[name]
        nearest = row["low"] if self.sign > 0 else row["high"]
        nearest = row["value"] if math.isnan(nearest) else nearest
        return math.isnan(row["chance"]) or self.sign * (nearest - row["chance"]) > 0

    def nothing_beats_chance(self, best: str) -> str:
        return (
            f"no model predicts {self.target} better than chance: the best is {self.model(best)}, "
            f"where chance gives {in_figures(self.rows.loc[best, 'chance'])}."
        )

    def ranks_above(self, one: str | None, other: str | None) -> bool:
        known = one is not None and other is not None
        return known and self.rows.index.get_loc(one) < self.rows.index.get_loc(other)

    def no_rival(self, baseline: str, pair: Mapping) -> bool:
        """Tell whether even the best baseline is degenerate, though its metric is the better one.

        One that decides on the same class for every record may still have the better AUROC.
        """
        return bool(self.rows.loc[baseline, "degenerate"]) and not pair["difference"] >= 0

    def title(self, baseline: str) -> str:
        return "the baseline" if self.rows.loc[baseline, "degenerate"] else "the best baseline"

    def best_of_baselines(self, name: str, whole: bool = False) -> str:
        """Name the baseline that ranks highest; one that is no result is no best one."""
        return f"{self.title(name)}, {self.model(name) if whole else self.brief(name)}"

    def against_baseline(
        self, network: str, baseline: str, pair: Mapping, beyond_noise: bool
    ) -> str:
        if math.isnan(pair["difference"]):
            return (
                f"{self.model(network)} is the best network on {self.target}; it can't be compared "
                f"with {self.best_of_baselines(baseline, whole=True)}."
            )
        size, evidence = self.size(pair), self.evidence(pair)
        network_first = self.ranks_above(network, baseline)
        if pair["difference"] * (1 if network_first else -1) < 0:
            return self.order_depends(network, baseline, pair)
        if beyond_noise:
            small = "beyond noise, but " if pair["verdict"] == SMALL else ""
            return (
                f"{self.model(network)} predicts {self.target} best, {size} ahead of "
                f"{self.best_of_baselines(baseline)}; {evidence}; {small}{pair['clause']}."
            )
        if network_first:
            return (
                f"{self.not_beyond_noise(baseline)}: the best network, {self.model(network)}, is "
                f"{size} ahead of {self.brief(baseline)}; {evidence}; {pair['clause']}."
            )
        if pair["verdict"] == SMALL:
            return (
                f"no network beats the best baseline on {self.target}: {self.model(baseline)} and "
                f"the best network, {self.brief(network)}, differ by {size}; {evidence}; "
                f"{pair['clause']}."
            )
        return (
            f"a baseline predicts {self.target} best: {self.model(baseline)}; the best network, "
            f"{self.brief(network)}, is {size} behind it; {evidence}; {pair['clause']}."
        )

    def order_depends(self, network: str, baseline: str, pair: Mapping) -> str:
        """Say that the order of the pooled values isn't that of the mean over folds."""
        first, second = network, baseline
        if not self.ranks_above(first, second):
            first, second = second, first
        return (
            f"{self.not_beyond_noise(baseline)}: {self.model(first)} ranks above "
            f"{self.brief(second)} with the folds pooled, but `{second}` is {self.size(pair)} "
            f"ahead; {self.evidence(pair)}; {pair['clause']}."
        )

    def not_beyond_noise(self, baseline: str) -> str:
        over = self.title(baseline)
        return f"the networks' advantage over {over} is not beyond noise on {self.target}"

    def size(self, pair: Mapping) -> str:
        over_folds = " (mean over folds)" if pair["method"] == CORRECTED_T else ""
        return in_figures(abs(pair["difference"])) + over_folds

    def evidence(self, pair: Mapping) -> str:
        """Quote the interval and the p-value of a difference, and where they are from."""
        p = pair["p_adjusted"]
        if math.isnan(p):
            return "the difference has no interval"
        p = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
        return (
            f"{self.interval(pair)} of the difference, {p} by the {pair['method']} after Holm's "
            "correction"
        )
