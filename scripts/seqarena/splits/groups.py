"""Groups of records that must stay together in a split.

A group is a connected component: records are linked when their sequences are identical (on either
strand) or when the user put them into one group. Whatever links records further, such as homology,
adds edges to the same graph. The user's groups can stand alone, too: then sequences link nothing.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from seqarena.data.alphabet import DNA, Alphabet, check_choice
from seqarena.data.dataset import Dataset
from seqarena.errors import InputError

LARGEST = 10
"""Sizes of so many of the largest groups are reported."""


def use_of_column(dataset: Dataset, groups: str) -> str:
    """Say what the user's own groups are used for.

    Parameters
    ----------
    dataset : Dataset
        The records, with a column `group` or without.
    groups : {"join", "replace"}
        Whether the groups of that column join those by sequence, or replace them: then records of
        one value form a group, whatever their sequences, and a record without a value is a group
        of its own, even if it is a copy of another one. The audit of the split reports that.

    Returns
    -------
    {"join", "replace", "none"}
        "none" if there is no such column to join.

    Raises
    ------
    InputError
        If the column is to replace sequences but isn't there.
    """
    check_choice("grouping.groups", groups, ("join", "replace"))
    if "group" in dataset.records:
        return groups
    if groups == "replace":
        raise InputError(
            "grouping.groups is 'replace', but the dataset has no column of groups",
            remedy="name the column (labels: {group: ...}), or set groups to 'join'",
        )
    return "none"


def group_records(
    dataset: Dataset,
    use_sequences: bool = True,
    use_column: bool = True,
    both_strands: bool = True,
    relatives: np.ndarray | None = None,
) -> pd.DataFrame:
    """Put records that must not be separated into clusters.

    Parameters
    ----------
    dataset : Dataset
        The records.
    use_sequences : bool, default True
        Whether records of identical sequence belong together; records without any known letter
        have none.
    use_column : bool, default True
        Whether records of one value in the dataset's column `group` belong together. Nothing
        happens if there is no such column; a record without a value joins nobody by it.
    both_strands : bool, default True
        Whether a sequence and its reverse complement count as identical. Set to False for
        stranded tasks. Alphabets without complements have one strand in any case.
    relatives : array of int, shape (m, 2), optional
        Pairs of positions that belong together for another reason, such as those of
        `seqarena.splits.homology.homology_edges`.

    Returns
    -------
    pandas.DataFrame
        Columns record (str) and cluster (int, from 0 in order of first appearance), a row per
        record in the order of the dataset. Neither the order of the records nor (with
        `both_strands`) their strand changes which records share a cluster.
    """
    edges = [] if relatives is None else [relatives]
    if use_sequences:
        labels = canonical_sequences(dataset, both_strands)
        edges.append(edges_of_copies(labels, dataset.alphabet))
    if use_column and "group" in dataset.records:
        edges.append(edges_within_labels(dataset.records["group"].to_numpy(dtype=object)))
    clusters = clusters_from_edges(len(dataset), *edges)
    return pd.DataFrame({"record": dataset.records["record"].to_numpy(), "cluster": clusters})


def describe_clusters(clusters: np.ndarray) -> dict[str, Any]:
    """Report how many groups there are and how large.

    Parameters
    ----------
    clusters : array of int64, shape (n,)
        Group of each record, from 0.

    Returns
    -------
    dict
        Fit for JSON: clusters (how many), largest_cluster (records), largest_share (of all records)
        and largest (records of each of the ten largest, the first first).
    """
    sizes = np.sort(np.bincount(clusters, minlength=1))[::-1]
    return {
        "clusters": int(np.count_nonzero(sizes)),
        "largest_cluster": int(sizes[0]),
        "largest_share": float(sizes[0] / max(len(clusters), 1)),
        "largest": [int(size) for size in sizes[:LARGEST] if size],
    }


def edges_of_copies(labels: np.ndarray, alphabet: Alphabet = DNA) -> np.ndarray:
    """Link each record with the first one of the same sequence.

    Parameters
    ----------
    labels : array of object, shape (n,)
        As of `canonical_sequences`. A record without any known letter is linked with none: nothing
        says that two of them are alike.
    alphabet : Alphabet
        Theirs.

    Returns
    -------
    numpy.ndarray of int64, shape (m, 2)
        Pairs of positions.
    """
    return edges_within_labels(np.where(have_known_letters(labels, alphabet), labels, None))


def have_known_letters(labels: np.ndarray, alphabet: Alphabet = DNA) -> np.ndarray:
    """Tell which labels of `canonical_sequences` have any symbol, such as A (bool, shape (n,)).

    Numbers are all known.
    """
    if alphabet.name == "numbers":
        return np.ones(len(labels), dtype=bool)
    unknown = alphabet.unknown
    return np.array([min(label, default=unknown) < unknown for label in labels], dtype=bool)


def edges_within_labels(labels: np.ndarray) -> np.ndarray:
    """Link each record with the first one of the same label.

    Parameters
    ----------
    labels : array of object, shape (n,)
        A label a record; missing ones (None, NaN) link nothing.

    Returns
    -------
    numpy.ndarray of int64, shape (m, 2)
        Pairs of positions.
    """
    codes, _ = pd.factorize(pd.Series(labels, dtype=object))
    labelled = np.flatnonzero(codes >= 0)
    _, first = np.unique(codes[labelled], return_index=True)
    heads = labelled[first[codes[labelled]]]
    return np.column_stack([heads, labelled])[heads != labelled]


def clusters_from_edges(n_records: int, *edges: np.ndarray) -> np.ndarray:
    """Number the connected components of a graph of records.

    Parameters
    ----------
    n_records : int
        Number of nodes.
    *edges : array of int, shape (m, 2)
        Undirected edges, as pairs of positions.

    Returns
    -------
    numpy.ndarray of int64, shape (n_records,)
        Component of each record, from 0 in order of first appearance.
    """
    pairs = np.concatenate([np.empty((0, 2), dtype=np.int64), *edges])
    graph = coo_array((np.ones(len(pairs), dtype=bool), pairs.T), shape=(n_records, n_records))
    _, components = connected_components(graph.tocsr(), directed=False)
    return pd.factorize(components)[0].astype(np.int64)


def has_strands(alphabet: Alphabet, both_strands: bool) -> bool:
    """Tell whether a sequence and its reverse complement are the same."""
    return both_strands and alphabet.complement is not None


def canonical_sequences(dataset: Dataset, both_strands: bool) -> np.ndarray:
    """Give each record a label that identical sequences share.

    Unknown letters at either end are left out, and so is padding, which lies at the other end of a
    reverse complement. So records of unknown letters alone share an empty label. Numbers are taken
    as they are, bit by bit.
    """
    alphabet, tokens = dataset.alphabet, np.asarray(dataset.tokens)
    labels = np.empty(len(dataset), dtype=object)
    no_letter = bytes([alphabet.unknown, alphabet.padding])
    both_strands = has_strands(alphabet, both_strands)
    for i, (start, stop) in enumerate(pairwise(dataset.offsets.tolist())):
        record = tokens[start:stop]
        if alphabet.name == "numbers":
            labels[i] = record.tobytes()
            continue
        labels[i] = record.tobytes().strip(no_letter)
        if both_strands:
            turned = alphabet.complement[record[::-1]].tobytes().strip(no_letter)
            labels[i] = min(labels[i], turned)
    return labels
