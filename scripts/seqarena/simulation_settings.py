"""What can be simulated: the task and alphabet of each kind, its settings and its labels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

WORDS = ("you", "he", "dog", "cat", "friend", "have", "has", "is", "are", "a", "the", "and")
"""The words of simulated sentences."""


@dataclass(frozen=True)
class Kind:
    """A kind of simulation, as a configuration asks for it.

    Parameters
    ----------
    task : str
        What its labels can be used for.
    settings : mapping of str to Any
        Its settings with their defaults; None for one that has none.
    alphabet : str
        "dna", "rna", "protein", "words" or "numbers".
    labels : mapping of str to Any
        The `labels` section of a configuration that would read what it writes.
    sequence : str or None
        Column of sequences where it writes one table; None where it writes FASTA and labels.
    """

    task: str
    settings: Mapping[str, Any]
    alphabet: str = "dna"
    labels: Mapping[str, Any] = field(default_factory=dict)
    sequence: str | None = None


_LETTERS = {"n_records": 3000, "length": 100}
_DECOYS = _LETTERS | {"decoy_strength": 0.5}

KINDS = MappingProxyType(
    {
        "motif": Kind("binary", {"placement": None, "position": None} | _DECOYS),
        "multiclass": Kind("multiclass", _DECOYS),
        "multilabel": Kind(
            "multilabel",
            _DECOYS | {"missing": 0.1},
            labels={"columns": ["nfe2", "gata1", "hnf4a"]},
        ),
        "regression": Kind("regression", _LETTERS | {"noise": 0.2}),
        "regression_targets": Kind(
            "regression",
            _LETTERS | {"noise": 0.2, "missing": 0.0},
            labels={"columns": ["nfe2", "gata1", "both"]},
        ),
        "ordinal": Kind("regression", _DECOYS, labels={"order": ["none", "few", "many"]}),
        "unequal_lengths": Kind(
            "binary",
            {"n_records": 3000, "shortest": 60, "longest": 200}
            | {"decoy_strength": 0.5, "label": "motif"},
        ),
        "weights": Kind(
            "binary",
            _DECOYS | {"noisy": 0.6, "wrong": 0.4, "weight": 0.1},
            labels={"weight": "weight"},
        ),
        "rna": Kind("binary", _LETTERS, alphabet="rna"),
        "protein": Kind("binary", _LETTERS, alphabet="protein"),
        "sentences": Kind(
            "binary",
            {"n_records": 3000, "longest": 12},
            alphabet="words",
            labels={"group": "group"},
            sequence="sentence",
        ),
        "numbers": Kind(
            "binary",
            {"n_records": 3000, "shape": "rings", "overlap": 0.3},
            alphabet="numbers",
            labels={"column": "Ground Truth"},
        ),
    }
)
"""The kinds of simulation by name."""


def simulated_alphabet(dataset: Mapping[str, Any]) -> str | None:
    """Name the alphabet of a dataset's simulation; None if it isn't simulated."""
    simulation = dataset.get("simulation")
    return None if simulation is None else KINDS[simulation["kind"]].alphabet


def is_simulated_table(dataset: Mapping[str, Any]) -> bool:
    """Say whether a dataset's simulation writes records and labels as one table."""
    return simulated_alphabet(dataset) in ("words", "numbers")


def simulated_source(dataset: Mapping[str, Any]) -> dict[str, Any]:
    """Give the source of records as which a simulation is read, with its kind.

    Parameters
    ----------
    dataset : mapping
        A dataset of a configuration, complete and simulated.
    """
    kind = KINDS[dataset["simulation"]["kind"]]
    if not is_simulated_table(dataset):
        return {"kind": "fasta"}
    if kind.sequence is None:
        return {"kind": "numbers", "id": "id"}
    return {"kind": "table", "sequence": kind.sequence, "id": "id"}


def has_numbers(dataset: Mapping[str, Any]) -> bool:
    """Say whether a dataset's records are rows of numbers."""
    return "numbers" in dataset or simulated_alphabet(dataset) == "numbers"


def complete_simulation(dataset: dict[str, Any]) -> None:
    """Fill in what a simulation's kind says: its settings, and how to read what it writes.

    Parameters
    ----------
    dataset : dict
        A dataset of a configuration; changed in place if it is simulated.
    """
    if "simulation" not in dataset:
        return
    kind = KINDS[dataset["simulation"]["kind"]]
    defaults = {key: value for key, value in kind.settings.items() if value is not None}
    dataset["simulation"] = defaults | dataset["simulation"]
    if kind.labels:
        dataset["labels"] = {"id": "id"} | dict(kind.labels)
