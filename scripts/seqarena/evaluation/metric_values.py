"""All metrics of a task under weights, from arrays of truths, predictions and decisions.

Every function takes weights of shape (n, b), as those of `weighted` do, and gives a dict by
(target, metric) of arrays of shape (b,), which holds the metrics of the task or those that are
wanted (and perhaps some that come with them). The target is empty for a metric over all classes,
labels or targets.

**Missing truths** (NaN, of labels and of several regression targets) count for nothing: each label
is measured on the records in which it is known.

**Means over labels** take the labels of which both a positive and a negative are among the records,
since the others have no area, no MCC and no F1 worth the name. In a bootstrap replicate too these
are the labels that occur in both ways *in the replicate*: the mean is then one and the same
function of the records, for the sample and for each replicate, and two models are always compared
on the same labels. Holding on to the labels of the sample would leave no interval at all as soon as
one label is so rare that a tenth of the replicates miss it (positives in two groups), however well
the others are known. So it is with the targets of a regression whose truth is constant.
"""

from collections.abc import Collection, Sequence

import numpy as np

from seqarena.evaluation import weighted
from seqarena.evaluation.metric_names import IN_UNITS, LABEL_METRICS, TASK_METRICS

# Single precision, in which networks predict, can't tell a probability within 1e-7 of 0 or 1 from
# 0 or 1, so no model is charged for more (Keras clips its cross-entropy at the same place).
SMALLEST_PROBABILITY = 1e-7
# Numbers in a block of weights of single entries, as `intervals.BLOCK_NUMBERS`.
_BLOCK_NUMBERS = 2**19

_MACRO = {"macro_auroc": "auroc", "macro_auprc": "auprc", "macro_f1": "f1", "macro_mcc": "mcc"}
_MICRO = {"micro_auroc": weighted.auroc, "micro_auprc": weighted.average_precision}

Values = dict[tuple[str, str], np.ndarray]


def binary_values(
    truth: np.ndarray,
    score: np.ndarray,
    decision: np.ndarray,
    weights: np.ndarray,
    wanted: Collection[str],
) -> Values:
    """Compute the metrics of a binary task; truth and decision are 0 or 1, shape (n,)."""
    wanted, positive, total = set(wanted), truth == 1, weights.sum(axis=0)
    values = {}
    if "auroc" in wanted:
        values["auroc"] = weighted.auroc(positive, score, weights)
    if "auprc" in wanted:
        values["auprc"] = weighted.average_precision(positive, score, weights)
    if wanted & {"mcc", "f1", "accuracy", "balanced_accuracy"}:
        labels = weighted.label_metrics(weighted.confusion(truth, decision, 2, weights))
        labels["f1"] = labels["f1"][1]
        values |= {name: labels[name] for name in TASK_METRICS["binary"] if name in labels}
    for name, loss in (
        ("prevalence", positive.astype(float)),
        ("brier", (score - positive) ** 2),
        ("log_loss", surprise(positive, score)),
    ):
        values[name] = weighted.ratio(loss @ weights, total)
    return {("", name): values[name] for name in TASK_METRICS["binary"] if name in values}


def multiclass_values(
    truth: np.ndarray,
    prediction: np.ndarray,
    decision: np.ndarray,
    classes: Sequence[str],
    weights: np.ndarray,
    wanted: Collection[str],
) -> Values:
    """Compute the metrics of a multiclass task; prediction is of shape (n, K)."""
    counts = weighted.confusion(truth, decision, len(classes), weights)
    found = weighted.label_metrics(counts) | {"support": counts.sum(axis=1)}
    if set(wanted) & {"macro_auroc", "auroc"}:
        areas = [weighted.auroc(truth == k, prediction[:, k], weights) for k in range(len(classes))]
        found["auroc"] = np.stack(areas)
        found["macro_auroc"] = weighted.mean_of_defined(found["auroc"])
    likelihood = prediction[np.arange(len(prediction)), truth]
    # Probabilities of single precision don't sum to exactly 1.
    likelihood = likelihood / np.maximum(prediction.sum(axis=1), SMALLEST_PROBABILITY)
    found["log_loss"] = weighted.ratio(-np.log(_clipped(likelihood)) @ weights, weights.sum(axis=0))
    values = {}
    for name in TASK_METRICS["multiclass"]:
        if name in found and found[name].ndim == 1:
            values["", name] = found[name]
        elif name in found:
            values |= {(str(c), name): v for c, v in zip(classes, found[name], strict=True)}
    return values


def multilabel_values(
    truth: np.ndarray,
    score: np.ndarray,
    decision: np.ndarray,
    labels: Sequence[str],
    weights: np.ndarray,
    wanted: Collection[str],
) -> Values:
    """Compute the metrics of a multilabel task.

    Truth (NaN where missing), score and decision are of shape (n, L). The log loss is a mean over
    all labels of all records that are known, as a network's loss is, and so are the micro areas
    over all of these as one set of scores.
    """
    wanted, values, of_label = set(wanted), {}, {}
    each = wanted | {_MACRO[name] for name in wanted & set(_MACRO)}
    if wanted - set(_MICRO) - {"log_loss"}:
        of_label = {
            str(label): _label_values(truth[:, k], score[:, k], decision[:, k], weights, each)
            for k, label in enumerate(labels)
        }
    for name in TASK_METRICS["multilabel"]:
        if name in LABEL_METRICS:
            values |= {(label, name): v[name] for label, v in of_label.items() if name in v}
        elif name not in wanted:
            continue
        elif name in _MACRO:
            one = [found[_MACRO[name]] for found in of_label.values()]
            values["", name] = weighted.mean_of_defined(np.stack(one))
        elif name in _MICRO:
            values["", name] = _micro(_MICRO[name], truth, score, weights)
        else:
            known = np.isfinite(truth)
            losses = np.where(known, surprise(truth == 1, score), 0.0).sum(axis=1)
            values["", name] = weighted.ratio(losses @ weights, known.sum(axis=1) @ weights)
    return values


def _label_values(
    truth: np.ndarray,
    score: np.ndarray,
    decision: np.ndarray,
    weights: np.ndarray,
    wanted: Collection[str],
) -> dict[str, np.ndarray]:
    """Measure one label on the records in which it is known."""
    known = np.isfinite(truth)
    if not known.all():
        truth, score, decision, weights = (
            truth[known],
            score[known],
            decision[known],
            weights[known],
        )
    found = binary_values(truth.astype(np.int64), score, decision, weights, wanted)
    values = {name: value for (_, name), value in found.items()}
    support = (truth == 1) @ weights
    if "f1" in values:
        both = (support > 0) & (support < weights.sum(axis=0))
        values["f1"] = np.where(both, values["f1"], np.nan)
    return values | {"support": support}


def _micro(area, truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Compute an area over all known labels of all records as one set of scores."""
    records, columns = np.nonzero(np.isfinite(truth))
    # The area sorts again for each block of replicates, which takes no time for what is sorted.
    order = np.argsort(score[records, columns], kind="stable")
    records, columns = records[order], columns[order]
    positive, score = truth[records, columns] == 1, score[records, columns]
    block = max(1, _BLOCK_NUMBERS // max(1, len(records)))
    parts = [
        area(positive, score, weights[records, start : start + block])
        for start in range(0, weights.shape[1], block)
    ]
    return np.concatenate(parts)


def regression_values(
    truth: np.ndarray,
    prediction: np.ndarray,
    targets: Sequence[str] | None,
    units: np.ndarray | None,
    weights: np.ndarray,
) -> Values:
    """Compute the metrics of one regression target, shape (n,), or of several, shape (n, T).

    Over several targets each metric is the mean, of errors in `units`, shape (T,), of each. A
    constant prediction, which has no correlation, counts as one of 0 there, so that no model gains
    by giving up a hard target.
    """
    if truth.ndim == 1:
        found = weighted.regression_metrics(truth, prediction, weights)
        return {("", name): value for name, value in found.items()}
    of_target = {}
    for k, name in enumerate(targets):
        known = np.isfinite(truth[:, k])
        columns = truth[known, k], prediction[known, k], weights[known]
        nothing = np.full(weights.shape[1], np.nan)
        of_target[str(name)] = (
            weighted.regression_metrics(*columns)
            if known.any()
            else dict.fromkeys(TASK_METRICS["regression"], nothing)
        )
    varies = np.stack([np.isfinite(found["r2"]) for found in of_target.values()])
    values = {}
    for metric in TASK_METRICS["regression"]:
        one = np.stack([found[metric] for found in of_target.values()])
        if metric in IN_UNITS:
            one = weighted.ratio(one, units[:, None])
        one = np.where(varies, np.nan_to_num(one), np.nan)
        values["", metric] = weighted.mean_of_defined(one)
    return values | {(name, m): v for name, found in of_target.items() for m, v in found.items()}


def surprise(positive: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Give the log loss of each probability of a positive class."""
    return -np.log(_clipped(np.where(positive, score, 1 - score)))


def _clipped(probability: np.ndarray) -> np.ndarray:
    return np.clip(probability, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
