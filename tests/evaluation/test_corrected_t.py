"""The corrected resampled t-test against baycomp and a loop, and where it has no answer."""

import numpy as np
import pytest
from baycomp import CorrelatedTTest
from scipy import stats

from seqarena.evaluation.corrected_t import corrected_t, fold_sizes


def by_definition(differences, n_train, n_test):
    """Nadeau and Bengio's statistic, step by step; give mean, standard error and p."""
    count = len(differences)
    mean = sum(differences) / count
    variance = sum((d - mean) ** 2 for d in differences) / (count - 1)
    error = ((1 / count + sum(n_test) / sum(n_train)) * variance) ** 0.5
    return mean, error, 2 * stats.t(count - 1).sf(abs(mean / error))


@pytest.mark.parametrize(("repeats", "folds"), [(10, 5), (2, 3), (5, 10)])
def test_against_baycomp_where_all_that_is_not_tested_trains(repeats, folds):
    random = np.random.default_rng(folds)
    first, second = 0.8 + 0.05 * random.normal(size=(2, repeats * folds))
    found = corrected_t(second - first, np.full(len(first), folds - 1), np.ones(len(first)), 0.9)
    mean, variance, df = CorrelatedTTest.compute_statistics(first, second, runs=repeats)
    posterior = stats.t(df, mean, np.sqrt(variance))
    assert found.difference == pytest.approx(mean)
    assert (found.low, found.high) == pytest.approx(posterior.interval(0.9))
    left = CorrelatedTTest.probs(first, second, runs=repeats)[0]
    assert found.p == pytest.approx(2 * min(left, 1 - left))
    assert (found.folds, found.left_out) == (repeats * folds, 0)


def test_hand_computed():
    # Mean 0.02, s^2 = 0.0002, (1/3 + 20/60) s^2 = 0.0004/3, so t = 0.02 / 0.011547 = sqrt(3); with
    # 2 degrees of freedom p = 1 - sqrt(3) / sqrt(3 + 2).
    found = corrected_t(
        np.array([0.0341421356, 0.02, 0.0058578644]), *np.full((2, 3), [[60], [20]])
    )
    assert found.difference == pytest.approx(0.02)
    assert found.p == pytest.approx(1 - np.sqrt(3 / 5))


def test_real_sizes_count_and_folds_without_a_value_do_not():
    random = np.random.default_rng(0)
    differences = random.normal(0.1, 0.1, size=10)
    n_train, n_test = random.integers(50, 90, 10), random.integers(5, 30, 10)
    mean, error, p = by_definition(differences, n_train, n_test)
    found = corrected_t(differences, n_train, n_test)
    assert (found.difference, found.p) == pytest.approx((mean, p))
    assert found.high - found.low == pytest.approx(2 * error * stats.t(9).ppf(0.975))
    differences[[2, 5]] = np.nan
    kept = np.isfinite(differences)
    some = corrected_t(differences, n_train, n_test)
    assert some[:4] == corrected_t(differences[kept], n_train[kept], n_test[kept])[:4]
    assert (some.folds, some.left_out) == (8, 2)


def test_it_is_more_careful_than_the_paired_t_and_turns_with_its_sign():
    differences = np.random.default_rng(1).normal(0.1, 0.2, size=50)
    sizes = np.full(50, 60), np.full(50, 20)
    found, turned = corrected_t(differences, *sizes), corrected_t(-differences, *sizes)
    assert found.p > 10 * stats.ttest_1samp(differences, 0).pvalue
    assert (turned.low, turned.high, turned.p) == pytest.approx((-found.high, -found.low, found.p))


def test_without_spread():
    sizes = np.full(10, 80), np.full(10, 20)
    assert corrected_t(np.zeros(10), *sizes)[:4] == (0, 0, 0, 1)
    # 0.1 + 0.2 - 0.3 isn't 0: differences that are the same up to rounding are the same.
    same = np.where(np.arange(10) % 2, 0.1 + 0.2, 0.3)
    for value in (same, np.full(10, 1e6), np.full(10, -1e-6)):
        found = corrected_t(value, *sizes)
        assert found.difference == pytest.approx(value[0])
        assert np.isnan([found.low, found.high, found.p]).all()


@pytest.mark.parametrize("defined", [0, 1])
def test_fewer_than_two_folds_give_no_answer(defined):
    differences = np.where(np.arange(5) < defined, 0.1, np.nan)
    found = corrected_t(differences, np.full(5, 80), np.full(5, 20))
    assert np.isnan(found[:4]).all()
    assert (found.folds, found.left_out) == (defined, 5 - defined)


def test_sizes_come_from_the_roles_of_the_split():
    roles = [
        {"repeat": repeat, "fold": fold, "role": role, "n": n + fold, "groups": 3}
        for repeat in (2, 1)
        for fold in (1, 0)
        for role, n in (("train", 60), ("validation", 20), ("test", 30))
    ]
    sizes = fold_sizes(roles)
    assert sizes.to_dict("list") == {
        "repeat": [1, 1, 2, 2],
        "fold": [0, 1, 0, 1],
        "n_train": [60, 61, 60, 61],
        "n_test": [30, 31, 30, 31],
    }
