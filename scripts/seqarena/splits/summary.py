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
    classes: Sequence[str] | None,
    clusters: pd.DataFrame,
) -> dict:
    """Describe a split for the report.

    Parameters
    ----------
    split : Split
        As of `seqarena.splits.folds.kfold` and its neighbours.
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
        Fit for JSON: mode and always_train (as of `Split`), repeats, folds, records, groups,
        largest_group and unused (counts; unused are records without any role), roles (a dict per
        repeat, fold and role: n, groups and class_counts, or target_mean and target_sd) and
        notices (list of what and count).
    """
    position = pd.Index(clusters["record"]).get_indexer(split.table["record"])
    table = split.table.assign(
        cluster=clusters["cluster"].to_numpy()[position], target=np.asarray(targets)[position]
    )
    roles = [
        {"repeat": int(repeat), "fold": int(fold), "role": role} | _describe(part, task, classes)
        for (repeat, fold, role), part in table.groupby(["repeat", "fold", "role"])
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
        notices += _lacking_classes(roles, classes)
    return summary | {"notices": [{"what": w, "count": int(n)} for w, n in notices if n]}


def _describe(part: pd.DataFrame, task: str, classes: Sequence[str] | None) -> dict:
    entry = {"n": len(part), "groups": int(part["cluster"].nunique())}
    if task == "regression":
        spread = float(part["target"].std(ddof=0))
        return entry | {"target_mean": float(part["target"].mean()), "target_sd": spread}
    counts = np.bincount(part["target"].to_numpy(dtype=int), minlength=len(classes))
    return entry | {"class_counts": dict(zip(map(str, classes), counts.tolist(), strict=True))}


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


def _lacking_classes(roles: list[dict], classes: Sequence[str]) -> list[tuple[str, int]]:
    """Count classes that are never tested, and sets that lack one of the others."""
    names = list(map(str, classes))
    tested = {
        name: any(entry["class_counts"][name] for entry in roles if entry["role"] == "test")
        for name in names
    }
    never = [name for name in names if not tested[name]]
    notices = [(f"classes that are never tested: {quote(never)}", len(never))]
    for role in ROLES:
        expected = [name for name in names if tested[name] or role == "train"]
        lacking = [
            [name for name in expected if not entry["class_counts"][name]]
            for entry in roles
            if entry["role"] == role
        ]
        which = [name for name in names if any(name in part for part in lacking)]
        notices.append((f"{role} sets that lack a class: {quote(which)}", sum(map(bool, lacking))))
    return notices
