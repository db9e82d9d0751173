"""Stretches of a genome: what they are made of, and which of them overlap."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqarena.data.genome import Genome

CHUNK = 1 << 24
"""Letters read at once, so that millions of stretches need little memory."""


def _table(letters: bytes) -> bytes:
    table = np.zeros(256, np.uint8)
    table[list(letters)] = 1
    return table.tobytes()


_STRONG, _KNOWN = _table(b"CGcg"), _table(b"ACGTacgt")
_LOWER, _UNKNOWN = _table(bytes(range(ord("a"), ord("z") + 1))), _table(b"Nn")


@dataclass(frozen=True)
class Stretches:
    """Stretches of a genome and their composition.

    Parameters
    ----------
    length, chromosome, start : numpy.ndarray
        int64 of shape (stretches,); the chromosome as an index.
    gc, repeats, unknown : numpy.ndarray
        float64 of shape (stretches,): share of G and C among A, C, G, T; shares of lower-case
        letters and of N among all.
    owner : numpy.ndarray
        int64 of shape (stretches,): for which record a stretch stands or was drawn.
    """

    length: np.ndarray
    chromosome: np.ndarray
    start: np.ndarray
    gc: np.ndarray
    repeats: np.ndarray
    unknown: np.ndarray
    owner: np.ndarray

    def __len__(self) -> int:
        return len(self.length)

    def choose(self, index: np.ndarray) -> "Stretches":
        """Some of the stretches, by index or mask."""
        return Stretches(*(values[index] for values in vars(self).values()))

    def join(self, other: "Stretches") -> "Stretches":
        """These stretches and then the others."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Stretches(*map(np.concatenate, pairs))


def composition(letters: bytes, offsets: np.ndarray) -> list[np.ndarray]:
    """GC, repeats and unknown, as in `Stretches`, of sequences that stand end to end.

    Parameters
    ----------
    letters : bytes
        In the case of the genome.
    offsets : numpy.ndarray
        int64 of shape (stretches + 1,); no stretch is empty.

    Returns
    -------
    list of numpy.ndarray
        Three of float64, shape (stretches,).
    """
    strong, known, lower, unknown = (
        np.add.reduceat(np.frombuffer(letters.translate(table), np.uint8), offsets[:-1], dtype=int)
        for table in (_STRONG, _KNOWN, _LOWER, _UNKNOWN)
    )
    lengths = np.diff(offsets)
    return [strong / np.maximum(known, 1), lower / lengths, unknown / lengths]


def measure(
    genome: Genome,
    chromosomes: Sequence[str],
    chromosome: np.ndarray,
    start: np.ndarray,
    length: np.ndarray,
    owner: np.ndarray,
) -> Stretches:
    """Read stretches and measure what they are made of.

    Parameters
    ----------
    genome : Genome
        Open.
    chromosomes : sequence of str
        Names by index.
    chromosome, start, length, owner : numpy.ndarray
        int64 of shape (stretches,), as in `Stretches`.

    Returns
    -------
    Stretches
        In the order given; they are read in that of the genome, which is the fastest.
    """
    order = np.lexsort([start, chromosome])
    cuts = np.flatnonzero(np.diff(np.cumsum(length[order]) // CHUNK)) + 1
    shares = np.zeros((3, len(order)))
    for part in np.split(order, cuts):
        if len(part):
            spans = np.column_stack([chromosome, start, start + length])[part].tolist()
            letters = b"".join(genome.letters(chromosomes[c], s, e) for c, s, e in spans)
            shares[:, part] = composition(letters, np.r_[0, np.cumsum(length[part])])
    return Stretches(length, chromosome, start, *shares, owner)


class Blocked:
    """What may not be overlapped: sorted disjoint intervals by chromosome.

    Parameters
    ----------
    chromosome, start, end : numpy.ndarray
        int64 of shape (intervals,), which may overlap each other.
    chromosomes : int
        Number of chromosomes.
    """

    def __init__(
        self, chromosome: np.ndarray, start: np.ndarray, end: np.ndarray, chromosomes: int
    ):
        self._starts: list[list[int]] = [[] for _ in range(chromosomes)]
        self._ends: list[list[int]] = [[] for _ in range(chromosomes)]
        order = np.lexsort([start, chromosome])
        rows = np.column_stack([chromosome, start, end])[order].tolist()
        for c, first, last in rows:
            starts, ends = self._starts[c], self._ends[c]
            if ends and first <= ends[-1]:
                ends[-1] = max(ends[-1], last)
            else:
                starts.append(first)
                ends.append(last)

    def free(self, chromosome: np.ndarray, start: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Which of many stretches overlap nothing, bool of shape (stretches,)."""
        result = np.ones(len(start), bool)
        for c in np.unique(chromosome).tolist():
            here = chromosome == c
            ends = np.array([-1, *self._ends[c]], np.int64)
            # The last interval that begins before a stretch ends must end before that begins.
            before = np.searchsorted(self._starts[c], (start + length)[here], side="left")
            result[here] = ends[before] <= start[here]
        return result

    def take(self, chromosome: int, start: int, end: int) -> bool:
        """Add a stretch if it overlaps nothing; say whether it was added."""
        starts, ends = self._starts[chromosome], self._ends[chromosome]
        at = bisect_left(starts, end)
        if at and ends[at - 1] > start:
            return False
        starts.insert(at, start)
        ends.insert(at, end)
        return True
