"""Predictions in the form that metrics are computed from: arrays with a row a record and run."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqarena.evaluation.metric_names import DESCRIBING, TASK_METRICS
from seqarena.evaluation.metric_values import (
    Values,
    binary_values,
    multiclass_values,
    multilabel_values,
    regression_values,
)

RUN = ["model", "repeat", "fold"]
"""Columns that name a run."""
_KEYS = [*RUN, "role", "record"]


@dataclass(frozen=True)
class PredictionTable:
    """Predictions with a row a record and run.

    Parameters
    ----------
    index : pandas.DataFrame
        Columns model, repeat, fold, role, record and cluster.
    truth : array, shape (n,) or (n, T)
        Class index, or value; of several labels or regression targets float with NaN where missing.
    prediction : array of float, shape (n,), (n, K) or (n, T)
        Probability of the positive class, of each class or of each label, or values.
    decision : array of int or None, shape (n,) or (n, T)
        Decided class, or whether each label is called; None for regression.
    task : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target.
    names : sequence of str or None
        Names of the classes, or of the labels or regression targets.
    units : array of float or None, shape (T,)
        Standard deviation of each of several regression targets over the test records; else None.
    """

    index: pd.DataFrame
    truth: np.ndarray
    prediction: np.ndarray
    decision: np.ndarray | None
    task: str
    names: Sequence[str] | None
    units: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> "PredictionTable":
        """Give the table of some rows (positions or a mask)."""
        decision = None if self.decision is None else self.decision[rows]
        parts = self.truth[rows], self.prediction[rows], decision
        return PredictionTable(self.index.iloc[rows], *parts, self.task, self.names, self.units)

    def values(self, weights: np.ndarray, wanted: Collection[str] | None = None) -> Values:
        """Compute metrics under weights of shape (n, b).

        Returns a dict by (target, metric) of arrays of shape (b,), of all metrics of the task or
        of those in `wanted` (and perhaps some that come with them).
        """
        wanted = TASK_METRICS[self.task] if wanted is None else wanted
        finite = np.isfinite(self.prediction).all()
        prediction = self.prediction if finite else np.nan_to_num(self.prediction)
        truth, decision = self.truth, self.decision
        if self.task == "regression":
            values = regression_values(truth, prediction, self.names, self.units, weights)
        elif self.task == "binary":
            values = binary_values(truth, prediction, decision, weights, wanted)
        else:
            measure = multiclass_values if self.task == "multiclass" else multilabel_values
            values = measure(truth, prediction, decision, self.names, weights, wanted)
        if finite:
            return values
        nan = np.full(weights.shape[1], np.nan)
        return {key: v if key[1] in DESCRIBING else nan for key, v in values.items()}

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Count records and groups by target (empty: all records); missing truths don't count."""
        groups = self.index["cluster"].to_numpy()
        counts = {"": (len(groups), len(np.unique(groups)))}
        if masks_truth(self.task, self.names):
            for name, column in zip(self.names, self.truth.T, strict=True):
                known = groups[np.isfinite(column)]
                counts[str(name)] = len(known), len(np.unique(known))
        return counts

    def one_label(self, k: int) -> "PredictionTable":
        """Give one label of a multilabel task as a binary task on the records that have it."""
        return self._entries(np.flatnonzero(np.isfinite(self.truth[:, k])), k)

    def all_labels(self) -> "PredictionTable":
        """Give all labels of a multilabel task as one binary task, with a row a known label."""
        return self._entries(*np.nonzero(np.isfinite(self.truth)))

    def _entries(self, rows: np.ndarray, columns: np.ndarray | int) -> "PredictionTable":
        parts = (array[rows, columns] for array in (self.truth, self.prediction, self.decision))
        truth, *others = parts
        return PredictionTable(
            self.index.iloc[rows], truth.astype(np.int64), *others, "binary", None
        )


def names_of(summary: Mapping) -> Sequence[str] | None:
    """Read from the summary of a dataset the names that `prediction_table` takes."""
    return summary["classes"] or summary.get("targets")


def masks_truth(task: str, names: Sequence[str] | None) -> bool:
    """Tell whether a record has several truths, any of which may be missing."""
    return task == "multilabel" or (task == "regression" and names is not None and len(names) > 1)


def prediction_table(
    predictions: pd.DataFrame,
    task: str,
    names: Sequence[str] | None,
    clusters: pd.DataFrame,
    thresholds: pd.DataFrame | None = None,
) -> PredictionTable:
    """Bring tidy predictions into the form that metrics are computed from.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Columns model, record, repeat, fold, role, target, truth and prediction; a row a record and
        class of a multiclass task, a row a record and target where there are several labels or
        regression targets (truth is NaN where missing).
    task : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target.
    names : sequence of str or None
        Names of the classes, labels or regression targets; one regression target needs none.
    clusters : pandas.DataFrame
        Columns record and cluster.
    thresholds : pandas.DataFrame, optional
        As of `thresholds.choose_thresholds`; needed for a binary and a multilabel task.

    Returns
    -------
    PredictionTable
        Sorted by model, repeat, fold, role and record, so that the order of the rows of
        `predictions` changes no number.

    Raises
    ------
    ValueError
        If a run has no threshold, a record no cluster or a record not one row a class or target.
    """
    decision, units = None, None
    if task == "multiclass" or masks_truth(task, names):
        index, truth, prediction = _wide(predictions, names)
    else:
        rows = predictions.sort_values(_KEYS, ignore_index=True)
        index, prediction = rows[_KEYS], rows["prediction"].to_numpy(dtype=float)
        truth = rows["truth"].to_numpy(dtype=float)
    if task == "binary":
        truth = truth.astype(np.int64)
        decision = (prediction >= _limits(index, thresholds, [""])[:, 0]).astype(np.int64)
    elif task == "multiclass":
        truth, decision = truth.argmax(axis=1), prediction.argmax(axis=1)
    elif task == "multilabel":
        decision = (prediction >= _limits(index, thresholds, names)).astype(np.int64)
    elif truth.ndim == 2:
        units = _units(index, truth)
    if index.duplicated(["model", "repeat", "role", "record"]).any():
        raise ValueError("a record has two predictions in one role of a repeat")
    place = pd.Index(clusters["record"]).get_indexer(index["record"])
    if (place < 0).any():
        raise ValueError(f"the record {index['record'][place.argmin()]!r} has no cluster")
    index = index.assign(cluster=clusters["cluster"].to_numpy()[place])
    return PredictionTable(index, truth, prediction, decision, task, names, units)


def _wide(
    predictions: pd.DataFrame, names: Sequence[str]
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Give the records, and truths and predictions with a column a name."""
    names = pd.Index([str(name) for name in names])
    rows = predictions.assign(_column=names.get_indexer(predictions["target"].astype(str)))
    rows = rows.sort_values([*_KEYS, "_column"], ignore_index=True)
    if not np.array_equal(rows["_column"], np.resize(np.arange(len(names)), len(rows))):
        raise ValueError("the predictions don't have one row for each record and class or target")
    index = rows.loc[:: len(names), _KEYS].reset_index(drop=True)
    columns = (rows[name].to_numpy(dtype=float) for name in ("truth", "prediction"))
    truth, prediction = (column.reshape(-1, len(names)) for column in columns)
    return index, truth, prediction


def _limits(
    index: pd.DataFrame, thresholds: pd.DataFrame | None, names: Sequence[str]
) -> np.ndarray:
    """Give the threshold of each row for each name, shape (n, L)."""
    wide = thresholds.assign(target=thresholds["target"].fillna("").astype(str)).pivot_table(
        index=RUN, columns="target", values="threshold"
    )
    wide = wide.reindex(columns=[str(name) for name in names])
    limits = wide.reindex(pd.MultiIndex.from_frame(index[RUN])).to_numpy(dtype=float)
    if np.isnan(limits).any():
        raise ValueError("a run has no threshold; choose one on its validation predictions")
    return limits


def _units(index: pd.DataFrame, truth: np.ndarray) -> np.ndarray:
    """Give the standard deviation of each target over the test records, of which each counts once.

    It is one for all folds and models, so that errors in these units can be compared.
    """
    tested = (index["role"] == "test") & ~index.duplicated(["role", "record"])
    columns = pd.DataFrame(truth[tested.to_numpy()])
    return columns.std(ddof=0).to_numpy()
