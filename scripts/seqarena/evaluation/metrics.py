"""Metrics of predictions, with intervals.

A point is computed by the same code as a bootstrap replicate, with weights of one (`weighted`). An
undefined metric is NaN, never an error and never 0; so is every metric of predictions that aren't
finite.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqarena.evaluation import weighted
from seqarena.evaluation.intervals import group_weights, percentile_interval, replicate

METRIC_NAMES = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "prevalence": "prevalence",
    "mcc": "MCC",
    "f1": "F1",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "brier": "Brier score",
    "log_loss": "log loss",
    "macro_f1": "macro F1",
    "macro_auroc": "macro AUROC",
    "precision": "precision",
    "recall": "recall",
    "support": "support",
    "pearson": "Pearson correlation",
    "spearman": "Spearman correlation",
    "r2": "R2",
    "rmse": "RMSE",
    "mae": "MAE",
}
"""How people write each metric."""

TASK_METRICS = {
    "binary": (
        *("auroc", "auprc", "prevalence", "mcc", "f1"),
        *("accuracy", "balanced_accuracy", "brier", "log_loss"),
    ),
    "multiclass": (
        *("accuracy", "balanced_accuracy", "macro_f1", "mcc", "macro_auroc", "log_loss"),
        *("precision", "recall", "f1", "auroc", "support"),
    ),
    "regression": ("pearson", "spearman", "r2", "rmse", "mae"),
}
"""Metrics of each task; those of a multiclass task from "precision" on are of one class each."""

# What is measured of the data, not of the predictions.
_DESCRIBING = ("prevalence", "support")
_LOWER_IS_BETTER = ("brier", "log_loss", "rmse", "mae")
HIGHER_IS_BETTER = {
    name: name not in _LOWER_IS_BETTER for name in METRIC_NAMES if name not in _DESCRIBING
}
"""Direction of each metric. Prevalence and support describe the data, so they have none."""

# Single precision, in which networks predict, can't tell a probability within 1e-7 of 0 or 1 from
# 0 or 1, so no model is charged for more (Keras clips its cross-entropy at the same place).
SMALLEST_PROBABILITY = 1e-7
_KEYS = ["model", "repeat", "fold", "role"]
_COLUMNS = [*_KEYS, "target", "metric", "value", "low", "high", "n", "groups"]

Values = dict[tuple[str, str], np.ndarray]


@dataclass(frozen=True)
class PredictionTable:
    """Predictions with a row a record and run.

    Parameters
    ----------
    index : pandas.DataFrame
        Columns model, repeat, fold, role, record and cluster.
    truth : array, shape (n,)
        Class index, or value.
    prediction : array of float, shape (n,) or (n, K)
        Probability of the positive class or of each class, or value.
    decision : array of int or None, shape (n,)
        Decided class; None for regression.
    task : {"binary", "multiclass", "regression"}
        Kind of target.
    classes : sequence of str or None
        Names of the classes.
    """

    index: pd.DataFrame
    truth: np.ndarray
    prediction: np.ndarray
    decision: np.ndarray | None
    task: str
    classes: Sequence[str] | None

    def take(self, rows: np.ndarray) -> "PredictionTable":
        """Give the table of some rows (positions or a mask)."""
        decision = None if self.decision is None else self.decision[rows]
        parts = self.truth[rows], self.prediction[rows], decision
        return PredictionTable(self.index.iloc[rows], *parts, self.task, self.classes)

    def values(self, weights: np.ndarray, wanted: Collection[str] | None = None) -> Values:
        """Compute metrics under weights of shape (n, b).

        Returns a dict by (target, metric) of arrays of shape (b,), of all metrics of the task or
        of those in `wanted` (and perhaps some that come with them).
        """
        wanted = set(TASK_METRICS[self.task] if wanted is None else wanted)
        finite = np.isfinite(self.prediction).all()
        prediction = self.prediction if finite else np.nan_to_num(self.prediction)
        if self.task == "regression":
            found = weighted.regression_metrics(self.truth, prediction, weights)
            values = {("", name): value for name, value in found.items()}
        elif self.task == "binary":
            values = self._binary_values(prediction, weights, wanted)
        else:
            values = self._multiclass_values(prediction, weights, wanted)
        if finite:
            return values
        nan = np.full(weights.shape[1], np.nan)
        return {key: v if key[1] in _DESCRIBING else nan for key, v in values.items()}

    def _binary_values(self, score: np.ndarray, weights: np.ndarray, wanted: set) -> Values:
        positive, total = self.truth == 1, weights.sum(axis=0)
        values = {}
        if "auroc" in wanted:
            values["auroc"] = weighted.auroc(positive, score, weights)
        if "auprc" in wanted:
            values["auprc"] = weighted.average_precision(positive, score, weights)
        if wanted & {"mcc", "f1", "accuracy", "balanced_accuracy"}:
            labels = weighted.label_metrics(
                weighted.confusion(self.truth, self.decision, 2, weights)
            )
            labels["f1"] = labels["f1"][1]
            values |= {name: labels[name] for name in TASK_METRICS["binary"] if name in labels}
        likelihood = np.where(positive, score, 1 - score)
        for name, loss in (
            ("prevalence", positive.astype(float)),
            ("brier", (score - positive) ** 2),
            ("log_loss", -np.log(_clipped(likelihood))),
        ):
            values[name] = weighted.ratio(loss @ weights, total)
        return {("", name): values[name] for name in TASK_METRICS["binary"] if name in values}

    def _multiclass_values(
        self, prediction: np.ndarray, weights: np.ndarray, wanted: set
    ) -> Values:
        counts = weighted.confusion(self.truth, self.decision, len(self.classes), weights)
        found = weighted.label_metrics(counts) | {"support": counts.sum(axis=1)}
        if wanted & {"macro_auroc", "auroc"}:
            areas = [
                weighted.auroc(self.truth == k, prediction[:, k], weights)
                for k in range(len(self.classes))
            ]
            found["auroc"] = np.stack(areas)
            found["macro_auroc"] = weighted.mean_of_defined(found["auroc"])
        likelihood = prediction[np.arange(len(prediction)), self.truth]
        # Probabilities of single precision don't sum to exactly 1.
        likelihood = likelihood / np.maximum(prediction.sum(axis=1), SMALLEST_PROBABILITY)
        surprise = -np.log(_clipped(likelihood)) @ weights
        found["log_loss"] = weighted.ratio(surprise, weights.sum(axis=0))
        values = {}
        for name in TASK_METRICS["multiclass"]:
            if name in found and found[name].ndim == 1:
                values["", name] = found[name]
            elif name in found:
                values |= {
                    (str(c), name): v for c, v in zip(self.classes, found[name], strict=True)
                }
        return values


def _clipped(probability: np.ndarray) -> np.ndarray:
    return np.clip(probability, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)


def prediction_table(
    predictions: pd.DataFrame,
    task: str,
    classes: Sequence[str] | None,
    clusters: pd.DataFrame,
    thresholds: pd.DataFrame | None = None,
) -> PredictionTable:
    """Bring tidy predictions into the form that metrics are computed from.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Columns model, record, repeat, fold, role, target, truth and prediction; of a multiclass
        task a row a record and class.
    task : {"binary", "multiclass", "regression"}
        Kind of target.
    classes : sequence of str or None
        Names of the classes; None for regression.
    clusters : pandas.DataFrame
        Columns record and cluster.
    thresholds : pandas.DataFrame, optional
        As of `choose_thresholds`; needed for a binary task.

    Returns
    -------
    PredictionTable
        Sorted by model, repeat, fold, role and record, so that the order of the rows of
        `predictions` changes no number.

    Raises
    ------
    ValueError
        If a run has no threshold, a record no cluster or a record not one row a class.
    """
    keys = [*_KEYS, "record"]
    if task == "multiclass":
        names = pd.Index([str(c) for c in classes])
        rows = predictions.assign(_class=names.get_indexer(predictions["target"].astype(str)))
        rows = rows.sort_values([*keys, "_class"], ignore_index=True)
        if not np.array_equal(rows["_class"], np.resize(np.arange(len(names)), len(rows))):
            raise ValueError("the predictions don't have one row for each record and class")
        index = rows.loc[:: len(names), keys].reset_index(drop=True)
        prediction = rows["prediction"].to_numpy(dtype=float).reshape(-1, len(names))
        truth = rows["truth"].to_numpy().reshape(-1, len(names)).argmax(axis=1)
        decision = prediction.argmax(axis=1)
    else:
        rows = predictions.sort_values(keys, ignore_index=True)
        index, prediction = rows[keys], rows["prediction"].to_numpy(dtype=float)
        truth, decision = rows["truth"].to_numpy(dtype=float), None
    if task == "binary":
        truth = truth.astype(np.int64)
        runs = index[_KEYS[:3]].merge(thresholds, how="left", on=_KEYS[:3])
        if runs["threshold"].isna().any():
            raise ValueError("a run has no threshold; choose one on its validation predictions")
        decision = (prediction >= runs["threshold"].to_numpy()).astype(np.int64)
    if index.duplicated(["model", "repeat", "role", "record"]).any():
        raise ValueError("a record has two predictions in one role of a repeat")
    place = pd.Index(clusters["record"]).get_indexer(index["record"])
    if (place < 0).any():
        raise ValueError(f"the record {index['record'][place.argmin()]!r} has no cluster")
    index = index.assign(cluster=clusters["cluster"].to_numpy()[place])
    return PredictionTable(index, truth, prediction, decision, task, classes)


def choose_thresholds(predictions: pd.DataFrame, task: str) -> pd.DataFrame:
    """Choose, for each run, the score from which on a record is called positive.

    Parameters
    ----------
    predictions : pandas.DataFrame
        As of `prediction_table`. Only validation rows are looked at.
    task : {"binary", "multiclass", "regression"}
        Kind of target.

    Returns
    -------
    pandas.DataFrame
        Columns model, repeat, fold and threshold; no rows unless the task is binary. The threshold
        lies midway between two neighbouring scores and maximises MCC; of several such, the one
        nearest 0.5. It is 0.5 where none has an MCC above 0.
    """
    runs = predictions[(predictions["role"] == "validation") & (task == "binary")]
    rows = [
        (*key, best_threshold(part["truth"].to_numpy() == 1, part["prediction"].to_numpy(float)))
        for key, part in runs.groupby(_KEYS[:3], sort=False)
    ]
    return pd.DataFrame(rows, columns=[*_KEYS[:3], "threshold"])


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
    mcc = weighted.ratio(n * hits - records * n_positive, np.sqrt(spread))
    if not np.nanmax(mcc, initial=-1) > 0:
        return 0.5
    midway = (levels[1:] + levels[:-1]) / 2
    # Midway between neighbouring floats can round to the lower one, which must stay negative.
    midway = np.where(midway > levels[:-1], midway, levels[1:])
    best = midway[mcc >= np.nanmax(mcc) - 1e-12]
    return float(best[np.abs(best - 0.5).argmin()])


def evaluate(
    predictions: pd.DataFrame,
    task: str,
    classes: Sequence[str] | None,
    clusters: pd.DataFrame,
    thresholds: pd.DataFrame | None,
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Compute all metrics of all models, of each fold and pooled.

    Parameters
    ----------
    predictions, task, classes, clusters, thresholds
        As of `prediction_table`. In pooled predictions each record is decided on by the
        threshold of its own run.
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
        groups. Fold "all" pools the out-of-fold predictions of a repeat; repeat "all" and fold
        "all" is the mean over repeats of the pooled values, NaN if one of them is. Pooled test
        metrics have an interval: groups are resampled once, for all models and repeats alike.
        Pooling compares scores of different folds with each other, so ranking metrics come out a
        little below the mean over folds where models are calibrated differently (Forman and Scholz
        2010, SIGKDD Explor. 12:49).
    """
    table = prediction_table(predictions, task, classes, clusters, thresholds)
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
    size = len(table.index), table.index["cluster"].nunique()
    points = table.values(np.ones((len(table.index), 1)))
    rows = []
    for (target, name), value in points.items():
        interval = (np.nan, np.nan)
        if drawn is not None and name != "support":
            interval = percentile_interval(drawn[target, name], confidence)
        rows.append((*key, target, name, float(value[0]), *interval, *size))
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


def degenerate_models(metrics: pd.DataFrame) -> set[str]:
    """Find the models that predict the same for every record.

    Parameters
    ----------
    metrics : pandas.DataFrame
        As of `evaluate`.

    Returns
    -------
    set of str
        Models whose test predictions are constant (or not finite) in more than half of their runs.
        Each fold has a constant of its own, so pooled predictions don't show it.
    """
    constant = constant_runs(metrics)
    return {model for model, share in constant.groupby(level="model").mean().items() if share > 0.5}


def constant_runs(metrics: pd.DataFrame) -> pd.Series:
    """Tell which runs predicted the same for every test record.

    Parameters
    ----------
    metrics : pandas.DataFrame
        As of `evaluate`.

    Returns
    -------
    pandas.Series of bool
        By model, repeat and fold (str). Constant scores have an AUROC of exactly 0.5 in each class
        and an MCC of 0, constant values no correlation (though truth varies, or R2 would be
        undefined), predictions that aren't finite no error.
    """
    runs = metrics[(metrics["role"] == "test") & (metrics["fold"] != "all")]
    runs = runs[runs["target"].fillna("") == ""]
    values = {name: part.set_index(_KEYS[:3])["value"] for name, part in runs.groupby("metric")}
    if "pearson" in values:
        truth_varies = values["r2"].notna()
        return (values["pearson"].isna() & truth_varies) | values["rmse"].isna()
    area = values["auroc" if "auroc" in values else "macro_auroc"]
    return ((area == 0.5) & (values["mcc"] == 0)) | values["log_loss"].isna()
