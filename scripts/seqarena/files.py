"""Writing files so that they appear whole or not at all."""

import glob
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path` and move it into place when the block succeeds.

    A reader sees the old file or the new one, never a part; after an error or a full disk
    nothing is left behind.

    Parameters
    ----------
    path : path-like
        The file to write. Its folder is made if missing.

    Yields
    ------
    pathlib.Path
        Where to write. It keeps the suffixes of `path`, since writers choose formats by them.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        temporary = Path(folder) / path.name
        yield temporary
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)


def remove_left_over(path: str | Path) -> None:
    """Remove what killed processes have left of writing `path`; nobody may be writing it."""
    path = Path(path)
    for folder in path.parent.glob(f".{glob.escape(path.name)}.????????"):
        shutil.rmtree(folder, ignore_errors=True)


def write_tsv(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table that people read, tab-separated, without the index; floats keep their value."""
    with whole_file(path) as temporary:
        table.to_csv(temporary, sep="\t", index=False, lineterminator="\n")


def write_json(content: Any, path: str | Path) -> None:
    """Write JSON with an indent; NaN is refused, since JSON has none."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    with whole_file(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
