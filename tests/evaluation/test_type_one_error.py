"""How often each test rejects where two models are equally good, in simulations of fixed seeds.

The level is 0.05. Each of our tests must keep between 0.02 and 0.09 on records that come in groups,
and must find a real difference; the tests that take records or folds for independent must be seen
to fail. `make bench CASE=type_one_error` does the same at a larger size and in more settings.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seqarena.evaluation.comparison import compare

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import null_data

LEVEL, TRIALS = 0.05, 300


def rejected(draw, tests, n_groups, trials=TRIALS, **options):
    """Give the share of trials in which each test rejects; a test without an answer doesn't."""
    p = []
    for seed in range(trials):
        data = draw(np.random.default_rng(seed), n_groups, **options)
        p.append([test(data) for test in tests])
    return (np.array(p) < LEVEL).mean(axis=0)


@pytest.mark.slow
@pytest.mark.parametrize("mixed", [False, True])
def test_one_test_set(mixed):
    tests = (null_data.robust_delong, null_data.group_bootstrap, null_data.naive_delong)
    robust, bootstrap, naive = rejected(null_data.draw_test_set, tests, 40, mixed=mixed)
    assert 0.02 <= robust <= 0.09
    assert 0.02 <= bootstrap <= 0.09
    assert naive > 0.15


@pytest.mark.slow
def test_few_groups():
    for mixed in (False, True):
        tests = (null_data.robust_delong, null_data.naive_delong)
        robust, naive = rejected(null_data.draw_test_set, tests, 20, mixed=mixed)
        assert 0.02 <= robust <= 0.09
        assert naive > 0.15


@pytest.mark.slow
@pytest.mark.parametrize(("n_groups", "mixed"), [(60, False), (60, True), (120, False)])
def test_repeated_folds(n_groups, mixed):
    tests = (null_data.corrected, null_data.naive_t)
    corrected, naive = rejected(null_data.draw_folds, tests, n_groups, mixed=mixed)
    assert 0.02 <= corrected <= 0.09
    assert naive > 0.5


@pytest.mark.slow
def test_two_repeats_are_enough_for_the_level():
    tests = (null_data.corrected, null_data.naive_t)
    corrected, naive = rejected(null_data.draw_folds, tests, 80, repeats=2)
    assert 0.02 <= corrected <= 0.09
    assert naive > 0.15


def test_one_split_is_not_enough_for_the_bootstrap():
    """It takes the trained models as given; that is why the headline has a caution for it."""
    share = rejected(null_data.draw_folds, (null_data.pooled_bootstrap,), 60, trials=100, repeats=1)
    assert share > 0.09


def test_a_real_difference_is_found():
    tests = (null_data.robust_delong, null_data.group_bootstrap)
    power = rejected(null_data.draw_test_set, tests, 100, trials=40, advantage=1.5)
    assert (power > 0.8).all()
    folds = rejected(null_data.draw_folds, (null_data.corrected,), 100, trials=40, advantage=0.6)
    assert folds > 0.8


def test_clusters_reach_the_test_through_compare(monkeypatch):
    """Groups of three near-copies, two equal models: by records the test rejects far too often."""
    # statsmodels collects garbage in each call, which in a test process takes most of the time.
    monkeypatch.setattr("gc.collect", lambda *_: 0)
    trials, level, rejections = 60, 0.1, {"group": 0, "record": 0}
    records = [f"r{i}" for i in range(180)]
    run = {"repeat": 1, "fold": 0, "role": "test", "target": "y"}
    thresholds = pd.DataFrame(
        {"model": ["a", "b"], "repeat": 1, "fold": 0, "target": "", "threshold": 0.5}
    )
    sizes = pd.DataFrame({"repeat": [1], "fold": [0], "n_train": [180], "n_test": [180]})
    for seed in range(trials):
        random = np.random.default_rng(seed)
        truth = np.repeat(random.integers(0, 2, 60), 3)
        parts = []
        for model in "ab":
            scores = np.repeat(random.normal(size=60), 3) + truth + 0.1 * random.normal(size=180)
            columns = {"model": model, "record": records, "truth": truth, "prediction": scores}
            parts.append(pd.DataFrame(columns))
        predictions = pd.concat(parts).assign(**run)
        for unit, size in (("group", 3), ("record", 1)):
            clusters = pd.DataFrame({"record": records, "cluster": np.arange(180) // size})
            data = (predictions, "binary", ["n", "p"], clusters, thresholds, sizes)
            rejections[unit] += compare(*data, "auroc")["p"].item() < level
    assert 0.02 <= rejections["group"] / trials <= 0.2
    assert rejections["record"] / trials > 0.22
