"""Metrics with and without leaked records, and by similarity."""

import numpy as np
import pandas as pd
import pytest

from seqarena.evaluation.metrics import evaluate
from seqarena.evaluation.similarity import bin_edges, evaluate_similarity
from seqarena.evaluation.thresholds import choose_thresholds

from .arena import PRIMARY, arena, task_of

KEYS = ["record", "repeat", "fold"]


def audit(predictions, leaked=lambda index: index % 4 == 0):
    """Make up what an audit found: a similarity that follows the record's number."""
    table = predictions[predictions["role"] == "test"][KEYS].drop_duplicates(ignore_index=True)
    number = table["record"].str[1:].astype(int).to_numpy()
    similarity = np.round(number / number.max(), 2)
    return table.assign(similarity=similarity, leaked=leaked(number))


@pytest.mark.parametrize("task", PRIMARY)
def test_all_records_score_as_in_the_table_of_metrics(task):
    predictions, classes, clusters = arena(task)
    task = task_of(task)
    thresholds = choose_thresholds(predictions, task)
    arguments = (task, classes, clusters, thresholds)
    table = evaluate_similarity(predictions, *arguments, audit(predictions), n_bootstrap=100)
    metrics = evaluate(predictions, *arguments, n_bootstrap=100)
    pooled = metrics.query("role == 'test' and repeat == 'all' and target == ''")
    shared = ["model", "metric", "value", "low", "high", "n", "groups"]
    pd.testing.assert_frame_equal(
        table.query("subset == 'all'")[shared].reset_index(drop=True),
        pooled[shared].reset_index(drop=True),
    )


def test_leaked_records_are_measured_apart():
    predictions, classes, clusters = arena(skills=(0.0,), repeats=1)
    number = predictions["record"].str[1:].astype(int)
    known = (predictions["role"] == "test") & (number % 4 == 0)
    predictions.loc[known, "prediction"] = predictions.loc[known, "truth"]  # known by heart
    thresholds = choose_thresholds(predictions, "binary")
    table = evaluate_similarity(
        predictions, "binary", classes, clusters, thresholds, audit(predictions), n_bootstrap=100
    )
    auroc = table.query("metric == 'auroc'").set_index("subset")
    assert auroc.loc["leaked", "value"] == 1
    assert auroc.loc["without leaked", "value"] < auroc.loc["all", "value"] < 1
    assert auroc.loc["leaked", "n"] == 60 and auroc.loc["without leaked", "n"] == 180
    assert auroc.loc["without leaked", "low"] < auroc.loc["without leaked", "high"]


def test_bins_hold_every_record_once():
    predictions, classes, clusters = arena("regression", repeats=1)
    leakage = audit(predictions)
    table = evaluate_similarity(
        predictions, "regression", classes, clusters, None, leakage, n_bootstrap=100
    )
    bins = table.query("subset == 'similarity' and metric == 'mae' and model == 'm0'")
    assert len(bins) == 5 and bins["n"].sum() == 240
    assert bins["n"].between(40, 56).all()
    assert list(bins["high_edge"][:-1]) == list(bins["low_edge"][1:])
    assert bins["low_edge"].iloc[0] == 0 and bins["high_edge"].iloc[-1] == 1


def test_errors_of_several_targets_have_one_unit_in_all_strata():
    predictions, names, clusters = arena("several", repeats=1)
    leakage = audit(predictions)
    table = evaluate_similarity(
        predictions, "regression", names, clusters, None, leakage, n_bootstrap=20
    )
    test = predictions[(predictions["role"] == "test") & (predictions["model"] == "m1")]
    spread = test.groupby("target")["truth"].std(ddof=0)
    inside = test[test["record"].map(leakage.set_index("record")["leaked"])]
    error = (inside["prediction"] - inside["truth"]).abs().groupby(inside["target"]).mean()
    row = table.query("subset == 'leaked' and metric == 'mae' and model == 'm1'")
    assert row["value"].item() == pytest.approx((error / spread).mean())


def test_a_record_can_be_leaked_in_one_repeat_and_not_in_the_other():
    predictions, classes, clusters = arena(skills=(1.0,))
    leakage = audit(predictions)
    leakage["leaked"] = leakage["repeat"] == 1
    table = evaluate_similarity(
        predictions,
        *("binary", classes, clusters, choose_thresholds(predictions, "binary"), leakage),
        n_bootstrap=100,
    )
    auroc = table.query("metric == 'auroc'").set_index("subset")
    assert auroc.loc["leaked", "n"] == auroc.loc["without leaked", "n"] == 240
    mean = (auroc.loc["leaked", "value"] + auroc.loc["without leaked", "value"]) / 2
    assert auroc.loc["all", "value"] == pytest.approx(mean)


def test_what_can_not_be_computed_is_not_a_number():
    predictions, classes, clusters = arena(skills=(1.0,), repeats=1)
    leakage = audit(predictions)
    positive = predictions.drop_duplicates("record").set_index("record")["truth"] == 1
    leakage["leaked"] = positive[leakage["record"]].to_numpy()
    thresholds = choose_thresholds(predictions, "binary")
    arguments = ("binary", classes, clusters, thresholds)
    table = evaluate_similarity(predictions, *arguments, leakage, n_bootstrap=100)
    auroc = table.query("metric == 'auroc'").set_index("subset")
    assert np.isnan(auroc.loc["leaked", "value"]) and np.isnan(auroc.loc["leaked", "low"])
    leakage["leaked"] = False
    table = evaluate_similarity(predictions, *arguments, leakage, n_bootstrap=100)
    assert set(table["subset"]) == {"all", "without leaked", "similarity"}
    leakage["leaked"] = leakage["record"] == leakage["record"].iloc[0]
    table = evaluate_similarity(predictions, *arguments, leakage, n_bootstrap=100)
    assert (table.query("subset == 'leaked'")["n"] == 1).all()


def test_a_prediction_without_an_audit_is_refused():
    predictions, classes, clusters = arena("regression", skills=(1.0,), repeats=1)
    leakage = audit(predictions).iloc[1:]
    with pytest.raises(ValueError, match="lacks test records"):
        evaluate_similarity(predictions, "regression", classes, clusters, None, leakage)


@pytest.mark.parametrize(
    ("similarity", "edges"),
    [
        ([0.5] * 10, [0.5, 0.5]),
        ([0.2, 0.4], [0.2, 0.4]),
        (np.arange(1, 11) / 10, [0.1, 0.2, 0.4, 0.6, 0.8, 1]),
        ([0] * 9 + [1], [0, 1]),
    ],
)
def test_edges_are_distinct(similarity, edges):
    assert bin_edges(np.array(similarity, dtype=float)) == pytest.approx(edges)
