"""The losses that settings name, and how much each record counts in them."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from seqarena.errors import InputError
from seqarena.models.settings import Settings


def loss_function(name: str) -> Callable[[Any, Any], Any]:
    """A loss by Keras' name as a function (truth, prediction), (n, outputs) each, -> (n,)."""
    loss = keras.losses.get(name)
    return loss.call if isinstance(loss, keras.losses.Loss) else loss


class TaskLoss:
    """A loss by Keras' name, as a task computes it.

    Of one target, or several classes, it is a number a record. Of several labels or numbers it is
    one an entry, each computed by itself, since Keras averages over the last axis: an entry whose
    truth is missing (NaN) then counts nowhere.

    Parameters
    ----------
    name : str
        As Keras has it.
    task : {"binary", "multiclass", "multilabel", "regression"}
        What is predicted.
    n_outputs : int
        Numbers that the network predicts of a record.

    Attributes
    ----------
    entrywise : bool
        Whether there is a loss an entry.
    """

    def __init__(self, name: str, task: str, n_outputs: int):
        self._loss = loss_function(name)
        self.entrywise = n_outputs > 1 and task != "multiclass"

    def __call__(self, truth, prediction):
        """Losses (n,), or (n, outputs) with 0 where the truth is NaN."""
        if not self.entrywise:
            return self._loss(truth, prediction)
        truth, prediction = ops.convert_to_tensor(truth), ops.convert_to_tensor(prediction)
        missing = ops.isnan(truth)
        # Filled in before the loss: a gradient through NaN is NaN even where it is left out.
        known = ops.where(missing, ops.zeros_like(truth), truth)
        losses = self._loss(ops.reshape(known, (-1, 1)), ops.reshape(prediction, (-1, 1)))
        losses = ops.reshape(losses, ops.shape(truth))
        return ops.where(missing, ops.zeros_like(losses), losses)

    def weighted_sum(self, truth, prediction, weights):
        """Sum over the entries that are there, each loss times its weight; in the graph.

        `weights` has the shape of the losses.
        """
        return ops.sum(self(truth, prediction) * weights)

    def count(self, truth):
        """Entries that are there, at least 1: what a sum is divided by for a mean; in the graph."""
        if not self.entrywise:
            return ops.cast(ops.shape(truth)[0], "float32")
        there = ops.logical_not(ops.isnan(truth))
        return ops.maximum(ops.sum(ops.cast(there, "float32")), 1.0)

    def mean(self, truth: np.ndarray, prediction: np.ndarray) -> float:
        """Mean over the entries that are there; NaN if none is."""
        losses = np.asarray(self(truth, prediction))
        if self.entrywise:
            losses = losses[~np.isnan(truth)]
        return float(losses.mean()) if losses.size else float("nan")


FITTING_LOSSES = {
    "binary": "binary_crossentropy, binary_focal_crossentropy, mean_squared_error, hinge",
    "multiclass": "categorical_crossentropy, categorical_focal_crossentropy, kl_divergence, "
    "mean_squared_error",
    "regression": "mean_squared_error, mean_absolute_error, huber, log_cosh",
}
FITTING_LOSSES["multilabel"] = FITTING_LOSSES["binary"]


def check_loss(name: str, task: str, n_outputs: int, model_name: str) -> None:
    """Try a loss on a few predictions: one a record, and lower for the better prediction.

    Keras takes any loss for any task, and some then teach nothing: a categorical cross-entropy of
    one output is always 0. Several labels or numbers are tried as one, as `TaskLoss` computes them.

    Raises
    ------
    InputError
        Naming the model, the loss and what fits.
    """
    if task == "regression":
        truth = np.array([[-1.5], [-0.5], [0.5], [1.5]], np.float32)
        right, wrong = truth + np.float32(0.1), [truth + 1, truth - 1]
    elif task != "multiclass":
        truth = np.array([[0], [1]], np.float32)
        right, wrong = 0.8 * truth + np.float32(0.1), [0.9 - 0.8 * truth]
    else:
        truth = np.eye(n_outputs, dtype=np.float32)
        right = np.where(truth > 0, 0.9, 0.1 / (n_outputs - 1)).astype(np.float32)
        wrong = [np.roll(right, 1, axis=1)]
    function = loss_function(name)
    try:
        low, *high = (np.asarray(function(truth, given)) for given in (right, *wrong))
    except Exception:  # each loss fails in a way of its own
        problem = "Keras can't compute it there"
    else:
        if low.shape != (len(truth),):
            problem = "it isn't one number a record"
        elif all((low < other).all() for other in high):
            return
        else:
            problem = "it isn't lower for better predictions there"
    raise InputError(
        f"Model {model_name!r}: the loss {name!r} doesn't fit a {task} task: {problem}.",
        remedy=f"leave loss out, or take one that fits, such as {FITTING_LOSSES[task]}",
    )


def smooth(truth: np.ndarray, share: float, task: str) -> np.ndarray:
    """Labels with a share of each spread evenly over the classes; missing ones stay NaN."""
    if not share or task == "regression":
        return truth
    classes = truth.shape[1] if task == "multiclass" else 2
    return truth * np.float32(1 - share) + np.float32(share / classes)


def class_weights_of(settings: Settings, targets: np.ndarray, classes: list[str]) -> np.ndarray:
    """Weight of each class, scaled so that the training records' weights have the mean 1.

    Parameters
    ----------
    settings : Settings
        Holds `class_weights`.
    targets : numpy.ndarray
        Class indices of the training records.
    classes : list of str
        Names by index.

    Returns
    -------
    numpy.ndarray
        float64 (classes,).
    """
    counts = np.bincount(targets, minlength=len(classes)).astype(float)
    if settings.class_weights is None:
        return np.ones(len(classes))
    if settings.class_weights == "balanced":
        weights = 1 / np.maximum(counts, 1)
    else:
        weights = _by_name(settings, classes)
    return weights * counts.sum() / max((weights * counts).sum(), 1e-12)


def label_weights_of(settings: Settings, targets: np.ndarray, labels: list[str]) -> np.ndarray:
    """Weights of the negatives and positives of each label, whose mean over training entries is 1.

    Parameters
    ----------
    settings : Settings
        Holds `class_weights`: "balanced" makes both sides of a label count the same and each label
        as it would otherwise; a mapping gives weights of whole labels.
    targets : numpy.ndarray
        0, 1 or NaN by training record and label.
    labels : list of str
        Names by column.

    Returns
    -------
    numpy.ndarray
        float64 (2, labels).
    """
    counts = np.stack([(targets == value).sum(axis=0) for value in (0, 1)]).astype(float)
    if settings.class_weights is None:
        return np.ones((2, len(labels)))
    if settings.class_weights == "balanced":
        weights = 1 / np.maximum(counts, 1)
        return weights * counts.sum(axis=0) / np.maximum((weights * counts).sum(axis=0), 1e-12)
    weights = np.tile(_by_name(settings, labels), (2, 1))
    return weights * counts.sum() / max((weights * counts).sum(), 1e-12)


def _by_name(settings: Settings, names: list[str]) -> np.ndarray:
    """Weights as the settings give them; 1 where they give none."""
    named = {str(name): value for name, value in settings.class_weights.items()}
    return np.array([named.get(name, 1.0) for name in names])


def training_weights(settings: Settings, dataset, train: np.ndarray) -> np.ndarray:
    """Weight of each record, or of each of its entries, in the training loss.

    Parameters
    ----------
    settings : Settings
        Holds `class_weights`.
    dataset : seqarena.data.dataset.Dataset
        Holds the targets, and perhaps weights of its records.
    train : numpy.ndarray
        Rows of the training records.

    Returns
    -------
    numpy.ndarray
        float32 (n,), or (n, targets) where there are several labels or numbers. The training
        records' weights have the mean 1.

    Raises
    ------
    InputError
        If all training records have the weight 0.
    """
    targets = dataset.targets
    weights = np.ones(targets.shape)
    if dataset.task in ("binary", "multiclass"):
        weights = class_weights_of(settings, targets[train], dataset.classes)[targets]
    elif dataset.task == "multilabel":
        by_label = label_weights_of(settings, targets[train], dataset.target_names)
        weights = np.where(targets == 1, by_label[1], by_label[0])
    if "weight" in dataset.records:
        weights = (weights.T * dataset.weights).T
        total = weights[train][~np.isnan(targets[train])]
        if not total.any():
            raise InputError(
                "All training records of a fold have the weight 0.",
                remedy="give some of them weight, or leave labels.weight out",
            )
        weights = weights / total.mean()
    return weights.astype(np.float32)
