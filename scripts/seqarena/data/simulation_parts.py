"""Parts that simulations share: motifs, decoys, a background, and how records are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from seqarena.data.alphabet import check_choice
from seqarena.errors import InputError
from seqarena.files import whole_file, write_tsv


def _consensus(letters: str) -> tuple[tuple[float, ...], ...]:
    """Make a matrix of a binding site: capitals are sharp (0.91), small letters weak (0.55)."""
    sharpness = [0.91 if letter.isupper() else 0.55 for letter in letters]
    return tuple(
        tuple(p if base == letter.upper() else (1 - p) / 3 for base in "ACGT")
        for letter, p in zip(letters, sharpness, strict=True)
    )


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
        ),
        "gata1": _consensus("cAGATAAGga"),
        "hnf4a": _consensus("ggGGCAAAGTCCA"),
        "pum2": _consensus("TGTAAATA"),
    }
)
"""Position weight matrices by name: probabilities of A, C, G, T by position.

"nfe2", "gata1", "hnf4a" and "pum2" are made after the binding sites of NF-E2 and its relatives
(ATGACTCAGCAA), GATA1, HNF4A, and Pumilio 2, which binds RNA (UGUAAAUA).
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
    sequences : list of str
        Letters of each, or its words with blanks between; none for rows of numbers.
    labels : pandas.DataFrame
        A row a record: what a model may learn from beside the sequence.
    truth : pandas.DataFrame
        What is known of the records because they were made, in rows that begin with `record`.
    """

    names: list[str]
    sequences: list[str]
    labels: pd.DataFrame
    truth: pd.DataFrame


def record_names(number: int) -> list[str]:
    """Name records so that their names sort as they stand."""
    return [f"record_{i:0{len(str(number))}d}" for i in range(1, number + 1)]


def write_simulation(
    simulation: Simulation, fasta: str | Path, labels: str | Path, truth: str | Path
) -> None:
    """Write the records as FASTA, their labels and the truth as TSV.

    Parameters
    ----------
    simulation : Simulation
        What to write.
    fasta, labels, truth : path-like
        Files; labels has the column id and those of `Simulation.labels`.
    """
    with whole_file(fasta) as path, path.open("w", encoding="ascii") as handle:
        for name, sequence in zip(simulation.names, simulation.sequences, strict=True):
            handle.write(f">{name}\n{sequence}\n")
    write_tsv(with_names(simulation), labels)
    write_tsv(simulation.truth, truth)


def with_names(simulation: Simulation) -> pd.DataFrame:
    """Put the identifiers before the labels; a missing one is written as NA."""
    labels = simulation.labels.astype(object).where(simulation.labels.notna(), "NA")
    return labels.assign(id=simulation.names)[["id", *labels]]


def check_ranges(**settings: tuple[float, float, float]) -> None:
    """Refuse settings that are out of range.

    Parameters
    ----------
    **settings : tuple of float
        By name: the value, the lowest and the highest that it can have.

    Raises
    ------
    InputError
        For the first that is out of range.
    """
    for name, (value, low, high) in settings.items():
        if not low <= value <= high:
            raise InputError(
                f"the simulation's {name} is {value}, which is out of range",
                remedy=f"choose a value from {low} to {high}"
                if high < np.inf
                else f"choose a value of at least {low}",
            )


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


def sample_columns(matrix: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Draw instances of a matrix: uint8 of shape (number, positions)."""
    limits = np.cumsum(matrix, axis=1)[:, :3]
    draws = rng.random((number, len(matrix), 1))
    return (draws > limits).sum(axis=2, dtype=np.uint8)


def sample_chain(
    dinucleotides: np.ndarray, number: int, length: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw sequences of a first-order Markov chain: uint8 of shape (number, length)."""
    composition = dinucleotides.sum(axis=1)
    limits = np.cumsum(dinucleotides / composition[:, None], axis=1)[:, :3]
    tokens = np.empty((number, length), np.uint8)
    tokens[:, 0] = sample_columns(composition[None], number, rng)[:, 0]
    for i in range(1, length):
        draws = rng.random((number, 1))
        tokens[:, i] = (draws > limits[tokens[:, i - 1]]).sum(axis=1)
    return tokens


def motif_matrix(motif: str | Sequence[Sequence[float]]) -> np.ndarray:
    """Check a motif, or look it up by name; float64 of shape (positions, 4), rows summing to 1."""
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
