"""What a split looks like: sizes, balance and all that its reader should know."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqarena.data.reading import quote
from seqarena.splits.roles import ROLES, Split


def summarise_splits(
    split: Split,
    targets: np.ndarray,
    task: str,
    names: Sequence[str] | None,
    clusters: pd.DataFrame,
) -> dict:
    """Describe a split for the report.

    Parameters
    ----------
    split : Split
        As of `seqarena.splits.folds.kfold` and its neighbours.
    targets : array, shape (n,) or (n, targets)
        Class indices, labels or values, in the order of `clusters`.
    task : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target.
    names : sequence of str or None
        Names of the classes or labels, or of several values; None for one value.
    clusters : pandas.DataFrame
        Columns record and cluster.

    Returns
    -------
    dict
        Fit for JSON: mode and always_train (as of `Split`), repeats, folds, records, groups,
        largest_group and unused (counts; unused are records without any role), roles (a dict per
        repeat, fold and role: n, groups and class_counts (of labels: how many records have each),
        or target_mean and target_sd, of several values "mean of {name}" and "SD of {name}") and
        notices (list of what and count).
    """
    position = pd.Index(clusters["record"]).get_indexer(split.table["record"])
    table = split.table.assign(cluster=clusters["cluster"].to_numpy()[position])
    targets = np.asarray(targets)
    roles = [
        {"repeat": int(repeat), "fold": int(fold), "role": role, "n": len(rows)}
        | {"groups": int(table["cluster"].iloc[rows].nunique())}
        | _describe(targets[position[rows]], task, names)
        for (repeat, fold, role), rows in table.groupby(
            ["repeat", "fold", "role"], observed=True
        ).indices.items()
    ]
    roles.sort(key=lambda entry: (entry["repeat"], entry["fold"], ROLES.index(entry["role"])))
    sizes = clusters["cluster"].value_counts()
    summary = {
        "mode": split.mode,
        "repeats": int(table["repeat"].nunique()),
        "folds": int(table["fold"].nunique()),
        "records": len(clusters),
        "groups": len(sizes),
        "largest_group": int(sizes.max()),
        "unused": len(clusters) - len(np.unique(position)),
        "always_train": split.always_train,
        "roles": roles,
    }
    notices = [("records in no role, so not used", summary["unused"])]
    notices += [(reason["what"], reason["count"]) for reason in split.always_train["reasons"]]
    if split.mode == "k-fold":
        notices += _large_groups(table, summary["folds"])
    elif split.mode != "locked test":
        notices += _shared_groups(table)
    if task != "regression":
        notices += _lacking_classes(roles, names, *_NOUNS[task == "multilabel"])
    return summary | {"notices": [{"what": w, "count": int(n)} for w, n in notices if n]}


def _describe(targets: np.ndarray, task: str, names: Sequence[str] | None) -> dict:
    if task == "multilabel":
        counts = (targets == 1).sum(axis=0)
    elif task != "regression":
        counts = np.bincount(targets, minlength=len(names))
    elif targets.ndim == 1:
        return {"target_mean": float(targets.mean()), "target_sd": float(targets.std())}
    else:
        return {
            f"{what} of {name}": float(value(column[~np.isnan(column)])) if len(column) else None
            for what, value in (("mean", np.mean), ("SD", np.std))
            for name, column in zip(names, targets.T, strict=True)
        }
    return {"class_counts": dict(zip(map(str, names), counts.tolist(), strict=True))}


def _large_groups(table: pd.DataFrame, folds: int) -> list[tuple[str, int]]:
    """Say where a tested group is so large that folds can't be of one size."""
    tested = table[(table["repeat"] == 1) & (table["role"] == "test")]
    largest, even = int(tested["cluster"].value_counts().max()), len(tested) / folds
    what = f"records in the largest tested group, more than an even fold ({even:.0f} records) has"
    return [(what, largest if largest > even else 0)]


def _shared_groups(table: pd.DataFrame) -> list[tuple[str, int]]:
    """Count test records whose group is on another side too."""
    notices = []
    for role in ("train", "validation"):
        sides = table[(table["repeat"] == 1) & table["role"].isin([role, "test"])]
        shared = sides.groupby("cluster")["role"].nunique()
        in_both = sides["cluster"].isin(shared.index[shared > 1])
        leaked = int((in_both & (sides["role"] == "test")).sum())
        notices.append((f"test records whose group has records in {role} too", leaked))
    return notices


_NOUNS = ("class", "classes"), ("label", "labels")


def _lacking_classes(
    roles: list[dict], names: Sequence[str], one: str, several: str
) -> list[tuple[str, int]]:
    """Count classes (or labels) that are never tested, and sets that lack one of the others."""
    names = list(map(str, names))
    tested = {
        name: any(entry["class_counts"][name] for entry in roles if entry["role"] == "test")
        for name in names
    }
    never = [name for name in names if not tested[name]]
    notices = [(f"{several} that are never tested: {quote(never)}", len(never))]
    for role in ROLES:
        expected = [name for name in names if tested[name] or role == "train"]
        lacking = [
            [name for name in expected if not entry["class_counts"][name]]
            for entry in roles
            if entry["role"] == role
        ]
        which = [name for name in names if any(name in part for part in lacking)]
        what = f"{role} sets that lack a {one}: {quote(which)}"
        notices.append((what, sum(map(bool, lacking))))
    return notices
