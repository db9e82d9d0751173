"""Case `noop`: a run that finds nothing to do, and where its seconds go.

The jobs are those of the default configuration without its networks, on few records. What is not
the start of Python and the import of Snakemake is the reading of the workflow and the look at the
files.
"""

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import yaml
from measure import ROOT, alternate, over_rounds, ratios, rounds, run_apart, run_workflow

QUICK = {"n_records": 200, "length": 40}
BASELINES = ("majority", "composition", "linear")


def quick_configuration() -> dict:
    """Give the default configuration with few records and without networks."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    for dataset in config["datasets"].values():
        dataset["simulation"] |= QUICK
    return config | {"models": {name: {"architecture": name} for name in BASELINES}}


def main() -> None:
    """Run the workflow once to its end, then several times more."""
    from table import write_figures

    with tempfile.TemporaryDirectory(prefix="seqarena-noop-") as folder:
        path = Path(folder) / "quick.yaml"
        path.write_text(yaml.safe_dump(quick_configuration()))
        again = partial(run_workflow, Path(folder), "--configfile", path, cores=os.cpu_count())
        whole = again().seconds
        jobs = sum(1 for _ in (Path(folder) / "logs/benchmark").rglob("*.tsv"))
        python = partial(run_apart, [sys.executable, "-c", "pass"])
        imports = partial(run_apart, [sys.executable, "-c", "import snakemake.cli"])
        contenders = {"noop": again, "python_start": python, "snakemake_import": imports}
        measured = alternate(contenders, rounds())
    seconds = {name: [usage.seconds for usage in runs] for name, runs in measured.items()}
    figures = [("jobs", jobs, "jobs"), ("first_run_seconds", whole, "s")]
    for name, values in seconds.items():
        figures += over_rounds(f"{name}_seconds", values, "s")
    figures += ratios("share_of_imports", seconds["snakemake_import"], seconds["noop"])
    write_figures("noop", [*figures, ("rounds", rounds(), "runs")])


if __name__ == "__main__":
    main()
