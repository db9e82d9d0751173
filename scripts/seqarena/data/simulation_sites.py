"""Sites of several factors planted into background: what the other simulations of DNA are made of.

Each record has one place for each of its slots. In a slot stands a site, an instance of its
factor's motif, or a decoy of the same expected composition; so nothing but the order of letters
tells which.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqarena.data.alphabet import decode, reverse_complement
from seqarena.data.simulation_parts import (
    background_dinucleotides,
    check_ranges,
    decoy_matrix,
    motif_matrix,
    record_names,
    sample_chain,
    sample_columns,
)


def plant(
    is_site: np.ndarray,
    factors: Sequence[str],
    lengths: np.ndarray,
    decoy_strength: float,
    rng: np.random.Generator,
) -> tuple[list[np.ndarray], pd.DataFrame]:
    """Make records with a site or a decoy in each slot, at random places and strands.

    Parameters
    ----------
    is_site : numpy.ndarray
        bool of shape (records, slots): a site, or a decoy.
    factors : sequence of str
        Name of each slot's motif in `MOTIFS`; the same one may stand more than once.
    lengths : numpy.ndarray
        int64 of shape (records,): letters of each record.
    decoy_strength : float
        How sharp decoys are, from 0 to 1.
    rng : numpy.random.Generator
        Of all that is drawn.

    Returns
    -------
    tokens : list of numpy.ndarray
        uint8 of shape (letters,), a record each.
    truth : pandas.DataFrame
        A row a record and slot: record, factor, kind ("site" or "decoy"), start (0-based, on the +
        strand), strand, instance (letters on its own strand). Slots never overlap.

    Raises
    ------
    InputError
        If the slots don't fit into a record, or `decoy_strength` is out of range.
    """
    number, slots = is_site.shape
    matrices = {name: motif_matrix(name) for name in dict.fromkeys(factors)}
    widths = np.array([len(matrices[name]) for name in factors])
    check_ranges(
        n_records=(number, 2, np.inf),
        length=(int(lengths.min()), int(widths.sum()), np.inf),
        decoy_strength=(decoy_strength, 0, 1),
    )
    decoys = {name: decoy_matrix(matrices[name], decoy_strength, rng) for name in matrices}
    background = background_dinucleotides(np.concatenate(list(matrices.values())))
    whole = sample_chain(background, number, int(lengths.max()), rng)
    tokens = [row[:length].copy() for row, length in zip(whole, lengths, strict=True)]
    starts = _places(lengths, widths, rng)
    forward = rng.random((number, slots)) < 0.5
    instances = np.empty((number, slots), object)
    for slot, factor in enumerate(factors):
        sites = sample_columns(matrices[factor], number, rng)
        inserts = np.where(is_site[:, [slot]], sites, sample_columns(decoys[factor], number, rng))
        placed = np.where(forward[:, [slot]], inserts, reverse_complement(inserts))
        instances[:, slot] = [decode(insert) for insert in inserts]
        for row, start, insert in zip(tokens, starts[:, slot], placed, strict=True):
            row[start : start + len(insert)] = insert
    truth = {
        "record": np.repeat(record_names(number), slots),
        "factor": np.tile(factors, number),
        "kind": np.where(is_site, "site", "decoy").ravel(),
        "start": starts.ravel(),
        "strand": np.where(forward, "+", "-").ravel(),
        "instance": instances.ravel(),
    }
    return tokens, pd.DataFrame(truth)


def _places(lengths: np.ndarray, widths: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw first letters of slots that don't overlap: int64 of shape (records, slots)."""
    number, slots = len(lengths), len(widths)
    order = rng.permuted(np.tile(np.arange(slots), (number, 1)), axis=1)
    free = lengths - widths.sum()
    gaps = np.sort(rng.integers(0, free[:, None] + 1, (number, slots)), axis=1)
    before = np.cumsum(widths[order], axis=1) - widths[order]
    starts = np.empty((number, slots), np.int64)
    np.put_along_axis(starts, order, gaps + before, axis=1)
    return starts


def affinity(tokens: Sequence[np.ndarray], factor: str) -> np.ndarray:
    """How strongly a factor binds: a function of the sequence alone.

    Parameters
    ----------
    tokens : sequence of numpy.ndarray
        A record each.
    factor : str
        Name in `MOTIFS`.

    Returns
    -------
    numpy.ndarray
        float64 of shape (records,): over all places and both strands, the sum of what a window's
        log-odds (motif against even composition) have above 0, where a perfect site has 1.
    """
    log_odds = np.log2(motif_matrix(factor) / 0.25)
    strands = (log_odds, log_odds[::-1, ::-1])
    width, best = len(log_odds), log_odds.max(axis=1).sum()
    values = np.zeros(len(tokens))
    for i, row in enumerate(tokens):
        windows = np.lib.stride_tricks.sliding_window_view(row, width)
        for strand in strands:
            scores = strand[np.arange(width), windows].sum(axis=1)
            values[i] += np.maximum(scores, 0).sum()
    return values / best
