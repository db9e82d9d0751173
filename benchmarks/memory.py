"""Case `memory`: bytes a letter that the data take in a training process, beyond the framework.

The same small network is trained for one epoch on few records and on many, each in a process of its
own. What the largest resident memory grows by, over the letters by which the data grow, is what a
letter costs: its token, and its share of what is kept of each record (identifier, label,
prediction). The parts are measured as well: after the dataset is read, and at the end. The
environment variable N is the number of records (200,000 by default), of 200 letters each.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from measure import ROOT, ask, size

LENGTH = 200
FEW = 20_000
NETWORK = {"filters": [4], "kernel_sizes": [4], "hidden_units": [], "dropout": 0.0}
FOLDS, REPEATS = 5, 2


def write(folder: Path, n: int) -> None:
    """Write a dataset and its splits, as rule split_records does, in a process of its own."""
    from sequences import write_records

    from split_records import KINDS

    dataset = write_records(folder, n, LENGTH)
    roles = np.array(["test", "validation", *["train"] * (FOLDS - 2)])
    tables = [
        dataset.records[["record"]].assign(
            repeat=repeat, fold=fold, role=roles[(np.arange(n) + fold + repeat) % FOLDS]
        )
        for repeat in range(1, REPEATS + 1)
        for fold in range(1, FOLDS + 1)
    ]
    splits = pd.concat(tables, ignore_index=True).astype(KINDS)
    splits.to_parquet(folder / "splits.parquet", index=False)


def train(folder: Path) -> dict[str, float]:
    """Train in this process; give its memory in MiB."""
    import seqarena.models.light_keras  # noqa: F401  (as in a job)
    from seqarena.models.devices import configure

    device = configure("auto", 1, lock_folder=folder)
    from seqarena.data.dataset import read_dataset
    from seqarena.models.training import train_networks

    sys.path.insert(0, str(ROOT / "benchmarks/peers"))
    from footprint import peak_mb

    dataset, splits = (
        read_dataset(folder),
        pd.read_parquet(folder / "splits.parquet", filters=[("repeat", "==", 1)]),
    )
    read = peak_mb()
    train_networks(
        dataset,
        splits,
        *("network", "conv1d", NETWORK),
        settings={"epochs": 1, "batch_size": 128},
        seed=1,
        repeat=1,
        resume_folder=folder / "resume",
        key="",
        device=device,
    )
    return {"read": read, "trained": peak_mb()}


def main() -> None:
    """Train on few and on many records."""
    from table import write_figures

    many, peaks = size(200_000), {}
    for n in (FEW, many):
        with tempfile.TemporaryDirectory(prefix="seqarena-memory-") as folder:
            ask([sys.executable, __file__, folder, n])
            peaks[n] = ask([sys.executable, __file__, folder])
    letters = (many - FEW) * LENGTH
    figures = [("records", many, "records"), ("letters_per_record", LENGTH, "letters")]
    figures += [(f"peak_mb_{n}", peaks[n]["trained"], "MB") for n in (FEW, many)]
    for figure, stage in (("reading", "read"), ("training", "trained")):
        grown = (peaks[many][stage] - peaks[FEW][stage]) * 2**20
        figures.append((f"bytes_per_letter_{figure}", grown / letters, "B"))
    write_figures("memory", figures)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    elif len(sys.argv) == 3:
        write(Path(sys.argv[1]), int(sys.argv[2]))
        print(json.dumps({}))
    else:
        print(json.dumps(train(Path(sys.argv[1]))))
