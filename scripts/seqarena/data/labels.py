"""Labels, groups and splits of records, from a table or from the records' headers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seqarena.data.dataset import RESERVED_COLUMNS
from seqarena.data.parquet import read_cells
from seqarena.data.places import Places
from seqarena.data.reading import first_word, quote
from seqarena.errors import InputError

MISSING = frozenset({"", "nan", "na", "n/a", "null"})
"""Cells (in lower case) that say a value is missing, as pandas, R, spreadsheets, SQL write it."""


@dataclass(frozen=True)
class Columns:
    """Names of the columns of a table (or the groups of a pattern) that say something of records.

    Parameters
    ----------
    targets : tuple of str
        What is to be predicted; none of `RESERVED_COLUMNS`.
    group, split, weight : str or None
        Which records stay together, the source's own split, and how much a record counts.
    """

    targets: tuple[str, ...] = ("label",)
    group: str | None = None
    split: str | None = None
    weight: str | None = None

    def __post_init__(self):
        for name in self.targets:
            if name in RESERVED_COLUMNS:
                raise InputError(
                    f"the label column {name!r} has a name that the dataset's own table uses",
                    remedy=f"rename the column to none of {', '.join(RESERVED_COLUMNS)}",
                )

    @property
    def names(self) -> tuple[str | None, ...]:
        """All of them: the targets, then group, split and weight."""
        return (*self.targets, self.group, self.split, self.weight)


@dataclass(frozen=True)
class Labels:
    """What a table or headers say of each record, as text.

    Parameters
    ----------
    cells : dict of str to list of str
        By target.
    places : Places
        Where each record's cells stand.
    groups, splits : list of (str or None), or None
        None for a record that has none; None as a whole if the source doesn't say.
    weights : list of str or None
        As they stand.
    """

    cells: dict[str, list[str]]
    places: Places
    groups: list[str | None] | None = None
    splits: list[str | None] | None = None
    weights: list[str] | None = None


def as_labels(columns: Columns, found: Sequence[list[str] | None], places: Places) -> Labels:
    """Name the cells that were found for `columns.names`."""
    *targets, groups, splits, weights = found

    def without_missing(cells):
        return cells and [None if cell.lower() in MISSING else cell for cell in cells]

    cells = dict(zip(columns.targets, targets, strict=True))
    return Labels(cells, places, without_missing(groups), without_missing(splits), weights)


def refuse_repeats(names: list[str], places: Places, where: str) -> None:
    """Refuse identifiers that occur more than once.

    Parameters
    ----------
    names : list of str
        Identifiers.
    places : Places
        File and line of each.
    where : str
        Words for what holds them.

    Raises
    ------
    InputError
        With the first identifier's two places, and how many there are.
    """
    if len(set(names)) == len(names):
        return
    first: dict[str, int] = {}
    again = [i for i, name in enumerate(names) if first.setdefault(name, i) != i]
    earlier = places[first[names[again[0]]]]
    culprits = list(dict.fromkeys(names[i] for i in again))
    raise InputError(
        f"{len(culprits)} identifiers occur more than once {where}: {quote(culprits)}; "
        f"{culprits[0]!r} first in {earlier[0]}, line {earlier[1]}"
        if len(culprits) > 1
        else f"the identifier occurs more than once {where}, first in {earlier[0]}, "
        f"line {earlier[1]}",
        file=places[again[0]][0],
        line=places[again[0]][1],
        record=names[again[0]],
        remedy="give each record an identifier of its own"
        + (" (the first word after '>')" if "FASTA" in where else ""),
    )


def join_table(
    path: Path,
    columns: Sequence[str | None],
    names: list[str],
    places: Places,
) -> tuple[list[list[str] | None], Places]:
    """Look records up in a table.

    Parameters
    ----------
    path : pathlib.Path
        The table, as in `read_table`.
    columns : sequence of str or None
        Column of identifiers, then those wanted; None for one that isn't.
    names : list of str
        Identifiers of the records.
    places : Places
        File and line of each.

    Returns
    -------
    found : list of (list of str or None)
        Cells of each wanted column in the order of `names`.
    places : Places
        File and line of each record's row.

    Raises
    ------
    InputError
        If a record has no row, a row no record, or an identifier two rows.
    """
    asked = list(dict.fromkeys(column for column in columns if column is not None))
    lines, cells = read_cells(path, asked)
    row_places = Places([(path, lines)])
    identifiers = cells[0]
    refuse_repeats(identifiers, row_places, "in the table of labels")
    row_of = {identifier: row for row, identifier in enumerate(identifiers)}
    unlabelled = [i for i, name in enumerate(names) if name not in row_of]
    if unlabelled:
        raise InputError(
            f"{len(unlabelled)} of {len(names)} records have no label in {path}: "
            f"{quote([names[i] for i in unlabelled])}",
            file=places[unlabelled[0]][0],
            line=places[unlabelled[0]][1],
            record=names[unlabelled[0]],
            remedy=f"add the record to the table (column {columns[0]!r} holds the first word of a "
            "header) or remove it from the FASTA",
        )
    known = set(names)
    strangers = [row for row, identifier in enumerate(identifiers) if identifier not in known]
    if strangers:
        raise InputError(
            f"{len(strangers)} of {len(identifiers)} labels have no record in the FASTA: "
            f"{quote([identifiers[row] for row in strangers])}",
            file=path,
            line=lines[strangers[0]],
            record=identifiers[strangers[0]],
            remedy="add the record to the FASTA or remove the row from the table",
        )
    order = [row_of[name] for name in names]
    found = [
        None if column is None else [cells[asked.index(column)][row] for row in order]
        for column in columns[1:]
    ]
    return found, row_places.take(order)


def match_headers(
    pattern: str,
    wanted: Sequence[str | None],
    headers: list[str],
    places: Places,
) -> list[list[str] | None]:
    r"""Search headers for a pattern.

    Parameters
    ----------
    pattern : str
        Regular expression with named groups, such as ``class=(?P<label>\w+)``.
    wanted : sequence of str or None
        Named groups to read; None for one that isn't wanted.
    headers : list of str
        Without the '>'.
    places : Places
        File and line of each.

    Returns
    -------
    list of (list of str or None)
        What each wanted group matches, "" where an optional group matches nothing.

    Raises
    ------
    InputError
        If the pattern is no regular expression, lacks a group, or fits a header not.
    """
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise InputError(
            f"the pattern {pattern!r} for headers is not a regular expression ({error})",
            remedy="write a Python regular expression such as 'class=(?P<label>\\w+)'",
        ) from None
    for name in wanted:
        if name is not None and name not in compiled.groupindex:
            raise InputError(
                f"the pattern {pattern!r} for headers has no group named {name}",
                remedy=f"mark it as in 'class=(?P<{name}>\\w+)'",
            )
    matches = [compiled.search(header) for header in headers]
    failed = [i for i, match in enumerate(matches) if match is None]
    if failed:
        raise InputError(
            f"the pattern {pattern!r} matches {len(failed)} of {len(headers)} headers not: "
            f"{quote([headers[i] for i in failed])}",
            file=places[failed[0]][0],
            line=places[failed[0]][1],
            record=first_word(headers[failed[0]]),
            remedy="correct the pattern or the headers (the text after '>')",
        )
    return [
        None if name is None else [(match[name] or "").strip() for match in matches]
        for name in wanted
    ]
