"""From records as they stand in files to a checked, tokenised dataset: the one gate.

Everything that can be wrong with records is found here, and said once, with its place.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from seqarena.data.alphabet import DNA, Alphabet, check_choice
from seqarena.data.dataset import TASKS, Dataset
from seqarena.data.description import (
    code_rows,
    count_duplicates,
    describe_lengths,
    describe_targets,
    note,
)
from seqarena.data.fitting import fit_length
from seqarena.data.reading import describe_file
from seqarena.data.sources import Numbers, Records
from seqarena.data.targets import Targets, read_targets
from seqarena.data.tokens import Reading, tokenise, tokenise_words
from seqarena.data.weights import read_weights


def prepare_dataset(
    task: str,
    records: Records,
    *,
    alphabet: Alphabet = DNA,
    separator: str | None = None,
    unlisted: str = "refuse",
    positive: str | None = None,
    order: Sequence[str] | None = None,
    length_to: int | None = None,
    anchor: str = "center",
    ambiguous: str = "share",
    soft_masked: str = "upper",
    gaps: str = "refuse",
) -> Dataset:
    """Check and tokenise labelled records.

    Parameters
    ----------
    task : {"binary", "multiclass", "multilabel", "regression"}
        What is to be predicted.
    records : Records
        As the source gives them.
    alphabet : Alphabet
        What letters (or words) sequences are made of; not looked at for numbers.
    separator : str, optional
        What stands between words. Default: any white space.
    unlisted : {"refuse", "unknown"}
        Whether a word that the alphabet lacks is an error, or read as unknown.
    positive : str, optional
        Positive class of a binary task. Default: the last class in sorted order.
    order : sequence of str, optional
        Ordered classes, which regression takes as the numbers 0, 1, 2, ...
    length_to : int, optional
        Letters to which records are padded or cropped. Default: each keeps its own length.
    anchor : {"center", "left"}
        What stays in place when a record is padded or cropped.
    ambiguous : {"share", "refuse"}
        Whether codes of several symbols are shared out over these or refused.
    soft_masked : {"upper", "unknown"}
        Whether lower-case letters are read as upper case or as unknown.
    gaps : {"refuse", "remove", "unknown"}
        Whether '-' and '.' are an error, are taken out, or are read as unknown.

    Returns
    -------
    Dataset
        In memory; records in the order of the source.

    Raises
    ------
    InputError
        For anything that can't be used: what, where, and what to do.
    """
    check_choice("task", task, TASKS)
    targets = read_targets(task, records.labels, records.names, positive, order)
    if isinstance(records.content, Numbers):
        read = _read_numbers(records.content)
    elif alphabet.name == "words":
        read = tokenise_words(records, alphabet, separator, unlisted)
    else:
        read = tokenise(records, alphabet, soft_masked, ambiguous, gaps)
    lengths, offsets, tokens, changes = np.diff(read.offsets), read.offsets, read.tokens, []
    if length_to is not None:
        padding = read.alphabet.padding
        matrix, changes = fit_length(tokens, offsets, length_to, anchor, padding)
        tokens = matrix.reshape(-1)
        offsets = np.arange(len(matrix) + 1, dtype=np.int64) * length_to
    read = Reading(tokens, offsets, read.alphabet, [*read.changes, *changes], read.gc)
    table = _records_table(records, targets, lengths, read)
    summary = _summary(task, records, targets, lengths, read)
    if records.matching is not None:
        summary["negatives"] = records.matching
    if order:
        summary["order"] = [str(level) for level in order]
    return Dataset(read.tokens, read.offsets, table, summary)


def _read_numbers(numbers: Numbers) -> Reading:
    rows, columns = numbers.matrix.shape
    offsets = np.arange(rows + 1, dtype=np.int64) * columns
    names = Alphabet("numbers", tuple(numbers.columns))
    return Reading(np.ascontiguousarray(numbers.matrix).reshape(-1), offsets, names, [])


def _records_table(
    records: Records, targets: Targets, lengths: np.ndarray, read: Reading
) -> pd.DataFrame:
    """A row a record, as in `Dataset.records`."""
    table = {"record": records.names, **targets.columns, "length": lengths}
    if read.gc is not None:
        table["gc"] = read.gc
    labels = records.labels
    if labels.groups is not None:
        table["group"] = pd.array(labels.groups, dtype="str")
    if labels.splits is not None:
        table["split"] = labels.splits
    if labels.weights is not None:
        table["weight"] = read_weights(labels, records.names)
    return pd.DataFrame(table)


def _summary(
    task: str, records: Records, targets: Targets, lengths: np.ndarray, read: Reading
) -> dict[str, Any]:
    """What summary.json says."""
    names, groups = list(targets.columns), records.labels.groups or []
    columns = np.stack(list(targets.columns.values()), axis=1)
    several = task == "multilabel" or len(names) > 1
    kind = "labels" if task == "multilabel" else "targets"
    values = columns if several else columns[:, 0]
    longest = int(np.diff(read.offsets).max())
    shorter = int((np.diff(read.offsets) < longest).sum())
    return {
        "task": task,
        "target": names[0] if len(names) == 1 else f"{len(names)} {kind}",
        "targets": names,
        "classes": targets.classes,
        "alphabet": read.alphabet.as_summary(),
        "records": len(lengths),
        "length": longest,
        "lengths": describe_lengths(lengths),
        **describe_targets(task, values, names, targets.classes),
        "weighted": records.labels.weights is not None,
        "inputs": [describe_file(path) for path in dict.fromkeys(records.files)],
        "changes": [*records.changes, *read.changes],
        "notices": [
            *records.notices,
            *count_duplicates(read.tokens, read.offsets, code_rows(values), read.alphabet),
            *note("records of no group", groups.count(None)),
            *note(f"records that are shorter than the longest, of {longest}", shorter),
        ],
    }
