"""Every example is valid, is in the list of examples, and runs."""

import json
import re
import subprocess
import sys

import pandas as pd
import pytest
import yaml

from seqarena.configuration import complete_config
from seqarena.errors import InputError
from seqarena.input_paths import resolve_paths
from seqarena.simulation_settings import KINDS, WORDS

from .conftest import ROOT, copy_workflow
from .examples import EXAMPLES, joined_examples, read_example, write_data

REPORTED = {
    "sentences-sentences": ["linear", "conv1d"],
    "multilabel-factors": ["linear", "conv1d"],
    "regression_targets-two_factors": ["majority", "linear"],
    "numbers-rings": ["linear", "dense"],
    "peaks-peaks": ["majority", "linear"],
}
"""A dataset of each kind that goes on to figures and the report, by Snakemake, with two models."""

SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_valid_and_says_how_it_is_run(path):
    config = complete_config(read_example(path), SCHEMA, [path])
    assert all(dataset["about"] for dataset in config["datasets"].values())
    head = path.read_text().split("datasets:")[0]
    assert "Data: " in head and f"make example NAME={path.stem}" in head
    needs_data = any("simulation" not in dataset for dataset in config["datasets"].values())
    assert ("DATA=" in head) == needs_data


def test_the_list_of_examples_is_complete():
    rows = re.findall(
        r"^\| `(\w+)` \| (\w+).*\| (.+?) \|", (ROOT / "config/examples/README.md").read_text(), re.M
    )
    assert sorted(name for name, *_ in rows) == [path.stem for path in EXAMPLES]
    assert len(rows) >= 10
    for name, kind, _ in rows:
        datasets = read_example(ROOT / f"config/examples/{name}.yaml")["datasets"].values()
        assert {dataset["task"] for dataset in datasets} <= {kind, "regression"}


def test_examples_cover_every_kind_of_task_input_and_simulation():
    datasets = [d for path in EXAMPLES for d in read_example(path)["datasets"].values()]
    assert {d["task"] for d in datasets} == {"binary", "multiclass", "multilabel", "regression"}
    assert {source for d in datasets for source in ("fasta", "intervals") if source in d} == {
        "fasta", "intervals"
    }  # fmt: skip
    kinds = {d["simulation"].get("kind", "motif") for d in datasets if "simulation" in d}
    assert kinds == set(KINDS)


@pytest.fixture
def with_data(tmp_path):
    write_data(tmp_path)
    return tmp_path


def test_the_joined_examples_are_valid_and_find_their_data(with_data):
    config = complete_config(joined_examples() | {"data_folder": str(with_data)}, SCHEMA)
    resolve_paths(config)
    assert len({name.split("-")[0] for name in config["datasets"]}) == len(EXAMPLES)


def simulated(kind, alphabet="dna", **more):
    dataset = {"task": KINDS[kind].task, "simulation": {"kind": kind}, "alphabet": alphabet}
    return complete_config({"datasets": {"d": dataset | more}}, SCHEMA)["datasets"]["d"]


def test_a_simulation_says_how_it_is_read():
    sentences = simulated("sentences", {"words": list(WORDS)})
    assert sentences["labels"]["group"] == "group" and not sentences["both_strands"]
    assert simulated("numbers")["alphabet"] == {"name": "numbers"}
    assert simulated("ordinal")["labels"]["order"] == ["none", "few", "many"]
    assert simulated("multilabel")["simulation"]["missing"] == 0.1
    assert simulated("weights", simulation={"kind": "weights", "weight": 0})["simulation"] == {
        "n_records": 3000, "length": 100, "decoy_strength": 0.5, "noisy": 0.6, "wrong": 0.4,
        "weight": 0, "kind": "weights",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("motif", {}, "the key `placement` is missing in `datasets.d.simulation`"),
        ("rna", {}, "is made of rna"),
        ("sentences", {"alphabet": {"words": ["you", "are"]}}, "is made of words"),
        ("multilabel", {"task": "binary"}, "is made for the task multilabel"),
        (
            "numbers",
            {"simulation": {"kind": "numbers", "length": 50}},
            "`length` has no meaning for a simulation of kind `numbers`",
        ),
        ("ordinal", {"labels": {"column": "x"}}, "`labels` has no meaning for this simulation"),
        ("ordinal", {"positive": "many"}, "`positive` has no meaning for this simulation"),
        ("protein", {"length": {"to": 50}}, "`length` has no meaning for this simulation"),
    ],
)
def test_settings_that_do_not_fit_a_kind_are_refused(kind, more, words):
    with pytest.raises(InputError) as error:
        simulated(kind, **more)
    assert words in str(error.value)


@pytest.mark.slow
def test_every_example_comes_to_its_metrics(with_data):
    """All datasets and models in one process."""
    config = complete_config(joined_examples() | {"data_folder": str(with_data)}, SCHEMA)
    resolve_paths(config)
    (with_data / "configuration.json").write_text(json.dumps(config))
    script = ROOT / "tests/workflow/in_process.py"
    run = subprocess.run([sys.executable, script, with_data], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-5000:]
    for name, dataset in config["datasets"].items():
        table = pd.read_csv(with_data / f"results/{name}/metrics.tsv", sep="\t")
        tested = table[(table["role"] == "test") & (table["n"] > 0)]
        assert set(tested["model"]) == set(dataset["models"])


@pytest.mark.slow
def test_examples_of_each_kind_come_to_the_report(tmp_path):
    workflow = copy_workflow(tmp_path)
    write_data(tmp_path)
    configuration = joined_examples()
    datasets = {name: configuration["datasets"][name] for name in REPORTED}
    for name, dataset in datasets.items():
        dataset["models"] = [f"{name.split('-')[0]}-{model}" for model in REPORTED[name]]
    status, output = workflow.run(configuration=configuration | {"datasets": datasets})
    assert status == 0, output
    report = (tmp_path / "results/report.html").read_text()
    assert all(name in report for name in datasets)
