"""What the benchmarks share: the table of figures and a run of the whole workflow."""

import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
PACKAGES = ("snakemake", "keras", "tensorflow-cpu", "scikit-learn", "numpy", "numba", "parasail")


def run_workflow(folder: Path, *arguments: str, cores: int) -> float:
    """Run the workflow into an empty folder; give the seconds that it took."""
    started = time.perf_counter()
    subprocess.run(
        [
            sys.executable,
            *("-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")),
            *("--directory", str(folder), "--cores", str(cores), "--quiet", *arguments),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


def write_figures(case: str, figures: list[tuple[str, float, str]]) -> None:
    """Write results/bench/{case}.tsv and print it as Markdown, with machine and versions."""
    table = pd.DataFrame(figures, columns=["figure", "value", "unit"])
    table.insert(0, "case", case)
    path = Path("results/bench") / f"{case}.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, sep="\t", index=False)
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{versions}\n")
    print("| figure | value | unit |\n| --- | --- | --- |")
    for figure, value, unit in figures:
        print(f"| {figure} | {value:.3g} | {unit} |")
    print(f"\n{path}")
