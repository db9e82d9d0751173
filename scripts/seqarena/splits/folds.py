"""k folds in several repeats, each tested once a repeat."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqarena.errors import InputError
from seqarena.splits.always_train import keep_in_training
from seqarena.splits.roles import Split, class_name, role_rows, several
from seqarena.splits.stratification import (
    BOOST,
    MOST_ATTEMPTS,
    Learned,
    canonical_groups,
    deal_groups,
    strata_of,
)


def kfold(
    clusters: pd.DataFrame,
    targets: np.ndarray,
    task: str,
    folds: int,
    repeats: int,
    seed: int,
    classes: Sequence[str] | None = None,
    rare_classes: str = "refuse",
    labels: np.ndarray | None = None,
) -> Split:
    """Split records into folds that keep clusters whole and resemble each other.

    Fold k is tested by a model that validates on fold k + 1 (modulo the number of folds) and
    trains on the others, so in each repeat every record is tested once and validates once. Groups
    larger than a fold, and rare classes if they may, are in training in every fold instead.

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
        Same seed, same splits, whatever the order of the records.
    classes : sequence of str, optional
        Names of the classes, for messages.
    rare_classes : {"refuse", "train"}, default "refuse"
        Whether a class of fewer than three groups is an error, or always in training and never
        tested. A class of three groups or more, but fewer than there are folds, is missing from
        some test folds and never from training.
    labels : array, shape (n, labels), optional
        Of a multilabel task: 1 where a record has a label. `targets` then is what to balance, as of
        `seqarena.data.dataset.Dataset.strata`, `classes` are the names of the labels, and what goes
        for classes goes for labels.

    Returns
    -------
    Split
        In mode "k-fold".

    Raises
    ------
    InputError
        If there are fewer than 3 folds, or as `seqarena.splits.always_train.keep_in_training`, or
        if no way is found to keep every class in training in every fold.
    """
    if folds < 3:
        raise InputError(
            f"{folds} folds can't give a train, a validation and a test set.",
            remedy="Ask for at least 3 folds, or bring a split of your own.",
        )
    groups, learned = canonical_groups(clusters), Learned(np.asarray(targets), task, labels)
    always = keep_in_training(
        groups, learned, folds=folds, rare_classes=rare_classes, classes=classes
    )
    tables = []
    for repeat in range(1, repeats + 1):
        fold_of = _fill_folds(groups, learned, folds, (seed, repeat), always.mask, classes)
        for fold in range(folds):
            roles = np.full(len(groups), "train", dtype=object)
            roles[fold_of == (fold + 1) % folds] = "validation"
            roles[fold_of == fold] = "test"
            tables.append(role_rows(clusters["record"], repeat, fold, roles))
    return Split(pd.concat(tables, ignore_index=True), "k-fold", always.summary)


def _fill_folds(groups, learned, folds, seed, always_train, classes) -> np.ndarray:
    """Give each record its fold, or -1, so that training holds every class in every fold."""
    fold_of = np.full(len(groups), -1)
    inside = ~always_train
    targets, regression = learned.targets, learned.task == "regression"
    strata = strata_of(targets[inside], learned.task, folds)
    weights: dict[int, float] = {}
    for attempt in range(MOST_ATTEMPTS):
        random = np.random.default_rng([*seed, attempt])
        fold_of[inside] = deal_groups(groups[inside], strata, folds, random, weights)
        lost = _lost(fold_of, learned, folds)
        if not lost:
            return fold_of
        if not regression:
            strata_lost = {x for index in lost for x in set(targets[learned.records(index)])}
            weights |= {index: weights.get(index, 1.0) * BOOST for index in strata_lost}
    remedy = "Ask for another number of folds, add records, or group the records less strictly."
    if regression:
        problem = "All train records of a fold have the same value, however groups are dealt out."
        raise InputError(problem, remedy=remedy)
    kind = "Class" if learned.labels is None else "Label"
    name, of_class = class_name(classes, lost[0]), learned.records(lost[0])
    raise InputError(
        f"{kind} {name} ({several(of_class.sum(), 'record')} in "
        f"{several(len(np.unique(groups[of_class])), 'group')}) can't be dealt out so that it is "
        f"in training in each of the {folds} folds.",
        remedy=remedy,
    )


def _lost(fold_of: np.ndarray, learned: Learned, folds: int) -> list:
    """List the classes that training lacks in some fold."""
    lost = set()
    for fold in range(folds):
        train = (fold_of != fold) & (fold_of != (fold + 1) % folds)
        lost.update(learned.lost(train).tolist())
    return sorted(lost)
