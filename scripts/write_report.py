"""Write the report of all datasets as one file."""

import json
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rule_script import read_infos, read_tsv, rule_script
from seqarena.files import whole_file
from seqarena.reporting.report import render_report

PACKAGES = ("snakemake", "numpy", "pandas", "scikit-learn", "scipy", "statsmodels", "matplotlib")


def dataset_section(folder, settings, baselines, figures):
    """Gather what the report says of one dataset from its folder of results."""

    def content(name):
        return json.loads((folder / name).read_text(encoding="utf-8"))

    repeats = range(1, settings["split"]["repeats"] + 1)
    runs = [
        folder / "runs" / model / f"repeat{repeat}" / "run.json"
        for model in settings["models"]
        for repeat in repeats
    ]
    return {
        "name": folder.name,
        "about": settings.get("about"),
        "primary_metric": settings["primary_metric"],
        "baselines": [model for model in settings["models"] if model in baselines],
        "summary": content("data/summary.json"),
        "splits": content("splits/summary.json") | {"grouping": content("splits/grouping.json")},
        "headline": content("headline.json"),
        "metrics": read_tsv(folder / "metrics.tsv"),
        "comparison": read_tsv(folder / "comparison.tsv"),
        "ranking": read_tsv(folder / "ranking.tsv"),
        "diagnosis": read_tsv(folder / "diagnosis.tsv"),
        "thresholds": read_tsv(folder / "thresholds.tsv"),
        "runs": read_infos(runs),
        "figures": {path.stem: path for path in figures if path.parent == folder / "plots"},
    }


def commit():
    """Name the commit of the workflow where it is a checkout of git, else nothing."""
    git = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


@rule_script
def main(snakemake):
    """Write the report."""
    params, results = snakemake.params, Path(snakemake.output.html).parent
    figures = [Path(path) for path in snakemake.input if path.endswith(".svg")]
    sections = [
        dataset_section(results / name, settings, params.baselines, figures)
        for name, settings in params.settings["datasets"].items()
    ]
    provenance = {
        "config": params.settings,
        "versions": {"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": params.command,
        "platform": {"system": platform.platform(), "machine": platform.machine()},
        "commit": commit(),
    }
    with whole_file(snakemake.output.html) as path:
        path.write_text(render_report(sections, provenance), encoding="utf-8")


if __name__ == "__main__":
    main(snakemake)
