"""Benchmarks are there when they are wanted: all import, and their table is written."""

import importlib
import sys
from pathlib import Path

import pandas as pd
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
LOADS_TENSORFLOW = {"plain_keras"}
CASES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in LOADS_TENSORFLOW)


@pytest.fixture
def benchmark_module(monkeypatch):
    """Give a function that imports a module of the benchmarks, and forget it afterwards."""
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").parent == FOLDER:
            del sys.modules[name]


@pytest.mark.parametrize("case", CASES)
def test_every_case_imports(case, benchmark_module):
    assert benchmark_module(case).__doc__


def test_all_runs_cases_that_exist(benchmark_module):
    assert set(benchmark_module("all").CASES) <= set(CASES)


def test_table_has_spread_beside_the_figure(tmp_path, monkeypatch, benchmark_module):
    measure, table = benchmark_module("measure"), benchmark_module("table")
    monkeypatch.chdir(tmp_path)
    figures = measure.over_rounds("rate", [1234.5, 900.0, 2000.0], "1/s")
    figures += measure.ratios("ratio_to_other", [2.0, 3.0, 8.0], [1.0, 2.0, 4.0])
    figures += measure.over_rounds("of_a_missing_peer", [], "1/s")
    table.write_figures("speed", figures)
    table.write_figures("size", [("peak", 1.25, "MB")])
    written = pd.read_csv("results/bench/speed.tsv", sep="\t")
    assert list(written.columns) == ["case", "figure", "value", "unit"]
    assert written["value"].isna().sum() == 1
    text = Path("results/bench/table.md").read_text()
    assert "| speed | rate | 1,234 (900 to 2,000) | 1/s |" in text
    assert "| speed | ratio_to_other | 2 (1.5 to 2) | ratio |" in text
    assert "| speed | of_a_missing_peer | not measured | 1/s |" in text
    assert "| size | peak | 1.25 | MB |" in text
    assert "Python" in text and "numpy" in text


def test_rate_is_that_of_the_time_that_jobs_share(benchmark_module):
    training = benchmark_module("training")
    jobs = [{"times": [0.0, 1.0, 2.0], "loss": 0.5}, {"times": [1.0, 2.0, 3.0], "loss": 0.5}]
    assert training.rate(jobs, n=100)["rate"] == pytest.approx(200)
    assert training.rate(jobs[:1], n=100)["rate"] == pytest.approx(100)
    assert training.operations_per_sequence() == pytest.approx(4.9e6, rel=0.01)


def test_simulated_motif_is_in_its_class(benchmark_module):
    sequences = benchmark_module("sequences")
    tokens, labels = sequences.simulate(200, 30)
    motif = sequences.MOTIF.tobytes()
    found = [motif in row.tobytes() for row in tokens]
    share = pd.Series(found).groupby(labels).mean()
    assert share[0] < 0.05 < 0.25 < share[1]
