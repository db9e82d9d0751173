"""Datasets with a known truth: a motif against weakened decoys that composition can't tell apart.

Each record is background with one insert. In a positive record the insert is an instance of the
motif, in a negative one of a decoy: the motif's columns in another order and flattened towards
their mean. Decoys thus have the motif's expected composition, letter by letter, and the
dinucleotides of the background are fitted so that its composition is that of the motif, too.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqarena.data.alphabet import check_choice, decode, reverse_complement
from seqarena.data.simulation_parts import (
    Simulation,
    background_dinucleotides,
    check_ranges,
    decoy_matrix,
    motif_matrix,
    record_names,
    sample_chain,
    sample_columns,
)
from seqarena.errors import InputError

PLACEMENTS = ("anywhere", "fixed")
CLASSES = ("decoy", "motif")
"""Labels of negative and positive records; the positive class is the last in sorted order."""


def simulate(
    *,
    n_records: int = 3000,
    length: int = 100,
    placement: str = "anywhere",
    position: int | None = None,
    motif: str | Sequence[Sequence[float]] = "nfe2",
    decoy_strength: float = 0.5,
    seed: int = 0,
) -> Simulation:
    """Simulate a binary dataset.

    Parameters
    ----------
    n_records : int
        Number of records; half of them, rounded down, are positive.
    length : int
        Letters of a record.
    placement : {"anywhere", "fixed"}
        Inserts at a uniformly random position and strand, or all at `position` on the + strand.
    position : int, optional
        First letter of a fixed insert, counted from 0. Default: the middle.
    motif : str or sequence of sequence of float
        Name in `MOTIFS`, or probabilities of A, C, G, T by position.
    decoy_strength : float
        From 0 (a decoy is letters drawn at the motif's mean composition) to 1 (the motif's columns
        in another order, as sharp as they are).
    seed : int
        Same seed, same records.

    Returns
    -------
    Simulation
        Records in random order.

    Raises
    ------
    InputError
        If a setting is out of range or the motif is no matrix of probabilities.
    """
    matrix = motif_matrix(motif)
    _check_settings(n_records, length, placement, position, decoy_strength, len(matrix))
    rng = np.random.default_rng(seed)
    is_motif = rng.permutation(np.arange(n_records) < n_records // 2)
    decoy = decoy_matrix(matrix, decoy_strength, rng)
    tokens = sample_chain(background_dinucleotides(matrix), n_records, length, rng)
    inserts = np.where(
        is_motif[:, None],
        sample_columns(matrix, n_records, rng),
        sample_columns(decoy, n_records, rng),
    )
    if placement == "anywhere":
        starts = rng.integers(0, length - len(matrix) + 1, n_records)
        forward = rng.random(n_records) < 0.5
    else:
        middle = (length - len(matrix)) // 2
        starts = np.full(n_records, middle if position is None else position)
        forward = np.ones(n_records, np.bool_)
    columns = starts[:, None] + np.arange(len(matrix))
    placed = np.where(forward[:, None], inserts, reverse_complement(inserts))
    np.put_along_axis(tokens, columns, placed, axis=1)
    names = record_names(n_records)
    labels = [CLASSES[int(positive)] for positive in is_motif]
    truth = pd.DataFrame(
        {
            "record": names,
            "kind": labels,
            "start": starts,
            "strand": np.where(forward, "+", "-"),
            "instance": [decode(insert) for insert in inserts],
        }
    )
    sequences = [decode(row) for row in tokens]
    return Simulation(names, sequences, pd.DataFrame({"label": labels}), truth)


def _check_settings(
    n_records: int,
    length: int,
    placement: str,
    position: int | None,
    decoy_strength: float,
    width: int,
) -> None:
    check_choice("placement", placement, PLACEMENTS)
    check_ranges(
        n_records=(n_records, 2, np.inf),
        length=(length, width, np.inf),
        position=(0 if position is None else position, 0, length - width),
        decoy_strength=(decoy_strength, 0, 1),
    )
    if position is not None and placement == "anywhere":
        raise InputError(
            "the simulation has a position, but its placement is anywhere",
            remedy="remove position, or set placement to fixed",
        )
