"""Several labels a record, some of them missing: each number against scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from arena import arena, contest
from scipy.special import expit, logit
from sklearn import metrics as reference

from seqarena.evaluation.calibration import calibrate, fit_temperature
from seqarena.evaluation.metric_names import LABEL_METRICS, TASK_METRICS
from seqarena.evaluation.metric_values import multilabel_values
from seqarena.evaluation.metrics import evaluate, targets_left_out
from seqarena.evaluation.prediction_table import prediction_table
from seqarena.evaluation.ranking import rank
from seqarena.evaluation.thresholds import best_threshold, choose_thresholds

RUN = ["model", "repeat", "fold"]
AREAS = {"auroc": reference.roc_auc_score, "auprc": reference.average_precision_score}


def measured(n_bootstrap=40, change=lambda predictions: predictions, **options):
    """Give metrics, the table of the test predictions of one repeat of m1, and thresholds."""
    predictions, labels, clusters = arena("multilabel", **options)
    predictions = change(predictions)
    thresholds = choose_thresholds(predictions, "multilabel")
    data = (predictions, "multilabel", labels, clusters, thresholds)
    table = prediction_table(*data)
    mine = table.index[["model", "repeat", "role"]].eq(["m1", 1, "test"]).all(axis=1)
    return evaluate(*data, n_bootstrap), table.take(mine.to_numpy()), thresholds


def value(found, metric, target="", repeat="1", fold="all", model="m1", column="value"):
    rows = found[found["role"] == "test"]
    key = {"model": model, "repeat": repeat, "fold": fold, "target": target, "metric": metric}
    rows = rows[rows[list(key)].eq(list(key.values())).all(axis=1)]
    assert len(rows) == 1
    return rows[column].item()


def by_scikit_learn(truth, score, decision):
    """Measure each label on its own records; give a dict of metric to the values of the labels."""
    found = {name: [] for name in LABEL_METRICS}
    for t, s, d in zip(truth.T, score.T, decision.T, strict=True):
        known = ~np.isnan(t)
        t, s, d = t[known].astype(int), s[known], d[known]
        for name, area in AREAS.items():
            found[name].append(area(t, s))
        found["mcc"].append(reference.matthews_corrcoef(t, d))
        found["f1"].append(reference.f1_score(t, d))
        found["prevalence"].append(t.mean())
        found["support"].append(t.sum())
    return found


def test_values_equal_scikit_learn_on_masked_data():
    found, table, _ = measured()
    known = ~np.isnan(table.truth)
    assert (~known).sum() > 0 and not known.all(axis=0).any()
    expected = by_scikit_learn(table.truth, table.prediction, table.decision)
    for name, values in expected.items():
        for k, right in enumerate(values):
            assert value(found, name, f"t{k}") == pytest.approx(right)
            assert value(found, name, f"t{k}", column="n") == known[:, k].sum()
    for macro, name in (("macro_auroc", "auroc"), ("macro_auprc", "auprc")):
        assert value(found, macro) == pytest.approx(np.mean(expected[name]))
    for macro, name in (("macro_f1", "f1"), ("macro_mcc", "mcc")):
        assert value(found, macro) == pytest.approx(np.mean(expected[name]))
    entries = table.truth[known].astype(int), table.prediction[known]
    for name, area in AREAS.items():
        assert value(found, f"micro_{name}") == pytest.approx(area(*entries))
    assert value(found, "log_loss") == pytest.approx(reference.log_loss(*entries))
    assert value(found, "macro_auroc", column="n") == 240


def test_without_missing_labels_they_are_those_that_everybody_computes():
    def fill(predictions):
        return predictions.fillna({"truth": 0.0})

    found, table, _ = measured(change=fill)
    for average in ("macro", "micro"):
        for name, area in AREAS.items():
            right = area(table.truth, table.prediction, average=average)
            assert value(found, f"{average}_{name}") == pytest.approx(right)
    right = reference.f1_score(table.truth, table.decision, average="macro")
    assert value(found, "macro_f1") == pytest.approx(right)


def test_each_metric_can_be_had_alone():
    _, table, _ = measured()
    ones = np.ones((len(table.index), 1))
    whole = table.values(ones)
    assert {name for _, name in whole} == set(TASK_METRICS["multilabel"])
    for name in TASK_METRICS["multilabel"]:
        alone = table.values(ones, {name})
        keys = [key for key in whole if key[1] == name]
        assert {key: alone[key] for key in keys} == {key: whole[key] for key in keys}


def test_a_missing_truth_counts_for_nothing_whatever_was_predicted():
    def spoil(predictions):
        missing = predictions["truth"].isna()
        random = np.random.default_rng(0).random(len(predictions))
        return predictions.assign(prediction=predictions["prediction"].mask(missing, random))

    one, _, thresholds = measured()
    other, _, same = measured(change=spoil)
    pd.testing.assert_frame_equal(one, other)
    pd.testing.assert_frame_equal(thresholds, same)


def test_each_label_has_a_threshold_of_its_own():
    _, table, thresholds = measured()
    predictions, labels, _ = arena("multilabel")
    assert list(thresholds) == [*RUN, "target", "threshold"]
    assert len(thresholds) == 3 * 2 * 4 * 3
    rows = predictions[(predictions["role"] == "validation") & predictions["truth"].notna()]
    of_run = thresholds.set_index([*RUN, "target"])["threshold"]
    for key, part in rows.groupby([*RUN, "target"]):
        right = best_threshold(part["truth"].to_numpy() == 1, part["prediction"].to_numpy())
        assert of_run[key] == right
    for k, label in enumerate(labels):
        limits = [of_run["m1", 1, fold, label] for fold in table.index["fold"]]
        np.testing.assert_array_equal(table.decision[:, k], table.prediction[:, k] >= limits)


def test_a_label_of_one_class_is_left_out_of_means_and_counted():
    def alike(predictions):
        rows = (predictions["target"] == "t1") & (predictions["role"] == "test")
        rows &= predictions["truth"].notna()
        return predictions.assign(truth=predictions["truth"].mask(rows, 0.0))

    found, table, _ = measured(change=alike)
    for name in ("auroc", "auprc", "mcc", "f1"):
        assert np.isnan(value(found, name, "t1"))
        others = [value(found, name, label) for label in ("t0", "t2")]
        assert value(found, f"macro_{name}") == pytest.approx(np.mean(others))
        assert np.isfinite(value(found, f"macro_{name}", repeat="all", column="low"))
    assert (value(found, "prevalence", "t1"), value(found, "support", "t1")) == (0, 0)
    assert targets_left_out(found) == ["t1"]
    assert targets_left_out(measured()[0]) == []
    known = ~np.isnan(table.truth)
    right = reference.roc_auc_score(table.truth[known], table.prediction[known])
    assert value(found, "micro_auroc") == pytest.approx(right)


def test_a_label_that_nobody_knows_has_no_numbers():
    def unknown(predictions):
        return predictions.assign(truth=predictions["truth"].mask(predictions["target"] == "t2"))

    found, _, thresholds = measured(change=unknown)
    for name in LABEL_METRICS:
        assert value(found, name, "t2", column="n") == 0
        if name != "support":
            assert np.isnan(value(found, name, "t2"))
    assert (thresholds.loc[thresholds["target"] == "t2", "threshold"] == 0.5).all()
    assert np.isfinite(value(found, "macro_auroc"))
    assert targets_left_out(found) == ["t2"]
    assert np.isfinite(rank(found, "log_loss")["chance"]).all()


def test_a_rare_label_costs_no_interval():
    """Its positives are of one group, which a third of the replicates misses."""

    def rare(predictions):
        clusters = arena("multilabel")[2].set_index("record")["cluster"]
        inside = (predictions["record"].map(clusters) == 5).astype(float)
        return predictions.assign(
            truth=predictions["truth"].mask(predictions["target"] == "t2", inside)
        )

    found, _, _ = measured(300, rare)
    assert value(found, "support", "t2") > 0
    assert np.isnan(value(found, "auroc", "t2", repeat="all", column="low"))
    row = [value(found, "macro_auroc", repeat="all", column=c) for c in ("low", "value", "high")]
    assert row[0] < row[1] < row[2]


@pytest.mark.parametrize("columns", [1, 7])
def test_many_replicates_at_once_give_what_one_gives(columns, monkeypatch):
    random = np.random.default_rng(0)
    truth = np.where(random.random((30, 3)) < 0.2, np.nan, random.integers(0, 2, (30, 3)))
    score = random.random((30, 3)).round(1)
    weights = random.integers(0, 3, (30, 7)).astype(float)
    arguments = (truth, score, (score > 0.5).astype(int), ["a", "b", "c"])
    expected = multilabel_values(*arguments, weights, TASK_METRICS["multilabel"])
    monkeypatch.setattr("seqarena.evaluation.metric_values._BLOCK_NUMBERS", 90 * columns)
    for i in range(7):
        one = multilabel_values(*arguments, weights[:, [i]], TASK_METRICS["multilabel"])
        for key, found in one.items():
            np.testing.assert_allclose(found[0], expected[key][i])


def test_the_micro_areas_of_prevalences_are_chance():
    """Scores that say no more than which label is frequent."""

    def prevalences(predictions):
        share = predictions.groupby("target")["truth"].mean()
        return predictions.assign(prediction=predictions["target"].map(share))

    found, _, _ = measured(change=prevalences, n=2000, n_groups=900)
    for metric in ("micro_auroc", "micro_auprc"):
        row = rank(found, metric).iloc[0]
        assert row["value"] == pytest.approx(row["chance"])
    assert rank(found, "micro_auroc")["chance"].iloc[0] > 0.6


def test_chance_levels_by_hand():
    found, _, _ = measured()
    p = [value(found, "prevalence", f"t{k}", repeat="all") for k in range(3)]
    p, n = np.array(p), [value(found, "prevalence", f"t{k}", column="n") for k in range(3)]
    entropy = -(p * np.log(p) + (1 - p) * np.log(1 - p))
    expected = {
        "macro_auroc": 0.5,
        "macro_auprc": p.mean(),
        "macro_f1": (2 * p / (1 + p)).mean(),
        "macro_mcc": 0,
        "log_loss": np.average(entropy, weights=n),
    }
    for metric, right in expected.items():
        assert rank(found, metric)["chance"].iloc[0] == pytest.approx(right)


def test_a_missing_row_is_told():
    predictions, labels, clusters = arena("multilabel")
    thresholds = choose_thresholds(predictions, "multilabel")
    with pytest.raises(ValueError, match="one row for each record and class or target"):
        evaluate(predictions[1:], "multilabel", labels, clusters, thresholds)
    with pytest.raises(ValueError, match="no threshold"):
        evaluate(predictions, "multilabel", labels, clusters, thresholds[1:])


def test_the_headline_names_labels_that_no_mean_includes():
    def alike(predictions):
        rows = (predictions["target"] == "t1") & predictions["truth"].notna()
        return predictions.assign(truth=predictions["truth"].mask(rows, 1.0))

    metrics, ranking, comparison, _ = contest("multilabel", alike, skills=(0.5, 2.0))
    from seqarena.evaluation.headline import headline

    sizes = pd.DataFrame({"repeat": [1, 2], "fold": [0, 0]})
    data = (ranking, comparison, sizes, ["m0"], "macro_auroc", "3 labels")
    said = headline(*data, left_out=targets_left_out(metrics))
    assert said["cautions"] == [
        "No mean includes `t1`: the test records that have a value there all have the same."
    ]
    assert said["sentence"].startswith("`m1` (macro AUROC 0.")


def calibrated(change=lambda predictions: predictions, **options):
    predictions, labels, clusters = arena("multilabel", **options)
    predictions = change(predictions)
    return *calibrate(predictions, "multilabel", labels, clusters, 60), predictions, clusters


def test_calibration_of_a_label_is_that_of_a_binary_task():
    found, temperatures, reliability, predictions, clusters = calibrated()
    one = predictions[(predictions["target"] == "t1") & predictions["truth"].notna()]
    tables = calibrate(one, "binary", ["no", "yes"], clusters, 60)
    mine = [table[table["target"] == "t1"] for table in (found, temperatures, reliability)]
    # The rest of what is known, by which chance is taken out of the ECE, is not that of one label.
    one, *others = zip(mine, tables, strict=True)
    losses = [table[table["metric"] != "ece"].reset_index(drop=True) for table in one]
    for ours, theirs in (losses, *others):
        columns = [name for name in ours if name not in ("target", "low", "high")]
        pd.testing.assert_frame_equal(
            ours[columns].reset_index(drop=True), theirs[columns], check_exact=False
        )


def test_over_all_labels_calibration_is_of_what_is_known():
    found, temperatures, reliability, predictions, clusters = calibrated()
    over_all = found[found["target"] == ""].set_index(["model", "stage", "metric"])["value"]
    tested = predictions[(predictions["role"] == "test") & predictions["truth"].notna()]
    rows = tested[tested["model"] == "m1"]
    brier = [
        reference.brier_score_loss(part["truth"], part["prediction"])
        for _, part in rows.groupby("repeat")
    ]
    assert over_all["m1", "before", "brier"] == pytest.approx(np.mean(brier))
    thresholds = choose_thresholds(predictions, "multilabel")
    metrics = evaluate(predictions, "multilabel", ["t0", "t1", "t2"], clusters, thresholds, 10)
    loss = value(metrics, "log_loss", repeat="all")
    assert over_all["m1", "before", "log_loss"] == pytest.approx(loss)
    counted = reliability[reliability["target"] == ""].groupby(["model", "stage"])["n"].sum()
    assert (counted == len(rows) / 2).all()
    assert len(temperatures) == 3 * 2 * 4 * 3


def test_one_label_that_is_too_sure_is_mended_alone():
    def sharpen(predictions):
        sure = expit(3 * logit(predictions["prediction"]))
        chosen = predictions["target"] == "t0"
        return predictions.assign(prediction=predictions["prediction"].mask(chosen, sure))

    kept, plain, *_ = calibrated(n=1500, n_groups=700, skills=(1.0,))
    found, fitted, *_ = calibrated(sharpen, n=1500, n_groups=700, skills=(1.0,))
    ratio = (fitted["temperature"] / plain["temperature"]).groupby(fitted["target"]).mean()
    assert ratio.to_list() == pytest.approx([3, 1, 1], rel=1e-4)
    after = [table[table["stage"] == "after"]["value"] for table in (kept, found)]
    np.testing.assert_allclose(after[0], after[1], atol=1e-5)


def test_a_label_without_validation_records_keeps_its_predictions():
    def unknown(predictions):
        rows = (predictions["target"] == "t2") & (predictions["role"] == "validation")
        return predictions.assign(truth=predictions["truth"].mask(rows))

    _, temperatures, _, _, _ = calibrated(unknown)
    ones = temperatures["target"] == "t2"
    assert (temperatures.loc[ones, "temperature"] == 1).all()
    assert not (temperatures.loc[~ones, "temperature"] == 1).any()
    assert fit_temperature(np.array([]), np.array([], dtype=int)) == 1
