"""Case `splitting`: time and memory of grouping, splitting and auditing, at growing sizes.

The records are simulated: half of them are of no kin, the others in families of five with up to
30 % substitutions on either strand; 200 letters each, two classes. The environment variable N is
the largest number of records (20,000 by default; a million takes 6 GB at most); sizes grow to it
by factors of 5. Each step is the script of its rule, in a process of its own, so that its peak of
memory is its own. Families of which members are in several groups are counted as torn.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
from table import write_figures

from seqarena.data.alphabet import reverse_complement
from seqarena.data.dataset import Dataset, write_dataset

LENGTH = 200
FAMILY = 5
LARGEST = int(os.environ.get("N") or 20_000)
FOLDS, REPEATS = 5, 2
STEPS = ("group_by_sequence", "group_by_homology", "split", "audit")


def simulate(n: int, folder: Path) -> None:
    """Write a dataset; the family of a record is the number before the dot in its name."""
    random = np.random.default_rng(n)
    matrix = np.empty((n, LENGTH), dtype=np.uint8)
    family = np.minimum(np.arange(n), n // 2 + np.maximum(np.arange(n) - n // 2, 0) // FAMILY)
    for start in range(0, n, 10_000):
        rows = family[start : start + 10_000]
        founders = [np.random.default_rng(int(i)).integers(0, 4, LENGTH) for i in rows]
        rates = random.uniform(0, 0.3, len(rows))[:, None]
        shape = len(rows), LENGTH
        changes = (random.random(shape) < rates) * random.integers(1, 4, shape)
        part = ((np.array(founders) + changes) % 4).astype(np.uint8)
        flipped = random.random(len(rows)) < 0.5
        part[flipped] = reverse_complement(part[flipped])
        matrix[start : start + len(rows)] = part
    order = random.permutation(n)
    names = [f"{family[i]}.{i}" for i in order]
    records = pd.DataFrame({"record": names, "label": family[order] % 2, "length": LENGTH})
    summary = {"task": "binary", "target": "label", "targets": ["label"], "classes": ["a", "b"]}
    summary |= {"records": n, "length": LENGTH, "alphabet": {"name": "dna"}}
    offsets = np.arange(n + 1) * LENGTH
    write_dataset(folder, Dataset(matrix[order].ravel(), offsets, records, summary))


class Files(SimpleNamespace):
    """Inputs of a rule: by name, and perhaps not there."""

    def get(self, name: str) -> None:
        """Say that there is no list of records."""
        return getattr(self, name, None)


def run(step: str, folder: Path) -> dict[str, float]:
    """Run the script of a step in this process; give its figures."""
    names = {"tokens": "tokens.npy", "clusters": "clusters.tsv", "grouping": "grouping.json"}
    names |= {"splits": "splits.parquet", "summary": "split.json", "split_summary": "split.json"}
    names |= {"leakage": "leakage.tsv", "audit": "leakage.json"}
    paths = Files(**{name: folder / file for name, file in names.items()})
    params = SimpleNamespace(
        grouping={"by": step.split("_")[-1], "threshold": "auto", "search": "built-in"},
        split={"folds": FOLDS, "repeats": REPEATS},
        audit={"exact": "auto"},
        both_strands=True,
        seed=1,
    )
    script = {"split": "split_records", "audit": "audit_leakage"}.get(step, "group_records")
    started = time.perf_counter()
    __import__(script).main(
        SimpleNamespace(log=[], input=paths, output=paths, params=params, threads=2)
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": time.perf_counter() - started,
        "peak_mb": peak / (2**20 if sys.platform == "darwin" else 2**10),
    }


def torn_percent(folder: Path) -> float:
    """Give the share of families whose members are in more than one group, in percent."""
    clusters = pd.read_csv(folder / "clusters.tsv", sep="\t", dtype={"record": str})
    family = clusters["record"].str.split(".").str[0]
    groups = clusters.groupby(family)["cluster"].agg(["size", "nunique"])
    return 100 * float((groups["nunique"] > 1)[groups["size"] > 1].mean())


def main() -> None:
    """Measure all steps at each size."""
    sizes = [LARGEST]
    while sizes[0] >= 5_000:
        sizes.insert(0, sizes[0] // 5)
    figures = []
    for n in sizes:
        with tempfile.TemporaryDirectory(prefix="seqarena-splitting-") as folder:
            subprocess.run([sys.executable, __file__, "simulate", folder, str(n)], check=True)
            for step in STEPS:
                command = [sys.executable, __file__, step, folder]
                found = subprocess.run(command, check=True, capture_output=True, text=True)
                measured = json.loads(found.stdout.splitlines()[-1])
                figures.append((f"{step}_seconds_{n}", measured["seconds"], "s"))
                figures.append((f"{step}_peak_mb_{n}", measured["peak_mb"], "MB"))
                if step == "group_by_homology":
                    figures.append((f"torn_families_{n}", torn_percent(Path(folder)), "%"))
                print(*figures[-3:], file=sys.stderr, flush=True)
            leaked = json.loads((Path(folder) / "leakage.json").read_text())["leaked"]["share"]
            figures.append((f"leak_{n}", 100 * leaked, "%"))
            size = (Path(folder) / "splits.parquet").stat().st_size
            figures.append((f"splits_parquet_mb_{n}", size / 2**20, "MB"))
    write_figures("splitting", figures)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        simulate(int(sys.argv[3]), Path(sys.argv[2]))
    elif len(sys.argv) == 3:
        print(json.dumps(run(sys.argv[1], Path(sys.argv[2]))))
    else:
        main()
