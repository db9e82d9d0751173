"""The cluster-robust DeLong test against loops over pairs, a library and the bootstrap."""

import numpy as np
import pytest
from confidenceinterval.delong import delong_roc_variance
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from seqarena.evaluation.delong import delong_area, delong_difference


def scores(seed, n=60, n_clusters=15, levels=None, mixed=True):
    """Draw clustered labels and scores of two models; with few levels there are many ties."""
    random = np.random.default_rng(seed)
    clusters = np.sort(random.integers(0, n_clusters, n))
    of_cluster = random.integers(0, 2, n_clusters)
    positive = random.random(n) < 0.5 if mixed else of_cluster[clusters] == 1
    first, second = (
        positive + random.normal(size=n_clusters)[clusters] + random.normal(size=n)
        for _ in range(2)
    )
    if levels:
        first, second = (np.floor(levels * stats.norm.cdf(s)) for s in (first, second))
    return positive, first, second, clusters


def components(positive, score):
    """Compare each record with each of the other class; give area and components."""
    share = np.zeros(len(score))
    for i in range(len(score)):
        for j in np.flatnonzero(positive != positive[i]):
            above, below = (score[i], score[j]) if positive[i] else (score[j], score[i])
            share[i] += 1.0 if above > below else 0.5 if above == below else 0.0
        share[i] /= (positive != positive[i]).sum()
    return share[positive].mean(), share


def ordinary(positive, first, second):
    """DeLong's area difference and standard error for independent records."""
    (area_1, one), (area_2, two) = components(positive, first), components(positive, second)
    sides = [np.cov(one[side], two[side]) / side.sum() for side in (positive, ~positive)]
    contrast = np.array([1, -1])
    return area_1 - area_2, np.sqrt(contrast @ (sides[0] + sides[1]) @ contrast)


def clustered(positive, first, second, clusters):
    """Obuchowski's area difference and standard error, cluster by cluster as in the paper."""
    areas, shares = zip(*(components(positive, s) for s in (first, second)), strict=True)
    m, n = positive.sum(), (~positive).sum()
    names = np.unique(clusters)
    with_positive = len(np.unique(clusters[positive]))
    with_negative = len(np.unique(clusters[~positive]))
    covariance = np.zeros((2, 2))
    for r in range(2):
        for s in range(2):
            s10 = s01 = s11 = 0.0
            for name in names:
                inside = clusters == name
                x, y = inside & positive, inside & ~positive
                x_r, x_s = (shares[k][x].sum() - x.sum() * areas[k] for k in (r, s))
                y_r, y_s = (shares[k][y].sum() - y.sum() * areas[k] for k in (r, s))
                s10 += x_r * x_s * with_positive / ((with_positive - 1) * m)
                s01 += y_r * y_s * with_negative / ((with_negative - 1) * n)
                s11 += (x_r * y_s + y_r * x_s) * len(names) / (len(names) - 1) / (m * n)
            covariance[r, s] = s10 / m + s01 / n + s11
    contrast = np.array([1, -1])
    error = np.sqrt(contrast @ covariance @ contrast)
    return areas[0] - areas[1], error, np.sqrt(covariance[0, 0])


@pytest.mark.parametrize("levels", [None, 5, 2])
@pytest.mark.parametrize("seed", range(3))
def test_records_of_their_own_cluster_give_ordinary_delong(seed, levels):
    positive, first, second, _ = scores(seed, levels=levels)
    alone = np.arange(len(positive))
    found = delong_difference(positive, first, second, alone)
    assert (found.difference, found.standard_error) == pytest.approx(
        ordinary(positive, first, second)
    )
    area, variance = delong_roc_variance(positive.astype(int), first)
    one = delong_area(positive, first, alone)
    assert one.auroc == pytest.approx(area, abs=1e-6)  # the library computes in single precision
    assert one.standard_error == pytest.approx(np.sqrt(variance), abs=1e-5)
    assert one.auroc == pytest.approx(roc_auc_score(positive, first))


@pytest.mark.parametrize("mixed", [True, False])
@pytest.mark.parametrize("levels", [None, 4])
@pytest.mark.parametrize("seed", range(3))
def test_clusters_against_a_loop_over_pairs(seed, levels, mixed):
    data = scores(seed, levels=levels, mixed=mixed)
    difference, error, error_of_first = clustered(*data)
    found = delong_difference(*data)
    assert (found.difference, found.standard_error) == pytest.approx((difference, error))
    positive, first, _, clusters = data
    assert delong_area(positive, first, clusters).standard_error == pytest.approx(error_of_first)
    fewer = min(len(np.unique(clusters[positive])), len(np.unique(clusters[~positive])))
    assert found.df == fewer - 1
    reference = stats.t(fewer - 1)
    assert found.p == pytest.approx(2 * reference.sf(abs(difference / error)))
    assert found.high - found.difference == pytest.approx(error * reference.ppf(0.975))


@pytest.mark.parametrize("mixed", [True, False])
def test_the_standard_error_is_that_of_the_bootstrap_over_clusters(mixed):
    positive, first, second, clusters = scores(0, n=600, n_clusters=150, mixed=mixed)
    random, drawn = np.random.default_rng(0), []
    members = [np.flatnonzero(clusters == name) for name in np.unique(clusters)]
    for _ in range(300):
        rows = np.concatenate([members[k] for k in random.integers(0, len(members), len(members))])
        areas = [roc_auc_score(positive[rows], s[rows]) for s in (first, second)]
        drawn.append(areas[0] - areas[1])
    found = delong_difference(positive, first, second, clusters)
    assert found.standard_error == pytest.approx(np.std(drawn), rel=0.12)
    alone = delong_difference(positive, first, second, np.arange(600))
    # What a cluster adds to both of its classes cancels out; to one class alone it doesn't.
    assert mixed or found.standard_error > 1.2 * alone.standard_error


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**6), st.sampled_from([None, 3]))
def test_order_names_and_scale_do_not_matter(seed, levels):
    positive, first, second, clusters = scores(seed, levels=levels)
    found = delong_difference(positive, first, second, clusters)
    order = np.random.default_rng(seed).permutation(len(positive))
    names = np.array([f"g{99 - c}" for c in clusters])
    again = delong_difference(
        positive[order], np.exp(first[order]), 3 * second[order] - 1, names[order]
    )
    np.testing.assert_allclose(again, found, rtol=1e-9, atol=1e-12)
    turned = delong_difference(positive, second, first, clusters)
    np.testing.assert_allclose(turned[:3], -np.array([found[0], found[2], found[1]]), atol=1e-12)


def test_several_trainings_are_averaged_record_by_record():
    positive, first, second, clusters = scores(0)
    _, third, fourth, _ = scores(1)
    pairs = np.column_stack([first, third]), np.column_stack([second, fourth])
    found = delong_difference(positive, *pairs, clusters)
    each = [
        delong_difference(positive, *pair, clusters) for pair in ((first, second), (third, fourth))
    ]
    assert found.difference == pytest.approx(np.mean([e.difference for e in each]))
    assert found.standard_error < max(e.standard_error for e in each)
    twice = delong_difference(
        positive, *(np.column_stack([s, s]) for s in (first, second)), clusters
    )
    assert twice == pytest.approx(each[0])


def test_identical_and_perfect_predictions():
    positive, first, _, clusters = scores(0)
    perfect = positive + 0.1 * stats.norm.cdf(first)
    for same in (first, np.exp(first), np.zeros(len(first))):
        found = delong_difference(positive, same, same, clusters)
        assert found[:4] == (0, 0, 0, 1)
    assert delong_difference(positive, perfect, positive.astype(float), clusters)[:4] == (
        0,
        0,
        0,
        1,
    )
    lone = delong_difference(positive, perfect, np.zeros(len(positive)), clusters)
    assert lone.difference == 0.5
    assert np.isnan([lone.low, lone.high, lone.p]).all(), "no variance, so no evidence"
    area = delong_area(positive, perfect, clusters)
    assert area.auroc == 1
    assert np.isnan([area.low, area.high]).all()
    almost = delong_difference(positive, perfect, first, clusters)
    assert 0 < almost.p < 0.05
    assert almost.high <= 1


@pytest.mark.parametrize(
    ("positive", "clusters", "defined"),
    [
        ([True, True, True, True], [0, 1, 2, 3], False),
        ([False, False, False, False], [0, 1, 2, 3], False),
        ([True, True, False, False], [0, 0, 0, 0], True),
        ([True, True, False, False], [0, 0, 1, 2], True),
        ([True, False, False, False], [0, 1, 2, 3], True),
    ],
)
def test_no_answer_without_two_clusters_of_each_class(positive, clusters, defined):
    first, second = np.array([0.3, 0.2, 0.25, 0.1]), np.array([0.1, 0.4, 0.3, 0.2])
    found = delong_difference(np.array(positive), first, second, np.array(clusters))
    assert np.isfinite(found.difference) == defined
    assert np.isnan([found.low, found.high, found.p]).all()


def test_two_records_and_scores_that_are_no_numbers():
    two = delong_difference(
        np.array([True, False]), np.array([0.9, 0.1]), np.zeros(2), np.arange(2)
    )
    assert two.difference == 0.5
    assert np.isnan(two.p)
    positive, first, second, clusters = scores(0)
    for bad in (np.nan, np.inf):
        broken = np.where(np.arange(len(first)) == 3, bad, first)
        assert np.isnan(delong_difference(positive, broken, second, clusters)[:4]).all()
        assert np.isnan(delong_area(positive, broken, clusters)[:3]).all()
