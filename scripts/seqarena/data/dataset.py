"""A prepared dataset, in memory and as a folder: what `data` hands to all later stages."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqarena.data.alphabet import Alphabet, alphabet_of
from seqarena.data.description import code_rows
from seqarena.files import whole_file, write_json

TASKS = ("binary", "multiclass", "multilabel", "regression")
RESERVED_COLUMNS = ("record", "length", "gc", "group", "split", "weight")
"""Columns of records.parquet that a target can't be named after."""


@dataclass(frozen=True)
class Dataset:
    """Labelled records, ready for training.

    Parameters
    ----------
    tokens : numpy.ndarray
        uint8, all records end to end; a read-only memory map when read from disk. Of a table of
        numbers, the numbers themselves as float32.
    offsets : numpy.ndarray
        int64 of shape (records + 1,): record i is ``tokens[offsets[i]:offsets[i + 1]]``.
    records : pandas.DataFrame
        A row a record: record (identifier), the targets (a class index as int64, or float64 with
        NaN for a missing one), length (in the source), of DNA and RNA gc (in the source), and
        group, split and weight where the source gives them.
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
    def alphabet(self) -> Alphabet:
        """What the tokens stand for."""
        return alphabet_of(self.summary)

    @property
    def is_numbers(self) -> bool:
        """Whether records are rows of numbers instead of sequences."""
        return self.alphabet.name == "numbers"

    @cached_property
    def uniform(self) -> bool:
        """Whether all records have the same number of tokens, padding included."""
        return bool((np.diff(self.offsets) == self.summary["length"]).all())

    @cached_property
    def padded(self) -> bool:
        """Whether some record is shorter than others that it is put beside."""
        return bool((self.records["length"] < self.summary["length"]).any())

    @cached_property
    def matrix(self) -> np.ndarray:
        """Tokens of shape (records, length), uint8; shorter records are padded at the right.

        A view where records are uniform. Else it is made, which for many long records is large:
        `rows` gives some of them.
        """
        if self.uniform:
            return self.tokens.reshape(len(self), self.summary["length"])
        return pad_rows(self.tokens, self.offsets, self.alphabet.padding)

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """Tokens of some records, uint8 of shape (indices, letters of the longest of these)."""
        if self.uniform:
            return self.matrix[indices]
        indices = np.asarray(indices)
        starts, stops = self.offsets[:-1][indices], self.offsets[1:][indices]
        lengths = stops - starts
        columns = np.arange(lengths.max(initial=0))
        inside = columns < lengths[:, None]
        places = np.where(inside, starts[:, None] + columns, 0)
        return np.where(inside, self.tokens[places], np.uint8(self.alphabet.padding))

    @property
    def target_names(self) -> list[str]:
        """Names of the targets, which are columns of `records`."""
        return self.summary["targets"]

    @cached_property
    def targets(self) -> np.ndarray:
        """Class indices (int64) or numbers (float64), of shape (records,).

        Of a multilabel task (0, 1) and of several numbers float64 of shape (records, targets), NaN
        where one is missing.
        """
        values = self.records[self.target_names].to_numpy()
        several = self.task == "multilabel" or len(self.target_names) > 1
        return values.astype(float) if several else values[:, 0]

    @property
    def outputs(self) -> int:
        """How many numbers a model predicts of a record."""
        return len(self.classes) if self.task == "multiclass" else len(self.target_names)

    @cached_property
    def weights(self) -> np.ndarray:
        """Weight of each record in the loss of training, float64 of shape (records,)."""
        if "weight" not in self.records:
            return np.ones(len(self))
        return self.records["weight"].to_numpy(np.float64)

    @cached_property
    def strata(self) -> tuple[np.ndarray, str]:
        """What a split balances: values of shape (records,), and the task that they are of.

        Of several labels the rarest that a record has (a class of its own for none), since
        balancing each combination would leave many with one record; of several numbers the mean of
        the standardised ones.
        """
        if self.targets.ndim == 1:
            return self.targets, self.task
        if self.task == "multilabel":
            has = self.targets == 1
            rarity = np.where(has, has.sum(axis=0), len(self) + 1)
            rarest = np.where(has.any(axis=1), rarity.argmin(axis=1), has.shape[1])
            return np.unique(rarest, return_inverse=True)[1].astype(np.int64), "multiclass"
        centred = self.targets - np.nanmean(self.targets, axis=0)
        spread = np.nanstd(self.targets, axis=0)
        return np.nanmean(centred / np.where(spread > 0, spread, 1), axis=1), "regression"

    @cached_property
    def label_codes(self) -> np.ndarray:
        """Equal numbers for records with equal targets, int64 of shape (records,)."""
        return code_rows(self.targets)

    @property
    def task(self) -> str:
        """One of "binary", "multiclass", "multilabel", "regression"."""
        return self.summary["task"]

    @property
    def classes(self) -> list[str] | None:
        """Names of classes by index, the positive one second if binary; else None."""
        return self.summary["classes"]


def pad_rows(tokens: np.ndarray, offsets: np.ndarray, padding: int) -> np.ndarray:
    """Records end to end as a matrix (records, longest), padded at the right."""
    lengths = np.diff(offsets)
    matrix = np.full((len(lengths), lengths.max()), padding, np.uint8)
    matrix[np.arange(matrix.shape[1]) < lengths[:, None]] = tokens
    return matrix


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
