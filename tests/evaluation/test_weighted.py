"""Weighted metrics against scikit-learn and scipy, on the records literally copied."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as reference

from seqarena.evaluation import weighted


@st.composite
def weighted_scores(draw, n_classes=2):
    """Truth, tied scores and two columns of weights, at least one weight above 0 in each."""
    n = draw(st.integers(2, 25))
    whole = st.integers(0, 4)
    truth = draw(st.lists(st.integers(0, n_classes - 1), min_size=n, max_size=n))
    score = draw(st.lists(whole, min_size=n, max_size=n))
    weights = draw(st.lists(st.tuples(whole, whole), min_size=n, max_size=n))
    weights = np.array(weights, dtype=float)
    weights[draw(st.integers(0, n - 1))] += 1
    return np.array(truth), np.array(score) / 4, weights


def columns(truth, score, weights):
    """Yield what each column of weights stands for: the records copied."""
    for column in weights.T.astype(int):
        yield np.repeat(truth, column), np.repeat(score, column)


@settings(deadline=None)
@given(weighted_scores())
def test_areas_equal_scikit_learn_on_copied_records(case):
    truth, score, weights = case
    area = weighted.auroc(truth == 1, score, weights)
    precision = weighted.average_precision(truth == 1, score, weights)
    for i, (t, s) in enumerate(columns(truth, score, weights)):
        if len(np.unique(t)) < 2:
            assert np.isnan([area[i], precision[i]]).all()
        else:
            assert area[i] == pytest.approx(reference.roc_auc_score(t, s))
            assert precision[i] == pytest.approx(reference.average_precision_score(t, s))


@settings(deadline=None)
@given(weighted_scores(n_classes=4))
@pytest.mark.filterwarnings("ignore")
def test_label_metrics_equal_scikit_learn_on_copied_records(case):
    truth, score, weights = case
    decision = np.minimum((score * 4).astype(int), 3)
    found = weighted.label_metrics(weighted.confusion(truth, decision, 4, weights))
    for i, (t, d) in enumerate(columns(truth, decision, weights)):
        each = {"labels": range(4), "average": None, "zero_division": np.nan}
        assert found["accuracy"][i] == pytest.approx(reference.accuracy_score(t, d))
        assert found["macro_f1"][i] == pytest.approx(reference.f1_score(t, d, average="macro"))
        for name in ("precision", "recall", "f1"):
            expected = getattr(reference, f"{name}_score")(t, d, **each)
            np.testing.assert_allclose(found[name][:, i], expected)
        if len(np.unique(t)) > 1:
            mcc, balanced = found["mcc"][i], found["balanced_accuracy"][i]
            assert mcc == pytest.approx(reference.matthews_corrcoef(t, d))
            assert balanced == pytest.approx(reference.balanced_accuracy_score(t, d))
        else:
            assert np.isnan([found["mcc"][i], found["balanced_accuracy"][i]]).all()


@settings(deadline=None)
@given(weighted_scores(n_classes=5))
@pytest.mark.filterwarnings("ignore")
def test_regression_metrics_equal_the_references_on_copied_records(case):
    truth, prediction, weights = case
    found = weighted.regression_metrics(truth + 0.1, 3 * prediction - 7, weights)
    for i, (t, p) in enumerate(columns(truth + 0.1, 3 * prediction - 7, weights)):
        assert found["rmse"][i] == pytest.approx(reference.root_mean_squared_error(t, p))
        assert found["mae"][i] == pytest.approx(reference.mean_absolute_error(t, p))
        for name, function in (("pearson", stats.pearsonr), ("spearman", stats.spearmanr)):
            if np.ptp(t) == 0 or np.ptp(p) == 0:
                assert np.isnan(found[name][i])
            else:
                assert found[name][i] == pytest.approx(function(t, p)[0], abs=1e-9)
        if np.ptp(t) == 0:
            assert np.isnan(found["r2"][i])
        else:
            assert found["r2"][i] == pytest.approx(reference.r2_score(t, p))


def test_mcc_of_constant_decisions_is_zero():
    truth, decision = np.array([0, 1, 1]), np.array([1, 1, 1])
    found = weighted.label_metrics(weighted.confusion(truth, decision, 2, np.ones((3, 1))))
    assert found["mcc"][0] == 0
    assert np.isnan(found["precision"][0, 0])


def test_perfect_and_reversed_predictions():
    truth, score = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9])
    ones = np.ones((4, 1))
    assert weighted.auroc(truth == 1, score, ones)[0] == 1
    assert weighted.auroc(truth == 1, -score, ones)[0] == 0
    assert weighted.average_precision(truth == 1, score, ones)[0] == 1
    perfect = weighted.regression_metrics(score, score, ones)
    assert [round(perfect[k][0], 12) for k in perfect] == [1, 1, 1, 0, 0]


def test_correlation_survives_a_large_offset_and_scale():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 500))
    found = weighted.regression_metrics(1e6 + x, 1e-6 * y, np.ones((500, 1)))
    assert found["pearson"][0] == pytest.approx(stats.pearsonr(x, y)[0], abs=1e-8)
    assert found["spearman"][0] == pytest.approx(stats.spearmanr(x, y)[0])


@pytest.mark.filterwarnings("error")
def test_weights_that_are_all_0_give_nan_and_no_warning():
    truth, weights = np.array([0.0, 1.0, 3.0]), np.array([[1.0, 0.0], [2.0, 0.0], [1.0, 0.0]])
    found = weighted.regression_metrics(truth, truth[::-1], weights)
    for name, values in found.items():
        assert np.isfinite(values[0]) and np.isnan(values[1]), name
