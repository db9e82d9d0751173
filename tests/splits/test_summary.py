"""What is said of a split."""

import json

import numpy as np
import pandas as pd
import pytest

from seqarena.splits.folds import kfold
from seqarena.splits.locked_test import locked_test
from seqarena.splits.own_split import own_split
from seqarena.splits.summary import summarise_splits

KEYS = ["mode", "repeats", "folds", "records", "groups", "largest_group", "unused"]


def notices(summary):
    return {notice["what"]: notice["count"] for notice in summary["notices"]}


def singles(n):
    return pd.DataFrame({"record": [f"r{i}" for i in range(n)], "cluster": range(n)})


def test_folds_are_described():
    clusters, targets = singles(30), np.arange(30) % 3
    split = kfold(clusters, targets, "multiclass", 5, 2, 0, list("abc"))
    summary = summarise_splits(split, targets, "multiclass", list("abc"), clusters)
    assert [summary[key] for key in KEYS] == ["k-fold", 2, 5, 30, 30, 1, 0]
    assert list(summary) == [*KEYS, "always_train", "roles", "notices"]
    assert len(summary["roles"]) == 2 * 5 * 3
    first = {"repeat": 1, "fold": 0, "role": "train", "n": 18, "groups": 18}
    assert summary["roles"][0] == first | {"class_counts": {"a": 6, "b": 6, "c": 6}}
    assert [entry["role"] for entry in summary["roles"][:3]] == ["train", "validation", "test"]
    assert summary["notices"] == []


def test_numbers_are_described():
    clusters, targets = singles(60), np.random.default_rng(0).lognormal(size=60)
    split = kfold(clusters, targets, "regression", 3, 1, 0)
    summary = summarise_splits(split, targets, "regression", None, clusters)
    test = [entry for entry in summary["roles"] if entry["role"] == "test"]
    means = np.average([e["target_mean"] for e in test], weights=[e["n"] for e in test])
    squares = [e["target_sd"] ** 2 + e["target_mean"] ** 2 for e in test]
    assert means == pytest.approx(targets.mean())
    assert np.average(squares, weights=[e["n"] for e in test]) == pytest.approx((targets**2).mean())


def test_what_is_never_tested_is_said():
    clusters = singles(100)
    clusters.loc[:29, "cluster"] = -1
    targets = np.arange(100) % 2
    targets[[50, 51]] = 2
    targets[[60, 61, 62]] = 3
    split = kfold(clusters, targets, "multiclass", 5, 1, 0, list("abcd"), "train")
    summary = summarise_splits(split, targets, "multiclass", list("abcd"), clusters)
    assert summary["always_train"]["records"] == 32
    assert summary["unused"] == 0
    assert notices(summary) == {
        "records in groups larger than a fold (20 records), always in training and never "
        "tested": 30,
        "records of class 'c', which has 2 groups, fewer than 3: always in training, never "
        "tested": 2,
        "classes that are never tested: 'c'": 1,
        "test sets that lack a class: 'd'": 2,
        "validation sets that lack a class: 'd'": 2,
    }
    json.dumps(summary, allow_nan=False)


def test_a_tested_group_that_makes_folds_uneven_is_said():
    clusters = singles(100)
    clusters.loc[:59, "cluster"] = -1
    clusters.loc[60:78, "cluster"] = -2
    targets = np.arange(100) % 2
    split = kfold(clusters, targets, "binary", 5, 1, 0, list("ab"))
    summary = summarise_splits(split, targets, "binary", list("ab"), clusters)
    sentence = "records in the largest tested group, more than an even fold (8 records) has"
    assert notices(summary)[sentence] == 19
    assert summary["largest_group"] == 60


def test_only_records_without_any_role_are_unused():
    clusters, targets = singles(30), np.arange(30) % 2
    roles = np.array([""] * 4 + ["train"] * 16 + ["test"] * 10, dtype=object)
    split = own_split(clusters, targets, "binary", roles, repeats=3)
    summary = summarise_splits(split, targets, "binary", list("ab"), clusters)
    assert [summary[key] for key in KEYS] == ["own split", 3, 1, 30, 30, 1, 4]
    assert notices(summary) == {"records in no role, so not used": 4}


def test_a_group_on_both_sides_of_an_own_split_is_said():
    clusters, targets = singles(30), np.arange(30) % 2
    clusters.loc[[0, 24, 28, 29], "cluster"] = 0
    roles = np.array(["train"] * 20 + ["validation"] * 5 + ["test"] * 5, dtype=object)
    split = own_split(clusters, targets, "binary", roles, mode="own column values")
    summary = summarise_splits(split, targets, "binary", list("ab"), clusters)
    assert summary["mode"] == "own column values"
    assert notices(summary) == {
        "test records whose group has records in train too": 2,
        "test records whose group has records in validation too": 2,
    }


def test_a_locked_test_is_described():
    clusters, targets = singles(100), np.arange(100) % 2
    clusters.loc[:39, "cluster"] = -1
    split = locked_test(clusters, targets, "binary", 0.2, 0.1, 2, 0, list("ab"))
    summary = summarise_splits(split, targets, "binary", list("ab"), clusters)
    assert [summary[key] for key in KEYS] == ["locked test", 2, 1, 100, 61, 40, 0]
    sizes = {(entry["repeat"], entry["role"]): entry["n"] for entry in summary["roles"]}
    assert sizes[1, "test"] == sizes[2, "test"] == 20
    assert sum(notices(summary).values()) == summary["always_train"]["records"] == 40
