"""What controls came to: values, verdicts, spread over seeds and learning curves."""

import numpy as np
import pandas as pd
import pytest
from arena import CONTROL_METRICS, constant, task_of, whole

from seqarena.evaluation.controls import (
    judge_controls,
    labels_by_record,
    learning_curve,
    mean_training_records,
    measure_controls,
    null_widening,
    seed_spread,
)

NULL = ["permuted_labels", "shuffled_input"]


def measured_row(control="permuted_labels", model="m0", metric="auroc", folds=1, **values):
    row = {"control": control, "model": model, "metric": metric, "n": 100, "groups": 50}
    return pd.DataFrame([row | {"folds": folds} | values])


def metrics_rows(**values):
    """Rows of metrics.tsv: pooled test metrics by (model, metric, repeat)."""
    rows = [
        {"model": m, "metric": name, "repeat": r, "value": v}
        for (m, name, r), v in values.pop("rows").items()
    ]
    table = pd.DataFrame(rows).assign(fold="all", role="test", target="")
    return table.assign(low=np.nan, high=np.nan, n=100, groups=50)


BINARY = {("m0", "auroc", "all"): 0.9, ("m0", "auroc", "1"): 0.88, ("m0", "prevalence", "all"): 0.3}


def judge(measured, metrics=None, truth=None, original=None, **options):
    """Judge with labels of which half were changed, unless others are given."""
    truth = pd.Series([0, 1, 0, 1] * 25) if truth is None else truth
    original = pd.Series([0, 1, 1, 0] * 25) if original is None else original
    metrics = metrics_rows(rows=BINARY) if metrics is None else metrics
    return judge_controls(measured, metrics, dict.fromkeys(NULL, truth), original, **options)


@pytest.mark.parametrize("task", CONTROL_METRICS)
@pytest.mark.parametrize("control", ["permuted_labels", "size25"])
def test_a_control_is_measured_as_the_dataset_is(task, control):
    predictions, classes, clusters, metrics = whole(task)
    measured = measure_controls(
        predictions.assign(control=control),
        task_of(task),
        classes,
        clusters,
        CONTROL_METRICS[task],
        n_bootstrap=100,
        seed=1,
    )
    expected = metrics[
        (metrics["metric"] == CONTROL_METRICS[task])
        & (metrics["role"] == "test")
        & (metrics["target"] == "")
        & (metrics["repeat"] == "1")
        & (metrics["fold"] == "all")
    ].set_index("model")
    assert measured["model"].to_list() == ["m0", "m1"]
    assert (measured["folds"] == 4).all()
    for row in measured.itertuples():
        for name in ("value", "low", "high", "n", "groups"):
            assert getattr(row, name) == pytest.approx(expected.loc[row.model, name])


def test_seeds_get_no_interval_and_the_order_of_rows_does_not_matter():
    predictions, classes, clusters, _ = whole("binary")
    both = pd.concat([predictions.assign(control=c) for c in ("seed2", "size50")])
    options = {"n_bootstrap": 50, "seed": 3}
    one = measure_controls(both, "binary", classes, clusters, "mcc", **options)
    mixed = both.sample(frac=1, random_state=0)
    two = measure_controls(mixed, "binary", classes, clusters, "mcc", **options)
    keys = ["control", "model"]
    pd.testing.assert_frame_equal(
        one.sort_values(keys, ignore_index=True), two.sort_values(keys, ignore_index=True)
    )
    assert one.loc[one["control"] == "seed2", ["low", "high"]].isna().all(axis=None)
    assert one.loc[one["control"] == "size50", ["low", "high"]].notna().all(axis=None)


@pytest.mark.parametrize(
    ("metric", "value", "low", "high", "verdict"),
    [
        ("auroc", 0.52, 0.48, 0.56, "at chance"),
        ("auroc", 0.60, 0.55, 0.65, "above chance"),
        ("auroc", 0.40, 0.35, 0.45, "below chance"),
        ("auroc", 0.509, 0.505, 0.512, "at chance"),  # of no practical size
        ("auroc", 0.50, 0.50, 0.50, "at chance"),  # predicts a constant
        ("auroc", np.nan, np.nan, np.nan, "undefined"),
        ("auroc", 0.70, np.nan, np.nan, "undefined"),  # one group only
        ("auprc", 0.31, 0.28, 0.35, "at chance"),  # the prevalence is 0.3
        ("auprc", 0.50, 0.40, 0.60, "above chance"),
        ("log_loss", 0.5, 0.45, 0.55, "above chance"),  # less is better; chance is 0.611
        ("log_loss", 0.9, 0.8, 1.0, "below chance"),
    ],
)
def test_verdicts(metric, value, low, high, verdict):
    table = judge(measured_row(metric=metric, value=value, low=low, high=high))
    assert table["verdict"].to_list() == [verdict]


def test_a_row_says_all():
    row = judge(measured_row(value=0.6, low=0.5, high=0.7)).iloc[0].to_dict()
    assert row == {
        "control": "permuted labels",
        "model": "m0",
        "metric": "auroc",
        "value": 0.6,
        "low": pytest.approx(0.5),
        "high": pytest.approx(0.7),
        "chance": 0.5,
        "original": 0.88,
        "n": 100,
        "groups": 50,
        "verdict": "at chance",
    }
    other = judge(measured_row("shuffled_input", "m9", value=0.6, low=0.55, high=0.7)).iloc[0]
    assert other["control"] == "shuffled input"
    assert np.isnan(other["original"])
    assert judge(measured_row("seed2", value=0.6, low=np.nan, high=np.nan)).empty


def test_labels_that_were_not_permuted_tell_nothing():
    original = pd.Series([0] * 50 + [1] * 50)
    row = measured_row(value=0.9, low=0.8, high=0.95)
    assert judge(row, truth=original, original=original)["verdict"].item() == "undefined"
    few = original.copy()
    few.iloc[[0, 1, 2, 50, 51, 52]] = 1 - few.iloc[[0, 1, 2, 50, 51, 52]]
    assert judge(row, truth=few, original=original)["verdict"].item() == "undefined"
    half = pd.Series([0, 1] * 50)
    assert judge(row, truth=half, original=original)["verdict"].item() == "above chance"
    # A shuffle changes no labels.
    shuffled = measured_row("shuffled_input", value=0.9, low=0.8, high=0.95)
    assert judge(shuffled, truth=original, original=original)["verdict"].item() == "above chance"


def test_chance_and_equivalence_of_errors_are_in_the_units_of_the_target():
    # |y - median|: 2 + 1 + 0 + 1 + 16 over 5; sd 6.78, so 0.01 of it is 0.0678.
    truth, original = pd.Series([0.0, 1, 2, 3, 18]), pd.Series([3.0, 18, 1, 2, 0])
    metrics = metrics_rows(rows={("m0", "mae", "all"): 1.0, ("m0", "rmse", "all"): 3.0})
    for value, verdict in ((3.94, "at chance"), (3.92, "above chance"), (4.08, "below chance")):
        row = measured_row(metric="mae", value=value, low=value, high=value)
        table = judge(row, metrics, truth, original)
        assert table["chance"].item() == 4.0
        assert table["verdict"].item() == verdict


def test_no_guess_has_a_better_macro_f1_than_chance():
    truth = pd.Series(["a"] * 60 + ["b"] * 30 + ["c"] * 10)
    row = measured_row(metric="macro_f1", value=0.3, low=0.2, high=0.4)
    table = judge(row, truth=truth, original=truth.sample(frac=1, random_state=0))
    chance = table["chance"].item()
    p = np.array([0.6, 0.3, 0.1])
    guesses = np.vstack([np.random.default_rng(0).dirichlet([1, 1, 1], 5000), p, np.eye(3)])
    reached = (2 * p * guesses / (p + guesses)).mean(axis=1)
    assert reached.max() <= chance == pytest.approx(1 / 3)
    assert reached[5000] == pytest.approx(chance)


@pytest.mark.parametrize(
    ("folds", "variance"), [(1, 1), (3, 1), (4, 3 / 2), (5, 5 / 3), (10, 15 / 8)]
)
def test_widening_counts_pairs_of_folds(folds, variance):
    assert null_widening(folds) ** 2 == pytest.approx(variance)
    if folds > 1:
        weight = np.zeros((folds, folds))
        for test in range(folds):
            for train in set(range(folds)) - {test, (test + 1) % folds}:
                weight[min(test, train), max(test, train)] += 1
        assert null_widening(folds) ** 2 == pytest.approx((weight**2).sum() / weight.sum())


def test_intervals_are_widened_within_the_range_of_the_metric():
    table = judge(measured_row(folds=5, value=0.6, low=0.52, high=0.66))
    factor = np.sqrt(5 / 3)
    assert table["low"].item() == pytest.approx(0.6 - 0.08 * factor)
    assert table["high"].item() == pytest.approx(0.6 + 0.06 * factor)
    assert table["verdict"].item() == "at chance"
    assert judge(measured_row(folds=5, value=0.98, low=0.9, high=0.99))["high"].item() < 1
    assert judge(measured_row(folds=5, value=0.98, low=0.9, high=1))["high"].item() == 1
    loss = judge(measured_row(metric="log_loss", folds=5, value=0.1, low=0.01, high=0.3))
    assert loss["low"].item() == 0


def linear_scores(features, labels, fold_of):
    """Out-of-fold scores of ridge regression; fold k + 1 isn't trained on."""
    folds, scores = fold_of.max() + 1, np.empty(len(labels))
    for fold in range(folds):
        train = (fold_of != fold) & (fold_of != (fold + 1) % folds)
        x, y = features[train], labels[train] - labels[train].mean()
        weights = np.linalg.solve(x.T @ x + 10 * np.eye(x.shape[1]), x.T @ y)
        scores[fold_of == fold] = features[fold_of == fold] @ weights
    return scores


def null_predictions(random, n=200, folds=5, groups=100):
    """Predictions of a linear model on features that have nothing to do with the labels.

    Records of a group have nearly the same features and the same label.
    """
    group = np.arange(n) % groups
    fold_of = group % folds
    features = random.normal(size=(groups, 20))[group] + 0.3 * random.normal(size=(n, 20))
    of_group = np.empty(groups)
    for fold in range(folds):
        inside = np.flatnonzero(np.arange(groups) % folds == fold)
        of_group[inside] = random.permutation(np.arange(len(inside)) % 2)
    labels = of_group[group]
    scores = linear_scores(features, labels, fold_of)
    table = pd.DataFrame({"record": [f"r{i}" for i in range(n)], "fold": fold_of, "truth": labels})
    table = table.assign(prediction=scores, role="test", repeat=1, target="y", model="m0")
    validation = table.assign(role="validation", fold=(fold_of - 1) % folds)
    clusters = pd.DataFrame({"record": table["record"], "cluster": group})
    return pd.concat([table, validation]).assign(control="permuted_labels"), clusters


@pytest.mark.slow
def test_false_alarms_are_as_rare_as_they_should_be():
    random = np.random.default_rng(1)
    narrow, verdicts = 0, []
    for seed in range(300):
        predictions, clusters = null_predictions(random)
        measured = measure_controls(
            predictions, "binary", ["a", "b"], clusters, "auroc", n_bootstrap=200, seed=seed
        )
        narrow += not measured["low"].item() <= 0.5 <= measured["high"].item()
        verdicts += judge(measured, equivalence=0)["verdict"].to_list()
    alarms = np.mean(np.array(verdicts) == "above chance")
    assert 0.02 <= np.mean(np.array(verdicts) != "at chance") <= 0.09
    assert alarms <= 0.05
    assert narrow / 300 > 0.10


@pytest.mark.parametrize("task", CONTROL_METRICS)
def test_a_leak_is_an_alarm_and_a_constant_is_none(task):
    predictions, classes, clusters, metrics = whole(task, skills=(0.0, 2.0), n=400, n_groups=200)
    predictions = predictions[predictions["model"] == "m1"]
    options = {"n_bootstrap": 200, "seed": 1}
    kind, task = task, task_of(task)
    leak = predictions.assign(control="permuted_labels")
    measured = measure_controls(leak, task, classes, clusters, CONTROL_METRICS[kind], **options)
    truth = labels_by_record(leak, task, classes)
    original = truth.sample(frac=1, random_state=0).set_axis(truth.index)
    table = judge_controls(measured, metrics, {"permuted_labels": truth}, original)
    assert table["verdict"].item() == "above chance"
    assert table["original"].item() == pytest.approx(table["value"].item())
    flat = constant(leak, "m1", 0.4).assign(prediction=0.4)
    measured = measure_controls(flat, task, classes, clusters, CONTROL_METRICS[kind], **options)
    table = judge_controls(measured, metrics, {"permuted_labels": truth}, original)
    # A constant has no correlation, and its macro F1 is that of one class.
    verdict = {"multiclass": "below chance", "regression": "undefined"}
    assert table["verdict"].item() == verdict.get(kind, "at chance")


def test_one_group_of_test_records_is_undefined():
    predictions, classes, clusters, metrics = whole("binary")
    one = clusters.assign(cluster=0)
    part = predictions.assign(control="shuffled_input")
    measured = measure_controls(part, "binary", classes, one, "auroc", n_bootstrap=50)
    truth = labels_by_record(part, "binary")
    table = judge_controls(measured, metrics, {"shuffled_input": truth}, truth)
    assert (table["verdict"] == "undefined").all()


def test_labels_are_read_once_a_record():
    predictions, classes, _, _ = whole("multiclass")
    labels = labels_by_record(predictions, "multiclass")
    assert labels.index.is_unique and set(labels) == set(classes)
    rows = predictions[(predictions["truth"] == 1) & (predictions["role"] == "test")]
    assert (rows["target"].to_numpy() == labels[rows["record"]].to_numpy()).all()
    binary, _, _, _ = whole("binary")
    assert set(labels_by_record(binary, "binary")) == {0.0, 1.0}


def test_labels_of_several_targets_have_a_column_each():
    predictions, names, _, _ = whole("multilabel")
    labels = labels_by_record(predictions, "multilabel", names)
    assert labels.columns.to_list() == names and labels.index.is_unique
    rows = predictions[predictions["role"] == "test"]
    pairs = zip(rows["record"], rows["target"], strict=True)
    np.testing.assert_array_equal(rows["truth"], [labels.loc[pair] for pair in pairs])


@pytest.mark.parametrize("task", ["multilabel", "several"])
def test_several_labels_that_were_not_permuted_tell_nothing(task):
    predictions, names, _, metrics = whole(task)
    original = labels_by_record(predictions, task_of(task), names)
    permuted = original.sample(frac=1, random_state=0).set_axis(original.index)
    few = original.copy()
    few.iloc[:6] = permuted.iloc[:6]
    row = measured_row(metric=CONTROL_METRICS[task], value=0.9, low=0.8, high=0.95)
    for truth, verdict in ((original, "undefined"), (few, "undefined"), (permuted, "above chance")):
        assert judge(row, metrics, truth, original)["verdict"].item() == verdict


def test_chance_of_the_mean_error_of_several_targets_is_in_standard_deviations():
    # |y - median| is 4 on average (as above) and the standard deviation 6.78.
    one = pd.Series([0.0, 1, 2, 3, 18, np.nan])
    truth = pd.DataFrame({"a": one, "b": 1000 * one[::-1].to_numpy(), "c": 1.0})
    _, _, _, metrics = whole("several")
    row = measured_row(metric="mae", value=0.7, low=0.7, high=0.7)
    original = truth.iloc[[3, 4, 5, 0, 1, 2]].set_axis(truth.index)
    chance = judge(row, metrics, truth, original)["chance"].item()
    assert chance == pytest.approx(4 / np.std([0, 1, 2, 3, 18]))


def seeds(**values):
    rows = [measured_row(c, m, value=v) for (c, m), v in values.pop("rows").items()]
    return pd.concat(rows, ignore_index=True)


def test_spread_over_seeds_by_hand():
    measured = seeds(
        rows={("seed2", "m0"): 0.6, ("seed2", "m1"): 0.7, ("seed3", "m0"): 0.9, ("size5", "m0"): 0}
    )
    metrics = metrics_rows(
        rows={("m0", "auroc", "1"): 0.6, ("m1", "auroc", "1"): 0.7, ("m0", "auroc", "all"): 0.1}
    )
    table = seed_spread(measured, metrics, "auroc")
    assert table["model"].to_list() == ["m0", "m1"]
    m0, m1 = table.to_dict("records")
    # 0.6, 0.6, 0.9: deviations -0.1, -0.1, 0.2, so 0.06 / 2 is the variance.
    assert (m0["n_seeds"], m0["mean"]) == (3, pytest.approx(0.7))
    assert m0["sd"] == pytest.approx(np.sqrt(0.03))
    assert (m0["least"], m0["most"], m0["source"]) == (0.6, 0.9, "seeds")
    assert (m1["n_seeds"], m1["sd"]) == (2, 0)


def test_repeats_on_one_test_set_are_seeds():
    rows = {("m0", "auroc", str(r)): v for r, v in ((1, 0.5), (2, 0.7), ("all", 0.6))}
    rows |= {("m1", "auroc", str(r)): v for r, v in ((1, 0.8), (2, np.nan), ("all", np.nan))}
    metrics = metrics_rows(rows=rows)
    none = seeds(rows={("size5", "m0"): 0.1})
    assert seed_spread(none, metrics, "auroc").empty
    table = seed_spread(none, metrics, "auroc", fixed_test=True).set_index("model")
    assert (table["source"] == "repeats").all() and (table["n_seeds"] == 2).all()
    assert table.loc["m0", "mean"] == pytest.approx(0.6)
    assert table.loc["m1", ["mean", "sd", "least", "most"]].isna().all()
    # Seeds that were asked for come first.
    measured = seeds(rows={("seed2", "m0"): 0.9})
    table = seed_spread(measured, metrics, "auroc", fixed_test=True).set_index("model")
    assert table["source"].to_dict() == {"m0": "seeds", "m1": "repeats"}
    assert table.loc["m0", "mean"] == pytest.approx(0.7)
    single = metrics[metrics["repeat"] != "2"]
    assert seed_spread(none, single, "auroc", fixed_test=True).empty


def test_a_learning_curve_ends_at_the_whole():
    rows = [
        measured_row("size50", "m0", value=0.7, low=0.6, high=0.8),
        measured_row("size12.5", "m0", value=0.6, low=0.5, high=0.7),
        measured_row("permuted_labels", "m1", value=0.5, low=0.4, high=0.6),
    ]
    metrics = metrics_rows(rows={("m0", "auroc", "1"): 0.9}).assign(low=0.85, high=0.95)
    curve = learning_curve(pd.concat(rows), metrics, "auroc", {0.125: 13.2, 0.5: 50, 1.0: 100})
    assert curve["fraction"].to_list() == [0.125, 0.5, 1.0]
    assert curve["n_train"].to_list() == [13.2, 50, 100]
    assert curve["value"].to_list() == [0.6, 0.7, 0.9]
    assert curve["low"].to_list() == [0.5, 0.6, 0.85]
    assert (curve["model"] == "m0").all() and (curve["metric"] == "auroc").all()


def test_training_records_are_averaged_over_folds_of_the_first_repeat():
    roles = ["train"] * 3 + ["test"] + ["train"] * 2 + ["test"] * 2 + ["train"] * 4
    splits = pd.DataFrame({"repeat": [1] * 8 + [2] * 4, "fold": [0] * 4 + [1] * 4 + [0] * 4})
    assert mean_training_records(splits.assign(role=roles)) == 2.5
