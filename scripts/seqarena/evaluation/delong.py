"""AUROC on one test set: its variance, and the difference of two, where records come in clusters.

DeLong, DeLong and Clarke-Pearson (1988, Biometrics 44:837) give each positive the share of
negatives below it and each negative the share of positives above it (structural components); the
AUROC is their mean and its variance comes from theirs. Obuchowski (1997, Biometrics 53:567) sums
the components within each cluster first, so that records of a cluster may depend on each other,
positives on negatives too. Midranks make it O(n log n) (Sun and Xu 2014, IEEE Signal Process. Lett.
21:1389).
"""

from typing import NamedTuple

import numpy as np

from seqarena.evaluation.intervals import student


class Area(NamedTuple):
    """An AUROC, its interval and the standard error and degrees of freedom behind it."""

    auroc: float
    low: float
    high: float
    standard_error: float
    df: int


class AreaDifference(NamedTuple):
    """A difference of two AUROCs, its interval and p-value, and what is behind them."""

    difference: float
    low: float
    high: float
    p: float
    standard_error: float
    df: int


def delong_difference(
    positive: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    clusters: np.ndarray,
    confidence: float = 0.95,
) -> AreaDifference:
    """Test whether two models have the same AUROC on the same clustered records.

    The reference is Student's distribution with one degree of freedom less than there are clusters
    with positives or clusters with negatives, whichever are fewer. (The normal one, and that of all
    clusters, reject too often where one class comes from few clusters: `make bench
    CASE=type_one_error` has the figures.)

    Parameters
    ----------
    positive : array of bool, shape (n,)
        Whether each record is of the positive class.
    first, second : array of float, shape (n,) or (n, R)
        Scores by the two models; with R columns, of models trained R times, whose mean AUROCs are
        compared. The variance is that over records, with these R trainings held fixed.
    clusters : array, shape (n,)
        Cluster of each record.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    AreaDifference
        All NaN where a class is missing or a score isn't finite; interval and p-value also where a
        class comes from a single cluster. Scores that order the records alike differ by 0 with
        p = 1. A difference without variance (one model perfect, the other constant) has no interval
        and no p-value here.
    """
    components = _components(positive, first) - _components(positive, second)
    estimate, error, df = _estimate(positive, components, clusters)
    low, high, p = student(estimate, error, df, confidence)
    low, high = np.clip([low, high], -1, 1).tolist()
    return AreaDifference(estimate, low, high, p, error, df)


def delong_area(
    positive: np.ndarray, score: np.ndarray, clusters: np.ndarray, confidence: float = 0.95
) -> Area:
    """Estimate the AUROC of one model and its interval on clustered records.

    Parameters
    ----------
    positive, clusters, confidence
        As of `delong_difference`.
    score : array of float, shape (n,) or (n, R)
        Scores by the model, or by R trainings of it.

    Returns
    -------
    Area
        NaN as in `delong_difference`; no interval either where the variance is 0, as of a perfect
        or a constant score.
    """
    estimate, error, df = _estimate(positive, _components(positive, score), clusters)
    low, high, _ = student(estimate, error, df, confidence)
    low, high = np.clip([low, high], 0, 1).tolist()
    return Area(estimate, low, high, error, df)


def _components(positive: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Give each record its structural component, of shape (n,), a mean over the columns of score.

    Of a positive that is the share of negatives below it, of a negative the share of positives
    above it; a tie counts half.
    """
    positive = np.asarray(positive, dtype=bool)
    columns = np.asarray(score, dtype=float).reshape(len(positive), -1)
    n_positive = np.count_nonzero(positive)
    n_negative = len(positive) - n_positive
    components = np.full(columns.shape, np.nan)
    if n_positive and n_negative and np.isfinite(columns).all():
        for column, result in zip(columns.T, components.T, strict=True):
            ranks = _midranks(column)
            below = ranks[positive] - _midranks(column[positive])
            result[positive] = below / n_negative
            above = n_positive - (ranks[~positive] - _midranks(column[~positive]))
            result[~positive] = above / n_positive
    return components.mean(axis=1)


def _midranks(values: np.ndarray) -> np.ndarray:
    """Rank from 1; ties share their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def _estimate(
    positive: np.ndarray, components: np.ndarray, clusters: np.ndarray
) -> tuple[float, float, int]:
    """Give the mean component, its standard error over clusters and the degrees of freedom."""
    positive = np.asarray(positive, dtype=bool)
    if not np.isfinite(components).all() or not positive.any():
        return np.nan, np.nan, 0
    estimate = float(components[positive].mean())
    _, place = np.unique(clusters, return_inverse=True)
    n_clusters = place.max() + 1
    sums, having = [], []
    for side in (positive, ~positive):
        deviations = components[side] - estimate
        sums.append(np.bincount(place[side], deviations, n_clusters) / np.count_nonzero(side))
        having.append(len(np.unique(place[side])))
    if min(having) < 2:
        return estimate, np.nan, min(having) - 1
    # Obuchowski's S10 / m + S01 / n + 2 S11 / (mn). The last term is what positives and negatives
    # of the same cluster have in common. The sum can't be negative: the factors of the squares are
    # at least that of the product.
    variance = sum(n / (n - 1) * (part @ part) for n, part in zip(having, sums, strict=True))
    variance += 2 * n_clusters / (n_clusters - 1) * (sums[0] @ sums[1])
    return estimate, float(np.sqrt(max(variance, 0.0))), min(having) - 1
