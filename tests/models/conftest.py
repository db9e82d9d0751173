import numpy as np
import pandas as pd
import pytest

from seqarena.data.dataset import Dataset
from seqarena.models import devices


@pytest.fixture(scope="session")
def one_thread(tmp_path_factory):
    """TensorFlow on one thread of the CPU, settled before its first operation."""
    return devices.configure("cpu", 1, lock_folder=tmp_path_factory.mktemp("locks"))


CLASSES = {"binary": ["no", "yes"], "multiclass": ["x", "y", "z"]}


@pytest.fixture(scope="session")
def make_dataset():
    """A function that simulates a dataset: class c carries c copies of a word at a fixed place.

    Several targets follow the class each in a way of its own, and a tenth of them is missing.
    """

    def make(n=120, length=24, task="binary", seed=0, classes=None, signal=True, targets=1):
        random = np.random.default_rng(seed)
        tokens = random.integers(0, 4, (n, length)).astype(np.uint8)
        names = classes or CLASSES.get(task)
        labels = random.integers(0, len(names or "abc"), n)
        if signal:
            for copies in (1, 2):
                tokens[labels >= copies, 6 * copies : 6 * copies + 5] = [0, 2, 3, 1, 0]
        columns = {"label": labels}
        if targets > 1:
            columns = {f"t{i}": 50.0 * i + 10 * labels + random.normal(0, 1, n) for i in range(3)}
            if task == "multilabel":
                columns = {f"t{i}": (labels == i).astype(float) for i in range(targets)}
            for number, column in enumerate(columns.values()):
                column[number::10] = np.nan
        elif task == "regression":
            columns = {"label": 50 + 10 * labels + random.normal(0, 1, n)}
        gc = np.isin(tokens, (1, 2)).mean(axis=1)
        return dataset_of(tokens, columns, task, names, gc=gc)

    return make


@pytest.fixture(scope="session")
def make_ragged():
    """A function that simulates random records of different lengths; some are longer than most."""

    def make(n=120, low=90, high=110, seed=0):
        random = np.random.default_rng(seed)
        lengths = random.integers(low, high + 1, n)
        rows = [random.integers(0, 4, length).astype(np.uint8) for length in lengths]
        return dataset_of(rows, {"label": (lengths > (low + high) / 2).astype(np.int64)})

    return make


@pytest.fixture(scope="session", name="dataset_of")
def dataset_of_fixture():
    """The function below."""
    return dataset_of


def dataset_of(tokens, columns, task="binary", classes=None, alphabet=None, **more):
    """A dataset from rows of tokens (a matrix, or a list of arrays) and columns of targets."""
    rows = list(tokens)
    lengths = np.array([len(row) for row in rows])
    records = pd.DataFrame({"record": [f"r{i}" for i in range(len(rows))], **columns, **more})
    if "length" not in more:
        records["length"] = lengths
    summary = {
        "task": task,
        "target": next(iter(columns)),
        "targets": list(columns),
        "classes": classes or CLASSES.get(task),
        "length": int(lengths.max()),
        "records": len(rows),
        "alphabet": alphabet or {"name": "dna"},
    }
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Dataset(np.concatenate(rows), offsets, records, summary)


@pytest.fixture
def train(tmp_path, make_splits):
    """A function that trains a small network, and takes any argument of `train_networks`."""
    from seqarena.models.training import train_networks

    def run(dataset, splits=None, folder="resume", **changes):
        arguments = {
            "model_name": "net",
            "architecture": "conv1d",
            "parameters": {"filters": [6], "kernel_sizes": [5], "hidden_units": [4]},
            "settings": {"epochs": 3, "batch_size": 32, **changes.pop("settings", {})},
            "seed": 7,
            "repeat": 1,
            "resume_folder": tmp_path / folder,
            "key": "k",
        } | changes
        splits = make_splits(dataset) if splits is None else splits
        return train_networks(dataset, splits, **arguments)

    return run


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
