"""Relatives among proteins: how they are searched, scored, and what chance reaches.

It works as it does for DNA (`homology`): places that share a spaced word are compared along their
diagonal, and what looks alike there is aligned. Alignments are scored by BLOSUM62 (S. Henikoff and
J. G. Henikoff, PNAS 89:10915, 1992) with the gaps of BLAST, -11 the first letter and -1 each
further one. Stretches of few kinds of residues are made unknown before, as poly-Q would be alike
wherever it is.
"""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import parasail

from seqarena.data.alphabet import PROTEIN
from seqarena.splits import calibration, protein_seeds, scanning, seeds
from seqarena.splits.grouping_compiler import compiled
from seqarena.splits.grouping_complexity import MOST_REPEAT, find_low_entropy
from seqarena.splits.shuffling import permute_letters

SCORES = "BLOSUM62, a gap -11 for its first letter and -1 for each further one"
OPEN, EXTEND = 11, 1
LOWEST_CALIBRATED = 50
"""About ten conserved residues, such as a motif that models are to learn."""
SLOWEST = 0.15
"""Scores of BLOSUM62 with these gaps thin out by 0.267 a point between average proteins."""
MAX_WORD_PAIRS = 1e7
"""Pairs of equal words a pattern, among random letters, that set the words' weight."""
MIN_CAP = 64
CAP_FACTOR = 8
CANDIDATE_SCORE = 36
"""Ungapped score from which a pair is aligned, but `CANDIDATE_SHARE` of the threshold if less."""
CANDIDATE_SHARE = 0.6
LOWEST_CHANCE = 22
"""Without a threshold, ungapped score from which a pair is aligned,"""
CHANCE_CANDIDATES = 30_000
"""and so many of the candidates found at a time are, the best."""
SLICES = 8
ROOM = 250_000
BATCH = 20_000
_LETTERS = protein_seeds.LETTERS.encode().ljust(256, b"X")


def as_text(tokens: np.ndarray) -> str:
    """Write tokens as letters that parasail knows."""
    return tokens.tobytes().translate(_LETTERS).decode("ascii")


def score(one: str, other: str) -> int:
    """Give the Smith-Waterman score of two sequences."""
    return parasail.sw_striped_sat(one, other, OPEN, EXTEND, parasail.blosum62).score


def blank_low_complexity(tokens: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Make stretches of few kinds of residues unknown, so that they hardly match anything.

    Returns
    -------
    numpy.ndarray of uint8, shape (letters,)
        A copy. A sequence that consists of them for more than the half is unchanged: it has little
        else to be recognised by.
    """
    is_low = find_low_entropy(tokens, offsets, PROTEIN.unknown)
    low = np.diff(np.append(0, np.cumsum(is_low))[offsets])
    lengths = np.diff(offsets)
    is_low &= np.repeat(low <= MOST_REPEAT * lengths, lengths)
    return np.where(is_low, np.uint8(PROTEIN.unknown), tokens)


def own_scores(tokens: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Score each sequence with itself: the best that it could have with any (int64, shape (n,))."""
    return _best_segments(
        np.diagonal(protein_seeds.SCORES)[tokens], np.asarray(offsets, dtype=np.int64)
    )


@compiled
def _best_segments(scores, offsets):
    best = np.zeros(len(offsets) - 1, dtype=np.int64)
    for i in range(len(best)):
        score = 0
        for place in range(offsets[i], offsets[i + 1]):
            score = max(score + scores[place], 0)
            best[i] = max(best[i], score)
    return best


def calibrate(
    tokens: np.ndarray, offsets: np.ndarray, both_strands: bool, pool: ThreadPoolExecutor
) -> tuple[int, dict[str, Any]]:
    """Calibrate the threshold on distinct sequences, as `seqarena.splits.homology.calibrate` does.

    Residues are shuffled freely: of short sequences there is often one order only that keeps all
    pairs of neighbours. Proteins have one strand, whatever `both_strands` is.
    """

    def search(shuffled: np.ndarray, ends: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for _, pairs, scores in Search(shuffled, ends, pool).run(math.inf):
            yield pairs, scores

    return calibration.calibrate(
        *(tokens, offsets, search),
        unknown=PROTEIN.unknown,
        find_low=partial(find_low_entropy, unknown=PROTEIN.unknown),
        shuffle=partial(permute_letters, unknown=PROTEIN.unknown),
        lowest=LOWEST_CALIBRATED,
        slowest=SLOWEST,
    )


def link(
    tokens: np.ndarray,
    offsets: np.ndarray,
    both_strands: bool,
    threshold: int,
    pool: ThreadPoolExecutor,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Link distinct sequences; describe the words that they were found by.

    Returns
    -------
    links : numpy.ndarray of int64, shape (m, 2)
        Pairs of sequences.
    report : dict
        shortest (letters that a sequence must have to be found) and seeds.
    """
    search = Search(tokens, offsets, pool)
    links = [kept for kept, _, _ in search.run(threshold)]
    links = np.concatenate([np.empty((0, 2), dtype=np.int64), *links])
    return links, {"shortest": search.shortest_span, "seeds": search.describe()}


class Search:
    """Search for related pairs among distinct proteins.

    Parameters
    ----------
    tokens : array of uint8
        Sequences end to end.
    offsets : array of int64, shape (n + 1,)
        Where each begins, and the end.
    pool : concurrent.futures.Executor
        Of threads.
    """

    def __init__(self, tokens: np.ndarray, offsets: np.ndarray, pool: ThreadPoolExecutor) -> None:
        self.pool = pool
        self.n_sequences = len(offsets) - 1
        self.text = protein_seeds.lay_out(tokens, offsets)
        self.letters = as_text(tokens)
        self.offsets = offsets.tolist()
        self.weight = protein_seeds.choose_weight(tokens, MAX_WORD_PAIRS)
        self.patterns = seeds.choose_patterns(self.weight)
        self.shortest_span = min(pattern[-1] for pattern in self.patterns) + 1
        n_words = len(protein_seeds.KINDS) ** self.weight
        self.cap = max(MIN_CAP, math.ceil(CAP_FACTOR * len(tokens) / n_words))
        self.capped = self.capped_places = self.all_places = 0

    def describe(self) -> dict[str, Any]:
        """Give the words' part of the report, with the keys of seeds."""
        return {
            "weight": self.weight,
            "spans": [pattern[-1] + 1 for pattern in self.patterns],
            "cap": self.cap,
            "capped": self.capped,
            "capped_share": self.capped_places / max(self.all_places, 1),
        }

    def run(self, threshold: float) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Go through all patterns, as `seqarena.splits.search.Search.run` does."""
        expected = LOWEST_CHANCE if threshold == math.inf else CANDIDATE_SHARE * threshold
        lowest = min(CANDIDATE_SCORE, math.ceil(expected))
        parents = np.arange(self.n_sequences)
        checked = scanning.KeySet()
        for pattern in self.patterns:
            index = protein_seeds.index_words(self.text, pattern)
            bounds, capped, places = seeds.cut_evenly(index.first, self.cap, SLICES)
            self.capped += capped
            self.capped_places += places
            self.all_places += len(index.places)
            positions = [np.array([word, 0]) for word in bounds[:-1]]
            while any(p[0] < stop for p, stop in zip(positions, bounds[1:], strict=True)):
                limits = lowest, min(threshold, 1 << 40)
                found = self._scan(index, positions, bounds[1:], limits, parents, checked.table)
                links = np.concatenate([part for _, part in found])
                links = links[scanning.unite(parents, links)]
                candidates = np.concatenate([part for part, _ in found])
                best_first = np.argsort(-candidates[:, 1], kind="stable")
                if threshold == math.inf and len(best_first) > CHANCE_CANDIDATES:
                    best_first = best_first[:CHANCE_CANDIDATES]
                    lowest = int(candidates[best_first[-1], 1])
                keys = checked.add(candidates[best_first, 0])
                yield links, np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.int64)
                for start in range(0, len(keys), BATCH):
                    yield self._align(keys[start : start + BATCH], threshold, parents)

    def _scan(
        self,
        index: protein_seeds.Index,
        positions: list[np.ndarray],
        stops: np.ndarray,
        limits: tuple[int, int],
        parents: np.ndarray,
        checked: np.ndarray,
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Scan each slice from its position on; give candidates and links of each."""

        def scan_slice(position: np.ndarray, stop: int) -> tuple[np.ndarray, np.ndarray]:
            candidates = np.empty((max(ROOM, self.cap), 2), dtype=np.int64)
            links = np.empty((self.n_sequences, 2), dtype=np.int64)
            n_candidates, n_links = protein_seeds.scan(
                *(self.text, protein_seeds.SCORES, index, position, stop, self.cap, *limits),
                (parents.copy(), checked, candidates, links),
            )
            return candidates[:n_candidates].copy(), links[:n_links].copy()

        return list(self.pool.map(scan_slice, positions, stops))

    def _align(
        self, keys: np.ndarray, threshold: float, parents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Align pairs that are still apart, and link those that reach a threshold."""
        pairs = np.column_stack(np.divmod(keys, self.n_sequences))
        pairs = pairs[scanning.are_apart(parents, pairs)]
        parts = [pairs[i : i + 500].tolist() for i in range(0, len(pairs), 500)]

        def scores_of(part: list[list[int]]) -> list[int]:
            return [score(self._sequence(one), self._sequence(other)) for one, other in part]

        scores = [found for part in self.pool.map(scores_of, parts) for found in part]
        scores = np.array(scores, dtype=np.int64)
        links = pairs[scores >= threshold]
        return links[scanning.unite(parents, links)], pairs, scores

    def _sequence(self, number: int) -> str:
        return self.letters[self.offsets[number] : self.offsets[number + 1]]
