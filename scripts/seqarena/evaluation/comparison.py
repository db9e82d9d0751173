"""Which model is best, by how much, and whether that is more than noise.

All differences are signed so that positive means "the first model is better", whatever the metric's
direction.
"""

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from seqarena.evaluation.intervals import (
    caution,
    group_weights,
    percentile_interval,
    replicate,
    two_sided_p,
)
from seqarena.evaluation.metrics import (
    HIGHER_IS_BETTER,
    METRIC_NAMES,
    PredictionTable,
    degenerate_models,
    prediction_table,
)

_COLUMNS = ["metric", "model_a", "model_b", "difference", "low", "high", "p", "p_adjusted"]
# These have the target's units, so a difference of practical size is stated in standard deviations.
_IN_UNITS = ("rmse", "mae")


def compare(
    predictions: pd.DataFrame,
    task: str,
    classes: Sequence[str] | None,
    clusters: pd.DataFrame,
    thresholds: pd.DataFrame | None,
    primary_metric: str,
    baselines: Collection[str] = (),
    equivalence: float = 0.01,
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare each pair of models by a paired group bootstrap of the primary metric.

    Both models of a pair are measured on the same resampled groups, over the test records that
    both have predicted, so what makes a group hard for both cancels out. The p-values are adjusted
    over all pairs by Holm's method (1979, Scand. J. Stat. 6:65).

    Parameters
    ----------
    predictions, task, classes, clusters, thresholds
        As of `metrics.prediction_table`.
    primary_metric : str
        Name of a metric over all classes.
    baselines : collection of str, optional
        Models that rank above a network of the same value, as the simpler ones.
    equivalence : float, default 0.01
        Largest difference without practical importance, in units of the metric; for rmse and mae
        in standard deviations of the target.
    n_bootstrap : int, default 1000
        Least number of replicates. With many pairs more are drawn, or no p-value could be small
        enough after the adjustment.
    confidence : float, default 0.95
        Of the intervals (which are not adjusted); 1 - confidence is the level of the tests.
    seed : int, default 0
        Same seed, same comparison. The first replicates are those of `metrics.evaluate`.

    Returns
    -------
    pandas.DataFrame
        Columns metric, model_a, model_b, difference, low, high, p, p_adjusted and verdict (of
        model_a): "no practical difference" if the interval lies within the equivalence region,
        else "better" or "worse" if the adjusted p-value is below 1 - confidence, else "undecided".
        A row a pair, model_a being the one that ranks higher.
    """
    from statsmodels.stats.multitest import multipletests

    table = prediction_table(predictions, task, classes, clusters, thresholds)
    table = table.take(np.flatnonzero(table.index["role"] == "test"))
    measure = _Measure(table, primary_metric)
    ranked = measure.ranked(baselines)
    pairs = [(a, b) for i, a in enumerate(ranked) for b in ranked[i + 1 :]]
    # The smallest p-value is 2 / (replicates + 1); this keeps it at half of what Holm asks of it.
    n_bootstrap = max(n_bootstrap, math.ceil(4 * len(pairs) / (1 - confidence)))
    measure.draw(n_bootstrap, seed)
    rows = []
    for a, b in pairs:
        difference, drawn = measure.difference(a, b)
        if measure.same_predictions(a, b):
            difference, low, high, p = 0.0, 0.0, 0.0, 1.0
        else:
            (low, high), p = percentile_interval(drawn, confidence), two_sided_p(drawn)
        rows.append((primary_metric, a, b, difference, low, high, p))
    comparison = pd.DataFrame(rows, columns=_COLUMNS[:-1])
    comparison["p_adjusted"] = np.nan
    tested = comparison["p"].notna()
    if tested.any():
        adjusted = multipletests(comparison.loc[tested, "p"], method="holm")[1]
        comparison.loc[tested, "p_adjusted"] = adjusted
    if primary_metric in _IN_UNITS:
        equivalence *= table.truth.std()
    comparison["verdict"] = [
        _verdict(row, equivalence, 1 - confidence) for row in comparison.itertuples()
    ]
    return comparison


def _verdict(row, equivalence: float, level: float) -> str:
    if row.low >= -equivalence and row.high <= equivalence:
        return "no practical difference"
    if row.p_adjusted < level:
        return "better" if row.difference > 0 else "worse"
    return "undecided"


class _Measure:
    """The primary metric of each model, in points and in bootstrap replicates."""

    def __init__(self, table: PredictionTable, metric: str):
        self.metric, self.key = metric, ("", metric)
        self.sign = 1 if HIGHER_IS_BETTER[metric] else -1
        self.models = list(dict.fromkeys(table.index["model"]))
        self.tables, self.keys = {}, {}
        for model in self.models:
            part = table.take(np.flatnonzero(table.index["model"] == model))
            self.tables[model] = part
            self.keys[model] = pd.MultiIndex.from_frame(part.index[["repeat", "record"]])
        self.universe = np.unique(table.index["cluster"])
        self.weights, self.drawn = None, {}

    def draw(self, n_bootstrap: int, seed: int) -> None:
        if len(self.universe) > 1:
            self.weights = group_weights(len(self.universe), n_bootstrap, seed)

    def _over_repeats(self, table: PredictionTable, weights: np.ndarray | None) -> np.ndarray:
        """Average the pooled metric over repeats; a point if there are no weights."""
        repeats = []
        for rows in table.index.groupby("repeat").indices.values():
            part = table.take(rows)
            if weights is None:
                values = part.values(np.ones((len(rows), 1)), {self.metric})
            else:
                codes = np.searchsorted(self.universe, part.index["cluster"])
                values = replicate(lambda w, p=part: p.values(w, {self.metric}), codes, weights)
            repeats.append(values[self.key])
        return self.sign * np.mean(repeats, axis=0)

    def point(self, model: str) -> float:
        return float(self._over_repeats(self.tables[model], None)[0])

    def ranked(self, baselines: Collection[str]) -> list[str]:
        values = pd.DataFrame({"model": self.models, "score": map(self.point, self.models)})
        return _in_order(values, baselines)["model"].to_list()

    def _shared(self, model: str, other: str) -> tuple[PredictionTable, np.ndarray]:
        mask = self.keys[model].isin(self.keys[other])
        return self.tables[model].take(np.flatnonzero(mask)), mask

    def difference(self, a: str, b: str) -> tuple[float, np.ndarray]:
        """Give the difference of a and b, and its replicates."""
        points, drawn = [], []
        for model, other in ((a, b), (b, a)):
            table, mask = self._shared(model, other)
            if not mask.any():
                return np.nan, np.array([np.nan])
            points.append(float(self._over_repeats(table, None)[0]))
            key = model, mask.tobytes()
            if self.weights is not None and key not in self.drawn:
                self.drawn[key] = self._over_repeats(table, self.weights)
            drawn.append(self.drawn.get(key, np.array([np.nan])))
        return points[0] - points[1], drawn[0] - drawn[1]

    def same_predictions(self, a: str, b: str) -> bool:
        """Tell whether nothing that the metric sees differs: predictions and decisions."""
        one, two = self.tables[a], self.tables[b]
        return (
            self.keys[a].equals(self.keys[b])
            and np.array_equal(one.prediction, two.prediction)
            and (one.decision is None or np.array_equal(one.decision, two.decision))
        )


def _in_order(values: pd.DataFrame, baselines: Collection[str]) -> pd.DataFrame:
    """Sort by score, then baselines first, then by name; undefined scores come last."""
    network = ~values["model"].isin(list(baselines))
    ordered = values.assign(_network=network, _negative=-values["score"])
    ordered = ordered.sort_values(["_negative", "_network", "model"], kind="stable")
    return ordered.drop(columns=["_network", "_negative"]).reset_index(drop=True)


def rank(
    metrics: pd.DataFrame, primary_metric: str, baselines: Collection[str] = ()
) -> pd.DataFrame:
    """Rank the models by a pooled test metric, best first.

    Parameters
    ----------
    metrics : pandas.DataFrame
        As of `metrics.evaluate`.
    primary_metric : str
        Name of a metric over all classes.
    baselines : collection of str, optional
        Models that rank above a network of the same value.

    Returns
    -------
    pandas.DataFrame
        Columns rank (from 1), model, value, low, high, chance (what the metric is, in
        expectation, without information on the sequence; NaN where that isn't known), degenerate
        (bool: predicts the same for every record), n and groups. Undefined values come last.
    """
    over_all = metrics["target"].fillna("") == ""
    pooled = metrics[over_all & (metrics["role"] == "test") & (metrics["repeat"] == "all")]
    rows = pooled[pooled["metric"] == primary_metric]
    sign = 1 if HIGHER_IS_BETTER[primary_metric] else -1
    rows = _in_order(rows.assign(score=sign * rows["value"]), baselines)
    chance = _chance(metrics[(metrics["role"] == "test") & (metrics["repeat"] == "all")])
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(rows) + 1),
            **{name: rows[name] for name in ("model", "value", "low", "high")},
            "chance": chance.get(primary_metric, np.nan),
            "degenerate": rows["model"].isin(list(degenerate_models(metrics))),
            **{name: rows[name] for name in ("n", "groups")},
        }
    )


def _chance(pooled: pd.DataFrame) -> dict[str, float]:
    """Give what the metrics are for the best constant prediction (random order for areas)."""
    values = pooled[pooled["target"].fillna("") == ""].groupby("metric")["value"].first()
    chance = {"auroc": 0.5, "macro_auroc": 0.5, "mcc": 0.0}
    if "rmse" in values:
        # From R2 = 1 - RMSE^2 / variance; the mean over repeats makes it a close estimate.
        rmse = pooled[pooled["metric"] == "rmse"].set_index("model")["value"]
        r2 = pooled[pooled["metric"] == "r2"].set_index("model")["value"]
        spread = (rmse / np.sqrt(1 - r2.where(r2 < 1))).median()
        return {"pearson": 0.0, "spearman": 0.0, "r2": 0.0, "rmse": float(spread)}
    if "prevalence" in values:
        p = float(values["prevalence"])
        shares = np.array([1 - p, p])
        chance |= {"auprc": p, "f1": 2 * p / (1 + p), "brier": p * (1 - p)}
    else:
        shares = pooled[pooled["metric"] == "support"].groupby("target")["value"].first()
        shares = shares.to_numpy() / shares.sum()
    occurring = shares[shares > 0]
    chance["accuracy"] = float(occurring.max())
    chance["balanced_accuracy"] = 1 / len(occurring)
    chance["log_loss"] = float(-(occurring * np.log(occurring)).sum())
    return chance


def best_baseline(
    metrics: pd.DataFrame, primary_metric: str, baselines: Collection[str]
) -> str | None:
    """Name the baseline that ranks highest, or None if there is none.

    Parameters are those of `rank`.
    """
    return _first(rank(metrics, primary_metric, baselines), baselines)


def _first(ranking: pd.DataFrame, models: Collection[str]) -> str | None:
    inside = ranking[ranking["model"].isin(list(models))]
    return None if inside.empty else str(inside["model"].iloc[0])


def headline(
    ranking: pd.DataFrame,
    comparison: pd.DataFrame,
    baselines: Collection[str],
    primary_metric: str,
    target_name: str,
    confidence: float = 0.95,
) -> dict:
    """Say in one sentence what came out.

    A model that predicts the same for every record is never called best. What a reader could
    overlook comes first: that nothing beats chance, that a baseline wins, or that the best
    network's advantage over the best baseline isn't beyond noise.

    Parameters
    ----------
    ranking : pandas.DataFrame
        As of `rank`.
    comparison : pandas.DataFrame
        As of `compare`.
    baselines : collection of str
        Names of the models that are baselines.
    primary_metric : str
        Metric of the ranking.
    target_name : str
        What is predicted, as the sentence shall call it.
    confidence : float, default 0.95
        That of the ranking and the comparison.

    Returns
    -------
    dict
        Fit for JSON: sentence (str), beyond_noise (bool: the best network is better than the best
        baseline, adjusted for the number of comparisons), best, best_network and best_baseline
        (str or None), difference, low, high and p_adjusted (float or None; best network minus
        best baseline, positive if the network is better) and cautions (list of str).
    """
    usable = ranking[~ranking["degenerate"] & ranking["value"].notna()]
    best = _first(usable, usable["model"])
    network = _first(usable, set(usable["model"]) - set(baselines))
    baseline = _first(ranking, baselines)
    pair = _pair(comparison, network, baseline)
    words = _Words(ranking, primary_metric, target_name, confidence)
    ahead = bool(pair["p_adjusted"] < 1 - confidence and pair["difference"] > 0)
    beyond_noise = ahead
    if best is None:
        sentence = f"No model learned to predict `{target_name}`: each gives every record the same."
        if not ranking["degenerate"].all():
            sentence = (
                f"No model can be called best at predicting `{target_name}`: the {words.metric} "
                "can't be computed on these test records."
            )
    elif not words.beats_chance(best):
        sentence, beyond_noise = words.nothing_beats_chance(best), False
    elif network is None:
        run = set(ranking["model"]) - set(baselines)
        missing = f"No network learned to predict `{target_name}`" if run else "No network was run"
        sentence = f"{missing}; the best of the baselines is {words.model(best)}."
    elif baseline is None:
        sentence = (
            f"{words.model(best)} predicts `{target_name}` best; no baseline was run, so whether "
            "that takes a network is unknown."
        )
    else:
        sentence = words.against_baseline(network, baseline, pair, ahead)
    sentence = sentence[0].upper() + sentence[1:]
    groups = int(ranking["groups"].max()) if len(ranking) else 0
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
        "cautions": [text for text in [caution(groups)] if text],
    }


def _pair(comparison: pd.DataFrame, a: str | None, b: str | None) -> dict:
    """Find the comparison of two models, turned so that it is of a."""
    for first, second, sign in ((a, b, 1), (b, a, -1)):
        found = (comparison["model_a"] == first) & (comparison["model_b"] == second)
        if found.any():
            row = comparison[found].iloc[0]
            ends = (row["low"], row["high"])[::sign]
            pair = {"low": sign * ends[0], "high": sign * ends[1]}
            pair["difference"] = sign * row["difference"]
            return pair | {"p_adjusted": row["p_adjusted"], "verdict": row["verdict"]}
    nothing = dict.fromkeys(("difference", "low", "high", "p_adjusted"), math.nan)
    return nothing | {"verdict": "undecided"}


def _number(value: float) -> str:
    size = abs(value)
    if 0 < size < 0.0005:
        return f"{value:.1g}"
    if 0.9995 <= size < 1:  # nearly perfect isn't perfect
        return f"{value:.6f}" if size < 0.9999995 else "almost 1"
    return f"{value:.3f}" if size < 10 else f"{value:.4g}"


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
        return f"{self.interval_name} {_number(row['low'])} to {_number(row['high'])}"

    def model(self, name: str) -> str:
        row = self.rows.loc[name]
        if math.isnan(row["value"]):
            return f"`{name}` ({self.metric} undefined)"
        return f"`{name}` ({self.metric} {_number(row['value'])}, {self.interval(row)})"

    def brief(self, name: str) -> str:
        return f"`{name}` ({_number(self.rows.loc[name, 'value'])})"

    def beats_chance(self, name: str) -> bool:
        """Tell whether the interval (or the value, if there is none) lies beyond chance."""
        row = self.rows.loc[name]
        nearest = row["low"] if self.sign > 0 else row["high"]
        nearest = row["value"] if math.isnan(nearest) else nearest
        return math.isnan(row["chance"]) or self.sign * (nearest - row["chance"]) > 0

    def nothing_beats_chance(self, best: str) -> str:
        return (
            f"no model predicts {self.target} better than chance: the best is {self.model(best)}, "
            f"where chance gives {_number(self.rows.loc[best, 'chance'])}."
        )

    def against_baseline(self, network: str, baseline: str, pair: Mapping, ahead: bool) -> str:
        if math.isnan(pair["difference"]):
            return (
                f"{self.model(network)} is the best network on {self.target}; it can't be compared "
                f"with the best baseline, {self.model(baseline)}."
            )
        size, evidence = _number(abs(pair["difference"])), self.evidence(pair)
        small = pair["verdict"] == "no practical difference"
        if self.rows.loc[network, "rank"] < self.rows.loc[baseline, "rank"]:
            if not ahead:
                return (
                    "the networks' advantage over the best baseline is not beyond noise on "
                    f"{self.target}: the best network, {self.model(network)}, is {size} ahead of "
                    f"{self.brief(baseline)}; {evidence}."
                )
            practical = "; that is beyond noise, but too little to matter" if small else ""
            return (
                f"{self.model(network)} predicts {self.target} best, {size} ahead of the best "
                f"baseline, {self.brief(baseline)}; {evidence}{practical}."
            )
        if small:
            return (
                f"no network beats the best baseline on {self.target}: {self.model(baseline)} and "
                f"the best network, {self.brief(network)}, differ by {size}, too little to "
                f"matter; {evidence}."
            )
        noise = "could be noise" if pair["verdict"] == "undecided" else "is more than noise"
        return (
            f"a baseline predicts {self.target} best: {self.model(baseline)}; the best network, "
            f"{self.brief(network)}, is {size} behind it, which {noise}; {evidence}."
        )

    def evidence(self, pair: Mapping) -> str:
        """Quote the interval and the p-value of a difference."""
        p = pair["p_adjusted"]
        if math.isnan(p):
            return "the difference has no interval"
        p = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
        return f"{self.interval(pair)} of the difference, {p} after Holm's correction"
