"""What the report's tables are made of: cells with a text for people, rows with data for machines.

Both come from the same row of the same source, so the page and `report.json` can't disagree.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from seqarena.reporting.wording import (
    METRICS,
    NOT_DEFINED,
    format_count,
    format_interval,
    format_number,
    is_missing,
    metric_label,
    undefined_reason,
)


class Cell(NamedTuple):
    """One cell: its text, a smaller second line, what it sorts by, and its tone (a CSS class)."""

    text: str
    small: str = ""
    key: float | str | None = None
    tone: str = ""


class Table(NamedTuple):
    """One table of the report, ready to be laid out.

    Parameters
    ----------
    caption : str
        What the table shows.
    columns : list of (str, bool)
        Heading, and whether the column holds numbers.
    rows : list of list of Cell
        For people.
    notes : list of str
        Below the table.
    records : list of dict
        The same for machines: rows of the source, with numbers as numbers.
    """

    caption: str
    columns: list[tuple[str, bool]]
    rows: list[list[Cell]]
    notes: list[str]
    records: list[Mapping]


class Picture(NamedTuple):
    """A figure ready to be laid out; `source` is a data URI."""

    title: str
    caption: str
    alternative: str
    source: str


class Layout(NamedTuple):
    """What only the page needs: where a data set is linked to, and the colour of its verdict."""

    anchor: str
    tone: str


class Counted(NamedTuple):
    """Something that was counted; `count` is None for a bare sentence."""

    what: str
    count: float | None


class Fact(NamedTuple):
    """A name and what is to be said of it."""

    name: str
    value: str


def records_of(frame: pd.DataFrame) -> list[dict]:
    """Give the rows of a frame as mappings of plain Python values."""
    return frame.astype(object).to_dict("records")


def number(value: object, text: str | None = None, small: str = "") -> Cell:
    """Make a cell that sorts by its number; the missing is "not defined" and sorts last."""
    if is_missing(value):
        return Cell(NOT_DEFINED, small, None, "undefined")
    return Cell(format_number(value) if text is None else text, small, float(value))


def count(value: object) -> Cell:
    """Make a cell of a count; a missing one was "not recorded"."""
    if is_missing(value):
        return Cell("not recorded", tone="undefined")
    return Cell(format_count(value), key=float(value))


def words(value: object) -> Cell:
    """Make a cell of text."""
    return Cell("not given" if is_missing(value) else str(value))


def estimate(metric: str, row: tuple) -> Cell:
    """Make a cell of a metric's value, with its interval as the second line."""
    small = "" if is_missing(row.value) else format_interval(row.low, row.high)
    small = "" if metric == "support" else small
    digits = 0 if metric == "support" else 3
    return number(row.value, format_number(row.value, digits), small)


def undefined_notes(rows: pd.DataFrame) -> list[str]:
    """Say of each metric that is undefined somewhere in `rows` (columns metric, value) why."""
    names = dict.fromkeys(rows.loc[rows["value"].isna(), "metric"])
    notes = [f"{metric_label(name)} {NOT_DEFINED}: {undefined_reason(name)}." for name in names]
    if (rows["value"].notna() & rows["low"].isna()).any():
        notes.append(
            f"Interval {NOT_DEFINED}: it takes several groups, and enough bootstrap draws in which "
            "the metric is defined."
        )
    return notes


def higher_is_better(metric: str) -> bool:
    """Say whether more of a metric is better; an unknown one is taken to be so."""
    return metric not in METRICS or METRICS[metric].higher_is_better


def with_direction(metric: str) -> str:
    """Name a metric, and say so where a low value is the good one."""
    return f"{metric_label(metric)}{'' if higher_is_better(metric) else ' (lower is better)'}"


def counted(items: Sequence | None) -> list[Counted]:
    """Give what was changed or noticed in the data; a notice may be a bare sentence."""
    return [
        Counted(item["what"], item.get("count"))
        if isinstance(item, Mapping)
        else Counted(str(item), None)
        for item in items or []
    ]


def span(values: Iterable[float], write=format_count) -> str:
    """Write a range of numbers, as one where all are equal."""
    values = sorted(values)
    if not values:
        return "not recorded"
    low, high = write(values[0]), write(values[-1])
    return low if low == high else f"{low} to {high}"
