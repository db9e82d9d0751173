"""A copy of the workflow and small configurations to run it on."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "config", "envs", "profiles", "scripts", "workflow")

TINY_DENSE = {
    "architecture": "dense",
    "parameters": {"hidden_units": [4]},
    "training": {"epochs": 2, "batch_size": 16},
}
TINY_CONV1D = {
    "architecture": "conv1d",
    "parameters": {"filters": [4], "kernel_sizes": [5], "hidden_units": [4]},
    "training": {"epochs": 2, "batch_size": 16},
}


class Workflow:
    """A folder with a copy of the workflow in it, to run and to edit."""

    def __init__(self, folder: Path):
        self.folder = folder

    def start(
        self, *arguments: str, configuration: dict | None = None, launcher: tuple = ()
    ) -> subprocess.Popen:
        """Start Snakemake as a user would in this folder; `launcher` sets limits before."""
        options = []
        if configuration is not None:
            (self.folder / "test.yaml").write_text(yaml.safe_dump(configuration))
            options = ["--configfile", "test.yaml"]
        return subprocess.Popen(
            [*launcher, sys.executable, "-m", "snakemake", "--cores", "2", *options, *arguments],
            cwd=self.folder,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, configuration: dict | None = None) -> tuple[int, str]:
        """Run Snakemake to its end; give exit status and output."""
        process = self.start(*arguments, configuration=configuration)
        output, _ = process.communicate(timeout=2700)
        return process.returncode, output

    def planned(self, *arguments: str, configuration: dict | None = None) -> set[str]:
        """Name the rules that would run."""
        status, output = self.run("--dry-run", *arguments, configuration=configuration)
        assert status == 0, output
        if "Nothing to be done" in output:
            return set()
        table = output.split("Job stats:")[1].split("total")[0].splitlines()[3:]
        return {line.split()[0] for line in table if line.strip()} - {"all"}


def copy_workflow(folder: Path) -> Workflow:
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / part, ignore=ignored)
        else:
            shutil.copy2(source, folder / part)
    return Workflow(folder)


def write_records(folder: Path, name: str, n: int = 60, lengths=(40,), seed: int = 0) -> list[str]:
    """Write n random records to {name}.fasta; give their ids."""
    rng = random.Random(seed)
    ids = [f"{name}_{i}" for i in range(n)]
    with (folder / f"{name}.fasta").open("w") as handle:
        for record in ids:
            letters = "".join(rng.choices("ACGT", k=rng.choice(lengths)))
            handle.write(f">{record} made up\n{letters}\n")
    return ids


def write_table(folder: Path, name: str, rows) -> None:
    """Write {name}.tsv with the columns id and label."""
    lines = ["id\tlabel", *(f"{record}\t{label}" for record, label in rows)]
    (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n")


def write_chromosomes(folder: Path) -> None:
    """Write records of three chromosomes; chr3 has copies of some of chr1."""
    ids = write_records(folder, "chromosomes", seed=5)
    fasta = (folder / "chromosomes.fasta").read_text().split("\n")
    for i in range(3):  # record 3 i + 2 lies on chr3, record 3 i on chr1
        fasta[2 * (3 * i + 2) + 1] = fasta[2 * (3 * i) + 1]
    (folder / "chromosomes.fasta").write_text("\n".join(fasta))
    lines = ["id\tlabel\tgene\tchromosome"]
    lines += [f"{name}\t{i // 3 % 2}\tgene{i}\tchr{i % 3 + 1}" for i, name in enumerate(ids)]
    (folder / "chromosomes.tsv").write_text("\n".join(lines) + "\n")


@pytest.fixture
def workflow(tmp_path) -> Workflow:
    """A fresh copy of the workflow."""
    return copy_workflow(tmp_path)


@pytest.fixture(scope="session")
def tiny_configuration() -> dict:
    """A dataset of each task, source of labels, kind of split and kind of control; tiny models."""
    return {
        "seed": 3,
        "split": {"folds": 3, "repeats": 1},
        "evaluation": {"bootstrap": 100},
        "datasets": {
            "simulated": {
                "task": "binary",
                "simulation": {"placement": "fixed", "n_records": 90, "length": 40},
                "models": ["majority", "composition", "linear", "dense", "conv1d"],
                "split": {"folds": 3, "repeats": 2},
                "controls": {"seeds": 2, "learning_curve": [0.5], "models": ["linear", "dense"]},
            },
            "classes": {
                "task": "multiclass",
                "fasta": {"exon": "exon.fasta", "intron": "intron.fasta", "other": "other.fasta"},
                "length": {"to": 40},
                "models": ["majority", "linear", "own"],
            },
            "numbers": {
                "task": "regression",
                "fasta": "numbers.fasta",
                "labels": {"table": "numbers.tsv"},
                "split": {"train": "train.txt", "test": "test.txt"},
                "models": ["majority", "linear", "dense"],
            },
            "locked": {
                "task": "binary",
                "simulation": {"placement": "fixed", "n_records": 80, "length": 30},
                "models": ["majority", "linear"],
                "split": {"test_fraction": 0.3, "repeats": 2},
                "grouping": {"by": "sequence"},
                "controls": {"permuted_labels": False, "shuffled_input": False},
            },
            "chromosomes": {
                "task": "binary",
                "fasta": "chromosomes.fasta",
                "labels": {"table": "chromosomes.tsv", "group": "gene"},
                "models": ["majority", "linear"],
                "split": {"column": "chromosome", "values": {"test": ["chr3"]}},
                "grouping": {"groups": "replace"},
            },
        },
        "models": {
            "majority": {"architecture": "majority"},
            "composition": {"architecture": "composition"},
            "linear": {"architecture": "linear", "parameters": {"k": 2}},
            "dense": TINY_DENSE,
            "conv1d": TINY_CONV1D,
            "own": {
                "architecture": "builder.py:build",
                "parameters": {"units": 3},
                "training": {"epochs": 2},
            },
        },
    }


@pytest.fixture(scope="session")
def finished(tmp_path_factory, tiny_configuration) -> Workflow:
    """A copy of the workflow after a whole run of the tiny configuration; not to be changed."""
    folder = tmp_path_factory.mktemp("finished")
    workflow = copy_workflow(folder)
    write_records(folder, "exon", seed=1)
    write_records(folder, "intron", lengths=(30, 50), seed=2)
    write_records(folder, "other", seed=3)
    numbers = write_records(folder, "numbers", seed=4)
    write_table(folder, "numbers", [(record, i % 7 / 2) for i, record in enumerate(numbers)])
    (folder / "train.txt").write_text("\n".join(numbers[:45]) + "\n")
    (folder / "test.txt").write_text("\n".join(numbers[45:]) + "\n")
    write_chromosomes(folder)
    (folder / "builder.py").write_text(
        "import keras\n\n\n"
        "def build(inputs, units):\n"
        "    return keras.layers.Dense(units)(keras.layers.Flatten()(inputs))\n"
    )
    status, output = workflow.run(configuration=tiny_configuration)
    assert status == 0, output
    workflow.output = output
    return workflow


@pytest.fixture
def rerun(finished, tmp_path) -> Workflow:
    """The finished run in a folder of its own, with its times and Snakemake's memory of it."""
    folder = tmp_path / "copy"
    shutil.copytree(finished.folder, folder, symlinks=True)
    return Workflow(folder)
