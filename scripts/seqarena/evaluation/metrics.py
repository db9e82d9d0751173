"""The table of metrics: every model, of each fold and pooled, with intervals.

A point is computed by the same code as a bootstrap replicate, with weights of one (`weighted`). An
undefined metric is NaN, never an error and never 0; so is every metric of predictions that aren't
finite.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqarena.evaluation.intervals import group_weights, percentile_interval, replicate
from seqarena.evaluation.metric_values import Values
from seqarena.evaluation.prediction_table import PredictionTable, prediction_table

_COLUMNS = [
    *("model", "repeat", "fold", "role", "target", "metric"),
    *("value", "low", "high", "n", "groups"),
]


def evaluate(
    predictions: pd.DataFrame,
    task: str,
    names: Sequence[str] | None,
    clusters: pd.DataFrame,
    thresholds: pd.DataFrame | None,
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Compute all metrics of all models, of each fold and pooled.

    Parameters
    ----------
    predictions, task, names, clusters, thresholds
        As of `prediction_table.prediction_table`. In pooled predictions each record is decided on
        by the threshold of its own run.
    n_bootstrap : int, default 1000
        Number of bootstrap replicates.
    confidence : float, default 0.95
        Of the intervals.
    seed : int, default 0
        Same seed, same intervals.

    Returns
    -------
    pandas.DataFrame
        Columns model, repeat, fold (both str), role, target, metric, value, low, high, n and
        groups; the last two count, for one label or regression target of several, the records in
        which it isn't missing. Fold "all" pools the out-of-fold predictions of a repeat; repeat
        "all" and fold "all" is the mean over repeats of the pooled values, NaN if one of them is.
        Pooled test metrics have an interval: groups are resampled once, for all models and repeats
        alike. Pooling compares scores of different folds with each other, so ranking metrics come
        out a little below the mean over folds where models are calibrated differently (Forman and
        Scholz 2010, SIGKDD Explor. 12:49).
    """
    table = prediction_table(predictions, task, names, clusters, thresholds)
    return evaluate_table(table, n_bootstrap, confidence, seed)


def evaluate_table(
    table: PredictionTable, n_bootstrap: int = 1000, confidence: float = 0.95, seed: int = 0
) -> pd.DataFrame:
    """Compute all metrics of a table; parameters and columns are those of `evaluate`."""
    test = (table.index["role"] == "test").to_numpy()
    universe = np.unique(table.index["cluster"][test])
    weights = group_weights(len(universe), n_bootstrap, seed) if len(universe) > 1 else None
    rows = []
    for (model, role), places in table.index.groupby(["model", "role"], sort=False).indices.items():
        part = table.take(places)
        pooled, replicates = [], []
        for repeat, inside in part.index.groupby("repeat").indices.items():
            whole = part.take(inside)
            for fold, members in whole.index.groupby("fold").indices.items():
                key = (model, str(repeat), str(fold), role)
                rows += _rows(key, whole.take(members))
            drawn = None
            if weights is not None and role == "test":
                codes = np.searchsorted(universe, whole.index["cluster"])
                drawn = replicate(whole.values, codes, weights)
                replicates.append(drawn)
            pooled.append(_rows((model, str(repeat), "all", role), whole, drawn, confidence))
            rows += pooled[-1]
        rows += _over_repeats(pooled, replicates, confidence)
    metrics = pd.DataFrame(rows, columns=_COLUMNS)
    order = np.lexsort(
        [metrics["fold"] != "all", metrics["repeat"] != "all", metrics["role"] != "test"]
    )
    return metrics.iloc[order].reset_index(drop=True)


def _rows(
    key: tuple, table: PredictionTable, drawn: Values | None = None, confidence: float = 0.95
) -> list[tuple]:
    """Give the rows of the metrics table for one set of predictions."""
    sizes = table.sizes()
    points = table.values(np.ones((len(table.index), 1)))
    rows = []
    for (target, name), value in points.items():
        interval = (np.nan, np.nan)
        if drawn is not None and name != "support":
            interval = percentile_interval(drawn[target, name], confidence)
        rows.append((*key, target, name, float(value[0]), *interval, *sizes.get(target, sizes[""])))
    return rows


def _over_repeats(pooled: list, replicates: list[Values], confidence: float) -> list[tuple]:
    """Average the pooled rows of the repeats, and their replicates."""
    rows = []
    for same in zip(*pooled, strict=True):
        model, _, _, role, target, name = same[0][:6]
        interval = (np.nan, np.nan)
        if replicates and name != "support":
            mean = np.mean([drawn[target, name] for drawn in replicates], axis=0)
            interval = percentile_interval(mean, confidence)
        value = float(np.mean([row[6] for row in same]))
        size = max(row[9] for row in same), max(row[10] for row in same)
        rows.append((model, "all", "all", role, target, name, value, *interval, *size))
    return rows


def targets_left_out(metrics: pd.DataFrame) -> list[str]:
    """Name the labels or regression targets that no mean over them can include.

    Parameters
    ----------
    metrics : pandas.DataFrame
        As of `evaluate`.

    Returns
    -------
    list of str
        Those that have a single value among the pooled test records, or none that is known; in the
        order of the table. Classes of a multiclass task aren't among them.
    """
    rows = metrics[(metrics["role"] == "test") & (metrics["repeat"].astype(str) == "all")]
    rows = rows[rows["target"].fillna("") != ""]
    share, r2 = (rows[rows["metric"] == name] for name in ("prevalence", "r2"))
    alike = [share[~share["value"].between(0, 1, inclusive="neither")], r2[r2["value"].isna()]]
    # Predictions that aren't finite have no R2 either, but those of other models have.
    others = set(r2.loc[r2["value"].notna(), "target"])
    return [name for name in dict.fromkeys(pd.concat(alike)["target"]) if name not in others]
