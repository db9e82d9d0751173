"""The metrics table: values, pooling, thresholds, undefined cases."""

import numpy as np
import pandas as pd
import pytest
from arena import PRIMARY, arena, constant, task_of
from scipy import stats
from sklearn import metrics as reference

from seqarena.evaluation.degenerate import CONSTANT, NOT_FINITE, degenerate_models
from seqarena.evaluation.metric_names import HIGHER_IS_BETTER, METRIC_NAMES, TASK_METRICS
from seqarena.evaluation.metrics import evaluate
from seqarena.evaluation.prediction_table import PredictionTable
from seqarena.evaluation.thresholds import best_threshold, choose_thresholds

COLUMNS = [
    *("model", "repeat", "fold", "role", "target", "metric"),
    *("value", "low", "high", "n", "groups"),
]


def table(task="binary", predictions=None, n_bootstrap=50, **options):
    made, classes, clusters = arena(task, **options)
    task = task_of(task)
    predictions = made if predictions is None else predictions(made)
    thresholds = choose_thresholds(predictions, task)
    found = evaluate(predictions, task, classes, clusters, thresholds, n_bootstrap)
    return found, predictions, thresholds


def value(found, metric, model="m1", repeat="all", fold="all", role="test", target=""):
    rows = found[
        (found[["model", "repeat", "fold", "role", "target", "metric"]])
        .eq([model, repeat, fold, role, target, metric])
        .all(axis=1)
    ]
    assert len(rows) == 1
    return rows["value"].item()


def of(predictions, model="m1", repeat=1, role="test"):
    keys = predictions[["model", "repeat", "role"]]
    return predictions[keys.eq([model, repeat, role]).all(axis=1)]


def test_binary_values_equal_scikit_learn():
    found, predictions, thresholds = table()
    assert list(found) == COLUMNS
    assert (thresholds["target"] == "").all()
    rows = of(predictions).merge(thresholds, on=["model", "repeat", "fold"])
    for fold in ("all", "2"):
        part = rows if fold == "all" else rows[rows["fold"] == 2]
        t, p = part["truth"].astype(int), part["prediction"]
        d = (p >= part["threshold"]).astype(int)
        expected = {
            "auroc": reference.roc_auc_score(t, p),
            "auprc": reference.average_precision_score(t, p),
            "prevalence": t.mean(),
            "mcc": reference.matthews_corrcoef(t, d),
            "f1": reference.f1_score(t, d),
            "accuracy": reference.accuracy_score(t, d),
            "balanced_accuracy": reference.balanced_accuracy_score(t, d),
            "brier": reference.brier_score_loss(t, p),
            "log_loss": reference.log_loss(t, p),
        }
        assert tuple(expected) == TASK_METRICS["binary"]
        for metric, right in expected.items():
            assert value(found, metric, repeat="1", fold=fold) == pytest.approx(right)


def test_multiclass_values_equal_scikit_learn():
    found, predictions, thresholds = table("multiclass")
    assert thresholds.empty
    assert list(thresholds) == ["model", "repeat", "fold", "target", "threshold"]
    wide = of(predictions).set_index(["record", "target"])
    p = wide["prediction"].to_numpy().reshape(-1, 3)
    t = wide["truth"].to_numpy().reshape(-1, 3).argmax(axis=1)
    d = p.argmax(axis=1)
    expected = {
        "accuracy": reference.accuracy_score(t, d),
        "balanced_accuracy": reference.balanced_accuracy_score(t, d),
        "macro_f1": reference.f1_score(t, d, average="macro"),
        "mcc": reference.matthews_corrcoef(t, d),
        "macro_auroc": reference.roc_auc_score(t, p, multi_class="ovr"),
        "log_loss": reference.log_loss(t, p),
    }
    for metric, right in expected.items():
        assert value(found, metric, repeat="1") == pytest.approx(right)
    recall = reference.recall_score(t, d, average=None)[2]
    assert value(found, "recall", repeat="1", target="c2") == pytest.approx(recall)
    assert value(found, "support", repeat="1", target="c2") == (t == 2).sum()
    area = reference.roc_auc_score(t == 2, p[:, 2])
    assert value(found, "auroc", repeat="1", target="c2") == pytest.approx(area)


def test_regression_values_equal_the_references():
    found, predictions, _ = table("regression")
    t, p = of(predictions)["truth"], of(predictions)["prediction"]
    expected = {
        "pearson": stats.pearsonr(t, p)[0],
        "spearman": stats.spearmanr(t, p)[0],
        "r2": reference.r2_score(t, p),
        "rmse": reference.root_mean_squared_error(t, p),
        "mae": reference.mean_absolute_error(t, p),
    }
    for metric, right in expected.items():
        assert value(found, metric, repeat="1") == pytest.approx(right)


@pytest.mark.parametrize("task", TASK_METRICS)
def test_every_run_and_role_has_every_metric(task):
    found, _, _ = table(task)
    assert set(found["metric"]) == set(TASK_METRICS[task]) <= set(METRIC_NAMES)
    runs = found[["model", "repeat", "fold", "role"]].drop_duplicates()
    assert len(runs) == 3 * 2 * (2 * (4 + 1) + 1)
    pooled = (found["role"] == "test") & (found["fold"] == "all")
    with_interval = pooled & (found["metric"] != "support")
    assert found.loc[with_interval, ["low", "high"]].notna().all(axis=None)
    assert found.loc[~with_interval, ["low", "high"]].isna().all(axis=None)
    assert (found.loc[with_interval, "low"] <= found.loc[with_interval, "high"]).all()
    whole = found[pooled & (found["repeat"] == "all") & (found["target"] == "")]
    assert set(whole["n"]) == {240}


def test_over_repeats_is_the_mean_of_pooled_values():
    found, _, _ = table()
    for role in ("test", "validation"):
        repeats = [value(found, "auroc", repeat=r, role=role) for r in ("1", "2")]
        assert value(found, "auroc", role=role) == pytest.approx(np.mean(repeats))


def test_a_replicate_equals_evaluation_of_the_copied_records():
    """With one replicate the interval is that replicate; copy its records and compare."""
    from seqarena.evaluation.intervals import group_weights

    for task in TASK_METRICS:
        predictions, classes, clusters = arena(task, skills=(2.0,), repeats=1, n_groups=40)
        thresholds = choose_thresholds(predictions, task)
        drawn = evaluate(predictions, task, classes, clusters, thresholds, 1, seed=3)
        drawn = drawn[drawn["repeat"] == "all"]
        universe = np.unique(clusters["cluster"])
        copies = pd.Series(group_weights(len(universe), 1, 3)[0], index=universe)
        rows = predictions.merge(clusters, on="record")
        tables = []
        for copy in range(copies.max()):
            part = rows[rows["cluster"].map(copies) > copy]
            tables.append(part.assign(record=part["record"] + f"#{copy}"))
        copied = pd.concat(tables)
        groups = copied[["record", "cluster"]].drop_duplicates()
        expected = evaluate(copied, task, classes, groups, thresholds, 1)
        expected = expected[expected["repeat"] == "all"]
        tested = (drawn["role"] == "test") & (drawn["metric"] != "support")
        right = expected.loc[tested.to_numpy(), "value"]
        np.testing.assert_allclose(drawn.loc[tested, "low"], right, rtol=1e-9)


def test_order_of_rows_changes_nothing_and_neither_does_running_again():
    predictions, classes, clusters = arena("multiclass", skills=(1.0,))
    results = []
    for seed in (None, 1):
        rows = predictions if seed is None else predictions.sample(frac=1, random_state=seed)
        results.append(evaluate(rows, "multiclass", classes, clusters, None, 30))
    pd.testing.assert_frame_equal(*results)


def test_undefined_metrics_are_nan_and_defined_ones_are_not():
    def one_class_in_fold_0(predictions):
        return predictions[(predictions["truth"] == 1) | (predictions["fold"] != 0)]

    found, _, _ = table("binary", one_class_in_fold_0, skills=(1.0,))
    for metric in ("auroc", "auprc", "mcc", "balanced_accuracy"):
        assert np.isnan(value(found, metric, "m0", "1", "0"))
    for metric in ("accuracy", "brier", "log_loss", "prevalence", "f1"):
        assert np.isfinite(value(found, metric, "m0", "1", "0"))
    assert np.isfinite(value(found, "auroc", "m0"))


def test_a_class_missing_from_a_fold_is_left_out_of_averages():
    def without_c2_in_fold_0(predictions):
        truth = predictions[predictions["truth"] == 1].set_index(["model", "repeat", "record"])
        keys = pd.MultiIndex.from_frame(predictions[["model", "repeat", "record"]])
        lacks = truth["target"][~truth.index.duplicated()].reindex(keys).to_numpy() == "c2"
        return predictions[~(lacks & (predictions["fold"] == 0))]

    found, _, _ = table("multiclass", without_c2_in_fold_0, skills=(1.0,))
    at = {"model": "m0", "repeat": "1", "fold": "0"}
    assert np.isnan(value(found, "auroc", target="c2", **at))
    others = [value(found, "auroc", target=c, **at) for c in ("c0", "c1")]
    assert value(found, "macro_auroc", **at) == pytest.approx(np.mean(others))


def test_constant_predictions():
    found, _, thresholds = table("binary", lambda p: constant(p, "m1"))
    assert value(found, "auroc", repeat="1", fold="1") == 0.5
    assert value(found, "mcc", repeat="1", fold="1") == 0
    assert (thresholds.loc[thresholds["model"] == "m1", "threshold"] == 0.5).all()
    assert degenerate_models(found, "auroc") == {"m1": CONSTANT}
    found, _, _ = table("regression", lambda p: constant(p, "m1"))
    assert np.isnan(value(found, "pearson", repeat="1", fold="1"))
    assert np.isnan(value(found, "spearman", repeat="1", fold="1"))
    assert np.isfinite(value(found, "rmse", repeat="1", fold="1"))
    assert degenerate_models(found, "spearman") == {"m1": CONSTANT}
    found, _, _ = table("multiclass", lambda p: p.assign(prediction=1 / 3), skills=(1.0,))
    assert degenerate_models(found, "accuracy") == {"m0": CONSTANT}


def test_a_constant_truth_makes_no_model_constant():
    predictions, _, clusters = arena("regression", skills=(1.0, 1.0))
    alike = predictions.assign(truth=2.5)
    metrics = evaluate(alike, "regression", None, clusters, None, 10)
    assert degenerate_models(metrics, "spearman") == {}


def test_predictions_that_are_not_finite_have_no_metrics():
    for task in TASK_METRICS:
        found, _, _ = table(
            task, lambda p: p.assign(prediction=p["prediction"].where(p["model"] != "m1"))
        )
        values = found[(found["model"] == "m1") & ~found["metric"].isin(["prevalence", "support"])]
        assert values["value"].isna().all()
        assert found.loc[found["model"] != "m1", "value"].notna().all()
        assert degenerate_models(found, PRIMARY[task])["m1"] == NOT_FINITE


def test_perfect_predictions():
    found, _, _ = table("binary", lambda p: p.assign(prediction=p["truth"]))
    for metric in ("auroc", "auprc", "mcc", "f1", "accuracy"):
        assert value(found, metric) == pytest.approx(1)
    row = found[(found["metric"] == "auroc") & (found["repeat"] == "all")].iloc[0]
    assert (row["low"], row["high"]) == (1, 1)
    assert value(found, "log_loss") == pytest.approx(0, abs=1e-6)


def test_a_single_group_has_values_but_no_interval():
    found, _, _ = table("binary", n_groups=1, folds=1, repeats=1)
    assert found["value"].notna().all()
    assert found[["low", "high"]].isna().all(axis=None)
    assert set(found["groups"]) == {1}


def test_own_split_with_repeats_that_share_a_test_set():
    predictions, classes, clusters = arena(skills=(2.0,), folds=4)
    predictions = predictions[predictions["fold"] == 0]
    thresholds = choose_thresholds(predictions, "binary")
    found = evaluate(predictions, "binary", classes, clusters, thresholds, 50)
    tested = predictions.loc[predictions["role"] == "test", "record"]
    assert set(found.loc[found["role"] == "test", "n"]) == {tested.nunique()}


def test_contract_breaches_are_told():
    predictions, classes, clusters = arena(skills=(1.0,))
    thresholds = choose_thresholds(predictions, "binary")
    with pytest.raises(ValueError, match="no threshold"):
        evaluate(predictions, "binary", classes, clusters, thresholds[1:])
    with pytest.raises(ValueError, match="'r00000' has no cluster"):
        evaluate(predictions, "binary", classes, clusters[1:], thresholds)
    with pytest.raises(ValueError, match="two predictions"):
        evaluate(pd.concat([predictions, predictions]), "binary", classes, clusters, thresholds)
    predictions, classes, clusters = arena("multiclass", skills=(1.0,))
    with pytest.raises(ValueError, match="one row for each record and class"):
        evaluate(predictions[1:], "multiclass", classes, clusters, None)


def naive_threshold(positive, score):
    levels = np.unique(score)
    best = (0.0, 0.5)
    for threshold in (levels[1:] + levels[:-1]) / 2:
        mcc = reference.matthews_corrcoef(positive, score >= threshold)
        closer = abs(threshold - 0.5) < abs(best[1] - 0.5) or best[0] <= 1e-12
        if mcc > best[0] + 1e-12 or (abs(mcc - best[0]) <= 1e-12 < mcc and closer):
            best = (mcc, threshold)
    return best[1]


@pytest.mark.parametrize("seed", range(20))
def test_threshold_equals_a_naive_search(seed):
    random = np.random.default_rng(seed)
    positive = random.random(30) < 0.4
    score = np.round(random.random(30) + 0.3 * positive, 1)
    assert best_threshold(positive, score) == pytest.approx(naive_threshold(positive, score))


def test_threshold_of_ties_and_hopeless_cases():
    positive = np.array([False, False, True, True])
    assert best_threshold(positive, np.array([0.1, 0.2, 0.6, 0.9])) == pytest.approx(0.4)
    # Two thresholds of the same MCC, 0.3 and 0.55: the nearer one to 0.5.
    symmetric = np.array([0.2, 0.4, 0.4, 0.7])
    assert best_threshold(positive, symmetric) == pytest.approx(0.55)
    assert best_threshold(~positive, np.array([0.1, 0.2, 0.6, 0.9])) == 0.5
    assert best_threshold(positive, np.full(4, 0.1)) == 0.5
    assert best_threshold(np.ones(4, dtype=bool), symmetric) == 0.5
    neighbours = np.array([0.25, 0.25, np.nextafter(0.25, 1), 0.3])
    threshold = best_threshold(positive, neighbours)
    assert ((neighbours >= threshold) == positive).all()


def test_each_metric_has_a_name_and_a_direction():
    assert set(METRIC_NAMES) == {m for names in TASK_METRICS.values() for m in names}
    assert set(HIGHER_IS_BETTER) == set(METRIC_NAMES) - {"prevalence", "support"}
    lower = {name for name, higher in HIGHER_IS_BETTER.items() if not higher}
    assert lower == {"brier", "log_loss", "rmse", "mae"}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("task", TASK_METRICS)
def test_a_bootstrap_draw_without_records_gives_nan_and_no_warning(task):
    truth = np.array([0, 1, 0, 1])
    score = np.array([0.2, 0.6, 0.4, 0.3])
    both = np.column_stack([1 - score, score])
    prediction = both if task in ("multiclass", "multilabel") else score
    if task == "multilabel":
        truth = np.column_stack([1 - truth, truth])
    drawn = PredictionTable(pd.DataFrame(), truth, prediction, truth, task, ["no", "yes"])
    found = drawn.values(np.array([[1.0, 0.0]] * 4))
    for (_, name), values in found.items():
        assert np.isfinite(values[0]), name
        assert values[1] == 0 if name == "support" else np.isnan(values[1]), name
