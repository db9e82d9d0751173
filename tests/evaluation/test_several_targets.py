"""Several regression targets at once, some of them missing, in units far apart."""

import numpy as np
import pandas as pd
import pytest
from arena import UNITS, arena, contest
from scipy import stats
from sklearn import metrics as reference

from seqarena.evaluation.metric_names import TASK_METRICS
from seqarena.evaluation.metrics import evaluate, targets_left_out
from seqarena.evaluation.ranking import rank

TARGETS = ["t0", "t1", "t2"]


def measured(change=lambda predictions: predictions, names=TARGETS, n_bootstrap=40, **options):
    predictions, _, clusters = arena("several", **options)
    predictions = change(predictions)
    return evaluate(predictions, "regression", names, clusters, None, n_bootstrap), predictions


def value(found, metric, target="", model="m1", repeat="1", fold="all", column="value"):
    rows = found[found["role"] == "test"]
    key = {"model": model, "repeat": repeat, "fold": fold, "target": target, "metric": metric}
    rows = rows[rows[list(key)].eq(list(key.values())).all(axis=1)]
    assert len(rows) == 1
    return rows[column].item()


def by_the_references(t, p):
    return {
        "pearson": stats.pearsonr(t, p)[0],
        "spearman": stats.spearmanr(t, p)[0],
        "r2": reference.r2_score(t, p),
        "rmse": reference.root_mean_squared_error(t, p),
        "mae": reference.mean_absolute_error(t, p),
    }


def test_values_equal_the_references_on_masked_data():
    found, predictions = measured()
    rows = predictions[predictions[["model", "repeat", "role"]].eq(["m1", 1, "test"]).all(axis=1)]
    assert rows["truth"].isna().any()
    known = rows.dropna(subset="truth")
    one, spreads = {}, {}
    for name, part in known.groupby("target"):
        one[name] = by_the_references(part["truth"], part["prediction"])
        spreads[name] = part["truth"].std(ddof=0)
        for metric, right in one[name].items():
            assert value(found, metric, name) == pytest.approx(right)
        assert value(found, "mae", name, column="n") == len(part)
    for metric in TASK_METRICS["regression"]:
        unit = spreads if metric in ("rmse", "mae") else dict.fromkeys(spreads, 1)
        right = np.mean([one[name][metric] / unit[name] for name in TARGETS])
        assert value(found, metric) == pytest.approx(right)
    assert value(found, "mae", column="n") == 240


def test_the_unit_of_errors_is_one_for_all_folds():
    found, predictions = measured()
    rows = predictions[predictions[["model", "repeat", "role"]].eq(["m1", 1, "test"]).all(axis=1)]
    spread = rows.groupby("target")["truth"].std(ddof=0)
    for fold in ("0", "3"):
        right = [value(found, "rmse", name, fold=fold) / spread[name] for name in TARGETS]
        assert value(found, "rmse", fold=fold) == pytest.approx(np.mean(right))


def test_one_target_is_a_plain_regression():
    predictions, _, clusters = arena("regression")
    named = evaluate(predictions, "regression", ["y"], clusters, None, 30)
    unnamed = evaluate(predictions, "regression", None, clusters, None, 30)
    pd.testing.assert_frame_equal(named, unnamed)
    assert set(named["target"]) == {""}


def test_a_target_is_measured_as_if_it_were_alone():
    found, predictions = measured()
    _, _, clusters = arena("several")
    alone = predictions[(predictions["target"] == "t1") & predictions["truth"].notna()]
    alone = evaluate(alone, "regression", None, clusters, None, 40)
    mine = found[found["target"] == "t1"].drop(columns=["target", "low", "high"])
    right = alone.drop(columns=["target", "low", "high"])
    pd.testing.assert_frame_equal(mine.reset_index(drop=True), right)


def test_a_constant_prediction_of_one_target_counts_as_no_correlation():
    def give_up(predictions):
        rows = (predictions["target"] == "t2") & (predictions["model"] == "m1")
        return predictions.assign(prediction=predictions["prediction"].mask(rows, 0.0))

    found, _ = measured(give_up)
    assert np.isnan(value(found, "pearson", "t2"))
    others = [value(found, "pearson", name) for name in ("t0", "t1")]
    assert value(found, "pearson") == pytest.approx(sum(others) / 3)
    assert np.isfinite(value(found, "pearson", repeat="all", column="low"))


def test_a_target_that_does_not_vary_is_left_out():
    def alike(predictions):
        rows = (predictions["target"] == "t0") & predictions["truth"].notna()
        return predictions.assign(truth=predictions["truth"].mask(rows, 0.3))

    found, _ = measured(alike)
    for metric in TASK_METRICS["regression"]:
        assert np.isfinite(value(found, metric))
    right = np.mean([value(found, "r2", name) for name in ("t1", "t2")])
    assert value(found, "r2") == pytest.approx(right)
    assert targets_left_out(found) == ["t0"]
    assert targets_left_out(measured()[0]) == []


def test_a_target_that_nobody_knows_has_no_numbers():
    def unknown(predictions):
        return predictions.assign(truth=predictions["truth"].mask(predictions["target"] == "t2"))

    found, _ = measured(unknown)
    for metric in TASK_METRICS["regression"]:
        assert np.isnan(value(found, metric, "t2")) and np.isfinite(value(found, metric))
    assert targets_left_out(found) == ["t2"]


def test_chance_of_errors_is_one_standard_deviation():
    found, _ = measured()
    chance = {metric: rank(found, metric)["chance"].iloc[0] for metric in ("rmse", "r2", "pearson")}
    assert chance == {"rmse": 1, "r2": 0, "pearson": 0}


def test_an_equivalence_is_in_standard_deviations_already():
    def rescale(predictions):
        unit = predictions["target"].map(dict(zip(TARGETS, UNITS, strict=True)))
        columns = {name: predictions[name] / unit for name in ("truth", "prediction")}
        return predictions.assign(**columns)

    tables = [
        contest("several", change, "rmse", skills=(1.0, 1.1))[2] for change in (None, rescale)
    ]
    pd.testing.assert_frame_equal(*tables)


def test_many_targets_rank_and_compare():
    _, ranking, comparison, said = contest("several", skills=(0.0, 1.0, 2.0), n=400, n_groups=200)
    assert ranking["model"].to_list() == ["m2", "m1", "m0"]
    assert (comparison["verdict"] == "better").all()
    assert said["best"] == "m2" and "Pearson correlation" in said["sentence"]
