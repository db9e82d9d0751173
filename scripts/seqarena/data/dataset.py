"""A prepared dataset, in memory and as a folder: what `data` hands to all later stages."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqarena.data.alphabet import (
    ONE_HOT,
    UNKNOWN,
    check_choice,
    count_masks,
    reverse_complement,
)
from seqarena.errors import InputError
from seqarena.files import whole_file, write_json

TASKS = ("binary", "multiclass", "regression")
ANCHORS = ("center", "left")
RESERVED_COLUMNS = ("record", "length", "gc", "group", "split", "weight")
"""Columns of records.parquet that a target can't be named after."""


@dataclass(frozen=True)
class Dataset:
    """Labelled records of one length, ready for training.

    Parameters
    ----------
    tokens : numpy.ndarray
        uint8, all records end to end; a read-only memory map when read from disk.
    offsets : numpy.ndarray
        int64 of shape (records + 1,): record i is ``tokens[offsets[i]:offsets[i + 1]]``.
    records : pandas.DataFrame
        A row a record: record (identifier), the target (class index as int64, or float64), length
        and gc (both of the source), and group and split where the source gives them.
    summary : dict
        What the dataset is and what was changed or noticed, as in summary.json.
    """

    tokens: np.ndarray
    offsets: np.ndarray
    records: pd.DataFrame
    summary: dict[str, Any]

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def matrix(self) -> np.ndarray:
        """Tokens as a view of shape (records, length), uint8."""
        return self.tokens.reshape(len(self), self.summary["length"])

    @cached_property
    def targets(self) -> np.ndarray:
        """Class indices (int64) or numbers (float64) of shape (records,)."""
        return self.records[self.summary["target"]].to_numpy()

    @property
    def task(self) -> str:
        """One of "binary", "multiclass", "regression"."""
        return self.summary["task"]

    @property
    def classes(self) -> list[str] | None:
        """Names of classes by index, the positive one second if binary; None in regression."""
        return self.summary["classes"]


def write_dataset(folder: str | Path, dataset: Dataset) -> None:
    """Write tokens.npy, offsets.npy, records.parquet and summary.json, each whole or not at all.

    Parameters
    ----------
    folder : path-like
        Made if missing.
    dataset : Dataset
        What to write.
    """
    folder = Path(folder)
    for name in ("tokens", "offsets"):
        with whole_file(folder / f"{name}.npy") as path:
            np.save(path, getattr(dataset, name))
    with whole_file(folder / "records.parquet") as path:
        dataset.records.to_parquet(path, index=False)
    write_json(dataset.summary, folder / "summary.json")


def read_dataset(folder: str | Path) -> Dataset:
    """Read what `write_dataset` wrote; tokens stay on disk until they are used.

    Parameters
    ----------
    folder : path-like
        Folder of the dataset.

    Returns
    -------
    Dataset
        With tokens as a read-only memory map.

    Raises
    ------
    ValueError
        If the files of the folder don't belong together.
    """
    folder = Path(folder)
    dataset = Dataset(
        tokens=np.load(folder / "tokens.npy", mmap_mode="r"),
        offsets=np.load(folder / "offsets.npy"),
        records=pd.read_parquet(folder / "records.parquet"),
        summary=json.loads((folder / "summary.json").read_text(encoding="utf-8")),
    )
    if not (
        len(dataset) == len(dataset.offsets) - 1 == dataset.summary["records"]
        and len(dataset.tokens) == dataset.offsets[-1]
    ):
        raise ValueError(f"the files of {folder} are not of one dataset; prepare it again")
    return dataset


def note(what: str, count: int) -> list[dict[str, Any]]:
    """An entry of a summary's list of changes or notices: none where nothing happened."""
    return [{"what": what, "count": int(count)}] if count else []


def fit_length(
    tokens: np.ndarray, offsets: np.ndarray, length: int, anchor: str
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Bring records to one length, padding with N and cropping.

    Parameters
    ----------
    tokens : numpy.ndarray
        uint8, all records end to end.
    offsets : numpy.ndarray
        int64 of shape (records + 1,).
    length : int
        Letters that each record shall have.
    anchor : {"center", "left"}
        What stays in place: the middle of a record (an odd letter is added or cut on the right) or
        its first letter.

    Returns
    -------
    matrix : numpy.ndarray
        uint8 of shape (records, length).
    changes : list of dict
        Entries {"what", "count"} for padding and cropping, counted in letters; the sentence also
        says how many records.

    Raises
    ------
    InputError
        If `length` is less than 1.
    """
    check_choice("anchor", anchor, ANCHORS)
    if length < 1:
        raise InputError(f"the length to pad or crop to is {length}", remedy="state 1 or more")
    lengths = np.diff(offsets)
    missing = np.clip(length - lengths, 0, None)
    excess = np.clip(lengths - length, 0, None)
    if not (missing.any() or excess.any()):
        return tokens.reshape(len(lengths), length), []
    centred = anchor == "center"
    matrix = np.full((len(lengths), length), UNKNOWN, np.uint8)
    starts = (missing // 2 * centred).tolist()
    sources = (offsets[:-1] + excess // 2 * centred).tolist()
    for row, start, source, kept in zip(
        matrix, starts, sources, np.minimum(lengths, length).tolist(), strict=True
    ):
        row[start : start + kept] = tokens[source : source + kept]
    where = "at both ends" if centred else "at the right end"
    changes = []
    for letters, what in ((missing, "letters N added to pad"), (excess, "letters cut off to crop")):
        records = np.count_nonzero(letters)
        changes += note(f"{what} {_several(records)} to {length} letters, {where}", letters.sum())
    return matrix, changes


def count_duplicates(matrix: np.ndarray, targets: np.ndarray) -> list[dict[str, Any]]:
    """Count records that others repeat.

    Parameters
    ----------
    matrix : numpy.ndarray
        uint8 tokens of shape (records, length).
    targets : numpy.ndarray
        Of shape (records,).

    Returns
    -------
    list of dict
        Entries {"what", "count"} for exact copies, copies on the other strand, sequences whose
        copies differ in their target, and records of N only. Unknown letters at either end, such as
        padding, make no difference, and records of N only are nobody's copies.
    """
    unknown = (matrix == UNKNOWN).all(axis=1)
    # Nothing says that two records without any known letter are alike; the audit has it so, too.
    matrix, targets = matrix[~unknown], targets[~unknown]
    sequences = _rows(matrix)
    reverse = _rows(reverse_complement(matrix))
    exact, distinct = pd.factorize(sequences)
    either_strand = len(set(map(min, zip(sequences.tolist(), reverse.tolist(), strict=True))))
    pairs = pd.DataFrame({"sequence": exact, "target": targets}).drop_duplicates()
    conflicts = np.count_nonzero(np.bincount(pairs["sequence"]) > 1)
    return [
        *note("exact copies of an earlier record", len(matrix) - len(distinct)),
        *note(
            "reverse complements of an earlier record, exact copies aside",
            len(distinct) - either_strand,
        ),
        *note("sequences that occur more than once with different labels", conflicts),
        *note("records of N only", np.count_nonzero(unknown)),
    ]


def gc_fraction(tokens: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Share of G, C and S among the letters of each record that are A, C, G, T, S or W.

    Parameters
    ----------
    tokens, offsets : numpy.ndarray
        As in `Dataset`; no record may be empty.

    Returns
    -------
    numpy.ndarray
        float64 of shape (records,); 0.0 for a record without such letters. The definition is that
        of `Bio.SeqUtils.gc_fraction` with ambiguous="remove".
    """
    shares = ONE_HOT[:, 1] + ONE_HOT[:, 2]
    strong = (shares == 1)[tokens]
    known = ((shares == 1) | (ONE_HOT[:, 0] + ONE_HOT[:, 3] == 1))[tokens]
    return _count_by_record(strong, offsets) / np.maximum(_count_by_record(known, offsets), 1)


def _several(records: int) -> str:
    return "1 record" if records == 1 else f"{records} records"


def _count_by_record(mask: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    lengths = np.diff(offsets)
    if (lengths == lengths[0]).all():  # 10 times as fast as reduceat
        return np.count_nonzero(mask.reshape(-1, lengths[0]), axis=1)
    return np.add.reduceat(mask, offsets[:-1], dtype=np.int64)


def letter_changes(letters: bytes, offsets: np.ndarray, soft_masked: str) -> list[dict[str, Any]]:
    """Count letters that were not plain A, C, G, T.

    Parameters
    ----------
    letters : bytes
        All records end to end, as in the source.
    offsets : numpy.ndarray
        int64 of shape (records + 1,).
    soft_masked : {"upper", "unknown"}
        As they were read.

    Returns
    -------
    list of dict
        Entries {"what", "count"}, counted in letters; the sentence also says how many records.
    """
    lower = "upper case" if soft_masked == "upper" else "unknown (N)"
    sentences = {
        "lower_case": f"lower-case letters read as {lower}",
        "uracil": "letters U read as T",
        "ambiguous": "ambiguous letters (IUPAC codes) shared out over their bases",
        "unknown": "letters N read as unknown",
    }
    changes = []
    for kind, mask in count_masks(letters, soft_masked).items():
        if not mask.any():
            continue
        records = np.count_nonzero(_count_by_record(mask, offsets))
        changes += note(f"{sentences[kind]}, in {_several(records)}", np.count_nonzero(mask))
    return changes


def describe_lengths(lengths: np.ndarray) -> dict[str, float]:
    """Entry of the summary on how many letters records have in the source."""
    return {
        "min": int(lengths.min()),
        "median": float(np.median(lengths)),
        "max": int(lengths.max()),
    }


def describe_targets(targets: np.ndarray, classes: list[str] | None) -> dict[str, Any]:
    """Entry of the summary on how targets are spread: class_counts or target_range."""
    if classes is None:
        return {"target_range": [float(targets.min()), float(targets.max())]}
    counts = np.bincount(targets, minlength=len(classes)).tolist()
    return {"class_counts": dict(zip(classes, counts, strict=True))}


def _rows(matrix: np.ndarray) -> np.ndarray:
    """Each row as one bytes object, which hashes and sorts fast, without N at either end."""
    rows = np.empty(len(matrix), object)
    whole = np.ascontiguousarray(matrix).view(f"V{matrix.shape[1]}").ravel().tolist()
    rows[:] = [row.strip(bytes([UNKNOWN])) for row in whole]
    return rows
