"""Where records stand in files, at 12 bytes a record."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np


class Places:
    """File and line of each of many records.

    Parameters
    ----------
    parts : iterable of (path-like, array of int)
        Files in order, each with the lines of its records, counted from 1.
    """

    def __init__(self, parts: Iterable[tuple[str | Path, np.ndarray]]):
        parts = [(Path(file), np.asarray(lines, np.int64)) for file, lines in parts]
        self.files = [file for file, _ in parts]
        self._lines = np.concatenate([np.empty(0, np.int64), *(lines for _, lines in parts)])
        self._file = np.repeat(np.arange(len(parts), dtype=np.int32), [len(x) for _, x in parts])

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, i: int) -> tuple[Path, int]:
        """File and line of record i."""
        return self.files[self._file[i]], int(self._lines[i])

    def take(self, order: np.ndarray) -> "Places":
        """Places of some records, in the order of their numbers."""
        chosen = Places([])
        chosen.files = self.files
        chosen._lines, chosen._file = self._lines[order], self._file[order]
        return chosen
