"""What a job asks of a cluster: memory and time grow with its data and double with each attempt."""

import math
from collections.abc import Mapping

# gzip makes 1 MB of 3.4 MB of random DNA.
PACKED = (".gz", ".bgz", ".parquet")
UNPACKED_PER_PACKED = 4

# A line such as "chr1 1000000 1000200", and a width for intervals that bring their own.
BYTES_PER_INTERVAL = 25
UNKNOWN_WIDTH = 1_000

# Tokens that a network sees in a minute. The built-in `conv1d` sees 90 MB on one core (7,300
# sequences of 200 bases a second); deeper ones are slower, and a job that is stopped waits anew.
TRAINED_MB_PER_MINUTE = 30


def demand(base: float, per_mb: float, size_mb: float, attempt: int) -> int:
    """Give the memory or the time that a job asks for.

    Parameters
    ----------
    base : float
        What it needs without any data, in the unit of the result: MB or minutes.
    per_mb : float
        What each MB of its data adds.
    size_mb : float
        Size of its data.
    attempt : int
        1 for the first try; each further one asks for twice as much as the one before.

    Returns
    -------
    int
        Rounded up.
    """
    return math.ceil((base + per_mb * size_mb) * 2 ** (attempt - 1))


def unpacked_mb(sizes_mb: Mapping[str, float]) -> float:
    """Estimate how much files of these names and sizes hold once they are unpacked."""
    return sum(
        size * (UNPACKED_PER_PACKED if name.endswith(PACKED) else 1)
        for name, size in sizes_mb.items()
    )


def letters_per_byte(intervals: Mapping | None) -> float:
    """Estimate the letters that a byte of a dataset's files stands for.

    Parameters
    ----------
    intervals : mapping, optional
        The complete section `intervals` of a dataset whose files name pieces of a genome; None
        where the files hold the letters themselves.
    """
    if intervals is None:
        return 1
    width = intervals.get("width") or UNKNOWN_WIDTH
    ratio = (intervals.get("negatives") or {}).get("ratio", 0)
    return max(1, width * (1 + ratio) / BYTES_PER_INTERVAL)


def training_minutes_per_mb(epochs: int, folds: int) -> float:
    """Give the minutes that each MB of tokens adds to the training of all folds of a repeat."""
    return epochs * folds / TRAINED_MB_PER_MINUTE
