"""Which model is best, by how much, and whether that is more than noise.

All differences are signed so that positive means "the first model is better", whatever the metric's
direction.
"""

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqarena.evaluation.corrected_t import corrected_t
from seqarena.evaluation.delong import delong_difference
from seqarena.evaluation.intervals import (
    group_weights,
    percentile_interval,
    replicate,
    two_sided_p,
)
from seqarena.evaluation.metric_names import HIGHER_IS_BETTER, IN_UNITS
from seqarena.evaluation.prediction_table import PredictionTable, prediction_table
from seqarena.evaluation.ranking import in_order
from seqarena.evaluation.verdicts import decide, holm

CORRECTED_T = "corrected t"
DELONG = "cluster-robust DeLong"
BOOTSTRAP = "group bootstrap"


def compare(
    predictions: pd.DataFrame,
    task: str,
    names: Sequence[str] | None,
    clusters: pd.DataFrame,
    thresholds: pd.DataFrame | None,
    sizes: pd.DataFrame,
    primary_metric: str,
    baselines: Collection[str] = (),
    equivalence: float = 0.01,
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Test the difference of each pair of models in the primary metric.

    The design of the split decides on the method:

    - "corrected t" (`corrected_t`) where there are several repeats of several folds. The difference
      is the mean over folds, so it isn't exactly that of the pooled values that rank the models.
    - "cluster-robust DeLong" (`delong_difference`) for the AUROC of a binary task on one test set.
    - "group bootstrap" otherwise, and for a pair that the two can't judge, for want of folds or of
      spread: percentiles of the pooled difference over resampled groups, averaged over repeats. It
      takes the trained models as given. With one repeat of several folds it doesn't know how much
      they vary from split to split, and calls learners that are equally good different in 14 to
      19 % of trials at level 0.05 (`make bench CASE=type_one_error`; the corrected t in 3 to 6 %).

    Both models of a pair are measured on the same records, those that both have predicted, so what
    makes a record hard for both cancels out. The p-values are adjusted over all pairs (`holm`).

    Parameters
    ----------
    predictions, task, names, clusters, thresholds
        As of `prediction_table.prediction_table`.
    sizes : pandas.DataFrame
        Columns repeat, fold, n_train (records that weights were fitted to) and n_test, as of
        `corrected_t.fold_sizes`.
    primary_metric : str
        Name of a metric over all classes, labels or targets.
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
        Columns metric, model_a, model_b, difference, low, high, p, p_adjusted, verdict (of model_a:
        as of `verdicts.decide`), method and left_out (int: folds that the difference isn't of,
        since a model has no prediction there or, with the corrected t, no defined metric). A row a
        pair, model_a being the one of the better pooled value (of those that aren't degenerate, the
        one that ranks higher).

    Raises
    ------
    ValueError
        If a fold of the predictions has no sizes.
    """
    table = prediction_table(predictions, task, names, clusters, thresholds)
    table = table.take(np.flatnonzero(table.index["role"] == "test"))
    contest = _Contest(table, primary_metric, sizes, confidence, seed)
    ranked = contest.ranked(baselines)
    pairs = [(a, b) for i, a in enumerate(ranked) for b in ranked[i + 1 :]]
    # The smallest p-value is 2 / (replicates + 1); this keeps it at half of what Holm asks of it.
    contest.n_bootstrap = max(n_bootstrap, math.ceil(4 * len(pairs) / (1 - confidence)))
    results = [contest.test(a, b) for a, b in pairs]
    comparison = pd.DataFrame(results, columns=_Result._fields)
    comparison.insert(0, "metric", primary_metric)
    comparison.insert(1, "model_a", [a for a, _ in pairs])
    comparison.insert(2, "model_b", [b for _, b in pairs])
    adjusted = holm(comparison["p"])
    if primary_metric in IN_UNITS and table.truth.ndim == 1:
        equivalence *= table.truth.std()
    verdicts = [
        decide(row.difference, row.low, row.high, p, equivalence, 1 - confidence)
        for row, p in zip(results, adjusted, strict=True)
    ]
    comparison.insert(7, "p_adjusted", adjusted)
    comparison.insert(8, "verdict", verdicts)
    return comparison


class _Result(NamedTuple):
    difference: float
    low: float
    high: float
    p: float
    method: str
    left_out: int


class _Contest:
    """The test predictions of all models, and what the split lets one say of a pair."""

    def __init__(
        self,
        table: PredictionTable,
        metric: str,
        sizes: pd.DataFrame,
        confidence: float,
        seed: int,
    ):
        self.task, self.metric, self.key = table.task, metric, ("", metric)
        self.sign = 1 if HIGHER_IS_BETTER[metric] else -1
        self.confidence, self.seed = confidence, seed
        self.sizes = sizes.set_index(["repeat", "fold"]).sort_index()
        folds = pd.MultiIndex.from_frame(table.index[["repeat", "fold"]])
        if not folds.isin(self.sizes.index).all():
            raise ValueError("a fold of the predictions has no sizes")
        self.models = list(dict.fromkeys(table.index["model"]))
        self.tables, self.keys = {}, {}
        for model in self.models:
            part = table.take(np.flatnonzero(table.index["model"] == model))
            self.tables[model] = part
            self.keys[model] = pd.MultiIndex.from_frame(part.index[["repeat", "record"]])
        self.universe = np.unique(table.index["cluster"])
        self.n_bootstrap, self.weights = 1000, None
        self.drawn, self.by_fold = {}, {}

    def ranked(self, baselines: Collection[str]) -> list[str]:
        scores = [float(self._over_repeats(self.tables[model])[0]) for model in self.models]
        values = pd.DataFrame({"model": self.models, "score": scores})
        return in_order(values, baselines)["model"].to_list()

    def test(self, a: str, b: str) -> _Result:
        """Test a pair by the method that the split asks for, or else by the bootstrap."""
        repeats, folds = (self.sizes.index.unique(level) for level in ("repeat", "fold"))
        result = None
        if len(folds) > 1 and len(repeats) > 1:
            result = self._corrected_t(a, b)
        elif len(folds) == 1 and self.task == "binary" and self.metric == "auroc":
            result = self._delong(a, b)
        return self._bootstrap(a, b) if result is None or math.isnan(result.p) else result

    def _shared(self, model: str, other: str) -> tuple[PredictionTable, tuple]:
        """Give the rows of a model that another has too, and a key to them."""
        mask = self.keys[model].isin(self.keys[other])
        return self.tables[model].take(np.flatnonzero(mask)), (model, mask.tobytes())

    def _folds_without(self, table: PredictionTable) -> int:
        there = pd.MultiIndex.from_frame(table.index[["repeat", "fold"]])
        return int((~self.sizes.index.isin(there)).sum())

    def _corrected_t(self, a: str, b: str) -> _Result | None:
        series = []
        for model, other in ((a, b), (b, a)):
            table, key = self._shared(model, other)
            if key not in self.by_fold:
                self.by_fold[key] = self._of_folds(table)
            series.append(self.by_fold[key])
        differences = series[0] - series[1]
        if differences.dropna().index.unique("repeat").size < 2:
            return None
        sizes = self.sizes["n_train"].to_numpy(), self.sizes["n_test"].to_numpy()
        found = corrected_t(differences.to_numpy(), *sizes, self.confidence)
        return _Result(*found[:4], CORRECTED_T, found.left_out)

    def _of_folds(self, table: PredictionTable) -> pd.Series:
        values = {
            key: self._over_repeats(table.take(rows))[0]
            for key, rows in table.index.groupby(["repeat", "fold"]).indices.items()
        }
        return pd.Series(values, dtype=float).reindex(self.sizes.index)

    def _delong(self, a: str, b: str) -> _Result | None:
        (one, _), (two, _) = self._shared(a, b), self._shared(b, a)
        n = one.index["record"].nunique()
        records = one.index["record"].to_numpy()
        # Of trainings with different test records there is no mean component of a record.
        if n == 0 or not np.array_equal(records, np.resize(records[:n], len(records))):
            return None
        scores = [table.prediction.reshape(-1, n).T for table in (one, two)]
        clusters = one.index["cluster"].to_numpy()[:n]
        found = delong_difference(one.truth[:n] == 1, *scores, clusters, self.confidence)
        return _Result(*found[:4], DELONG, self._folds_without(one))

    def _bootstrap(self, a: str, b: str) -> _Result:
        points, drawn = [], []
        for model, other in ((a, b), (b, a)):
            table, key = self._shared(model, other)
            if len(table.index) == 0:
                return _Result(*[np.nan] * 4, BOOTSTRAP, len(self.sizes))
            points.append(float(self._over_repeats(table)[0]))
            drawn.append(self._replicates(table, key))
        left_out = self._folds_without(table)
        if self._same_predictions(a, b):
            return _Result(0.0, 0.0, 0.0, 1.0, BOOTSTRAP, left_out)
        differences = drawn[0] - drawn[1]
        interval = percentile_interval(differences, self.confidence)
        p = two_sided_p(differences, table.index["cluster"].nunique())
        return _Result(points[0] - points[1], *interval, p, BOOTSTRAP, left_out)

    def _replicates(self, table: PredictionTable, key: tuple) -> np.ndarray:
        if len(self.universe) < 2:
            return np.array([np.nan])
        if self.weights is None:
            self.weights = group_weights(len(self.universe), self.n_bootstrap, self.seed)
        if key not in self.drawn:
            self.drawn[key] = self._over_repeats(table, self.weights)
        return self.drawn[key]

    def _over_repeats(
        self, table: PredictionTable, weights: np.ndarray | None = None
    ) -> np.ndarray:
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

    def _same_predictions(self, a: str, b: str) -> bool:
        """Tell whether nothing that the metric sees differs: predictions and decisions."""
        one, two = self.tables[a], self.tables[b]
        return (
            self.keys[a].equals(self.keys[b])
            and np.array_equal(one.prediction, two.prediction)
            and (one.decision is None or np.array_equal(one.decision, two.decision))
        )
