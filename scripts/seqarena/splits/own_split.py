"""The split that the user brought: lists of identifiers, a column of roles, or of other values."""

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from seqarena.data.labels import MISSING
from seqarena.data.reading import open_text, quote
from seqarena.errors import InputError
from seqarena.splits.roles import ROLES, Split, check_trainable, role_rows
from seqarena.splits.stratification import Learned, canonical_groups, choose_share

_ROLE_OF_WORD = {role: role for role in ROLES} | {"training": "train"}
_ROLE_OF_WORD |= dict.fromkeys(("valid", "val", "dev"), "validation")


def own_split(
    clusters: pd.DataFrame,
    targets: np.ndarray,
    task: str,
    roles: np.ndarray,
    *,
    mode: str = "own split",
    repeats: int = 1,
    validation_fraction: float = 0.1,
    seed: int = 0,
    classes: Sequence[str] | None = None,
    labels: np.ndarray | None = None,
) -> Split:
    """Take the roles that the user gave.

    Where no validation records are given, whole clusters are set aside from train for it, a
    different choice in each repeat. Train and test are never changed, not even where a cluster
    lies in both: that is reported (`seqarena.splits.summary.summarise_splits`), not mended.

    Parameters
    ----------
    clusters : pandas.DataFrame
        Columns record and cluster, a row per record.
    targets : array, shape (n,)
        Class indices or values, in the order of `clusters`.
    task : {"binary", "multiclass", "regression"}
        Kind of target.
    roles : array of str, shape (n,)
        Role of each record, "" for none, as of `roles_from_lists`, `roles_from_column` or
        `roles_from_values`.
    mode : {"own split", "own column values"}
        What the summary calls it.
    repeats : int, default 1
        Number of repeats. They share test; they share train and validation if those are given.
    validation_fraction : float, default 0.1
        Share of the given train records to set aside for validation (0 < fraction <= 0.5).
    seed : int, default 0
        Same seed, same split, whatever the order of the records.
    classes : sequence of str, optional
        Names of the classes, for messages.
    labels : array, shape (n, labels), optional
        As for `seqarena.splits.folds.kfold`, but that a label may be missing from train: a split
        that was given stays as it is, and its summary says so.

    Returns
    -------
    Split
        With fold 0 only.

    Raises
    ------
    InputError
        If train lacks a class, or can't spare records for validation.
    """
    given, targets = np.asarray(roles, dtype=object), np.asarray(targets)
    checked = "regression" if labels is not None else task
    check_trainable(given, targets, checked, classes, "Put records of different labels into train.")
    groups = canonical_groups(clusters)
    inside = np.flatnonzero(given == "train")
    pool = groups[inside], Learned(targets, task, labels).take(inside), validation_fraction
    tables = []
    for repeat in range(1, repeats + 1):
        roles = given.copy()
        if not (given == "validation").any():
            roles[inside[_set_aside(*pool, (seed, repeat))]] = "validation"
        tables.append(role_rows(clusters["record"], repeat, 0, roles))
    always_train = {"records": 0, "groups": 0, "reasons": []}
    return Split(pd.concat(tables, ignore_index=True), mode, always_train)


def _set_aside(groups, learned, share: float, seed: tuple[int, ...]) -> np.ndarray:
    """Choose a share of train for validation, or say why that can't be."""
    if len(np.unique(groups)) < 2:
        problem = "All train records belong to one group, so none can be set aside for validation."
        raise InputError(problem, remedy="Give validation records, or group less strictly.")
    chosen = choose_share(groups, learned, share, seed)
    if chosen is None:
        raise InputError(
            "No validation records can be set aside from train without losing a whole class.",
            remedy="Give validation records, or add records of the rarest class.",
        )
    return chosen


def read_id_list(path: str | Path) -> dict[str, int]:
    """Read a list of record identifiers, one a line.

    Parameters
    ----------
    path : path-like
        Text file, plain or gzip. Empty lines and lines that begin with "#" are passed over.

    Returns
    -------
    dict of str to int
        Line (from 1) of each identifier, in the order of the file.

    Raises
    ------
    InputError
        If the file is missing, is no text, has no identifier or has one twice.
    """
    with open_text(path) as handle:
        lines = handle.readlines()
    line_of: dict[str, int] = {}
    for number, name in enumerate(map(str.strip, lines), start=1):
        if not name or name.startswith("#"):
            continue
        if name in line_of:
            problem = f"The identifier {name!r} is listed twice, first in line {line_of[name]}."
            raise InputError(problem, file=path, line=number, remedy="Remove one of the two.")
        line_of[name] = number
    if not line_of:
        problem = "The list of records is empty."
        raise InputError(problem, file=path, remedy="Give one identifier a line.")
    return line_of


def roles_from_lists(records: pd.Series, paths: Mapping[str, str | Path | None]) -> np.ndarray:
    """Give records the role in whose list they are.

    Parameters
    ----------
    records : pandas.Series of str
        Identifiers of all records.
    paths : mapping of str to path-like or None
        The list of each role, as for `read_id_list`. Validation may be left out.

    Returns
    -------
    numpy.ndarray of object, shape (n,)
        Role of each record, "" for none.

    Raises
    ------
    InputError
        If a list is missing or can't be read, or if an identifier is unknown or in two lists.
    """
    lacking = [role for role in ("train", "test") if paths.get(role) is None]
    if lacking:
        remedy = "Give a list for train and one for test; validation may be left out."
        raise InputError(f"The split has no list of {lacking[0]} records.", remedy=remedy)
    position = {name: i for i, name in enumerate(records)}
    roles = np.full(len(records), "", dtype=object)
    seen = {}
    for role, path in paths.items():
        if path is None:
            continue
        for name, line in read_id_list(path).items():
            if name not in position:
                raise InputError(
                    f"The {role} list names {name!r}, which is no record of the dataset.",
                    file=path,
                    line=line,
                    record=name,
                    remedy="Correct the identifier, or remove the line.",
                )
            if name in seen:
                other, other_line = seen[name]
                raise InputError(
                    f"The record {name!r} is in two roles: {roles[position[name]]} "
                    f"(file {other}, line {other_line}) and {role} (file {path}, line {line}).",
                    file=path,
                    line=line,
                    record=name,
                    remedy="Keep it in one of the two lists.",
                )
            seen[name] = Path(path), line
            roles[position[name]] = role
    return roles


def _cell_text(value: object) -> str:
    """Write a cell or a setting as text: 1, 1.0 and "1" alike; "" where it is missing."""
    if pd.isna(value):
        return ""
    text = str(value).strip()
    if text.lower() in MISSING:
        return ""
    return re.sub(r"^([+-]?\d+)\.0*$", r"\1", text)


def roles_from_column(records: pd.Series, column: pd.Series) -> np.ndarray:
    """Read a column that says train, validation or test.

    Parameters
    ----------
    records : pandas.Series of str
        Identifiers of all records.
    column : pandas.Series
        In the order of `records`. "val", "valid" and "dev" mean validation, "training" means
        train, in any case; a missing value means no role.

    Returns
    -------
    numpy.ndarray of object, shape (n,)
        Role of each record, "" for none.

    Raises
    ------
    InputError
        If a value is no role, or if no record trains or none is tested.
    """
    roles = np.full(len(records), "", dtype=object)
    for i, (name, value) in enumerate(zip(records, column, strict=True)):
        word = _cell_text(value).lower()
        if word and word not in _ROLE_OF_WORD:
            raise InputError(
                f"The split column says {value!r}, which is no role.",
                record=name,
                remedy="Use train, validation (or val, valid, dev) and test; or name other values, "
                "such as chromosomes, in split.values.",
            )
        roles[i] = _ROLE_OF_WORD.get(word, "")
    lacking = [role for role in ("train", "test") if role not in roles]
    if lacking:
        remedy = "Mark records as train and as test; validation may be left out."
        raise InputError(f"The split column gives no record the role {lacking[0]}.", remedy=remedy)
    return roles


def roles_from_values(
    column: pd.Series, test: Sequence[object], validation: Sequence[object] = ()
) -> np.ndarray:
    """Give records a role by the value of a column, such as their chromosome.

    Parameters
    ----------
    column : pandas.Series
        Value of each record.
    test, validation : sequence
        Values of records that are tested, and that validate. They are compared as text, whole
        numbers without their decimals (1, 1.0 and "1" are equal). Records of all other values
        train; those without a value have no role.

    Returns
    -------
    numpy.ndarray of object, shape (n,)
        Role of each record, "" for none.

    Raises
    ------
    InputError
        If a listed value doesn't occur or is listed for both roles, or if no record trains or
        none is tested.
    """
    texts = column.map(_cell_text).to_numpy(dtype=object)
    counts = pd.Series(texts[texts != ""], dtype=object).value_counts()
    listed = {"test": list(map(_cell_text, test)), "validation": list(map(_cell_text, validation))}
    if not listed["test"]:
        remedy = "List values whose records are tested; validation may be left out."
        raise InputError("split.values lists no value for test.", remedy=remedy)
    if both := sorted(set(listed["test"]) & set(listed["validation"])):
        problem = f"split.values lists {quote(both)} for test and for validation."
        raise InputError(problem, remedy="Keep each value in one of the two.")
    for role, values in listed.items():
        for given, value in zip(test if role == "test" else validation, values, strict=True):
            if value not in counts.index:
                raise InputError(
                    f"split.values.{role} lists {str(given)!r}, which no record has.",
                    remedy=f"Correct it: the column holds {_nearest(value, counts.index)}.",
                )
    role_of = {value: role for role, values in listed.items() for value in values} | {"": ""}
    roles = np.array([role_of.get(text, "train") for text in texts], dtype=object)
    if "train" not in roles:
        remedy = "Leave some values out of the lists; their records train."
        raise InputError("split.values leaves no record to train on.", remedy=remedy)
    return roles


def _nearest(value: str, known: Sequence[str]) -> str:
    """Quote the known values that look most like one; the most frequent if none does."""
    by_lower_case = {text.lower(): text for text in known}
    near = difflib.get_close_matches(value.lower(), by_lower_case, n=3, cutoff=0.4)
    shown = [by_lower_case[text] for text in near]
    others = [text for text in known if text not in shown]
    return quote(shown + others)
