"""Roles of records: k folds in several repeats, or the split that the user brought."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from seqarena.errors import InputError

ROLES = ("train", "validation", "test")
_ROLE_OF_WORD = {role: role for role in ROLES} | {"training": "train"}
_ROLE_OF_WORD |= dict.fromkeys(("valid", "val", "dev"), "validation")
# Ten strata keep the shape of a target's distribution; scikit-learn needs each to hold at least as
# many records as there are folds, so small datasets get fewer.
MOST_BINS = 10


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
        If there are fewer than 3 folds, or fewer groups or (by class) records than folds.
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
    _check_trainable(given, targets, task, classes)
    groups = clusters["cluster"].to_numpy()
    tables = []
    for repeat in range(1, repeats + 1):
        roles = given.copy()
        if not (given == "validation").any():
            inside = np.flatnonzero(given == "train")
            parts = max(2, round(1 / validation_fraction))
            choice = parts, stratify, _seed(seed, repeat)
            roles[inside[_set_aside(groups[inside], targets[inside], task, *choice)]] = "validation"
        tables.append(_table(clusters["record"], repeat, 0, roles))
    return pd.concat(tables, ignore_index=True)


def read_id_list(path: str | Path) -> dict[str, int]:
    """Read a list of record identifiers, one a line.

    Parameters
    ----------
    path : path-like
        Text file. Empty lines and lines that begin with "#" are passed over.

    Returns
    -------
    dict of str to int
        Line (from 1) of each identifier, in the order of the file.

    Raises
    ------
    InputError
        If the file is missing, is no text, has no identifier or has one twice.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        remedy = "Give the path of a plain text file with one identifier a line."
        problem = f"The list of records can't be read: {reason}."
        raise InputError(problem, file=path, remedy=remedy) from error
    line_of: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        if name in line_of:
            problem = f"The identifier {name!r} is listed twice, first in line {line_of[name]}."
            raise InputError(problem, file=path, line=number, remedy="Remove one of the two.")
        line_of[name] = number
    if not line_of:
        remedy = "Give one identifier a line."
        raise InputError("The list of records is empty.", file=path, remedy=remedy)
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
        for _, held_out in splitter.split(strata, strata, groups):
            yield held_out


def _set_aside(groups, targets, task, parts: int, stratify: bool, seed: int) -> np.ndarray:
    """Choose one part in `parts` of train, of whole groups, that leaves train every class."""
    n_groups = len(np.unique(groups))
    if n_groups < 2:
        problem = "All train records belong to one group, so none can be set aside for validation."
        remedy = "Give a validation list, or group the records less strictly."
        raise InputError(problem, remedy=remedy)
    parts = min(parts, n_groups)
    # A regression target is balanced over its bins but has no class that could be lost.
    kept = np.zeros(len(groups), dtype=int) if task == "regression" else targets
    strata = _strata(targets, task, parts) if stratify else None
    if strata is not None and np.unique(strata, return_counts=True)[1].max() < parts:
        strata = None
    for held_out in _held_out(strata, groups, parts, seed):
        left = np.delete(kept, held_out)
        if len(held_out) and len(np.unique(left)) == len(np.unique(kept)):
            return held_out
    raise InputError(
        "No validation records can be set aside from train without losing a whole class.",
        remedy="Give a validation list, or add records of the rarest class.",
    )


def _roles_from_lists(records: pd.Series, paths: Mapping[str, str | Path | None]) -> np.ndarray:
    for role in ("train", "test"):
        if paths[role] is None:
            remedy = "Give a list for train and one for test; validation may be left out."
            raise InputError(f"The split has no list of {role} records.", remedy=remedy)
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
                remedy="Use train, validation (or val, valid, dev) and test; "
                "leave it empty for a record that is not to be used.",
            )
        roles[i] = _ROLE_OF_WORD.get(word, "")
    for role in ("train", "test"):
        if not (roles == role).any():
            remedy = "Mark records as train and as test; validation may be left out."
            raise InputError(f"The split column gives no record the role {role}.", remedy=remedy)
    return roles


def _check_trainable(roles, targets, task, classes) -> None:
    """Refuse a split whose train records lack a class that others have."""
    if task == "regression":
        return
    missing = np.setdiff1d(targets[roles != ""], targets[roles == "train"])
    if len(missing):
        index = missing[0]
        count = int(((targets == index) & (roles != "")).sum())
        raise InputError(
            f"Class {_class_name(classes, index)} has {count} records in the split "
            "but none in train.",
            remedy="Put records of each class into train, or leave the class out.",
        )


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
        sets = [entry for entry in summary["roles"] if entry["role"] == role]
        lacking = sum(0 in entry.get("class_counts", {}).values() for entry in sets)
        notices.append((f"{role} sets that lack a class", lacking))
    return notices
