"""Simulated records for the benchmarks: random DNA, and a motif in half of it."""

from pathlib import Path

import numpy as np
import pandas as pd

from seqarena.data.dataset import Dataset, write_dataset

MOTIF = np.array([3, 2, 0, 1, 2, 3, 1, 0], np.uint8)
CHANGED = 0.1
AT_ONCE = 20_000


def simulate(n: int, length: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Draw records of which the second class has a motif at a random place, each letter changed
    with a probability of 0.1.

    Returns
    -------
    tokens : numpy.ndarray
        uint8 (n, length), 0 to 3.
    labels : numpy.ndarray
        int64 (n,), 0 or 1.
    """
    random = np.random.default_rng(seed)
    tokens = random.integers(0, 4, (n, length), np.uint8)
    labels = np.arange(n) % 2
    positive = np.flatnonzero(labels)
    places = random.integers(0, length - len(MOTIF) + 1, len(positive))
    for offset, letter in enumerate(MOTIF):
        kept = random.random(len(positive)) >= CHANGED
        tokens[positive[kept], places[kept] + offset] = letter
    return tokens, labels


def write_records(folder: Path, n: int, length: int = 200) -> Dataset:
    """Write a prepared dataset of simulated records."""
    tokens, labels = simulate(n, length)
    names = [f"r{i}" for i in range(n)]
    records = pd.DataFrame({"record": names, "label": labels, "length": length, "gc": 0.5})
    summary = {
        "task": "binary",
        "target": "label",
        "targets": ["label"],
        "classes": ["without", "with"],
        "alphabet": {"name": "dna"},
        "records": n,
        "length": length,
    }
    dataset = Dataset(tokens.ravel(), np.arange(n + 1) * length, records, summary)
    write_dataset(folder, dataset)
    return dataset


def write_fasta(folder: Path, n: int, length: int) -> dict[str, str]:
    """Write sequences.fasta and labels.tsv of simulated records, some thousands at a time."""
    letters = np.frombuffer(b"ACGT", np.uint8)
    fasta, table = folder / "sequences.fasta", folder / "labels.tsv"
    with fasta.open("w") as sequences, table.open("w") as labels:
        labels.write("id\tlabel\n")
        for start in range(0, n, AT_ONCE):
            tokens, classes = simulate(min(AT_ONCE, n - start), length, seed=start + 1)
            rows = zip(letters[tokens], classes, strict=True)
            for number, (row, label) in enumerate(rows, start):
                sequences.write(f">r{number}\n{row.tobytes().decode()}\n")
                labels.write(f"r{number}\t{'with' if label else 'without'}\n")
    return {"records": str(fasta), "labels": str(table)}
