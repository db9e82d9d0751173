"""Comparison of test records with all seen records, pair by pair, and what it says of the rest."""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqarena.splits.alignment import (
    lanes_for,
    lay_query,
    lay_references,
    score_lanes,
)
from seqarena.splits.audit_sides import Sides
from seqarena.splits.grouping_compiler import compiled

AUTO_CELLS = 2e11
"""Letters times letters that "auto" compares: 12 s on one core of the machine in `alignment`,"""
AUTO_RECORDS = 100
"""but so many records at least, without which little could be said: if none of them is related to a
seen one, up to 3.7 % of the others may be;"""
MOST_CELLS = 2e12
"""as long as that is within so many letters times letters, two minutes."""
TASKS = 16
"""Parts of the work that run side by side."""
_NORMAL_QUANTILE = 1.959963984540054
_LOW_BITS = (1 << 32) - 1


class Nearest(NamedTuple):
    """The nearest seen record of each sequence, column by column (as of `Sides`).

    Parameters
    ----------
    score : array of int64, shape (sequences, columns)
        Smith-Waterman score, of the better strand; 0 if nothing was found.
    record : array of int64, shape (sequences, columns)
        The first record of that score; -1 if nothing was found.
    """

    score: np.ndarray
    record: np.ndarray

    @staticmethod
    def unpack(best: np.ndarray, queries: np.ndarray, shape: tuple[int, int]) -> "Nearest":
        """Read score and record of some sequences, both in one number; none of all others."""
        score, record = np.zeros(shape, dtype=np.int64), np.full(shape, -1, dtype=np.int64)
        score[queries] = best >> 32
        record[queries] = np.where(best > 0, _LOW_BITS - (best & _LOW_BITS), -1)
        return Nearest(score, record)


def nearest_of(scores: np.ndarray, first_seen: np.ndarray, tested: np.ndarray) -> np.ndarray:
    """Choose the best of some references in each column, and the first record of equally good ones.

    Parameters
    ----------
    scores : array of int64, shape (references,)
        Of one tested sequence with each.
    first_seen : array of int64, shape (references, columns)
        As in `Sides`.
    tested : array of bool, shape (columns,)
        Where the sequence was tested.

    Returns
    -------
    numpy.ndarray of int64, shape (columns,)
        Score and record in one number, whose upper half is the score; 0 if nothing was found.
    """
    usable = (first_seen >= 0) & tested & (scores > 0)[:, None]
    packed = (scores.astype(np.int64) << 32)[:, None] + (_LOW_BITS - first_seen)
    return np.where(usable, packed, 0).max(axis=0)


def choose_exact(
    sides: Sides,
    exact: str | int,
    both_strands: bool,
    seed: int,
    budget: float = AUTO_CELLS,
    most: float | None = None,
) -> np.ndarray:
    """Choose the test records that are compared with every seen one.

    Parameters
    ----------
    sides : Sides
        The split.
    exact : "auto", "all" or int
        So many of them (at most); "auto": all if that fits the budget, else as many as do, but
        `AUTO_RECORDS` if they fit `most`.
    both_strands : bool
        Whether each comparison is made on two strands.
    seed : int
        Which ones, where not all are.
    budget : float
        Products of lengths that "auto" may spend.
    most : float, optional
        Those that it may spend on `AUTO_RECORDS`. Default: `MOST_CELLS`.

    Returns
    -------
    numpy.ndarray of int64
        Numbers of records, a random sample of those tested at any time.
    """
    tested = np.unique(sides.test_rows()[1])
    order = np.random.default_rng(seed).permutation(tested)
    if exact == "all":
        return order
    if exact != "auto":
        return order[: int(exact)]
    strands = 1 + both_strands
    if strands * _work(sides, tested) <= budget:
        return order
    lengths = np.append(sides.sequences.lengths, 0)  # those all unknown, numbered -1, come last
    seen_letters = lengths[:-1] @ (sides.first_seen >= 0).any(axis=1)
    spent = np.cumsum(strands * lengths[sides.codes[order]] * float(seen_letters))
    most = MOST_CELLS if most is None else most
    few = np.arange(len(order)) < AUTO_RECORDS
    return order[(spent <= budget) | (few & (spent <= max(budget, most)))]


def _work(sides: Sides, records: np.ndarray) -> float:
    """Count products of lengths; of two records on both sides each pair is compared once."""
    queries, references, n_both = query_order(sides, records)
    lengths = sides.sequences.lengths.astype(float)
    both = lengths[queries[:n_both]].sum()
    return lengths[queries].sum() * lengths[references].sum() - both**2 / 2


def query_order(sides: Sides, records: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """List queries and references, the sequences that are both first in both lists, by length."""
    codes = sides.codes[records]
    is_query = np.zeros(len(sides.sequences.lengths), dtype=bool)
    is_query[codes[codes >= 0]] = True
    is_seen = (sides.first_seen >= 0).any(axis=1)
    by_length = np.argsort(sides.sequences.lengths, kind="stable")
    both = by_length[(is_query & is_seen)[by_length]]
    tested_only = by_length[(is_query & ~is_seen)[by_length]]
    seen_only = by_length[(is_seen & ~is_query)[by_length]]
    queries = np.concatenate([both, tested_only]).astype(np.int64)
    return queries, np.concatenate([both, seen_only]).astype(np.int64), len(both)


def compare_exactly(
    sides: Sides, records: np.ndarray, both_strands: bool, pool: ThreadPoolExecutor
) -> Nearest:
    """Find the nearest seen record of test records among all there are.

    Copies of a record are left out, see `seqarena.splits.audit_sides.seen_copies`.

    Parameters
    ----------
    sides : Sides
        The split.
    records : array of int64
        Test records.
    both_strands : bool
        Whether to compare reverse complements, too.
    pool : concurrent.futures.Executor
        Of threads.

    Returns
    -------
    Nearest
        Nothing found for sequences of other records. Scores above 65,533 are told apart no more.
    """
    queries, references, n_both = query_order(sides, records)

    def compare_some(task: int) -> np.ndarray:
        best = np.zeros((len(queries), sides.tested.shape[1]), dtype=np.int64)
        numbers = np.arange(task, len(queries), TASKS)
        _compare(
            *(sides.sequences.letters, sides.sequences.offsets, queries, references, n_both),
            *(numbers, both_strands, sides.tested, sides.first_seen, best),
        )
        return best

    best = np.zeros((len(queries), sides.tested.shape[1]), dtype=np.int64)
    for part in pool.map(compare_some, range(min(TASKS, len(queries)))):
        np.maximum(best, part, out=best)
    return Nearest.unpack(best, queries, sides.tested.shape)


@compiled
def _compare(
    letters,
    offsets,
    queries,
    references,
    n_both,
    numbers,
    both_strands,
    tested,
    first_seen,
    best,
):
    """Compare some queries (`numbers`) with all references, in blocks of references.

    Of the first `n_both` of both lists each pair is compared once and counts both ways.
    """
    if len(numbers) == 0 or len(references) == 0:
        return
    lengths = np.empty(len(numbers), dtype=np.int64)
    for k in range(len(numbers)):
        lengths[k] = offsets[queries[numbers[k]] + 1] - offsets[queries[numbers[k]]]
    usual, longest = int(np.median(lengths)), lengths.max()
    start = 0
    while start < len(references):
        # Too few lanes leave the loop short where queries are, too many waste room.
        here = offsets[references[start] + 1] - offsets[references[start]]
        n_lanes = lanes_for(min(here, usual))
        block = references[start : start + n_lanes]
        reference = np.empty(_longest(offsets, block) * n_lanes, dtype=np.uint8)
        lay_references(letters, offsets, block, n_lanes, reference)
        query = np.empty(longest * n_lanes, dtype=np.uint8)
        work = np.empty((7, (longest + 1) * n_lanes), dtype=np.uint8)
        wide = np.empty((7, 0), dtype=np.uint16)
        scores = np.empty(n_lanes, dtype=np.int64)
        better = np.zeros(n_lanes, dtype=np.int64)
        for number in numbers:
            if number < n_both and start > number and start + n_lanes <= n_both:
                continue  # its turn comes when these are queries
            code = queries[number]
            sequence = letters[offsets[code] : offsets[code + 1]]
            better[:] = 0
            for turned in range(1 + both_strands):
                lay_query(sequence, turned == 1, n_lanes, query)
                part = query[: len(sequence) * n_lanes]
                score_lanes(part, reference, n_lanes, work, scores)
                if scores.max() >= 254:
                    if wide.shape[1] == 0:
                        wide = np.empty((7, (longest + 1) * n_lanes), dtype=np.uint16)
                    score_lanes(part, reference, n_lanes, wide, scores)
                for lane in range(n_lanes):
                    better[lane] = max(better[lane], scores[lane])
            _keep_better(number, start, queries, block, n_both, better, tested, first_seen, best)
        start += n_lanes


@compiled
def _longest(offsets, numbers):
    length = 1
    for number in numbers:
        length = max(length, offsets[number + 1] - offsets[number])
    return length


@compiled
def _keep_better(number, start, queries, block, n_both, scores, tested, first_seen, best):
    """Remember, column by column, the best score and the first record that has it.

    Both are in one number, whose upper half is the score.
    """
    code = queries[number]
    for lane in range(len(block)):
        other = block[lane]
        if other == code or scores[lane] == 0:
            continue
        for column in range(tested.shape[1]):
            record = first_seen[other, column]
            if tested[code, column] and record >= 0:
                found = (scores[lane] << 32) + (_LOW_BITS - record)
                best[number, column] = max(best[number, column], found)
            record = first_seen[code, column]
            if start + lane < n_both and tested[other, column] and record >= 0:
                found = (scores[lane] << 32) + (_LOW_BITS - record)
                best[start + lane, column] = max(best[start + lane, column], found)


def residual_leak(sides: Sides, exact: np.ndarray, leaked: pd.Series) -> dict:
    """Estimate the share of leaked test records from those compared with all seen ones.

    The interval is Wilson's (E. B. Wilson, J. Am. Stat. Assoc. 22:209, 1927) with the number of
    records replaced by the number of independent ones of equal information (E. L. Korn and
    B. I. Graubard, Surv. Methodol. 24:193, 1998): records of one group are alike, and a sample of a
    large part of the test records leaves little unknown (W. G. Cochran, Sampling Techniques, 3rd
    ed., 1977, section 2.6).

    Parameters
    ----------
    sides : Sides
        The split.
    exact : array of int64, shape (m,)
        Test records that were compared with all seen ones.
    leaked : pandas.Series of float
        Share of its tests in which a record leaked, by record.

    Returns
    -------
    dict
        Fit for JSON: share, low and high (95 % interval; None if nothing was compared), records
        (compared) and complete (whether all were; low and high are the share itself then).
    """
    n_tested = len(np.unique(sides.test_rows()[1]))
    complete = len(exact) == n_tested
    counts = {"records": len(exact), "complete": complete}
    if len(exact) == 0:
        return {"share": None, "low": None, "high": None} | counts
    _, group = np.unique(sides.clusters[exact], return_inverse=True)
    sizes = np.bincount(group).astype(float)
    totals = np.bincount(group, weights=leaked.loc[exact])
    share = float(totals.sum() / sizes.sum())
    if complete:
        return {"share": share, "low": share, "high": share} | counts
    n, n_groups = len(exact), len(sizes)
    independent = n**2 / (sizes**2).sum()  # if records of one group were all alike
    if 0 < share < 1 and n_groups > 1:
        variance = ((totals - share * sizes) ** 2).sum() / n**2 * n_groups / (n_groups - 1)
        if variance > 0:
            independent = min(max(share * (1 - share) / variance, independent), n)
    independent *= max(n_tested - 1, 1) / (n_tested - n)
    return (
        {"share": share}
        | dict(zip(("low", "high"), wilson(share, independent), strict=True))
        | counts
    )


def wilson(share: float, n: float) -> tuple[float, float]:
    """Give Wilson's 95 % interval of a share.

    Parameters
    ----------
    share : float
        Successes among `n`.
    n : float
        Number of trials, not necessarily whole.

    Returns
    -------
    low, high : float
        Within 0 and 1.
    """
    z2 = _NORMAL_QUANTILE**2 / n
    middle = share + z2 / 2
    half = math.sqrt(z2 * (share * (1 - share) + z2 / 4))
    return max((middle - half) / (1 + z2), 0.0), min((middle + half) / (1 + z2), 1.0)
