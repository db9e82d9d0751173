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
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from seqarena.data.alphabet import DNA, Alphabet, check_choice
from seqarena.data.dataset import Dataset
from seqarena.errors import InputError
from seqarena.splits import calibration, mmseqs, protein
from seqarena.splits.grouping_alignment import (
    BATCH,
    MAX_THRESHOLD,
    Aligner,
    margin_for,
)
from seqarena.splits.grouping_complexity import blank_simple_repeats
from seqarena.splits.groups import (
    canonical_sequences,
    clusters_from_edges,
    describe_clusters,
    edges_of_copies,
    has_strands,
    have_known_letters,
)
from seqarena.splits.search import Search

SEARCHES = ("built-in", "mmseqs2")


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
        What proposes the pairs, of DNA and RNA. MMseqs2 must be installed; it finds fewer of the
        weak relatives. What pairs are linked, and the calibration, are the same.
    threads : int, default 2
        Threads to run on. The groups don't depend on it.

    Returns
    -------
    edges : numpy.ndarray of int64, shape (m, 2)
        Pairs of positions in the dataset: copies (of the same sequence, unknown letters at its
        ends aside) and relatives.
    report : dict
        Fit for JSON: search; scores (in words); threshold; calibration (None if the threshold was
        given);
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
        If the alphabet has no homology, the threshold is neither "auto" nor a sensible number, or
        MMseqs2 can't be run.
    """
    alphabet = dataset.alphabet
    check_choice("grouping.search", search, SEARCHES)
    _check_threshold(threshold)
    method = _method_of(alphabet, search)
    both_strands = has_strands(alphabet, both_strands)
    started = time.perf_counter()
    compile_seconds = _compile() if method is _NUCLEOTIDES else 0.0
    labels = canonical_sequences(dataset, both_strands)
    copies = edges_of_copies(labels, alphabet)
    tokens, offsets, heads = _distinct(labels, alphabet)
    chance = None
    with ThreadPoolExecutor(threads) as pool:
        if threshold == "auto":
            threshold, chance = method.calibrate(tokens, offsets, both_strands, pool)
        threshold = min(int(threshold), MAX_THRESHOLD)
        plain = method.blank(tokens, offsets)
        if search == "mmseqs2":
            links, how = _link_by_mmseqs(plain, offsets, both_strands, threshold, threads, pool)
        else:
            links, how = method.link(plain, offsets, both_strands, threshold, pool)
    edges = heads[links]
    lengths = np.diff(offsets)
    repeats = np.diff(np.cumsum(np.append(0, plain != tokens), dtype=np.int64)[offsets])
    report = {
        "search": search,
        "scores": method.scores,
        "threshold": threshold,
        "calibration": chance,
        "both_strands": both_strands,
        "records": len(dataset),
        "distinct": len(heads),
        "all_unknown": int(np.count_nonzero(~have_known_letters(labels, alphabet))),
        "too_short": int(np.count_nonzero(lengths < how.pop("shortest"))),
        "below_threshold": int(np.count_nonzero(method.reach(tokens, offsets) < threshold)),
        "simple_repeats": {
            "sequences": int(np.count_nonzero(repeats)),
            "share": float(repeats.sum() / max(offsets[-1], 1)),
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
        for _, pairs, scores in Search(shuffled, ends, both_strands, pool).run(math.inf):
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
    search = Search(tokens, offsets, both_strands, pool)
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
        for _ in Search(tokens, offsets, True, pool).run(30):
            pass
    return time.perf_counter() - started


def _distinct(
    labels: np.ndarray, alphabet: Alphabet = DNA
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give distinct sequences, sorted: tokens, offsets, and the first record that has each.

    Sequences without any known letter are left out.
    """
    known = np.flatnonzero(have_known_letters(labels, alphabet))
    codes, sequences = pd.factorize(pd.Series(labels[known], dtype=object))
    _, first = np.unique(codes, return_index=True)
    order = sorted(range(len(sequences)), key=sequences.__getitem__)
    ordered = [sequences[i] for i in order]
    offsets = np.cumsum([0, *map(len, ordered)], dtype=np.int64)
    tokens = np.frombuffer(b"".join(ordered), dtype=np.uint8)
    return tokens, offsets, known[first[np.array(order, dtype=np.int64)]].astype(np.int64)


class _Method(NamedTuple):
    """How sequences of one kind are compared.

    Parameters
    ----------
    scores : str
        What alignments are scored by, in words.
    blank : callable
        Makes unknown what alignments must not be made of; takes tokens and offsets.
    reach : callable
        Gives the score that each sequence can have at most, roughly; takes tokens and offsets.
    calibrate, link : callable
        As `calibrate` and `_link`.
    """

    scores: str
    blank: Callable
    reach: Callable
    calibrate: Callable
    link: Callable


_NUCLEOTIDES = _Method(
    "a match +1, a mismatch and each letter of a gap -1, its first -2",
    blank_simple_repeats,
    lambda _, offsets: np.diff(offsets),
    calibrate,
    _link,
)
_PROTEINS = _Method(
    protein.SCORES,
    protein.blank_low_complexity,
    protein.own_scores,
    protein.calibrate,
    protein.link,
)


def _method_of(alphabet: Alphabet, search: str) -> _Method:
    """Choose how to compare sequences, or refuse what has no relatives."""
    if alphabet.name in ("dna", "rna"):
        return _NUCLEOTIDES
    if alphabet.name != "protein":
        raise InputError(
            f"Records of {alphabet.name} can't be grouped by homology: how alike two of them are "
            "is not defined.",
            remedy="set grouping.by: sequence, which keeps equal records together",
        )
    if search == "mmseqs2":
        raise InputError(
            "Proteins can't be searched by MMseqs2 here.",
            remedy="set grouping.search: built-in",
        )
    return _PROTEINS
