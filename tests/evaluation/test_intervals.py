"""The group bootstrap: weights, intervals, p-values, and how often an interval holds the truth."""

import numpy as np
import pytest
from scipy import stats

from seqarena.evaluation.intervals import (
    caution,
    group_weights,
    percentile_interval,
    replicate,
    student,
    two_sided_p,
)


def test_weights_are_draws_with_replacement():
    weights = group_weights(7, 2000, 0)
    assert weights.shape == (2000, 7)
    assert (weights.sum(axis=1) == 7).all()
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.1)
    np.testing.assert_allclose(weights.var(axis=0), 6 / 7, atol=0.1)
    assert np.array_equal(weights[:50], group_weights(7, 50, 0))
    assert not np.array_equal(weights, group_weights(7, 2000, 1))
    assert (group_weights(1, 5, 0) == 1).all()


def test_replicate_gives_records_the_weight_of_their_group(monkeypatch):
    values, groups = np.arange(5.0), np.array([0, 1, 1, 2, 0])
    weights = group_weights(3, 20, 1)
    expected = [np.repeat(values, row[groups]).sum() for row in weights]
    for numbers in (10**6, 15, 1):
        monkeypatch.setattr("seqarena.evaluation.intervals.BLOCK_NUMBERS", numbers)
        found = replicate(lambda w: {"sum": values @ w}, groups, weights)
        assert found["sum"] == pytest.approx(expected)


def test_percentile_interval_and_undefined_replicates():
    values = np.arange(101.0)
    assert percentile_interval(values, 0.9) == pytest.approx((5, 95))
    few = np.where(values < 5, np.nan, values)
    assert percentile_interval(few, 0.9)[0] > 5
    assert np.isnan(percentile_interval(np.where(values < 20, np.nan, values))).all()
    assert np.isnan(percentile_interval(np.full(3, np.nan))).all()


def test_p_value_is_never_zero_and_one_for_no_difference():
    assert two_sided_p(np.ones(999)) == pytest.approx(0.002)
    assert two_sided_p(-np.ones(999)) == pytest.approx(0.002)
    assert two_sided_p(np.zeros(999)) == 1
    assert two_sided_p(np.array([-1.0, 1.0] * 500)) == 1
    assert np.isnan(two_sided_p(np.array([np.nan, 1.0])))


@pytest.mark.parametrize(("n_groups", "least"), [(1, 1), (2, 0.5), (5, 1 / 16), (1000, 0.002)])
def test_p_value_of_few_groups_is_at_least_that_of_a_sign_test(n_groups, least):
    assert two_sided_p(np.ones(999), n_groups) == pytest.approx(least)
    assert two_sided_p(np.array([-1.0, 1.0] * 500), n_groups) == 1
    assert np.isnan(two_sided_p(np.full(3, np.nan), n_groups))


@pytest.mark.parametrize("df", [1, 7, 200])
def test_student_against_scipy(df):
    low, high, p = student(0.3, 0.2, df, 0.9)
    assert (low, high) == pytest.approx(stats.t(df, 0.3, 0.2).interval(0.9))
    assert p == pytest.approx(2 * stats.t(df).sf(1.5))
    assert student(-0.3, 0.2, df, 0.9) == pytest.approx((-high, -low, p))


def test_student_without_spread():
    assert student(0.0, 0.0, 5) == (0, 0, 1)
    assert np.isnan(student(0.5, 0.0, 5)).all()
    assert np.isnan(student(0.5, 1e-17, 5)).all(), "rounding isn't spread"
    assert student(1e-15, 1e-16, 5) == (0, 0, 1)
    assert student(1e-15, 1e-16, 5, scale=1e-15)[2] < 0.01, "but it is among small numbers"
    for broken in ((np.nan, 1, 5), (1, np.nan, 5), (1, 1, np.nan)):
        assert np.isnan(student(*broken)).all()


def test_cautions():
    assert "no interval" in caution(1)
    assert "only 12 groups" in caution(12)
    assert caution(30) is None


def test_the_interval_of_a_mean_holds_the_truth_where_one_of_records_does_not():
    """40 groups of 1 to 9 records that share a group effect: nominal 90 %, true mean 0."""
    random = np.random.default_rng(0)
    trials, held, held_by_records = 200, 0, 0
    for trial in range(trials):
        groups = np.repeat(np.arange(40), random.integers(1, 10, 40))
        values = random.normal(size=40)[groups] + 0.5 * random.normal(size=len(groups))

        def mean(w, values=values):
            return {"mean": values @ w / w.sum(axis=0)}

        for clustered in (True, False):
            unit = groups if clustered else np.arange(len(groups))
            drawn = replicate(mean, unit, group_weights(unit.max() + 1, 200, trial))["mean"]
            low, high = percentile_interval(drawn, 0.9)
            held += clustered * (low <= 0 <= high)
            held_by_records += (not clustered) * (low <= 0 <= high)
    assert 0.82 <= held / trials <= 0.95
    assert held_by_records / trials < 0.7
