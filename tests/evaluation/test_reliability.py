"""Bins of equal mass, the calibration error without what chance adds, intervals of shares."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from statsmodels.stats.proportion import proportion_confint

from seqarena.evaluation.intervals import group_weights
from seqarena.evaluation.reliability import (
    BIN_COLUMNS,
    calibration_error,
    equal_mass_bins,
    number_of_bins,
    reliability_table,
    share_intervals,
)


def test_bins_of_untied_scores_equal_scikit_learn():
    random = np.random.default_rng(0)
    score = random.random(600)
    hit = random.random(600) < score
    found = reliability_table(score, hit, np.arange(600))
    observed, predicted = calibration_curve(hit, score, n_bins=15, strategy="quantile")
    np.testing.assert_allclose(found["observed"], observed)
    np.testing.assert_allclose(found["predicted"], predicted)
    assert list(found) == BIN_COLUMNS
    assert found["bin"].to_list() == list(range(15))
    assert set(found["n"]) == set(found["groups"]) == {40}


def test_ties_share_a_bin_and_bins_have_no_gaps():
    score = np.array([0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.9])
    assert equal_mass_bins(score, 4).tolist() == [2, 0, 0, 0, 0, 0, 1, 2]
    assert equal_mass_bins(np.full(5, 0.3), 4).tolist() == [0] * 5
    assert equal_mass_bins(np.arange(6.0), 3).tolist() == [0, 0, 1, 1, 2, 2]
    assert equal_mass_bins(np.arange(5.0), 1).tolist() == [0] * 5


@given(st.lists(st.integers(0, 8), min_size=1, max_size=60), st.integers(1, 15))
def test_bins_grow_with_the_score_and_never_split_ties(levels, n_bins):
    score = np.array(levels) / 8
    bins = equal_mass_bins(score, n_bins)
    assert set(bins) == set(range(bins.max() + 1)) and bins.max() < n_bins
    table = pd.DataFrame({"score": score, "bin": bins}).drop_duplicates()
    assert table["score"].is_unique
    assert table.sort_values("score")["bin"].is_monotonic_increasing


def test_number_of_bins():
    assert [number_of_bins(n) for n in (0, 1, 19, 20, 149, 150, 10**6)] == [1, 1, 1, 2, 14, 15, 15]


def test_a_sure_calibration_error_is_the_sum_of_the_gaps():
    gaps = np.array([0.1, -0.05, 0.0])
    found = calibration_error([gaps], [np.zeros((20, 3))])
    assert found == pytest.approx((0.15, 0.15, 0.15), abs=1e-6)
    two = calibration_error([gaps, 3 * gaps], [np.zeros((20, 3))] * 2)
    assert two[0] == pytest.approx(0.3, abs=1e-6)
    assert calibration_error([np.zeros(2)], [np.zeros((20, 2))]) == (0, 0, 0)


def test_what_chance_adds_is_taken_out():
    noise = 0.1 * np.random.default_rng(0).normal(size=(2000, 4))
    # Of calibrated predictions the plug-in value is 4 * 0.1 * sqrt(2 / pi) = 0.32 on average.
    value, low, high = calibration_error([np.full(4, 0.05)], [noise])
    assert (value, low) == (0, 0) and 0.2 <= high < 0.6
    value, low, high = calibration_error([np.full(4, 0.2)], [noise])
    assert 0.6 < value < 0.8 and 0.3 < low < value < high <= 1.0


def test_without_replicates_nothing_is_known_of_chance():
    assert np.isnan(calibration_error([np.array([0.1])], None)).all()
    deviations = np.zeros((20, 1))
    deviations[:3] = np.nan
    assert np.isnan(calibration_error([np.array([0.1])], [deviations])).all()
    deviations[1:] = 0
    assert calibration_error([np.array([0.1])], [deviations])[0] == pytest.approx(0.1)


def make_predictions(random, n_groups, temperature):
    """Give groups, scores and outcomes; temperature 1 is calibrated. Groups mostly agree."""
    groups = np.repeat(np.arange(n_groups), random.poisson(1, n_groups) + 1)
    logit = 1.5 * random.normal(size=n_groups)[groups] + 0.75 * random.normal(size=len(groups))
    shared, own = random.random(n_groups)[groups], random.random(len(groups))
    chance = np.where(random.random(len(groups)) < 0.7, shared, own)
    score = 1 / (1 + np.exp(-logit / temperature))
    return groups, score, chance < 1 / (1 + np.exp(-logit))


def gaps_of(groups, score, hit, n_bootstrap, seed):
    bins = equal_mass_bins(score, number_of_bins(groups.max() + 1))
    gaps = np.zeros((len(groups), bins.max() + 1))
    gaps[np.arange(len(groups)), bins] = score - hit
    weights = group_weights(groups.max() + 1, n_bootstrap, seed)[:, groups]
    point = gaps.mean(axis=0)
    return point, weights @ gaps / weights.sum(axis=1, keepdims=True) - point


@pytest.mark.parametrize("temperature", [1.0, 0.6, 0.4])
def test_the_error_is_close_to_the_truth_and_its_interval_holds_it(temperature):
    """Clustered records; nominal 95 %. The plug-in value is 0.036 where the truth is 0."""
    random = np.random.default_rng(int(10 * temperature))
    groups, score, hit = make_predictions(random, 200_000, temperature)
    truth = np.abs(gaps_of(groups, score, hit, 1, 0)[0]).sum() if temperature < 1 else 0.0
    trials, found, plug_in = 60, [], []
    for trial in range(trials):
        gaps, deviations = gaps_of(*make_predictions(random, 400, temperature), 200, trial)
        plug_in.append(np.abs(gaps).sum())
        found.append(calibration_error([gaps], [deviations]))
    value, low, high = np.array(found).T
    held = ((low <= truth) & (truth <= high)).mean()
    assert held >= 0.85
    if truth == 0:
        assert np.mean(value) < 0.45 * np.mean(plug_in)
        assert np.median(value) < 0.02 < np.mean(plug_in)
    else:
        assert abs(np.mean(value) - truth) < 0.007
        assert np.mean(plug_in) > np.mean(value)


def test_intervals_of_independent_records_are_wilsons():
    random = np.random.default_rng(1)
    n = 20_000
    bins = random.integers(0, 4, n)
    hit = random.random(n) < 0.1 + 0.2 * bins
    low, high = share_intervals(hit, np.arange(n), bins)
    count, size = np.bincount(bins, weights=hit), np.bincount(bins)
    right = proportion_confint(count, size, method="wilson")
    np.testing.assert_allclose([low, high], right, atol=5e-4)


def test_copies_of_records_tell_nothing_more():
    random = np.random.default_rng(2)
    bins = random.integers(0, 3, 300)
    hit = random.random(300) < 0.3
    once = share_intervals(hit, np.arange(300), bins)
    groups = np.repeat(np.arange(300), 10)
    copied = share_intervals(hit[groups], groups, bins[groups])
    np.testing.assert_allclose(copied, once, atol=1e-3)


def test_a_bin_of_hits_alone_has_an_interval_and_a_bin_of_one_group_none():
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    bins = np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
    low, high = share_intervals(np.ones(10, dtype=bool), groups, bins)
    # Four groups of two records each count four times: Wilson's with Student's 3.18 for 3 degrees.
    assert low[0] == pytest.approx(4 / (4 + 3.1824**2), abs=1e-4) and high[0] == 1
    assert np.isnan([low[1], high[1]]).all()
    found = reliability_table(np.full(3, 0.5), np.array([True, False, True]), np.zeros(3))
    assert found[["n", "groups"]].to_numpy().tolist() == [[3, 1]]
    assert found[["low", "high"]].isna().all(axis=None)


def share_trials(n_groups, n_bins, trials=200):
    """Simulate groups of 1 to 9 records that mostly agree; 85 % of all records are hits."""
    random = np.random.default_rng(n_groups)
    for _ in range(trials):
        groups = np.repeat(np.arange(n_groups), random.integers(1, 10, n_groups))
        shared, own = random.random(n_groups)[groups], random.random(len(groups))
        hit = np.where(random.random(len(groups)) < 0.7, shared, own) < 0.85
        yield hit, groups, groups % n_bins


@pytest.mark.parametrize(("n_groups", "n_bins"), [(40, 4), (150, 15)])
def test_the_interval_of_a_share_holds_the_truth(n_groups, n_bins):
    found = [share_intervals(*trial) for trial in share_trials(n_groups, n_bins)]
    low, high = np.concatenate(found, axis=1)
    assert 0.94 <= ((low <= 0.85) & (high >= 0.85)).mean() <= 0.995


def test_with_few_groups_it_holds_the_truth_more_often_than_a_percentile_bootstrap():
    held = held_by_bootstrap = 0
    weights = group_weights(12, 300, 0)
    for hit, groups, bins in share_trials(12, 1):
        low, high = share_intervals(hit, groups, bins)
        held += low[0] <= 0.85 <= high[0]
        hits, sizes = np.bincount(groups, weights=hit), np.bincount(groups)
        low, high = np.quantile((weights @ hits) / (weights @ sizes), [0.025, 0.975])
        held_by_bootstrap += low <= 0.85 <= high
    assert held_by_bootstrap < 170 < held
