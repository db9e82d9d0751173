"""Smith-Waterman scores of candidate pairs, and the links that follow from them."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import parasail

from seqarena.splits import scanning

MAX_THRESHOLD = 4096
"""A higher score than this isn't asked for; what reaches it is related in any case."""
MARGIN_FACTOR = 2
"""Letters aligned on either side of where a pair is alike, by threshold."""
MIN_MARGIN = 256
"""So many at least. Among 8,573 non-coding RNAs, 128 missed relatives of one test record in 150."""
BATCH = 20_000
"""Pairs aligned before links are looked at again."""
_MATRIX = parasail.matrix_create("ACGTN", 1, -1)  # a letter not named would cost nothing
_MATRIX[4, 4] = -1  # N doesn't match N
_LETTERS = bytes(b"ACGT".ljust(256, b"N"))
_COMPLEMENT = str.maketrans("ACGT", "TGCA")


class Candidates(NamedTuple):
    """Pairs of sequences, and where they are alike.

    Parameters
    ----------
    pairs : array of int64, shape (m, 2)
        Numbers of the sequences.
    starts, stops : array of int64, shape (m, 2)
        Places in each sequence, on its forward strand, between which to align.
    opposite : array of bool, shape (m,)
        Whether to align the reverse complement of the second one.
    """

    pairs: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    opposite: np.ndarray

    def take(self, rows: np.ndarray) -> "Candidates":
        """Choose some, by number or by a boolean each."""
        return Candidates(*(column[rows] for column in self))


def margin_for(threshold: float) -> int:
    """Give how many letters to align on either side of where a pair is alike.

    An alignment of score T has up to 4 T columns if 62 % of them match, so one that has the place
    in its middle is found whole with 2 T letters on either side.
    """
    return max(MIN_MARGIN, int(MARGIN_FACTOR * min(threshold, MAX_THRESHOLD)))


class Aligner:
    """Aligns pairs of sequences.

    Parameters
    ----------
    tokens : array of uint8, shape (letters,)
        Sequences end to end; whatever isn't A, C, G or T matches nothing.
    offsets : array of int64, shape (n + 1,)
        Where each begins, and the end.
    pool : concurrent.futures.Executor
        Of threads.
    """

    def __init__(self, tokens: np.ndarray, offsets: np.ndarray, pool: ThreadPoolExecutor) -> None:
        self.letters = tokens.tobytes().translate(_LETTERS).decode("ascii")
        self.offsets = offsets
        self.pool = pool

    def link(
        self, candidates: Candidates, threshold: float, parents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Align pairs that are still apart, and link those that reach a threshold.

        Parameters
        ----------
        candidates : Candidates
            Pairs.
        threshold : float
            Score from which on they are linked.
        parents : array of int64, shape (n,)
            Sets of linked sequences, as of `scanning.unite`. Changed.

        Returns
        -------
        links : array of int64, shape (k, 2)
            Pairs newly linked.
        pairs : array of int64, shape (l, 2)
            Pairs that were aligned.
        scores : array of int64, shape (l,)
            Their scores.
        """
        candidates = candidates.take(scanning.are_apart(parents, candidates.pairs))
        places = self.offsets[candidates.pairs]
        table = np.column_stack(
            [places + candidates.starts, places + candidates.stops, candidates.opposite]
        ).tolist()
        parts = [table[i : i + 500] for i in range(0, len(table), 500)]
        scores = np.array([score for part in self.pool.map(self._scores, parts) for score in part])
        scores = scores.astype(np.int64)
        links = candidates.pairs[scores >= threshold]
        return links[scanning.unite(parents, links)], candidates.pairs, scores

    def _scores(self, table: list[list[int]]) -> list[int]:
        scores = []
        for first, second, first_stop, second_stop, opposite in table:
            one, other = self.letters[first:first_stop], self.letters[second:second_stop]
            if opposite:
                other = other.translate(_COMPLEMENT)[::-1]
            scores.append(parasail.sw_striped_16(one, other, 2, 1, _MATRIX).score)
        return scores
