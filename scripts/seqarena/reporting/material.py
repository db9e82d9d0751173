"""What the records of a data set are made of, in words: letters, residues, words or numbers."""

from collections.abc import Mapping
from typing import NamedTuple

from seqarena.reporting.wording import format_count, plural


class Material(NamedTuple):
    """How to speak of the records of an alphabet.

    Parameters
    ----------
    unit, record : str
        One element of a record, and what the whole is.
    inputs : str
        The elements that one-hot distinguishes; "{}" stands for their number.
    unusable : str
        What stops the run in the text of a record; empty if nothing does.
    kept : str
        What shuffled input keeps: pairs of neighbours, or where these say who a record is, the
        letters or words alone.
    """

    unit: str
    record: str
    inputs: str
    unusable: str
    kept: str


_MATERIALS = {
    "dna": Material(
        "letter", "sequence", "letters (A, C, G, T)", "Letters that stand for no nucleotide",
        "dinucleotides",
    ),
    "rna": Material(
        "letter", "sequence", "letters (A, C, G, U)", "Letters that stand for no nucleotide",
        "dinucleotides",
    ),
    "protein": Material(
        "residue", "sequence", "residues (20 amino acids)", "Letters that stand for no amino acid",
        "residues",
    ),
    "words": Material("word", "sequence of words", "words ({} in the list)", "",
                      "words"),
    "numbers": Material("column", "row of numbers", "", "Cells that hold no number", ""),
}  # fmt: skip
_SYMBOLS = {"dna": 4, "rna": 4, "protein": 20}


def alphabet_of(summary: Mapping) -> str:
    """Name the alphabet of a data set: that of its summary, dna where it states none."""
    return (summary.get("alphabet") or {}).get("name", "dna")


def material(summary: Mapping) -> Material:
    """Give the words for the records of a data set.

    Parameters
    ----------
    summary : mapping
        Content of `data/summary.json`.
    """
    return _MATERIALS[alphabet_of(summary)]


def symbols(summary: Mapping) -> int:
    """Count the symbols that one-hot distinguishes (of numbers: the columns)."""
    name = alphabet_of(summary)
    return _SYMBOLS.get(name) or len(summary["alphabet"]["symbols"])


def one_hot_words(summary: Mapping) -> str:
    """Name the elements that one-hot distinguishes: "letters (A, C, G, T)"."""
    return material(summary).inputs.format(format_count(symbols(summary)))


def lengths(summary: Mapping) -> str:
    """Say how long the records are in the source, or how many columns of numbers they have."""
    unit, extent = material(summary).unit, summary["lengths"]
    least, most = extent["min"], extent["max"]
    if least == most:
        return plural(least, unit)
    median = format_count(extent["median"])
    return f"{format_count(least)} to {format_count(most)} {unit}s, median {median}"
