"""The dealing out of whole groups, against scikit-learn's and by hand."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from seqarena.splits.stratification import (
    Learned,
    canonical_groups,
    choose_share,
    deal_groups,
    lost_targets,
    strata_of,
)


def test_groups_are_numbered_by_the_names_of_their_records():
    clusters = pd.DataFrame({"record": ["b", "a", "d", "c"], "cluster": [7, 3, 3, 9]})
    assert canonical_groups(clusters).tolist() == [1, 0, 0, 2]


def test_strata_are_quantile_bins_of_equal_size():
    values = np.random.default_rng(0).permutation(100).astype(float)
    strata = strata_of(values, "regression", 5)
    assert strata.tolist() == (values // 10).astype(int).tolist()
    assert strata_of(values[:12], "regression", 3).max() == 3
    assert strata_of(values[:4], "regression", 5).tolist() == [0] * 4
    classes = np.array([2, 0, 1])
    assert strata_of(classes, "multiclass", 5).tolist() == [2, 0, 1]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("share", [0.5, 0.9, 0.97])
def test_a_value_that_most_records_have_is_a_stratum_of_its_own(sign, share):
    values = np.zeros(200)
    others = np.arange(200) >= 200 * share
    values[others] = sign * np.linspace(1, 2, others.sum())
    strata = strata_of(values, "regression", 5)
    assert len(set(strata[~others])) == 1
    assert not set(strata[others]) & set(strata[~others])
    assert len(set(strata[others])) == max(1, round(10 * (1 - share)))


def test_a_deal_by_hand():
    # Largest first; the second largest goes to the empty part, single ones fill the gap.
    groups = np.repeat([0, 1, 2, 3, 4], [5, 3, 1, 1, 2])
    parts = deal_groups(groups, np.zeros(12, int), 2, np.random.default_rng(0))
    by_group = [set(parts[groups == group]) for group in range(5)]
    assert all(len(part) == 1 for part in by_group)
    assert by_group[1] == by_group[4]
    assert by_group[0] != by_group[1]
    assert sorted(np.bincount(parts)) == [6, 6]
    strata = np.array([0, 0, 1, 1])
    pairs = deal_groups(np.arange(4), strata, 2, np.random.default_rng(0))
    assert pairs[0] != pairs[1]
    assert pairs[2] != pairs[3]


def spread(part, strata, parts):
    """Range of sizes over parts, and of the count of the stratum that varies most; in records."""
    counts = np.zeros((parts, strata.max() + 1))
    np.add.at(counts, (part, strata), 1)
    return np.ptp(counts.sum(axis=1)), np.ptp(counts, axis=0).max()


@pytest.mark.parametrize("kind", ["mixed", "pure"])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_balance_is_no_worse_than_that_of_scikit_learn(kind, n_classes):
    ours, theirs = [], []
    for seed in range(10):
        random = np.random.default_rng(seed)
        groups = random.permutation(np.repeat(np.arange(120), random.geometric(0.2, 120)))
        odds = np.array([8, 4, 2, 1])[:n_classes]
        strata = random.choice(n_classes, len(groups), p=odds / odds.sum())
        if kind == "pure":
            strata = random.choice(n_classes, 120, p=odds / odds.sum())[groups]
        ours.append(spread(deal_groups(groups, strata, 5, random), strata, 5))
        splitter = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        part = np.empty(len(groups), int)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for k, (_, held) in enumerate(splitter.split(strata, strata, groups)):
                part[held] = k
        theirs.append(spread(part, strata, 5))
    assert np.mean(ours, axis=0)[0] <= np.mean(theirs, axis=0)[0]
    assert np.mean(ours, axis=0)[1] <= 1.1 * np.mean(theirs, axis=0)[1]


def test_a_weight_spreads_a_class_that_sizes_would_put_together():
    sizes, rare = [3, 3, 6, 2, 4], [1, 1, 4, 0, 0]
    groups = np.repeat(np.arange(5), sizes)
    strata = np.concatenate([np.arange(size) < few for size, few in zip(sizes, rare, strict=True)])
    for seed in range(10):
        parts = [
            deal_groups(groups, strata.astype(int), 3, np.random.default_rng(seed), weights)
            for weights in (None, {1: 64.0})
        ]
        assert [len(set(part[strata])) for part in parts] == [2, 3]


def test_lost_targets():
    targets = np.array([0, 1, 2, 2])
    assert lost_targets(np.array([0, 1]), targets, "multiclass").tolist() == [2]
    assert lost_targets(np.array([0, 1, 2]), targets, "multiclass").tolist() == []
    values = np.array([0.5, 0.5, 1.0, 2.0])
    assert lost_targets(np.array([0.5, 0.5]), values, "regression").tolist() == [1.0]
    assert lost_targets(np.array([1.0, 0.5]), values, "regression").tolist() == []
    assert lost_targets(np.array([]), values, "regression").tolist() == [0.5]
    assert lost_targets(np.array([1.0]), np.ones(3), "regression").tolist() == []


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.05, 0.1, 0.2, 0.35, 0.5]), st.integers(2, 30))
def test_a_share_is_of_whole_eligible_groups_and_leaves_every_class(seed, share, n_classes):
    random = np.random.default_rng(seed)
    groups = random.integers(0, 80, 200)
    targets = np.minimum(random.geometric(0.3, 200) - 1, n_classes - 1)
    eligible = random.random(80)[groups] < 0.8
    chosen = choose_share(groups, Learned(targets, "multiclass"), share, (seed,), eligible=eligible)
    assert chosen is not None
    assert chosen.any()
    assert not (chosen & ~eligible).any()
    assert not set(groups[chosen]) & set(groups[~chosen])
    assert set(targets[~chosen]) == set(targets)


def test_many_classes_of_two_groups_each_keep_one():
    groups, targets = np.arange(200), np.repeat(np.arange(100), 2)
    for seed in range(5):
        chosen = choose_share(groups, Learned(targets, "multiclass"), 0.3, (seed,))
        assert chosen.sum() == pytest.approx(60, abs=15)
        assert set(targets[~chosen]) == set(range(100))


def test_there_may_be_no_choice():
    assert choose_share(np.arange(3), Learned(np.arange(3), "multiclass"), 0.2, (0,)) is None
    assert choose_share(np.zeros(9, int), Learned(np.arange(9.0), "regression"), 0.2, (0,)) is None
    none = np.zeros(9, dtype=bool)
    assert (
        choose_share(np.arange(9), Learned(np.arange(9) % 2, "binary"), 0.2, (0,), eligible=none)
        is None
    )
