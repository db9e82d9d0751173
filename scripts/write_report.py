"""Write the report of all datasets, as one page for people and as data for machines."""

import json
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rule_script import read_infos, read_tsv, rule_script
from seqarena.files import whole_file, write_json
from seqarena.reporting.report import render_report, report_views
from seqarena.reporting.report_json import report_content

PACKAGES = ("snakemake", "numpy", "pandas", "scikit-learn", "scipy", "statsmodels", "matplotlib")
TABLES = ("metrics", "comparison", "ranking", "diagnosis", "thresholds", "similarity", "controls")
TABLES += ("seeds", "learning_curve")
OF_PROBABILITIES = ("calibration", "reliability", "temperatures")


def control_notices(folder, inputs):
    """Read what was noticed when the controls of a dataset were made, by their names."""
    return {
        path.parents[1].name: json.loads(path.read_text(encoding="utf-8"))["notices"]
        for path in sorted(inputs)
        if path.parents[2] == folder
    }


def dataset_section(folder, settings, evaluation, baselines, inputs):
    """Gather what the report says of one dataset from its folder of results."""

    def content(name):
        return json.loads((folder / name).read_text(encoding="utf-8"))

    def tables(*names):
        return {name: read_tsv(folder / f"{name}.tsv") for name in names}

    repeats = range(1, settings["split"]["repeats"] + 1)
    runs = [
        folder / "runs" / model / f"repeat{repeat}" / "run.json"
        for model in settings["models"]
        for repeat in repeats
    ]
    probabilities = [name for name in OF_PROBABILITIES if (folder / f"{name}.tsv") in inputs]
    return {
        "name": folder.name,
        "about": settings.get("about"),
        "settings": settings,
        "evaluation": evaluation,
        "primary_metric": settings["primary_metric"],
        "baselines": [model for model in settings["models"] if model in baselines],
        "summary": content("data/summary.json"),
        "splits": content("splits/summary.json") | {"grouping": content("splits/grouping.json")},
        "leakage": content("splits/leakage.json"),
        "headline": content("headline.json"),
        **tables(*TABLES),
        **(dict.fromkeys(OF_PROBABILITIES) | tables(*probabilities)),
        "control_notices": control_notices(folder / "controls", inputs),
        "runs": read_infos(runs),
        "figures": {
            path.stem: path
            for path in sorted(inputs)
            if path.parent == folder / "plots" and path.suffix == ".svg"
        },
    }


def across_datasets(folder, inputs):
    """Gather the comparison across datasets, where the workflow made one."""
    summary, figure = folder / "across.json", folder / "critical_difference.svg"
    if summary not in inputs:
        return None
    return {
        "summary": json.loads(summary.read_text(encoding="utf-8")),
        "ranks": read_tsv(folder / "ranks.tsv"),
        "figure": figure if figure in inputs else None,
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
    """Write the report for people and the same for machines."""
    params, results = snakemake.params, Path(snakemake.output.html).parent
    settings, inputs = params.settings, {Path(path) for path in snakemake.input}
    sections = [
        dataset_section(results / name, dataset, settings["evaluation"], params.baselines, inputs)
        for name, dataset in settings["datasets"].items()
    ]
    provenance = {
        "config": settings,
        "versions": {"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": params.command,
        "platform": {"system": platform.platform(), "machine": platform.machine()},
        "commit": commit(),
    }
    views = report_views(
        sections,
        provenance,
        statements=settings["statements"],
        across=across_datasets(results / "across", inputs),
    )
    write_json(report_content(views), snakemake.output.json)
    with whole_file(snakemake.output.html) as path:
        path.write_text(render_report(views), encoding="utf-8")


if __name__ == "__main__":
    main(snakemake)
