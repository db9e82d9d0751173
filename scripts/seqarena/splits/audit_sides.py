"""The two sides of a split, as the audit of leakage looks at them.

What was tested is one side, what a model had seen by then (train and validation records of the same
repeat and fold) the other. All comparing is done on distinct sequences. Records are kept in the
order of their identifiers, so that nothing found depends on their order in the data.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqarena.data.dataset import Dataset
from seqarena.splits.alignment import Sequences
from seqarena.splits.groups import canonical_sequences, have_known_letters

TRAIN, VALIDATION, TEST = 1, 2, 3
_NUMBER_OF_ROLE = {"train": TRAIN, "validation": VALIDATION, "test": TEST}


@dataclass(frozen=True)
class Sides:
    """Who was tested and who was seen, fold by fold.

    Parameters
    ----------
    names : array of object, shape (n,)
        Identifiers, sorted. Records are numbered in this order everywhere.
    targets : array of int64, shape (n,)
        Equal numbers for records with equal labels or values.
    groups : array of object or None, shape (n,)
        The user's own groups; None in it: no group.
    clusters : array of int64, shape (n,)
        Group of each record in the split.
    codes : array of int64, shape (n,)
        Distinct sequence of each record; -1 without any symbol, such as A. On both strands a
        sequence and its reverse complement are one.
    flipped : array of bool, shape (n,)
        Whether a record is the reverse complement of its distinct sequence.
    originals : Sequences
        The distinct sequences, sorted.
    sequences : Sequences
        The same as they are compared: what is alike by chance is unknown, as for grouping.
    folds : pandas.DataFrame
        Columns repeat and fold, a row a fold of a repeat.
    roles : array of int8, shape (folds, n)
        `TRAIN`, `VALIDATION`, `TEST` or 0.
    columns : array of int64, shape (folds,)
        Folds in which the same were tested and seen (repeats of a fixed test set) share a column.
    tested : array of bool, shape (sequences, columns)
        Whether a sequence was tested.
    first_seen : array of int64, shape (sequences, columns)
        First of the seen records with a sequence; -1 if there is none.
    """

    names: np.ndarray
    targets: np.ndarray
    groups: np.ndarray | None
    clusters: np.ndarray
    codes: np.ndarray
    flipped: np.ndarray
    originals: Sequences
    sequences: Sequences
    folds: pd.DataFrame
    roles: np.ndarray
    columns: np.ndarray
    tested: np.ndarray
    first_seen: np.ndarray

    @property
    def seen(self) -> np.ndarray:
        """Whether a record was seen, bool of shape (folds, n)."""
        return (self.roles == TRAIN) | (self.roles == VALIDATION)

    def test_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Fold and record (numbers) of each time that a record is tested."""
        return np.nonzero(self.roles == TEST)


def take_sides(
    dataset: Dataset,
    splits: pd.DataFrame,
    clusters: pd.DataFrame,
    both_strands: bool,
    plain: Callable[[Sequences], Sequences],
) -> Sides:
    """Arrange a dataset and its split for the audit.

    Parameters
    ----------
    dataset : Dataset
        The records.
    splits : pandas.DataFrame
        Columns record, repeat, fold and role.
    clusters : pandas.DataFrame
        Columns record and cluster.
    both_strands : bool
        Whether a sequence and its reverse complement are the same.
    plain : callable
        Gives distinct sequences as they are compared.

    Returns
    -------
    Sides
        As described there.
    """
    given = dataset.records["record"].astype(str).to_numpy(dtype=object)
    order = np.argsort(given, kind="stable")
    names = pd.Index(given[order])
    codes, flipped, originals = _distinct(dataset, both_strands)
    codes, flipped = codes[order], flipped[order]
    folds = splits[["repeat", "fold"]].drop_duplicates().sort_values(["repeat", "fold"])
    folds = folds.reset_index(drop=True)
    roles = np.zeros((len(folds), len(names)), dtype=np.int8)
    number = pd.MultiIndex.from_frame(folds).get_indexer(
        pd.MultiIndex.from_frame(splits[["repeat", "fold"]])
    )
    roles[number, names.get_indexer(splits["record"])] = splits["role"].map(_NUMBER_OF_ROLE)
    sides = np.where(roles == VALIDATION, TRAIN, roles)
    distinct, columns = np.unique(sides, axis=0, return_inverse=True)
    tested = np.zeros((len(originals.lengths), len(distinct)), dtype=bool)
    first_seen = np.full(tested.shape, -1, dtype=np.int64)
    for column, side in enumerate(distinct):
        tested[codes[(side == TEST) & (codes >= 0)], column] = True
        last_to_first = np.flatnonzero((side == TRAIN) & (codes >= 0))[::-1]
        first_seen[codes[last_to_first], column] = last_to_first  # the first is written last
    groups = None
    if "group" in dataset.records:
        groups = dataset.records["group"].to_numpy(dtype=object)[order]
    place = pd.Index(clusters["record"].astype(str)).get_indexer(names)
    return Sides(
        names=names.to_numpy(),
        targets=dataset.label_codes[order],
        groups=groups,
        clusters=clusters["cluster"].to_numpy()[place],
        codes=codes,
        flipped=flipped,
        originals=originals,
        sequences=plain(originals),
        folds=folds,
        roles=roles,
        columns=columns.reshape(-1),
        tested=tested,
        first_seen=first_seen,
    )


def _distinct(dataset: Dataset, both_strands: bool) -> tuple[np.ndarray, np.ndarray, Sequences]:
    """Number the distinct sequences of records in sorted order, the all-unknown ones left out."""
    labels = canonical_sequences(dataset, both_strands)
    forward = canonical_sequences(dataset, both_strands=False) if both_strands else labels
    known = have_known_letters(labels, dataset.alphabet)
    distinct = sorted(set(labels[known]))
    codes = np.full(len(labels), -1, dtype=np.int64)
    codes[known] = pd.Index(distinct, dtype=object).get_indexer(labels[known])
    letters = np.frombuffer(b"".join(distinct), dtype=np.uint8)
    offsets = np.cumsum([0, *map(len, distinct)], dtype=np.int64)
    return codes, forward != labels, Sequences(letters, offsets)


def seen_copies(sides: Sides, fold: int, tested: np.ndarray) -> np.ndarray:
    """Find a seen copy of tested records, on either strand.

    Of several copies one with another label comes first, then one on the same strand, then one of
    the train records, then the first by identifier.

    Parameters
    ----------
    sides : Sides
        The split.
    fold : int
        Number of the fold.
    tested : array of int64, shape (m,)
        Records.

    Returns
    -------
    numpy.ndarray of int64, shape (m,)
        A record each; -1 if there is none.
    """
    rows = pd.DataFrame(
        {"code": sides.codes[tested], "target": sides.targets[tested]},
    ).assign(row=np.arange(len(tested)), turned=sides.flipped[tested])
    rows = rows[rows["code"] >= 0]
    rows = rows[sides.first_seen[rows["code"], sides.columns[fold]] >= 0]
    seen = np.flatnonzero(sides.seen[fold])
    seen = seen[np.isin(sides.codes[seen], rows["code"])]
    # Of the records with one sequence, strand and label only the first can be chosen.
    labelled = pd.DataFrame({"code": sides.codes[seen], "target": sides.targets[seen]})
    chosen_by = sides.roles[fold, seen] == VALIDATION
    labelled = labelled.assign(flipped=sides.flipped[seen], chosen_by=chosen_by, record=seen)
    labelled = labelled.sort_values(["chosen_by", "record"])
    labelled = labelled.drop_duplicates(["code", "flipped", "target"])
    # Whatever the label of a tested record, one of the first two labels is another one.
    two = labelled[labelled.groupby(["code", "flipped"]).cumcount() < 2]
    pairs = pd.concat(
        [
            rows.merge(two.rename(columns={"target": "seen_target"}), on="code"),
            rows.merge(labelled, on=["code", "target"]).assign(seen_target=lambda t: t["target"]),
        ]
    )
    pairs["same_label"] = pairs["target"] == pairs["seen_target"]
    pairs["opposite"] = pairs["turned"] != pairs["flipped"]
    order = ["row", "same_label", "opposite", "chosen_by", "record"]
    best = pairs.sort_values(order).drop_duplicates("row")
    copies = np.full(len(tested), -1, dtype=np.int64)
    copies[best["row"]] = best["record"]
    return copies
