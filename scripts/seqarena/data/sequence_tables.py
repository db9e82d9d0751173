"""Sequences that stand in a column of a table, beside their labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seqarena.data.labels import MISSING, refuse_repeats
from seqarena.data.parquet import read_cells
from seqarena.data.places import Places
from seqarena.data.reading import quote
from seqarena.errors import InputError


@dataclass(frozen=True)
class SequenceTable:
    """Records of one or several tables.

    Parameters
    ----------
    names : list of str
        Identifiers, each once.
    sequences : list of str
        Cells of the column of sequences, unchecked, never empty.
    places : Places
        File of each record, and its line or, in Parquet, its row; counted from 1.
    cells : dict of str to list of str
        The other columns that were asked for, by name.
    files : list of pathlib.Path
        Every file that was read.
    """

    names: list[str]
    sequences: list[str]
    places: Places
    cells: dict[str, list[str]]
    files: list[Path]

    def __len__(self) -> int:
        return len(self.names)


def read_sequence_table(
    paths: str | Path | Sequence[str | Path],
    sequence_column: str,
    id_column: str | None = None,
    others: Sequence[str] = (),
) -> SequenceTable:
    """Read sequences, identifiers and any other columns of tables.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        CSV, TSV (plain or gzip) or Parquet, each with all columns that are asked for.
    sequence_column : str
        Column of sequences.
    id_column : str, optional
        Column of identifiers. Default: records are named row_1, row_2 and so on through all files,
        with zeros before the number so that names sort as rows do.
    others : sequence of str
        Columns of labels, groups, weights or splits.

    Returns
    -------
    SequenceTable
        In the order of the files and their rows.

    Raises
    ------
    InputError
        If a file can't be read or has no rows, or a record has no identifier, one that another has,
        or no sequence.
    """
    names_of = [] if id_column is None else [id_column]
    columns, cells, places, files = gather_cells(paths, [sequence_column, *names_of, *others])
    table = dict(zip(columns, cells, strict=True))
    names = row_names(len(places)) if id_column is None else table[id_column]
    if id_column is not None:
        check_names(names, places, id_column)
    sequences = table[sequence_column]
    # A cell of NA could be two letters, but is hardly ever meant so.
    missing = [i for i, sequence in enumerate(sequences) if sequence.lower() in MISSING]
    if missing:
        first = missing[0]
        raise InputError(
            f"{len(missing)} of {len(names)} records have no sequence ({sequences[first]!r} in "
            f"column {sequence_column!r}): {quote([names[i] for i in missing])}",
            file=places[first][0],
            line=places[first][1],
            record=names[first],
            remedy="remove the record or give its sequence; if the cell is a sequence, give it in "
            "a FASTA file",
        )
    return SequenceTable(names, sequences, places, {name: table[name] for name in others}, files)


def gather_cells(
    paths: str | Path | Sequence[str | Path], columns: Sequence[str]
) -> tuple[list[str], list[list[str]], Places, list[Path]]:
    """Read columns of tables one after another.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        CSV, TSV or Parquet.
    columns : sequence of str
        Names of columns, perhaps repeated.

    Returns
    -------
    columns : list of str
        Each name once.
    cells : list of list of str
        For each of these, its cells in all files.
    places : Places
        File of each row, and its line or (Parquet) its number.
    files : list of pathlib.Path
        The files as a list.

    Raises
    ------
    InputError
        If a file can't be read, lacks a column or has no rows.
    """
    files = as_files(paths)
    columns = list(dict.fromkeys(columns))
    gathered: list[list[str]] = [[] for _ in columns]
    parts = []
    for path in files:
        lines, cells = read_cells(path, columns)
        refuse_no_rows(len(lines), path)
        parts.append((path, lines))
        for all_cells, more in zip(gathered, cells, strict=True):
            all_cells += more
    return columns, gathered, Places(parts), files


def as_files(paths: str | Path | Sequence[str | Path]) -> list[Path]:
    """One path or several as a list, which must not be empty."""
    files = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    if not files:
        raise InputError("the list of files is empty", remedy="name at least one file")
    return files


def refuse_no_rows(rows: int, path: Path) -> None:
    """Refuse a table that has a header only."""
    if not rows:
        raise InputError(
            "the table has no rows", file=path, remedy="give a table with a row a record"
        )


def row_names(rows: int) -> list[str]:
    """Names of records that have none: row_01, row_02 and so on."""
    width = len(str(rows))
    return [f"row_{row:0{width}}" for row in range(1, rows + 1)]


def check_names(names: list[str], places: Places, id_column: str) -> None:
    """Refuse identifiers that are empty or repeated."""
    nameless = [i for i, name in enumerate(names) if not name]
    if nameless:
        raise InputError(
            f"{len(nameless)} of {len(names)} records have no identifier in column {id_column!r}",
            file=places[nameless[0]][0],
            line=places[nameless[0]][1],
            remedy="give each record an identifier, or name no column of identifiers",
        )
    refuse_repeats(names, places, f"in column {id_column!r}")
