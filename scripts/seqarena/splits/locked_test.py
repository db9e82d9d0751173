"""One test set for all repeats, chosen once and locked away."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqarena.errors import InputError
from seqarena.splits.always_train import keep_in_training
from seqarena.splits.roles import Split, role_rows
from seqarena.splits.stratification import Learned, canonical_groups, choose_share


def locked_test(
    clusters: pd.DataFrame,
    targets: np.ndarray,
    task: str,
    test_fraction: float,
    validation_fraction: float,
    repeats: int,
    seed: int,
    classes: Sequence[str] | None = None,
    rare_classes: str = "refuse",
    labels: np.ndarray | None = None,
) -> Split:
    """Set one test set aside, and in each repeat another part of the rest for validation.

    Parameters
    ----------
    clusters : pandas.DataFrame
        Columns record and cluster, a row per record.
    targets : array, shape (n,)
        Class indices (int) or values (float), in the order of `clusters`.
    task : {"binary", "multiclass", "regression"}
        A regression target is stratified on its quantiles.
    test_fraction : float
        Share of all records to test on, in whole groups (0 < fraction <= 0.5). Groups larger than
        that are in training in every repeat, as are rare classes if they may.
    validation_fraction : float
        Share of the other records to validate on (0 < fraction <= 0.5).
    repeats : int
        Number of repeats. They share the test set.
    seed : int
        Decides on the test set, whatever the number of repeats and the order of the records.
    classes : sequence of str, optional
        Names of the classes, for messages.
    rare_classes : {"refuse", "train"}, default "refuse"
        As for `seqarena.splits.folds.kfold`.
    labels : array, shape (n, labels), optional
        As for `seqarena.splits.folds.kfold`.

    Returns
    -------
    Split
        In mode "locked test", with fold 0 only.

    Raises
    ------
    InputError
        As `seqarena.splits.always_train.keep_in_training`, or if no test or validation set leaves
        every class to training.
    """
    groups, learned = canonical_groups(clusters), Learned(np.asarray(targets), task, labels)
    always = keep_in_training(
        groups,
        learned,
        test_fraction=test_fraction,
        rare_classes=rare_classes,
        classes=classes,
    )
    remedy = "Add records of the rarest class, or group the records less strictly."
    test = choose_share(
        groups, learned, test_fraction, (seed, 0), eligible=~always.mask, varied=True
    )
    if test is None:
        problem = "No test set of two classes (or values) leaves every class to training."
        raise InputError(problem, remedy=remedy)
    rest = np.flatnonzero(~test)
    pool = groups[rest], learned.take(rest), validation_fraction
    tables = []
    for repeat in range(1, repeats + 1):
        chosen = choose_share(*pool, (seed, repeat), eligible=~always.mask[rest])
        if chosen is None:
            problem = "No validation records can be set aside without losing a whole class."
            raise InputError(problem, remedy=remedy)
        roles = np.where(test, "test", "train").astype(object)
        roles[rest[chosen]] = "validation"
        tables.append(role_rows(clusters["record"], repeat, 0, roles))
    return Split(pd.concat(tables, ignore_index=True), "locked test", always.summary)
