"""Ranks over datasets: Friedman, Nemenyi and cliques against tables, scipy and loops."""

import json
import math
from itertools import permutations, product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import compare_across_datasets as script
from seqarena.errors import InputError
from seqarena.evaluation.across_datasets import (
    compare_across_datasets,
    critical_difference,
    friedman,
    sign_test,
)


def ranking(values, degenerate=(), lower_is_better=False):
    """Give a ranking table of models by their values."""
    table = pd.DataFrame({"model": list(values), "value": list(values.values())})
    table["degenerate"] = table["model"].isin(degenerate)
    return table.sort_values("value", ascending=lower_is_better, ignore_index=True)


def rankings_of(matrix, names="abcdefghij"):
    """Give a ranking for each row of values (larger is better)."""
    return {f"set{i}": ranking(dict(zip(names, row, strict=False))) for i, row in enumerate(matrix)}


def ranked(seed, n=8, k=4, ties=False):
    random = np.random.default_rng(seed)
    values = random.normal(size=(n, k)) + np.arange(k) / 2
    return np.round(values) if ties else values


def test_critical_values_are_those_of_demsar():
    """Table 5 of Demsar (2006): q for 2 to 10 models at 0.05."""
    q = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]
    for k, expected in enumerate(q, 2):
        error = math.sqrt(k * (k + 1) / (6 * 14))
        assert critical_difference(k, 14) / error == pytest.approx(expected, abs=1e-3)


def test_the_example_of_demsar():
    """C4.5 and three variants on 14 datasets (his table 6; sections 3.2.2 and 3.2.3)."""
    values = [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
    names = ("C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf")
    _, across = compare_across_datasets(rankings_of(values, names))
    mean = across["mean_ranks"]
    assert [mean[name] for name in names] == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    # He leaves ties uncorrected, which gives 9.28: three pairs and a row of four are tied.
    corrected = 9.28 / (1 - (3 * (2**3 - 2) + (4**3 - 4)) / (14 * (4**3 - 4)))
    assert across["friedman"]["statistic"] == pytest.approx(corrected, abs=0.01)
    assert (across["iman_davenport"]["df1"], across["iman_davenport"]["df2"]) == (3, 39)
    assert across["critical_difference"] == pytest.approx(1.25, abs=0.01)
    assert across["cliques"] == [["C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"]]
    assert "no two models are told apart" in across["sentence"]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("n", "k"), [(5, 3), (8, 4), (20, 7)])
def test_friedman_against_scipy_and_the_analysis_of_variance(n, k, ties):
    values = ranked(n, n, k, ties)
    ranks = stats.rankdata(-values, axis=1)
    found = friedman(ranks)
    statistic, p = stats.friedmanchisquare(*values.T)
    assert found["friedman"] == pytest.approx({"statistic": statistic, "df": k - 1, "p": p})
    # Iman and Davenport's F is that of the two-way analysis of variance of the ranks.
    centred = ranks - (k + 1) / 2
    between = n * (centred.mean(axis=0) ** 2).sum()
    within = ((centred - centred.mean(axis=0)) ** 2).sum()
    ratio = (between / (k - 1)) / (within / ((k - 1) * (n - 1)))
    davenport = found["iman_davenport"]
    assert davenport["statistic"] == pytest.approx(ratio)
    assert davenport["p"] == pytest.approx(stats.f(k - 1, (k - 1) * (n - 1)).sf(ratio))


def test_all_tied_and_all_alike():
    tied = friedman(np.full((6, 3), 2.0))
    assert tied["friedman"] == {"statistic": 0, "df": 2, "p": 1}
    assert (tied["iman_davenport"]["statistic"], tied["iman_davenport"]["p"]) == (0, 1)
    for row in ([1, 2, 3], [1, 2.5, 2.5]):
        alike = friedman(np.tile(np.array(row, dtype=float), (5, 1)))["iman_davenport"]
        same = [later == first for first, later in product(set(permutations(row)), repeat=2)]
        assert alike["statistic"] is None
        assert alike["p"] == pytest.approx(np.mean(same) ** 4)


def test_pairs_are_nemenyis():
    matrix = ranked(0, n=12, k=5)
    ranks, across = compare_across_datasets(rankings_of(matrix))
    mean = stats.rankdata(-matrix, axis=1).mean(axis=0)
    assert across["mean_ranks"] == pytest.approx(dict(zip("abcde", mean, strict=True)))
    assert across["models"] == sorted("abcde", key=lambda name: mean["abcde".index(name)])
    assert len(across["pairs"]) == 10
    for pair in across["pairs"]:
        expected = mean["abcde".index(pair["model_b"])] - mean["abcde".index(pair["model_a"])]
        assert pair["difference"] == pytest.approx(expected)
        assert pair["difference"] >= 0
        told_apart = pair["difference"] >= across["critical_difference"]
        assert (pair["p"] <= 0.05) == told_apart
        inside = any({pair["model_a"], pair["model_b"]} <= set(c) for c in across["cliques"])
        assert inside != told_apart
    assert ranks.columns.to_list() == ["model", "dataset", "rank", "value"]
    assert len(ranks) == 60
    json.dumps(across, allow_nan=False)


def test_nemenyis_p_is_that_of_simulated_ranges():
    random = np.random.default_rng(0)
    drawn = random.normal(size=(40_000, 4))
    ranges = np.ptp(drawn, axis=1)
    _, across = compare_across_datasets(rankings_of(ranked(1)))
    for pair in across["pairs"]:
        scaled = pair["difference"] / math.sqrt(4 * 5 / (12 * 8))
        assert pair["p"] == pytest.approx((ranges >= scaled).mean(), abs=0.01)


def test_cliques_overlap_and_a_winner_stands_alone():
    # Two good models and two bad ones in changing order, one always best.
    values = [[9, 3 + (i % 2), 4 - (i % 2), 1 + (i % 2), 2 - (i % 2)] for i in range(30)]
    _, across = compare_across_datasets(rankings_of(values))
    assert across["models"][0] == "a"
    assert across["cliques"] == [["b", "c"], ["d", "e"]]
    assert "above each of the other models beyond noise" in across["sentence"]
    chain = 3 * [[4, 3, 2, 1]] + 2 * [[3, 4, 2, 1]] + 2 * [[4, 2, 3, 1]] + 2 * [[4, 3, 1, 2]]
    _, across = compare_across_datasets(rankings_of(chain))
    assert across["cliques"] == [["a", "b"], ["b", "c"], ["c", "d"]]
    assert "it is told apart from `c` and `d`, not from `b`" in across["sentence"]


def test_no_pair_is_told_apart_where_the_test_of_all_does_not_reject():
    values = np.random.default_rng(3).normal(size=(5, 4))
    _, across = compare_across_datasets(rankings_of(values))
    assert across["iman_davenport"]["p"] > 0.05
    assert [sorted(clique) for clique in across["cliques"]] == [list("abcd")]
    assert "these datasets can't tell" in across["sentence"]


def test_ties_degenerate_models_and_metrics_to_be_low():
    tables = {
        "tied": ranking({"a": 0.9, "b": 0.9, "c": 0.8, "d": 0.5}, degenerate=["d"]),
        "low": ranking({"a": 1.0, "b": 3.0, "c": 2.0, "d": 4.0}, lower_is_better=True),
        "sick": ranking({"a": 0.5, "b": 0.9, "c": math.nan, "d": 0.6}, degenerate=["a"]),
        "empty": ranking(dict.fromkeys("abcd", math.nan)),
        "plain": ranking({"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.4}),
    }
    ranks, across = compare_across_datasets(tables)
    wide = ranks.pivot_table(index="dataset", columns="model", values="rank")
    assert wide.loc["tied"].to_list() == [1.5, 1.5, 3, 4]
    assert wide.loc["low"].to_list() == [1, 3, 2, 4]
    assert wide.loc["sick"].to_list() == [3.5, 1, 3.5, 2]
    assert wide.loc["empty"].to_list() == [2.5] * 4
    assert wide.loc["plain"].to_list() == [4, 3, 2, 1]
    assert ranks[ranks["dataset"] == "sick"].set_index("model").loc["a", "value"] == 0.5
    json.dumps(across, allow_nan=False)


def test_models_that_lack_a_dataset_are_left_out_with_the_reason():
    tables = rankings_of(ranked(0, n=6, k=3))
    tables["set2"] = tables["set2"][tables["set2"]["model"] != "b"]
    ranks, across = compare_across_datasets(tables)
    assert across["left_out"] == [{"what": "b", "why": "not run on `set2`"}]
    assert sorted(across["models"]) == ["a", "c"]
    assert set(ranks["rank"]) == {1, 2}, "ranks are among the models compared"
    assert len(across["pairs"]) == 1


def test_two_models_are_compared_by_the_sign_test():
    wins = [[1, 0]] * 8 + [[0, 1]] + [[1, 1]]
    _, across = compare_across_datasets(rankings_of(wins))
    assert across["sign_test"] == {"wins": 8, "losses": 1, "ties": 1, "p": pytest.approx(20 / 512)}
    assert across["models"] == ["a", "b"]
    assert across["cliques"] == []
    assert "`a` ranks best" in across["sentence"]
    five = compare_across_datasets(rankings_of([[1, 0]] * 5))[1]
    assert five["sign_test"]["p"] == pytest.approx(1 / 16)
    assert five["cliques"] == [["a", "b"]], "five of five can't decide at 0.05"
    assert sign_test(np.full((5, 2), 1.5)) == {"wins": 0, "losses": 0, "ties": 5, "p": 1}


@pytest.mark.parametrize(("n", "k"), [(4, 3), (6, 1)])
def test_too_few_datasets_or_models_are_refused(n, k):
    with pytest.raises(InputError, match=f"{n} datasets that share {k} models"):
        compare_across_datasets(rankings_of(ranked(0, n, k)))


def test_order_of_datasets_does_not_matter():
    tables = rankings_of(ranked(5, ties=True))
    ranks, across = compare_across_datasets(tables)
    turned_ranks, turned = compare_across_datasets(dict(reversed(tables.items())))
    assert turned == across
    pd.testing.assert_frame_equal(turned_ranks, ranks)


def test_the_script_names_datasets_by_their_folder(tmp_path):
    paths = []
    for name, table in rankings_of(ranked(2, n=5)).items():
        paths.append(tmp_path / name / "ranking.tsv")
        paths[-1].parent.mkdir()
        table.to_csv(paths[-1], sep="\t", index=False)
    outputs = {"ranks": tmp_path / "ranks.tsv", "across": tmp_path / "across.json"}
    script.main(
        SimpleNamespace(
            log=[], input=SimpleNamespace(ranking=paths), output=SimpleNamespace(**outputs)
        )
    )
    assert json.loads(outputs["across"].read_text())["datasets"] == [f"set{i}" for i in range(5)]
    assert len(pd.read_csv(outputs["ranks"], sep="\t")) == 20
