"""What a test of two models says: correction for many pairs, the verdict and its words."""

from collections.abc import Sequence

import numpy as np

BETTER = "better"
WORSE = "worse"
SMALL = "no practical difference"
UNDECIDED = "undecided"


def holm(p: Sequence[float]) -> np.ndarray:
    """Adjust p-values for their number by Holm's method (1979, Scand. J. Stat. 6:65).

    Parameters
    ----------
    p : sequence of float, shape (n,)
        NaN where there was no test, which then doesn't count.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        NaN where `p` is.
    """
    from statsmodels.stats.multitest import multipletests

    p = np.asarray(p, dtype=float)
    adjusted, tested = np.full(len(p), np.nan), np.isfinite(p)
    if tested.any():
        adjusted[tested] = multipletests(p[tested], method="holm")[1]
    return adjusted


def decide(
    difference: float, low: float, high: float, p_adjusted: float, equivalence: float, level: float
) -> str:
    """Give the verdict of the first model of a pair.

    Parameters
    ----------
    difference, low, high : float
        First minus second and its interval, positive if the first is better.
    p_adjusted : float
        Adjusted for the number of pairs.
    equivalence : float
        Largest difference without practical importance.
    level : float
        Level of the test, such as 0.05.

    Returns
    -------
    {"better", "worse", "no practical difference", "undecided"}
        No practical difference if the interval lies within the equivalence region, else better or
        worse if the p-value is below the level. NaN is undecided.
    """
    if low >= -equivalence and high <= equivalence:
        return SMALL
    if p_adjusted < level:
        return BETTER if difference > 0 else WORSE
    return UNDECIDED


def in_words(verdict: str, first: str, second: str) -> str:
    """Write a verdict as a clause.

    Parameters
    ----------
    verdict : str
        As of `decide`.
    first, second : str
        Names of the two models as the clause shall write them.

    Returns
    -------
    str
    """
    return {
        BETTER: f"{first} is better than {second}",
        WORSE: f"{second} is better than {first}",
        SMALL: "no difference of practical size",
        UNDECIDED: "undecided: the data can't tell",
    }[verdict]
