"""Roles of records: k folds in several repeats, or the split that the user brought."""

import warnings
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd

from seqarena.data.reading import open_text
from seqarena.errors import InputError

ROLES = ("train", "validation", "test")
_ROLE_OF_WORD = {role: role for role in ROLES} | {"training": "train"}
_ROLE_OF_WORD |= dict.fromkeys(("valid", "val", "dev"), "validation")
# Ten strata keep the shape of a target's distribution; scikit-learn needs each to hold at least as
# many records as there are folds, so small datasets get fewer.
MOST_BINS = 10
# Validation records are some parts of so many at most: each share of 0.05 or more within 0.025.
MOST_PARTS = 20


def kfold(
    clusters: pd.DataFrame,
    targets: np.ndarray,
    task: str,
    folds: int,
    repeats: int,
    seed: int,
    stratify: bool = True,
    classes: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Split records into folds that keep clusters whole and resemble each other.

    Fold k is tested by a model that validates on fold k + 1 (modulo the number of folds) and
    trains on the others, so in each repeat every record is tested once and validates once.

    Parameters
    ----------
    clusters : pandas.DataFrame
        Columns record and cluster, a row per record.
    targets : array, shape (n,)
        Class indices (int) or values (float), in the order of `clusters`.
    task : {"binary", "multiclass", "regression"}
        A regression target is stratified on its quantiles.
    folds : int
        Number of folds, at least 3 (one each for train, validation and test).
    repeats : int
        Number of times to split anew, each with its own seed derived from `seed`.
    seed : int
        Same seed, same splits.
    stratify : bool, default True
        Whether each fold gets its share of each class (or quantile).
    classes : sequence of str, optional
        Names of the classes, for messages.

    Returns
    -------
    pandas.DataFrame
        Columns record (str), repeat (int, from 1), fold (int, from 0) and role ("train",
        "validation" or "test"), sorted by repeat, fold and the order of the records.

    Raises
    ------
    InputError
        If there are fewer than 3 folds, fewer groups or (by class) records than folds, or a few
        groups so large that a training set would lack a class.
    """
    if folds < 3:
        raise InputError(
            f"{folds} folds can't give a train, a validation and a test set.",
            remedy="Ask for at least 3 folds, or bring a split of your own.",
        )
    groups = clusters["cluster"].to_numpy()
    _check_enough(groups, targets, task, folds, classes)
    strata = _strata(targets, task, folds) if stratify else None
    tables = []
    for repeat in range(1, repeats + 1):
        fold_of = np.full(len(groups), -1)
        for k, held_out in enumerate(_held_out(strata, groups, folds, _seed(seed, repeat))):
            fold_of[held_out] = k
        if len(np.unique(fold_of)) < folds:
            raise InputError(
                f"The {len(np.unique(groups))} groups can't fill {folds} folds: a fold came out "
                "empty, since a few groups hold most of the records.",
                remedy="Ask for fewer folds, or group the records less strictly.",
            )
        for fold in range(folds):
            role = np.full(len(groups), "train", dtype=object)
            role[fold_of == (fold + 1) % folds] = "validation"
            role[fold_of == fold] = "test"
            remedy = "Ask for another number of folds, or group the records less strictly."
            _check_trainable(role, targets, task, classes, remedy)
            tables.append(_table(clusters["record"], repeat, fold, role))
    return pd.concat(tables, ignore_index=True)


def own_split(
    clusters: pd.DataFrame,
    targets: np.ndarray,
    task: str,
    *,
    train: str | Path | None = None,
    validation: str | Path | None = None,
    test: str | Path | None = None,
    column: pd.Series | None = None,
    repeats: int = 1,
    validation_fraction: float = 0.1,
    seed: int = 0,
    stratify: bool = True,
    classes: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Take the roles that the user gave, by lists of identifiers or by a column.

    Where no validation records are given, whole clusters are set aside from train for it, a
    different choice in each repeat. Train and test are never changed, not even where a cluster
    lies in both: that is reported (`summarise_splits`), not mended.

    Parameters
    ----------
    clusters : pandas.DataFrame
        Columns record and cluster, a row per record.
    targets : array, shape (n,)
        Class indices or values, in the order of `clusters`.
    task : {"binary", "multiclass", "regression"}
        Kind of target.
    train, validation, test : path-like, optional
        Files with one identifier a line. Either `train` and `test` or `column` must be given.
    column : pandas.Series, optional
        The role of each record, in the order of `clusters`. "val", "valid" and "dev" mean
        validation, "training" means train, in any case; a missing value means no role.
    repeats : int, default 1
        Number of repeats. They share test; they share train and validation if those are given.
    validation_fraction : float, default 0.1
        Share of the given train records to set aside for validation (0 < fraction <= 0.5).
    seed : int, default 0
        Same seed, same split.
    stratify : bool, default True
        Whether the set aside records resemble train in classes (or quantiles).
    classes : sequence of str, optional
        Names of the classes, for messages.

    Returns
    -------
    pandas.DataFrame
        As of `kfold`, with fold 0 only. Records in no role have no row.

    Raises
    ------
    InputError
        If an identifier is unknown, listed twice or in two roles; if a role is empty; if a value
        of the column is no role; if train lacks a class.
    """
    if (column is None) == (train is None and validation is None and test is None):
        raise ValueError("give either lists of identifiers or a column")
    if column is None:
        paths = {"train": train, "validation": validation, "test": test}
        given = _roles_from_lists(clusters["record"], paths)
    else:
        given = _roles_from_column(clusters["record"], column)
    _check_trainable(given, targets, task, classes, "Put records of different labels into train.")
    groups = clusters["cluster"].to_numpy()
    tables = []
    for repeat in range(1, repeats + 1):
        roles = given.copy()
        if not (given == "validation").any():
            inside = np.flatnonzero(given == "train")
            choice = validation_fraction, stratify, _seed(seed, repeat)
            roles[inside[_set_aside(groups[inside], targets[inside], task, *choice)]] = "validation"
        tables.append(_table(clusters["record"], repeat, 0, roles))
    return pd.concat(tables, ignore_index=True)


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


def _seed(seed: int, repeat: int) -> int:
    # Unrelated to that of the next repeat, and to those of the next user seed.
    return int(np.random.SeedSequence([seed, repeat]).generate_state(1)[0])


def _table(records: pd.Series, repeat: int, fold: int, roles: np.ndarray) -> pd.DataFrame:
    used = roles != ""
    columns = {"record": records.to_numpy()[used], "repeat": repeat, "fold": fold}
    return pd.DataFrame(columns | {"role": roles[used].astype(str)})


def _class_name(classes: Sequence[str] | None, index: int) -> str:
    return repr(str(classes[index]) if classes is not None else int(index))


def _check_enough(groups, targets, task, folds, classes) -> None:
    """Refuse data that can't give each fold a record of each class."""
    n_groups = len(np.unique(groups))
    if n_groups < folds:
        raise InputError(
            f"The {len(groups)} records form {n_groups} group{'s' * (n_groups != 1)}, fewer than "
            f"the {folds} folds; records of one group stay together.",
            remedy="Ask for fewer folds, or group the records less strictly.",
        )
    if task == "regression":
        return
    for index in range(len(classes)) if classes is not None else np.unique(targets):
        inside = targets == index
        n_records, n_groups = int(inside.sum()), len(np.unique(groups[inside]))
        if n_groups < folds:
            count = f"{n_records} record{'s' * (n_records != 1)}"
            if n_records >= folds:
                count += f" in only {n_groups} group{'s' * (n_groups != 1)}"
            raise InputError(
                f"Class {_class_name(classes, index)} has {count}, fewer than the {folds} folds.",
                remedy="Ask for fewer folds, add records of this class, or leave the class out.",
            )


def _strata(targets: np.ndarray, task: str, parts: int) -> np.ndarray:
    """Give the classes to balance over folds: those of the task, or bins of equal size."""
    if task != "regression":
        return np.asarray(targets)
    bins = int(np.clip(len(targets) // parts, 1, MOST_BINS))
    edges = np.quantile(targets, np.arange(1, bins) / bins)
    return np.searchsorted(edges, targets, side="right")


def _held_out(strata, groups, parts: int, seed: int):
    """Yield the positions of each part, whole groups each."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, StratifiedKFold

    options = {"n_splits": parts, "shuffle": True, "random_state": seed}
    if strata is None:
        splitter = GroupKFold(**options)
        strata = np.zeros(len(groups))
    elif len(np.unique(groups)) == len(groups):
        # The same task without groups, in linear time: 200,000 records take 0.1 s, not 13.
        splitter, groups = StratifiedKFold(**options), None
    else:
        splitter = StratifiedGroupKFold(**options)
    with warnings.catch_warnings():
        # Classes are checked above; a bin of a regression target may well be small.
        warnings.filterwarnings("ignore", message="The least populated class")
        yield from (held_out for _, held_out in splitter.split(strata, strata, groups))


def _set_aside(groups, targets, task, share: float, stratify: bool, seed: int) -> np.ndarray:
    """Choose a share of train, of whole groups, that leaves train every class."""
    n_groups = len(np.unique(groups))
    if n_groups < 2:
        problem = "All train records belong to one group, so none can be set aside for validation."
        raise InputError(problem, remedy="Give a validation list, or group records less strictly.")
    whole = Fraction(share).limit_denominator(MOST_PARTS)
    parts = min(whole.denominator if share > 1 / MOST_PARTS else round(1 / share), n_groups)
    taken = max(1, round(share * parts))
    # A regression target is balanced over its bins but has no class that could be lost.
    kept = np.zeros(len(groups), dtype=int) if task == "regression" else targets
    strata = _strata(targets, task, parts) if stratify else None
    if strata is not None and np.unique(strata, return_counts=True)[1].max() < parts:
        strata = None
    held = list(_held_out(strata, groups, parts, seed))
    for first in range(parts):
        held_out = np.concatenate((held + held)[first : first + taken])
        left = np.delete(kept, held_out)
        if len(held_out) and len(np.unique(left)) == len(np.unique(kept)):
            return held_out
    raise InputError(
        "No validation records can be set aside from train without losing a whole class.",
        remedy="Give a validation list, or add records of the rarest class.",
    )


def _roles_from_lists(records: pd.Series, paths: Mapping[str, str | Path | None]) -> np.ndarray:
    lacking = [role for role in ("train", "test") if paths[role] is None]
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


def _roles_from_column(records: pd.Series, column: pd.Series) -> np.ndarray:
    values = column.to_numpy(dtype=object)
    roles = np.full(len(values), "", dtype=object)
    for i, (name, value) in enumerate(zip(records, values, strict=True)):
        word = "" if pd.isna(value) else str(value).strip().lower()
        if word and word not in _ROLE_OF_WORD:
            raise InputError(
                f"The split column says {value!r}, which is no role.",
                record=name,
                remedy="Use train, validation (or val, valid, dev) and test.",
            )
        roles[i] = _ROLE_OF_WORD.get(word, "")
    lacking = [role for role in ("train", "test") if role not in roles]
    if lacking:
        remedy = "Mark records as train and as test; validation may be left out."
        raise InputError(f"The split column gives no record the role {lacking[0]}.", remedy=remedy)
    return roles


def _check_trainable(roles, targets, task, classes, remedy: str) -> None:
    """Refuse train records that lack a class that others have, or are all alike."""
    train = np.unique(targets[roles == "train"])
    missing = np.setdiff1d(targets[roles != ""], train)
    if len(missing) and task != "regression":
        count = int(((targets == missing[0]) & (roles != "")).sum())
        name = _class_name(classes, missing[0])
        problem = f"Class {name} has {count} records in the split but none in train."
        raise InputError(problem, remedy=remedy)
    if len(train) == 1:
        problem = "All train records have the same label, so there is nothing to learn."
        raise InputError(problem, remedy=remedy)


def summarise_splits(
    splits: pd.DataFrame,
    targets: np.ndarray,
    task: str,
    classes: Sequence[str] | None,
    clusters: pd.DataFrame,
) -> dict:
    """Describe a split for the report.

    Parameters
    ----------
    splits : pandas.DataFrame
        As of `kfold` or `own_split`.
    targets : array, shape (n,)
        Class indices or values, in the order of `clusters`.
    task : {"binary", "multiclass", "regression"}
        Kind of target.
    classes : sequence of str or None
        Names of the classes; None for regression.
    clusters : pandas.DataFrame
        Columns record and cluster.

    Returns
    -------
    dict
        Fit for JSON: mode ("k-fold" or "own split"), repeats, folds, records, groups,
        largest_group and unused (counts), roles (a dict per repeat, fold and role: n, groups and
        class_counts, or target_mean and target_sd) and notices (list of what and count).
    """
    folds = int(splits["fold"].nunique())
    position = pd.Index(clusters["record"]).get_indexer(splits["record"])
    table = splits.assign(
        cluster=clusters["cluster"].to_numpy()[position], target=np.asarray(targets)[position]
    )
    roles = []
    for (repeat, fold, role), part in table.groupby(["repeat", "fold", "role"]):
        entry = {"repeat": int(repeat), "fold": int(fold), "role": role}
        entry |= {"n": len(part), "groups": int(part["cluster"].nunique())}
        if task == "regression":
            entry["target_mean"] = float(part["target"].mean())
            entry["target_sd"] = float(part["target"].std(ddof=0))
        else:
            counts = np.bincount(part["target"].to_numpy(dtype=int), minlength=len(classes))
            entry["class_counts"] = dict(zip(map(str, classes), counts.tolist(), strict=True))
        roles.append(entry)
    roles.sort(key=lambda entry: (entry["repeat"], entry["fold"], ROLES.index(entry["role"])))
    sizes = clusters["cluster"].value_counts()
    summary = {
        "mode": "k-fold" if folds > 1 else "own split",
        "repeats": int(splits["repeat"].nunique()),
        "folds": folds,
        "records": len(clusters),
        "groups": len(sizes),
        "largest_group": int(sizes.max()),
        "unused": len(clusters) - int(splits["record"].nunique()),
        "roles": roles,
    }
    notices = _notices(summary, table)
    return summary | {"notices": [{"what": w, "count": int(n)} for w, n in notices if n]}


def _notices(summary: dict, table: pd.DataFrame) -> list[tuple[str, int]]:
    """Say what a reader of the report should know about a split."""
    notices = [("records in no role, so not used", summary["unused"])]
    if summary["mode"] == "k-fold":
        largest, fold = summary["largest_group"], summary["records"] / summary["folds"]
        sentence = f"records in the largest group, which is larger than a fold ({fold:.0f} records)"
        notices.append((sentence, largest if largest > fold else 0))
    else:
        for role in ("train", "validation"):
            sides = table[(table["repeat"] == 1) & table["role"].isin([role, "test"])]
            shared = sides.groupby("cluster")["role"].nunique()
            in_both = sides["cluster"].isin(shared.index[shared > 1])
            leaked = int((in_both & (sides["role"] == "test")).sum())
            notices.append((f"test records whose group has records in {role} too", leaked))
    for role in ROLES:
        counts = [e.get("class_counts", {}) for e in summary["roles"] if e["role"] == role]
        lacking = sum(0 in part.values() for part in counts)
        notices.append((f"{role} sets that lack a class", lacking))
    return notices
