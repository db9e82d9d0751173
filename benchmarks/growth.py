"""Case `growth`: what a run of the whole workflow costs when one thing grows tenfold.

From a small base (1,000 records of 60 letters, 3 folds, 1 network and the three baselines, 3
epochs) the records, their length, the folds or the networks become ten times as many. Seconds,
processor seconds and the largest process are of a whole run; the ratio is to the base, which is run
before and after. What grows more than tenfold limits what can be run: docs/scaling.md draws on it.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

import yaml
from measure import Usage, run_workflow

TIMES = 10
BASE = {"records": 1_000, "length": 60, "folds": 3, "models": 1}
EPOCHS = 3
FIELDS = ("seconds", "processor_seconds", "peak_mb")


def configuration(records: int, length: int, folds: int, models: int) -> dict:
    """Give a configuration of some size."""
    training = {"epochs": EPOCHS, "patience": EPOCHS}
    networks = {
        f"conv1d_{i}": {"architecture": "conv1d", "training": training} for i in range(models)
    }
    baselines = {name: {"architecture": name} for name in ("majority", "composition", "linear")}
    simulation = {"placement": "anywhere", "n_records": records, "length": length}
    return {
        "datasets": {"simulated": {"task": "binary", "simulation": simulation}},
        "split": {"folds": folds, "repeats": 2},
        "models": baselines | networks,
    }


def run(**sizes: int) -> Usage:
    """Run the workflow on a configuration of some size, in an empty folder."""
    print(sizes, file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="seqarena-growth-") as folder:
        path = Path(folder) / "growth.yaml"
        path.write_text(yaml.safe_dump(configuration(**sizes)))
        return run_workflow(Path(folder), "--configfile", path, cores=os.cpu_count())


def main() -> None:
    """Run the base, what has grown, and the base again."""
    from table import write_figures

    bases = [run(**BASE)]
    grown = {name: run(**BASE | {name: TIMES * BASE[name]}) for name in BASE}
    bases.append(run(**BASE))
    units = dict(zip(FIELDS, ("s", "s", "MB"), strict=True))
    base = {field: statistics.mean(getattr(usage, field) for usage in bases) for field in FIELDS}
    figures = [(f"base_{name}", value, name) for name, value in BASE.items()]
    figures += [(f"base_{field}", base[field], units[field]) for field in FIELDS]
    for name, usage in grown.items():
        for field in FIELDS:
            value = getattr(usage, field)
            figures.append((f"{name}_x{TIMES}_{field}", value, units[field]))
            figures.append((f"{name}_x{TIMES}_{field}_ratio", value / base[field], "ratio"))
    write_figures("growth", figures)


if __name__ == "__main__":
    main()
