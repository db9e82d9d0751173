"""Splits and controls of records with several labels or several values."""

import json

import numpy as np
import pandas as pd
import pytest

from seqarena.data.dataset import Dataset
from seqarena.errors import InputError
from seqarena.splits.controls import make_control, permute_labels
from seqarena.splits.stratification import Learned, choose_share
from seqarena.splits.summary import summarise_splits
from split_records import split

NAMES = ["rare", "common", "half"]


def dataset(targets, task="multilabel", names=NAMES):
    n = len(targets)
    records = pd.DataFrame({"record": [f"r{i:04d}" for i in range(n)]})
    records = records.assign(**dict(zip(names, np.asarray(targets, dtype=float).T, strict=True)))
    summary = {"task": task, "targets": names, "classes": None, "records": n, "length": 10}
    tokens = np.random.default_rng(0).integers(0, 4, n * 10, dtype=np.uint8)
    return Dataset(tokens, np.arange(n + 1) * 10, records, summary)


def singles(data):
    return pd.DataFrame({"record": data.records["record"], "cluster": np.arange(len(data))})


def labels(n, rare):
    random = np.random.default_rng(1)
    targets = np.column_stack([np.arange(n) < rare, random.random((n, 2)) < (0.8, 0.5)])
    targets = targets.astype(float)
    targets[rare + 5 : rare + 9, 1] = np.nan
    return targets[random.permutation(n)]


FOLDS = {"folds": 5, "repeats": 2}
TEST = {"test_fraction": 0.2, "validation_fraction": 0.2, "repeats": 2}


@pytest.mark.parametrize("settings", [FOLDS, TEST])
def test_each_label_is_spread_and_always_in_training(settings):
    data = dataset(labels(300, 12))
    result = split(data, singles(data), settings, {}, seed=1)
    has = pd.DataFrame(data.targets == 1, index=data.records["record"])
    for (_, _, role), part in result.table.groupby(["repeat", "fold", "role"]):
        counts = has.loc[part["record"]].sum().to_numpy()
        expected = has.mean() * len(part)
        if role == "train":
            assert counts.min() > 0
        assert (np.abs(counts - expected) <= 1.5 + 0.2 * expected).all()


def test_a_rare_label_is_refused_or_always_trains():
    data = dataset(labels(200, 2))
    with pytest.raises(InputError, match="Label 'rare' has 2 records in 2 groups"):
        split(data, singles(data), FOLDS, {}, seed=1)
    settings = FOLDS | {"rare_classes": "train"}
    result = split(data, singles(data), settings, {}, seed=1)
    assert result.always_train["records"] == 2
    what = "records with label 'rare', which has 2 groups, fewer than 3"
    assert result.always_train["reasons"][0]["what"].startswith(what)
    summary = summarise_splits(result, data.targets, "multilabel", NAMES, singles(data))
    json.dumps(summary, allow_nan=False)
    said = {entry["what"]: entry["count"] for entry in summary["notices"]}
    assert said["labels that are never tested: 'rare'"] == 1
    first = summary["roles"][0]
    tested = result.table.query("repeat == 1 and fold == 0 and role == 'train'")["record"]
    in_role = data.records["record"].isin(tested)
    counts = (data.targets[in_role] == 1).sum(axis=0)
    assert first["class_counts"] == dict(zip(NAMES, counts.tolist(), strict=True))


def test_labels_that_no_record_has_are_refused():
    data = dataset(labels(60, 0))
    with pytest.raises(InputError, match="Label 'rare' has 0 records"):
        split(data, singles(data), FOLDS | {"rare_classes": "train"}, {}, seed=1)


def test_an_own_split_may_leave_a_label_out_of_training_and_says_so():
    data = dataset(labels(60, 3))
    data.records["split"] = np.where(data.targets[:, 0] == 1, "test", "train")
    settings = {"column": "split", "validation_fraction": 0.2, "repeats": 1}
    result = split(data, singles(data), settings, {}, seed=1)
    summary = summarise_splits(result, data.targets, "multilabel", NAMES, singles(data))
    said = {entry["what"]: entry["count"] for entry in summary["notices"]}
    assert said["train sets that lack a label: 'rare'"] == 1


def test_a_share_leaves_a_group_of_each_label():
    has = np.zeros((40, 2))
    has[[3, 4], 0] = 1
    has[10:30, 1] = 1
    groups = np.arange(40)
    groups[4] = 3
    strata = np.where(has[:, 0] == 1, 0, 1 + (has[:, 1] == 1))
    for seed in range(20):
        chosen = choose_share(groups, Learned(strata, "multiclass", has), 0.4, (seed,))
        assert not chosen[[3, 4]].any()
        assert 10 < chosen.sum() < 22


def test_several_values_are_balanced_and_described():
    random = np.random.default_rng(2)
    targets = random.normal(size=(200, 2)) * (1, 100)
    targets[::7, 0] = np.nan
    data = dataset(targets, "regression", ["small", "large"])
    result = split(data, singles(data), FOLDS, {}, seed=1)
    summary = summarise_splits(result, data.targets, "regression", data.target_names, singles(data))
    json.dumps(summary, allow_nan=False)
    first = summary["roles"][0]
    assert list(first)[5:] == ["mean of small", "mean of large", "SD of small", "SD of large"]
    tested = [entry["mean of large"] for entry in summary["roles"] if entry["role"] == "test"]
    assert np.std(tested) < 100 / np.sqrt(40)


def test_labels_of_a_record_are_permuted_together():
    data = dataset(labels(200, 20))
    splits = split(data, singles(data), FOLDS | {"repeats": 1}, {}, seed=1).table
    changed, _ = make_control("permuted_labels", data, splits, singles(data), 1)
    old, new = data.targets, changed.targets
    assert sorted(map(str, old.tolist())) == sorted(map(str, new.tolist()))
    assert not np.array_equal(old, new, equal_nan=True)
    assert changed.summary["label_counts"]["common"]["missing"] == 4
    permuted, notices = permute_labels(data.records["record"], old, np.arange(200), splits, 1)
    moved = [str(a) != str(b) for a, b in zip(old.tolist(), permuted.tolist(), strict=True)]
    assert notices[-1]["count"] == sum(moved)


def test_a_smaller_training_set_of_several_labels_keeps_each_stratum():
    data = dataset(labels(200, 20))
    splits = split(data, singles(data), FOLDS | {"repeats": 1}, {}, seed=1).table
    _, reduced = make_control("size25", data, splits, singles(data), 1)
    has = pd.DataFrame(data.targets == 1, index=data.records["record"])
    for _, part in reduced[reduced["role"] == "train"].groupby("fold"):
        assert len(part) == pytest.approx(0.25 * 120, abs=6)
        assert has.loc[part["record"]].any().all()
