"""From which score on a record is called positive, chosen on validation records."""

import numpy as np
import pandas as pd

from seqarena.evaluation.weighted import ratio

_RUN = ["model", "repeat", "fold"]


def choose_thresholds(predictions: pd.DataFrame, task: str) -> pd.DataFrame:
    """Choose, for each run, the score from which on a record is called positive.

    Parameters
    ----------
    predictions : pandas.DataFrame
        As of `prediction_table.prediction_table`. Only validation rows whose truth is known are
        looked at.
    task : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target.

    Returns
    -------
    pandas.DataFrame
        Columns model, repeat, fold, target (the label, or empty for a binary task) and threshold;
        no rows for other tasks. The threshold lies midway between two neighbouring scores and
        maximises MCC; of several such, the one nearest 0.5. It is 0.5 where none has an MCC above
        0, as of a label that no validation record has.
    """
    keys = [*_RUN, "target"]
    runs = predictions[predictions["role"] == "validation"]
    if task == "binary":
        runs = runs.assign(target="")
    elif task != "multilabel":
        runs = runs[:0]
    rows = []
    for key, part in runs.groupby(keys, sort=False):
        known = part[part["truth"].notna()]
        positive, score = known["truth"].to_numpy() == 1, known["prediction"].to_numpy(float)
        rows.append((*key, best_threshold(positive, score)))
    return pd.DataFrame(rows, columns=[*keys, "threshold"])


def best_threshold(positive: np.ndarray, score: np.ndarray) -> float:
    """Find the threshold of greatest MCC, as `choose_thresholds` describes it.

    Parameters
    ----------
    positive : array of bool, shape (n,)
        Whether each record is of the positive class.
    score : array of float, shape (n,)
        A record is called positive if its score is at least the threshold.

    Returns
    -------
    float
    """
    if not np.isfinite(score).all():
        return 0.5
    levels, place = np.unique(score, return_inverse=True)
    if len(levels) < 2:
        return 0.5
    records = np.bincount(place)[::-1].cumsum()[::-1][1:]
    hits = np.bincount(place, weights=positive)[::-1].cumsum()[::-1][1:]
    n, n_positive = len(score), positive.sum()
    spread = records * (n - records) * float(n_positive * (n - n_positive))
    mcc = ratio(n * hits - records * n_positive, np.sqrt(spread))
    if not np.nanmax(mcc, initial=-1) > 0:
        return 0.5
    midway = (levels[1:] + levels[:-1]) / 2
    # Midway between neighbouring floats can round to the lower one, which must stay negative.
    midway = np.where(midway > levels[:-1], midway, levels[1:])
    best = midway[mcc >= np.nanmax(mcc) - 1e-12]
    return float(best[np.abs(best - 0.5).argmin()])
