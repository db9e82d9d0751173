"""Labels, groups and splits of records, from a table or from the records' headers."""

import re
from collections.abc import Sequence
from pathlib import Path

from seqarena.data.reading import first_word, quote, read_table
from seqarena.errors import InputError

MISSING = frozenset({"", "nan", "na", "n/a", "null"})
"""Cells (in lower case) that say a value is missing, as pandas, R, spreadsheets, SQL write it."""


def refuse_repeats(names: list[str], places: list[tuple[Path, int]], where: str) -> None:
    """Refuse identifiers that occur more than once.

    Parameters
    ----------
    names : list of str
        Identifiers.
    places : list of (pathlib.Path, int)
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
        remedy="give each record an identifier of its own (the first word after '>')",
    )


def join_table(
    path: Path,
    columns: Sequence[str | None],
    names: list[str],
    places: list[tuple[Path, int]],
) -> tuple[list[list[str] | None], list[tuple[Path, int]]]:
    """Look records up in a table.

    Parameters
    ----------
    path : pathlib.Path
        The table, as in `read_table`.
    columns : sequence of str or None
        Column of identifiers, then those wanted; None for one that isn't.
    names, places : list
        Identifiers of the records, and file and line of each.

    Returns
    -------
    found : list of (list of str or None)
        Cells of each wanted column in the order of `names`.
    places : list of (pathlib.Path, int)
        File and line of each record's row.

    Raises
    ------
    InputError
        If a record has no row, a row no record, or an identifier two rows.
    """
    asked = list(dict.fromkeys(column for column in columns if column is not None))
    lines, cells = read_table(path, asked)
    row_places = [(path, line) for line in lines]
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
    return found, [row_places[row] for row in order]


def match_headers(
    pattern: str,
    wanted: Sequence[str | None],
    headers: list[str],
    places: list[tuple[Path, int]],
) -> list[list[str] | None]:
    r"""Search headers for a pattern.

    Parameters
    ----------
    pattern : str
        Regular expression with named groups, such as ``class=(?P<label>\w+)``.
    wanted : sequence of str or None
        Named groups to read; None for one that isn't wanted.
    headers, places : list
        Headers without the '>', and file and line of each.

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
    except re.error as error:
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


def refuse_missing(
    what: str, cells: list[str], places: list[tuple[Path, int]], names: list[str]
) -> None:
    """Refuse cells that are empty or say that their value is missing (`MISSING`).

    Parameters
    ----------
    what : str
        Word for what the cells hold.
    cells, places, names : list
        By record: the cell, its file and line, and the record's identifier.

    Raises
    ------
    InputError
        With the first record, and how many there are.
    """
    missing = [i for i, cell in enumerate(cells) if cell.lower() in MISSING]
    if missing:
        first = missing[0]
        culprits = quote([names[i] for i in missing])
        raise InputError(
            f"{len(missing)} of {len(names)} records have no {what} ({cells[first]!r}): {culprits}",
            file=places[first][0],
            line=places[first][1],
            record=names[first],
            remedy=f"give its {what} or remove the record; a class of this name must be renamed",
        )
