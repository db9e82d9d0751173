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

from seqarena.data.alphabet import check_choice
from seqarena.data.dataset import Dataset
from seqarena.errors import InputError
from seqarena.splits import calibration, mmseqs, scanning, seeds
from seqarena.splits.grouping_alignment import (
    BATCH,
    MAX_THRESHOLD,
    Aligner,
    Candidates,
    margin_for,
)
from seqarena.splits.grouping_complexity import blank_simple_repeats
from seqarena.splits.groups import (
    canonical_sequences,
    clusters_from_edges,
    describe_clusters,
    edges_of_copies,
    have_known_letters,
)

SEARCHES = ("built-in", "mmseqs2")
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


def group_by_homology(
    dataset: Dataset,
    *,
    both_strands: bool = True,
    threshold: int | str = "auto",
    search: str = "built-in",
    threads: int = 2,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Put records with related sequences into clusters.

    Parameters
    ----------
    dataset, both_strands, threshold, search, threads
        As in `homology_edges`.

    Returns
    -------
    clusters : pandas.DataFrame
        Columns record (str) and cluster (int, from 0 in order of first appearance), a row per
        record in the order of the dataset. Neither the order of the records nor (with
        `both_strands`) their strand changes which records share a cluster.
    report : dict
        That of `homology_edges` and that of `seqarena.splits.groups.describe_clusters`.

    Raises
    ------
    InputError
        As `homology_edges` does.
    """
    edges, report = homology_edges(
        dataset, both_strands=both_strands, threshold=threshold, search=search, threads=threads
    )
    clusters = clusters_from_edges(len(dataset), edges)
    table = pd.DataFrame({"record": dataset.records["record"].to_numpy(), "cluster": clusters})
    return table, report | describe_clusters(clusters)


def homology_edges(
    dataset: Dataset,
    *,
    both_strands: bool = True,
    threshold: int | str = "auto",
    search: str = "built-in",
    threads: int = 2,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Link records with related sequences.

    Two sequences are related if their Smith-Waterman score (+1 a match, -1 a mismatch, -2 the first
    letter of a gap, -1 each further one) reaches the threshold on either strand. Unknown letters
    match nothing, nor do simple repeats (see `grouping_complexity.blank_simple_repeats`). The
    search is heuristic: of the pairs near the threshold some are missed. Pairs that are linked
    already by way of others are not compared, so the edges are a spanning forest of the groups.

    Parameters
    ----------
    dataset : Dataset
        The records, of any lengths.
    both_strands : bool, default True
        Whether the reverse complement of a sequence is the same molecule. Set to False for RNA and
        other stranded tasks.
    threshold : int or "auto", default "auto"
        Score from which on two sequences are related. "auto": just above what chance reaches, by
        `seqarena.splits.calibration.calibrate`. One above 4,096 is taken as that. A sequence with
        fewer letters can have copies only.
    search : {"built-in", "mmseqs2"}, default "built-in"
        What proposes the pairs. MMseqs2 must be installed; it finds fewer of the weak relatives.
        What pairs are linked, and the calibration, are the same.
    threads : int, default 2
        Threads to run on. The groups don't depend on it.

    Returns
    -------
    edges : numpy.ndarray of int64, shape (m, 2)
        Pairs of positions in the dataset: copies (of the same sequence, unknown letters at its
        ends aside) and relatives.
    report : dict
        Fit for JSON: search; threshold; calibration (None if the threshold was given);
        both_strands; records; distinct (sequences with any known letter); all_unknown (records
        without one, which nothing can join); too_short (distinct sequences shorter than the
        shortest seed or word) and below_threshold (those with fewer letters than the threshold),
        both of which only copies can join; simple_repeats (distinct sequences that have some, and
        the share of letters); copy_edges, homology_edges; seeds (weight, spans, cap, capped and
        capped_share, of seeds and their places) or mmseqs2 (version, word_length, pairs); seconds,
        and compile_seconds therein.

    Raises
    ------
    InputError
        If the threshold is neither "auto" nor a sensible number, or MMseqs2 can't be run.
    """
    check_choice("grouping.search", search, SEARCHES)
    _check_threshold(threshold)
    started = time.perf_counter()
    compile_seconds = _compile()
    labels = canonical_sequences(dataset, both_strands)
    copies = edges_of_copies(labels)
    tokens, offsets, heads = _distinct(labels)
    chance = None
    with ThreadPoolExecutor(threads) as pool:
        if threshold == "auto":
            threshold, chance = calibrate(tokens, offsets, both_strands, pool)
        threshold = min(int(threshold), MAX_THRESHOLD)
        plain = blank_simple_repeats(tokens, offsets)
        if search == "mmseqs2":
            links, how = _link_by_mmseqs(plain, offsets, both_strands, threshold, threads, pool)
        else:
            links, how = _link(plain, offsets, both_strands, threshold, pool)
    edges = heads[links]
    lengths = np.diff(offsets)
    repeats = np.cumsum(np.append(0, plain != tokens))[offsets]
    report = {
        "search": search,
        "threshold": threshold,
        "calibration": chance,
        "both_strands": both_strands,
        "records": len(dataset),
        "distinct": len(heads),
        "all_unknown": int(np.count_nonzero(~have_known_letters(labels))),
        "too_short": int(np.count_nonzero(lengths < how.pop("shortest"))),
        "below_threshold": int(np.count_nonzero(lengths < threshold)),
        "simple_repeats": {
            "sequences": int(np.count_nonzero(np.diff(repeats))),
            "share": float(repeats[-1] / max(offsets[-1], 1)),
        },
        "copy_edges": len(copies),
        "homology_edges": len(edges),
        **how,
        "compile_seconds": compile_seconds,
        "seconds": time.perf_counter() - started,
    }
    return np.concatenate([copies, edges]), report


def _check_threshold(threshold: int | str) -> None:
    if threshold != "auto" and not (
        isinstance(threshold, int | np.integer)
        and not isinstance(threshold, bool)
        and threshold >= calibration.LOWEST_THRESHOLD
    ):
        raise InputError(
            f"the homology threshold is {threshold!r}",
            remedy=f'state "auto" or a whole number from {calibration.LOWEST_THRESHOLD} on',
        )


def calibrate(
    tokens: np.ndarray, offsets: np.ndarray, both_strands: bool, pool: ThreadPoolExecutor
) -> tuple[int, dict[str, Any]]:
    """Calibrate the threshold on distinct sequences, by the built-in search.

    Parameters
    ----------
    tokens : array of uint8, shape (letters,)
        Distinct sequences end to end.
    offsets : array of int64, shape (n + 1,)
        Where each begins, and the end.
    both_strands : bool
        Whether to compare reverse complements, too.
    pool : concurrent.futures.Executor
        Of threads.

    Returns
    -------
    threshold, report
        As of `seqarena.splits.calibration.calibrate`.
    """

    def search(shuffled: np.ndarray, ends: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for _, pairs, scores in _Search(shuffled, ends, both_strands, pool).run(math.inf):
            yield pairs, scores

    return calibration.calibrate(tokens, offsets, search)


def _link(
    tokens: np.ndarray,
    offsets: np.ndarray,
    both_strands: bool,
    threshold: int,
    pool: ThreadPoolExecutor,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Link distinct sequences by the built-in search; describe its seeds."""
    search = _Search(tokens, offsets, both_strands, pool)
    links = [kept for kept, _, _ in search.run(threshold)]
    links = np.concatenate([np.empty((0, 2), dtype=np.int64), *links])
    return links, {"shortest": search.shortest_span, "seeds": search.describe()}


def _link_by_mmseqs(
    tokens: np.ndarray,
    offsets: np.ndarray,
    both_strands: bool,
    threshold: int,
    threads: int,
    pool: ThreadPoolExecutor,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Link distinct sequences that MMseqs2 finds alike; describe its search."""
    word_length = mmseqs.choose_word_length(int(offsets[-1]))
    report = {"version": mmseqs.read_version(), "word_length": word_length, "pairs": 0}
    parents = np.arange(len(offsets) - 1)
    aligner = Aligner(tokens, offsets, pool)
    links = [np.empty((0, 2), dtype=np.int64)]
    for candidates in mmseqs.find_candidates(
        *(tokens, offsets),
        both_strands=both_strands,
        word_length=word_length,
        margin=margin_for(threshold),
        longest=2 * MAX_THRESHOLD,
        threads=threads,
    ):
        report["pairs"] += len(candidates.pairs)
        for start in range(0, len(candidates.pairs), BATCH):
            batch = candidates.take(slice(start, start + BATCH))
            links.append(aligner.link(batch, threshold, parents)[0])
    shortest = mmseqs.shortest_found(word_length)
    return np.concatenate(links), {"shortest": shortest, "mmseqs2": report}


def _compile() -> float:
    """Compile all loops, or load them from the cache, and give the seconds that it took."""
    started = time.perf_counter()
    tokens = np.tile(np.array([0, 1, 2, 3, 1, 0, 3], dtype=np.uint8), 12)
    offsets = np.array([0, 40, 84])
    blank_simple_repeats(tokens, offsets)
    with ThreadPoolExecutor(1) as pool:
        calibration.calibrate(tokens, offsets, lambda *_: ())
        for _ in _Search(tokens, offsets, True, pool).run(30):
            pass
    return time.perf_counter() - started


def _distinct(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give distinct sequences, sorted: tokens, offsets, and the first record that has each.

    Sequences without any known letter are left out.
    """
    known = np.flatnonzero(have_known_letters(labels))
    codes, sequences = pd.factorize(pd.Series(labels[known], dtype=object))
    _, first = np.unique(codes, return_index=True)
    order = sorted(range(len(sequences)), key=sequences.__getitem__)
    ordered = [sequences[i] for i in order]
    offsets = np.cumsum([0, *map(len, ordered)], dtype=np.int64)
    tokens = np.frombuffer(b"".join(ordered), dtype=np.uint8)
    return tokens, offsets, known[first[np.array(order, dtype=np.int64)]].astype(np.int64)


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
                if threshold == math.inf and len(best_first) > CHANCE_CANDIDATES:
                    best_first = best_first[:CHANCE_CANDIDATES]
                    candidate_score = int(candidates[best_first[-1], 1])
                keys = checked.add(candidates[best_first, 0])
                yield links, np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.int64)
                for start in range(0, len(keys), BATCH):
                    batch = self._candidates(keys[start : start + BATCH], margin)
                    yield self.aligner.link(batch, threshold, parents)
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

    def _candidates(self, keys: np.ndarray, margin: int) -> Candidates:
        """Say between which places to align: the block with the seed and a margin around it."""
        first_blocks = self.text.first_blocks
        blocks = np.column_stack(np.divmod(keys // 2, first_blocks[-1]))
        pairs = np.searchsorted(first_blocks, blocks, side="right") - 1
        places = (blocks - first_blocks[pairs]) * seeds.BLOCK_LENGTH
        starts = np.maximum(places - margin, 0)
        stops = np.minimum(places + seeds.BLOCK_LENGTH + margin, self.lengths[pairs])
        return Candidates(pairs, starts, stops, keys % 2 == 1)
