"""Whether predicted probabilities mean what they say, before and after temperature scaling.

Temperature scaling (Guo et al. 2017, ICML, PMLR 70:1321) divides the logits of a model by one
number, its temperature. It is fitted, for each run, on the validation records of that run and then
applied to its test records. A temperature above 1 makes probabilities less extreme. The order of
binary predictions within a run stays as it is, and with it AUROC, AUPRC and every decision (a
threshold moves with the scores); of several classes the most probable one stays the most probable,
though the order of records within one class may change. Pooled over folds, orders can change in
either case, since each fold has a temperature of its own.

Each label of a multilabel task has a temperature of its own, as it has a threshold: it is a binary
question with its own output, and has as many validation records as a binary task. One temperature
for all would be that of the labels with the most known records, and couldn't mend one label that is
too sure and another that is not sure enough. The order of records of a label stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, softmax

from seqarena.evaluation.intervals import group_weights, percentile_interval, replicate
from seqarena.evaluation.metric_values import SMALLEST_PROBABILITY, surprise
from seqarena.evaluation.prediction_table import RUN, PredictionTable, prediction_table
from seqarena.evaluation.reliability import (
    BIN_COLUMNS,
    calibration_error,
    equal_mass_bins,
    number_of_bins,
    reliability_table,
)
from seqarena.evaluation.weighted import ratio

# The logits of probabilities between 1e-7 and 1 - 1e-7 lie within 16.1. The highest temperature
# brings the surest prediction to a probability of 0.69, the lowest one brings one of 0.69 to the
# very end of the scale: beyond either, hardly anything is left to change. Predictions that are
# worse than none come to the upper limit, where they say next to nothing.
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.05, 20.0

_KEYS = ["model", "stage", "target"]
_COLUMNS = [*_KEYS, "metric", "value", "low", "high", "n", "groups"]
_LOSSES = ["brier", "log_loss"]


def fit_temperature(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Find the temperature of least log loss.

    The log loss is convex in the inverse of the temperature, so its slope has at most one root.
    Probabilities are clipped at 1e-7, as in the log loss that is reported.

    Parameters
    ----------
    prediction : array of float, shape (n,) or (n, K)
        Probability of the positive class, or of each class.
    truth : array of int, shape (n,)
        Class indices (0 or 1, where `prediction` is of the positive class).

    Returns
    -------
    float
        From 0.05 to 20. It is 1, so predictions stay as they are, where there is nothing to fit it
        to: no records, records of one class, the same prediction for all of them, or the true class
        the most probable one in every record. (The lower the temperature, the lower the log loss
        would then be, without end, and the first error among other records would cost the more.)
        NaN if a prediction isn't finite.
    """
    if not np.isfinite(prediction).all():
        return np.nan
    if len(truth) == 0 or (truth == truth[0]).all() or (prediction == prediction[0]).all():
        return 1.0
    logits = _log_probabilities(prediction)
    of_truth = logits[np.arange(len(logits)), truth]
    if ((logits >= of_truth[:, None]).sum(axis=1) == 1).all():
        return 1.0

    def slope(inverse: float) -> float:
        expected = (softmax(inverse * logits, axis=1) * logits).sum(axis=1)
        return (expected - of_truth).mean()

    least, most = 1 / HIGHEST_TEMPERATURE, 1 / LOWEST_TEMPERATURE
    if slope(least) >= 0:
        return HIGHEST_TEMPERATURE
    if slope(most) <= 0:
        return LOWEST_TEMPERATURE
    return 1 / brentq(slope, least, most)


def scale(prediction: np.ndarray, temperature: float) -> np.ndarray:
    """Divide the logits of predictions by a temperature.

    Parameters
    ----------
    prediction : array of float, shape (n,) or (n, K)
        Probability of the positive class, or of each class.
    temperature : float
        Positive. 1 leaves the predictions untouched, NaN makes them NaN.

    Returns
    -------
    numpy.ndarray of float64, of the same shape
        Probabilities; of several classes they sum to 1.
    """
    if temperature == 1:
        return prediction
    # A prediction that isn't finite stays so, for whoever measures it to see.
    logits = _log_probabilities(prediction) / temperature
    return softmax(logits, axis=1) if prediction.ndim == 2 else expit(logits[:, 1] - logits[:, 0])


def _log_probabilities(prediction: np.ndarray) -> np.ndarray:
    """Give the logarithms of the clipped probabilities of all classes, shape (n, K)."""
    if prediction.ndim == 1:
        prediction = np.stack([1 - prediction, prediction], axis=1)
    return np.log(np.clip(_normalised(prediction), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY))


def _normalised(prediction: np.ndarray) -> np.ndarray:
    """Let the probabilities of a record (n, K) sum to 1, which those of single precision don't."""
    with np.errstate(invalid="ignore"):
        total = prediction.sum(axis=1, keepdims=True)
        return prediction / np.maximum(total, SMALLEST_PROBABILITY)


def calibrate(
    predictions: pd.DataFrame,
    task: str,
    names: Sequence[str],
    clusters: pd.DataFrame,
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Fit a temperature to every run and measure all models before and after it.

    Parameters
    ----------
    predictions, task, names, clusters
        As of `prediction_table.prediction_table`; the task is "binary", "multiclass" or
        "multilabel".
    n_bootstrap : int, default 1000
        Number of bootstrap replicates.
    confidence : float, default 0.95
        Of the intervals.
    seed : int, default 0
        Same seed, same intervals; the replicates are those of `metrics.evaluate`.

    Returns
    -------
    calibration : pandas.DataFrame
        Columns model, stage ("before" or "after"), target, metric, value, low, high, n and groups:
        of the test predictions, pooled over the folds of a repeat and averaged over repeats. NaN if
        a prediction isn't finite. The target is empty, or a label of a multilabel task, measured as
        a binary task on the records in which it is known; empty, these are all known labels of all
        records as one set of predictions (where labels that err to different sides may cancel).
        The metrics are "brier", "log_loss" and "ece":

        - brier: the squared difference of probability and outcome (1 or 0). With several classes it
          is summed over them (Brier 1950, Mon. Weather Rev. 78:1), so it lies between 0 and 2.
        - log_loss: as of `metrics.evaluate`.
        - ece: the expected calibration error in 15 bins of equal mass (fewer where there are fewer
          than 150 groups), less what chance adds (`reliability.calibration_error`). The probability
          is that of the positive class, with several classes that of the most probable one. NaN
          where all test records are of one group: what chance adds is then unknown.
    temperatures : pandas.DataFrame
        Columns model, repeat, fold, target (a label, or empty) and temperature; as of
        `fit_temperature`.
    reliability : pandas.DataFrame
        Columns model, stage, target, then those of `reliability.reliability_table`, with the bins
        of the ECE. Of the first repeat alone, so that no record counts twice. No rows for a model
        whose predictions aren't finite.

    Raises
    ------
    ValueError
        If the task is another one, or as `prediction_table.prediction_table`.
    """
    if task == "regression":
        raise ValueError(f"a {task} task has no probabilities to calibrate")
    # Decisions play no part here, but the table wants a threshold for each run.
    targets = [str(name) for name in names] if task == "multilabel" else [""]
    thresholds = predictions[RUN].drop_duplicates().assign(threshold=0.5)
    thresholds = thresholds.merge(pd.DataFrame({"target": targets}), how="cross")
    table = prediction_table(predictions, task, names, clusters, thresholds)
    temperatures = _fit_runs(table, targets)
    test = table.take(np.flatnonzero(table.index["role"] == "test"))
    stages = {"before": test, "after": _scaled(test, temperatures, targets)}
    universe = np.unique(test.index["cluster"])
    weights = group_weights(len(universe), n_bootstrap, seed) if len(universe) > 1 else None
    rows, bins = [], []
    for model, places in test.index.groupby("model", sort=False).indices.items():
        for stage, scores in stages.items():
            for target, part in _by_target(scores.take(places)).items():
                repeats = [part.take(r) for r in part.index.groupby("repeat").indices.values()]
                measured = [_measure(repeat, universe, weights) for repeat in repeats]
                key = dict(zip(_KEYS, (model, stage, target), strict=True))
                rows += [(*key.values(), *row) for row in _summarise(measured, confidence)]
                if np.isfinite(repeats[0].prediction).all():
                    bins.append(_reliability(repeats[0], confidence).assign(**key))
    reliability = pd.concat(bins, ignore_index=True) if bins else pd.DataFrame()
    return (
        pd.DataFrame(rows, columns=_COLUMNS),
        temperatures,
        reliability.reindex(columns=[*_KEYS, *BIN_COLUMNS]),
    )


def _by_target(table: PredictionTable) -> dict[str, PredictionTable]:
    """Give what is measured: the table itself, or all its labels at once and then each of them."""
    if table.task != "multilabel":
        return {"": table}
    labels = {str(name): table.one_label(k) for k, name in enumerate(table.names)}
    return {"": table.all_labels()} | {k: part for k, part in labels.items() if len(part.index)}


def _fit_runs(table: PredictionTable, targets: Sequence[str]) -> pd.DataFrame:
    """Fit the temperature of each run (and label) to its validation records."""
    validation = table.take(np.flatnonzero(table.index["role"] == "validation"))
    held = validation.index.groupby(RUN).indices
    rows = []
    for run in table.index.groupby(RUN).indices:
        part = validation.take(held.get(run, np.arange(0)))
        for k, target in enumerate(targets):
            one = part.one_label(k) if table.task == "multilabel" else part
            rows.append((*run, target, fit_temperature(one.prediction, one.truth)))
    return pd.DataFrame(rows, columns=[*RUN, "target", "temperature"])


def _scaled(
    test: PredictionTable, temperatures: pd.DataFrame, targets: Sequence[str]
) -> PredictionTable:
    """Apply to each run (and label) its temperature."""
    of_run = temperatures.set_index([*RUN, "target"])["temperature"]
    prediction = np.array(test.prediction)
    for run, places in test.index.groupby(RUN).indices.items():
        if test.task != "multilabel":
            prediction[places] = scale(prediction[places], of_run[(*run, "")])
            continue
        for k, target in enumerate(targets):
            prediction[places, k] = scale(prediction[places, k], of_run[(*run, target)])
    return replace(test, prediction=prediction)


@dataclass(frozen=True)
class _Measured:
    """One repeat of a model: losses (2,), gaps (bins,), and both in replicates (or None)."""

    losses: np.ndarray
    gaps: np.ndarray
    drawn_losses: np.ndarray | None
    drawn_gaps: np.ndarray | None
    n: int
    n_groups: int


def _measure(part: PredictionTable, universe: np.ndarray, weights: np.ndarray | None) -> _Measured:
    """Measure pooled predictions: everything is a mean over records, so groups are summed first."""
    groups = np.searchsorted(universe, part.index["cluster"])
    n, n_groups = len(groups), len(np.unique(groups))
    if not np.isfinite(part.prediction).all():
        return _Measured(np.full(2, np.nan), np.array([np.nan]), None, None, n, n_groups)
    score, hit = _score_and_hit(part)
    bins = equal_mass_bins(score, number_of_bins(n_groups))
    n_bins = bins.max() + 1
    gaps = np.bincount(groups * n_bins + bins, score - hit, len(universe) * n_bins)
    values = (*_record_losses(part).T, np.ones(n))
    *losses, counts = (np.bincount(groups, column, len(universe)) for column in values)
    sums = np.column_stack([*losses, gaps.reshape(-1, n_bins), counts])
    point = sums.sum(axis=0) / n
    drawn = [None, None]
    if weights is not None:
        found = replicate(lambda w: {"": w.T @ sums}, np.arange(len(universe)), weights)[""]
        # A replicate in which none of this repeat's groups was drawn has no mean.
        found = ratio(found[:, :-1], found[:, -1:])
        drawn = np.split(found, [len(_LOSSES)], axis=1)
    return _Measured(point[: len(_LOSSES)], point[len(_LOSSES) : -1], *drawn, n, n_groups)


def _record_losses(part: PredictionTable) -> np.ndarray:
    """Give Brier score and log loss of each record, shape (n, 2)."""
    if part.task == "binary":
        brier = (part.prediction - part.truth) ** 2
        return np.column_stack([brier, surprise(part.truth == 1, part.prediction)])
    probability = _normalised(part.prediction)
    outcome = np.eye(probability.shape[1])[part.truth]
    brier = ((probability - outcome) ** 2).sum(axis=1)
    likelihood = (probability * outcome).sum(axis=1)
    return np.column_stack([brier, surprise(True, likelihood)])


def _score_and_hit(part: PredictionTable) -> tuple[np.ndarray, np.ndarray]:
    """Give the probability whose calibration is looked at, and whether it came true."""
    if part.task == "binary":
        return part.prediction, part.truth == 1
    return _normalised(part.prediction).max(axis=1), part.prediction.argmax(axis=1) == part.truth


def _summarise(repeats: list[_Measured], confidence: float) -> list[tuple]:
    """Give the rows of one model and stage from all its repeats."""
    sizes = max(part.n for part in repeats), max(part.n_groups for part in repeats)
    drawn = all(part.drawn_losses is not None for part in repeats)
    losses = np.mean([part.losses for part in repeats], axis=0)
    rows = []
    for column, (name, value) in enumerate(zip(_LOSSES, losses, strict=True)):
        interval = (np.nan, np.nan)
        if drawn:
            means = np.mean([part.drawn_losses[:, column] for part in repeats], axis=0)
            interval = percentile_interval(means, confidence)
        rows.append((name, float(value), *interval, *sizes))
    deviations = [part.drawn_gaps - part.gaps for part in repeats] if drawn else None
    error = calibration_error([part.gaps for part in repeats], deviations, confidence)
    return [*rows, ("ece", *error, *sizes)]


def _reliability(part: PredictionTable, confidence: float) -> pd.DataFrame:
    """Tabulate the bins of one repeat."""
    score, hit = _score_and_hit(part)
    return reliability_table(score, hit, part.index["cluster"].to_numpy(), confidence)
