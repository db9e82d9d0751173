"""The calibrated threshold: where chance ends, whatever else is in the data."""

import json

import numpy as np
import pandas as pd
import pytest

from seqarena.data.dataset import Dataset
from seqarena.splits import calibration
from seqarena.splits.calibration import calibrate, score_of_count
from seqarena.splits.homology import group_by_homology, homology_edges


def dataset(sequences):
    records = pd.DataFrame({"record": [f"r{i}" for i in range(len(sequences))]})
    offsets = np.cumsum([0, *map(len, sequences)])
    return Dataset(np.concatenate(sequences), offsets, records, summary={})


def draw(random, length, shares=None):
    return random.choice(4, length, p=shares).astype(np.uint8)


def mutate(random, sequence, rate):
    changes = (random.random(len(sequence)) < rate) * random.integers(1, 4, len(sequence))
    return ((sequence + changes) % 4).astype(np.uint8)


def test_threshold_is_just_above_chance():
    random = np.random.default_rng(6)
    strangers = [draw(random, 200) for _ in range(1500)]
    clusters, report = group_by_homology(dataset(strangers), threshold="auto")
    chance = report["calibration"]
    assert report["threshold"] == chance["chance_score"] + 1
    assert 24 <= report["threshold"] <= 30
    assert chance["allowed_pairs"] == 0.75
    assert clusters["cluster"].nunique() >= 1498
    json.dumps(report, allow_nan=False)
    related = strangers[:1200] + [mutate(random, s, 0.05) for s in strangers[:300]]
    report_too = homology_edges(dataset(related))[1]
    assert abs(report_too["threshold"] - report["threshold"]) <= 2
    assert report_too["homology_edges"] == pytest.approx(300, abs=2)


def test_chance_depends_on_the_composition():
    random = np.random.default_rng(7)
    plain = [draw(random, 100) for _ in range(500)]
    skewed = [draw(random, 100, [0.35, 0.15, 0.15, 0.35]) for _ in range(500)]
    thresholds = [homology_edges(dataset(s))[1]["threshold"] for s in (plain, skewed)]
    assert thresholds[1] >= thresholds[0] + 3
    assert group_by_homology(dataset(skewed))[1]["clusters"] >= 497


def test_repetitive_records_do_not_raise_the_threshold():
    random = np.random.default_rng(8)
    strangers = [draw(random, 150) for _ in range(400)]
    repeats = [np.resize([1, 0], 150 - i).astype(np.uint8) for i in range(40)]
    rich = [draw(random, 150, [0.9, 0.1, 0, 0]) for _ in range(20)]
    alone = homology_edges(dataset(strangers))[1]
    mixed, report = group_by_homology(dataset(strangers + repeats + rich))
    assert report["calibration"]["low_complexity_share"] == pytest.approx(0.12, abs=0.02)
    assert abs(report["threshold"] - alone["threshold"]) <= 2
    assert len(set(mixed["cluster"].iloc[400:440])) == 1
    assert mixed["cluster"].iloc[:400].nunique() >= 398


def test_a_sample_stands_for_all(monkeypatch):
    random = np.random.default_rng(9)
    data = dataset([draw(random, 100) for _ in range(4000)])
    whole = homology_edges(data)[1]
    monkeypatch.setattr(calibration, "MAX_LETTERS", 100_000)
    sampled = homology_edges(data)[1]
    assert sampled["calibration"]["records"] == 1000
    assert abs(sampled["threshold"] - whole["threshold"]) <= 3


def test_two_very_long_records_are_calibrated(monkeypatch):
    random = np.random.default_rng(10)
    monkeypatch.setattr(calibration, "MAX_LETTERS", 10_000)
    report = homology_edges(dataset([draw(random, 20_000), draw(random, 20_000)]))[1]
    assert report["calibration"]["records"] == 2
    assert 20 <= report["threshold"] <= 45


def test_two_shuffles_of_one_record_are_no_strangers():
    random = np.random.default_rng(11)
    tokens, offsets = draw(random, 300), np.array([0, 100, 200, 300])
    calls = []

    def search(shuffled, ends):
        calls.append(len(ends) - 1)
        same = np.array([[0, 3], [1, 4], [5, 2]])
        strangers = np.array([[i, i + 4] for i in range(300)])
        yield same, np.full(3, 90)
        yield strangers, np.full(300, 24)

    threshold, report = calibrate(tokens, offsets, search)
    assert calls == [667 * 3]
    assert report["best_chance_score"] == 24
    assert (threshold, report["rounds"]) == (25, 667)


def test_a_shared_binding_site_is_no_relation():
    random = np.random.default_rng(3)
    site = random.integers(0, 4, 12).astype(np.uint8)
    rows = random.integers(0, 4, (40, 40)).astype(np.uint8)
    rows[:, 10:22] = site
    edges, report = homology_edges(dataset(rows))
    assert report["threshold"] == calibration.LOWEST_CALIBRATED and len(edges) < 5


def test_a_count_is_read_off_or_extrapolated():
    # so many records have each score: half as many as have the one below
    best = np.repeat(np.arange(29, 19, -1), 2 ** np.arange(10))
    score, decay = score_of_count(best, 31)
    assert score == 25
    assert decay == pytest.approx(np.log(2), abs=0.15)
    for count, expected in ((1, 29.5), (0.5, 30.5), (2**-10, 40)):
        assert score_of_count(best, count)[0] == pytest.approx(expected, abs=2.5)


def test_where_shuffling_tells_nothing_there_is_a_default():
    assert score_of_count(np.zeros(50, dtype=np.int64), 1)[0] == calibration.LOWEST_CALIBRATED
    assert score_of_count(np.empty(0, dtype=np.int64), 0)[0] == calibration.LOWEST_CALIBRATED
    repeat = [np.resize([i % 4, (i + 1) % 4], 60).astype(np.uint8) for i in range(4)]
    assert homology_edges(dataset(repeat))[1]["threshold"] == calibration.LOWEST_CALIBRATED
