"""Records that are never tested: groups larger than a fold, and classes of too few groups."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seqarena.errors import InputError
from seqarena.splits.roles import class_name, several
from seqarena.splits.stratification import Learned

# One group each to train on, to validate on and to be tested on.
LEAST_GROUPS = 3
FINER_GROUPS = ("raise grouping.threshold", "set grouping.by: sequence, which links fewer records")
MORE_GROUPS = "add records of other sequences and other groups"


class AlwaysTrain(NamedTuple):
    """Records that train in every fold of every repeat.

    Attributes
    ----------
    mask : numpy.ndarray of bool, shape (n,)
        Which records.
    summary : dict
        As `seqarena.splits.roles.Split.always_train`.
    """

    mask: np.ndarray
    summary: dict


def keep_in_training(
    groups: np.ndarray,
    learned: Learned,
    folds: int | None = None,
    test_fraction: float | None = None,
    rare_classes: str = "refuse",
    classes: Sequence[str] | None = None,
) -> AlwaysTrain:
    """Find the records that can't be tested, and refuse data of which too little is left.

    Parameters
    ----------
    groups : array of int, shape (n,)
        Group of each record, from 0.
    learned : Learned
        Classes, labels or values.
    folds : int, optional
        Number of folds. A group with more than n / folds records always trains.
    test_fraction : float, optional
        Instead of `folds`: the share of the one test set. A group with more records than it, and
        more than the mean group has, always trains.
    rare_classes : {"refuse", "train"}
        What to do with a class (or a label) of fewer than three groups, or with none that can be
        tested.
    classes : sequence of str, optional
        Names of the classes or labels, for messages.

    Returns
    -------
    AlwaysTrain
        The records and why.

    Raises
    ------
    InputError
        If what is left can't fill the folds; if a class is rare and `rare_classes` is "refuse";
        if what can be tested would be of one class, or lack a class of a binary task, or be of
        one value.
    """
    sizes = np.bincount(groups)
    if folds is not None:
        limit, part = len(groups) / folds, "a fold"
    else:
        limit, part = max(len(groups) * test_fraction, len(groups) / len(sizes)), "the test set"
    kept = sizes > limit * (1 + 1e-9)
    what = f"records in groups larger than {part} ({limit:.0f} records)"
    reasons = [(f"{what}, always in training and never tested", int(sizes[kept].sum()))]
    _check_filled(sizes, kept, folds, part, limit)
    if learned.task == "regression":
        _check_values(learned.targets, kept[groups])
    else:
        held = _groups_by_class(groups, learned, classes)
        _check_rare(held, kept, learned, rare_classes, classes, part)
        reasons += _keep_rare(held, kept, groups, learned, classes)
        _check_filled(sizes, kept, folds, part, limit)
        _check_classes(held, kept, learned)
    reasons = [{"what": what, "count": count} for what, count in reasons if count]
    counts = {"records": int(sizes[kept].sum()), "groups": int(kept.sum())}
    return AlwaysTrain(kept[groups], counts | {"reasons": reasons})


def _check_filled(sizes, kept, folds: int | None, part: str, limit: float) -> None:
    """Refuse groups too few, or too unequal, to give each fold one."""
    least = LEAST_GROUPS if folds is None else folds
    left = int((~kept).sum())
    if left >= least:
        return
    aim = "a train, a validation and a test set" if folds is None else f"the {folds} folds"
    problem = f"The {several(sizes.sum(), 'record')} form {several(len(sizes), 'group')}"
    if len(sizes) < least:
        problem += (
            f" of up to {several(sizes.max(), 'record')}, fewer than {aim}; records of one group "
            "stay together"
        )
    else:
        problem += (
            f", of which {kept.sum():,} must stay in training; the largest has "
            f"{several(sizes.max(), 'record')} ({part} has {limit:.0f}). What is left, "
            f"{several(sizes[~kept].sum(), 'record')} in {several(left, 'group')}, can't fill {aim}"
        )
    fewer = _fewer_folds(sizes, folds) if folds is not None else None
    # Copies and a group of the user's own stay together however relatives are linked.
    ways = [MORE_GROUPS, *FINER_GROUPS] if sizes.max() > 1 else ["add records"]
    ways += [f"ask for fewer folds (split.folds: {fewer} leaves enough groups)"] if fewer else []
    raise InputError(f"{problem}.", remedy=_one_of(ways))


def _fewer_folds(sizes: np.ndarray, folds: int) -> int | None:
    for fewer in range(folds - 1, 2, -1):
        if (sizes <= sizes.sum() / fewer).sum() >= fewer:
            return fewer
    return None


def _one_of(ways: Sequence[str]) -> str:
    sentence = " or ".join([", ".join(ways[:-1]), ways[-1]]) if len(ways) > 1 else ways[0]
    return f"{sentence[0].upper()}{sentence[1:]}."


def _check_values(targets: np.ndarray, kept: np.ndarray) -> None:
    """Refuse numbers of which those that can be tested are all the same."""
    left = targets[~kept]
    if np.ptp(left) > 0:
        return
    which = "records that can be tested" if kept.any() else "records"
    raise InputError(
        f"All {len(left):,} {which} have the same value, {left[0]:g}, so there is nothing to "
        "predict.",
        remedy=_one_of(["add records of other values", *(FINER_GROUPS if kept.any() else ())]),
    )


def _groups_by_class(groups, learned: Learned, classes) -> dict[int, np.ndarray]:
    if learned.labels is not None:
        indices = range(learned.labels.shape[1])
    else:
        indices = range(len(classes)) if classes is not None else np.unique(learned.targets)
    return {int(index): np.unique(groups[learned.records(index)]) for index in indices}


def _noun(learned: Learned) -> str:
    return "class" if learned.labels is None else "label"


def _is_rare(held: np.ndarray, kept: np.ndarray) -> bool:
    return len(held) < LEAST_GROUPS or kept[held].all()


def _check_rare(held, kept, learned: Learned, rare_classes, classes, part) -> None:
    """Refuse a class of too few groups, unless it may go untested."""
    rare = [index for index in held if _is_rare(held[index], kept)]
    empty = [index for index in rare if not len(held[index])]
    # A binary task without one of its classes is none.
    binary, noun = learned.task == "binary", _noun(learned)
    if not rare or (rare_classes == "train" and not binary and not empty):
        return
    index = (empty or rare)[0]
    records, groups = int(learned.records(index).sum()), len(held[index])
    problem = (
        f"{noun.capitalize()} {class_name(classes, index)} has {several(records, 'record')} in "
        f"{several(groups, 'group')}"
    )
    if groups < LEAST_GROUPS:
        where = " in the folds" if part == "a fold" else ""
        problem += (
            f"; to train, to validate and to be tested{where}, a {noun} needs {LEAST_GROUPS} "
            "groups or more."
        )
    else:
        problem += f", all of them larger than {part}, so none can be tested."
    others = [class_name(classes, other) for other in rare if other != index]
    if others:
        problem += f" So it is with {', '.join(others)}."
    ways = [f"add records {_OF[noun]} the {noun}"]
    if not binary:
        ways += [f"remove the {noun} or merge it with another"]
        if not empty:
            ways.insert(0, "set split.rare_classes: train (always in training, never tested)")
    raise InputError(problem, remedy=_one_of(ways + list(FINER_GROUPS) * (records > groups)))


_OF = {"class": "of", "label": "with"}


def _keep_rare(held, kept, groups, learned: Learned, classes) -> list[tuple[str, int]]:
    """Mark the groups of rare classes in `kept`, in place, and say which records that adds."""
    reasons, noun = [], _noun(learned)
    for index in [index for index in held if _is_rare(held[index], kept)]:
        added = np.isin(groups, held[index][~kept[held[index]]])
        own = int((added & learned.records(index)).sum())
        kept[held[index]] = True
        name = class_name(classes, index)
        why = f"has {several(len(held[index]), 'group')}, fewer than {LEAST_GROUPS}"
        without = "records of other classes" if noun == "class" else "records without it"
        others = f"{without} in the groups of {noun} {name}"
        reasons += [
            (
                f"records {_OF[noun]} {noun} {name}, which {why}: always in training, never tested",
                own,
            ),
            (f"{others}, always in training with it", int(added.sum()) - own),
        ]
    return reasons


def _check_classes(held: dict[int, np.ndarray], kept: np.ndarray, learned: Learned) -> None:
    """Refuse a test that could tell no two classes apart, or that has no label at all."""
    tested = sum(not kept[groups].all() for groups in held.values())
    if learned.labels is not None and not tested:
        raise InputError(
            f"Without the labels that must stay in training, none of {len(held)} labels would be "
            "tested.",
            remedy=_one_of(["add records with the rare labels", *FINER_GROUPS]),
        )
    if learned.labels is None and tested < 2:
        raise InputError(
            f"Without the classes that must stay in training, {tested} of {len(held)} classes "
            "would be tested, and a test takes two or more.",
            remedy=_one_of(["add records of the rare classes", *FINER_GROUPS]),
        )
