"""Groups of records whose sequences are related: the search, its threshold and its report.

Records that share a seed are compared along the seed's diagonal; what looks alike there is checked
by Smith-Waterman alignment, and a score that shuffled sequences don't reach links the two. Groups
are the connected components. A chain of links is meant to be one group: a split that cuts it
leaves a relative of a test record in training.

All work is done on the distinct sequences, each on its alphabetically first strand, sorted. So
neither the order of the records nor their strand can change what is found.
"""

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import parasail

from seqarena.data.dataset import Dataset
from seqarena.errors import InputError
from seqarena.splits import scanning, seeds
from seqarena.splits.groups import canonical_sequences, clusters_from_edges, edges_within_labels
from seqarena.splits.shuffling import dinucleotide_shuffle

MAX_SEED_PAIRS = 4.2e8
"""Pairs of equal seeds a pattern, among random letters, that set the seeds' weight."""
MIN_CAP = 64
"""A seed is never capped at fewer places than this."""
CAP_FACTOR = 8
"""A seed is capped at this many times the places of a seed in random letters."""
LOWEST_THRESHOLD = 8
CANDIDATE_SCORE = 16
"""Ungapped score from which a pair is aligned, but `CANDIDATE_SHARE` of the threshold if less."""
CANDIDATE_SHARE = 0.6
SLICES = 8
"""Parts of a search that run side by side; fixed, so that results don't depend on threads."""
ROOM = 250_000
"""Candidates a slice may find before they are aligned."""
BATCH = 20_000
"""Candidates aligned before links are looked at again."""
CALIBRATION_LETTERS = 4_000_000
CALIBRATION_SEED = 1
CHANCE_SHARE = 0.001
"""Share of records that may have a relative by chance."""
MIN_ENTROPY = 2.5
"""Bits of its dinucleotides below which a record is left out of the calibration."""
_MATRIX = parasail.matrix_create("ACGTN", 1, -1)  # a letter not named would cost nothing
_MATRIX[4, 4] = -1  # N doesn't match N


def group_by_homology(
    dataset: Dataset,
    *,
    both_strands: bool = True,
    threshold: int | str = "auto",
    threads: int = 2,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Put records with related sequences into clusters.

    Parameters
    ----------
    dataset, both_strands, threshold, threads
        As in `homology_edges`.

    Returns
    -------
    clusters : pandas.DataFrame
        Columns record (str) and cluster (int, from 0 in order of first appearance), a row per
        record in the order of the dataset. Neither the order of the records nor (with
        `both_strands`) their strand changes which records share a cluster.
    report : dict
        That of `homology_edges`, and clusters (how many), largest_cluster (records) and
        largest_share (of all records).

    Raises
    ------
    InputError
        If the threshold is neither "auto" nor a sensible number.
    """
    edges, report = homology_edges(
        dataset, both_strands=both_strands, threshold=threshold, threads=threads
    )
    clusters = clusters_from_edges(len(dataset), edges)
    sizes = np.bincount(clusters, minlength=1)
    report |= {
        "clusters": int(np.count_nonzero(sizes)),
        "largest_cluster": int(sizes.max()),
        "largest_share": float(sizes.max() / max(len(dataset), 1)),
    }
    table = pd.DataFrame({"record": dataset.records["record"].to_numpy(), "cluster": clusters})
    return table, report


def homology_edges(
    dataset: Dataset,
    *,
    both_strands: bool = True,
    threshold: int | str = "auto",
    threads: int = 2,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Link records with related sequences.

    Two sequences are related if their Smith-Waterman score (+1 a match, -1 a mismatch, -2 the first
    letter of a gap, -1 each further one) reaches the threshold on either strand. The search is
    heuristic: of the pairs near the threshold some are missed. Pairs that are linked already by way
    of others are not compared, so the edges are a spanning forest of the groups.

    Parameters
    ----------
    dataset : Dataset
        The records, of any lengths.
    both_strands : bool, default True
        Whether the reverse complement of a sequence is the same molecule. Set to False for RNA and
        other stranded tasks.
    threshold : int or "auto", default "auto"
        Score from which on two sequences are related. "auto": the smallest that at most 1 in 1,000
        records reaches by chance, which the same search measures on dinucleotide-shuffled copies
        of the same sequences (a sample of them if there are more than 4 million letters).
    threads : int, default 2
        Threads to run on. The groups don't depend on it.

    Returns
    -------
    edges : numpy.ndarray of int64, shape (m, 2)
        Pairs of positions in the dataset: copies (of the same sequence, unknown letters at its
        ends aside) and relatives.
    report : dict
        Fit for JSON: threshold; calibration (None if the threshold was given); records, distinct,
        too_short (distinct sequences shorter than the shortest seed, which only copies can join);
        copy_edges, homology_edges; seeds (weight, spans, capped and capped_share, of seeds and
        their places); seconds, and compile_seconds therein.

    Raises
    ------
    InputError
        If the threshold is neither "auto" nor a sensible number.
    """
    if threshold != "auto" and not (
        isinstance(threshold, int | np.integer)
        and not isinstance(threshold, bool)
        and threshold >= LOWEST_THRESHOLD
    ):
        raise InputError(
            f"the homology threshold is {threshold!r}",
            remedy=f'state "auto" or a whole number from {LOWEST_THRESHOLD} on',
        )
    started = time.perf_counter()
    compile_seconds = _compile()
    labels = canonical_sequences(dataset, both_strands)
    copies = edges_within_labels(labels)
    tokens, offsets, heads = _distinct(labels)
    calibration = None
    with ThreadPoolExecutor(threads) as pool:
        if threshold == "auto":
            threshold, calibration = _calibrate(tokens, offsets, both_strands, pool)
        search = _Search(tokens, offsets, both_strands, pool)
        links = [kept for kept, _, _ in search.run(int(threshold))]
    edges = heads[np.concatenate([np.empty((0, 2), dtype=np.int64), *links])]
    report = {
        "threshold": int(threshold),
        "calibration": calibration,
        "both_strands": both_strands,
        "records": len(dataset),
        "distinct": len(heads),
        "too_short": int(np.count_nonzero(np.diff(offsets) < search.shortest_span)),
        "copy_edges": len(copies),
        "homology_edges": len(edges),
        "seeds": search.describe(),
        "compile_seconds": compile_seconds,
        "seconds": time.perf_counter() - started,
    }
    return np.concatenate([copies, edges]), report


def _compile() -> float:
    """Compile all loops, or load them from the cache, and give the seconds that it took."""
    started = time.perf_counter()
    tokens = np.tile(np.array([0, 1, 2, 3, 1, 0, 3], dtype=np.uint8), 12)
    offsets = np.array([0, 40, 84])
    dinucleotide_shuffle(tokens, offsets, seed=0)
    with ThreadPoolExecutor(1) as pool:
        for _ in _Search(tokens, offsets, True, pool).run(30):
            pass
    return time.perf_counter() - started


def _distinct(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give distinct sequences, sorted: tokens, offsets, and the first record that has each."""
    codes, sequences = pd.factorize(pd.Series(labels, dtype=object))
    _, heads = np.unique(codes, return_index=True)
    order = sorted(range(len(sequences)), key=sequences.__getitem__)
    ordered = [sequences[i] for i in order]
    offsets = np.cumsum([0, *map(len, ordered)], dtype=np.int64)
    tokens = np.frombuffer(b"".join(ordered), dtype=np.uint8)
    return tokens, offsets, heads[np.array(order, dtype=np.int64)].astype(np.int64)


class _Search:
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
        self.letters = self.text.letters.tobytes().translate(bytes(b"ACGTN-".ljust(256))).decode()
        n_letters = max(int(offsets[-1]), 1)
        self.weight = seeds.choose_weight(n_letters, MAX_SEED_PAIRS)
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
            Score that links; with infinity every candidate is aligned and none linked.

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
        parents = np.arange(len(self.lengths))
        checked = scanning.KeySet()
        for pattern in self.patterns:
            index = seeds.index_seeds(self.text, pattern)
            bounds, capped, capped_places = seeds.cut_evenly(index.first, self.cap, SLICES)
            self.capped += capped
            self.capped_places += capped_places
            self.all_places += len(index.places)
            positions = [np.array([word, 0]) for word in bounds[:-1]]
            while True:
                found = self._scan(
                    *(index, positions, bounds[1:], candidate_score, link_score),
                    *(parents, checked.table),
                )
                links = np.concatenate([part for _, part in found])
                links = links[scanning.unite(parents, links)]
                candidates = np.concatenate([part for part, _ in found])
                best_first = np.argsort(-candidates[:, 1], kind="stable")
                keys = checked.add(candidates[best_first, 0])
                yield links, np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.int64)
                for start in range(0, len(keys), BATCH):
                    yield self._align(keys[start : start + BATCH], threshold, parents)
                if all(p[0] >= stop for p, stop in zip(positions, bounds[1:], strict=True)):
                    break

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

    def _align(
        self, keys: np.ndarray, threshold: float, parents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Align pairs that are still apart, and link those that reach the threshold.

        Of a long sequence, the block with the seed and its neighbours on either side are aligned.
        """
        first_blocks = self.text.first_blocks
        blocks = np.column_stack(np.divmod(keys // 2, first_blocks[-1]))
        pairs = np.searchsorted(first_blocks, blocks, side="right") - 1
        apart = scanning.are_apart(parents, pairs)
        pairs, blocks, opposite = pairs[apart], blocks[apart], keys[apart] % 2 == 1
        offsets = (blocks - first_blocks[pairs]) * seeds.BLOCK_LENGTH
        starts = np.maximum(offsets - seeds.BLOCK_LENGTH, 0) + self.text.starts[pairs]
        stops = np.minimum(offsets + 2 * seeds.BLOCK_LENGTH, self.lengths[pairs])
        stops += self.text.starts[pairs]
        end = len(self.letters)
        starts[opposite, 1], stops[opposite, 1] = (
            end - stops[opposite, 1],
            end - starts[opposite, 1],
        )
        places = np.column_stack([starts[:, 0], stops[:, 0], starts[:, 1], stops[:, 1]]).tolist()
        parts = [places[i : i + 500] for i in range(0, len(places), 500)]
        scores = np.array([score for part in self.pool.map(self._scores, parts) for score in part])
        scores = scores.astype(np.int64)
        links = pairs[scores >= threshold]
        return links[scanning.unite(parents, links)], pairs, scores

    def _scores(self, places: list[list[int]]) -> list[int]:
        """Give Smith-Waterman scores of stretches of the text."""
        letters = self.letters
        return [
            parasail.sw_striped_16(letters[a:b], letters[c:d], 2, 1, _MATRIX).score
            for a, b, c, d in places
        ]


def _calibrate(
    tokens: np.ndarray, offsets: np.ndarray, both_strands: bool, pool: ThreadPoolExecutor
) -> tuple[int, dict[str, Any]]:
    """Find the smallest score that hardly any record reaches with a shuffled one.

    A sample of the records has fewer chances than all of them, so its scores are too low by the
    logarithm of that ratio over the rate at which high scores thin out (S. Karlin and
    S. F. Altschul, PNAS 87:2264, 1990), which is estimated from the scores themselves.
    """
    usable = np.flatnonzero(_dinucleotide_entropy(tokens, offsets) >= MIN_ENTROPY)
    order = np.random.default_rng(CALIBRATION_SEED).permutation(usable)
    lengths = np.diff(offsets)[order]
    sample = np.sort(order[np.cumsum(lengths) <= CALIBRATION_LETTERS])
    parts = [tokens[offsets[i] : offsets[i + 1]] for i in sample]
    ends = np.cumsum([0, *map(len, parts)], dtype=np.int64)
    shuffled = dinucleotide_shuffle(
        np.concatenate([np.empty(0, dtype=np.uint8), *parts]), ends, CALIBRATION_SEED
    )
    best = np.zeros(len(sample), dtype=np.int64)
    for _, pairs, scores in _Search(shuffled, ends, both_strands, pool).run(math.inf):
        for column in pairs.T:
            np.maximum.at(best, column, scores)
    ratio = int(lengths.sum()) / max(int(ends[-1]), 1)
    allowed = int(CHANCE_SHARE * len(best))
    reached = int(np.sort(best)[-1 - allowed]) if len(best) else 0
    tail = best[best >= np.quantile(best, 0.9)] if len(best) else best
    rate = math.log(1 + 1 / max(tail.mean() - tail.min(), 0.5)) if len(tail) else 1.0
    correction = math.ceil(math.log(max(ratio, 1)) / rate)
    return max(reached + 1 + correction, LOWEST_THRESHOLD), {
        "method": "dinucleotide-shuffled copies, searched in the same way",
        "seed": CALIBRATION_SEED,
        "records": len(sample),
        "letters": int(ends[-1]),
        "left_out_as_repetitive": len(offsets) - 1 - len(usable),
        "chance_share": CHANCE_SHARE,
        "chance_score": reached,
        "best_chance_score": int(best.max(initial=0)),
        "correction_for_sampling": correction,
    }


def _dinucleotide_entropy(tokens: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Give the bits a dinucleotide of each sequence, which are few in repeats of a short motif."""
    letters = np.minimum(tokens, 4).astype(np.int64)
    entropies = np.zeros(len(offsets) - 1)
    for i in range(len(entropies)):
        part = letters[offsets[i] : offsets[i + 1]]
        counts = np.bincount(part[:-1] * 5 + part[1:])
        shares = counts[counts > 0] / max(len(part) - 1, 1)
        entropies[i] = -(shares * np.log2(shares)).sum()
    return entropies
