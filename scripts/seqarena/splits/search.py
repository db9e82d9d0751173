"""The search for related pairs of DNA or RNA among distinct sequences, by spaced seeds."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from seqarena.splits import scanning, seeds
from seqarena.splits.grouping_alignment import BATCH, Aligner, Candidates, margin_for

MAX_SEED_PAIRS = 4.2e8
"""Pairs of equal seeds a pattern, among random letters as frequent as those of the sequences, that
set the seeds' weight."""
MIN_CAP = 64
"""A seed is never capped at fewer places than this."""
CAP_FACTOR = 8
"""A seed is capped at this many times the places of a seed in random letters."""
CANDIDATE_SCORE = 16
"""Ungapped score from which a pair is aligned, but `CANDIDATE_SHARE` of the threshold if less."""
CANDIDATE_SHARE = 0.6
SLICES = 8
"""Parts of a search that run side by side; fixed, so that results don't depend on threads."""
ROOM = 250_000
"""Candidates a slice may find before they are aligned."""
CHANCE_CANDIDATES = 200_000
"""Without a threshold, so many of the candidates found at a time are aligned, the best."""


class Search:
    """Search for related pairs among distinct sequences.

    Parameters
    ----------
    tokens : array of uint8
        Sequences end to end.
    offsets : array of int64, shape (n + 1,)
        Where each begins, and the end.
    both_strands : bool
        Whether to compare reverse complements, too.
    pool : concurrent.futures.Executor
        Of threads.
    """

    def __init__(
        self,
        tokens: np.ndarray,
        offsets: np.ndarray,
        both_strands: bool,
        pool: ThreadPoolExecutor,
    ) -> None:
        self.pool = pool
        self.lengths = np.diff(offsets)
        self.text = seeds.lay_out(tokens, offsets, both_strands)
        self.aligner = Aligner(tokens, offsets, pool)
        n_letters = max(int(offsets[-1]), 1)
        shares = np.bincount(tokens, minlength=4)[:4] / n_letters
        self.weight = seeds.choose_weight(n_letters, MAX_SEED_PAIRS, float(shares @ shares))
        self.patterns = seeds.choose_patterns(self.weight)
        self.shortest_span = min(pattern[-1] for pattern in self.patterns) + 1
        n_words = 4**self.weight / (2 if both_strands else 1)
        self.cap = max(MIN_CAP, math.ceil(CAP_FACTOR * n_letters / n_words))
        self.capped = self.capped_places = self.all_places = 0

    def describe(self) -> dict[str, Any]:
        """Give the seeds' part of the report."""
        return {
            "weight": self.weight,
            "spans": [pattern[-1] + 1 for pattern in self.patterns],
            "cap": self.cap,
            "capped": self.capped,
            "capped_share": self.capped_places / max(self.all_places, 1),
        }

    def run(self, threshold: float) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Go through all patterns.

        Parameters
        ----------
        threshold : float
            Score that links; with infinity the best candidates are aligned and none linked.

        Yields
        ------
        links : array of int64, shape (m, 2)
            Pairs of sequences newly linked.
        pairs : array of int64, shape (k, 2)
            Pairs that were aligned.
        scores : array of int64, shape (k,)
            Their scores.
        """
        n_letters = max(int(self.lengths.sum()), 2)
        # Without a threshold: what the best of this many random pairs of places would reach.
        expected = min(threshold, 2 * math.log(n_letters) / math.log(3))
        candidate_score = min(CANDIDATE_SCORE, math.ceil(CANDIDATE_SHARE * expected))
        link_score = min(threshold, 1 << 40)
        margin = margin_for(threshold if threshold < math.inf else 0)
        parents = np.arange(len(self.lengths))
        checked = scanning.KeySet()
        indices = (i for pattern in self.patterns for i in seeds.index_seeds(self.text, pattern))
        for index in indices:
            bounds, capped, capped_places = seeds.cut_evenly(index.first, self.cap, SLICES)
            self.capped += capped
            self.capped_places += capped_places
            self.all_places += len(index.places)
            positions = [np.array([word, 0]) for word in bounds[:-1]]
            while any(p[0] < stop for p, stop in zip(positions, bounds[1:], strict=True)):
                found = self._scan(
                    *(index, positions, bounds[1:], candidate_score, link_score),
                    *(parents, checked.table),
                )
                links = np.concatenate([part for _, part in found])
                links = links[scanning.unite(parents, links)]
                candidates = np.concatenate([part for part, _ in found])
                best_first = np.argsort(-candidates[:, 1], kind="stable")
                if threshold == math.inf and len(best_first) > CHANCE_CANDIDATES:
                    best_first = best_first[:CHANCE_CANDIDATES]
                    candidate_score = int(candidates[best_first[-1], 1])
                keys = checked.add(candidates[best_first, 0])
                yield links, np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.int64)
                for start in range(0, len(keys), BATCH):
                    batch = self._candidates(keys[start : start + BATCH], margin)
                    yield self.aligner.link(batch, threshold, parents)

    def _scan(
        self,
        index: seeds.Index,
        positions: list[np.ndarray],
        stops: np.ndarray,
        candidate_score: int,
        link_score: int,
        parents: np.ndarray,
        checked: np.ndarray,
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Scan each slice from its position on; give candidates and links of each."""

        def scan_slice(position: np.ndarray, stop: int) -> tuple[np.ndarray, np.ndarray]:
            candidates = np.empty((max(ROOM, self.cap), 2), dtype=np.int64)
            links = np.empty((len(parents), 2), dtype=np.int64)
            n_candidates, n_links = scanning.scan(
                *(self.text, index, position, stop, self.cap, candidate_score, link_score),
                *(parents.copy(), checked, candidates, links),
            )
            return candidates[:n_candidates].copy(), links[:n_links].copy()

        return list(self.pool.map(scan_slice, positions, stops))

    def _candidates(self, keys: np.ndarray, margin: int) -> Candidates:
        """Say between which places to align: the block with the seed and a margin around it."""
        first_blocks = self.text.first_blocks
        blocks = np.column_stack(np.divmod(keys // 2, first_blocks[-1]))
        pairs = np.searchsorted(first_blocks, blocks, side="right") - 1
        places = (blocks - first_blocks[pairs]) * seeds.BLOCK_LENGTH
        starts = np.maximum(places - margin, 0)
        stops = np.minimum(places + seeds.BLOCK_LENGTH + margin, self.lengths[pairs])
        return Candidates(pairs, starts, stops, keys % 2 == 1)
