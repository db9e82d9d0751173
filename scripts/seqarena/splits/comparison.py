"""How the audit compares records: as nucleotides, as proteins, or as nothing but equal or not.

Each way has the same methods, so the audit itself needn't ask for the alphabet.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np

from seqarena.data.alphabet import UNKNOWN, Alphabet
from seqarena.splits.alignment import Sequences, align, align_strands, self_scores
from seqarena.splits.audit_exact import Nearest, choose_exact, compare_exactly
from seqarena.splits.audit_sides import Sides
from seqarena.splits.grouping_complexity import blank_simple_repeats
from seqarena.splits.groups import has_strands
from seqarena.splits.homology import calibrate
from seqarena.splits.neighbours import search_nearest
from seqarena.splits.protein_audit import Proteins


class Comparison(Protocol):
    """What the audit asks of a way to compare.

    Attributes
    ----------
    relatives : bool
        Whether anything but copies can be told.
    both_strands : bool
        Whether a sequence and its reverse complement are the same.
    """

    relatives: bool
    both_strands: bool

    def plain(self, originals: Sequences) -> Sequences:
        """Give distinct sequences as they are compared."""

    def calibrate(self, originals: Sequences, pool: ThreadPoolExecutor) -> int:
        """Find the score that chance hardly reaches."""

    def best(self, sequences: Sequences) -> tuple[np.ndarray, np.ndarray]:
        """Give each sequence's score with itself (int64) and the identity of that (float64)."""

    def choose(self, sides: Sides, exact: str | int, seed: int) -> np.ndarray:
        """Choose the test records that are compared with every seen one."""

    def exactly(self, sides: Sides, records: np.ndarray, pool: ThreadPoolExecutor) -> Nearest:
        """Find the nearest seen record of test records among all there are."""

    def search(self, sides: Sides, pool: ThreadPoolExecutor) -> Nearest:
        """Find a near seen record of each tested sequence."""

    def describe(self, sequences: Sequences, pairs: np.ndarray) -> list[tuple[Any, ...]]:
        """Give score and identity of pairs on the same and on the other strand."""


class Nucleotides:
    """DNA and RNA.

    Parameters
    ----------
    both_strands : bool
        Whether a sequence and its reverse complement are the same.
    """

    relatives = True

    def __init__(self, both_strands: bool) -> None:
        self.both_strands = both_strands

    def plain(self, originals: Sequences) -> Sequences:
        """Make simple repeats, and codes of several bases, unknown."""
        blanked = blank_simple_repeats(*originals)
        return Sequences(np.minimum(blanked, UNKNOWN), originals.offsets)

    def calibrate(self, originals: Sequences, pool: ThreadPoolExecutor) -> int:
        """As for grouping."""
        return calibrate(*originals, self.both_strands, pool)[0]

    def best(self, sequences: Sequences) -> tuple[np.ndarray, np.ndarray]:
        """Count matches of the best segment, in which unknown letters are mismatches."""
        best, columns = self_scores(*sequences)
        return best, (best + columns) / 2 / np.maximum(columns, 1)

    def choose(self, sides: Sides, exact: str | int, seed: int) -> np.ndarray:
        """As many as some seconds allow, if `exact` is "auto"."""
        return choose_exact(sides, exact, self.both_strands, seed)

    def exactly(self, sides: Sides, records: np.ndarray, pool: ThreadPoolExecutor) -> Nearest:
        """Align many pairs at once."""
        return compare_exactly(sides, records, self.both_strands, pool)

    def search(self, sides: Sides, pool: ThreadPoolExecutor) -> Nearest:
        """Search by seeds."""
        return search_nearest(sides, self.both_strands, pool)

    def describe(self, sequences: Sequences, pairs: np.ndarray) -> list[tuple[Any, ...]]:
        """Align on one strand or on both."""
        texts = [(sequences.text(one), sequences.text(other)) for one, other in pairs.tolist()]
        if self.both_strands:
            return [(*same, *turned) for same, turned in (align_strands(*pair) for pair in texts)]
        return [(*align(*pair), -1, math.nan) for pair in texts]


class CopiesOnly:
    """Words and numbers, of which nothing tells how alike two records are.

    Parameters
    ----------
    unit : int
        Bytes of a word or a number.
    """

    relatives = False
    both_strands = False

    def __init__(self, unit: int) -> None:
        self.unit = unit

    def plain(self, originals: Sequences) -> Sequences:
        """Leave them as they are."""
        return originals

    def best(self, sequences: Sequences) -> tuple[np.ndarray, np.ndarray]:
        """Count words or numbers; all of a copy are identical."""
        return sequences.lengths // self.unit, np.ones(len(sequences.lengths))

    def choose(self, sides: Sides, exact: str | int, seed: int) -> np.ndarray:
        """None: to compare with every seen record would find copies only, and these are found."""
        return np.empty(0, dtype=np.int64)

    def exactly(self, sides: Sides, records: np.ndarray, pool: ThreadPoolExecutor) -> Nearest:
        """Find nothing."""
        return self.search(sides, pool)

    def search(self, sides: Sides, pool: ThreadPoolExecutor) -> Nearest:
        """Find nothing."""
        shape = sides.tested.shape
        return Nearest(np.zeros(shape, dtype=np.int64), np.full(shape, -1, dtype=np.int64))

    def describe(self, sequences: Sequences, pairs: np.ndarray) -> list[tuple[Any, ...]]:
        """Have no pairs to describe."""
        return []


def comparison_of(alphabet: Alphabet, both_strands: bool) -> Comparison:
    """Choose how records of an alphabet are compared.

    Parameters
    ----------
    alphabet : Alphabet
        Of the dataset.
    both_strands : bool
        Whether a sequence and its reverse complement are the same, where there are complements.
    """
    if alphabet.name in ("dna", "rna"):
        return Nucleotides(has_strands(alphabet, both_strands))
    if alphabet.name == "protein":
        return Proteins()
    return CopiesOnly(4 if alphabet.name == "numbers" else 1)
