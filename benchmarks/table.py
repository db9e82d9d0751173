"""Figures as files: results/bench/{case}.tsv each, and one table of all for people."""

import datetime
import json
import math
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd
from measure import PEERS, Figure

from seqarena.models.devices import cpu_name

FOLDER = Path("results/bench")
COLUMNS = ("case", "figure", "value", "unit")
PACKAGES = ("snakemake", "keras", "tensorflow-cpu", "scikit-learn", "numpy", "numba", "parasail")
PEER_PACKAGES = ("jax", "torch", "biopython", "pyfastx", "seqpro", "tangermeme")


def write_figures(case: str, figures: list[Figure]) -> None:
    """Write results/bench/{case}.tsv, print it, and renew the table of all cases."""
    table = pd.DataFrame([(case, *figure) for figure in figures], columns=COLUMNS)
    FOLDER.mkdir(parents=True, exist_ok=True)
    table.to_csv(FOLDER / f"{case}.tsv", sep="\t", index=False, na_rep="NA")
    print("\n".join(markdown_rows(table)))
    write_table()


def write_table() -> None:
    """Write results/bench/table.md from the figures of all cases."""
    tables = [pd.read_csv(path, sep="\t") for path in sorted(FOLDER.glob("*.tsv"))]
    tables = [table for table in tables if tuple(table.columns) == COLUMNS]
    lines = ["# What was measured", "", machine(), "", versions(), "", *markdown_rows(*tables)]
    path = FOLDER / "table.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"\n{path}")


def machine() -> str:
    """Say on what machine this is, and when."""
    return (
        f"{datetime.date.today()}, {cpu_name()}, {os.cpu_count()} cores, {platform.platform()}, "
        f"Python {platform.python_version()}; load of the last minute {os.getloadavg()[0]:.1f}. In "
        "brackets the lowest and highest of all rounds."
    )


def versions() -> str:
    """Name the packages of both environments with their versions."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return ", ".join(f"{name} {number}" for name, number in (found | _peer_versions()).items())


def _peer_versions() -> dict[str, str]:
    """Versions of the peers; none where their environment is missing."""
    code = (
        "import json, sys\n"
        "from importlib.metadata import distributions\n"
        "print(json.dumps({d.name: d.version for d in distributions()}))"
    )
    if not PEERS.exists():
        return {}
    installed = json.loads(subprocess.check_output([PEERS, "-c", code], text=True))
    return {name: installed.get(name, "not installed") for name in PEER_PACKAGES}


def markdown_rows(*tables: pd.DataFrame) -> list[str]:
    """Give the lines of one Markdown table; a figure's lowest and highest are put beside it."""
    lines = ["| case | figure | value | unit |", "| --- | --- | --- | --- |"]
    for table in tables:
        values = dict(zip(table["figure"], table["value"], strict=True))
        for case, figure, value, unit in table.itertuples(index=False):
            if figure.endswith(("_lowest", "_highest")):
                continue
            text = number(value)
            if f"{figure}_lowest" in values:
                low, high = (number(values[f"{figure}_{end}"]) for end in ("lowest", "highest"))
                text += f" ({low} to {high})"
            lines.append(f"| {case} | {figure} | {text} | {unit} |")
    return lines


def number(value: float) -> str:
    """Write a number with three significant digits, and whole thousands with all of theirs."""
    if math.isnan(value):
        return "not measured"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


if __name__ == "__main__":
    write_table()
