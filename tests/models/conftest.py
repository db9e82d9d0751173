import numpy as np
import pandas as pd
import pytest

from seqarena.data.dataset import Dataset
from seqarena.models import devices


@pytest.fixture(scope="session")
def one_thread(tmp_path_factory):
    """TensorFlow on one thread of the CPU, settled before its first operation."""
    return devices.configure("cpu", 1, lock_folder=tmp_path_factory.mktemp("locks"))


@pytest.fixture(scope="session")
def make_dataset():
    """A function that simulates a dataset: class c carries c copies of a word at a fixed place."""

    def make(n=120, length=24, task="binary", seed=0, classes=None, signal=True):
        random = np.random.default_rng(seed)
        tokens = random.integers(0, 4, (n, length)).astype(np.uint8)
        names = classes or {"binary": ["no", "yes"], "multiclass": ["x", "y", "z"]}.get(task)
        labels = random.integers(0, len(names or "abc"), n)
        if signal:
            for copies in (1, 2):
                tokens[labels >= copies, 6 * copies : 6 * copies + 5] = [0, 2, 3, 1, 0]
        targets = labels.astype(np.int64) if names else 50 + 10 * labels + random.normal(0, 1, n)
        records = pd.DataFrame(
            {
                "record": [f"r{i}" for i in range(n)],
                "label": targets,
                "length": length,
                "gc": np.isin(tokens, (1, 2)).mean(axis=1),
            }
        )
        summary = {
            "task": task,
            "target": "label",
            "targets": ["label"],
            "classes": names,
            "length": length,
        }
        summary |= {"records": n, "lengths": {"min": length, "median": length, "max": length}}
        return Dataset(tokens.ravel(), np.arange(n + 1) * length, records, summary)

    return make


@pytest.fixture(scope="session")
def make_splits():
    """A function that deals records to folds, of sizes that differ by more than one record."""

    def make(dataset, folds=3, repeat=1, seed=0):
        random = np.random.default_rng(seed)
        share = np.linspace(1, 2, folds)
        fold_of = random.choice(folds, len(dataset), p=share / share.sum())
        tables = []
        for fold in range(folds):
            role = np.full(len(dataset), "train", dtype=object)
            role[fold_of == fold] = "test"
            role[fold_of == (fold + 1) % folds] = "validation"
            record = dataset.records["record"]
            tables.append(
                pd.DataFrame({"record": record, "repeat": repeat, "fold": fold, "role": role})
            )
        return pd.concat(tables, ignore_index=True)

    return make
