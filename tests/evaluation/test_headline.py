"""The sentence that says first what a reader could overlook, and the cautions under it."""

import json
import math

import pandas as pd
import pytest
from arena import PRIMARY, constant, contest, copy_of

from seqarena.evaluation.headline import headline
from seqarena.evaluation.verdicts import decide, holm, in_words


@pytest.mark.parametrize("task", PRIMARY)
def test_a_network_that_wins(task):
    _, _, _, said = contest(task, skills=(0.5, 1.5, 3.5), n=400, n_groups=200)
    assert said["beyond_noise"]
    assert (said["best"], said["best_network"], said["best_baseline"]) == ("m2", "m2", "m0")
    assert said["sentence"].startswith("`m2`")
    assert "(mean over folds) ahead of the best baseline, `m0`" in said["sentence"]
    assert said["sentence"].endswith(
        "by the corrected t after Holm's correction; `m2` is better than `m0`."
    )
    assert said["low"] < said["difference"] < said["high"]
    assert said["cautions"] == []
    json.dumps(said, allow_nan=False)


def test_a_degenerate_model_is_never_best():
    _, ranking, _, said = contest(change=lambda p: constant(p, "m0"), skills=(1.0, -1.5), folds=4)
    assert ranking["degenerate"].to_list() == [True, True]
    assert said["best"] is None
    assert said["sentence"].startswith("No model predicts `binding` better than chance")
    _, _, _, said = contest(change=lambda p: constant(constant(p, "m0"), "m1"), skills=(1.0, 1.0))
    assert said["best"] is None
    assert said["sentence"].startswith("No model learned to predict `binding`")


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
    assert said["sentence"].endswith("; `m0` is better than `m1`.")
    assert said["difference"] < 0
    assert said["low"] < said["difference"] < said["high"]
    assert (said["best"], said["best_network"], said["best_baseline"]) == ("m0", "m1", "m0")
    assert not said["beyond_noise"]


def test_headline_without_baselines_or_networks():
    _, _, _, said = contest(baselines=())
    assert "no baseline was run" in said["sentence"]
    assert (said["difference"], said["best"]) == (None, "m2")
    _, _, _, said = contest(baselines=("m0", "m1", "m2"))
    assert said["sentence"].startswith("No network was run")


def test_a_single_group_gives_no_interval_but_a_caution():
    _, _, _, said = contest(n_groups=1, folds=1, repeats=1)
    assert "no interval" in said["sentence"]
    assert "one group" in said["cautions"][0]
    assert (said["p_adjusted"], said["beyond_noise"]) == (None, False)


def test_one_split_into_folds_is_a_caution_and_one_test_set_is_not():
    _, _, _, said = contest(skills=(0.5, 2.0), repeats=1)
    assert said["cautions"][0].startswith("One split into folds was drawn")
    assert "set split.repeats to 5 or more" in said["cautions"][0]
    assert "by the group bootstrap" in said["sentence"]
    _, _, _, said = contest(skills=(0.5, 2.0), repeats=1, folds=1)
    assert said["cautions"] == []
    assert "by the cluster-robust DeLong" in said["sentence"]


NETWORK_FIRST = [("net", 0.90), ("base", 0.89)]
BASELINE_FIRST = [("base", 0.90), ("net", 0.89)]


def said_of(order, difference, p, low=None, high=None, method="corrected t", equivalence=0.01):
    """Give the headline of a network and a baseline; difference is of the first minus second."""
    low = difference - 0.02 if low is None else low
    high = difference + 0.02 if high is None else high
    ranking = pd.DataFrame(
        [
            (place, name, value, value - 0.02, value + 0.02, 0.5, False, "", 500, 200)
            for place, (name, value) in enumerate(order, 1)
        ],
        columns=[
            *("rank", "model", "value", "low", "high", "chance", "degenerate", "why"),
            *("n", "groups"),
        ],
    )
    pair = {"metric": "auroc", "model_a": order[0][0], "model_b": order[1][0]}
    numbers = {"difference": difference, "low": low, "high": high, "p": p, "p_adjusted": p}
    verdict = decide(difference, low, high, p, equivalence, 0.05)
    comparison = pd.DataFrame(
        [pair | numbers | {"verdict": verdict, "method": method, "left_out": 0}]
    )
    sizes = pd.DataFrame({"repeat": [1, 1, 2, 2], "fold": [0, 1, 0, 1]})
    return headline(ranking, comparison, sizes, ["base"], "auroc", "binding")


NETWORK, BASELINE = "`net` is better than `base`.", "`base` is better than `net`."
CAN_NOT_TELL = "undecided: the data can't tell."


@pytest.mark.parametrize(
    ("order", "difference", "p", "beyond", "start", "end"),
    [
        (NETWORK_FIRST, 0.03, 0.01, True, "`net` (", NETWORK),
        (NETWORK_FIRST, 0.03, 0.06, False, "The networks' advantage", CAN_NOT_TELL),
        (NETWORK_FIRST, 0.03, math.nan, False, "The networks' advantage", CAN_NOT_TELL),
        (NETWORK_FIRST, -0.03, 0.01, False, "The networks' advantage", BASELINE),
        (NETWORK_FIRST, math.nan, math.nan, False, "`net` (", "0.910)."),
        (BASELINE_FIRST, 0.03, 0.01, False, "A baseline predicts", BASELINE),
        (BASELINE_FIRST, 0.03, 0.5, False, "A baseline predicts", CAN_NOT_TELL),
        (BASELINE_FIRST, -0.03, 0.01, False, "The networks' advantage", NETWORK),
    ],
)
def test_the_gate_opens_only_for_a_network_that_ranks_first_and_passes_the_test(
    order, difference, p, beyond, start, end
):
    said = said_of(order, difference, p)
    assert said["beyond_noise"] is beyond
    assert said["sentence"].startswith(start)
    assert said["sentence"].endswith(end)
    json.dumps(said, allow_nan=False)


def test_the_sentence_says_when_folds_and_pool_disagree():
    said = said_of(BASELINE_FIRST, -0.03, 0.01)
    assert (
        "0.920) ranks above `net` (0.890) with the folds pooled, but `net` is" in said["sentence"]
    )
    assert "but `net` is 0.030 (mean over folds) ahead" in said["sentence"]
    assert said["difference"] == 0.03


def test_too_little_to_matter():
    said = said_of(NETWORK_FIRST, 0.005, 0.001, 0.002, 0.008)
    assert said["beyond_noise"]
    assert said["sentence"].endswith("; beyond noise, but no difference of practical size.")
    said = said_of(BASELINE_FIRST, 0.005, 0.2, -0.002, 0.009)
    assert said["sentence"].startswith("No network beats the best baseline")
    assert said["sentence"].endswith("; no difference of practical size.")


def test_a_model_without_a_pair_in_the_comparison():
    _, ranking, comparison, _ = contest(change=copy_of("m0", "m1"), skills=(1.0, 1.0))
    sizes = pd.DataFrame({"repeat": [1], "fold": [0]})
    said = headline(ranking, comparison.iloc[:0], sizes, ["m0"], "auroc", "binding")
    assert "can't be compared with the best baseline" in said["sentence"]


@pytest.mark.parametrize(
    ("difference", "low", "high", "p", "verdict", "words"),
    [
        (0.1, 0.05, 0.15, 0.01, "better", "A is better than B"),
        (-0.1, -0.15, -0.05, 0.01, "worse", "B is better than A"),
        (0.1, 0.05, 0.15, 0.06, "undecided", "undecided: the data can't tell"),
        (0.005, 0.0, 0.01, 0.01, "no practical difference", "no difference of practical size"),
        (0.1, math.nan, math.nan, math.nan, "undecided", "undecided: the data can't tell"),
    ],
)
def test_verdicts_and_their_words(difference, low, high, p, verdict, words):
    assert decide(difference, low, high, p, 0.01, 0.05) == verdict
    assert in_words(verdict, "A", "B") == words


def test_holm_counts_only_tests_that_were_made():
    assert holm([0.01, math.nan, 0.04]) == pytest.approx([0.02, math.nan, 0.04], nan_ok=True)
    assert len(holm([])) == 0
