"""Case `graph`: seconds until Snakemake knows what to do, at 10,000 jobs.

The configuration has 50 datasets, 20 models and 8 repeats: 8,000 trainings, and the jobs around
them. It is a dry run (`snakemake -n`) in an empty folder, and so has nothing to look up. With
PROFILE=1 in the environment the functions that take longest are printed.
"""

import cProfile
import os
import pstats
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from measure import ROOT, over_rounds, rounds, run_workflow

DATASETS, NETWORKS, REPEATS = 50, 17, 8
"""Networks; three baselines are always there."""


def configuration() -> dict:
    """Give a configuration of about 10,000 jobs."""
    simulation = {"placement": "anywhere"}
    baselines = {name: {"architecture": name} for name in ("majority", "composition", "linear")}
    networks = {f"conv1d_{i}": {"architecture": "conv1d"} for i in range(NETWORKS)}
    return {
        "datasets": {
            f"dataset_{i}": {"task": "binary", "simulation": simulation} for i in range(DATASETS)
        },
        "split": {"folds": 5, "repeats": REPEATS},
        "models": baselines | networks,
    }


def count_jobs(folder: Path, path: Path) -> int:
    """Ask Snakemake how many jobs there are."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile"]
    options = ["--directory", folder, "--configfile", path, "-n", "--quiet", "rules"]
    printed = subprocess.run([*command, *options], check=True, capture_output=True, text=True)
    return int(re.search(r"^total\s+(\d+)", printed.stdout + printed.stderr, re.M).group(1))


def profile(folder: Path, path: Path) -> None:
    """Make the graph in this process and print where the seconds go."""
    from snakemake.cli import main as snakemake

    snakefile = ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    profiler = cProfile.Profile()
    try:
        profiler.runcall(snakemake, [*snakefile, "--configfile", str(path), "-n", "--quiet"])
    except SystemExit:
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("cumulative").print_stats(60)


def main() -> None:
    """Time dry runs."""
    from table import write_figures

    with tempfile.TemporaryDirectory(prefix="seqarena-graph-") as folder:
        path = Path(folder) / "many.yaml"
        path.write_text(yaml.safe_dump(configuration()))
        if os.environ.get("PROFILE"):
            profile(Path(folder), path)
            return
        jobs = count_jobs(Path(folder), path)
        options = ("--configfile", path, "-n")
        runs = [run_workflow(Path(folder), *options, cores=1) for _ in range(rounds(1))]
    figures = [("jobs", jobs, "jobs")]
    figures += over_rounds("seconds", [usage.seconds for usage in runs], "s")
    figures += over_rounds("processor_seconds", [u.processor_seconds for u in runs], "s")
    figures += over_rounds("peak_mb", [usage.peak_mb for usage in runs], "MB")
    write_figures("graph", [*figures, ("rounds", len(runs), "runs")])


if __name__ == "__main__":
    main()
