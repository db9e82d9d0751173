"""The corrected resampled t-test: two models on repeated folds.

Folds of repeated splits share records, in training and in test, so their differences are
correlated and an ordinary paired t-test takes them for more evidence than they are. Nadeau and
Bengio (2003, Machine Learning 52:239) enlarge the variance of the mean by the ratio of the sizes of
test and training set; Bouckaert and Frank (2004, PAKDD, LNCS 3056:3) found that this holds its
level, and gives the same answer again, over repeated k-fold splits (10 times 10 folds).
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqarena.evaluation.intervals import student


class CorrectedT(NamedTuple):
    """Mean difference over folds, its interval and p-value, and how many folds it is from."""

    difference: float
    low: float
    high: float
    p: float
    folds: int
    left_out: int


def corrected_t(
    differences: np.ndarray, n_train: np.ndarray, n_test: np.ndarray, confidence: float = 0.95
) -> CorrectedT:
    """Test whether the mean difference between two models over repeated folds is 0.

    The variance of the mean over J folds is (1 / J + test / train) s^2, with s^2 the variance of
    the differences, and Student's distribution has J - 1 degrees of freedom.

    Parameters
    ----------
    differences : array of float, shape (J,)
        A difference of the metric for each fold of each repeat; NaN where it isn't defined, which
        leaves the fold out.
    n_train, n_test : array of int, shape (J,)
        Records that weights were fitted to, and test records, of each fold. The ratio is that of
        the sums over the folds that count.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    CorrectedT
        NaN with fewer than two folds. Where all folds have the same difference, it is certain if
        that is 0 (interval 0 to 0, p = 1); any other has no spread to be judged by, so no interval
        and no p-value.
    """
    defined = np.isfinite(differences)
    values, count = differences[defined], int(defined.sum())
    left_out = len(differences) - count
    if count < 2:
        return CorrectedT(*[np.nan] * 4, count, left_out)
    mean = float(values.mean())
    ratio = n_test[defined].sum() / n_train[defined].sum()
    error = np.sqrt((1 / count + ratio) * values.var(ddof=1))
    interval = student(mean, error, count - 1, confidence, scale=np.abs(values).max())
    return CorrectedT(mean, *interval, count, left_out)


def fold_sizes(roles: Iterable[Mapping]) -> pd.DataFrame:
    """Tabulate how many records each fold trains and tests on.

    Parameters
    ----------
    roles : iterable of mapping
        Those of `splits/summary.json`: repeat, fold, role and n.

    Returns
    -------
    pandas.DataFrame
        Columns repeat, fold, n_train and n_test (int), sorted by repeat and fold.
    """
    table = pd.DataFrame(
        [{k: entry[k] for k in ("repeat", "fold", "role", "n")} for entry in roles]
    )
    wide = table.pivot_table(
        index=["repeat", "fold"], columns="role", values="n", aggfunc="sum", fill_value=0
    )
    wide = wide.reindex(columns=["train", "test"], fill_value=0).astype(int)
    return wide.set_axis(["n_train", "n_test"], axis=1).reset_index()
