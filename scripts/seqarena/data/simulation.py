"""Datasets with a known truth: a motif against weakened decoys that composition can't tell apart.

Each record is background with one insert. In a positive record the insert is an instance of the
motif, in a negative one of a decoy: the motif's columns in another order and flattened towards
their mean. Decoys thus have the motif's expected composition, letter by letter, and the
dinucleotides of the background are fitted so that its composition is that of the motif, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from seqarena.data.alphabet import check_choice, decode, reverse_complement
from seqarena.errors import InputError
from seqarena.files import whole_file

PLACEMENTS = ("anywhere", "fixed")
CLASSES = ("decoy", "motif")
"""Labels of negative and positive records; the positive class is the last in sorted order."""

MOTIFS = MappingProxyType(
    {
        "nfe2": (
            (0.70, 0.10, 0.12, 0.08),
            (0.02, 0.02, 0.02, 0.94),
            (0.01, 0.01, 0.97, 0.01),
            (0.97, 0.01, 0.01, 0.01),
            (0.02, 0.90, 0.06, 0.02),
            (0.02, 0.02, 0.02, 0.94),
            (0.01, 0.97, 0.01, 0.01),
            (0.97, 0.01, 0.01, 0.01),
            (0.03, 0.03, 0.91, 0.03),
            (0.02, 0.94, 0.02, 0.02),
            (0.91, 0.03, 0.03, 0.03),
            (0.55, 0.12, 0.15, 0.18),
        )
    }
)
"""Position weight matrices by name: probabilities of A, C, G, T by position.

"nfe2" is made after the binding site of NF-E2 and its relatives, ATGACTCAGCAA.
"""

DINUCLEOTIDES = np.array(
    [
        [0.097, 0.050, 0.070, 0.077],
        [0.073, 0.053, 0.010, 0.070],
        [0.059, 0.043, 0.053, 0.050],
        [0.065, 0.059, 0.073, 0.097],
    ]
)
"""Shares of AA, AC, ... TT as in the human genome, the same on both strands: CpG is rare."""


@dataclass(frozen=True)
class Simulation:
    """Simulated records and the truth about them.

    Parameters
    ----------
    names : list of str
        Identifiers of records.
    tokens : numpy.ndarray
        uint8 of shape (records, length).
    labels : list of str
        "motif" or "decoy" by record.
    truth : pandas.DataFrame
        A row a record: record, kind ("motif" or "decoy"), start (0-based, on the + strand), strand
        ("+" or "-"), instance (letters of the insert, on its own strand).
    """

    names: list[str]
    tokens: np.ndarray
    labels: list[str]
    truth: pd.DataFrame


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
    matrix = _motif_matrix(motif)
    _check_settings(n_records, length, placement, position, decoy_strength, len(matrix))
    rng = np.random.default_rng(seed)
    is_motif = rng.permutation(np.arange(n_records) < n_records // 2)
    decoy = decoy_matrix(matrix, decoy_strength, rng)
    tokens = _sample_chain(background_dinucleotides(matrix), n_records, length, rng)
    inserts = np.where(
        is_motif[:, None],
        _sample_columns(matrix, n_records, rng),
        _sample_columns(decoy, n_records, rng),
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
    names = [f"record_{i:0{len(str(n_records))}d}" for i in range(1, n_records + 1)]
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
    return Simulation(names, tokens, labels, truth)


def write_simulation(
    simulation: Simulation, fasta: str | Path, labels: str | Path, truth: str | Path
) -> None:
    """Write the records as FASTA, their labels and the truth as TSV.

    Parameters
    ----------
    simulation : Simulation
        What to write.
    fasta, labels, truth : path-like
        Files; labels has the columns id and label, truth those of `Simulation.truth`.
    """
    with whole_file(fasta) as path, path.open("w", encoding="ascii") as handle:
        for name, row in zip(simulation.names, simulation.tokens, strict=True):
            handle.write(f">{name}\n{decode(row)}\n")
    table = pd.DataFrame({"id": simulation.names, "label": simulation.labels})
    for frame, file in ((table, labels), (simulation.truth, truth)):
        with whole_file(file) as path:
            frame.to_csv(path, sep="\t", index=False, lineterminator="\n")


def background_dinucleotides(motif: np.ndarray) -> np.ndarray:
    """Dinucleotide shares of a background that composition can't tell from the motif.

    Parameters
    ----------
    motif : numpy.ndarray
        Probabilities of A, C, G, T of shape (positions, 4).

    Returns
    -------
    numpy.ndarray
        float64 of shape (4, 4), by first and second letter, summing to 1. They stay as near to
        `DINUCLEOTIDES` (in relative entropy) as their composition allows, which on both sides is
        the motif's mean over positions and strands.

    Notes
    -----
    Iterative proportional fitting (Deming and Stephan 1940). With the same composition on either
    side, it is the stationary one of the Markov chain.
    """
    mean = motif.mean(axis=0)
    composition = (mean + mean[::-1]) / 2
    shares = DINUCLEOTIDES / DINUCLEOTIDES.sum()
    for _ in range(500):
        shares = shares * (composition / shares.sum(axis=1))[:, None]
        shares = shares * (composition / shares.sum(axis=0))
    return shares


def decoy_matrix(motif: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Weaken a motif without changing its expected composition.

    Parameters
    ----------
    motif : numpy.ndarray
        Probabilities of A, C, G, T of shape (positions, 4).
    strength : float
        Weight of the motif's own columns against their mean, 0 to 1.
    rng : numpy.random.Generator
        Chooses the order of columns.

    Returns
    -------
    numpy.ndarray
        Probabilities of shape (positions, 4).
    """
    return strength * rng.permutation(motif) + (1 - strength) * motif.mean(axis=0)


def _sample_columns(matrix: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Draw instances of a matrix: uint8 of shape (number, positions)."""
    limits = np.cumsum(matrix, axis=1)[:, :3]
    draws = rng.random((number, len(matrix), 1))
    return (draws > limits).sum(axis=2, dtype=np.uint8)


def _sample_chain(
    dinucleotides: np.ndarray, number: int, length: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw sequences of a first-order Markov chain: uint8 of shape (number, length)."""
    composition = dinucleotides.sum(axis=1)
    limits = np.cumsum(dinucleotides / composition[:, None], axis=1)[:, :3]
    tokens = np.empty((number, length), np.uint8)
    tokens[:, 0] = _sample_columns(composition[None], number, rng)[:, 0]
    for i in range(1, length):
        draws = rng.random((number, 1))
        tokens[:, i] = (draws > limits[tokens[:, i - 1]]).sum(axis=1)
    return tokens


def _motif_matrix(motif: str | Sequence[Sequence[float]]) -> np.ndarray:
    if isinstance(motif, str):
        check_choice("motif", motif, tuple(MOTIFS))
        motif = MOTIFS[motif]
    try:
        matrix = np.array(motif, np.float64)
    except ValueError:
        matrix = np.empty(0)
    sound = matrix.ndim == 2 and matrix.shape[1] == 4 and len(matrix) and (matrix >= 0).all()
    if not sound or not np.allclose(matrix.sum(axis=1), 1, atol=0.01):
        raise InputError(
            "the motif is not a matrix of probabilities",
            remedy="give a row a position, with the probabilities of A, C, G, T, which sum to 1",
        )
    matrix /= matrix.sum(axis=1, keepdims=True)
    if min(matrix[:, [0, 3]].sum(), matrix[:, [1, 2]].sum()) <= 0:
        raise InputError(
            "the motif has either no A and T or no C and G, so no background can match it",
            remedy="give each position small probabilities of other bases",
        )
    return matrix


def _check_settings(
    n_records: int,
    length: int,
    placement: str,
    position: int | None,
    decoy_strength: float,
    width: int,
) -> None:
    check_choice("placement", placement, PLACEMENTS)
    last = length - width
    for name, value, low, high in (
        ("n_records", n_records, 2, np.inf),
        ("length", length, width, np.inf),
        ("position", 0 if position is None else position, 0, last),
        ("decoy_strength", decoy_strength, 0, 1),
    ):
        if not low <= value <= high:
            raise InputError(
                f"the simulation's {name} is {value}, which is out of range",
                remedy=f"choose a value from {low} to {high}"
                if high < np.inf
                else f"choose a value of at least {low}",
            )
    if position is not None and placement == "anywhere":
        raise InputError(
            "the simulation has a position, but its placement is anywhere",
            remedy="remove position, or set placement to fixed",
        )
