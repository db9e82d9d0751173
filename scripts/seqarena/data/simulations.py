"""Simulations by the name of their kind."""

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from seqarena.data.simulation import simulate
from seqarena.data.simulation_kinds import (
    simulate_multiclass,
    simulate_multilabel,
    simulate_ordinal,
    simulate_regression,
    simulate_regression_targets,
    simulate_unequal_lengths,
    simulate_weights,
)
from seqarena.data.simulation_molecules import simulate_protein, simulate_rna
from seqarena.data.simulation_numbers import simulate_numbers
from seqarena.data.simulation_parts import Simulation, with_names
from seqarena.data.simulation_sentences import simulate_sentences
from seqarena.files import write_tsv
from seqarena.simulation_settings import KINDS

SIMULATORS: MappingProxyType[str, Callable[..., Simulation]] = MappingProxyType(
    {
        "motif": simulate,
        "multiclass": simulate_multiclass,
        "multilabel": simulate_multilabel,
        "regression": simulate_regression,
        "regression_targets": simulate_regression_targets,
        "ordinal": simulate_ordinal,
        "unequal_lengths": simulate_unequal_lengths,
        "weights": simulate_weights,
        "rna": simulate_rna,
        "protein": simulate_protein,
        "sentences": simulate_sentences,
        "numbers": simulate_numbers,
    }
)
"""The function of each of `KINDS`."""


def simulate_kind(kind: str = "motif", *, seed: int, **settings: Any) -> Simulation:
    """Simulate a dataset.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    seed : int
        Same seed, same records.
    **settings
        Those of the kind; the others have its defaults.

    Returns
    -------
    Simulation
        Records in random order.

    Raises
    ------
    InputError
        If a setting is out of range.
    """
    defaults = {key: value for key, value in KINDS[kind].settings.items() if value is not None}
    return SIMULATORS[kind](**defaults | settings, seed=seed)


def write_table(
    simulation: Simulation, sequence: str | None, records: str | Path, truth: str | Path
) -> None:
    """Write the records with their labels as one table, and the truth, as TSV.

    Parameters
    ----------
    simulation : Simulation
        What to write.
    sequence : str or None
        Name of the column of sequences; None if the labels hold all that there is.
    records, truth : path-like
        Files; the first has the column id, that of sequences, and those of `Simulation.labels`.
    """
    table = with_names(simulation)
    if sequence is not None:
        table.insert(1, sequence, simulation.sequences)
    write_tsv(table, records)
    write_tsv(simulation.truth, truth)
