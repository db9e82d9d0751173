"""What a split is: the roles of records, the table that holds them, and what training needs."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqarena.errors import InputError

ROLES = ("train", "validation", "test")


class Split(NamedTuple):
    """Records with their roles, and how they came by them.

    Attributes
    ----------
    table : pandas.DataFrame
        Columns record (str), repeat (int, from 1), fold (int, from 0) and role ("train",
        "validation" or "test"), sorted by repeat, fold and the order of the records. A record
        without a role has no row.
    mode : str
        "k-fold", "locked test", "own split" or "own column values".
    always_train : dict
        Fit for JSON: records and groups (counts) that train in every fold of every repeat and
        are never tested, and reasons, a list of {"what": sentence, "count": records}.
    """

    table: pd.DataFrame
    mode: str
    always_train: dict


def role_rows(records: pd.Series, repeat: int, fold: int, roles: np.ndarray) -> pd.DataFrame:
    """Make the rows of one fold.

    Parameters
    ----------
    records : pandas.Series of str
        All records.
    repeat, fold : int
        Which repeat (from 1) and fold (from 0).
    roles : array of str, shape (n,)
        Role of each record; "" for none.

    Returns
    -------
    pandas.DataFrame
        As `Split.table`.
    """
    used = roles != ""
    rows = pd.DataFrame({"record": records[used].reset_index(drop=True)})
    return rows.assign(repeat=repeat, fold=fold, role=pd.array(roles[used], dtype="str"))


def class_name(classes: Sequence[str] | None, index: int) -> str:
    """Give the name of a class in quotes; its index, where the names aren't known."""
    return repr(str(classes[index]) if classes is not None else int(index))


def several(number: int, noun: str) -> str:
    """Write a number with its noun, such as "1 group" or "12,000 records"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def check_trainable(
    roles: np.ndarray,
    targets: np.ndarray,
    task: str,
    classes: Sequence[str] | None,
    remedy: str,
) -> None:
    """Refuse train records that lack a class that others have, or are all alike.

    Parameters
    ----------
    roles : array of str, shape (n,)
        Role of each record; "" for none.
    targets : array, shape (n,)
        Class indices or values.
    task : {"binary", "multiclass", "regression"}
        Kind of target.
    classes : sequence of str or None
        Names of the classes.
    remedy : str
        What the user should do.

    Raises
    ------
    InputError
        If there is no train record, with the class that is missing, or if all labels are equal.
    """
    train = np.unique(targets[roles == "train"])
    if not len(train):
        raise InputError("No record is in train.", remedy=remedy)
    missing = np.setdiff1d(targets[roles != ""], train)
    if len(missing) and task != "regression":
        count = int(((targets == missing[0]) & (roles != "")).sum())
        name = class_name(classes, missing[0])
        problem = f"Class {name} has {several(count, 'record')} in the split but none in train."
        raise InputError(problem, remedy=remedy)
    if len(train) == 1:
        problem = "All train records have the same label, so there is nothing to learn."
        raise InputError(problem, remedy=remedy)
