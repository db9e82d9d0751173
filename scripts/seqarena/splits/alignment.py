"""Smith-Waterman scores of many pairs, and what an alignment of one pair looks like.

A match scores +1, a mismatch -1, the first letter of a gap -2, each further one -1; whatever is
not A, C, G or T matches nothing (T. F. Smith and M. S. Waterman, J. Mol. Biol. 147:195, 1981; gaps
after O. Gotoh, J. Mol. Biol. 162:705, 1982).

The compiled loop aligns one query with many references at once (T. Rognes, BMC Bioinformatics
12:221, 2011). It goes along antidiagonals, whose cells don't depend on each other, with the
references side by side in memory, so that one plain loop over bytes does all the work; compilers
turn it into instructions for 32 or 64 cells. Measured on a core with AVX2, both sequences of 100
(200, 1,000) random letters: 17 (17, 17) billion cells a second, and half of that with scores of two
bytes; parasail's striped 16-bit loop, a call a pair, 1.9 (4.1, 8), a query against concatenated
references 3.3 (4.0, 5).
"""

from typing import NamedTuple

import numpy as np
import parasail
from numba import njit

from seqarena.data.alphabet import UNKNOWN, complement_tokens
from seqarena.splits.grouping_compiler import compiled

NO_LETTER = 5
"""Token that differs from all letters of a query, `UNKNOWN` included."""
WIDTH = 6_000
"""Letters of references side by side: less leaves the loop short, more falls out of the cache."""
REACH = 2_000
"""Letters on either side of a common segment by which candidates are compared with each other."""
_MATRIX = parasail.matrix_create("ACGTN", 1, -1)  # a letter not named would cost nothing
_MATRIX[UNKNOWN, UNKNOWN] = -1
_OPEN, _EXTEND = 2, 1
_COMPLEMENT = complement_tokens[: UNKNOWN + 1].copy()
_LETTERS = bytes(b"ACGT".ljust(256, b"N"))


class Sequences(NamedTuple):
    """Distinct sequences, end to end.

    Parameters
    ----------
    letters : array of uint8
        A, C, G, T are 0 to 3, all others `UNKNOWN`.
    offsets : array of int64, shape (n + 1,)
        Where each begins, and the end.
    """

    letters: np.ndarray
    offsets: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Letters of each, int64 of shape (n,)."""
        return np.diff(self.offsets)

    def text(self, number: int) -> str:
        """Letters of one as parasail reads them."""
        return as_text(self.letters[self.offsets[number] : self.offsets[number + 1]])


class Alignment(NamedTuple):
    """The best local alignment of two sequences.

    Parameters
    ----------
    score : int
        Its score.
    identity : float
        Matches as a share of its columns; NaN if there is no alignment.
    """

    score: int
    identity: float


def as_text(tokens: np.ndarray) -> str:
    """Write tokens as letters; all but A, C, G and T become N."""
    return tokens.tobytes().translate(_LETTERS).decode("ascii")


def turn(text: str) -> str:
    """Give the reverse complement of letters A, C, G, T and N."""
    return text.translate(str.maketrans("ACGT", "TGCA"))[::-1]


def align(query: str, reference: str) -> Alignment:
    """Align two sequences.

    Parameters
    ----------
    query, reference : str
        Letters A, C, G, T and N, at least one each.

    Returns
    -------
    Alignment
        One of the best, the same each time.
    """
    return _describe(query, reference, _score(query, reference))


def align_strands(query: str, reference: str) -> tuple[Alignment, Alignment]:
    """Align a sequence, and then its reverse complement, with another one.

    Parameters
    ----------
    query, reference : str
        Letters A, C, G, T and N, at least one each.

    Returns
    -------
    same, opposite : Alignment
        The identity of the one with the lower score isn't computed but NaN.
    """
    strands = query, turn(query)
    scored = [_score(strand, reference) for strand in strands]
    best = max(found.score for found in scored)
    same, opposite = (
        _describe(strand, reference, found)
        if found.score == best
        else Alignment(found.score, np.nan)
        for strand, found in zip(strands, scored, strict=True)
    )
    return same, opposite


def _score(query: str, reference: str) -> parasail.Result:
    """Find the score and where the alignment ends."""
    return parasail.sw_striped_sat(query, reference, _OPEN, _EXTEND, _MATRIX)


def _describe(query: str, reference: str, found: parasail.Result) -> Alignment:
    """Count matches and columns, looking back from the end no further than the alignment reaches.

    An alignment has at most two columns for each letter of the shorter sequence less one for each
    point of its score. What fits 16 bits takes a quarter of the time.
    """
    if found.score == 0:
        return Alignment(0, np.nan)
    fits = 2 * min(len(query), len(reference)) - found.score < 2**15
    method = parasail.sw_stats_striped_16 if fits else parasail.sw_stats_striped_32
    reach, stops = 2 * found.score + 100, (found.end_query + 1, found.end_ref + 1)
    while True:
        parts = (
            text[max(stop - reach, 0) : stop]
            for text, stop in zip((query, reference), stops, strict=True)
        )
        measured = method(*parts, _OPEN, _EXTEND, _MATRIX)
        if measured.score == found.score:
            return Alignment(found.score, measured.matches / measured.length)
        reach *= 2


def score_around(query: str, reference: str, query_place: int, reference_place: int) -> int:
    """Score the alignment of two sequences about a segment that they share.

    Parameters
    ----------
    query, reference : str
        Letters A, C, G, T and N.
    query_place, reference_place : int
        Where in each the same letter of the shared segment stands.

    Returns
    -------
    int
        The best score within `REACH` letters on either side.
    """
    return _score(
        query[max(query_place - REACH, 0) : query_place + REACH],
        reference[max(reference_place - REACH, 0) : reference_place + REACH],
    ).score


@compiled
def self_scores(letters, offsets):
    """Score each sequence with itself.

    An alignment of a sequence with itself has a mismatch or a gap for each unknown letter, so none
    is better than the best segment of the main diagonal.

    Parameters
    ----------
    letters, offsets : array
        As in `Sequences`.

    Returns
    -------
    scores, columns : array of int64, shape (n,)
        The best score that each sequence could have with any other, and the columns of that
        alignment.
    """
    scores = np.zeros(len(offsets) - 1, dtype=np.int64)
    columns = np.zeros(len(offsets) - 1, dtype=np.int64)
    for i in range(len(scores)):
        score, first = 0, offsets[i]
        for place in range(offsets[i], offsets[i + 1]):
            score += 1 if letters[place] < UNKNOWN else -1
            if score < 0:
                score, first = 0, place + 1
            elif score > scores[i]:
                scores[i], columns[i] = score, place + 1 - first
    return scores, columns


@njit(inline="always")
def _larger(a, b):
    return a if a > b else b


@njit(inline="always")
def _less_one(a, kind):
    """Subtract 1 but stay at 0; compilers know this form as one instruction."""
    return kind(_larger(a, kind(1)) - kind(1))


@compiled
def _score_diagonal(new, last, older, across, down, new_down, best, query, reference, cells):
    """Score the cells of an antidiagonal.

    Numbers are unsigned, so what would be below 0 is 0, as in any local alignment. They never
    reach their limit: from `limit` on, a match adds to `limit` only. All indices are unsigned,
    too, or the compiler would have to reckon with negative ones and give up its wide instructions.
    """
    kind = best.dtype.type
    zero, two, limit = kind(0), kind(2), kind(253 if best.itemsize == 1 else 65533)
    first, n_cells, shift, n_lanes = cells
    for k in range(n_cells):
        x = first + k
        diagonal = older[x]
        diagonal = diagonal if diagonal < limit else limit
        score = kind(diagonal + (two if reference[shift + k] == query[x] else zero))
        score = _less_one(score, kind)
        gap_across, gap_down = across[x], down[x]
        score = _larger(_larger(score, gap_across), gap_down)
        new[x + n_lanes] = score
        best[x] = _larger(best[x], score)
        opened = _less_one(score, kind)
        across[x] = _less_one(_larger(gap_across, opened), kind)
        new_down[x + n_lanes] = _less_one(_larger(gap_down, opened), kind)


@compiled
def score_lanes(query, reference, n_lanes, work, scores):
    """Align as many pairs as there are lanes.

    Parameters
    ----------
    query : array of uint8, shape (query length * n_lanes,)
        First letters of all queries, then second ones, and so on.
    reference : array of uint8, shape (reference length * n_lanes,)
        Last letters of all references, then the ones before, and so on. Shorter ones are filled
        up with `NO_LETTER` at their ends, which stands for unknown letters, too.
    n_lanes : int
        Number of pairs.
    work : array of uint8 or uint16, shape (7, at least (query length + 1) * n_lanes)
        Is overwritten.
    scores : array of int64, shape (n_lanes,)
        Receives the scores. One of 254 (with uint16: 65534) means that or more.
    """
    length, other_length = len(query) // n_lanes, len(reference) // n_lanes
    work[:, : (length + 1) * n_lanes] = 0
    new, last, older, across = work[0], work[1], work[2], work[3]
    down, new_down, best = work[4], work[5], work[6]
    for diagonal in range(length + other_length - 1):
        low = max(0, diagonal - other_length + 1)
        n_cells = (min(length - 1, diagonal) + 1 - low) * n_lanes
        shift = (other_length - 1 - diagonal + low) * n_lanes
        cells = (np.uint64(low * n_lanes), np.uint64(n_cells), np.uint64(shift), np.uint64(n_lanes))
        _score_diagonal(new, last, older, across, down, new_down, best, query, reference, cells)
        new, last, older = older, new, last
        down, new_down = new_down, down
    scores[:] = 0
    for i in range(length):
        for lane in range(n_lanes):
            scores[lane] = max(scores[lane], best[i * n_lanes + lane])


@compiled
def lay_query(letters, turned, n_lanes, query):
    """Write a sequence, or its reverse complement, as query of all lanes of `score_lanes`."""
    length = len(letters)
    for i in range(length):
        letter = _COMPLEMENT[letters[length - 1 - i]] if turned else letters[i]
        query[i * n_lanes : (i + 1) * n_lanes] = letter


@compiled
def lay_references(letters, offsets, numbers, n_lanes, reference):
    """Write sequences as references of `score_lanes`; give the length of the longest."""
    length = 0
    for number in numbers:
        length = max(length, offsets[number + 1] - offsets[number])
    reference[: length * n_lanes] = NO_LETTER
    for lane in range(len(numbers)):
        start = offsets[numbers[lane]]
        for i in range(offsets[numbers[lane] + 1] - start):
            if letters[start + i] < UNKNOWN:
                reference[(length - 1 - i) * n_lanes + lane] = letters[start + i]
    return length


@njit(inline="always")
def lanes_for(length):
    """Give the power of 2 of lanes that makes the loop over references of a length fast."""
    n_lanes = 1
    while n_lanes * length < WIDTH:
        n_lanes *= 2
    return n_lanes
