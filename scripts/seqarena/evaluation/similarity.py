"""How test metrics depend on what the test records have in common with those seen in training."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from seqarena.evaluation.metrics import evaluate_table
from seqarena.evaluation.prediction_table import prediction_table

MOST_BINS = 5
"""Bins of similarity: enough to see a trend, few enough to hold records of every class."""
_KEYS = ["record", "repeat", "fold"]
_COLUMNS = ["model", "subset", "low_edge", "high_edge", "metric", "value", "low", "high", "n"]


def evaluate_similarity(
    predictions: pd.DataFrame,
    task: str,
    names: Sequence[str] | None,
    clusters: pd.DataFrame,
    thresholds: pd.DataFrame | None,
    leakage: pd.DataFrame,
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure all models on test records with and without relatives among the seen records.

    Parameters
    ----------
    predictions, task, names, clusters, thresholds
        As of `prediction_table.prediction_table`.
    leakage : pandas.DataFrame
        A row a test record, repeat and fold: record, repeat, fold, similarity (0 to 1, to the
        nearest record seen by the models of that fold) and leaked (bool).
    n_bootstrap : int, default 1000
        Number of bootstrap replicates over groups.
    confidence : float, default 0.95
        Of the intervals.
    seed : int, default 0
        Same seed, same intervals.

    Returns
    -------
    pandas.DataFrame
        Columns model, subset, low_edge, high_edge, metric, value, low, high, n and groups: metrics
        over all classes, labels or targets, pooled over folds and averaged over repeats as in
        `metrics.evaluate`.
        Subsets: "all", "without leaked", "leaked" and "similarity", the last once for each of at
        most 5 bins of about equal numbers of records, from low_edge (included) to high_edge (only
        included in the last bin). A subset without records has no rows; what can't be computed on
        a subset, such as AUROC where one class is left, is NaN.

    Raises
    ------
    ValueError
        If a test prediction isn't in `leakage`.
    """
    table = prediction_table(predictions, task, names, clusters, thresholds)
    tested = table.take(np.flatnonzero(table.index["role"] == "test"))
    columns = [*_KEYS, "similarity", "leaked"]
    merged = tested.index[_KEYS].merge(
        leakage[columns], how="left", on=_KEYS, validate="many_to_one"
    )
    if merged["leaked"].isna().any():
        raise ValueError("the audit lacks test records that were predicted")
    leaked = merged["leaked"].to_numpy(dtype=bool)
    similarity = merged["similarity"].to_numpy(dtype=float)
    subsets = [
        ("all", np.nan, np.nan, np.full(len(merged), True)),
        ("without leaked", np.nan, np.nan, ~leaked),
        ("leaked", np.nan, np.nan, leaked),
    ]
    edges = bin_edges(leakage["similarity"].to_numpy(dtype=float))
    for low, high in pairwise(edges):
        below = similarity <= high if high == edges[-1] else similarity < high
        subsets.append(("similarity", low, high, (similarity >= low) & below))
    tables = []
    for name, low, high, inside in subsets:
        if not inside.any():
            continue
        part = tested.take(np.flatnonzero(inside))
        metrics = evaluate_table(part, n_bootstrap, confidence, seed)
        pooled = metrics[(metrics["repeat"] == "all") & (metrics["target"] == "")]
        tables.append(pooled.assign(subset=name, low_edge=low, high_edge=high))
    return pd.concat(tables)[[*_COLUMNS, "groups"]].reset_index(drop=True)


def bin_edges(similarity: np.ndarray) -> np.ndarray:
    """Divide similarities into at most 5 bins of about equal numbers.

    Parameters
    ----------
    similarity : array of float, shape (n,)
        Values from 0 to 1; equal ones stay together.

    Returns
    -------
    numpy.ndarray of float64, shape (bins + 1,)
        Distinct edges, from the smallest to the largest value; of a single value, that value twice.
    """
    shares = np.arange(MOST_BINS + 1) / MOST_BINS
    edges = np.unique(np.quantile(similarity, shares, method="inverted_cdf"))
    return edges if len(edges) > 1 else np.repeat(edges, 2)
