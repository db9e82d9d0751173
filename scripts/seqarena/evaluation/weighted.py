"""Metrics as functions of weights: all bootstrap replicates in a few array operations.

Each function takes weights of the records, float64 of shape (n, b), and gives a value a column. A
weight of k is the record copied k times, so the value under a replicate's weights is exactly that
of the resampled records (a test compares the two). What is undefined is NaN: what ranks or
correlates where there is one class or a constant, an average over classes where fewer than two
occur. Averages over classes leave out a class that doesn't occur, as scikit-learn does. Weights
may all be 0, as where a replicate draws no record of a bin: then every value is NaN.
"""

import numpy as np
from scipy.sparse import coo_array

# Rounding leaves a relative variance of about 1e-13 in numbers that are all the same.
CONSTANT = 1e-11


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide, with NaN where the denominator is 0."""
    shape = np.broadcast_shapes(np.shape(numerator), np.shape(denominator))
    return np.divide(numerator, denominator, out=np.full(shape, np.nan), where=denominator != 0)


def mean_of_defined(values: np.ndarray) -> np.ndarray:
    """Average over the first axis, leaving out NaN."""
    defined = np.isfinite(values)
    return ratio(np.where(defined, values, 0).sum(axis=0), defined.sum(axis=0))


def _tied(score: np.ndarray, *columns: np.ndarray) -> list[np.ndarray]:
    """Sort by score and add up what is tied, so that ties count as one step."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=np.nan) != 0)
    if len(starts) == len(score):
        return [column[order] for column in columns]
    return [np.add.reduceat(column[order], starts, axis=0) for column in columns]


def auroc(positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Compute the area under the ROC curve (a tie counts half).

    Parameters
    ----------
    positive : array of bool, shape (n,)
        Whether each record is of the positive class.
    score : array of float, shape (n,)
        Larger means more likely positive.
    weights : array of float, shape (n, b)
        Copies of each record in each replicate.

    Returns
    -------
    numpy.ndarray of float64, shape (b,)
        NaN where a class is missing.
    """
    hits, both = _tied(score, weights * positive[:, None], weights)
    others = both - hits
    below = np.cumsum(others, axis=0) - others / 2
    return ratio(np.einsum("ij,ij->j", hits, below), hits.sum(axis=0) * others.sum(axis=0))


def average_precision(positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Compute the area under the precision-recall curve as a sum of steps (average precision).

    Parameters and shapes are those of `auroc`; NaN where a class is missing.
    """
    hits, both = _tied(-score, weights * positive[:, None], weights)
    precision = ratio(np.cumsum(hits, axis=0), np.cumsum(both, axis=0))
    total = hits.sum(axis=0)
    area = ratio(np.einsum("ij,ij->j", hits, np.nan_to_num(precision)), total)
    return np.where(total < both.sum(axis=0), area, np.nan)


def confusion(
    truth: np.ndarray, decision: np.ndarray, n_classes: int, weights: np.ndarray
) -> np.ndarray:
    """Count records by true and decided class.

    Parameters
    ----------
    truth, decision : array of int, shape (n,)
        Class indices.
    n_classes : int
        Number of classes K.
    weights : array of float, shape (n, b)
        Copies of each record in each replicate.

    Returns
    -------
    numpy.ndarray of float64, shape (K, K, b)
        First axis the truth, second the decision.
    """
    cells = truth.astype(np.int64) * n_classes + decision
    members = coo_array(
        (np.ones(len(cells)), (cells, np.arange(len(cells)))), shape=(n_classes**2, len(cells))
    )
    return (members.tocsr() @ weights).reshape(n_classes, n_classes, -1)


def label_metrics(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Compute the metrics of decided classes from counts.

    Parameters
    ----------
    counts : array of float, shape (K, K, b)
        As of `confusion`.

    Returns
    -------
    dict of numpy.ndarray of float64
        accuracy, balanced_accuracy, macro_f1 and mcc of shape (b,); precision, recall and f1 of
        shape (K, b). MCC is Gorodkin's (2004, Comput. Biol. Chem. 28:367), for two classes that
        of Matthews; 0 if all decisions are alike.
    """
    true, decided = counts.sum(axis=1), counts.sum(axis=0)
    hits = np.einsum("kkb->kb", counts)
    total = true.sum(axis=0)
    recall, f1 = ratio(hits, true), ratio(2 * hits, true + decided)
    several = (true > 0).sum(axis=0) > 1
    above = total * hits.sum(axis=0) - (true * decided).sum(axis=0)
    spread = (total**2 - (decided**2).sum(axis=0)) * (total**2 - (true**2).sum(axis=0))
    mcc = np.where(spread > 0, ratio(above, np.sqrt(np.maximum(spread, 0))), 0.0)
    return {
        "accuracy": ratio(hits.sum(axis=0), total),
        "balanced_accuracy": np.where(several, mean_of_defined(recall), np.nan),
        "macro_f1": mean_of_defined(f1),
        "mcc": np.where(several, mcc, np.nan),
        "precision": ratio(hits, decided),
        "recall": recall,
        "f1": f1,
    }


def _correlation(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Correlate columns of x and y (both of shape (n, b) or (n, 1)) under weights."""
    total = weights.sum(axis=0)
    sums = {
        name: np.einsum("ij,ij->j", weights, np.broadcast_to(column, weights.shape))
        for name, column in (("x", x), ("y", y), ("xx", x * x), ("yy", y * y), ("xy", x * y))
    }
    var_x = sums["xx"] - ratio(sums["x"] ** 2, total)
    var_y = sums["yy"] - ratio(sums["y"] ** 2, total)
    varies = (var_x > CONSTANT * sums["xx"]) & (var_y > CONSTANT * sums["yy"])
    spread = np.where(varies, np.sqrt(np.maximum(var_x * var_y, 0)), 0.0)
    return np.clip(ratio(sums["xy"] - ratio(sums["x"] * sums["y"], total), spread), -1, 1)


def _ranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Rank the records of each replicate (ties share their mean rank), centred on 0."""
    _, place = np.unique(values, return_inverse=True)
    (copies,) = _tied(values, weights)
    ranks = np.cumsum(copies, axis=0) - (copies - 1) / 2
    return (ranks - (weights.sum(axis=0) + 1) / 2)[place]


def regression_metrics(
    truth: np.ndarray, prediction: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Compute pearson, spearman, r2, rmse and mae.

    Parameters
    ----------
    truth, prediction : array of float, shape (n,)
        In the target's units.
    weights : array of float, shape (n, b)
        Copies of each record in each replicate.

    Returns
    -------
    dict of numpy.ndarray of float64, shape (b,)
        Correlations are NaN if truth or prediction is constant, r2 if truth is.
    """
    error = prediction - truth
    total = weights.sum(axis=0)
    x, y = truth - truth.mean(), prediction - prediction.mean()
    squares = (error**2) @ weights
    around = (x**2) @ weights
    spread = around - ratio((x @ weights) ** 2, total)
    spread = np.where(spread > CONSTANT * around, spread, 0.0)
    ranks = _ranks(truth, weights), _ranks(prediction, weights)
    return {
        "pearson": _correlation(x[:, None], y[:, None], weights),
        "spearman": _correlation(*ranks, weights),
        "r2": 1 - ratio(squares, spread),
        "rmse": np.sqrt(ratio(squares, total)),
        "mae": ratio(np.abs(error) @ weights, total),
    }
