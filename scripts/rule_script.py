"""What every script of a rule shares: its log, its progress on the terminal, its way to fail."""

import errno
import functools
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from seqarena.errors import InputError
from seqarena.files import remove_left_over
from seqarena.interruption import join_run

DISK_FULL = "free some space and run the same command again; what is finished is kept"

NO_MEMORY = "run where there is more memory, or give fewer or shorter records"

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
SHORT_WRITE = "requested and"  # NumPy reports one without a number

# Here and not in the wrapper, since scripts import this module first and may take seconds with
# others: the job of a run that is gone ends at once, and no job of a killed run goes on.
join_run()

progress = logging.getLogger("seqarena.progress")


def rule_script(main: Callable) -> Callable:
    """Wrap the ``main(snakemake)`` of a script.

    Everything that the process prints, also what compiled libraries print and also a traceback,
    goes to the rule's log file. Lines logged to ``seqarena.progress`` go to the terminal too.
    An `InputError` is written as its message alone, without a traceback, and ends the process
    with exit status 1; Snakemake's ``show-failed-logs`` then shows it. So are a full disk and a
    full memory.

    What an earlier process that was killed has left of the outputs is removed first.

    Parameters
    ----------
    main : callable
        Takes the object that Snakemake gives to scripts. Without a log file (in a test) it is
        called as it is.
    """

    @functools.wraps(main)
    def wrapped(snakemake) -> None:
        if not snakemake.log:
            main(snakemake)
            return
        for path in snakemake.output:
            remove_left_over(path)
        with _output_to(Path(snakemake.log[0])):
            try:
                main(snakemake)
            except InputError as error:
                print(f"Error: {error}", file=sys.stderr)
                sys.exit(1)
            except MemoryError as error:
                print(
                    f"Error: the memory is used up ({error})\n  what to do: {NO_MEMORY}",
                    file=sys.stderr,
                )
                sys.exit(1)
            except OSError as error:
                if error.errno not in DISK_ERRORS and SHORT_WRITE not in str(error):
                    raise
                print(
                    f"Error: the disk is full ({error})\n  what to do: {DISK_FULL}", file=sys.stderr
                )
                sys.exit(1)

    return wrapped


@contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """Send the process's output to `log`, and progress to the terminal besides.

    The redirection is of the file descriptors, since TensorFlow writes past Python.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    terminal = os.fdopen(os.dup(2), "w")
    with log.open("w") as handle:
        os.dup2(handle.fileno(), 1)
        os.dup2(handle.fileno(), 2)
    handlers = [logging.StreamHandler(sys.stderr), logging.StreamHandler(terminal)]
    progress.setLevel(logging.INFO)
    progress.propagate = False
    progress.handlers = handlers
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        terminal.flush()


def read_tsv(path: str | Path) -> pd.DataFrame:
    """Read a table of the contract.

    Names of records, models, targets and classes stay text even where they look like a number or
    like "NA"; an empty cell of another column is NaN.
    """
    names = ("record", "model", "model_a", "model_b", "target", "verdict")
    columns = pd.read_csv(path, sep="\t", nrows=0).columns
    text = {name: str for name in names if name in columns}
    missing = {name: [""] for name in columns if name not in text}
    return pd.read_csv(path, sep="\t", dtype=text, keep_default_na=False, na_values=missing)


def read_infos(paths: Iterable[str | Path]) -> list[dict]:
    """Read the run.json of every run."""
    return [json.loads(Path(path).read_text(encoding="utf-8")) for path in paths]


def read_runs(paths: Iterable[str | Path], read: Callable = pd.read_parquet) -> pd.DataFrame:
    """Read a table of every run and say in a column `model` whose run it is.

    Parameters
    ----------
    paths : iterable of path-like
        Files such as ``results/{dataset}/runs/{model}/repeat{repeat}/predictions.parquet``.
    read : callable
        Reads one of them.
    """
    frames = [read(path).assign(model=Path(path).parents[1].name) for path in paths]
    return pd.concat(frames, ignore_index=True)
