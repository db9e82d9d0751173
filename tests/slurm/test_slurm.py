"""The workflow through a real SLURM: the same results as at home, and lost jobs are tried again."""

import contextlib
import os
import shutil
import signal
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

# It holds more memory than its rule asks for at first, and less than twice as much; and it notes
# the card that it may use.
HUNGRY = """\
import functools
import os
from pathlib import Path

import keras
import numpy as np


@functools.cache
def hold(megabytes):
    with Path("cards.txt").open("a") as cards:
        print(os.environ.get("CUDA_VISIBLE_DEVICES"), file=cards)
    return np.ones(megabytes << 17)


def build(inputs, megabytes):
    hold(megabytes)
    return keras.layers.Dense(3)(keras.layers.Flatten()(inputs))
"""
MEMORY_NEEDED_MB = 6_000
TIME_LIMIT = 1_800  # many times what it takes on two idle cores
CONFIGURATION = {
    "seed": 3,
    "device": "cpu",
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
        "linear": {"architecture": "linear", "parameters": {"k": 2}},
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


def snakemake(
    folder: Path,
    *arguments: str,
    environment: dict = NO_CLUSTER,
    look: Callable[[], bool] = lambda: True,
) -> tuple[int, str]:
    """Run Snakemake as a user would in this folder; give exit status and output.

    Until it says so, `look` is called again and again. A run that takes too long is killed.
    """
    path = f"{Path(sys.executable).parent}:{environment.get('PATH', os.environ['PATH'])}"
    output = folder / "output.log"
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--configfile", "test.yaml", *arguments],
        cwd=folder,
        env={**os.environ, **environment, "PATH": path},
        stdout=output.open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    end = time.monotonic() + TIME_LIMIT
    try:
        while process.poll() is None and not look():
            assert time.monotonic() < end, output.read_text()
            time.sleep(0.5)
        status = process.wait(timeout=max(0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        pytest.fail(f"no end in {TIME_LIMIT} s\n{output.read_text()}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return status, output.read_text()


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
    started = time.monotonic()
    with running_cluster() as cluster:
        # No accounting and jobs of seconds; all else is the profile's.
        status, output = snakemake(
            folder,
            *("--profile", "profiles/slurm", "--slurm-status-command", "squeue"),
            *("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "5"),
            *("--set-resources", "train_network:gpu=1"),
            environment=cluster.environment,
            look=cancel_first(cluster, "linear"),
        )
        jobs = pd.DataFrame(cluster.jobs()).sort_values("id", key=lambda ids: ids.astype(int))
        print(f"\n{jobs.to_string(index=False)}")
        print(f"{len(jobs)} jobs in {time.monotonic() - started:.0f} s")
        assert status == 0, output + cluster.logs()
    return folder, jobs, output


def attempts(jobs: pd.DataFrame, model: str) -> pd.DataFrame:
    """Give the jobs that trained a model, the first attempt first."""
    return jobs[jobs["comment"].str.match(rf"rule_train_\w+_wildcards_simulated_{model}_1$")]


def megabytes(memory: pd.Series) -> list[int]:
    """Read memory as SLURM writes it, such as 2500M or 5G."""
    factors = {"M": 1, "G": 1024}
    return [int(float(text[:-1]) * factors[text[-1]]) for text in memory]


def test_all_jobs_ran_on_the_cluster_on_both_nodes(run):
    folder, jobs, _ = run
    assert (folder / "results/report.html").is_file()
    assert set(jobs["node"]) == set(NODES)
    others = jobs[~jobs["comment"].str.contains("_linear_1|_hungry_1")]
    assert len(others) > 12 and set(others["state"]) == {"COMPLETED"}


def test_a_cancelled_job_is_tried_again(run):
    _, jobs, _ = run
    assert list(attempts(jobs, "linear")["state"]) == ["CANCELLED", "COMPLETED"]


def test_a_job_that_needs_more_memory_gets_twice_as_much(run):
    folder, jobs, output = run
    tried = attempts(jobs, "hungry")
    assert list(tried["state"])[-1] == "COMPLETED" and len(tried) == 2
    first, second = megabytes(tried["memory"])
    print(f"\nmem_mb of the training that needs more: {first}, then {second}")
    assert first < 3_000 and second == pytest.approx(2 * first, abs=2)
    logs = [path.read_text() for path in folder.glob("logs/slurm/**/*.log")]
    told = [line for text in logs for line in text.splitlines() if "exceeded memory limit" in line]
    assert told, output
    print(told[0])


def test_a_training_gets_a_card_and_no_other_job_does(run):
    folder, jobs, _ = run
    training = attempts(jobs, "hungry").index
    assert set(jobs.loc[training, "gpus"]) == {"gres:gpu:1"}
    assert not jobs.drop(training)["gpus"].str.contains("gpu").any()
    assert set((folder / "cards.txt").read_text().split()) == {"0"}


def test_results_equal_those_of_a_local_run(run, tmp_path):
    folder, _, _ = run
    local = copy_workflow(tmp_path)
    status, output = snakemake(local, "--cores", "2", METRICS)
    assert status == 0, output
    expected = (local / METRICS).read_bytes()
    assert (folder / METRICS).read_bytes() == expected
    print(f"\nmetrics.tsv equals that of a local run: {len(expected.splitlines())} lines")
