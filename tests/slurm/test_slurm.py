"""The workflow through a real SLURM: the same results as at home, and lost jobs are tried again."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psutil
import pytest
import yaml

from .cluster import NODES, Cluster, missing_programs, running_cluster

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "config", "envs", "profiles", "scripts", "workflow")
METRICS = "results/simulated/metrics.tsv"

pytestmark = [pytest.mark.slurm, pytest.mark.slow]

# It holds more memory than its rule asks for at first, and less than twice as much.
HUNGRY = """\
import functools

import keras
import numpy as np


@functools.cache
def hold(megabytes):
    return np.ones(megabytes << 17)


def build(inputs, megabytes):
    hold(megabytes)
    return keras.layers.Dense(3)(keras.layers.Flatten()(inputs))
"""
MEMORY_NEEDED_MB = 6_000
TIME_LIMIT = 1_500  # a few minutes on two idle cores
CONFIGURATION = {
    "seed": 3,
    "split": {"folds": 3, "repeats": 1},
    "evaluation": {"bootstrap": 100},
    "datasets": {
        "simulated": {
            "task": "binary",
            "simulation": {"placement": "fixed", "n_records": 90, "length": 40},
            "grouping": {"by": "sequence"},
            "controls": {"permuted_labels": False, "shuffled_input": False},
        }
    },
    "models": {
        "majority": {"architecture": "majority"},
        "linear": {"architecture": "linear", "parameters": {"k": 2}},
        "lost": {
            "architecture": "dense",
            "parameters": {"hidden_units": [4]},
            "training": {"epochs": 2},
        },
        "hungry": {
            "architecture": "hungry.py:build",
            "parameters": {"megabytes": 2_500},
            "training": {"epochs": 2},
        },
    },
}


def copy_workflow(folder: Path) -> Path:
    """Copy the workflow and the configuration into a folder."""
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, folder / part)
    (folder / "hungry.py").write_text(HUNGRY)
    (folder / "test.yaml").write_text(yaml.safe_dump(CONFIGURATION))
    return folder


# The plugin asks SLURM even where no job goes there; without a file SLURM would search the network.
NO_CLUSTER = {"SLURM_CONF": os.devnull}


def start(folder: Path, *arguments: str, environment: dict = NO_CLUSTER) -> subprocess.Popen:
    """Start Snakemake as a user would in this folder."""
    path = f"{Path(sys.executable).parent}:{environment.get('PATH', os.environ['PATH'])}"
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--configfile", "test.yaml", *arguments],
        cwd=folder,
        env={**os.environ, **environment, "PATH": path},
        stdout=(folder / "output.log").open("w"),
        stderr=subprocess.STDOUT,
    )


def watch(process: subprocess.Popen, look: Callable[[], bool]) -> None:
    """Look at the cluster again and again until the process ends or all is seen."""
    while process.poll() is None and not look():
        time.sleep(0.5)


def cancel_first(cluster: Cluster, model: str) -> Callable[[], bool]:
    """Give a function that cancels a model's training once it runs, and says whether it did."""

    def look() -> bool:
        for job in cluster.jobs():
            if job["comment"].endswith(f"_{model}_1") and job["state"] == "RUNNING":
                cluster.ask("scancel", job["id"])
                return True
        return False

    return look


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A whole run through SLURM in which the training of one model is cancelled."""
    pytest.importorskip("snakemake_executor_plugin_slurm")
    missing = missing_programs() + ["to be root"] * (os.geteuid() != 0)
    if psutil.virtual_memory().available < MEMORY_NEEDED_MB << 20:
        missing.append(f"{MEMORY_NEEDED_MB} MB of free memory")
    if missing:
        pytest.skip(f"a SLURM of our own can't run here: it needs {', '.join(missing)}")
    folder = copy_workflow(tmp_path_factory.mktemp("slurm"))
    with running_cluster() as cluster:
        # No accounting and jobs of seconds; all else is the profile's.
        process = start(
            folder,
            *("--profile", "profiles/slurm", "--slurm-status-command", "squeue"),
            *("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "5"),
            environment=cluster.environment,
        )
        try:
            watch(process, cancel_first(cluster, "lost"))
            status = process.wait(timeout=TIME_LIMIT)
        finally:
            process.kill()
        jobs = pd.DataFrame(cluster.jobs()).sort_values("id", key=lambda ids: ids.astype(int))
        output = (folder / "output.log").read_text()
        print(jobs.to_string(index=False))
        assert status == 0, output + cluster.logs()
    return folder, jobs, output


def attempts(jobs: pd.DataFrame, model: str) -> pd.DataFrame:
    """Give the jobs that trained a model, the first attempt first."""
    return jobs[jobs["comment"].str.endswith(f"train_network_wildcards_simulated_{model}_1")]


def megabytes(memory: pd.Series) -> list[int]:
    """Read memory as SLURM writes it, such as 2500M or 5G."""
    factors = {"M": 1, "G": 1024}
    return [int(float(text[:-1]) * factors[text[-1]]) for text in memory]


def test_all_jobs_ran_on_the_cluster_on_both_nodes(run):
    folder, jobs, _ = run
    assert (folder / "results/report.html").is_file()
    assert set(jobs["node"]) >= set(NODES)
    others = jobs[~jobs["comment"].str.contains("_lost_1|_hungry_1")]
    assert len(others) > 15 and set(others["state"]) == {"COMPLETED"}


def test_a_cancelled_job_is_tried_again(run):
    _, jobs, _ = run
    assert list(attempts(jobs, "lost")["state"]) == ["CANCELLED", "COMPLETED"]


def test_a_job_that_needs_more_memory_gets_twice_as_much(run):
    folder, jobs, output = run
    tried = attempts(jobs, "hungry")
    assert list(tried["state"])[-1] == "COMPLETED" and len(tried) == 2
    first, second = megabytes(tried["memory"])
    assert first < 3_000 and second == pytest.approx(2 * first, abs=2)
    logs = [path.read_text() for path in folder.glob("logs/slurm/**/*.log")]
    assert any("exceeded memory limit" in log for log in logs), output


def test_results_equal_those_of_a_local_run(run, tmp_path):
    folder, _, _ = run
    local = copy_workflow(tmp_path)
    process = start(local, "--cores", "2", METRICS)
    assert process.wait(timeout=TIME_LIMIT) == 0, (local / "output.log").read_text()
    assert (local / METRICS).read_bytes() == (folder / METRICS).read_bytes()
