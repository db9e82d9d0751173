"""Inputs of controls: the same records with labels, letters or training records taken away.

A control is trained and measured as the dataset itself is, on the split of repeat 1. If models do
well on labels that were permuted, something else than the sequence tells them the label; what they
reach on shuffled sequences they reach by composition (how often letters occur, and of DNA and RNA
pairs of letters); what they lose with fewer records says whether more would help.
"""

import zlib
from itertools import pairwise

import numpy as np
import pandas as pd

from seqarena.control_names import PERMUTED_LABELS, SHUFFLED_INPUT, seed_number, size_fraction
from seqarena.data.alphabet import DNA, Alphabet
from seqarena.data.dataset import Dataset
from seqarena.data.description import code_rows, describe_targets, note
from seqarena.errors import InputError

_ROLE_CODES = {"train": 1, "validation": 2, "test": 3}


def make_control(
    control: str, dataset: Dataset, splits: pd.DataFrame, clusters: pd.DataFrame, seed: int
) -> tuple[Dataset, pd.DataFrame]:
    """Make the dataset and the split that a control trains on.

    Parameters
    ----------
    control : str
        Name of the control, as of `seqarena.control_names.control_names`.
    dataset : Dataset
        The records.
    splits : pandas.DataFrame
        Columns record, repeat, fold and role.
    clusters : pandas.DataFrame
        Columns record and cluster.
    seed : int
        Same seed, same control, in whatever order the records come.

    Returns
    -------
    dataset : Dataset
        All records, in their order; its summary names the control and its notices are those of
        the control: labels or sequences that couldn't be changed.
    splits : pandas.DataFrame
        Repeat 1, for a size with fewer records in train.

    Raises
    ------
    ValueError
        If there is no such control, or a record has no cluster.
    InputError
        If numbers are to be shuffled.
    """
    splits = splits[splits["repeat"] == 1].reset_index(drop=True)
    place = pd.Index(clusters["record"]).get_indexer(dataset.records["record"])
    if (place < 0).any():
        raise ValueError("clusters.tsv and the dataset don't belong together; group again")
    groups = clusters["cluster"].to_numpy()[place]
    tokens, records, notices = np.array(dataset.tokens), dataset.records, []
    if control == PERMUTED_LABELS:
        names, targets = records["record"], dataset.target_names
        permuted, notices = permute_labels(names, dataset.targets, groups, splits, seed)
        columns = permuted.reshape(len(names), -1).T
        records = records.assign(**dict(zip(targets, columns, strict=True)))
    elif control == SHUFFLED_INPUT:
        tokens, notices = shuffle_sequences(
            records["record"], dataset.tokens, dataset.offsets, seed, dataset.alphabet
        )
    elif (fraction := size_fraction(control)) is not None:
        labels, task = dataset.strata
        if task == "regression":
            labels = (labels > labels.mean()).astype(np.int64)
        splits = reduce_training(records["record"], labels, groups, splits, fraction, seed)
    elif seed_number(control) is None:
        raise ValueError(f"there is no control {control!r}")
    summary = dataset.summary | {"control": control, "notices": notices}
    changed = Dataset(tokens, np.array(dataset.offsets), records, summary)
    summary |= describe_targets(
        dataset.task, changed.targets, dataset.target_names, dataset.classes
    )
    return changed, splits


def permute_labels(
    names: pd.Series, targets: np.ndarray, groups: np.ndarray, splits: pd.DataFrame, seed: int
) -> tuple[np.ndarray, list[dict]]:
    """Permute the labels of records that have the same roles, keeping those of a group together.

    In k-fold mode records of one test fold have the same roles, in a fixed split those of one role,
    and records that train in every fold are a set of their own. Such a set keeps exactly its
    labels, so no class is lost, and a model can't gain or lose by shares of classes that shift from
    fold to fold. Inside of the set, groups are laid end to end twice, in two random orders; the
    n-th place of one gives its label to the n-th place of the other. The labels of a group thus
    stay in one clump or a few and are as dependent as they were, while what told the groups (and
    the records inside of a group) apart is gone.

    Records of one group that lie in different sets, as a split of the data's own can have them, get
    labels that have nothing to do with each other: copies on both sides of a split are not what
    this control finds (the audit of leakage does).

    Parameters
    ----------
    names : pandas.Series of str, length n
        Identifiers of the records.
    targets : array, shape (n,) or (n, targets)
        Class indices or values. Several of a record move together, missing ones with them.
    groups : array of int, shape (n,)
        Group of each record.
    splits : pandas.DataFrame
        Columns record, fold and role, of one repeat. Records without a role keep their label.
    seed : int
        Same seed, same permutation, in whatever order the records come and groups are numbered.

    Returns
    -------
    permuted : array, of the shape of `targets`
    notices : list of dict
        Entries {"what", "count"}: records whose set is labelled all alike, so that there is nothing
        to permute, and records that have another label than before.
    """
    random = _generator(seed, PERMUTED_LABELS)
    order = np.argsort(names.to_numpy(dtype=str), kind="stable")
    roles = _role_matrix(names, splits)[order]
    # Rows of targets by number: those that are equal have one, so any of them stands for all.
    old = code_rows(targets[order])
    permuted, groups = old.copy(), groups[order]
    sets, set_of = np.unique(roles, axis=0, return_inverse=True)
    alike = 0
    for code in np.flatnonzero(sets.any(axis=1)):
        members = np.flatnonzero(set_of.ravel() == code)
        alike += len(members) * bool((old[members] == old[members[0]]).all())
        codes = pd.factorize(groups[members])[0]
        source, place = (_in_random_order(codes, random) for _ in range(2))
        permuted[members[place]] = old[members[source]]
    notices = note(
        "records whose labels can't be permuted: all of their fold or role are alike", alike
    )
    notices += note("records with another label than before", (permuted != old).sum())
    _, example = np.unique(old, return_index=True)
    result = np.empty_like(targets)
    result[order] = targets[order][example[permuted]]
    return result, notices


def _in_random_order(groups: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Order records by random order of groups (codes from 0), at random inside of a group."""
    group_order = random.permutation(groups.max() + 1)
    return np.lexsort((random.random(len(groups)), group_order[groups]))


def _role_matrix(names: pd.Series, splits: pd.DataFrame) -> np.ndarray:
    """Write the role of each record in each fold as a number: uint8 (n, folds), 0 for none."""
    folds, fold = np.unique(splits["fold"], return_inverse=True)
    roles = np.zeros((len(names), len(folds)), dtype=np.uint8)
    rows = pd.Index(names).get_indexer(splits["record"])
    roles[rows, fold] = splits["role"].map(_ROLE_CODES)
    return roles


def shuffle_sequences(
    names: pd.Series,
    tokens: np.ndarray,
    offsets: np.ndarray,
    seed: int,
    alphabet: Alphabet = DNA,
) -> tuple[np.ndarray, list[dict]]:
    """Shuffle each sequence, keeping its letters, and of DNA and RNA its dinucleotides.

    Unknown letters at either end, and padding, stay where they are. Where dinucleotides are kept,
    so do the first and the last letter between them
    (`seqarena.splits.shuffling.dinucleotide_shuffle`). Residues of a protein, and words, are merely
    put in another order: there are so many that most pairs of them occur once in a record, and to
    keep these would be to keep the record. Each record is shuffled on its own: copies don't remain
    copies, since a model could know them again, and what it then gets right would not come from
    composition.

    Parameters
    ----------
    names : pandas.Series of str, length n
        Identifiers of the records.
    tokens : array of uint8, shape (letters,)
        Records end to end.
    offsets : array of int64, shape (n + 1,)
        Where each begins, and the end.
    seed : int
        Same seed, same shuffle, in whatever order the records come.
    alphabet : Alphabet
        Of the tokens.

    Returns
    -------
    shuffled : array of uint8, shape (letters,)
        Tokens.
    notices : list of dict
        An entry {"what", "count"} of sequences that came out as they were.

    Raises
    ------
    InputError
        If the records are of numbers.
    """
    # Compiled code takes a second to load, which the other controls need not wait for.
    from seqarena.splits.shuffling import (
        dinucleotide_shuffle,
        inner_letters,
        permute_letters,
    )

    if alphabet.name == "numbers":
        raise InputError(
            "The columns of a table of numbers have no order, so there is nothing to shuffle.",
            remedy="Set controls.shuffled_input to false.",
        )
    order = np.argsort(names.to_numpy(dtype=str), kind="stable")
    starts, stops = inner_letters(
        np.asarray(tokens), np.asarray(offsets, dtype=np.int64), alphabet.unknown, alphabet.padding
    )
    shuffle = dinucleotide_shuffle if alphabet.name in ("dna", "rna") else permute_letters
    number = int(_generator(seed, SHUFFLED_INPUT).integers(2**63))
    shuffled = shuffle(tokens, starts[order], number, stops[order])
    differs = shuffled != tokens
    same = sum(not differs[start:stop].any() for start, stop in pairwise(offsets))
    return shuffled, note("sequences that shuffling left as they were", same)


def reduce_training(
    names: pd.Series,
    labels: np.ndarray,
    groups: np.ndarray,
    splits: pd.DataFrame,
    fraction: float,
    seed: int,
) -> pd.DataFrame:
    """Keep a part of the training records of each fold, of whole groups.

    Of each class about the same part is kept (a group counts to the commonest of its classes), and
    at least one group. A group that makes up much of its class is taken only once the part is as
    large as that group, so a small part consists of small groups.

    Parameters
    ----------
    names : pandas.Series of str, length n
        Identifiers of the records.
    labels : array of int, shape (n,)
        Class of each record; of a regression, whether its value is above the mean.
    groups : array of int, shape (n,)
        Group of each record.
    splits : pandas.DataFrame
        Columns record, fold and role, of one repeat.
    fraction : float
        Part of the training records to keep, above 0 and below 1.
    seed : int
        Same seed, same choice, in whatever order the records come and groups are numbered; and a
        larger fraction keeps what a smaller one keeps.

    Returns
    -------
    pandas.DataFrame
        `splits` without the training records that weren't chosen.
    """
    rows = pd.Index(names).get_indexer(splits["record"])
    train, fold_of = (splits["role"] == "train").to_numpy(), splits["fold"].to_numpy()
    text, kept = splits["record"].to_numpy(dtype=str), np.ones(len(splits), dtype=bool)
    random = _generator(seed, "size")
    for fold in np.unique(fold_of):
        members = np.flatnonzero(train & (fold_of == fold))
        members = members[np.argsort(text[members], kind="stable")]
        codes = pd.factorize(groups[rows[members]])[0]
        kept[members] = _chosen(codes, labels[rows[members]], fraction, random)[codes]
    return splits[kept].reset_index(drop=True)


def _chosen(
    groups: np.ndarray, labels: np.ndarray, fraction: float, random: np.random.Generator
) -> np.ndarray:
    """Choose groups (codes from 0, a record each) that hold about a fraction of each class."""
    classes, label = np.unique(labels, return_inverse=True)
    counts = np.zeros((groups.max() + 1, len(classes)), dtype=np.int64)
    np.add.at(counts, (groups, label), 1)
    sizes, class_of = counts.sum(axis=1), counts.argmax(axis=1)
    draws, place = random.random(len(sizes)), np.empty(len(sizes))
    for k in range(len(classes)):
        inside = np.flatnonzero(class_of == k)
        share = sizes[inside] / max(1, sizes[inside].sum())
        inside = inside[np.argsort(share + (1 - share) * draws[inside], kind="stable")]
        share = sizes[inside] / max(1, sizes[inside].sum())
        place[inside] = np.cumsum(share) - share / 2
    chosen = place < fraction
    for k in range(len(classes)):
        holders = np.flatnonzero(counts[:, k])
        chosen[holders[place[holders].argmin()]] = True
    return chosen


def _generator(seed: int, purpose: str) -> np.random.Generator:
    """Give random numbers that no other purpose draws from the same seed."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])
