"""A script wrapper: its output, progress and failures; and scripts called from Python."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pandas as pd
import pytest

from .conftest import ROOT

SCRIPT = """
import os
from types import SimpleNamespace
from rule_script import progress, rule_script
from seqarena.errors import InputError

@rule_script
def main(snakemake):
    print("from Python")
    os.write(2, b"from a compiled library\\n")
    progress.info("fold 1/5")
    {statement}

main(SimpleNamespace(log=["logs/rule.log"], output=["out/table.tsv"]))
"""


def run_script(folder, statement):
    """Run a script that ends with a statement; give its status, terminal and log."""
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(statement=statement)],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
    )
    return process.returncode, process.stderr, (folder / "logs/rule.log").read_text()


def test_output_goes_to_the_log_and_progress_to_the_terminal_too(tmp_path):
    status, terminal, log = run_script(tmp_path, "pass")
    assert status == 0
    assert terminal == "fold 1/5\n"
    for line in ("from Python", "from a compiled library", "fold 1/5"):
        assert line in log


def test_bad_input_is_one_message_without_a_traceback(tmp_path):
    status, _, log = run_script(tmp_path, 'raise InputError("no good", remedy="mend it")')
    assert status == 1
    assert "Error: no good\n  what to do: mend it" in log
    assert "Traceback" not in log


def test_the_log_is_complete_on_a_traceback(tmp_path):
    status, _, log = run_script(tmp_path, "1 / 0")
    assert status == 1
    assert "from Python" in log and "ZeroDivisionError" in log and "Traceback" in log


@pytest.mark.parametrize(
    "error", ["OSError(28, 'No space left')", "OSError('9 requested and 5 written')"]
)
def test_a_full_disk_is_said_in_words(tmp_path, error):
    status, _, log = run_script(tmp_path, f"raise {error}")
    assert status == 1
    assert "the disk is full" in log and "Traceback" not in log


def test_a_full_memory_is_said_in_words(tmp_path):
    status, _, log = run_script(tmp_path, "raise MemoryError('Unable to allocate 13.6 TiB')")
    assert status == 1
    assert "the memory is used up (Unable to allocate 13.6 TiB)" in log
    assert "what to do" in log and "Traceback" not in log


def test_other_system_errors_are_not_taken_for_a_full_disk(tmp_path):
    _, _, log = run_script(tmp_path, "open('missing')")
    assert "FileNotFoundError" in log and "disk" not in log


class Named(SimpleNamespace):
    """Stands in for Snakemake's inputs and outputs, which also have `get`."""

    def get(self, name, default=None):
        return getattr(self, name, default)


def test_scripts_can_be_called_from_python(tmp_path):
    """From a simulation to roles through four scripts, without Snakemake."""
    import group_records
    import prepare_dataset
    import simulate_dataset
    import split_records

    def call(script, params, **files):
        inputs, outputs = Named(**files["input"]), Named(**files["output"])
        script.main(
            SimpleNamespace(input=inputs, output=outputs, params=SimpleNamespace(**params), log=[])
        )

    def path(name):
        return str(tmp_path / name)

    simulated = {"fasta": path("a.fasta"), "labels": path("a.tsv")}
    simulation = {"placement": "fixed", "n_records": 60, "length": 40}
    call(
        simulate_dataset,
        {"simulation": simulation, "seed": 1},
        input={},
        output=simulated | {"truth": path("truth.tsv")},
    )
    names = ("tokens.npy", "offsets.npy", "records.parquet", "summary.json")
    data = {name.split(".")[0]: path(name) for name in names}
    settings = dict.fromkeys(("classes_of_files", "labels", "split_column", "positive", "length"))
    settings |= {"task": "binary", "ambiguous": "share", "soft_masked": "upper", "gaps": "refuse"}
    settings |= {"source": {"kind": "fasta"}, "alphabet": {"name": "dna"}}
    records = {"records": simulated["fasta"], "labels": simulated["labels"]}
    call(prepare_dataset, settings, input=records, output=data)
    clusters = {"clusters": path("clusters.tsv")}
    call(
        group_records,
        {"both_strands": True, "grouping": {"by": "sequence"}},
        input=data,
        output=clusters | {"grouping": path("grouping.json")},
    )
    call(
        split_records,
        {"split": {"folds": 3, "repeats": 2}, "seed": 1},
        input=data | clusters,
        output={"splits": path("splits.parquet"), "summary": path("split.json")},
    )
    splits = pd.read_parquet(path("splits.parquet"))
    assert len(splits) == 60 * 3 * 2
    assert json.loads((tmp_path / "split.json").read_text())["groups"] == 60
