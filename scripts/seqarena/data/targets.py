"""What is to be predicted: cells of a table of labels as classes, labels or numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from seqarena.data.labels import MISSING, Labels
from seqarena.data.reading import nearest, quote
from seqarena.errors import InputError

LARGEST_NUMBER = 1e30
"""Largest target of a regression; networks compute in single precision, which ends at 3.4e38."""

_TRUTHS = {"0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0, "false": 0.0, "true": 1.0}
"""How a label of a multilabel task says that it is there or not, in lower case."""


@dataclass(frozen=True)
class Targets:
    """Targets of all records.

    Parameters
    ----------
    columns : dict of str to numpy.ndarray
        By target, shape (records,): class indices (int64), or float64 with NaN where one is
        missing.
    classes : list of str or None
        Names of classes by index, the positive one second if binary.
    """

    columns: dict[str, np.ndarray]
    classes: list[str] | None = None


def read_targets(
    task: str,
    labels: Labels,
    names: Sequence[str],
    positive: str | None = None,
    order: Sequence[str] | None = None,
) -> Targets:
    """Turn cells into targets.

    Parameters
    ----------
    task : {"binary", "multiclass", "multilabel", "regression"}
        What is to be predicted.
    labels : Labels
        Cells as text, a list of them a target.
    names : sequence of str
        Identifiers of the records.
    positive : str, optional
        Positive class of a binary task. Default: the last class in sorted order.
    order : sequence of str, optional
        Ordered classes, which regression takes as the numbers 0, 1, 2, ...

    Returns
    -------
    Targets
        With one column for classes; missing entries only where there are several columns.

    Raises
    ------
    InputError
        If a cell is missing or unreadable, or there is nothing to tell apart.
    """
    file = labels.places[0][0]
    if len(names) == 1:
        raise InputError(
            "there is only one record, so there is nothing to compare it with",
            file=file,
            remedy="give records of different labels",
        )
    if len(labels.cells) == 1:
        (cells,) = labels.cells.values()
        _refuse_missing(cells, labels, names)
    if task in ("binary", "multiclass"):
        (name, cells), *others = labels.cells.items()
        if others:
            raise InputError(
                f"a {task} task has one column of labels, not {len(labels.cells)}",
                file=file,
                remedy="set the task to multilabel, or name one `column`",
            )
        values, classes = _read_classes(task, cells, positive, file)
        return Targets({name: values}, classes)
    read = _read_truth if task == "multilabel" else _read_number
    if order:
        read = partial(_read_rank, order=order)
    columns = {}
    for name, cells in labels.cells.items():
        values = [
            math.nan if cell.lower() in MISSING else read(cell, labels, names, i)
            for i, cell in enumerate(cells)
        ]
        columns[name] = np.array(values, np.float64)
        _refuse_constant(name, columns, task, labels, file)
    _refuse_empty(columns, labels, names)
    return Targets(columns, None)


def _read_classes(
    task: str, cells: list[str], positive: str | None, file
) -> tuple[np.ndarray, list[str]]:
    """Class indices and names of classes."""
    classes = sorted(set(cells))
    if len(classes) == 1:
        raise InputError(
            f"all {len(cells)} records are of one class, {classes[0]!r}",
            file=file,
            remedy="give records of at least two classes",
        )
    if task == "binary":
        if len(classes) > 2:
            raise InputError(
                f"the task is binary, but there are {len(classes)} classes: {quote(classes)}",
                file=file,
                remedy="set the task to multiclass (or regression, if labels are numbers)",
            )
        positive = classes[1] if positive is None else str(positive)
        if positive not in classes:
            raise InputError(
                f"the positive class {positive!r} is no class of the data",
                file=file,
                remedy=f"name one of {quote(classes)}",
            )
        if positive == classes[0]:
            classes.reverse()
    index = {label: i for i, label in enumerate(classes)}
    return np.array([index[label] for label in cells], np.int64), classes


def _error(problem: str, labels: Labels, names: Sequence[str], i: int, remedy: str) -> InputError:
    file, line = labels.places[i]
    return InputError(problem, file=file, line=line, record=names[i], remedy=remedy)


def _read_number(text: str, labels: Labels, names: Sequence[str], i: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value) and "_" not in text:  # Python reads 1_0 as 10; a user hardly means it
        if abs(value) <= LARGEST_NUMBER:
            return value
        problem = f"the label {text!r} is too large to compute with"
        remedy = f"use another unit, in which no number is above {LARGEST_NUMBER:g}"
        raise _error(problem, labels, names, i, remedy)
    problem = f"the label {text!r} is not a finite number, which regression needs"
    remedy = "write a number with a decimal point, or set another task"
    raise _error(problem, labels, names, i, remedy)


def _read_truth(text: str, labels: Labels, names: Sequence[str], i: int) -> float:
    if text.lower() in _TRUTHS:
        return _TRUTHS[text.lower()]
    problem = f"the label {text!r} is neither 0 nor 1, which a multilabel task needs"
    remedy = "write 1 where the record has the label, 0 where it doesn't, NA where it isn't known"
    raise _error(problem, labels, names, i, remedy)


def _read_rank(
    text: str, labels: Labels, names: Sequence[str], i: int, order: Sequence[str]
) -> float:
    ranks = {str(level): float(rank) for rank, level in enumerate(order)}
    if text in ranks:
        return ranks[text]
    problem = f"the label {text!r} is none of the ordered classes{nearest(text, ranks)}"
    remedy = f"write one of {', '.join(ranks)}, or add it to `order`"
    raise _error(problem, labels, names, i, remedy)


def _refuse_missing(cells: list[str], labels: Labels, names: Sequence[str]) -> None:
    missing = [i for i, cell in enumerate(cells) if cell.lower() in MISSING]
    if missing:
        culprits = quote([names[i] for i in missing])
        found = f"{len(missing)} of {len(cells)} records have no label ({cells[missing[0]]!r})"
        problem = f"{found}: {culprits}"
        remedy = "give its label or remove the record; a class of this name must be renamed"
        raise _error(problem, labels, names, missing[0], remedy)


def _refuse_constant(name: str, columns: dict, task: str, labels: Labels, file) -> None:
    values = columns[name]
    known = values[~np.isnan(values)]
    if len(known) and np.ptp(known) > 0:
        return
    which = f"of {name!r} " if len(labels.cells) > 1 else ""
    what = "label" if task == "multilabel" else "number"
    first = next((c for c in labels.cells[name] if c.lower() not in MISSING), None)
    raise InputError(
        f"no record has a {what} {which}".rstrip()
        if first is None
        else f"all {len(known)} records {which}have the same {what}, {first}",
        file=file,
        remedy=f"give records whose {what}s differ"
        + (", or leave the column out" if which else ""),
    )


def _refuse_empty(columns: dict, labels: Labels, names: Sequence[str]) -> None:
    empty = np.flatnonzero(np.isnan(list(columns.values())).all(axis=0)).tolist()
    if empty:
        culprits = quote([names[i] for i in empty])
        problem = f"{len(empty)} of {len(names)} records have no label at all: {culprits}"
        raise _error(problem, labels, names, empty[0], "give a label of theirs, or remove them")
