"""Linear models on features of records: fitting them, and predicting from tokens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression, Ridge

from seqarena.models.features import ROWS_AT_ONCE, Features, parts_of

SMALLEST_PROBABILITY = 1e-7  # as Keras clips in its cross-entropies, so that losses compare


@dataclass(frozen=True)
class Constant:
    """Predicts the same for every record.

    Attributes
    ----------
    values : numpy.ndarray
        float64 (outputs,): shares of the classes, prevalence of each label, or means.
    """

    values: np.ndarray

    @property
    def weights(self) -> int:
        """Number of fitted parameters."""
        return self.values.size

    def predict(self, tokens, records: pd.DataFrame | None) -> np.ndarray:
        """Predictions (n, outputs) for n rows of tokens; `records` isn't looked at."""
        return np.tile(self.values, (len(tokens), 1))

    def predict_rows(self, dataset, rows: np.ndarray) -> np.ndarray:
        """Predictions (rows, outputs) for rows of a dataset."""
        return self.predict(rows, None)


@dataclass(frozen=True)
class Linear:
    """A generalised linear model on features of records.

    Attributes
    ----------
    features : Features
        What it looks at.
    coefficients : numpy.ndarray
        float64 (features, outputs), for unscaled features.
    intercept : numpy.ndarray
        float64 (outputs,).
    task : str
        Decides the link: logistic, softmax or none.
    """

    features: Features
    coefficients: np.ndarray
    intercept: np.ndarray
    task: str

    @property
    def weights(self) -> int:
        """Number of fitted parameters."""
        return self.coefficients.size + self.intercept.size

    def predict(
        self, tokens: np.ndarray | Sequence[np.ndarray], records: pd.DataFrame
    ) -> np.ndarray:
        """Predictions (n, outputs) in the target's own units.

        Parameters
        ----------
        tokens : numpy.ndarray or sequence of numpy.ndarray
            uint8 (n, length), padded where records are shorter, or one array a record; of a table
            of numbers float32 (n, columns).
        records : pandas.DataFrame
            Columns length and, of DNA and RNA, gc of the same n records.

        Raises
        ------
        InputError
            If it looks at letters by position, and records have another length than those that it
            was fitted on.
        """
        parts = [slice(i, i + ROWS_AT_ONCE) for i in range(0, max(len(tokens), 1), ROWS_AT_ONCE)]
        return np.concatenate(
            [self.predict_features(self.features.of(tokens[x], records.iloc[x])) for x in parts]
        )

    def predict_rows(self, dataset, rows: np.ndarray) -> np.ndarray:
        """Predictions (rows, outputs) for rows of a dataset, a few at a time."""
        return np.concatenate(
            [
                self.predict(dataset.rows(part), dataset.records.iloc[part])
                for part in parts_of(dataset, rows)
            ]
        )

    def predict_features(self, features) -> np.ndarray:
        """Predictions (n, outputs) from a matrix of features (n, features)."""
        scores = np.asarray(features @ self.coefficients) + self.intercept
        if self.task in ("binary", "multilabel"):
            return expit(scores)
        return softmax(scores, axis=1) if self.task == "multiclass" else scores


def fit_linear(
    features,
    truth: np.ndarray,
    task: str,
    strengths: Sequence[float],
    weights: np.ndarray | None = None,
) -> Iterator[tuple[float, np.ndarray, np.ndarray]]:
    """Fit a path of L2 strengths, each from the one before.

    Several labels or numbers are as many models, each fitted on the records in which it isn't
    missing.

    Parameters
    ----------
    features : array or scipy.sparse.csr_array
        (n, features), scaled.
    truth : numpy.ndarray
        float (n, outputs), as `seqarena.models.runs.truth_matrix` gives it; regression: scaled.
    task : str
        The task.
    strengths : sequence of float
        From strong to weak. The penalty is strength / 2 x sum of squares, beside the weighted sum
        of the records' cross-entropies or halved squared errors.
    weights : numpy.ndarray, optional
        float (n,): how much each record counts. Default: 1 each.

    Yields
    ------
    strength : float
        One of `strengths`.
    coefficients, intercept : numpy.ndarray
        (features, outputs) and (outputs,).
    """
    weights = np.ones(len(truth)) if weights is None else weights
    if task == "multiclass":
        paths = [_classes_path(features, truth, weights, strengths)]
    else:
        path = _ridge_path if task == "regression" else _logistic_path
        paths = [path(features, column, weights, strengths) for column in truth.T]
    for strength, *fits in zip(strengths, *paths, strict=True):
        coefficients, intercepts = zip(*fits, strict=True)
        yield strength, np.concatenate(coefficients, axis=1), np.concatenate(intercepts)


def _without_missing(target: np.ndarray, weights: np.ndarray):
    """Targets and weights in which a missing target counts nothing; None if all count alike.

    A weight of 0 leaves a record out without a copy of the features of all others.
    """
    missing = np.isnan(target)
    weights = np.where(missing, 0, weights)
    return np.where(missing, 0, target), (None if (weights == 1).all() else weights)


def _ridge_path(features, target, weights, strengths):
    """Coefficients (features, 1) and intercept (1,) for each strength."""
    target, weights = _without_missing(target, weights)
    if weights is not None and not weights.any():
        yield from [(np.zeros((features.shape[1], 1)), np.zeros(1))] * len(strengths)
        return
    for strength in strengths:
        ridge = Ridge(alpha=strength, solver="sparse_cg", tol=1e-5)
        ridge.fit(features, target, weights)
        yield ridge.coef_[:, None].copy(), np.atleast_1d(ridge.intercept_)


def _logistic_path(features, target, weights, strengths):
    """Coefficients (features, 1) and intercept (1,) for each strength."""
    target, weights = _without_missing(target, weights)
    counted = target if weights is None else target[weights > 0]
    if len(np.unique(counted)) < 2:
        share = counted.mean() if len(counted) else 0.5
        share = np.clip([share], SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
        constant = np.zeros((features.shape[1], 1)), np.log(share / (1 - share))
        yield from [constant] * len(strengths)
        return
    for model in _regressions(features, target.astype(int), weights, strengths):
        yield model.coef_.T.copy(), model.intercept_.copy()


def _classes_path(features, truth, weights, strengths):
    """Coefficients (features, classes) and intercept (classes,) for each strength."""
    outputs, labels = truth.shape[1], truth.argmax(axis=1)
    seen = np.unique(labels[weights > 0])
    if len(seen) == 1:
        share = np.clip(np.eye(outputs)[seen[0]], SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
        yield from [(np.zeros((features.shape[1], outputs)), np.log(share))] * len(strengths)
        return
    weights = None if (weights == 1).all() else weights
    for model in _regressions(features, labels, weights, strengths):
        classes = model.classes_
        # A class that training lacks gets next to no probability, and still a column.
        coefficients = np.zeros((features.shape[1], outputs))
        intercept = np.full(outputs, model.intercept_.min() + np.log(SMALLEST_PROBABILITY))
        if len(classes) == 2:
            coefficients[:, classes[1]] = model.coef_[0]
            intercept[classes] = [0, model.intercept_[0]]
        else:
            coefficients[:, classes], intercept[classes] = model.coef_.T, model.intercept_
        yield coefficients, intercept


def _regressions(features, labels, weights, strengths) -> Iterator[LogisticRegression]:
    """One model, fitted again for each strength from where it is."""
    model = LogisticRegression(solver="lbfgs", tol=1e-3, max_iter=500, warm_start=True)
    for strength in strengths:
        yield model.set_params(C=1 / strength).fit(features, labels, weights)
