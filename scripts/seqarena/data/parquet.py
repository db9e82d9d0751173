"""Tables in Parquet, given in the same form as tables that are text."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from seqarena.data import reading
from seqarena.errors import InputError

PARQUET_MAGIC = b"PAR1"


def is_parquet(path: str | Path) -> bool:
    """Whether a file begins as Parquet does; False for one that can't be opened."""
    try:
        with Path(path).open("rb") as handle:
            return handle.read(4) == PARQUET_MAGIC
    except OSError:
        return False


def column_names(path: str | Path) -> list[str]:
    """Names of the columns of a table, CSV, TSV or Parquet, in their order."""
    if not is_parquet(path):
        return reading.table_columns(path)
    with _open_parquet(Path(path)) as file:
        return file.schema_arrow.names


def read_cells(path: str | Path, columns: Sequence[str]) -> tuple[list[int], list[list[str]]]:
    """Read named columns of a table, CSV, TSV or Parquet, all cells as text.

    Parameters
    ----------
    path : path-like
        Parquet is known by its first bytes; anything else is read as `reading.read_table` does.
    columns : sequence of str
        Names of the columns to read.

    Returns
    -------
    places : list of int
        Line of each row or, in Parquet, its number; both counted from 1.
    cells : list of list of str
        For each of `columns`, its cells without surrounding blanks. Numbers of Parquet are written
        so that reading them gives the same number, truth values as true and false, null as "".

    Raises
    ------
    InputError
        If the file can't be read, a column is missing or stands twice, or a column of Parquet holds
        what is no text and no number (lists, structures, bytes).
    """
    path = Path(path)
    if not is_parquet(path):
        return reading.read_table(path, columns)
    read = read_columns(path, columns)
    cells = []
    for name, column in zip(columns, read, strict=True):
        write = _writer(column.type)
        if write is None:
            raise InputError(
                f"the column {name!r} holds {column.type}, which is neither text nor numbers",
                file=path,
                remedy="store the column as text or as numbers",
            )
        cells.append(["" if value is None else write(value) for value in _values(column, path)])
    rows = len(read[0]) if read else 0
    return list(range(1, rows + 1)), cells


def read_columns(path: Path, columns: Sequence[str]) -> list[pa.ChunkedArray]:
    """Read named columns of a Parquet file as they are, dictionaries (categories) decoded.

    Parameters
    ----------
    path : pathlib.Path
        Parquet file.
    columns : sequence of str
        Names of the columns.

    Returns
    -------
    list of pyarrow.ChunkedArray
        In the order of `columns`.
    """
    with _open_parquet(path) as file:
        for column in columns:
            reading.find_column(column, file.schema_arrow.names, path)
        table = file.read(columns=list(columns))
        table.validate(full=True)  # text that is not UTF-8 would fail wherever it is used
        return [_plain(table[column]) for column in columns]


def _values(column: pa.ChunkedArray, path: Path) -> list[Any]:
    try:
        return column.to_pylist()
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"a column of {column.type} holds what Python can't ({error})",
            file=path,
            remedy="store the column as text or as numbers",
        ) from None


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _writer(kind: pa.DataType) -> Callable[[Any], str] | None:
    """How a value of a type is written as text; None for types that no cell of text can hold."""
    types = pa.types
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return str.strip
    if types.is_boolean(kind):
        return lambda value: "true" if value else "false"
    if types.is_floating(kind):
        return lambda value: repr(float(value))
    if types.is_integer(kind) or types.is_decimal(kind) or types.is_temporal(kind):
        return str
    # A column of nothing but null has a type of its own.
    return str if types.is_null(kind) else None


@contextmanager
def _open_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"the Parquet file can't be read ({str(error).splitlines()[0][:120]})",
            file=path,
            remedy="write or download the file again, or give the table as CSV or TSV",
        ) from None
