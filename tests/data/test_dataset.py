"""The dataset as a folder, and what is counted while it is made."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqarena.data.alphabet import LETTERS, PADDING, decode, encode
from seqarena.data.dataset import Dataset, read_dataset, write_dataset
from seqarena.data.description import count_duplicates, gc_fraction
from seqarena.data.fitting import fit_length
from seqarena.errors import InputError


def join(sequences):
    tokens = encode("".join(sequences))[0]
    return tokens, np.cumsum([0, *map(len, sequences)], dtype=np.int64)


@pytest.fixture
def dataset():
    tokens, offsets = join(["ACGT", "NNRY", "TTTT"])
    return Dataset(
        tokens,
        offsets,
        pd.DataFrame(
            {
                "record": ["a", "NA", "ß"],
                "class": np.array([1, 0, 1]),
                "length": [4, 4, 4],
                "gc": [0.5, 0.0, 0.0],
                "group": pd.array(["x", None, "y"], dtype="str"),
            }
        ),
        {
            "task": "binary",
            "target": "class",
            "targets": ["class"],
            "classes": ["ä", "b"],
            "records": 3,
            "length": 4,
        },
    )


def test_a_dataset_survives_writing_and_reading(tmp_path, dataset):
    write_dataset(tmp_path / "data", dataset)
    again = read_dataset(tmp_path / "data")
    assert isinstance(again.tokens, np.memmap)
    assert again.tokens.dtype == np.uint8
    assert again.offsets.dtype == np.int64
    np.testing.assert_array_equal(again.matrix, dataset.matrix)
    np.testing.assert_array_equal(again.offsets, dataset.offsets)
    np.testing.assert_array_equal(again.targets, [1, 0, 1])
    pd.testing.assert_frame_equal(again.records, dataset.records)
    assert again.summary == dataset.summary
    assert (again.task, again.classes, len(again)) == ("binary", ["ä", "b"], 3)
    assert again.matrix.base is not None  # a view: tokens stay on disk
    assert sorted(file.name for file in (tmp_path / "data").iterdir()) == [
        "offsets.npy",
        "records.parquet",
        "summary.json",
        "tokens.npy",
    ]


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path, dataset, monkeypatch):
    write_dataset(tmp_path, dataset)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def fail(path, array):
        path.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", fail)
    with pytest.raises(OSError, match="No space left"):
        write_dataset(tmp_path, dataset)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_files_of_different_datasets_are_not_mixed(tmp_path, dataset):
    write_dataset(tmp_path, dataset)
    summary = dataset.summary | {"records": 4}
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(ValueError, match="not of one dataset"):
        read_dataset(tmp_path)


@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        ("center", ["CGTA", "ACGT", "-A--", "-AC-", "ACG-", "GTAC"]),  # an odd letter: right
        ("left", ["ACGT", "ACGT", "A---", "AC--", "ACG-", "ACGT"]),
    ],
)
def test_records_are_padded_and_cropped(anchor, expected):
    sequences = ["ACGTAC", "ACGT", "A", "AC", "ACG", "ACGTACGT"]
    matrix, changes = fit_length(*join(sequences), 4, anchor, PADDING)
    assert ["".join(f"{LETTERS}-"[token] for token in row) for row in matrix] == expected
    assert [change["count"] for change in changes] == [3 + 2 + 1, 2 + 4]
    assert "bring 3 records to 4 letters" in changes[0]["what"]
    assert "bring 2 records to 4 letters" in changes[1]["what"]


@given(st.lists(st.text(alphabet="ACGT", min_size=1, max_size=9), min_size=1), st.integers(1, 9))
def test_fitting_keeps_every_letter_that_fits(sequences, length):
    for anchor in ("center", "left"):
        matrix, changes = fit_length(*join(sequences), length, anchor, PADDING)
        assert matrix.shape == (len(sequences), length)
        for row, sequence in zip(matrix, sequences, strict=True):
            kept = decode(row)
            assert kept in sequence
            assert len(kept) == min(len(sequence), length)
        changed = sum(abs(len(sequence) - length) for sequence in sequences)
        assert sum(change["count"] for change in changes) == changed


def test_a_length_is_positive():
    with pytest.raises(InputError, match="pad or crop to is 0"):
        fit_length(*join(["A"]), 0, "left", PADDING)


@pytest.mark.parametrize("length", [10**10, 10**30])
def test_a_length_that_no_memory_holds_is_refused(length):
    with pytest.raises(InputError, match="more than the 10,000,000,000"):
        fit_length(*join(["A", "AC"]), length, "left", PADDING)


def test_gc_is_that_of_known_letters():
    for sequences in (["ACGT", "NNNN", "SSWW", "GRNN"], ["ACGT", "N", "SSWW", "GRN"]):
        assert gc_fraction(*join(sequences)).tolist() == [0.5, 0, 0.5, 1]


def test_each_kind_of_copy_is_counted():
    sequences = ["AACC", "AACC", "AACC", "GGTT", "ACGT", "NNNN", "NNNN", "CCCC"]
    notices = count_duplicates(*join(sequences), np.array([0, 1, 0, 1, 0, 1, 1, 0]))
    # Records of N only are nobody's copies, whatever their labels.
    assert [notice["count"] for notice in notices] == [2, 1, 1, 2]
