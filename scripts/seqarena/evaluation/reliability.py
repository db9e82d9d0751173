"""How far predicted probabilities are from the shares that came true, in bins of equal mass.

Records are sorted by their predicted probability and cut into bins of (nearly) as many records
each, which measures with less bias than bins of equal width (Nixon et al. 2019, CVPR Workshops;
Roelofs et al. 2022, AISTATS). Records of the same prediction always share a bin. The gap of a bin
is the sum of prediction minus outcome of its records over the number of all records, so the
expected calibration error (ECE) is the sum of the gaps' sizes.

Chance alone gives every gap a size, so the ECE as it is usually computed ("plug-in") is far above 0
for predictions that are calibrated perfectly, the more so the fewer records there are, and its
bootstrap replicates are further up still. `calibration_error` therefore takes out what chance adds.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from seqarena.evaluation.intervals import LEAST_DEFINED

# As many as Guo et al. (2017) take, and all who compare with them.
MOST_BINS = 15
# What is known about a bin comes from its groups: with fewer, a gap is nearly all chance.
GROUPS_PER_BIN = 10
BIN_COLUMNS = ["bin", "n", "groups", "predicted", "observed", "low", "high"]
"""Columns of `reliability_table`."""

# Halvings of the interval in which a shrinkage lies: to 1e-7 of it.
_HALVINGS = 24


def number_of_bins(n_groups: int) -> int:
    """Choose the number of bins: ten groups a bin, at most 15 bins and at least one.

    Parameters
    ----------
    n_groups : int
        Groups (of duplicates, homologues, ...) that the records belong to.

    Returns
    -------
    int
    """
    return max(1, min(MOST_BINS, n_groups // GROUPS_PER_BIN))


def equal_mass_bins(score: np.ndarray, n_bins: int) -> np.ndarray:
    """Sort records into bins of as many records each, as far as ties allow.

    Parameters
    ----------
    score : array of float, shape (n,)
        Finite. Records of the same score come into the bin in which the middle one of them falls.
    n_bins : int
        Number of bins wanted.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Bin of each record, from 0 for the lowest scores and without gaps: ties can leave fewer bins
        than wanted.
    """
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    wanted = np.floor(n_bins * middle / max(1, len(score))).astype(np.int64)
    return np.unique(wanted[place], return_inverse=True)[1]


def calibration_error(
    gaps: Sequence[np.ndarray], deviations: Sequence[np.ndarray] | None, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Estimate the expected calibration error without what chance adds to it, with an interval.

    The bootstrap says how the gaps scatter. If the true gaps were c times those found, the plug-in
    ECE would be distributed as that of c * gaps + deviations. The estimate is c times the plug-in
    value for that c >= 0 at which this distribution has its mean at the plug-in value, and the
    limits are those where the plug-in value is its upper and its lower (1 - confidence) / 2
    quantile (inversion of a test: Davison and Hinkley 1997, *Bootstrap Methods and their
    Application*, section 5.5); all are 0 where no c is small enough. Since the plug-in value
    errs upwards, the upper limit is never below it.

    Of perfectly calibrated predictions the estimate is 0 in about half of all cases and a third of
    the plug-in value on average, and the interval begins at 0 as often as its confidence says. No
    estimate is free of bias at 0: a size can't be negative.

    Parameters
    ----------
    gaps : sequence of arrays of float, shape (bins,)
        Gaps of the bins, an array a repeat; errors are averaged over repeats.
    deviations : sequence of arrays of float, shape (n_bootstrap, bins), or None
        Gaps in bootstrap replicates minus those of the sample, an array a repeat. Without them, or
        with more than a tenth of the replicates undefined, nothing is known about chance, and all
        three numbers are NaN.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    value, low, high : float
        Between 0 and 1.
    """
    if deviations is None:
        return np.nan, np.nan, np.nan
    defined = np.all([np.isfinite(part).all(axis=1) for part in deviations], axis=0)
    if defined.mean() < LEAST_DEFINED:
        return np.nan, np.nan, np.nan
    deviations = [part[defined] for part in deviations]
    plug_in = float(np.mean([np.abs(part).sum() for part in gaps]))

    def drawn(share: float) -> np.ndarray:
        pairs = zip(gaps, deviations, strict=True)
        return np.mean([np.abs(share * gap + d).sum(axis=1) for gap, d in pairs], axis=0)

    tail = (1 - confidence) / 2
    value = plug_in * _share(lambda share: drawn(share).mean(), plug_in)
    low = plug_in * _share(lambda share: np.quantile(drawn(share), 1 - tail), plug_in)
    high = plug_in * _share(lambda share: np.quantile(drawn(share), tail), plug_in)
    # An error is a mean of sizes of at most 1.
    return value, min(low, value), min(1.0, max(high, plug_in))


def _share(statistic, target: float) -> float:
    """Find where a growing statistic of the share reaches the target, or 0 if it is there at 0."""
    low, high = 0.0, 1.0
    if statistic(low) >= target:
        return 0.0
    # A replicate's size is at least the share times the gaps' less the deviations', so this ends.
    while statistic(high) < target:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if statistic(middle) < target else (low, middle)
    return high


def reliability_table(
    score: np.ndarray, hit: np.ndarray, groups: np.ndarray, confidence: float = 0.95
) -> pd.DataFrame:
    """Compare, bin by bin, what was predicted with what came true.

    Parameters
    ----------
    score : array of float, shape (n,)
        Predicted probability that the record is a hit.
    hit : array of bool, shape (n,)
        Whether it is one.
    groups : array, shape (n,)
        Group of each record.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        Columns bin (from 0), n, groups, predicted (mean probability), observed (share of hits), low
        and high (interval of the observed share; as of `share_intervals`). A row a bin.
    """
    bins = equal_mass_bins(score, number_of_bins(len(np.unique(groups))))
    n = np.bincount(bins)
    low, high = share_intervals(hit, groups, bins, confidence)
    pairs = pd.DataFrame({"bin": bins, "group": groups}).drop_duplicates()
    n_groups = np.bincount(pairs["bin"])
    predicted, observed = (np.bincount(bins, weights=values) / n for values in (score, hit))
    columns = np.arange(len(n)), n, n_groups, predicted, observed, low, high
    return pd.DataFrame(dict(zip(BIN_COLUMNS, columns, strict=True)))


def share_intervals(
    hit: np.ndarray, groups: np.ndarray, bins: np.ndarray, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Give an interval of the share of hits in each bin whose unit is the group.

    Wilson's interval (1927, J. Am. Stat. Assoc. 22:209) for the effective number of records: their
    number over the design effect, which is the variance between groups over that of independent
    records, pooled over all bins and at least 1. Student's quantile allows for bins of few groups
    (Korn and Graubard 1998, Surv. Methodol. 24:193). A percentile bootstrap would have no width
    where a bin holds nothing but hits, which is where bins of a good model are.

    Parameters
    ----------
    hit : array of bool, shape (n,)
        Outcome of each record.
    groups : array, shape (n,)
        Group of each record.
    bins : array of int, shape (n,)
        Bin of each record, from 0 and without gaps.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    low, high : numpy.ndarray of float64, shape (bins,)
        NaN for a bin of one group.
    """
    n = np.bincount(bins)
    share = np.bincount(bins, weights=hit) / n
    codes = np.unique(groups, return_inverse=True)[1]
    pairs, place = np.unique(codes * len(n) + bins, return_inverse=True)
    bin_of = pairs % len(n)
    n_groups = np.bincount(bin_of, minlength=len(n))
    several = n_groups > 1
    surplus = np.bincount(place, weights=hit - share[bins])
    between = np.bincount(bin_of, weights=surplus**2, minlength=len(n))[several]
    between = (between * n_groups[several] / (n_groups[several] - 1)).sum()
    independent = (n * share * (1 - share))[several].sum()
    # Where every bin is all hits or all misses, nothing shows how alike the records of a group are:
    # a group then counts once.
    effect = between / independent if independent > 0 else n.sum() / n_groups.sum()
    size = n / max(1.0, effect)
    quantile = np.full(len(n), np.nan)
    quantile[several] = stdtrit(n_groups[several] - 1, (1 + confidence) / 2)
    width = 1 + quantile**2 / size
    centre = (share + quantile**2 / (2 * size)) / width
    half = quantile * np.sqrt(share * (1 - share) / size + quantile**2 / (4 * size**2)) / width
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)
