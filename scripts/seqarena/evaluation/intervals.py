"""Uncertainty of metrics: resampling of groups of records, and Student's interval.

Records of one group (duplicates, homologues, one gene) aren't independent, so the group is the unit
that is drawn: with replacement, as many groups as there are, each with all its records (the cluster
bootstrap: Davison and Hinkley 1997, *Bootstrap Methods and their Application*, section 3.8; Field
and Welsh 2007, *J. R. Stat. Soc. B* 69:369). A replicate is a whole number of copies of each group,
so a metric that takes weights gives the replicate's value without the records being copied.
"""

from collections.abc import Callable, Hashable

import numpy as np
from scipy.special import stdtr, stdtrit

# With fewer groups the percentile interval is known to be too narrow (Cameron, Gelbach and Miller
# 2008, Rev. Econ. Stat. 90:414, count "few" as 5 to 30).
FEW_GROUPS = 30
# A metric can be undefined in a replicate (one class only). An interval of the others is of use as
# long as they are nearly all; with less it would describe the metric only where it is easy.
LEAST_DEFINED = 0.9
# Numbers a block of replicates holds at a time (4 MB as float64): it stays in the processor's
# cache, which halves the time against all replicates at once.
BLOCK_NUMBERS = 2**19
# A standard error below this part of the numbers that it comes from is rounding, not spread. The
# smallest real one, of areas that differ in one of a million times a million pairs, is as large.
ROUNDING = 1e-12


def group_weights(n_groups: int, n_bootstrap: int, seed: int) -> np.ndarray:
    """Draw how often each group occurs in each bootstrap replicate.

    Parameters
    ----------
    n_groups : int
        Number of groups.
    n_bootstrap : int
        Number of replicates.
    seed : int
        Same seed, same weights; the first replicates don't depend on how many follow.

    Returns
    -------
    numpy.ndarray of int32, shape (n_bootstrap, n_groups)
        Each row sums to `n_groups`.
    """
    generator = np.random.default_rng(seed)
    weights = np.empty((n_bootstrap, n_groups), dtype=np.int32)
    for row in weights:
        row[:] = np.bincount(generator.integers(n_groups, size=n_groups), minlength=n_groups)
    return weights


def replicate(
    statistics: Callable[[np.ndarray], dict[Hashable, np.ndarray]],
    groups: np.ndarray,
    weights: np.ndarray,
) -> dict[Hashable, np.ndarray]:
    """Compute statistics on every bootstrap replicate.

    Parameters
    ----------
    statistics : callable
        Takes weights of the records, float64 of shape (n, b), and gives arrays of shape (b,).
    groups : array of int, shape (n,)
        Column of `weights` that each record belongs to.
    weights : array of int, shape (n_bootstrap, n_groups)
        As of `group_weights`.

    Returns
    -------
    dict of numpy.ndarray of float64, shape (n_bootstrap,)
        A value a replicate; NaN where the statistic is undefined.
    """
    block = max(1, BLOCK_NUMBERS // max(1, len(groups)))
    parts = [
        statistics(weights[start : start + block].T[groups].astype(np.float64))
        for start in range(0, len(weights), block)
    ]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def percentile_interval(values: np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """Take the central interval of bootstrap replicates (Efron and Tibshirani 1993, chapter 13).

    Parameters
    ----------
    values : array of float, shape (n_bootstrap,)
        A value a replicate.
    confidence : float, default 0.95
        Share of the replicates inside.

    Returns
    -------
    low, high : float
        NaN if more than a tenth of the replicates are undefined.
    """
    defined = values[np.isfinite(values)]
    if len(defined) == 0 or len(defined) < LEAST_DEFINED * len(values):
        return np.nan, np.nan
    tail = (1 - confidence) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)


def two_sided_p(differences: np.ndarray, n_groups: int | None = None) -> float:
    """Turn the replicates of a difference into a p-value for "no difference".

    Twice the share of replicates on the rarer side of zero (those at zero count on both), with one
    added to count and number so that it is never 0 (Davison and Hinkley 1997, section 4.2). Where
    all groups agree so do all replicates, however few groups there are; so, with their number
    given, it is never below the sign test's p-value for groups that all favour one side either.

    Parameters
    ----------
    differences : array of float, shape (n_bootstrap,)
        A difference a replicate.
    n_groups : int, optional
        Number of groups that were drawn from.

    Returns
    -------
    float
        NaN if more than a tenth of the replicates are undefined.
    """
    defined = differences[np.isfinite(differences)]
    if len(defined) == 0 or len(defined) < LEAST_DEFINED * len(differences):
        return np.nan
    rarer = min((defined <= 0).sum(), (defined >= 0).sum())
    p = min(1.0, 2 * (rarer + 1) / (len(defined) + 1))
    return float(p if n_groups is None else max(p, 2.0 ** (1 - n_groups)))


def student(
    estimate: float, standard_error: float, df: float, confidence: float = 0.95, scale: float = 1.0
) -> tuple[float, float, float]:
    """Give interval and p-value ("it is 0") of an estimate by Student's distribution.

    Parameters
    ----------
    estimate, standard_error : float
        In the same units.
    df : float
        Degrees of freedom, above 0.
    confidence : float, default 0.95
        Of the interval.
    scale : float, default 1
        Size of the numbers that the estimate was computed from, against which rounding is judged.

    Returns
    -------
    low, high, p : float
        Without spread, 0, 0 and 1 if the estimate is 0 too; all NaN if it isn't, since a ratio to
        nothing is no evidence of any strength (dividing would give p = 0). NaN also where an
        argument is.
    """
    if not np.isfinite([estimate, standard_error, df]).all():
        return np.nan, np.nan, np.nan
    if standard_error <= ROUNDING * scale:
        same = abs(estimate) <= ROUNDING * scale
        return (0.0, 0.0, 1.0) if same else (np.nan, np.nan, np.nan)
    reach = standard_error * stdtrit(df, (1 + confidence) / 2)
    p = 2 * stdtr(df, -abs(estimate) / standard_error)
    return float(estimate - reach), float(estimate + reach), float(p)


def caution(n_groups: int) -> str | None:
    """Say in words what too few groups mean for the intervals of a test.

    Parameters
    ----------
    n_groups : int
        Number of groups in the test records.

    Returns
    -------
    str or None
        A sentence for the report, or None where there are groups enough.
    """
    if n_groups < 2:
        return (
            "All test records belong to one group, so nothing can be said about the uncertainty "
            "of any metric: there is no interval and no test of a difference."
        )
    if n_groups < FEW_GROUPS:
        return (
            f"The test records form only {n_groups} groups; with fewer than {FEW_GROUPS} the "
            "intervals tend to be too narrow and differences to look surer than they are."
        )
    return None
