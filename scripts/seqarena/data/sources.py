"""Records from files that users bring: FASTA and labels in, a checked `Dataset` out.

Everything that can be wrong with the input is found here, and said once, with its place.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from seqarena.data import alphabet
from seqarena.data.dataset import (
    RESERVED_COLUMNS,
    TASKS,
    Dataset,
    count_duplicates,
    describe_lengths,
    describe_targets,
    fit_length,
    gc_fraction,
    letter_changes,
    note,
)
from seqarena.data.labels import (
    MISSING,
    join_table,
    match_headers,
    refuse_missing,
    refuse_repeats,
)
from seqarena.data.reading import describe_file, first_word, line_of_letter, quote, read_fasta
from seqarena.errors import InputError

Paths = str | Path | Sequence[str | Path]

LARGEST_NUMBER = 1e30
"""Largest target of a regression; networks compute in single precision, which ends at 3.4e38."""


@dataclass(frozen=True)
class Records:
    """Labelled sequence records as the source gives them.

    Parameters
    ----------
    names : list of str
        Identifiers, each once.
    sequences : list of str
        Letters, unchecked.
    places : list of (pathlib.Path, int)
        File and line of each record's header.
    labels : list of str
        Label of each record, never missing.
    label_places : list of (pathlib.Path, int)
        File and line of each label.
    groups : list of str or None, or None
        Records of one group never come apart; None: the source has no groups.
    splits : list of str or None, or None
        The source's own split, None for a record that has no part in it; None: there is none.
    files : list of pathlib.Path
        Every file that was read.
    """

    names: list[str]
    sequences: list[str]
    places: list[tuple[Path, int]]
    labels: list[str]
    label_places: list[tuple[Path, int]]
    groups: list[str | None] | None
    splits: list[str | None] | None
    files: list[Path]


def read_records(
    fasta: Paths | Mapping[str, Paths],
    labels: str | Path | None = None,
    *,
    id_column: str = "id",
    label_column: str = "label",
    header_pattern: str | None = None,
    group_column: str | None = None,
    split_column: str | None = None,
) -> Records:
    """Read labelled records; the parameters are those of `prepare_dataset`.

    Returns
    -------
    Records
        In the order of the FASTA files.

    Raises
    ------
    InputError
        If files can't be read or don't fit together.
    """
    by_class = isinstance(fasta, Mapping)
    given = [labels is not None, header_pattern is not None, by_class]
    if sum(given) != 1:
        raise InputError(
            f"labels come from {sum(given)} places instead of one",
            remedy="give either a table of labels, or a pattern for headers, or a FASTA per class",
        )
    headers: list[str] = []
    sequences: list[str] = []
    places: list[tuple[Path, int]] = []
    classes: list[str] = []
    files = []
    for label, paths in fasta.items() if by_class else [("", fasta)]:
        for path in map(Path, [paths] if isinstance(paths, str | Path) else paths):
            more = read_fasta(path)
            headers += more.headers
            sequences += more.sequences()
            places += [(path, line) for line in more.lines.tolist()]
            classes += [str(label).strip()] * len(more)
            files.append(path)
    names = [first_word(header) for header in headers]
    refuse_repeats(names, places, "in the FASTA")
    label_places = places
    groups, splits = None, None
    if labels is not None:
        columns = [id_column, label_column, group_column, split_column]
        found, label_places = join_table(Path(labels), columns, names, places)
        files.append(Path(labels))
        classes, groups, splits = found
    elif header_pattern is not None:
        named = "group" if "(?P<group>" in header_pattern else None
        wanted = ["label", group_column or named, split_column]
        classes, groups, splits = match_headers(header_pattern, wanted, headers, places)
    elif group_column or split_column:
        raise InputError(
            "groups or a split are asked for, but a FASTA per class has neither",
            remedy="give a table of labels, or a pattern for headers, instead",
        )
    refuse_missing("label", classes, label_places, names)
    if splits is not None:
        splits = [None if split.lower() in MISSING else split for split in splits]
    if groups is not None:
        groups = [None if group.lower() in MISSING else group for group in groups]
    return Records(names, sequences, places, classes, label_places, groups, splits, files)


def prepare_dataset(
    task: str,
    fasta: Paths | Mapping[str, Paths],
    labels: str | Path | None = None,
    *,
    id_column: str = "id",
    label_column: str = "label",
    header_pattern: str | None = None,
    group_column: str | None = None,
    split_column: str | None = None,
    positive: str | None = None,
    length_to: int | None = None,
    anchor: str = "center",
    ambiguous: str = "share",
    soft_masked: str = "upper",
) -> Dataset:
    """Read, check and tokenise labelled records: the one gate into a dataset.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
        What is to be predicted.
    fasta : path-like, sequence of path-like, or mapping
        FASTA files, plain or gzip. A mapping of class to file or files labels each record by its
        file.
    labels : path-like, optional
        Table (TSV or CSV, plain or gzip) with a row a record.
    id_column, label_column : str
        Columns of the table. `label_column` also names the target wherever labels come from.
    header_pattern : str, optional
        Regular expression, searched for in each header (without the '>'), whose named group
        ``label`` is the label.
    group_column : str, optional
        Column, or named group of the pattern (``group`` by default), of groups that a split must
        not tear apart (gene, donor, chromosome). A cell that is empty, or says that the value is
        missing, means a record of no group, which is counted.
    split_column : str, optional
        Column, or named group of the pattern, of the source's own split.
    positive : str, optional
        Positive class of a binary task. Default: the last class in sorted order.
    length_to : int, optional
        Letters to which records are padded with N or cropped. Default: records must be of one
        length, and keep it.
    anchor : {"center", "left"}
        What stays in place when a record is padded or cropped.
    ambiguous : {"share", "refuse"}
        Whether IUPAC codes other than N are shared out over their bases or refused.
    soft_masked : {"upper", "unknown"}
        Whether lower-case letters are read as upper case or as N.

    Returns
    -------
    Dataset
        In memory; records in the order of the FASTA files.

    Raises
    ------
    InputError
        For anything that can't be used: what, where, and what to do.
    """
    alphabet.check_choice("task", task, TASKS)
    if label_column in RESERVED_COLUMNS:
        raise InputError(
            f"the label column {label_column!r} has a name that the dataset's own table uses",
            file=labels,
            remedy=f"rename the column to none of {', '.join(RESERVED_COLUMNS)}",
        )
    records = read_records(
        fasta,
        labels,
        id_column=id_column,
        label_column=label_column,
        header_pattern=header_pattern,
        group_column=group_column,
        split_column=split_column,
    )
    targets, classes = _targets(task, records, positive)
    letters, tokens, offsets = _tokenise(records, soft_masked, ambiguous)
    if (tokens == alphabet.UNKNOWN).all():
        raise InputError(
            "no record has a known letter, so there is nothing to learn from",
            file=records.files[0],
            remedy="give sequences of A, C, G and T; with soft_masked: unknown, lower-case letters "
            "are unknown",
        )
    lengths = np.diff(offsets)
    if length_to is None:
        _refuse_lengths(lengths, records)
        length_to = int(lengths[0])
    matrix, fitting = fit_length(tokens, offsets, length_to, anchor)
    table = {"record": records.names, label_column: targets, "length": lengths}
    table["gc"] = gc_fraction(tokens, offsets)
    table |= {} if records.groups is None else {"group": pd.array(records.groups, dtype="str")}
    table |= {} if records.splits is None else {"split": records.splits}
    summary = {
        "task": task,
        "target": label_column,
        "classes": classes,
        "records": len(matrix),
        "length": length_to,
        "lengths": describe_lengths(lengths),
        **describe_targets(targets, classes),
        "inputs": [describe_file(path) for path in dict.fromkeys(records.files)],
        "changes": letter_changes(letters, offsets, soft_masked) + fitting,
        "notices": count_duplicates(matrix, targets)
        + note("records of no group", (records.groups or []).count(None)),
    }
    ends = np.arange(len(matrix) + 1, dtype=np.int64) * length_to
    return Dataset(matrix.reshape(-1), ends, pd.DataFrame(table), summary)


def _tokenise(
    records: Records, soft_masked: str, ambiguous: str
) -> tuple[bytes, np.ndarray, np.ndarray]:
    """Letters and tokens of all records end to end, checked, and the records' offsets."""
    alphabet.check_choice("ambiguous", ambiguous, alphabet.AMBIGUOUS)
    letters = b"".join(map(alphabet.as_bytes, records.sequences))
    offsets = np.cumsum([0, *map(len, records.sequences)], dtype=np.int64)
    tokens = alphabet.translate(letters, soft_masked)
    _refuse_letters(tokens == alphabet.ILLEGAL, "is not a nucleotide", records, offsets)
    if ambiguous == "refuse":
        wrong = tokens > alphabet.UNKNOWN
        _refuse_letters(wrong, "is ambiguous, which is to be refused", records, offsets)
    return letters, tokens, offsets


def _targets(
    task: str, records: Records, positive: str | None
) -> tuple[np.ndarray, list[str] | None]:
    """Targets and names of classes."""
    file = records.label_places[0][0]
    if len(records.names) == 1:
        raise InputError(
            "there is only one record, so there is nothing to compare it with",
            file=file,
            remedy="give records of different labels",
        )
    if task == "regression":
        numbers = np.array([_number(records, i) for i in range(len(records.names))], np.float64)
        if (numbers == numbers[0]).all():
            raise InputError(
                f"all {len(numbers)} records have the same number, {records.labels[0]}",
                file=file,
                remedy="give records whose numbers differ",
            )
        return numbers, None
    classes = sorted(set(records.labels))
    if len(classes) == 1:
        raise InputError(
            f"all {len(records.names)} records are of one class, {classes[0]!r}",
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
    return np.array([index[label] for label in records.labels], np.int64), classes


def _number(records: Records, i: int) -> float:
    text = records.labels[i]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value) and "_" not in text:  # Python reads 1_0 as 10; a user hardly means it
        if abs(value) <= LARGEST_NUMBER:
            return value
        raise InputError(
            f"the label {text!r} is too large to compute with",
            file=records.label_places[i][0],
            line=records.label_places[i][1],
            record=records.names[i],
            remedy=f"use another unit, in which no number is above {LARGEST_NUMBER:g}",
        )
    raise InputError(
        f"the label {text!r} is not a finite number, which regression needs",
        file=records.label_places[i][0],
        line=records.label_places[i][1],
        record=records.names[i],
        remedy="write a number with a decimal point, or set another task",
    )


def _refuse_letters(wrong: np.ndarray, problem: str, records: Records, offsets: np.ndarray) -> None:
    if not wrong.any():
        return
    where = np.flatnonzero(wrong)
    owners = np.searchsorted(offsets, where, side="right") - 1
    i, position = int(owners[0]), int(where[0] - offsets[owners[0]])
    total = f"letters: {len(where)}, records: {len(np.unique(owners))}"
    path, header_line = records.places[i]
    letter = records.sequences[i][position]
    raise InputError(
        f"the letter {letter!r} at position {position + 1} {problem} ({total})",
        file=path,
        line=line_of_letter(path, header_line, position),
        record=records.names[i],
        remedy="use A, C, G, T (or U), N for unknown"
        + (", or IUPAC codes of several bases" if "nucleotide" in problem else ""),
    )


def _refuse_lengths(lengths: np.ndarray, records: Records) -> None:
    shortest, longest = int(lengths.argmin()), int(lengths.argmax())
    if lengths[shortest] == lengths[longest]:
        return
    usual, counts = np.unique(lengths, return_counts=True)
    raise InputError(
        f"records have {lengths[shortest]} ({records.names[shortest]!r}) to {lengths[longest]} "
        f"({records.names[longest]!r}) letters, most often {usual[counts.argmax()]}, and no "
        "length is stated",
        file=records.places[shortest][0],
        line=records.places[shortest][1],
        remedy="state the length to which records are to be padded or cropped (length_to)",
    )
