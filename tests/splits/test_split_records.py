"""The script that splits, in every mode of the configuration."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import split_records
from seqarena.data.dataset import Dataset, write_dataset
from seqarena.errors import InputError

N, LENGTH = 120, 20


class Named(SimpleNamespace):
    """Inputs of a rule: by name, and perhaps not there."""

    def get(self, name):
        return getattr(self, name, None)


@pytest.fixture
def folder(tmp_path):
    random = np.random.default_rng(0)
    records = pd.DataFrame(
        {
            "record": [f"r{i}" for i in range(N)],
            "label": np.arange(N) // 4 % 2,
            "length": LENGTH,
            "gc": 0.5,
            "split": [None, "1", "2.0", "X"] * (N // 4),
        }
    )
    dataset = Dataset(
        random.integers(0, 4, N * LENGTH, dtype=np.uint8),
        np.arange(N + 1) * LENGTH,
        records,
        {
            "task": "binary",
            "target": "label",
            "targets": ["label"],
            "classes": ["0", "1"],
            "records": N,
            "length": 20,
        },
    )
    write_dataset(tmp_path, dataset)
    clusters = pd.DataFrame({"record": records["record"], "cluster": np.arange(N) // 2})
    clusters.to_csv(tmp_path / "clusters.tsv", sep="\t", index=False)
    for role, names in (("train", range(80)), ("test", range(80, N))):
        (tmp_path / f"{role}.txt").write_text("\n".join(f"r{i}" for i in names))
    return tmp_path


def run(folder, settings, **lists):
    inputs = {"tokens": folder / "tokens.npy", "clusters": folder / "clusters.tsv"} | lists
    split_records.main(
        SimpleNamespace(
            log=[],
            input=Named(**inputs),
            output=SimpleNamespace(splits=folder / "s.parquet", summary=folder / "s.json"),
            params=SimpleNamespace(split={"repeats": 2} | settings, seed=1),
        )
    )
    table = pd.read_parquet(folder / "s.parquet")
    assert list(table) == ["record", "repeat", "fold", "role"]
    return table, json.loads((folder / "s.json").read_text())


def test_folds(folder):
    table, summary = run(folder, {"folds": 4, "rare_classes": "refuse"})
    assert summary["mode"] == "k-fold"
    assert len(table) == N * 4 * 2
    assert summary["unused"] == 0
    run(folder, {"folds": 3})


def test_locked_test(folder):
    settings = {"test_fraction": 0.25, "validation_fraction": 0.2, "rare_classes": "train"}
    table, summary = run(folder, settings)
    assert summary["mode"] == "locked test"
    assert (table["role"] == "test").sum() == 2 * 30
    assert (table["role"] == "validation").sum() == 2 * 18


def test_lists(folder):
    lists = {"train": folder / "train.txt", "test": folder / "test.txt"}
    settings = {"train": "train.txt", "test": "test.txt", "validation_fraction": 0.1}
    table, summary = run(folder, settings, **lists)
    assert summary["mode"] == "own split"
    assert (table["role"] == "test").sum() == 2 * 40


def test_values(folder):
    settings = {"column": "chromosome", "values": {"test": [1]}, "validation_fraction": 0.1}
    table, summary = run(folder, settings)
    assert summary["mode"] == "own column values"
    assert summary["unused"] == 30
    tested = table[table["role"] == "test"]["record"].str[1:].astype(int)
    assert set(tested % 4) == {1}
    settings["values"] = {"test": ["X"], "validation": [2]}
    table, _ = run(folder, settings)
    assert table.groupby(["repeat", "role"]).size().eq(30).all()


def test_column(folder):
    with pytest.raises(InputError, match="'1', which is no role"):
        run(folder, {"column": "chromosome", "validation_fraction": 0.1})
