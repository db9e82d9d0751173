"""Tables of numbers: records that are features of any kind instead of sequences."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from seqarena.data.parquet import column_names, is_parquet, read_columns
from seqarena.data.places import Places
from seqarena.data.reading import iterate_table, quote
from seqarena.data.sequence_tables import (
    as_files,
    check_names,
    gather_cells,
    refuse_no_rows,
    row_names,
)
from seqarena.errors import InputError

INDEX_COLUMNS = ("", "__index_level_0__")
"""Names under which pandas stores the number of a row, in CSV and in Parquet."""

TOO_LARGE = 2.0**128 - 2.0**103
"""From this size on single precision rounds to infinity."""

REMEDY = (
    "write a finite number with a decimal point, remove the record, or name the columns that are "
    "features (columns) without this one"
)


@dataclass(frozen=True)
class NumberTable:
    """Numeric features of records of one or several tables.

    Parameters
    ----------
    names : list of str
        Identifiers, each once.
    matrix : numpy.ndarray
        float32 of shape (records, features), all finite.
    columns : list of str
        Name of each feature.
    places : Places
        File of each record, and its line or, in Parquet, its row; counted from 1.
    cells : dict of str to list of str
        The other columns that were asked for, by name.
    files : list of pathlib.Path
        Every file that was read.
    rounded : int
        Numbers of more digits than single precision keeps.
    """

    names: list[str]
    matrix: np.ndarray
    columns: list[str]
    places: Places
    cells: dict[str, list[str]]
    files: list[Path]
    rounded: int = 0

    def __len__(self) -> int:
        return len(self.names)


def read_number_table(
    paths: str | Path | Sequence[str | Path],
    columns: Sequence[str] | None = None,
    id_column: str | None = None,
    others: Sequence[str] = (),
) -> NumberTable:
    """Read numeric features, identifiers and any other columns of tables.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        CSV, TSV (plain or gzip) or Parquet.
    columns : sequence of str, optional
        Columns of features. Default: all but `id_column` and `others`; one that holds anything but
        numbers is refused, never passed over.
    id_column : str, optional
        Column of identifiers. Default: names as in `read_sequence_table`.
    others : sequence of str
        Columns of labels, groups, weights or splits, which are no features.

    Returns
    -------
    NumberTable
        In the order of the files and their rows.

    Raises
    ------
    InputError
        If a file can't be read or has no rows, columns don't fit together, or a cell is no finite
        number in single precision.
    """
    files = as_files(paths)
    known = [*others] if id_column is None else [id_column, *others]
    asked, cells, *_ = gather_cells(files, known) if known else ([], [])
    features = _features(files, columns, known)
    parts, lines_of, rounded = [], [], 0
    for path in files:
        lines, part = _read_parquet(path, features) if is_parquet(path) else _read(path, features)
        refuse_no_rows(len(part), path)
        rounded += _rounded(part)
        parts.append(part.astype(np.float32))
        lines_of.append((path, lines))
    places = Places(lines_of)
    table = dict(zip(asked, cells, strict=True))
    names = row_names(len(places)) if id_column is None else table[id_column]
    if id_column is not None:
        check_names(names, places, id_column)
    other_cells = {name: table[name] for name in others}
    return NumberTable(names, np.concatenate(parts), features, places, other_cells, files, rounded)


def _features(files: list[Path], columns: Sequence[str] | None, known: Sequence[str]) -> list[str]:
    """Names of the features; all files must offer the same where they aren't named."""
    if columns is not None:
        columns = list(columns)
        wrong = [name for name in columns if name in known or columns.count(name) > 1]
        if wrong or not columns:
            raise InputError(
                f"the column {wrong[0]!r} can't be a feature twice, nor a feature and a label, "
                "identifier, group, weight or split"
                if wrong
                else "no column is named as a feature",
                file=files[0],
                remedy="name each column of features once under columns",
            )
        return columns
    offered = [[n for n in column_names(path) if n not in known] for path in files]
    for path, names in zip(files, offered, strict=True):
        if unnamed := [name for name in names if name in INDEX_COLUMNS]:
            raise InputError(
                f"a column has the name {unnamed[0]!r}, as pandas writes the numbers of rows, "
                "which say nothing about a record",
                file=path,
                line=1,
                remedy="remove the column, or name those that are features (columns)",
            )
        if different := sorted({*names} ^ {*offered[0]}):
            raise InputError(
                f"the table and {files[0]} don't have the same columns: {quote(different)}",
                file=path,
                line=1,
                remedy="give tables of the same columns, or name those that are features (columns)",
            )
    if not offered[0]:
        raise InputError(
            "the table has no column of features",
            file=files[0],
            remedy="give a table with numbers beside identifiers and labels",
        )
    return offered[0]


def _rounded(numbers: np.ndarray) -> int:
    """Count numbers of more digits than float32 keeps, and those that are too small for it.

    0.1 is not among them: it has another value in single precision, but the same digits.
    """
    size = np.abs(numbers[numbers != numbers.astype(np.float32)])
    small = size < np.finfo(np.float32).tiny
    size = size[~small]
    digit = 10.0 ** (np.floor(np.log10(size)) - np.finfo(np.float32).precision)
    longer = np.abs(np.rint(size / digit) * digit - size) > 1e-12 * size
    return np.count_nonzero(small) + np.count_nonzero(longer)


def _read(path: Path, features: list[str]) -> tuple[list[int], np.ndarray]:
    """Lines (each counted from 1) and float64 (rows, features) of a table that is text."""
    numbers, lines = array("d"), array("q")
    for line, cells in iterate_table(path, features):
        try:
            numbers.extend(map(float, cells))
        except ValueError:
            _refuse_cell(path, line, cells, features)
        lines.append(line)
        # Python reads 1_0 as 10; a user hardly means it.
        if not np.less(np.abs(numbers[-len(cells) :]), TOO_LARGE).all() or "_" in "".join(cells):
            _refuse_cell(path, line, cells, features)
    return lines.tolist(), np.array(numbers).reshape(-1, len(features))


def _refuse_cell(path: Path, line: int, cells: list[str], features: list[str]) -> None:
    wrong = next(j for j, cell in enumerate(cells) if not _is_number(cell))
    raise InputError(
        f"the cell {cells[wrong][:40]!r} of column {features[wrong]!r} is not a finite number in "
        "single precision",
        file=path,
        line=line,
        remedy=REMEDY,
    )


def _is_number(cell: str) -> bool:
    try:
        return abs(float(cell)) < TOO_LARGE and "_" not in cell
    except ValueError:
        return False


def _read_parquet(path: Path, features: list[str]) -> tuple[range, np.ndarray]:
    """Rows (counted from 1) and float64 (rows, features) of a table in Parquet."""
    read = read_columns(path, features)
    matrix = np.empty((len(read[0]), len(features)))
    for j, column in enumerate(read):
        kind = column.type
        if not (
            pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        ):
            raise InputError(
                f"the column {features[j]!r} holds {kind}, not numbers",
                file=path,
                remedy="store it as numbers (0 and 1 for false and true), or name the columns that "
                "are features (columns) without it",
            )
        matrix[:, j] = column.cast(pa.float64(), safe=False).to_numpy()
        wrong = ~(np.abs(matrix[:, j]) < TOO_LARGE)
        if wrong.any():
            row = int(wrong.argmax())
            value = column[row].as_py()
            raise InputError(
                f"{np.count_nonzero(wrong)} cells of column {features[j]!r} are not finite numbers "
                f"in single precision, the first is {'empty' if value is None else value}",
                file=path,
                line=row + 1,
                remedy=REMEDY,
            )
    return range(1, len(matrix) + 1), matrix
