"""What metrics are without information on the sequence."""

import numpy as np
import pandas as pd

from seqarena.evaluation import weighted


def chance_levels(pooled: pd.DataFrame) -> dict[str, float]:
    """Give what the metrics are without information on the sequence.

    Parameters
    ----------
    pooled : pandas.DataFrame
        Rows of `metrics.evaluate` for test records, pooled over folds and repeats.

    Returns
    -------
    dict of str to float
        By metric, the value of the best constant prediction (of a random order for areas); metrics
        for which it isn't known are left out. A constant of several labels is one for each, so the
        micro areas are those of scores that tell frequent labels from rare ones, and no more.
    """
    over_all = pooled["target"].fillna("") == ""
    values = pooled[over_all].groupby("metric")["value"].first()
    if "rmse" in values:
        spread = 1.0 if not over_all.all() else target_spread(pooled)
        return {"pearson": 0.0, "spearman": 0.0, "r2": 0.0, "rmse": spread}
    if "macro_auprc" in values:
        return _of_labels(pooled[~over_all])
    chance = {"auroc": 0.5, "macro_auroc": 0.5, "mcc": 0.0}
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


def target_spread(pooled: pd.DataFrame) -> float:
    """Estimate the standard deviation of the one target of a regression from its metrics.

    From R2 = 1 - RMSE^2 / variance; the mean over repeats makes it a close estimate.
    """
    rmse, r2 = (
        pooled[pooled["metric"] == name].set_index("model")["value"] for name in ("rmse", "r2")
    )
    return float((rmse / np.sqrt(1 - r2.where(r2 < 1))).median())


def _of_labels(rows: pd.DataFrame) -> dict[str, float]:
    """Give the chance levels of a multilabel task from its rows of single labels."""
    rows = rows[rows["metric"] == "prevalence"].drop_duplicates("target")
    rows = rows[rows["n"] > 0]
    p, n = rows["value"].to_numpy(dtype=float), rows["n"].to_numpy(dtype=float)
    both = (p > 0) & (p < 1)
    likelihood = np.where(both, p, 0.5)
    entropy = -(p * np.log(likelihood) + (1 - p) * np.log(1 - likelihood))
    positive, score = np.repeat([True, False], len(p)), np.concatenate([p, p])
    entries = np.concatenate([p * n, (1 - p) * n])[:, None]
    chance = {
        "macro_auroc": 0.5,
        "macro_auprc": _mean(p[both]),
        "micro_auroc": float(weighted.auroc(positive, score, entries)[0]),
        "micro_auprc": float(weighted.average_precision(positive, score, entries)[0]),
        "macro_f1": _mean(2 * p[both] / (1 + p[both])),
        "macro_mcc": 0.0,
        "log_loss": float(weighted.ratio(np.where(both, entropy, 0) @ n, n.sum())),
    }
    return {name: value for name, value in chance.items() if np.isfinite(value)}


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan
