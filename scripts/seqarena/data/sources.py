"""Records as they stand in the files that users bring: their content and what is said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from seqarena.data.labels import (
    Columns,
    Labels,
    as_labels,
    join_table,
    match_headers,
    refuse_repeats,
)
from seqarena.data.places import Places
from seqarena.data.reading import first_word, line_of_letter, read_fasta
from seqarena.errors import InputError

Paths = str | Path | Sequence[str | Path]


@dataclass(frozen=True)
class Letters:
    """Sequences of letters.

    Parameters
    ----------
    text : bytes
        All records end to end, a byte a letter, unchecked.
    offsets : numpy.ndarray
        int64 of shape (records + 1,): record i is ``text[offsets[i]:offsets[i + 1]]``.
    wrapped : bool
        Whether a record may go over several lines, so that a letter's line must be looked for.
    """

    text: bytes
    offsets: np.ndarray
    wrapped: bool = False


@dataclass(frozen=True)
class Numbers:
    """Rows of numbers.

    Parameters
    ----------
    matrix : numpy.ndarray
        float32 of shape (records, columns), finite.
    columns : list of str
        Their names.
    """

    matrix: np.ndarray
    columns: list[str]


@dataclass(frozen=True)
class Records:
    """Labelled records as the source gives them.

    Parameters
    ----------
    names : list of str
        Identifiers, each once.
    places : Places
        Where each record stands.
    content : Letters, list of str (sentences, to be split into words) or Numbers
        What models see of them.
    labels : Labels
        What is said of them.
    files : list of pathlib.Path
        Every file that was read.
    changes, notices : list of dict
        Entries {"what", "count"} of what reading changed or noticed.
    matching : dict or None
        How well negatives that were drawn match, as of `seqarena.data.negatives.Negatives.report`.
    """

    names: list[str]
    places: Places
    content: Letters | list[str] | Numbers
    labels: Labels
    files: list[Path]
    changes: list[dict[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    matching: dict[str, Any] | None = None

    def line_of(self, i: int, position: int) -> int:
        """Find the line of a letter (from 0) of record i."""
        path, line = self.places[i]
        wrapped = isinstance(self.content, Letters) and self.content.wrapped
        return line_of_letter(path, line, position) if wrapped else line


def listed(paths: Paths) -> list[str | Path]:
    """One path or several as a list."""
    return [paths] if isinstance(paths, str | Path) else list(paths)


def join_letters(sequences: Sequence[str]) -> Letters:
    """Put sequences end to end; a letter outside ASCII becomes '?', which no alphabet has."""
    offsets = np.cumsum([0, *map(len, sequences)], dtype=np.int64)
    return Letters("".join(sequences).encode("ascii", "replace"), offsets)


def read_fasta_records(
    fasta: Paths | Mapping[str, Paths],
    columns: Columns,
    *,
    table: str | Path | None = None,
    id_column: str = "id",
    header_pattern: str | None = None,
) -> Records:
    """Read records from FASTA, with labels from a table, their headers, or a file per class.

    Parameters
    ----------
    fasta : path-like, sequence of path-like, or mapping
        FASTA files, plain or gzip. A mapping of class to file or files labels each record by its
        file.
    columns : Columns
        Of the table, or named groups of the pattern.
    table : path-like, optional
        TSV or CSV (plain or gzip) or Parquet, with a row a record.
    id_column : str
        Its column of identifiers.
    header_pattern : str, optional
        Regular expression, searched for in each header (without the '>'). A group named
        ``group`` is read without being asked for.

    Returns
    -------
    Records
        In the order of the FASTA files.

    Raises
    ------
    InputError
        If files can't be read or don't fit together.
    """
    by_class = isinstance(fasta, Mapping)
    given = sum([table is not None, header_pattern is not None, by_class])
    if given != 1:
        raise InputError(
            f"labels come from {given} places instead of one",
            remedy="give either a table of labels, or a pattern for headers, or a FASTA per class",
        )
    parts, classes = [], []
    for label, paths in fasta.items() if by_class else [("", fasta)]:
        for path in listed(paths):
            parts.append((Path(path), read_fasta(path)))
            classes += [str(label).strip()] * len(parts[-1][1])
    headers = [header for _, part in parts for header in part.headers]
    places = Places((path, part.lines) for path, part in parts)
    names = [first_word(header) for header in headers]
    refuse_repeats(names, places, "in the FASTA")
    files = [path for path, _ in parts]
    if table is not None:
        wanted = [id_column, *columns.names]
        found, label_places = join_table(Path(table), wanted, names, places)
        labels = as_labels(columns, found, label_places)
        files.append(Path(table))
    elif header_pattern is not None:
        if columns.group is None and "(?P<group>" in header_pattern:
            columns = Columns(columns.targets, "group", columns.split, columns.weight)
        found = match_headers(header_pattern, columns.names, headers, places)
        labels = as_labels(columns, found, places)
    else:
        refuse_columns(columns, "a FASTA per class")
        labels = Labels({columns.targets[0]: classes}, places)
    starts = np.cumsum([0, *(part.offsets[-1] for _, part in parts)])
    ends = [part.offsets[1:] + start for (_, part), start in zip(parts, starts, strict=False)]
    offsets = np.concatenate([[0], *ends])
    letters = Letters(b"".join(part.letters for _, part in parts), offsets, wrapped=True)
    return Records(names, places, letters, labels, files)


def refuse_columns(columns: Columns, source: str) -> None:
    """Refuse to look for groups, a split or weights where only the class of a file is known."""
    if columns.group or columns.split or columns.weight:
        raise InputError(
            f"groups, a split or weights are asked for, but {source} has none of them",
            remedy="give a table of labels, or a pattern for headers, instead",
        )
