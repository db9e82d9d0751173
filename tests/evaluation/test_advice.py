"""Whether a learning curve says that more data would help."""

import numpy as np
import pandas as pd
import pytest

from seqarena.evaluation.advice import look_at_sizes


def curve(values, low=None, high=None, fractions=(0.25, 0.5, 1.0), metric="auroc"):
    values = np.array(values, dtype=float)
    return pd.DataFrame(
        {
            "model": "net",
            "fraction": fractions,
            "n_train": 1000 * np.array(fractions),
            "metric": metric,
            "value": values,
            "low": values - 0.02 if low is None else low,
            "high": values + 0.02 if high is None else high,
        }
    )


def answer(table, metric="auroc", equivalence=0.01, model="net"):
    return look_at_sizes(table, model, metric, equivalence)[0]


def test_a_gain_beyond_noise_means_more_data():
    found, sentence = look_at_sizes(curve([0.7, 0.75, 0.8]), "net", "auroc", 0.01)
    assert found == "yes"
    assert sentence == (
        "From 500 to 1,000 training records the test AUROC went from 0.750 (0.730 to 0.770) to "
        "0.800: more data would help."
    )


def test_a_flat_or_falling_end_means_no():
    for values in ([0.7, 0.8, 0.805], [0.7, 0.8, 0.8], [0.7, 0.8, 0.75]):
        found, sentence = look_at_sizes(curve(values), "net", "auroc", 0.01)
        assert found == "no" and "hardly help" in sentence


def test_a_gain_within_noise_is_not_shown():
    found, sentence = look_at_sizes(curve([0.7, 0.75, 0.769]), "net", "auroc", 0.01)
    assert found == "no" and "isn't beyond noise" in sentence
    assert answer(curve([0.7, 0.75, 0.771])) == "yes"


def test_a_last_step_up_after_a_fall_is_no_trend():
    found, sentence = look_at_sizes(curve([0.9, 0.75, 0.8]), "net", "auroc", 0.01)
    assert found == "no" and "over all sizes" in sentence
    assert answer(curve([0.79, 0.75, 0.8])) == "yes"
    assert answer(curve([np.nan, 0.75, 0.8])) == "yes"


def test_lower_is_better_for_losses():
    for values, expected in (([0.6, 0.5, 0.4], "yes"), ([0.4, 0.5, 0.6], "no")):
        assert answer(curve(values, metric="log_loss"), "log_loss") == expected


def test_what_is_not_there_was_not_measured():
    whole = curve([0.7, 0.75, 0.8])
    assert look_at_sizes(None, "net", "auroc", 0.01) == ("not measured", "")
    assert answer(whole[:0]) == answer(whole[:2]) == answer(whole[2:]) == "not measured"
    assert answer(whole, model="other") == answer(whole, "mcc") == "not measured"
    assert answer(curve([0.7, 0.75, np.nan])) == "not measured"
    assert answer(curve([0.7, np.nan, 0.8])) == "not measured"
    # Half of one group is that group.
    assert answer(curve([0.7, 0.75, 0.8]).assign(n_train=2)) == "not measured"
    # One group of test records: no interval.
    assert answer(curve([0.7, 0.75, 0.8], np.nan, np.nan)) == "not measured"


def test_the_order_of_rows_does_not_matter():
    table = curve([0.7, 0.75, 0.8])
    assert look_at_sizes(table[::-1], "net", "auroc", 0.01) == look_at_sizes(
        table, "net", "auroc", 0.01
    )


@pytest.mark.parametrize("correlation", [0.5, 0.9])
def test_a_curve_that_is_flat_in_truth_is_rarely_called_rising(correlation):
    """Values of all sizes scatter about 0.8 by 0.02, with the correlation of shared records."""
    random = np.random.default_rng(0)
    trials, rising = 1000, 0
    for _ in range(trials):
        shared, own = random.normal(), random.normal(size=3)
        noise = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own
        values = 0.8 + 0.02 * noise
        rising += answer(curve(values, values - 0.0392, values + 0.0392)) == "yes"
    assert rising / trials <= 0.04
