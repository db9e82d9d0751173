"""Models that are no result are named with the reason and never ranked."""

import numpy as np
import pandas as pd
import pytest
from arena import PRIMARY, constant, contest, task_of

from seqarena.evaluation.across_datasets import compare_across_datasets
from seqarena.evaluation.degenerate import (
    BY_DESIGN,
    CONSTANT,
    NOT_FINITE,
    ONE_ANSWER,
    ONE_CLASS,
    constant_runs,
    one_class_runs,
)

SKILLS = (1.0, 2.0)


def flat(model="m1"):
    return lambda predictions: constant(predictions, model)


def broken(predictions):
    return predictions.assign(
        prediction=predictions["prediction"].where(predictions["model"] != "m1")
    )


def one_class(predictions):
    """Let m1 keep its order but always decide on one class: validation misleads its threshold."""
    mine = predictions["model"] == "m1"
    if set(predictions["target"]) == {"c0", "c1", "c2"}:
        scores = predictions["prediction"] / 10 + (predictions["target"] == "c1") * 0.9
        return predictions.assign(prediction=predictions["prediction"].mask(mine, scores))
    mine &= predictions["role"] == "test"
    return predictions.assign(
        prediction=predictions["prediction"].mask(mine, predictions["prediction"] * 1e-4)
    )


@pytest.mark.parametrize("kind", PRIMARY)
@pytest.mark.parametrize(("change", "why"), [(flat(), CONSTANT), (broken, NOT_FINITE)])
def test_constant_and_broken_predictions(kind, change, why):
    _, ranking, _, said = contest(kind, change, skills=SKILLS, n_bootstrap=30)
    assert ranking["model"].to_list() == ["m0", "m1"]
    assert ranking["rank"].to_list() == [1, pd.NA]
    assert ranking["degenerate"].to_list() == [False, True]
    assert ranking["why"].to_list() == ["", why]
    assert said["best"] == "m0" and said["best_network"] is None
    assert f"`m1` is degenerate: {why}." in said["cautions"]
    assert said["sentence"].startswith("No network learned to predict `binding`")


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_always_the_same_decision_is_degenerate_however_good_the_scores(kind):
    metric = {"binary": "auroc"}.get(kind, "macro_auroc")
    metrics, ranking, _, said = contest(kind, one_class, metric, skills=SKILLS, n_bootstrap=30)
    row = ranking.set_index("model").loc["m1"]
    assert row["value"] > 0.7
    assert row["why"] == (ONE_ANSWER if kind == "multilabel" else ONE_CLASS)
    assert ranking["model"].to_list() == ["m0", "m1"], "m1 has the better scores"
    assert one_class_runs(metrics)["m1"].all() and not one_class_runs(metrics)["m0"].any()
    assert not constant_runs(metrics).any()
    assert said["best"] == "m0"


def test_a_perfect_decision_on_records_of_one_class_is_not_degenerate():
    def one_test_class(predictions):
        tested = predictions["role"] == "test"
        predictions = predictions[~tested | (predictions["truth"] == 1)]
        return predictions.assign(prediction=predictions["truth"])

    metrics, ranking, _, _ = contest(change=one_test_class, metric="accuracy", skills=SKILLS)
    assert not one_class_runs(metrics).any()
    assert set(ranking["why"]) == {
        "its accuracy of 1.000 is no better than that of a constant prediction (1.000)"
    }


def test_decisions_without_a_relation_to_truth_are_not_alike():
    """MCC is exactly 0 where half of each class is called, but F1 tells it from one answer."""

    def half(predictions):
        called = predictions.groupby(["model", "repeat", "fold", "role", "truth"]).cumcount() % 2
        return predictions.assign(prediction=0.4 + 0.2 * called)

    metrics, _, _, _ = contest(change=half, skills=(1.0,), folds=1, repeats=1, n=200)
    values = metrics[(metrics["metric"] == "mcc") & (metrics["role"] == "test")]["value"]
    if (values == 0).all():
        assert not one_class_runs(metrics).any()


@pytest.mark.parametrize(
    ("kind", "metric"),
    [
        ("binary", "auroc"),
        ("binary", "log_loss"),
        ("multiclass", "accuracy"),
        ("multilabel", "macro_auprc"),
        ("regression", "rmse"),
        ("several", "rmse"),
    ],
)
def test_no_better_than_a_constant(kind, metric):
    def reverse(predictions):
        mine = predictions["model"] == "m1"
        top = 0 if task_of(kind) == "regression" else 1
        return predictions.assign(
            prediction=predictions["prediction"].mask(mine, top - predictions["prediction"])
        )

    _, ranking, _, said = contest(kind, reverse, metric, skills=(3.0, 3.0), n_bootstrap=30)
    why = ranking.set_index("model")["why"]
    assert "is no better than that of a constant prediction" in why["m1"]
    if (kind, metric) != ("several", "rmse") and kind != "regression":
        assert why["m0"] == "" and said["best"] == "m0"


def test_the_majority_is_degenerate_by_design_and_no_caution():
    def rename(predictions):
        predictions = constant(predictions, "m0")
        return predictions.assign(model=predictions["model"].replace("m0", "majority"))

    _, ranking, comparison, said = contest(
        change=rename, skills=SKILLS, baselines=("majority",), n_bootstrap=50
    )
    assert ranking.set_index("model").loc["majority", "why"] == BY_DESIGN
    assert said["cautions"] == []
    assert "ahead of the baseline, `majority` (" in said["sentence"]
    assert "best baseline" not in said["sentence"]
    assert said["beyond_noise"]
    assert comparison["model_a"].to_list() == ["m1"]


def test_mae_is_measured_against_the_majority():
    def hopeless(predictions):
        predictions = constant(predictions, "m0", 0.0)
        mine = predictions["model"] == "m1"
        worse = predictions["prediction"].mask(mine, predictions["prediction"] + 5)
        return predictions.assign(
            prediction=worse, model=predictions["model"].replace("m0", "majority")
        )

    _, ranking, _, _ = contest("regression", hopeless, "mae", skills=(1.0, 1.0, 1.0))
    why = ranking.set_index("model")["why"]
    assert why["majority"] == BY_DESIGN
    assert why["m1"].startswith("its MAE of ") and "constant" in why["m1"]
    assert ranking["rank"].isna().to_list()[-2:] == [True, True]


def test_nothing_but_degenerate_models():
    def both(predictions):
        return one_class(constant(predictions, "m0"))

    _, ranking, _, said = contest(change=both, skills=SKILLS, n_bootstrap=30)
    assert ranking["rank"].isna().all() and ranking["degenerate"].all()
    assert (said["best"], said["best_network"], said["beyond_noise"]) == (None, None, False)
    assert said["sentence"].startswith("No model predicts `binding` better than chance")
    assert "best" not in said["sentence"]
    [named] = said["cautions"]
    assert named.count("is degenerate: ") == 2


def test_a_degenerate_baseline_with_the_better_scores_is_no_rival():
    def swap(predictions):
        names = {"m0": "m1", "m1": "m0"}
        return one_class(predictions).assign(model=predictions["model"].map(names))

    _, _, comparison, said = contest(change=swap, skills=SKILLS, n_bootstrap=30)
    assert comparison["model_a"].to_list() == ["m0"], "the comparison is of the scores"
    assert said["sentence"].startswith("`m1` (AUROC 0.")
    assert "no baseline is a result to compare it with" in said["sentence"]
    assert said["best"] == "m1" and not said["beyond_noise"]


def test_over_datasets_degenerate_models_share_the_last_place(tmp_path):
    from rule_script import read_tsv
    from seqarena.files import write_tsv

    rankings = {}
    for seed in range(5):
        ranking = contest(change=flat(), skills=(1.0, 2.0, 3.0), n_bootstrap=5, seed=seed)[1]
        write_tsv(ranking, tmp_path / "ranking.tsv")
        rankings[f"set{seed}"] = read_tsv(tmp_path / "ranking.tsv")
        assert np.isnan(rankings[f"set{seed}"]["rank"].iloc[-1])
    ranks, _ = compare_across_datasets(rankings)
    mean = ranks.groupby("model")["rank"].mean()
    assert mean.to_dict() == {"m2": 1, "m0": 2, "m1": 3}
