"""Labelled records from tables of sequences, tables of numbers, and intervals of a genome."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from seqarena.data.description import note
from seqarena.data.genome import open_genome
from seqarena.data.intervals import read_intervals
from seqarena.data.labels import Columns, Labels, as_labels, refuse_repeats
from seqarena.data.negatives import sample_negatives
from seqarena.data.number_tables import read_number_table
from seqarena.data.sequence_tables import read_sequence_table
from seqarena.data.sources import (
    Letters,
    Numbers,
    Paths,
    Records,
    join_letters,
    listed,
)
from seqarena.data.windows import Windows, cut_windows
from seqarena.errors import InputError

POSITIVE, NEGATIVE = "positive", "negative"
"""Classes of intervals and of what was drawn from the genome against them."""


def read_table_records(
    files: Paths,
    columns: Columns,
    *,
    sequence_column: str = "sequence",
    id_column: str | None = None,
    words: bool = False,
) -> Records:
    """Read records from tables with a column of sequences.

    Parameters
    ----------
    files : path-like or sequence of path-like
        CSV, TSV (plain or gzip) or Parquet.
    columns : Columns
        Of the same tables.
    sequence_column, id_column : str
        Columns of sequences and of identifiers; rows are numbered without the latter.
    words : bool
        Whether sequences are sentences, to be split into words.

    Returns
    -------
    Records
        In the order of the files and their rows.
    """
    table = read_sequence_table(files, sequence_column, id_column, _named(columns))
    content = table.sequences if words else join_letters(table.sequences)
    return Records(
        table.names, table.places, content, _labels(columns, table.cells, table.places), table.files
    )


def read_number_records(
    files: Paths,
    columns: Columns,
    *,
    features: Sequence[str] | None = None,
    id_column: str | None = None,
) -> Records:
    """Read records from tables of numbers.

    Parameters
    ----------
    files : path-like or sequence of path-like
        CSV, TSV (plain or gzip) or Parquet.
    columns : Columns
        Of the same tables; they are no features.
    features : sequence of str, optional
        Columns that models see. Default: all others.
    id_column : str, optional
        Column of identifiers; rows are numbered without it.

    Returns
    -------
    Records
        In the order of the files and their rows.
    """
    table = read_number_table(files, features, id_column, _named(columns))
    content = Numbers(table.matrix, table.columns)
    labels = _labels(columns, table.cells, table.places)
    digits = np.finfo(np.float32).precision + 1
    changes = note(f"numbers were rounded to {digits} digits", table.rounded)
    return Records(table.names, table.places, content, labels, table.files, changes)


def read_interval_records(
    files: Paths | Mapping[str, Paths],
    genome: str | Path,
    columns: Columns,
    *,
    cache: str | Path,
    width: int | None = None,
    center: str = "middle",
    beyond_ends: str = "refuse",
    negatives: float | None = None,
    seed: int = 0,
) -> Records:
    """Read records from intervals of a genome.

    Parameters
    ----------
    files : path-like, sequence of path-like, or mapping
        BED, narrowPeak, or tables with a header. A mapping of class to file or files labels each
        interval by its file.
    genome : path-like
        FASTA, plain or bgzip.
    columns : Columns
        Of the same files; "chrom" is always there.
    cache : path-like
        Folder for an index of the genome.
    width, center, beyond_ends
        As of `seqarena.data.windows.cut_windows`.
    negatives : float, optional
        How many stretches of the genome to draw against each interval, all of which are positive.
    seed : int
        Of the negatives.

    Returns
    -------
    Records
        In the order of the files and their lines, then negatives.
    """
    by_class = isinstance(files, Mapping)
    paths = [path for group in files.values() for path in listed(group)] if by_class else files
    own = by_class or negatives is not None  # labels that stand in no column
    others = [name for name in _named(columns) if not (own and name in columns.targets)]
    intervals = read_intervals(paths, others, summits=center == "summit")
    with open_genome(genome, cache) as opened:
        windows = cut_windows(intervals, opened, width, center, beyond_ends)
        parts, notices, matching = [windows], [], None
        if negatives is not None:
            drawn = sample_negatives(windows, opened, negatives, seed, exclude=intervals)
            parts, notices, matching = [windows, drawn.windows], drawn.notices, drawn.report
    cells = {name: _joined(parts, name) for name in others}
    if by_class:
        classes = [name for name, group in files.items() for _ in listed(group)]
        cells[columns.targets[0]] = [str(classes[origin]) for origin in windows.origins.tolist()]
    elif negatives is not None:
        sizes = zip((POSITIVE, NEGATIVE), map(len, parts), strict=True)
        cells[columns.targets[0]] = [name for name, size in sizes for _ in range(size)]
    names = [name for part in parts for name in part.names]
    places = [place for part in parts for place in part.places]
    refuse_repeats(names, places, "among intervals")
    ends = np.cumsum([0, *(part.offsets[-1] for part in parts)])
    offsets = [part.offsets[1:] + end for part, end in zip(parts, ends, strict=False)]
    letters = Letters(
        b"".join(part.letters for part in parts), np.concatenate([[0], *offsets]).astype(np.int64)
    )
    return Records(
        names,
        places,
        letters,
        _labels(columns, cells, places),
        [*intervals.files, Path(genome)],
        windows.changes,
        notices,
        matching,
    )


def _joined(parts: Sequence[Windows], name: str) -> list[str]:
    """A column of positives and negatives; what is drawn from a genome has but its chromosome."""
    lacking = [part for part in parts if name not in part.cells]
    if lacking:
        raise InputError(
            f"negatives that are drawn from the genome have no column {name!r}",
            remedy="group or split them by chrom, or give negatives of your own",
        )
    return [cell for part in parts for cell in part.cells[name]]


def _named(columns: Columns) -> list[str]:
    return list(dict.fromkeys(name for name in columns.names if name is not None))


def _labels(columns: Columns, cells: Mapping[str, list[str]], places) -> Labels:
    return as_labels(columns, [name and cells[name] for name in columns.names], places)
