"""Intervals of a genome, as BED, narrowPeak or tables with a header give them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqarena.data.places import Places
from seqarena.data.reading import find_column, open_text, read_table, table_columns
from seqarena.data.sequence_tables import as_files
from seqarena.errors import InputError

BED_COLUMNS = ("chrom", "start", "end", "name", "score", "strand")
NARROW_PEAK_COLUMNS = (*BED_COLUMNS, "signalValue", "pValue", "qValue", "peak")
NEEDED = BED_COLUMNS[:3]
STRANDS = {"+": "+", "-": "-", ".": "+", "": "+"}
NO_NAME = ("", ".")


@dataclass(frozen=True)
class Intervals:
    """Intervals of one or several files.

    Parameters
    ----------
    chromosomes : list of str
        Chromosome of each.
    starts, ends : numpy.ndarray
        int64 of shape (intervals,): letters [start, end), counted from 0.
    strands : list of str
        "+" or "-"; "+" where the file says nothing.
    names : list of str or None
        Names of the file, if every interval has one of its own.
    summits : numpy.ndarray or None
        int64, position of each summit in its chromosome; None if they weren't asked for.
    places : Places
        File and line of each.
    origins : numpy.ndarray
        int64, index of each interval's file in `files`.
    cells : dict of str to list of str
        The other columns that were asked for, by name.
    files : list of pathlib.Path
        Every file that was read.
    """

    chromosomes: list[str]
    starts: np.ndarray
    ends: np.ndarray
    strands: list[str]
    names: list[str] | None
    summits: np.ndarray | None
    places: Places
    origins: np.ndarray
    cells: dict[str, list[str]]
    files: list[Path]

    def __len__(self) -> int:
        return len(self.chromosomes)


def read_intervals(
    paths: str | Path | Sequence[str | Path], others: Sequence[str] = (), summits: bool = False
) -> Intervals:
    """Read intervals, checked by themselves but not against a genome.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        Plain or gzip. A file whose first line names the columns chrom, start and end is a table
        with a header (TSV or CSV, with strand, name, peak and any others); anything else is BED
        with 3 columns or more. Positions are counted from 0, ends excluded, in both.
    others : sequence of str
        Columns of labels, groups, weights or splits: those of the header or, in BED, "chrom",
        "start", "end", "name", "score", "strand", and with 10 columns (narrowPeak) "signalValue",
        "pValue", "qValue", "peak".
    summits : bool
        Whether summits are needed: start + peak, the tenth column of narrowPeak.

    Returns
    -------
    Intervals
        In the order of the files and their lines.

    Raises
    ------
    InputError
        If a file can't be read, has no interval or lacks a column, or an interval is none.
    """
    files = as_files(paths)
    asked = list(dict.fromkeys(["chrom", "start", "end", "strand", "name", "peak", *others]))
    table: dict[str, list[str]] = {name: [] for name in asked}
    needed = [*NEEDED, *others, *(["peak"] if summits else [])]
    parts = []
    origins: list[int] = []
    for index, path in enumerate(files):
        lines, columns = _read_file(path, asked, needed)
        if not lines:
            raise InputError("the file has no intervals", file=path, remedy="give BED or a table")
        parts.append((path, lines))
        origins += [index] * len(lines)
        for name in asked:
            table[name] += columns.get(name) or [""] * len(lines)
    places = Places(parts)
    starts, ends = _coordinates(table, places)
    return Intervals(
        chromosomes=table["chrom"],
        starts=starts,
        ends=ends,
        strands=_strands(table["strand"], places),
        names=None if _repeat(table["name"]) else table["name"],
        summits=_summits(table["peak"], starts, ends, places) if summits else None,
        places=places,
        origins=np.array(origins, np.int64),
        cells={name: table[name] for name in others},
        files=files,
    )


def _repeat(names: list[str]) -> bool:
    distinct = set(names)
    return len(distinct) < len(names) or not distinct.isdisjoint(NO_NAME)


def _read_file(
    path: Path, asked: Sequence[str], needed: Sequence[str]
) -> tuple[list[int], Mapping[str, list[str]]]:
    """Lines, and cells by column, of those columns that are asked for and there."""
    header = _header(path)
    if header is not None:
        names = table_columns(path)
        for name in needed:
            find_column(name, header, path)
        there = [name for name in asked if name in header]
        lines, cells = read_table(path, [names[find_column(name, header, path)] for name in there])
        return lines, dict(zip(there, cells, strict=True))
    rows = list(_bed_rows(path))
    if not rows:
        return [], {}
    width = len(rows[0][1])
    header = list(NARROW_PEAK_COLUMNS if width == len(NARROW_PEAK_COLUMNS) else BED_COLUMNS)[:width]
    for name in needed:
        if name == "peak" and name not in header:
            raise InputError(
                f"the intervals have no summit: it has {width} columns, not 10 as narrowPeak",
                file=path,
                line=rows[0][0],
                remedy="give narrowPeak, a table with a column peak, or set center: middle",
            )
        find_column(name, header, path)
    there = [name for name in asked if name in header]
    columns = {name: [row[header.index(name)] for _, row in rows] for name in there}
    return [line for line, _ in rows], columns


def _header(path: Path) -> list[str] | None:
    """Names of columns, if the first line names them; a '#' before it is passed over."""
    with open_text(path) as handle:
        first = next((line for line in handle if line.strip()), "")
    if not any(mark in first for mark in "\t,;"):
        return None
    names = table_columns(path)
    names[0] = names[0].lstrip("#").strip()
    return names if {*NEEDED} <= {*names} else None


def _bed_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each interval of a BED file."""
    width = None
    with open_text(path) as handle:
        for number, line in enumerate(handle, 1):
            text = line.strip()
            if not text or text[0] == "#" or text.split(maxsplit=1)[0] in ("track", "browser"):
                continue
            stripped = line.rstrip("\r\n")
            cells = [x.strip() for x in stripped.split("\t")] if "\t" in line else text.split()
            if len(cells) < 3 or "\0" in line:
                raise InputError(
                    f"the line {text[:40]!r} is no interval of BED, which has 3 columns or more",
                    file=path,
                    line=number,
                    remedy="separate chromosome, start and end by tabs, or give a table (TSV, CSV) "
                    "whose first line names chrom, start and end",
                )
            width = width or len(cells)
            if len(cells) != width:
                raise InputError(
                    f"the line has {len(cells)} columns where earlier ones have {width}",
                    file=path,
                    line=number,
                    remedy="give all lines the same columns",
                )
            yield number, cells


def _coordinates(table: Mapping[str, list[str]], places: Places) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends, int64 of shape (intervals,) each."""
    bounds = []
    for name in ("start", "end"):
        numbers = np.empty(len(places), np.int64)
        for i, text in enumerate(table[name]):
            # 18 digits fit into 64 bits.
            if not (text.isascii() and text.isdecimal() and len(text) <= 18):
                negative = text[:1] == "-" and text[1:].isdecimal()
                raise InputError(
                    f"the {name} {text[:40]!r} is {'negative' if negative else 'no whole number'}",
                    file=places[i][0],
                    line=places[i][1],
                    remedy="write positions as whole numbers from 0 on; if the line is a header, "
                    "it must name the columns chrom, start and end",
                )
            numbers[i] = int(text)
        bounds.append(numbers)
    starts, ends = bounds
    for i in np.flatnonzero(starts >= ends)[:1].tolist():
        raise InputError(
            f"the interval has no letters: it starts at {starts[i]} and ends before {ends[i]}",
            file=places[i][0],
            line=places[i][1],
            remedy="start must be less than end, since the first letter is 0 and the end excluded",
        )
    for i, chromosome in enumerate(table["chrom"]):
        if not chromosome:
            raise InputError(
                "the interval has no chromosome",
                file=places[i][0],
                line=places[i][1],
                remedy="write the chromosome's name",
            )
    return starts, ends


def _strands(cells: list[str], places: Places) -> list[str]:
    for i, cell in enumerate(cells):
        if cell not in STRANDS:
            raise InputError(
                f"the strand {cell[:40]!r} is none of '+', '-' and '.'",
                file=places[i][0],
                line=places[i][1],
                remedy="write '+' or '-', or '.' for an interval of no strand",
            )
    return [STRANDS[cell] for cell in cells]


def _summits(cells: list[str], starts: np.ndarray, ends: np.ndarray, places: Places) -> np.ndarray:
    """Positions of summits in their chromosomes, int64 of shape (intervals,)."""
    summits = np.empty(len(cells), np.int64)
    for i, (cell, length) in enumerate(zip(cells, (ends - starts).tolist(), strict=True)):
        if not (cell.isascii() and cell.isdecimal() and len(cell) <= 18 and int(cell) < length):
            raise InputError(
                f"the interval has no summit: its peak is {cell[:40]!r}"
                + ("" if cell == "-1" else f", which is no number from 0 to {length - 1}"),
                file=places[i][0],
                line=places[i][1],
                remedy="give the distance of the summit from the start, or set center: middle",
            )
        summits[i] = starts[i] + int(cell)
    return summits
