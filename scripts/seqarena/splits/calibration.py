"""The score that unrelated sequences hardly reach, found by shuffling."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from seqarena.data.alphabet import UNKNOWN
from seqarena.splits.grouping_complexity import find_low_complexity
from seqarena.splits.shuffling import dinucleotide_shuffle

LOWEST_THRESHOLD = 8
LOWEST_CALIBRATED = 20
"""Where shuffling tells little: with few or short records a binding site in common, mostly of 6 to
20 letters and just what models are to learn, would otherwise make relatives of them."""
CHANCE_PAIRS = 1
"""Pairs of records that may be related by chance in the whole data."""
CHANCE_SHARE = 0.001
"""Share of records that may have a relative by chance, if that is fewer."""
MAX_LETTERS = 4_000_000
"""Letters that are shuffled at most; of more records, a sample."""
ROUNDS = 4
"""Records are shuffled so often and all compared with all: 16 times the pairs of one round."""
MIN_RECORDS = 2000
"""Fewer records are shuffled more often, to have as many."""
ROUNDS_LETTERS = 1_000_000
"""Letters of all rounds at most; more in a single one tell enough."""
SEED = 1
ANCHOR = 10
"""Rank of the score from which higher ones are extrapolated."""
TAIL = 50
"""Scores that tell how fast high ones thin out."""
RELIABLE_SHARE = 0.1
"""Share of records whose best chance score is surely found by the search."""
SLOWEST, _FASTEST = 0.25, math.log(3)


def calibrate(
    tokens: np.ndarray,
    offsets: np.ndarray,
    search: Callable[[np.ndarray, np.ndarray], Iterable[tuple[np.ndarray, np.ndarray]]],
    *,
    unknown: int = UNKNOWN,
    find_low: Callable[[np.ndarray, np.ndarray], np.ndarray] = find_low_complexity,
    shuffle: Callable[[np.ndarray, np.ndarray, int], np.ndarray] = dinucleotide_shuffle,
    lowest: int = LOWEST_CALIBRATED,
    slowest: float = SLOWEST,
) -> tuple[int, dict[str, Any]]:
    """Find the smallest score that is hardly reached by chance anywhere in the data.

    The sequences are dinucleotide-shuffled and searched. At most one pair of them, and at most 1 in
    1,000 records, may be expected to reach the score: each link by chance can join two large
    families, since groups are connected components.

    Stretches of low complexity are made unknown before; records rich in them may have relatives by
    chance more often. Shuffling would spread their few letters over the record, and then a handful
    of repetitive records decides on the threshold of all others. Measured on 8,573 distinct
    non-coding RNAs: 35 without low complexity, 51 with all but the most repetitive records, while
    of the pairs of ordinary records that score 34 to 51, 999 in 1,000 are of one class.

    How many pairs reach a score falls exponentially for high scores, and grows with the square of
    the number of letters (S. Karlin and S. F. Altschul, PNAS 87:2264, 1990). By that, the score is
    extrapolated from the tenth highest, and from a sample of the records to all.

    Parameters
    ----------
    tokens : array of uint8, shape (letters,)
        Distinct sequences end to end.
    offsets : array of int64, shape (n + 1,)
        Where each begins, and the end.
    search : callable
        Takes tokens and offsets; yields pairs of sequences (arrays of int64, shape (m, 2)) and
        their scores (shape (m,)), all that may be among the best of either.
    unknown : int
        Token that matches nothing.
    find_low, shuffle : callable
        What finds low complexity, and what shuffles.
    lowest : int
        No threshold is lower.
    slowest : float
        Scores thin out by this exponent at least.

    Returns
    -------
    threshold : int
        The score, `lowest` or more.
    report : dict
        Fit for JSON: method, seed, records (shuffled), rounds (how often), letters,
        low_complexity_share (of letters left out), allowed_pairs, decay (the exponent by which
        scores thin out), chance_score (what chance still reaches) and best_chance_score (the
        highest found).
    """
    lengths = np.diff(offsets)
    sample = _choose_sample(lengths)
    n_letters = int(lengths[sample].sum())
    rounds = max(ROUNDS, -(-MIN_RECORDS // max(len(sample), 1)))
    rounds = max(1, min(rounds, ROUNDS_LETTERS // max(n_letters, 1)))
    parts = [tokens[offsets[i] : offsets[i + 1]] for i in sample]
    kept = np.concatenate([np.empty(0, dtype=np.uint8), *parts])
    ends = np.cumsum([0, *map(len, parts)], dtype=np.int64)
    is_low = find_low(kept, ends)
    kept = np.tile(np.where(is_low, np.uint8(unknown), kept), rounds)
    starts = np.arange(rounds)[:, None] * n_letters + ends[:-1]
    ends = np.append(starts.ravel(), rounds * n_letters)
    best = np.zeros(len(ends) - 1, dtype=np.int64)
    for pairs, scores in search(shuffle(kept, ends, SEED), ends):
        # Two shuffles of one record are no strangers: they have the same composition.
        strangers = pairs[:, 0] % len(sample) != pairs[:, 1] % len(sample)
        for column in pairs[strangers].T:
            np.maximum.at(best, column, scores[strangers])
    best = np.sort(best)[::-1]
    allowed = min(CHANCE_PAIRS, CHANCE_SHARE * len(lengths) / 2)
    ratio = int(lengths.sum()) / max(rounds * n_letters, 1)
    score, decay = score_of_count(best, 2 * allowed / max(ratio, 1e-9) ** 2, lowest, slowest)
    threshold = max(score, lowest)
    how = "dinucleotide-shuffled" if shuffle is dinucleotide_shuffle else "shuffled"
    return threshold, {
        "method": f"{how} copies without low complexity, searched in the same way",
        "seed": SEED,
        "records": len(sample),
        "rounds": rounds,
        "letters": n_letters,
        "low_complexity_share": float(is_low.mean()) if len(is_low) else 0.0,
        "allowed_pairs": allowed,
        "decay": decay,
        "chance_score": max(score - 1, 0),
        "best_chance_score": int(best.max(initial=0)),
    }


def _choose_sample(lengths: np.ndarray) -> np.ndarray:
    """Choose sequences at random, as many as `MAX_LETTERS` allows but two at least."""
    order = np.random.default_rng(SEED).permutation(len(lengths))
    n = np.count_nonzero(np.cumsum(lengths[order]) <= MAX_LETTERS)
    return np.sort(order[: max(n, 2)])


def score_of_count(
    best: np.ndarray, count: float, lowest: int = LOWEST_CALIBRATED, slowest: float = SLOWEST
) -> tuple[int, float]:
    """Find the score that so many records are expected to reach.

    Parameters
    ----------
    best : array of int64, shape (n,)
        The best score of each record, falling.
    count : float
        How many, perhaps fewer than one.
    lowest, slowest
        As in `calibrate`.

    Returns
    -------
    score : int
        The smallest that no more records reach; extrapolated where that are fewer than `ANCHOR`.
        `lowest` where no record has any score.
    decay : float
        By which exponent the number of records falls as the score rises by 1.
    """
    if best.max(initial=0) == 0:
        return lowest, _FASTEST
    found = best[best > 0]
    count = min(count, RELIABLE_SHARE * len(best), len(found) / 2)
    tail = found[:TAIL]
    excess = float(tail.mean() - tail[-1])
    # The most probable rate of a geometric distribution with that mean.
    decay = math.log1p(1 / excess) if excess > 0 else _FASTEST
    decay = min(max(decay, slowest), _FASTEST)
    if count >= ANCHOR:
        return int(best[int(count)]) + 1, decay
    anchor = int(found[min(ANCHOR, len(found)) - 1])
    reached = np.count_nonzero(found >= anchor)
    return anchor + max(math.ceil(math.log(reached / count) / decay), 1), decay
