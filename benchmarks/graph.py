"""Case `graph`: seconds until Snakemake knows what to do, at 10,000 jobs.

The configuration has 50 datasets, 20 models and 8 repeats: 8,000 trainings, and the jobs around
them. `building` is the graph alone (`snakemake --rulegraph`), `seqarena` a dry run (`snakemake -n`)
in an empty folder, which also prints each job with its resources. Beside them, in turn, a dry run
of as many jobs of a single rule that has neither inputs nor parameters: what Snakemake takes for
any workflow of that many jobs.
"""

import re
import sys
import tempfile
from functools import partial
from pathlib import Path

import yaml
from measure import ROOT, alternate, over_rounds, ratios, rounds, run_apart

BASELINES = ("majority", "composition", "linear")
DATASETS, MODELS, REPEATS = 50, 20, 8

PLAIN = """
rule all:
    input: expand("{{job}}", job=range({jobs}))

rule one:
    output: "{{job}}"
    shell: "touch {{output}}"
"""


def configuration() -> dict:
    """Give a configuration of about 10,000 jobs."""
    simulation = {"placement": "anywhere"}
    baselines = {name: {"architecture": name} for name in BASELINES}
    networks = {f"conv1d_{i}": {"architecture": "conv1d"} for i in range(MODELS - len(BASELINES))}
    return {
        "datasets": {
            f"dataset_{i}": {"task": "binary", "simulation": simulation} for i in range(DATASETS)
        },
        "split": {"folds": 5, "repeats": REPEATS},
        "models": baselines | networks,
    }


def snakemake(folder: Path, *arguments: object) -> list[object]:
    """Give a command that runs Snakemake in a folder."""
    return [sys.executable, "-m", "snakemake", "--directory", folder, "--cores", 1, *arguments]


def build(folder: Path, *arguments: object) -> dict[str, float]:
    """Let Snakemake build the graph and print its rules; give what that took."""
    return vars(run_apart(snakemake(folder, "--rulegraph", *arguments)))


def dry_run(folder: Path, *arguments: object) -> dict[str, float]:
    """Let Snakemake say what it would do; give what that took, and how many jobs there are."""
    with (folder / "printed.txt").open("w+") as printed:
        usage = run_apart(snakemake(folder, "-n", "--quiet", "rules", *arguments), printed)
        printed.seek(0)
        jobs = int(re.search(r"^total\s+(\d+)", printed.read(), re.M).group(1))
    return vars(usage) | {"jobs": jobs}


def main() -> None:
    """Time all in turn."""
    from table import write_figures

    with tempfile.TemporaryDirectory(prefix="seqarena-graph-") as name:
        folder = Path(name)
        many, plain = folder / "many.yaml", folder / "Snakefile"
        many.write_text(yaml.safe_dump(configuration()))
        snakefile = ("--snakefile", ROOT / "Snakefile", "--configfile")
        plain.write_text(PLAIN.format(jobs=DATASETS * MODELS * REPEATS))
        contenders = {
            "building": partial(build, folder, *snakefile, many),
            "seqarena": partial(dry_run, folder, *snakefile, many),
            "plain": partial(dry_run, folder, "--snakefile", plain),
        }
        measured = alternate(contenders, rounds(1))
    figures = []
    for name, runs in measured.items():
        if "jobs" in runs[0]:
            figures.append((f"{name}_jobs", runs[0]["jobs"], "jobs"))
        units = {"seconds": "s", "processor_seconds": "s", "peak_mb": "MB"}
        for field, unit in units.items():
            figures += over_rounds(f"{name}_{field}", [run[field] for run in runs], unit)
    per_job = (
        [run["processor_seconds"] / run["jobs"] for run in measured[name]]
        for name in ("seqarena", "plain")
    )
    figures += ratios("ratio_to_plain_a_job", *per_job)
    write_figures("graph", [*figures, ("rounds", rounds(1), "runs")])


if __name__ == "__main__":
    main()
