"""ROC and precision-recall curves of pooled test predictions, with bands, in NumPy.

A band is a group bootstrap: groups are drawn with replacement, all records of a drawn group enter
together, and the curve is computed again with the records' weights. The same draws serve all
models, repeats and classes, so bands of two models can be compared. At each place of the
horizontal axis the curve is the mean over repeats (of pooled out-of-fold predictions) and, with
several classes, over classes (one against the rest); the band spans the middle 95 % of the draws.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

GRID = np.unique(np.concatenate([np.linspace(0, 0.05, 51), np.linspace(0, 1, 201)]))


class Curve(NamedTuple):
    """A curve over `GRID` and its band (float64, shape of `GRID`), and the floor of precision."""

    centre: np.ndarray
    low: np.ndarray
    high: np.ndarray
    prevalence: float


class _Ranking(NamedTuple):
    """Records of one repeat and class, by falling score."""

    positive: np.ndarray  # float64 0/1
    groups: np.ndarray  # int64 codes
    ends: np.ndarray  # last place of each run of equal scores: a threshold can't split ties


def _rank(rows: pd.DataFrame) -> _Ranking:
    scores = rows["prediction"].to_numpy(float)
    order = np.argsort(-scores, kind="stable")
    scores = scores[order]
    ends = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    positive = (rows["truth"].to_numpy(float) > 0.5).astype(float)[order]
    return _Ranking(positive, rows["group"].to_numpy()[order], ends)


def _roc(found: np.ndarray, false: np.ndarray) -> np.ndarray:
    true_rate = np.concatenate([[0.0], found / found[-1]])
    false_rate = np.concatenate([[0.0], false / false[-1]])
    return np.interp(GRID, false_rate, true_rate)


def _precision_recall(found: np.ndarray, false: np.ndarray) -> np.ndarray:
    # No straight lines between points here: precision isn't linear in recall (Davis and Goadrich
    # 2006). At each recall stands the precision of the first threshold that reaches it.
    called = found + false
    precision = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
    place = np.searchsorted(found, np.maximum(GRID * found[-1], found[found > 0][0]) - 1e-9)
    return precision[np.minimum(place, len(precision) - 1)]


_KINDS = {"roc": _roc, "precision_recall": _precision_recall}


def _curve(kind: str, ranking: _Ranking, weights: np.ndarray) -> np.ndarray | None:
    """Compute one curve with a weight per group; None if one class has no weight."""
    weight = weights[ranking.groups]
    found = np.cumsum(weight * ranking.positive)[ranking.ends]
    false = np.cumsum(weight * (1 - ranking.positive))[ranking.ends]
    if found[-1] <= 0 or false[-1] <= 0:
        return None
    return _KINDS[kind](found, false)


def _mean_curve(kind: str, rankings: list[_Ranking], weights: np.ndarray) -> np.ndarray | None:
    curves = [_curve(kind, ranking, weights) for ranking in rankings]
    curves = [curve for curve in curves if curve is not None]
    return np.mean(curves, axis=0) if curves else None


def curves_with_bands(
    predictions: pd.DataFrame,
    kind: str,
    clusters: pd.DataFrame | None = None,
    draws: int = 200,
    seed: int = 0,
) -> dict[str, Curve | None]:
    """Compute a curve with its 95 % band for each model.

    Parameters
    ----------
    predictions : DataFrame
        Columns model, record, repeat, role, target, truth (0 or 1), prediction. Test rows count.
        Several targets are classes, averaged one against the rest.
    kind : {"roc", "precision_recall"}
        Which curve.
    clusters : DataFrame, optional
        Columns record, cluster: the groups. Without it each record is its own group.
    draws : int
        Bootstrap draws.
    seed : int
        Of the draws.

    Returns
    -------
    dict of str to Curve or None
        By model, in order of appearance; None where one class is missing.
    """
    test = predictions[predictions["role"] == "test"].copy()
    groups = test["record"]
    if clusters is not None:
        groups = groups.map(clusters.set_index("record")["cluster"])
    test["group"] = pd.factorize(groups, use_na_sentinel=False)[0]
    count = int(test["group"].max()) + 1 if len(test) else 0
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(count, np.full(count, 1 / count), size=draws) if count else []
    result: dict[str, Curve | None] = {}
    for model, of_model in test.groupby("model", sort=False):
        rankings = [_rank(rows) for _, rows in of_model.groupby(["repeat", "target"], sort=False)]
        centre = _mean_curve(kind, rankings, np.ones(count))
        if centre is None:
            result[model] = None
            continue
        resampled = [_mean_curve(kind, rankings, weights.astype(float)) for weights in drawn]
        resampled = np.array([curve for curve in resampled if curve is not None])
        band = np.percentile(resampled, [2.5, 97.5], axis=0) if len(resampled) else [centre] * 2
        prevalence = float(np.mean([ranking.positive.mean() for ranking in rankings]))
        result[model] = Curve(centre, band[0], band[1], prevalence)
    return result
