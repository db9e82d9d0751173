"""One test set for all repeats."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seqarena.errors import InputError
from seqarena.splits.locked_test import locked_test

CLASSES = ["a", "b", "c"]


def grouped(n=600, n_groups=300, seed=0):
    random = np.random.default_rng(seed)
    clusters = random.integers(0, n_groups, n)
    return pd.DataFrame({"record": [f"r{i}" for i in range(n)], "cluster": clusters})


def classes(n=600, odds=(0.6, 0.3, 0.1), seed=1):
    return np.random.default_rng(seed).choice(len(odds), n, p=odds)


def split(clusters, targets, task="multiclass", share=0.2, repeats=3, seed=0, **options):
    options = {"classes": CLASSES if task != "regression" else None} | options
    result = locked_test(clusters, targets, task, share, 0.1, repeats, seed, **options)
    return result, result.table.merge(clusters.assign(target=targets), on="record")


@settings(max_examples=60, deadline=None)
@given(
    st.integers(20, 300),
    st.integers(0, 10**6),
    st.sampled_from([0.05, 0.1, 0.15, 0.2, 0.3, 0.5]),
    st.booleans(),
)
def test_what_holds_for_every_locked_test(n, seed, share, giant):
    clusters, targets = grouped(n, max(10, n // 2), seed), classes(n, seed=seed)
    clusters.loc[: n // 3 * giant, "cluster"] = 10**6
    try:
        result, table = split(clusters, targets, "multiclass", share, rare_classes="train")
    except InputError:
        assume(False)
    assert result.mode == "locked test"
    assert (table.groupby(["repeat", "record"]).size() == 1).all()
    assert table.groupby(["repeat", "cluster"])["role"].nunique().max() == 1
    assert set(table["fold"]) == {0}
    tested = table[table["role"] == "test"]
    assert tested.groupby("record").size().eq(3).all()
    assert tested["target"].nunique() >= 2
    train = table[table["role"] == "train"].groupby("repeat")["target"].agg(set)
    assert (train == set(targets)).all()
    assert {"train", "validation", "test"} == set(table["role"])
    # Parts are at most a group away from even, and a test set is some of them.
    largest = max(tested["cluster"].value_counts().max() // 3, 4)
    assert abs(len(tested) / 3 - share * n) <= 0.025 * n + 2 * largest


@pytest.mark.parametrize("share", [0.05, 0.1, 0.15, 0.2, 0.25, 0.33, 0.5])
def test_the_share_and_the_balance_are_those_asked_for(share):
    clusters, targets = grouped(2000, 1500), classes(2000)
    _, table = split(clusters, targets, share=share)
    tested = table[(table["role"] == "test") & (table["repeat"] == 1)]
    assert len(tested) == pytest.approx(share * 2000, abs=20)
    assert np.bincount(tested["target"]) / len(tested) == pytest.approx(
        np.bincount(targets) / 2000, abs=0.02
    )
    validating = table[(table["role"] == "validation") & (table["repeat"] == 1)]
    assert len(validating) == pytest.approx(0.1 * (2000 - len(tested)), abs=20)


def test_repeats_share_the_test_set_alone():
    clusters, targets = grouped(), classes()
    _, table = split(clusters, targets, repeats=4)
    chosen = table.groupby(["role", "repeat"])["record"].agg(frozenset)
    assert len(set(chosen["test"])) == 1
    assert len(set(chosen["validation"])) == 4
    _, fewer = split(clusters, targets, repeats=1)
    first = table[table["repeat"] == 1].reset_index(drop=True)
    pd.testing.assert_frame_equal(fewer, first)
    _, other = split(clusters, targets, seed=1)
    assert set(other.loc[other["role"] == "test", "record"]) != set(chosen["test"].iloc[0])


def test_the_order_of_records_does_not_matter():
    clusters, targets = grouped(), classes()
    order = np.random.default_rng(2).permutation(600)
    _, table = split(clusters, targets)
    _, again = split(clusters.iloc[order].reset_index(drop=True), targets[order])
    roles = [part.set_index(["repeat", "record"])["role"].sort_index() for part in (table, again)]
    pd.testing.assert_series_equal(*roles)


def test_large_groups_stay_in_training():
    clusters, targets = grouped(), classes()
    clusters.loc[:149, "cluster"] = 10**6
    result, table = split(clusters, targets, share=0.2)
    assert set(table.loc[table["cluster"] == 10**6, "role"]) == {"train"}
    assert result.always_train["records"] == 150
    (reason,) = result.always_train["reasons"]
    assert reason["what"].startswith("records in groups larger than the test set (120 records)")


def test_rare_classes():
    clusters, targets = grouped(600, 10**9), np.repeat([0, 1], 300)
    targets[[5, 6]] = 2
    with pytest.raises(InputError, match=r"Class 'c' has 2 records in 2 groups; to train, to"):
        split(clusters, targets)
    result, table = split(clusters, targets, rare_classes="train")
    assert set(table.loc[table["target"] == 2, "role"]) == {"train"}
    assert result.always_train["groups"] == 2
    targets[7] = 2
    for seed in range(10):
        _, table = split(clusters, targets, seed=seed)
        rare = table[table["target"] == 2].groupby("repeat")["role"].agg(list)
        assert all(roles.count("test") == 1 and "train" in roles for roles in rare)


def test_regression_is_stratified_and_may_have_ties():
    clusters, targets = grouped(600, 10**9), np.zeros(600)
    targets[:60] = np.linspace(1, 2, 60)
    _, table = split(clusters, targets, "regression")
    others = table[table["target"] > 0].groupby(["role", "repeat"]).size()
    assert (others["test"] == 12).all()
    assert others["validation"].between(4, 6).all()
    with pytest.raises(InputError, match="have the same value"):
        split(clusters, np.ones(600), "regression")
    targets[2:] = 0
    for seed in range(10):
        _, table = split(clusters, targets, "regression", seed=seed)
        held = table[table["target"] > 0].groupby("repeat")["role"].agg(set)
        assert (held == {"train", "test"}).all()


def test_what_cannot_be_split():
    with pytest.raises(InputError, match="form 1 group of up to 600 records, fewer than a train"):
        split(grouped().assign(cluster=0), classes())
    targets = np.zeros(20)
    targets[3] = 1.0
    with pytest.raises(InputError, match="leaves every class to training"):
        split(grouped(20, 10**9), targets, "regression")
