"""Ranking, paired comparison, verdicts and the headline."""

import json

import numpy as np
import pandas as pd
import pytest
from arena import arena, constant

from seqarena.evaluation.comparison import best_baseline, compare, headline, rank
from seqarena.evaluation.metrics import choose_thresholds, evaluate

PRIMARY = {"binary": "auroc", "multiclass": "accuracy", "regression": "spearman"}


def contest(task="binary", change=None, metric=None, baselines=("m0",), n_bootstrap=300, **options):
    """Evaluate and compare made-up models; give metrics, ranking, comparison and headline."""
    predictions, classes, clusters = arena(task, **options)
    predictions = predictions if change is None else change(predictions)
    metric = metric or PRIMARY[task]
    data = (predictions, task, classes, clusters, choose_thresholds(predictions, task))
    metrics = evaluate(*data, n_bootstrap)
    comparison = compare(*data, metric, baselines, n_bootstrap=n_bootstrap)
    ranking = rank(metrics, metric, baselines)
    return metrics, ranking, comparison, headline(ranking, comparison, baselines, metric, "binding")


def copy_of(source, target, noise=0.0, seed=0):
    """Replace the predictions of one model by those of another."""

    def change(predictions):
        predictions = predictions.copy()
        random = np.random.default_rng(seed)
        values = predictions.loc[predictions["model"] == source, "prediction"].to_numpy()
        values = values + noise * random.normal(size=len(values))
        predictions.loc[predictions["model"] == target, "prediction"] = values
        return predictions

    return change


@pytest.mark.parametrize("task", PRIMARY)
def test_a_clearly_better_model_is_better(task):
    metrics, ranking, comparison, said = contest(task, n=400, n_groups=200)
    assert ranking["model"].to_list() == ["m2", "m1", "m0"]
    assert ranking["rank"].to_list() == [1, 2, 3]
    pairs = list(zip(comparison["model_a"], comparison["model_b"], strict=True))
    assert pairs == [("m2", "m1"), ("m2", "m0"), ("m1", "m0")]
    assert (comparison["verdict"] == "better").all()
    assert (comparison["low"] > 0).all()
    values = ranking.set_index("model")["value"]
    for row in comparison.itertuples():
        expected = values[row.model_a] - values[row.model_b]
        assert row.difference == pytest.approx(expected)
        assert row.low < row.difference < row.high
    assert said["beyond_noise"]
    assert (said["best"], said["best_baseline"]) == ("m2", "m0")
    assert said["sentence"].startswith("`m2`")
    assert "ahead of the best baseline, `m0`" in said["sentence"]
    assert best_baseline(metrics, PRIMARY[task], ["m0", "m1"]) == "m1"
    assert best_baseline(metrics, PRIMARY[task], []) is None
    json.dumps(said, allow_nan=False)


@pytest.mark.parametrize(("task", "metric"), [("binary", "log_loss"), ("regression", "rmse")])
def test_a_lower_metric_gives_a_positive_difference_to_the_better_model(task, metric):
    def spoil(predictions):
        truth = predictions["truth"]
        noise = {"m0": 0.4, "m1": 0.2, "m2": 0.1}
        random = np.random.default_rng(0).random(len(truth))
        return predictions.assign(
            prediction=truth + (0.5 - truth) * predictions["model"].map(noise) + 0.01 * random
        )

    _, ranking, comparison, said = contest(task, spoil, metric, skills=(1, 1, 1))
    assert ranking["model"].to_list() == ["m2", "m1", "m0"]
    assert (comparison["difference"] > 0).all()
    assert (comparison["verdict"] == "better").all()
    assert said["difference"] > 0


def test_identical_predictions_differ_by_nothing():
    for options in ({}, {"n_groups": 1, "folds": 1, "repeats": 1}):
        _, ranking, comparison, said = contest(
            change=copy_of("m0", "m1"), skills=(1.0, 1.0), **options
        )
        row = comparison.iloc[0]
        assert (row["difference"], row["low"], row["high"]) == (0, 0, 0)
        assert (row["p"], row["p_adjusted"]) == (1, 1)
        assert row["verdict"] == "no practical difference"
        assert ranking["model"].to_list() == ["m0", "m1"], "the baseline ranks first in a tie"
        assert not said["beyond_noise"]
        assert said["sentence"].startswith("No network beats the best baseline")


def test_perfect_predictions_of_all_models():
    _, _, comparison, said = contest(
        change=lambda p: p.assign(prediction=p["truth"] + (p["model"] == "m1")),
        skills=(1.0, 1.0),
    )
    assert comparison["difference"].item() == 0
    assert comparison["p"].item() == 1
    assert comparison["verdict"].item() == "no practical difference"
    assert not said["beyond_noise"]


def test_equal_skill_is_undecided_or_of_no_practical_size():
    _, _, comparison, said = contest(skills=(1.0, 1.0), n_groups=60)
    assert comparison["verdict"].item() == "undecided"
    assert not said["beyond_noise"]
    assert "not beyond noise" in said["sentence"] or "could be noise" in said["sentence"]
    change = copy_of("m0", "m1", noise=1e-4)
    _, _, comparison, _ = contest(change=change, skills=(1.0, 1.0))
    assert comparison["verdict"].item() == "no practical difference"
    assert comparison["difference"].item() > 0


def test_holm_is_that_of_the_definition_and_counts_all_pairs():
    _, _, comparison, _ = contest(skills=(0.8, 0.9, 1.0, 1.2), n_bootstrap=100)
    p = comparison["p"].to_numpy()
    order = np.argsort(p)
    stepped = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order]).clip(max=1)
    np.testing.assert_allclose(comparison["p_adjusted"].to_numpy()[order], stepped)


def test_many_pairs_get_replicates_enough_to_be_decided():
    _, _, comparison, _ = contest(
        change=lambda p: p.assign(
            prediction=p["prediction"] + p["truth"] * p["model"].str[1:].astype(float)
        ),
        skills=(0.0,) * 6,
        n_bootstrap=20,
        repeats=1,
    )
    assert len(comparison) == 15
    first = comparison[(comparison["model_a"] == "m5") & (comparison["model_b"] == "m0")]
    assert first["verdict"].item() == "better"


def test_the_comparison_is_paired():
    """Two models that share their errors are told apart where two unrelated ones aren't."""

    def shared(predictions):
        predictions = copy_of("m0", "m1")(predictions)
        rows = predictions["model"] == "m1"
        predictions.loc[rows, "prediction"] += 0.06 * predictions.loc[rows, "truth"]
        return predictions

    _, ranking, comparison, _ = contest(change=shared, skills=(1.0, 1.0), n_groups=80)
    assert comparison["verdict"].item() == "better"
    assert ranking["low"].iloc[0] < ranking["high"].iloc[1], "the intervals overlap"


def test_the_level_of_the_test_holds_under_clustered_null_data(monkeypatch):
    """Groups of three near-copies, two equal models: by records the test rejects far too often."""
    # statsmodels collects garbage in each call, which in a test process takes most of the time.
    monkeypatch.setattr("gc.collect", lambda *_: 0)
    trials, level, rejected = 60, 0.1, {"group": 0, "record": 0}
    for seed in range(trials):
        random = np.random.default_rng(seed)
        truth = np.repeat(random.integers(0, 2, 60), 3)
        records = [f"r{i}" for i in range(180)]
        parts = []
        for model in "ab":
            scores = np.repeat(random.normal(size=60), 3) + truth + 0.1 * random.normal(size=180)
            columns = {"model": model, "record": records, "truth": truth, "prediction": scores}
            parts.append(pd.DataFrame(columns))
        run = {"repeat": 1, "fold": 0, "role": "test", "target": "y"}
        predictions = pd.concat(parts).assign(**run)
        thresholds = pd.DataFrame({"model": ["a", "b"], "repeat": 1, "fold": 0, "threshold": 0.5})
        for unit, size in (("group", 3), ("record", 1)):
            clusters = pd.DataFrame({"record": records, "cluster": np.arange(180) // size})
            data = (predictions, "binary", ["n", "p"], clusters, thresholds)
            rejected[unit] += compare(*data, "auroc", n_bootstrap=200)["p"].item() < level
    assert 0.02 <= rejected["group"] / trials <= 0.2
    assert rejected["record"] / trials > 0.22


def test_same_seed_same_comparison():
    predictions, classes, clusters = arena()
    thresholds = choose_thresholds(predictions, "binary")
    data = ("binary", classes, clusters, thresholds, "auroc")
    first = compare(predictions, *data, n_bootstrap=100, seed=1)
    again = compare(predictions.sample(frac=1, random_state=0), *data, n_bootstrap=100, seed=1)
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(compare(predictions, *data, n_bootstrap=100, seed=2))


def test_models_are_compared_on_the_records_that_both_predicted():
    def lose_a_fold(predictions):
        return predictions[(predictions["model"] != "m2") | (predictions["fold"] != 1)]

    _, ranking, comparison, _ = contest(change=lose_a_fold)
    assert ranking.set_index("model").loc["m2", "n"] < 240
    predictions, classes, clusters = arena()
    kept = predictions[predictions["fold"] != 1]
    thresholds = choose_thresholds(kept, "binary")
    found = rank(evaluate(kept, "binary", classes, clusters, thresholds, 10), "auroc")
    values = found.set_index("model")["value"]
    rows = comparison.set_index(["model_a", "model_b"])["difference"]
    assert rows["m2", "m0"] == pytest.approx(values["m2"] - values["m0"])


def test_a_degenerate_model_is_never_best():
    _, ranking, _, said = contest(change=lambda p: constant(p, "m0"), skills=(1.0, -1.5), folds=4)
    assert ranking["degenerate"].to_list() == [True, False]
    assert said["best"] is None
    assert said["sentence"].startswith("No model predicts `binding` better than chance")
    _, _, _, said = contest(change=lambda p: constant(constant(p, "m0"), "m1"), skills=(1.0, 1.0))
    assert said["best"] is None
    assert said["sentence"].startswith("No model learned to predict `binding`")


def test_an_undefined_metric_ranks_last_and_is_not_compared():
    def break_m1(predictions):
        return predictions.assign(
            prediction=predictions["prediction"].where(predictions["model"] != "m1")
        )

    _, ranking, comparison, said = contest("regression", break_m1)
    assert ranking["model"].to_list() == ["m2", "m0", "m1"]
    with_m1 = comparison["model_b"] == "m1"
    assert comparison.loc[with_m1, ["p", "p_adjusted", "difference"]].isna().all(axis=None)
    assert (comparison.loc[with_m1, "verdict"] == "undecided").all()
    assert comparison.loc[~with_m1, "verdict"].item() == "better"
    assert said["best"] == "m2"


def test_headline_says_that_the_metric_is_undefined():
    def one_test_class(predictions):
        wanted = (predictions["role"] != "test") | (predictions["truth"] == 1)
        return predictions[wanted]

    _, ranking, _, said = contest(change=one_test_class)
    assert not ranking["degenerate"].any()
    assert said["best"] is None
    assert "AUROC can't be computed on these test records" in said["sentence"]


def test_headline_says_first_that_nothing_beats_chance():
    _, _, _, said = contest(skills=(0.0, 0.0), seed=3)
    assert said["sentence"].startswith("No model predicts `binding` better than chance")
    assert not said["beyond_noise"]
    assert said["best"] is None


def test_headline_says_first_that_a_baseline_wins():
    _, _, _, said = contest(skills=(3.0, 1.0))
    assert said["sentence"].startswith("A baseline predicts `binding` best: `m0`")
    assert "which is more than noise" in said["sentence"]
    assert said["difference"] < 0
    assert said["low"] < said["difference"] < said["high"]
    assert (said["best"], said["best_network"], said["best_baseline"]) == ("m0", "m1", "m0")


def test_headline_without_baselines_or_networks():
    _, _, _, said = contest(baselines=())
    assert "no baseline was run" in said["sentence"]
    assert (said["difference"], said["best"]) == (None, "m2")
    _, _, _, said = contest(baselines=("m0", "m1", "m2"))
    assert said["sentence"].startswith("No network was run")


def test_a_single_group_gives_no_verdict_but_a_caution():
    _, _, comparison, said = contest(n_groups=1, folds=1, repeats=1)
    assert comparison[["low", "high", "p", "p_adjusted"]].isna().all(axis=None)
    assert (comparison["verdict"] == "undecided").all()
    assert "no interval" in said["sentence"]
    assert not said["beyond_noise"]
    assert "one group" in said["cautions"][0]


@pytest.mark.parametrize("task", PRIMARY)
def test_chance_is_what_a_constant_prediction_reaches(task):
    def best_constant(predictions):
        truth = predictions.groupby("target")["truth"].mean()
        return predictions.assign(prediction=predictions["target"].map(truth))

    predictions, classes, clusters = arena(task, skills=(0.0, 1.0))
    rows = predictions["model"] == "m0"
    predictions.loc[rows, "prediction"] = best_constant(predictions[rows])["prediction"]
    thresholds = choose_thresholds(predictions, task)
    metrics = evaluate(predictions, task, classes, clusters, thresholds, 20)
    names = {
        "binary": ["auroc", "auprc", "brier", "log_loss"],
        "multiclass": ["macro_auroc", "accuracy", "balanced_accuracy", "mcc", "log_loss"],
        "regression": ["rmse", "r2"],
    }[task]
    for name in names:
        ranking = rank(metrics, name).set_index("model")
        tolerance = {"abs": 1e-6, "rel": 1e-3}
        assert ranking.loc["m0", "value"] == pytest.approx(ranking.loc["m0", "chance"], **tolerance)
