"""Text files that users bring, read with line numbers, so that an error can say where it is."""

import csv
import difflib
import gzip
import hashlib
import io
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from seqarena.errors import InputError

GZIP_MAGIC = b"\x1f\x8b"
# A cell may hold a long sequence; Python's own limit is 131072 letters.
csv.field_size_limit(2**31 - 1)

QUOTED = 3
"""Culprits that a message quotes; the others are counted."""


def quote(culprits: Sequence[str]) -> str:
    """The first culprits in quotes, and how many there are beyond those."""
    shown = ", ".join(repr(str(culprit)) for culprit in culprits[:QUOTED])
    return shown + (f" and {len(culprits) - QUOTED} more" if len(culprits) > QUOTED else "")


def nearest(word: str, words: Iterable[str]) -> str:
    """Say " (did you mean 'x'?)" of the word nearest in spelling; nothing if none is near."""
    by_lower_case = {str(other).lower(): other for other in words}
    near = difflib.get_close_matches(word.lower(), by_lower_case, n=1, cutoff=0.6)
    return f" (did you mean {by_lower_case[near[0]]!r}?)" if near else ""


@contextmanager
def open_text(path: str | Path) -> Iterator[TextIO]:
    """Open a text file, plain or gzip (known by its first bytes), and explain what fails.

    Parameters
    ----------
    path : path-like
        UTF-8, with or without a byte order mark.

    Yields
    ------
    typing.TextIO
        Lines with any kind of line ending read as a newline.

    Raises
    ------
    InputError
        If the file is missing, unreadable, not text or a damaged archive, also while it is read.
    """
    path = Path(path)
    with explain_reading(path):
        with path.open("rb") as raw:
            magic = raw.read(2)
        opener = gzip.open if magic == GZIP_MAGIC else open
        with opener(path, "rt", encoding="utf-8-sig") as handle:
            yield handle


@contextmanager
def explain_reading(path: Path) -> Iterator[None]:
    """Turn errors of opening and reading a file, plain or gzip, into `InputError`."""
    try:
        yield
    except FileNotFoundError:
        siblings = [file.name for file in path.parent.glob("*")]
        raise InputError(
            f"there is no such file{nearest(path.name, siblings)}",
            file=path,
            remedy="correct the path; it is relative to the folder in which the workflow runs",
        ) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(
            f"the gzip archive is damaged ({error})",
            file=path,
            remedy="copy or download the file again; `gzip -t` tests it",
        ) from None
    except UnicodeDecodeError:
        raise InputError(
            "the file is not text in UTF-8",
            file=path,
            remedy="give a text file, plain or compressed by gzip",
        ) from None
    except OSError as error:
        raise InputError(
            f"the file can't be read ({error.strerror})",
            file=path,
            remedy="name a file that you may read",
        ) from None


@dataclass(frozen=True)
class Fasta:
    """Records of a FASTA file, a byte a letter, so that a million of them stay small.

    Parameters
    ----------
    headers : list of str
        Without the '>' and surrounding blanks; never empty.
    letters : bytes
        All sequences end to end: ASCII as it stands, unchecked, without blanks.
    offsets : numpy.ndarray
        int64 of shape (records + 1,): record i is ``letters[offsets[i]:offsets[i + 1]]``.
    lines : numpy.ndarray
        int64 of shape (records,), line of each header, counted from 1.
    """

    headers: list[str]
    letters: bytes
    offsets: np.ndarray
    lines: np.ndarray

    def __len__(self) -> int:
        return len(self.headers)

    def sequences(self) -> list[str]:
        """Each record's letters as a string, at some five times the memory for short records."""
        text = self.letters.decode("ascii")
        return [text[start:end] for start, end in pairwise(self.offsets.tolist())]


def read_fasta(path: str | Path) -> Fasta:
    """Read a FASTA file, plain or gzip (also bgzip).

    Parameters
    ----------
    path : path-like
        Blank lines, blanks within and around lines and any line ending are tolerated.

    Returns
    -------
    Fasta
        In the order of the file.

    Raises
    ------
    InputError
        If the file can't be read, is not FASTA or has no record, or if a record has no identifier
        or no sequence.
    """
    path = Path(path)
    headers: list[str] = []
    lines, starts = array("q"), array("q")
    letters = io.BytesIO()  # its value is taken without a copy
    with open_text(path) as handle:
        for number, line in enumerate(handle, 1):
            if line.startswith(">"):
                header = line[1:].strip()
                if "\0" in header or not header:
                    _refuse_fasta_line(line, path, number, headers)
                headers.append(header)
                lines.append(number)
                starts.append(letters.tell())
            elif sequence := letters_of(line):
                if not headers or sequence[0] == ";" or "\0" in sequence or not sequence.isascii():
                    _refuse_fasta_line(line, path, number, headers)
                letters.write(sequence.encode("ascii"))
    if not headers:
        raise InputError("the FASTA file is empty", file=path, remedy="give a file with records")
    starts.append(letters.tell())
    fasta = Fasta(headers, letters.getvalue(), np.array(starts), np.array(lines))
    empty = np.flatnonzero(np.diff(fasta.offsets) == 0)
    if len(empty):
        culprits = [first_word(headers[i]) for i in empty]
        raise InputError(
            f"{len(empty)} of {len(headers)} records have no sequence: {quote(culprits)}",
            file=path,
            line=int(fasta.lines[empty[0]]),
            record=culprits[0],
            remedy="remove the record or give its sequence",
        )
    return fasta


def letters_of(line: str) -> str:
    """Letters of a line of a sequence: without blanks within it and white space around it."""
    return line.strip().replace(" ", "")


def _refuse_fasta_line(line: str, path: Path, number: int, headers: list[str]) -> None:
    """Say what is wrong with a line of a FASTA file that `read_fasta` can't take."""
    text = line.strip()
    outside = next((letter for letter in text if not letter.isascii()), "")
    if "\0" in line:
        problem, remedy = "the file is not text", "give a FASTA file"
    elif line.startswith(">"):
        problem, remedy = "a record has no identifier", "write an identifier after the '>'"
    elif text.startswith(";"):
        problem = f"the line {text[:30]!r} is a comment, which FASTA no longer has"
        remedy = "remove such lines, for instance with `grep -v '^;'`"
    elif not headers:
        problem = f"the file is not FASTA: {text[:30]!r} stands before the first '>'"
        remedy = "give a FASTA file, in which each record begins with a line '>identifier'"
    else:
        problem = f"the letter {outside!r} is outside ASCII and stands for nothing in a sequence"
        remedy = "write the letter that is meant, or the alphabet's letter for unknown"
    raise InputError(
        problem,
        file=path,
        line=number,
        record=first_word(headers[-1]) if headers and not line.startswith(">") else None,
        remedy=remedy,
    )


def first_word(header: str) -> str:
    """Identifier of a record: what stands before the first blank of its header."""
    return header.split(maxsplit=1)[0]


def line_of_letter(path: Path, header_line: int, position: int) -> int:
    """Find the line of a letter of a record by reading again, so that reading needn't keep lines.

    Parameters
    ----------
    path : pathlib.Path
        FASTA file.
    header_line : int
        Line of the record's header, counted from 1.
    position : int
        Letter of the record, counted from 0.

    Returns
    -------
    int
        Line, counted from 1.
    """
    with open_text(path) as handle:
        for number, line in enumerate(handle, 1):
            if number > header_line:
                position -= len(letters_of(line))
                if position < 0:
                    return number
    return header_line


def read_table(path: str | Path, columns: Sequence[str]) -> tuple[list[int], list[list[str]]]:
    """Read named columns of a TSV or CSV table, all cells as text.

    Parameters
    ----------
    path : path-like
        Plain or gzip; the first line names the columns. The separator is the first of tab, comma
        and semicolon that occurs in that line.
    columns : sequence of str
        Names of the columns to read.

    Returns
    -------
    lines : list of int
        Line of each row, counted from 1. Blank lines are passed over, and empty cells beyond the
        last column.
    cells : list of list of str
        For each of `columns`, its cells without surrounding blanks; "NA" or "1e5" stay as they are.

    Raises
    ------
    InputError
        If the file can't be read, a column is missing (the nearest is suggested) or stands twice,
        or a row has another number of cells than the header.
    """
    lines: list[int] = []
    cells: list[list[str]] = [[] for _ in columns]
    for line, row in iterate_table(path, columns):
        lines.append(line)
        for column, cell in zip(cells, row, strict=True):
            column.append(cell)
    return lines, cells


def iterate_table(path: str | Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield line and cells of each row; else as `read_table`, for tables too wide to hold as text.

    Yields
    ------
    tuple of int and list of str
        Line of the row, counted from 1, and its cells in the order of `columns`.
    """
    path = Path(path)
    with open_text(path) as handle:
        names, separator, header_line = _read_header(handle, path)
        indices = [find_column(column, names, path) for column in columns]
        # Strict, or a quote that is never closed would swallow the rows behind it.
        reader = csv.reader(
            _text_lines(handle, path, header_line), delimiter=separator, strict=True
        )
        try:
            for row in reader:
                if not any(cell.strip() for cell in row):
                    continue
                while len(row) > len(names) and not row[-1].strip():
                    row.pop()
                if len(row) != len(names):
                    raise InputError(
                        f"the row has {len(row)} cells where the header has {len(names)}",
                        file=path,
                        line=reader.line_num + header_line,
                        remedy="give each row one cell a column, separated as in the header",
                    )
                yield reader.line_num + header_line, [row[index].strip() for index in indices]
        except csv.Error as error:
            raise _unreadable(error, path, reader.line_num + header_line) from None


def _unreadable(error: csv.Error, path: Path, line: int) -> InputError:
    return InputError(
        f"the table can't be read ({error})",
        file=path,
        line=line,
        remedy="close each double quote that opens a cell, or remove the quotes",
    )


def table_columns(path: str | Path) -> list[str]:
    """Names of the columns of a TSV or CSV table, in their order."""
    with open_text(path) as handle:
        return _read_header(handle, Path(path))[0]


def _read_header(handle: TextIO, path: Path) -> tuple[list[str], str, int]:
    """Names of columns, the separator, and the line on which they stand."""
    number = 1
    while (first := handle.readline()).isspace():
        number += 1
    first = next(_text_lines([first.rstrip("\n")], path, number - 1))
    separator = next((mark for mark in "\t,;" if mark in first), "\t")
    try:
        # Strict, since a quote that is not closed would hide rows from other readers of the table.
        cells = next(csv.reader([first], delimiter=separator, strict=True), [])
    except csv.Error as error:
        raise _unreadable(error, path, number) from None
    names = [name.strip() for name in cells]
    if not any(names):
        raise InputError("the table is empty", file=path, remedy="give a table with a header")
    return names, separator, number


def _text_lines(lines: Iterable[str], path: Path, before: int) -> Iterator[str]:
    """Pass on lines, the first of which is line `before` + 1; refuse those that are not text."""
    for number, line in enumerate(lines, before + 1):
        if "\0" in line:
            raise InputError(
                "the file is not text",
                file=path,
                line=number,
                remedy="give a table as text (CSV or TSV, in UTF-8)",
            )
        yield line


def find_column(column: str, names: Sequence[str], path: Path) -> int:
    """Index of a column, refusing a name that is missing (the nearest is suggested) or repeated."""
    found = names.count(column)
    if found != 1:
        raise InputError(
            f"the table has no column {column!r}{nearest(column, names)}"
            if not found
            else f"the table has {found} columns {column!r}",
            file=path,
            line=1,
            remedy=f"name a column that occurs once; the columns are {', '.join(names)}",
        )
    return names.index(column)


def describe_file(path: Path) -> dict[str, Any]:
    """Path, SHA-256 and size in bytes of a file, for the provenance of what is made of it."""
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    return {"path": str(path), "sha256": digest, "bytes": path.stat().st_size}
