"""Linear models on features of sequences: fitting them, and predicting from tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression, Ridge

from seqarena.data.encoding import kmer_counts, positional_one_hot

ROWS_AT_ONCE = 4096
SMALLEST_PROBABILITY = 1e-7  # as Keras clips in its cross-entropies, so that losses compare

#: Variance that a block of features is scaled to. It decides what an L2 strength means, and keeps
#: gradients well above the solver's tolerance, under which 1 stopped it early.
BLOCK_VARIANCE = 100.0


@dataclass(frozen=True)
class Constant:
    """Predicts the same for every record.

    Attributes
    ----------
    values : numpy.ndarray
        float64 (outputs,): shares of the classes, or the mean.
    """

    values: np.ndarray

    @property
    def weights(self) -> int:
        """Number of fitted parameters."""
        return self.values.size

    def predict(self, tokens: np.ndarray, records: pd.DataFrame) -> np.ndarray:
        """Predictions (n, outputs) for tokens (n, length); `records` isn't looked at."""
        return np.tile(self.values, (len(tokens), 1))


@dataclass(frozen=True)
class Linear:
    """A generalised linear model on features of sequences.

    Attributes
    ----------
    features : tuple of str
        Blocks of features: "kmer", "onehot", "composition".
    k, both_strands : int, bool
        How k-mers are counted.
    coefficients : numpy.ndarray
        float64 (features, outputs), for unscaled features.
    intercept : numpy.ndarray
        float64 (outputs,).
    task : str
        Decides the link: logistic, softmax or none.
    """

    features: tuple[str, ...]
    k: int
    both_strands: bool
    coefficients: np.ndarray
    intercept: np.ndarray
    task: str

    @property
    def weights(self) -> int:
        """Number of fitted parameters."""
        return self.coefficients.size + self.intercept.size

    def predict(self, tokens: np.ndarray, records: pd.DataFrame) -> np.ndarray:
        """Predictions (n, outputs) in the target's own units.

        Parameters
        ----------
        tokens : numpy.ndarray
            uint8 (n, length).
        records : pandas.DataFrame
            Columns length and gc of the same n records.
        """
        blocks = [
            feature_block(name, tokens, records, k=self.k, both_strands=self.both_strands)
            for name in self.features
        ]
        return self.predict_features(sparse.hstack(blocks, format="csr"))

    def predict_features(self, features) -> np.ndarray:
        """Predictions (n, outputs) from a matrix of features (n, features)."""
        scores = np.asarray(features @ self.coefficients) + self.intercept
        if self.task == "binary":
            return expit(scores)
        return softmax(scores, axis=1) if self.task == "multiclass" else scores


def feature_block(
    name: str, tokens: np.ndarray, records: pd.DataFrame, *, k: int, both_strands: bool
):
    """One kind of features of sequences.

    Parameters
    ----------
    name : {"kmer", "onehot", "composition"}
        Counts of words, letters by position, or the source's length and GC content.
    tokens : numpy.ndarray
        uint8 (n, length).
    records : pandas.DataFrame
        Columns length and gc.
    k, both_strands : int, bool
        How words are counted.

    Returns
    -------
    scipy.sparse.csr_array
        float32 (n, features); composition is float64, since lengths may be long.
    """
    if name == "composition":
        return sparse.csr_array(records[["length", "gc"]].to_numpy(dtype=float))
    parts = []
    for start in range(0, max(len(tokens), 1), ROWS_AT_ONCE):  # dense blocks never exist at once
        part = tokens[start : start + ROWS_AT_ONCE]
        dense = kmer_counts(part, k, both_strands) if name == "kmer" else positional_one_hot(part)
        parts.append(sparse.csr_array(dense.astype(np.float32, copy=False)))
    return sparse.vstack(parts, format="csr")


def fit_linear(features, truth: np.ndarray, task: str, strengths: Sequence[float]):
    """Fit a path of L2 strengths, each from the one before.

    Parameters
    ----------
    features : array or scipy.sparse.csr_array
        (n, features), scaled.
    truth : numpy.ndarray
        float (n, outputs), as `seqarena.models.runs.truth_matrix` gives it; regression: scaled.
    task : str
        The task.
    strengths : sequence of float
        From strong to weak. The penalty is strength / 2 x sum of squares, beside the sum of the
        records' losses.

    Yields
    ------
    strength : float
        One of `strengths`.
    coefficients, intercept : numpy.ndarray
        (features, outputs) and (outputs,).
    """
    if task == "regression":
        for strength in strengths:
            ridge = Ridge(alpha=strength, solver="sparse_cg", tol=1e-5)
            ridge.fit(features, truth[:, 0])
            yield strength, ridge.coef_[:, None].copy(), np.atleast_1d(ridge.intercept_)
        return
    outputs = truth.shape[1]
    labels = truth.argmax(axis=1) if outputs > 1 else truth[:, 0].astype(int)
    seen = np.unique(labels)
    if len(seen) == 1:
        share = np.clip(truth.mean(axis=0), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
        intercept = np.log(share) if outputs > 1 else np.log(share / (1 - share))
        for strength in strengths:
            yield strength, np.zeros((features.shape[1], outputs)), intercept
        return
    model = LogisticRegression(solver="lbfgs", tol=1e-3, max_iter=500, warm_start=True)
    for strength in strengths:
        model.set_params(C=1 / strength).fit(features, labels)
        if outputs == 1:
            yield strength, model.coef_.T.copy(), model.intercept_.copy()
            continue
        # A class that training lacks gets next to no probability, and still a column.
        coefficients = np.zeros((features.shape[1], outputs))
        intercept = np.full(outputs, model.intercept_.min() + np.log(SMALLEST_PROBABILITY))
        if len(seen) == 2:
            coefficients[:, seen[1]] = model.coef_[0]
            intercept[seen] = [0, model.intercept_[0]]
        else:
            coefficients[:, seen], intercept[seen] = model.coef_.T, model.intercept_
        yield strength, coefficients, intercept


def scale_block(block, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Centre and scale of each column of a block, from training rows, float64 (features,).

    A block of k-mers or letters gets one scale, so that both have one total variance and neither
    drowns the other; scaling each column would blow up rare words (multiclass accuracy 0.934
    against 0.954 on 3,190 splice junctions). It stays sparse, so it isn't centred. Length and GC
    are standardised each.
    """
    mean = np.asarray(block.mean(axis=0)).ravel()
    variance = np.asarray(block.multiply(block).mean(axis=0)).ravel() - mean**2
    if name == "composition":
        constant = variance <= 1e-12 * np.maximum(mean**2, 1)
        return mean, np.where(constant, 1.0, np.sqrt(np.maximum(variance, 0)))
    total = np.sqrt(max(variance.sum(), 0) / BLOCK_VARIANCE)
    return np.zeros_like(mean), np.full(len(mean), total if total > 0 else 1.0)
