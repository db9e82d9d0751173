"""Whole groups dealt out into parts that resemble each other: folds, or a share set aside."""

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd

# Ten strata keep the shape of a target's distribution; small datasets get fewer, so that each
# stratum has a record for every part.
MOST_BINS = 10
# A share of the records is some parts of so many at most: each of 0.05 or more within 0.025.
MOST_PARTS = 20
# How often to deal anew before giving up. A lost class weighs four times as much each time, so at
# the end its spread alone decides.
MOST_ATTEMPTS = 20
BOOST = 4.0
# Folds that are equally good are told apart by noise of this size. It is far below what a record
# of millions weighs, and far above rounding, which differs between processors.
NOISE = 1e-9


class Learned(NamedTuple):
    """What training has to hold some of: each class, each label, or two values.

    Parameters
    ----------
    targets : array, shape (n,)
        Class indices or values.
    task : {"binary", "multiclass", "regression"}
        Kind of target.
    labels : array, shape (n, labels), or None
        Where a record can have several labels: 1 for those that it has. Then each of them has to be
        held, and not each class of `targets`, which says what is balanced.
    """

    targets: np.ndarray
    task: str
    labels: np.ndarray | None = None

    def records(self, index: float) -> np.ndarray:
        """Tell which records are of a class, or have a label or a value (bool, shape (n,))."""
        return self.targets == index if self.labels is None else self.labels[:, index] == 1

    def lost(self, kept: np.ndarray) -> np.ndarray:
        """List what records that are kept (bool, shape (n,)) hold none of, though others do."""
        if self.labels is None:
            return lost_targets(self.targets[kept], self.targets, self.task)
        has = self.labels == 1
        return np.flatnonzero(has.any(axis=0) & ~has[kept].any(axis=0))

    def lone_groups(self, groups: np.ndarray) -> np.ndarray:
        """Give the groups without which a class or a label would be gone."""
        if self.labels is not None:
            holders = (np.unique(groups[has]) for has in (self.labels == 1).T)
            lone = [held for held in holders if len(held) == 1]
            return np.unique(np.concatenate([groups[:0], *lone]))
        names, index = np.unique(self.targets, return_inverse=True)
        pairs = np.unique(index * (groups.max() + 1) + groups)
        owners, group = np.divmod(pairs, groups.max() + 1)
        return np.unique(group[np.bincount(owners, minlength=len(names))[owners] == 1])

    def take(self, rows: np.ndarray) -> "Learned":
        """Choose some records, by number or by a boolean each."""
        labels = None if self.labels is None else self.labels[rows]
        return self._replace(targets=self.targets[rows], labels=labels)


def canonical_groups(clusters: pd.DataFrame) -> np.ndarray:
    """Number groups by the name of their first record, so that the order of records is no matter.

    Parameters
    ----------
    clusters : pandas.DataFrame
        Columns record and cluster, a row per record.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Group of each record, from 0, in the order of `clusters`.
    """
    order = np.argsort(clusters["record"].to_numpy(dtype=object))
    groups = np.empty(len(order), dtype=np.int64)
    groups[order] = pd.factorize(clusters["cluster"].to_numpy()[order])[0]
    return groups


def strata_of(targets: np.ndarray, task: str, parts: int) -> np.ndarray:
    """Give what is to be balanced over parts: the classes, or quantile bins of a number.

    Parameters
    ----------
    targets : array, shape (n,)
        Class indices or values.
    task : {"binary", "multiclass", "regression"}
        Kind of target.
    parts : int
        Number of parts; each bin has at least as many records, ties aside.

    Returns
    -------
    numpy.ndarray of int, shape (n,)
        Stratum of each record. Equal values share one: a bin goes by the middle of their ranks,
        so a value that most records have is told from the others on either side of it.
    """
    if task != "regression":
        return np.asarray(targets)
    bins = int(np.clip(len(targets) // parts, 1, MOST_BINS))
    _, value, counts = np.unique(targets, return_inverse=True, return_counts=True)
    middles = (np.cumsum(counts) - counts / 2) / len(targets)
    return np.floor(middles * bins).astype(np.int64)[value]


def deal_groups(
    groups: np.ndarray,
    strata: np.ndarray,
    parts: int,
    random: np.random.Generator,
    weights: Mapping[int, float] | None = None,
) -> np.ndarray:
    """Deal whole groups out into parts of about equal size and composition.

    The largest group comes first, and each goes to the part that has least of what it is made of:
    the one for which the sum of squares of all parts' shares, of each stratum and of all records,
    grows least. This is the greedy rule of scikit-learn's StratifiedGroupKFold, with two changes:
    the size of a part counts as a stratum does, and groups come in the order of their size, where
    a large group of mixed classes would come last there. 200,000 records in 86,000 groups take
    0.2 s, not 9, and sizes of parts differ less.

    Parameters
    ----------
    groups, strata : array of int, shape (n,)
        Group and stratum of each record.
    parts : int
        Number of parts. None stays empty if there are as many groups.
    random : numpy.random.Generator
        Decides between equals.
    weights : mapping of int to float, optional
        How much the balance of a stratum counts; 1 by default.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Part of each record, from 0.
    """
    names, stratum = np.unique(strata, return_inverse=True)
    _, group = np.unique(groups, return_inverse=True)
    n_groups = int(group.max()) + 1
    cells = group * len(names) + stratum
    counts = np.bincount(cells, minlength=n_groups * len(names)).reshape(n_groups, len(names))
    sizes = counts.sum(axis=1)
    shares = np.column_stack([counts, sizes]) / np.append(counts.sum(axis=0), len(groups))
    for name, weight in (weights or {}).items():
        shares[:, :-1][:, names == name] *= np.sqrt(weight)
    order = random.permutation(n_groups)
    order = order[np.argsort(-sizes[order], kind="stable")]
    filled = random.random((parts, len(names) + 1)) * NOISE
    part_of = np.empty(n_groups, dtype=np.int64)
    for position, share in zip(order.tolist(), shares[order], strict=True):
        # The square of a part's share x grows by 2xg + g^2, and g^2 is the same for all parts.
        part = (filled @ share).argmin()
        filled[part] += share
        part_of[position] = part
    return part_of[group]


def lost_targets(kept: np.ndarray, targets: np.ndarray, task: str) -> np.ndarray:
    """Find what training on some records couldn't learn.

    Parameters
    ----------
    kept : array, shape (m,)
        Targets of the records that train.
    targets : array, shape (n,)
        Targets of all records.
    task : {"binary", "multiclass", "regression"}
        Kind of target.

    Returns
    -------
    numpy.ndarray
        Classes that are among `targets` but not among `kept`. In regression, where a value is no
        class, one other value if all of `kept` is the same.
    """
    if task != "regression":
        return np.setdiff1d(targets, kept)
    if len(kept) and np.ptp(kept) > 0:
        return targets[:0]
    return targets[targets != kept[0]][:1] if len(kept) else targets[:1]


def choose_share(
    groups: np.ndarray,
    learned: Learned,
    share: float,
    seed: tuple[int, ...],
    *,
    eligible: np.ndarray | None = None,
    varied: bool = False,
) -> np.ndarray | None:
    """Choose a share of the records, of whole groups, that leaves the others every class.

    Parameters
    ----------
    groups : array of int, shape (n,)
        Group of each record, numbered as by `canonical_groups`.
    learned : Learned
        What the others must have of.
    share : float
        Share of all n records to choose (0 < share <= 0.5).
    seed : tuple of int
        Same seed, same choice.
    eligible : array of bool, shape (n,), optional
        Records that may be chosen, by whole groups; all by default.
    varied : bool, default False
        Whether the chosen records must have two classes or values at least.

    Returns
    -------
    numpy.ndarray of bool, shape (n,), or None
        The chosen records: of about the share, with as many classes as can be had. None where
        there is no choice.
    """
    free = np.ones(len(groups), dtype=bool) if eligible is None else eligible.copy()
    if learned.task != "regression":
        free &= ~np.isin(groups, learned.lone_groups(groups))
    wanted = share * len(groups)
    # A group larger than all that is wanted is taken only where the smaller ones don't do.
    small = free & (np.bincount(groups)[groups] <= wanted)
    pools = [small, free] if small.sum() >= wanted else [free]
    for number, pool in enumerate(pools):
        random = np.random.default_rng([*seed, number])
        chosen = _choose(groups, learned, share, pool, random, varied)
        if chosen is not None:
            return chosen
    return None


def _choose(groups, learned, share: float, free, random, varied: bool) -> np.ndarray | None:
    """Choose from the records that are free to go, or None where none of them may."""
    for _ in range(MOST_ATTEMPTS):
        if not free.any():
            return None
        lost = set()
        for chosen in _candidates(groups, learned, share, free, random):
            lacking = learned.lost(~chosen)
            if not len(lacking) and not (varied and np.ptp(learned.targets[chosen]) == 0):
                return chosen
            lost.update(lacking.tolist())
        # A group of each lost class stays where it is from now on.
        for target in sorted(lost):
            free = free & (groups != random.choice(np.unique(groups[learned.records(target)])))
    return None


def _candidates(groups, learned, share: float, free, random):
    """Yield choices of free groups, those first that hit the share and hold most classes."""
    wanted = min(share * len(groups) / free.sum(), 0.5)
    whole = Fraction(wanted).limit_denominator(MOST_PARTS)
    parts = whole.denominator if wanted > 1 / MOST_PARTS else round(1 / wanted)
    parts = min(parts, len(np.unique(groups[free])))
    taken = max(1, round(wanted * parts))
    strata = strata_of(learned.targets[free], learned.task, parts)
    part_of = np.full(len(groups), -1)
    part_of[free] = deal_groups(groups[free], strata, parts, random)
    held = pd.crosstab(part_of[free], strata).to_numpy()
    choices = [(first + np.arange(taken)) % parts for first in range(parts)]

    def badness(choice: np.ndarray) -> tuple:
        counts = held[choice].sum(axis=0)
        off = abs(counts.sum() / len(groups) / share - 1)
        return off > 0.5, int((counts == 0).sum()), max(0.0, off - 0.2)

    for choice in sorted(choices, key=badness):
        yield np.isin(part_of, choice)
