"""Search for the nearest seen record of every test record, by seeds.

It works as the search behind the groups does (`homology`), with other seeds, so that it isn't blind
to the same pairs: places that share a spaced word are compared along their diagonal. Of all pairs
of a sequence that was tested and one that was seen by then, the best few of each sequence are
remembered and aligned.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numba import njit

from seqarena.data.alphabet import UNKNOWN
from seqarena.splits import seeds
from seqarena.splits.alignment import Sequences, as_text, score_around
from seqarena.splits.audit_exact import Nearest
from seqarena.splits.audit_sides import Sides
from seqarena.splits.grouping_compiler import compiled
from seqarena.splits.scanning import MIN_WINDOW_SCORE, count_bits, extend, window
from seqarena.splits.search import CAP_FACTOR, MAX_SEED_PAIRS, MIN_CAP

KEPT = 8
"""Candidates remembered of a sequence, so that some were seen in any repeat."""
ALIGNED = 4
"""Candidates aligned of a sequence in each column of `Sides`."""
SLICES = 4
"""Parts of the search that run side by side; fixed, so that results don't depend on threads."""
PATTERN_SEED = 1
"""Seed of the patterns; grouping has 0."""
WINDOW = 64
CROWDED = 0.3
"""Where the worst candidate kept has this share of the best possible score, others are looked at
only if they are more alike than that about a seed,"""
CROWDED_MARGIN = 8
"""by so much. Without this, 4,000 relatives of 200 letters take half an hour, with it 15 s."""
_NONE = -1


class Candidates(NamedTuple):
    """Sequences that are perhaps near, by sequence.

    Parameters
    ----------
    other : array of int32, shape (sequences, KEPT)
        Which; -1 for none.
    score : array of int32, shape (sequences, KEPT)
        Of the best ungapped segment found.
    diagonal : array of int64, shape (sequences, KEPT)
        Place in the text of a letter of the other one, on the strand on which the two are alike,
        less that of the letter that it is aligned with.
    place : array of int32, shape (sequences, KEPT)
        Where in the sequence a letter of the segment is.
    wanted : array of int64, shape (sequences,)
        Score of the 64 letters about a seed from which on a pair is looked at.
    """

    other: np.ndarray
    score: np.ndarray
    diagonal: np.ndarray
    place: np.ndarray
    wanted: np.ndarray


def no_candidates(n_sequences: int) -> Candidates:
    """Make room for the candidates of each sequence."""
    shape = (n_sequences, KEPT)
    return Candidates(
        np.full(shape, _NONE, dtype=np.int32),
        *(np.zeros(shape, dtype=kind) for kind in (np.int32, np.int64, np.int32)),
        np.full(n_sequences, MIN_WINDOW_SCORE),
    )


def search_nearest(sides: Sides, both_strands: bool, pool: ThreadPoolExecutor) -> Nearest:
    """Find a near seen record for each tested sequence, copies left out.

    Parameters
    ----------
    sides : Sides
        The split.
    both_strands : bool
        Whether to look at reverse complements, too.
    pool : concurrent.futures.Executor
        Of threads.

    Returns
    -------
    Nearest
        Relatives are found with few exceptions. What is similar by chance only may not be the
        nearest there is.
    """
    text = seeds.lay_out(*sides.sequences, both_strands)
    candidates = _collect(sides, text, both_strands, pool)
    needed = mark_needed(sides, candidates)
    aligned = _align(sides.sequences, text, candidates, needed, pool)
    return best_aligned(sides, candidates, aligned)


def _collect(
    sides: Sides, text: seeds.Text, both_strands: bool, pool: ThreadPoolExecutor
) -> Candidates:
    """Search with all patterns."""
    lengths = sides.sequences.lengths
    n_letters = max(len(sides.sequences.letters), 1)
    counts = np.bincount(sides.sequences.letters, minlength=UNKNOWN)[:UNKNOWN]
    shares = counts / max(counts.sum(), 1)
    weight = seeds.choose_weight(n_letters, MAX_SEED_PAIRS, float(shares @ shares))
    n_words = 4**weight / (2 if both_strands else 1)
    cap = max(MIN_CAP, math.ceil(CAP_FACTOR * n_letters / n_words))
    tested, seen = as_bits(sides.tested), as_bits(sides.first_seen >= 0)
    found = [no_candidates(len(lengths)) for _ in range(SLICES)]
    patterns = seeds.choose_patterns(weight, PATTERN_SEED)
    for index in (index for pattern in patterns for index in seeds.index_seeds(text, pattern)):
        bounds, _, _ = seeds.cut_evenly(index.first, cap, SLICES)

        def scan_slice(number: int, index=index, bounds=bounds) -> None:
            words = bounds[number : number + 2]
            _scan(text, lengths, index, words, cap, tested, seen, found[number])

        list(pool.map(scan_slice, range(SLICES)))
    for part in found[1:]:
        merge_candidates(found[0], part, lengths)
    return found[0]


def as_bits(flags: np.ndarray) -> np.ndarray:
    """Pack booleans of shape (n, columns) into uint64 of shape (n, words)."""
    packed = np.packbits(flags, axis=1, bitorder="little")
    wanted = -(-flags.shape[1] // 64) * 8
    packed = np.pad(packed, ((0, 0), (0, wanted - packed.shape[1])))
    return np.ascontiguousarray(packed).view(np.uint64)


@njit(inline="always")
def meet(tested, one, seen, other):
    """Tell whether one sequence was tested where the other was seen."""
    common = np.uint64(0)
    for word in range(tested.shape[1]):
        common |= tested[one, word] & seen[other, word]
    return common != 0


@njit(inline="always")
def _knows(candidates, one, other, diagonal):
    """Tell whether a sequence has another one as candidate, from the same diagonal."""
    for k in range(KEPT):
        if candidates.other[one, k] == other and candidates.diagonal[one, k] == diagonal:
            return True
    return False


@compiled
def keep_candidate(candidates, one, other, score, diagonal, place, length):
    """Remember a candidate if it is better than the worst of those remembered."""
    worst = 0
    for k in range(KEPT):
        if candidates.other[one, k] == other:
            worst = k
            break
        if candidates.score[one, k] < candidates.score[one, worst]:
            worst = k
    if score > candidates.score[one, worst]:
        candidates.other[one, worst] = other
        candidates.score[one, worst] = score
        candidates.diagonal[one, worst] = diagonal
        candidates.place[one, worst] = place
        share = candidates.score[one].min() / length
        if share >= CROWDED:
            candidates.wanted[one] = int(WINDOW * share) + CROWDED_MARGIN


@compiled
def merge_candidates(candidates, others, lengths):
    """Add the candidates that another slice has found."""
    for one in range(len(others.other)):
        for k in range(KEPT):
            if others.other[one, k] != _NONE:
                keep_candidate(
                    candidates,
                    one,
                    others.other[one, k],
                    others.score[one, k],
                    others.diagonal[one, k],
                    others.place[one, k],
                    lengths[one],
                )


@compiled
def _scan(text, lengths, index, words, cap, tested, seen, candidates):
    """Compare the places of each word with each other; of too many, each with the next `cap`."""
    first, places = index.first, index.places
    largest = 0
    for word in range(words[0], words[1]):
        largest = max(largest, first[word + 1] - first[word])
    low = np.empty(largest, dtype=np.uint64)
    high = np.empty(largest, dtype=np.uint64)
    known = np.empty(largest, dtype=np.uint64)
    scores = np.empty(largest, dtype=np.int8)
    margin = (64 - index.span) // 2
    end = len(text.letters) - 1
    for word in range(words[0], words[1]):
        begin = first[word]
        n = first[word + 1] - begin
        for i in range(n if n > 1 else 0):
            start = places[begin + i] - margin
            low[i] = window(text.planes, 0, start)
            high[i] = window(text.planes, 1, start)
            known[i] = window(text.planes, 2, start)
        for i in range(n - 1):
            stop = min(n, i + 1 + cap)
            for j in range(i + 1, stop):  # a loop of its own, to run on vectors
                both = known[i] & known[j]
                equal = both & ~((low[i] ^ low[j]) | (high[i] ^ high[j]))
                scores[j] = np.int8(2 * count_bits(equal) - count_bits(both))
            a = places[begin + i]
            one = text.sequence_at[a // seeds.GAP_LENGTH]
            for j in range(i + 1, stop):
                if scores[j] < MIN_WINDOW_SCORE:
                    continue
                b = places[begin + j]
                other = text.sequence_at[b // seeds.GAP_LENGTH]
                forth = scores[j] >= candidates.wanted[one] and meet(tested, one, seen, other)
                back = scores[j] >= candidates.wanted[other] and meet(tested, other, seen, one)
                if one == other or not (forth or back):
                    continue
                # On the forward strand of the one, and on that of the other.
                turned = a >= text.strand_length
                here, there = (end - a, end - b) if turned else (a, b)
                turned = b >= text.strand_length
                there_too, here_too = (end - b, end - a) if turned else (b, a)
                forth = forth and not _knows(candidates, one, other, there - here)
                back = back and not _knows(candidates, other, one, here_too - there_too)
                if not (forth or back):
                    continue
                score = extend(text.letters, a, b, 1) + extend(text.letters, a - 1, b - 1, -1)
                if forth:
                    place = here - text.starts[one]
                    keep_candidate(candidates, one, other, score, there - here, place, lengths[one])
                if back:
                    place = there_too - text.starts[other]
                    diagonal = here_too - there_too
                    keep_candidate(candidates, other, one, score, diagonal, place, lengths[other])


def mark_needed(sides: Sides, candidates: Candidates) -> np.ndarray:
    """Mark, for each sequence, the best `ALIGNED` candidates that were seen, in any column."""
    order = np.argsort(-candidates.score, axis=1, kind="stable")
    other = np.take_along_axis(candidates.other, order, axis=1)
    needed = np.zeros(other.shape, dtype=bool)
    for column in range(sides.tested.shape[1]):
        usable = (other != _NONE) & (sides.first_seen[other, column] >= 0)
        usable &= sides.tested[:, column, None]
        needed |= usable & (usable.cumsum(axis=1) <= ALIGNED)
    marked = np.zeros_like(needed)
    np.put_along_axis(marked, order, needed, axis=1)
    return marked


def _align(
    sequences: Sequences,
    text: seeds.Text,
    candidates: Candidates,
    needed: np.ndarray,
    pool: ThreadPoolExecutor,
) -> np.ndarray:
    """Give the Smith-Waterman scores of the candidates, 0 of those that aren't needed.

    A pair that both of its sequences remember, on one strand, is aligned once.
    """
    ones, ranks = np.nonzero(needed)
    others, diagonals, places = (
        table[ones, ranks] for table in (candidates.other, candidates.diagonal, candidates.place)
    )
    lengths = sequences.lengths
    there = diagonals + places + text.starts[ones]
    ones, others = ones.astype(np.int64), others.astype(np.int64)
    opposite = there >= text.strand_length
    last = len(text.letters) - 1
    starts = np.where(
        opposite, last - text.starts[others] - lengths[others] + 1, text.starts[others]
    )
    keys = (np.minimum(ones, others) * len(lengths) + np.maximum(ones, others)) * 2 + opposite
    _, first, again = np.unique(keys, return_index=True, return_inverse=True)
    letters = as_text(text.letters)
    own = text.starts[ones]
    jobs = np.column_stack(
        [own, own + lengths[ones], places, starts, starts + lengths[others], there - starts]
    )[first]

    def scores_of(part: np.ndarray) -> list[int]:
        return [
            score_around(letters[a:b], letters[c:d], here, place)
            for a, b, here, c, d, place in part.tolist()
        ]

    parts = [jobs[i : i + 500] for i in range(0, len(jobs), 500)]
    scores = np.array([score for part in pool.map(scores_of, parts) for score in part])
    aligned = np.zeros(needed.shape, dtype=np.int64)
    aligned[ones, ranks] = scores.astype(np.int64)[again.reshape(-1)]
    return aligned


def best_aligned(sides: Sides, candidates: Candidates, aligned: np.ndarray) -> Nearest:
    """Choose the best of the aligned candidates, and the first record of equally good ones."""
    score = np.zeros(sides.tested.shape, dtype=np.int64)
    record = np.full(sides.tested.shape, _NONE, dtype=np.int64)
    for column in range(sides.tested.shape[1]):
        seen = sides.first_seen[candidates.other, column]
        usable = (candidates.other != _NONE) & (seen >= 0) & (aligned > 0)
        usable &= sides.tested[:, column, None]
        best = np.where(usable, aligned, 0).max(axis=1)
        tied = usable & (aligned == best[:, None])
        first = np.where(tied, seen, np.iinfo(np.int64).max).min(axis=1)
        score[:, column] = best
        record[:, column] = np.where(best > 0, first, _NONE)
    return Nearest(score, record)
