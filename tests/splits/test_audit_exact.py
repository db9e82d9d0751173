"""How many records are compared with all others, and what they say of the rest."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from seqarena.errors import InputError
from seqarena.splits import audit_exact
from seqarena.splits.audit_exact import choose_exact, residual_leak, wilson
from seqarena.splits.audit_sides import take_sides
from seqarena.splits.comparison import Nucleotides

from .audit_data import alone, audit, dataset, draw, mutate, one_fold, one_record


def sides_of(n_tested, clusters, n_seen=5):
    random = np.random.default_rng(14)
    data = dataset([draw(random, 30) for _ in range(n_tested + n_seen)])
    table = alone(data)
    table.loc[: n_tested - 1, "cluster"] = clusters
    return take_sides(
        data, one_fold(data, "T" * n_tested + "t" * n_seen), table, True, Nucleotides(True).plain
    )


@pytest.mark.parametrize(("found", "n"), [(0, 10), (0, 1000), (3, 50), (50, 50), (400, 1000)])
def test_interval_of_a_share_is_wilsons(found, n):
    expected = proportion_confint(found, n, method="wilson")
    assert wilson(found / n, n) == pytest.approx(expected, abs=1e-12)


def test_residual_leak_accounts_for_groups_and_for_the_size_of_the_sample():
    n, sampled = 4000, np.arange(100)
    leaked = pd.Series(0.0, index=np.arange(n))
    leaked[:20] = 1

    def interval(clusters, values=leaked, chosen=sampled):
        found = residual_leak(sides_of(n, clusters), chosen, values)
        return found["share"], found["low"], found["high"]

    single = interval(np.arange(n))
    almost = proportion_confint(20, 100, method="wilson")
    assert single[0] == 0.2
    assert single[1:] == pytest.approx(almost, abs=0.003)
    assert almost[0] < single[1] < single[2] < almost[1]  # 100 of 4,000 leave a bit less unknown
    share, low, high = interval(np.arange(n) // 10)  # whole groups leak or don't
    assert share == 0.2
    assert high - low > 2 * (single[2] - single[1])
    none = pd.Series(0.0, index=np.arange(n))
    assert interval(np.arange(n), none)[2] == pytest.approx(0.0366, abs=0.001)
    assert interval(np.arange(n) // 10, none)[2] == pytest.approx(0.277, abs=0.01)
    assert interval(np.zeros(n, dtype=int))[2] > 0.8


def test_residual_leak_of_all_records_is_known():
    leaked = pd.Series([1.0, 0, 0, 0.5])
    sides = sides_of(4, np.arange(4))
    known = residual_leak(sides, np.arange(4), leaked)
    assert known == {"share": 0.375, "low": 0.375, "high": 0.375, "records": 4, "complete": True}
    nothing = residual_leak(sides, np.arange(0), leaked)
    assert (nothing["share"], nothing["low"], nothing["records"]) == (None, None, 0)


def test_intervals_cover_the_share_of_all_records():
    random = np.random.default_rng(15)
    n, covered = 600, 0
    clusters = random.integers(0, 200, n)
    leaks = random.random(200) < 0.1
    leaked = pd.Series(leaks[clusters].astype(float))
    sides = sides_of(n, clusters)
    for _ in range(300):
        found = residual_leak(sides, random.permutation(n)[:150], leaked)
        covered += found["low"] <= leaked.mean() <= found["high"]
    assert covered >= 0.93 * 300


def test_a_sample_is_drawn_by_seed_and_fits_the_budget(monkeypatch):
    monkeypatch.setattr(audit_exact, "MOST_CELLS", 0)
    random = np.random.default_rng(16)
    data = dataset([draw(random, 50) for _ in range(100)])
    splits = one_fold(data, "T" * 40 + "t" * 60)
    sides = take_sides(data, splits, alone(data), True, Nucleotides(True).plain)
    each = 2 * 50 * 50 * 60
    assert sorted(choose_exact(sides, "auto", True, 0, 40 * each)) == list(range(40))
    assert len(choose_exact(sides, "auto", True, 0, 40 * each - 1)) == 39
    assert len(choose_exact(sides, "auto", False, 0, 40 * each - 1)) == 40
    assert len(choose_exact(sides, "auto", True, 0, 10 * each)) == 10
    assert len(choose_exact(sides, "auto", True, 0, 0)) == 0
    assert len(choose_exact(sides, "all", True, 0, 0)) == 40
    assert len(choose_exact(sides, 1000, True, 0, 0)) == 40
    monkeypatch.setattr(audit_exact, "MOST_CELLS", 20 * each)
    monkeypatch.setattr(audit_exact, "AUTO_RECORDS", 15)
    assert [len(choose_exact(sides, "auto", True, 0, k * each)) for k in (0, 17)] == [15, 17]
    monkeypatch.setattr(audit_exact, "AUTO_RECORDS", 30)
    assert len(choose_exact(sides, "auto", True, 0, 0)) == 20
    some = [set(choose_exact(sides, 10, True, seed)) for seed in (0, 0, 1)]
    assert some[0] == some[1] != some[2]


def test_a_sample_of_records_says_what_it_is():
    random = np.random.default_rng(17)
    sequences = [draw(random, 60) for _ in range(60)]
    data = dataset([*sequences, *[mutate(random, s, 0.2) for s in sequences[:20]]])
    table, report = audit(data, one_fold(data, "t" * 60 + "T" * 20), exact=5)
    assert table["exact"].sum() == report["exact_records"] == 5
    residual = report["residual_leak"]
    assert residual["records"] == 5
    assert not residual["complete"]
    assert residual["low"] < residual["share"] or residual["share"] == 0
    assert any(line.startswith("5 of 20 test records, drawn at random") for line in report["lines"])


@pytest.mark.parametrize("exact", [-1, 2.5, True, "some", None])
def test_senseless_settings_are_refused(exact):
    with pytest.raises(InputError, match="the audit's exact is"):
        one_record([np.zeros(9, np.uint8)] * 2, exact=exact)
