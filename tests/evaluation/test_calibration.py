"""Temperatures, and metrics of calibration before and after them."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from arena import arena, constant
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, log_softmax, softmax
from sklearn.metrics import brier_score_loss, log_loss

import calibrate_models
from rule_script import read_tsv
from seqarena.evaluation.calibration import calibrate, fit_temperature, scale
from seqarena.evaluation.metrics import evaluate
from seqarena.evaluation.thresholds import choose_thresholds

ROW = ["model", "stage", "metric"]


def measured(task="binary", n_bootstrap=60, change=lambda predictions: predictions, **options):
    predictions, classes, clusters = arena(task, **options)
    predictions = change(predictions)
    return *calibrate(predictions, task, classes, clusters, n_bootstrap), predictions


def simulate(n, temperature, seed=0, n_classes=2):
    """Give over-confident (temperature above 1) predictions and the truth."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(n, n_classes)) * 1.5
    chance = softmax(logits, axis=1).cumsum(axis=1)
    truth = (random.random(n)[:, None] > chance).sum(axis=1).clip(0, n_classes - 1)
    prediction = softmax(temperature * logits, axis=1)
    return (prediction[:, 1] if n_classes == 2 else prediction), truth


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_temperature_equals_a_grid_search(n_classes, seed):
    prediction, truth = simulate(200, 1.7, seed, n_classes)
    grid = np.exp(np.linspace(np.log(0.05), np.log(20), 2000))
    both = np.stack([1 - prediction, prediction], axis=1) if n_classes == 2 else prediction
    losses = [-log_softmax(np.log(both) / t, axis=1)[np.arange(200), truth].mean() for t in grid]
    best = grid[np.argmin(losses)]
    assert min(losses) == pytest.approx(log_loss(truth, scale(prediction, best)))
    assert fit_temperature(prediction, truth) == pytest.approx(best, rel=0.004)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_a_known_temperature_is_recovered(n_classes, temperature):
    found = fit_temperature(*simulate(40_000, temperature, 1, n_classes))
    assert found == pytest.approx(temperature, rel=0.03)


def test_two_classes_are_a_binary_task():
    prediction, truth = simulate(300, 2.0)
    both = np.stack([1 - prediction, prediction], axis=1)
    assert fit_temperature(both, truth) == pytest.approx(fit_temperature(prediction, truth))
    np.testing.assert_allclose(scale(both, 1.5)[:, 1], scale(prediction, 1.5))


def test_scaling_by_hand():
    # Odds of 9 and of 1/9; half the logit is the square root of the odds.
    np.testing.assert_allclose(scale(np.array([0.9, 0.1, 0.5]), 2.0), [0.75, 0.25, 0.5])
    several = np.array([[0.64, 0.32, 0.04]])
    roots = np.sqrt(several)
    np.testing.assert_allclose(scale(several, 2.0), roots / roots.sum())
    single = np.array([0.3, 1.0, np.nan])
    assert scale(single, 1.0) is single
    assert np.isnan(scale(single, np.nan)).all()
    assert np.isnan(scale(single, 2.0)).tolist() == [False, False, True]
    assert np.isnan(scale(np.array([[np.inf, 0.1], [0.5, 0.5]]), 2.0))[:, 0].tolist() == [
        True,
        False,
    ]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20), st.floats(0.05, 20), st.integers(2, 5))
def test_scaling_keeps_the_order_and_the_decided_class(values, temperature, n_classes):
    score = np.sort(values)
    scaled = scale(score, temperature)
    assert (np.diff(scaled) >= 0).all() and ((scaled >= 0) & (scaled <= 1)).all()
    several = np.resize(values, (len(values), n_classes)) + 1e-3
    several /= several.sum(axis=1, keepdims=True)
    after = scale(several, temperature)
    np.testing.assert_allclose(after.sum(axis=1), 1)
    decided = after[np.arange(len(after)), several.argmax(axis=1)]
    assert (decided >= after.max(axis=1) * (1 - 1e-9)).all()


@pytest.mark.parametrize(
    ("prediction", "truth", "expected"),
    [
        ([], [], 1),
        ([0.2, 0.7, 0.9], [1, 1, 1], 1),
        ([0.3, 0.3, 0.3], [0, 1, 1], 1),
        ([0.4, 0.45, 0.6, 0.7], [0, 0, 1, 1], 1),
        ([0.0, 1.0, 1.0], [0, 1, 1], 1),
        ([0.2, np.nan], [0, 1], np.nan),
        ([0.2, np.inf], [0, 1], np.nan),
        ([0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1], 20),
        ([0.4999, 0.5001, 0.5002, 0.4999] * 9 + [0.49999], [0, 1, 1, 0] * 9 + [1], 0.05),
        ([[0.2, 0.3, 0.5]] * 3, [0, 1, 2], 1),
        ([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]], [2, 0], 1),
        ([[np.nan] * 3, [0.6, 0.3, 0.1]], [2, 0], np.nan),
    ],
)
def test_where_there_is_nothing_to_fit(prediction, truth, expected):
    found = fit_temperature(np.array(prediction), np.array(truth, dtype=int))
    assert found == pytest.approx(expected, nan_ok=True)


def test_probabilities_of_0_and_1_are_clipped():
    prediction, truth = np.array([0.0, 1.0, 1.0, 0.0, 0.6]), np.array([0, 1, 0, 1, 1])
    # Two right, two wrong and equally sure: only a temperature without end would do.
    assert fit_temperature(prediction, truth) == 20
    # Odds of 3 to 1 are right of records that all have the largest logit.
    prediction, truth = np.array([0.0, 0.0, 1.0, 1.0] * 5), np.array([0, 0, 1, 0] * 5)
    largest = np.log((1 - 1e-7) / 1e-7)
    assert fit_temperature(prediction, truth) == pytest.approx(largest / np.log(3))


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_the_stage_before_is_the_metrics_table(task):
    predictions, classes, clusters = arena(task)
    found, _, _ = calibrate(predictions, task, classes, clusters, 60)
    thresholds = choose_thresholds(predictions, task)
    metrics = evaluate(predictions, task, classes, clusters, thresholds, 60)
    metrics = metrics[(metrics["role"] == "test") & (metrics["repeat"] == "all")]
    metrics = metrics[metrics["target"] == ""].set_index(["model", "metric"])
    before = found[found["stage"] == "before"].set_index(["model", "metric"])
    shared = [row for row in before.index if row in metrics.index]
    assert len(shared) == (6 if task == "binary" else 3)
    columns = ["value", "low", "high", "n", "groups"]
    np.testing.assert_allclose(
        before.loc[shared, columns], metrics.loc[shared, columns].astype(float), rtol=1e-10
    )


def test_brier_score_of_several_classes_equals_scikit_learn():
    found, _, _, predictions = measured("multiclass", repeats=1)
    rows = predictions[(predictions["model"] == "m1") & (predictions["role"] == "test")]
    wide = rows.sort_values(["record", "target"])
    truth = wide["truth"].to_numpy().reshape(-1, 3).argmax(axis=1)
    prediction = wide["prediction"].to_numpy().reshape(-1, 3)
    expected = brier_score_loss(truth, prediction, labels=range(3), scale_by_half=False)
    assert value(found, "m1", "before", "brier") == pytest.approx(expected)


def value(found, model, stage, metric):
    rows = found[found[ROW].eq([model, stage, metric]).all(axis=1)]
    assert len(rows) == 1
    return rows["value"].item()


def sharpen(factor):
    """Multiply the logits of a model's predictions."""

    def change(predictions):
        p = predictions["prediction"].to_numpy()
        return predictions.assign(prediction=expit(factor * np.log(p / (1 - p))))

    return change


def test_an_over_confident_model_is_mended():
    kept, fitted, _, _ = measured(n=2000, n_groups=800, skills=(0.7,))
    found, temperatures, reliability, _ = measured(
        n=2000, n_groups=800, skills=(0.7,), change=sharpen(3.0)
    )
    pd.testing.assert_series_equal(
        temperatures["temperature"] / 3, fitted["temperature"], rtol=1e-5
    )
    for metric in ("brier", "log_loss", "ece"):
        before, after = (value(found, "m0", stage, metric) for stage in ("before", "after"))
        assert after < before
        assert after == pytest.approx(value(kept, "m0", "after", metric), abs=1e-6)
    assert value(found, "m0", "before", "ece") > 0.2
    assert value(found, "m0", "after", "ece") < 0.02
    inside = reliability["predicted"].between(reliability["low"], reliability["high"])
    share = inside.groupby(reliability["stage"]).mean()
    assert share["before"] < 0.3 and share["after"] > 0.8


def test_temperatures_come_from_validation_and_from_no_other_fold():
    _, expected, _, predictions = measured()
    _, _, clusters = arena()
    test = predictions["role"] == "test"
    changed = predictions.assign(
        prediction=predictions["prediction"].where(~test, 0.5),
        truth=predictions["truth"].where(~test, 1.0),
    )
    _, found, _ = calibrate(changed, "binary", ["neg", "pos"], clusters, 10)
    pd.testing.assert_frame_equal(found, expected)
    fold = (predictions["fold"] == 2) & ~test
    changed = predictions.assign(truth=predictions["truth"].mask(fold, 1.0))
    _, found, _ = calibrate(changed, "binary", ["neg", "pos"], clusters, 10)
    same = expected["fold"] != 2
    pd.testing.assert_frame_equal(found[same], expected[same])
    assert (found.loc[~same, "temperature"] == 1).all()


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_tables_have_the_columns_and_rows_of_the_contract(task):
    found, temperatures, reliability, predictions = measured(task)
    size = ["value", "low", "high", "n", "groups"]
    assert list(found) == [*ROW[:2], "target", "metric", *size]
    assert len(found) == 3 * 2 * 3 and not found[ROW].duplicated().any()
    assert set(found["metric"]) == {"brier", "log_loss", "ece"}
    assert found["n"].eq(predictions["record"].nunique()).all()
    assert (found["low"] <= found["value"]).all() and (found["value"] <= found["high"]).all()
    assert list(temperatures) == ["model", "repeat", "fold", "target", "temperature"]
    assert len(temperatures) == 3 * 2 * 4
    bins = ["bin", "n", "groups", "predicted", "observed", "low", "high"]
    assert list(reliability) == ["model", "stage", "target", *bins]
    # Of one repeat: each record counts once.
    counted = reliability.groupby(["model", "stage"])["n"].sum()
    assert (counted == predictions["record"].nunique()).all() and len(counted) == 6
    assert reliability[["low", "high", "observed"]].to_numpy().min() >= 0
    assert reliability[["low", "high", "observed"]].to_numpy().max() <= 1


def test_reliability_is_that_of_the_first_repeat():
    _, _, expected, predictions = measured()
    _, _, clusters = arena()
    first = predictions[predictions["repeat"] == 1]
    _, _, found = calibrate(first, "binary", ["neg", "pos"], clusters, 10)
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_the_order_of_records_does_not_matter(task):
    *expected, predictions = measured(task)
    _, classes, clusters = arena(task)
    shuffled = predictions.sample(frac=1, random_state=0)
    found = calibrate(shuffled, task, classes, clusters.sample(frac=1, random_state=1), 60)
    for one, other in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_a_constant_model_stays_as_it_is():
    found, temperatures, _, _ = measured(change=lambda p: constant(p, "m0"))
    assert (temperatures.loc[temperatures["model"] == "m0", "temperature"] == 1).all()
    rows = found[found["model"] == "m0"].set_index(["stage", "metric"])["value"]
    pd.testing.assert_series_equal(rows["before"], rows["after"])
    assert not (temperatures.loc[temperatures["model"] == "m1", "temperature"] == 1).any()


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("role", ["test", "validation"])
def test_predictions_that_are_not_finite_make_nan_and_no_error(task, role):
    def broken(predictions):
        rows = (predictions["model"] == "m0") & (predictions["fold"] == 1)
        rows &= (predictions["role"] == role) & (predictions["repeat"] == 1)
        return predictions.assign(prediction=predictions["prediction"].mask(rows))

    found, temperatures, reliability, _ = measured(task, change=broken)
    kept, whole, _, _ = measured(task)
    mine = found["model"] == "m0"
    pd.testing.assert_frame_equal(found[~mine], kept[~mine])
    undefined = found[mine].set_index("stage")["value"].isna()
    assert undefined["after"].all() and undefined["before"].all() == (role == "test")
    nan = temperatures["temperature"].isna()
    assert nan.sum() == (role == "validation") and whole["temperature"].notna().all()
    stages = set(reliability.loc[reliability["model"] == "m0", "stage"])
    assert stages == (set() if role == "test" else {"before"})


def test_nothing_finite_gives_a_table_without_rows():
    _, _, reliability, _ = measured(
        skills=(1.0,), change=lambda predictions: predictions.assign(prediction=np.nan)
    )
    assert reliability.empty and list(reliability)[:4] == ["model", "stage", "target", "bin"]


def test_one_group_has_no_interval_and_no_calibration_error():
    found, _, reliability, _ = measured(n=40, n_groups=1, folds=1, repeats=1)
    losses = found["metric"] != "ece"
    assert found.loc[losses, "value"].notna().all()
    assert found.loc[~losses, "value"].isna().all()
    assert found[["low", "high"]].isna().all(axis=None)
    assert reliability[["low", "high"]].isna().all(axis=None)
    assert set(reliability["bin"]) == {0}


def test_two_records_are_enough_not_to_fail():
    predictions = pd.DataFrame(
        {
            "model": "m",
            "repeat": 1,
            "fold": [0, 0, 1, 1],
            "role": ["test", "validation"] * 2,
            "record": ["a", "b", "b", "a"],
            "target": "y",
            "truth": [0.0, 1.0, 1.0, 0.0],
            "prediction": [0.2, 0.6, 0.7, 0.1],
        }
    )
    clusters = pd.DataFrame({"record": ["a", "b"], "cluster": [0, 1]})
    found, temperatures, reliability = calibrate(predictions, "binary", ["n", "y"], clusters, 50)
    assert temperatures["temperature"].to_list() == [1, 1]
    assert value(found, "m", "before", "brier") == pytest.approx((0.04 + 0.09) / 2)
    assert reliability["n"].to_list() == [2, 2]


def test_a_repeat_may_lack_a_fold():
    predictions, classes, clusters = arena(skills=(1.0,))
    lost = (predictions["repeat"] == 2) & (predictions["fold"] == 0)
    found, temperatures, _ = calibrate(predictions[~lost], "binary", classes, clusters, 60)
    assert found[["value", "low", "high"]].notna().all(axis=None)
    assert len(temperatures) == 7


def test_a_regression_has_no_probabilities():
    predictions, classes, clusters = arena("regression")
    with pytest.raises(ValueError, match="no probabilities"):
        calibrate(predictions, "regression", classes, clusters)


def test_the_script_writes_the_three_tables(tmp_path):
    predictions, classes, clusters = arena(skills=(0.0, 2.0))
    (tmp_path / "summary.json").write_text(json.dumps({"task": "binary", "classes": classes}))
    clusters.to_csv(tmp_path / "clusters.tsv", sep="\t", index=False)
    paths = []
    for (model, repeat), part in predictions.groupby(["model", "repeat"]):
        path = tmp_path / "runs" / model / f"repeat{repeat}" / "predictions.parquet"
        path.parent.mkdir(parents=True)
        part.drop(columns="model").to_parquet(path)
        paths.append(path)
    names = ("calibration", "temperatures", "reliability")
    output = {name: tmp_path / f"{name}.tsv" for name in names}
    snakemake = SimpleNamespace(
        input=SimpleNamespace(
            summary=tmp_path / "summary.json",
            clusters=tmp_path / "clusters.tsv",
            predictions=paths,
        ),
        output=SimpleNamespace(**output),
        params=SimpleNamespace(evaluation={"bootstrap": 40, "equivalence": 0.01}, seed=3),
        log=[],
    )
    calibrate_models.main(snakemake)
    expected = calibrate(predictions, "binary", classes, clusters, 40, seed=3)
    for name, table in zip(names, expected, strict=True):
        pd.testing.assert_frame_equal(read_tsv(output[name]), table, check_dtype=False)
