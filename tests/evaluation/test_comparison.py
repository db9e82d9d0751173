"""Which test decides on a pair, what it says, and the ranking."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from arena import PRIMARY, arena, contest, copy_of, sizes_of, task_of

import compare_models
from seqarena.evaluation.comparison import compare
from seqarena.evaluation.corrected_t import corrected_t
from seqarena.evaluation.delong import delong_difference
from seqarena.evaluation.metrics import evaluate
from seqarena.evaluation.ranking import best_baseline, rank
from seqarena.evaluation.thresholds import choose_thresholds

ONE_SPLIT = {"repeats": 1}
ONE_TEST_SET = {"folds": 1, "repeats": 1}


def compared(predictions, task, classes, clusters, metric, sizes=None, **options):
    """Compare models by what `arena` gives."""
    sizes = sizes_of(predictions) if sizes is None else sizes
    task = task_of(task)
    thresholds = choose_thresholds(predictions, task)
    return compare(predictions, task, classes, clusters, thresholds, sizes, metric, **options)


@pytest.mark.parametrize("task", PRIMARY)
def test_a_clearly_better_model_is_better(task):
    metrics, ranking, comparison, _ = contest(task, skills=(0.5, 1.5, 3.5), n=400, n_groups=200)
    assert ranking["model"].to_list() == ["m2", "m1", "m0"]
    assert ranking["rank"].to_list() == [1, 2, 3]
    pairs = list(zip(comparison["model_a"], comparison["model_b"], strict=True))
    assert pairs == [("m2", "m1"), ("m2", "m0"), ("m1", "m0")]
    assert (comparison["verdict"] == "better").all()
    assert (comparison["method"] == "corrected t").all()
    assert (comparison["left_out"] == 0).all()
    assert (comparison["low"] > 0).all()
    assert (
        (comparison["low"] < comparison["difference"])
        & (comparison["difference"] < comparison["high"])
    ).all()
    assert best_baseline(metrics, PRIMARY[task], ["m0", "m1"]) == "m1"
    assert best_baseline(metrics, PRIMARY[task], []) is None


@pytest.mark.parametrize("task", PRIMARY)
def test_the_corrected_t_is_of_the_metrics_of_the_folds(task):
    metrics, _, comparison, _ = contest(task, skills=(0.5, 1.0), n=300, repeats=3)
    of_folds = metrics[(metrics["role"] == "test") & (metrics["fold"] != "all")]
    of_folds = of_folds[(of_folds["metric"] == PRIMARY[task]) & (of_folds["target"] == "")]
    values = of_folds.pivot_table(index=["repeat", "fold"], columns="model", values="value")
    sizes = sizes_of(arena(task, skills=(0.5, 1.0), n=300, repeats=3)[0])
    differences = (values["m1"] - values["m0"]).to_numpy()
    expected = corrected_t(differences, sizes["n_train"].to_numpy(), sizes["n_test"].to_numpy())
    row = comparison.iloc[0]
    assert row["model_a"] == "m1"
    assert (row["difference"], row["low"], row["high"], row["p"]) == pytest.approx(expected[:4])
    assert (sizes["n_train"] + 2 * sizes["n_test"]).between(240, 360).all()


@pytest.mark.parametrize(
    ("task", "metric", "folds", "repeats", "method"),
    [
        ("binary", "auroc", 4, 2, "corrected t"),
        ("binary", "auroc", 4, 1, "group bootstrap"),
        ("binary", "auroc", 1, 1, "cluster-robust DeLong"),
        ("binary", "auroc", 1, 3, "cluster-robust DeLong"),
        ("binary", "mcc", 1, 1, "group bootstrap"),
        ("binary", "log_loss", 4, 2, "corrected t"),
        ("multiclass", "macro_auroc", 1, 2, "group bootstrap"),
        ("regression", "rmse", 1, 1, "group bootstrap"),
        ("regression", "r2", 4, 3, "corrected t"),
        ("multilabel", "macro_auprc", 4, 2, "corrected t"),
        ("multilabel", "micro_auroc", 1, 1, "group bootstrap"),
        ("multilabel", "log_loss", 1, 2, "group bootstrap"),
        ("several", "rmse", 4, 1, "group bootstrap"),
    ],
)
def test_the_split_decides_on_the_method(task, metric, folds, repeats, method):
    data = arena(task, skills=(0.5, 1.5), folds=folds, repeats=repeats)
    row = compared(data[0], task, *data[1:], metric, n_bootstrap=100).iloc[0]
    assert row["method"] == method
    assert row["low"] < row["difference"] < row["high"]
    if method != "corrected t":
        thresholds = choose_thresholds(data[0], task_of(task))
        values = rank(evaluate(data[0], task_of(task), *data[1:], thresholds, 10), metric)["value"]
        assert row["difference"] == pytest.approx(abs(values[0] - values[1]))


def test_delong_averages_the_trainings_on_one_test_set():
    predictions, classes, clusters = arena(skills=(0.5, 1.0), folds=1, repeats=3)
    row = compared(predictions, "binary", classes, clusters, "auroc").iloc[0]
    test = predictions[predictions["role"] == "test"]
    wide = test.pivot_table(index="record", columns=["model", "repeat"], values="prediction")
    truth = test.drop_duplicates("record").set_index("record")["truth"].loc[wide.index] == 1
    of_record = clusters.set_index("record")["cluster"].loc[wide.index]
    models = [wide[name].to_numpy() for name in (row["model_a"], row["model_b"])]
    expected = delong_difference(truth.to_numpy(), *models, of_record.to_numpy())
    assert (row["difference"], row["low"], row["high"], row["p"]) == pytest.approx(expected[:4])


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


@pytest.mark.parametrize("options", [{}, ONE_SPLIT, ONE_TEST_SET, {"n_groups": 1} | ONE_TEST_SET])
def test_identical_predictions_differ_by_nothing(options):
    change = copy_of("m0", "m1")
    _, ranking, comparison, said = contest(change=change, skills=(1.0, 1.0), **options)
    row = comparison.iloc[0]
    assert (row["difference"], row["low"], row["high"]) == (0, 0, 0)
    assert (row["p"], row["p_adjusted"]) == (1, 1)
    assert row["verdict"] == "no practical difference"
    assert ranking["model"].to_list() == ["m0", "m1"], "the baseline ranks first in a tie"
    assert not said["beyond_noise"]
    assert said["sentence"].startswith("No network beats the best baseline")


@pytest.mark.parametrize("options", [{}, ONE_SPLIT, ONE_TEST_SET])
def test_perfect_predictions_of_all_models(options):
    def perfect(predictions):
        return predictions.assign(prediction=predictions["truth"] + (predictions["model"] == "m1"))

    _, _, comparison, said = contest(change=perfect, skills=(1.0, 1.0), **options)
    assert comparison["difference"].item() == 0
    assert comparison["p"].item() == 1
    assert comparison["verdict"].item() == "no practical difference"
    assert not said["beyond_noise"]


@pytest.mark.parametrize("options", [{}, ONE_SPLIT, ONE_TEST_SET])
def test_a_perfect_model_against_a_constant_one_is_left_to_the_bootstrap(options):
    def extremes(predictions):
        perfect = predictions["model"] == "m1"
        return predictions.assign(prediction=np.where(perfect, predictions["truth"], 0.5))

    _, _, comparison, said = contest(change=extremes, skills=(1.0, 1.0), **options)
    row = comparison.iloc[0]
    assert (row["method"], row["difference"]) == ("group bootstrap", 0.5)
    assert 0 < row["p"] < 0.05
    assert row["verdict"] == "better"
    assert said["beyond_noise"]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_two_records_decide_nothing(task):
    predictions, classes, clusters = arena(
        task, skills=(0.0, 1.0), n=2, n_classes=2, **ONE_TEST_SET
    )
    # The test records are of different classes; one model is right on both, the other wrong.
    truth = np.arange(2.0)
    if task == "multiclass":
        truth = np.array([1.0, 0.0, 0.0, 1.0])
    right = np.where(predictions["model"] == "m1", 1, -1)
    predictions["truth"] = np.resize(truth, len(predictions))
    predictions["prediction"] = 0.5 + right * (predictions["truth"] - 0.5)
    clusters["cluster"] = [0, 1]
    row = compared(predictions, task, classes, clusters, PRIMARY[task]).iloc[0]
    assert row["difference"] > 0
    assert row["verdict"] == "undecided"
    assert not row["p"] < 0.5


def test_ties_everywhere():
    def coarse(predictions):
        return predictions.assign(prediction=predictions["prediction"].round())

    for options in ({}, ONE_SPLIT, ONE_TEST_SET):
        _, _, comparison, _ = contest(change=coarse, skills=(0.0, 3.0), **options)
        row = comparison.iloc[0]
        assert row["low"] <= row["difference"] <= row["high"]
        assert row["verdict"] == "better"


def test_equal_skill_is_undecided_or_of_no_practical_size():
    _, _, comparison, said = contest(skills=(1.0, 1.0), n_groups=60)
    assert comparison["verdict"].item() == "undecided"
    assert not said["beyond_noise"]
    assert "undecided: the data can't tell" in said["sentence"]
    change = copy_of("m0", "m1", noise=1e-4)
    _, _, comparison, _ = contest(change=change, skills=(1.0, 1.0))
    assert comparison["verdict"].item() == "no practical difference"
    assert comparison["difference"].item() != 0


def test_a_difference_of_practical_size_is_in_standard_deviations_for_errors_in_units():
    data = arena("regression", skills=(1.0, 1.0))
    verdicts = []
    for unit in (1, 1000):
        predictions = data[0].assign(
            truth=unit * data[0]["truth"], prediction=unit * data[0]["prediction"]
        )
        for equivalence in (0.01, 1.0):
            row = compared(
                predictions, "regression", *data[1:], "rmse", equivalence=equivalence
            ).iloc[0]
            verdicts.append(row["verdict"])
    assert verdicts == 2 * ["undecided", "no practical difference"]


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

    _, ranking, comparison, _ = contest(change=shared, skills=(1.0, 1.0), n_groups=80, repeats=1)
    assert comparison["verdict"].item() == "better"
    assert ranking["low"].iloc[0] < ranking["high"].iloc[1], "the intervals overlap"


@pytest.mark.parametrize("options", [{}, ONE_SPLIT, ONE_TEST_SET])
def test_same_seed_same_comparison_in_any_order(options):
    predictions, classes, clusters = arena(**options)
    data = ("binary", classes, clusters, "auroc")
    first = compared(predictions, *data, n_bootstrap=100, seed=1)
    shuffled = predictions.sample(frac=1, random_state=0)
    again = compared(
        shuffled, "binary", classes, clusters.iloc[::-1], "auroc", n_bootstrap=100, seed=1
    )
    pd.testing.assert_frame_equal(first, again)
    other = compared(predictions, *data, n_bootstrap=100, seed=2)
    assert first.equals(other) == (options != ONE_SPLIT), "only the bootstrap draws"


@pytest.mark.parametrize("repeats", [1, 2])
def test_a_model_that_failed_in_a_fold_is_compared_on_what_it_predicted(repeats):
    def lose_a_fold(predictions):
        lost = (predictions["model"] == "m2") & (predictions["fold"] == 1)
        return predictions[~(lost & (predictions["repeat"] == 1))]

    _, ranking, comparison, _ = contest(change=lose_a_fold, repeats=repeats)
    if repeats == 1:
        assert ranking.set_index("model").loc["m2", "n"] < 240
    predictions, classes, clusters = arena(repeats=repeats)
    sizes = sizes_of(predictions)
    kept = (predictions["fold"] != 1) | (predictions["repeat"] != 1)
    expected = compared(
        predictions[kept], "binary", classes, clusters, "auroc", sizes, n_bootstrap=300
    )
    for name, table in (("m2", comparison), ("", expected)):
        with_lost = (table["model_a"] == name) | (name == "")
        assert (table.loc[with_lost, "left_out"] == 1).all()
        assert (table.loc[~with_lost, "left_out"] == 0).all()
    columns = ["model_a", "model_b", "difference", "method"] + ["low", "high", "p"] * (repeats == 2)
    pd.testing.assert_frame_equal(comparison[columns].head(2), expected[columns].head(2))


def test_one_repeat_left_is_no_case_for_the_corrected_t():
    predictions, classes, clusters = arena()
    sizes = sizes_of(predictions)
    kept = predictions[(predictions["model"] != "m2") | (predictions["repeat"] == 1)]
    rows = compared(kept, "binary", classes, clusters, "auroc", sizes).set_index(
        ["model_a", "model_b"]
    )
    assert rows.loc[("m2", "m0"), ["method", "left_out"]].to_list() == ["group bootstrap", 4]
    assert rows.loc[("m1", "m0"), ["method", "left_out"]].to_list() == ["corrected t", 0]


def test_a_fold_without_a_defined_metric_is_left_out():
    def one_class(predictions):
        flipped = (predictions["fold"] == 1) & (predictions["role"] == "test")
        return predictions.assign(truth=predictions["truth"].where(~flipped, 1.0))

    def no_number(predictions):
        broken = (predictions["fold"] == 1) & (predictions["model"] == "m0")
        return predictions.assign(prediction=predictions["prediction"].where(~broken))

    for change in (one_class, no_number):
        _, _, comparison, said = contest(change=change, skills=(0.0, 3.0))
        row = comparison.iloc[0]
        assert (row["method"], row["left_out"]) == ("corrected t", 2)
        assert (row["model_a"], row["verdict"]) == ("m1", "better")
        assert "Up to 2 of 8 folds aren't part of a comparison" in said["cautions"][-1]


def test_models_without_a_record_in_common():
    predictions, classes, clusters = arena(skills=(1.0, 1.0), repeats=1)
    sizes = sizes_of(predictions)
    apart = predictions[(predictions["model"] == "m0") == (predictions["fold"] < 2)]
    row = compared(apart, "binary", classes, clusters, "auroc", sizes).iloc[0]
    assert np.isnan([row["difference"], row["low"], row["high"], row["p"]]).all()
    assert (row["verdict"], row["left_out"]) == ("undecided", 4)


def test_a_single_model_has_nobody_to_compare_with():
    predictions, classes, clusters = arena(skills=(1.0,))
    comparison = compared(predictions, "binary", classes, clusters, "auroc")
    assert comparison.empty
    assert comparison.columns.to_list() == [
        *("metric", "model_a", "model_b", "difference", "low", "high"),
        *("p", "p_adjusted", "verdict", "method", "left_out"),
    ]


def test_each_fold_needs_its_sizes():
    predictions, classes, clusters = arena()
    sizes = sizes_of(predictions)
    with pytest.raises(ValueError, match="no sizes"):
        compared(predictions, "binary", classes, clusters, "auroc", sizes[sizes["fold"] != 2])


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


@pytest.mark.parametrize("task", PRIMARY)
def test_a_single_group_gives_no_verdict(task):
    _, _, comparison, said = contest(task, n_groups=1, **ONE_TEST_SET)
    assert comparison[["low", "high", "p", "p_adjusted"]].isna().all(axis=None)
    assert comparison["difference"].notna().all()
    assert (comparison["verdict"] == "undecided").all()
    assert not said["beyond_noise"]


@pytest.mark.parametrize("task", PRIMARY)
def test_chance_is_what_a_constant_prediction_reaches(task):
    def best_constant(predictions):
        truth = predictions.groupby("target")["truth"].mean()
        return predictions.assign(prediction=predictions["target"].map(truth))

    predictions, classes, clusters = arena(task, skills=(0.0, 1.0))
    rows = predictions["model"] == "m0"
    predictions.loc[rows, "prediction"] = best_constant(predictions[rows])["prediction"]
    thresholds = choose_thresholds(predictions, task_of(task))
    metrics = evaluate(predictions, task_of(task), classes, clusters, thresholds, 20)
    names = {
        "multilabel": ["macro_auroc", "macro_auprc", "micro_auroc", "micro_auprc", "macro_mcc"],
        "several": ["rmse", "r2"],
        "binary": ["auroc", "auprc", "brier", "log_loss"],
        "multiclass": ["macro_auroc", "accuracy", "balanced_accuracy", "mcc", "log_loss"],
        "regression": ["rmse", "r2"],
    }[task]
    for name in names:
        ranking = rank(metrics, name).set_index("model")
        tolerance = {"abs": 1e-6, "rel": 1e-3}
        assert ranking.loc["m0", "value"] == pytest.approx(ranking.loc["m0", "chance"], **tolerance)


def test_the_script_writes_what_the_library_says(tmp_path):
    predictions, _, clusters = arena(skills=(0.0, 2.0))
    summary = {"task": "binary", "classes": ["neg", "pos"], "target": "binding"}
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    roles = [
        {"repeat": row.repeat, "fold": row.fold, "role": role, "n": n}
        for row in sizes_of(predictions).itertuples()
        for role, n in (("train", row.n_train), ("test", row.n_test))
    ]
    (tmp_path / "splits.json").write_text(json.dumps({"roles": roles}))
    files = []
    for model, part in predictions.groupby("model"):
        files.append(tmp_path / model / "repeat1" / "predictions.parquet")
        files[-1].parent.mkdir(parents=True)
        part.drop(columns="model").to_parquet(files[-1])
    thresholds = choose_thresholds(predictions, "binary")
    metrics = evaluate(predictions, "binary", ["neg", "pos"], clusters, thresholds, 20)
    tables = {"clusters": clusters, "thresholds": thresholds, "metrics": metrics}
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.tsv", sep="\t", index=False)
    outputs = {name: tmp_path / f"out_{name}" for name in ("comparison", "ranking", "headline")}
    compare_models.main(
        SimpleNamespace(
            log=[],
            input=SimpleNamespace(
                summary=tmp_path / "summary.json",
                split_summary=tmp_path / "splits.json",
                predictions=files,
                **{name: tmp_path / f"{name}.tsv" for name in tables},
            ),
            params=SimpleNamespace(
                primary_metric="auroc",
                baselines=["m0"],
                evaluation={"equivalence": 0.01, "bootstrap": 100},
                seed=0,
            ),
            output=SimpleNamespace(**outputs),
        )
    )
    row = pd.read_csv(outputs["comparison"], sep="\t").iloc[0]
    expected = compared(predictions, "binary", ["neg", "pos"], clusters, "auroc").iloc[0]
    assert (row["method"], row["verdict"]) == ("corrected t", "better")
    assert row["p"] == pytest.approx(expected["p"])
    assert json.loads(outputs["headline"].read_text())["beyond_noise"]
    assert pd.read_csv(outputs["ranking"], sep="\t")["model"].to_list() == ["m1", "m0"]
