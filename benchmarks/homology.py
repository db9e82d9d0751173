"""Case `homology`: how much of a test set still has relatives in training after grouping.

Needs the folder homology_truth in the folder that the environment variable DATA names. Whole groups
are put at random into a test set of a tenth; the leak is the share of its records with a pair at
the threshold or above in training, a mean over 20 seeds. The pairs are those of exhaustive
alignment. Each search runs in a process of its own, so that its peak of memory is its own. The
figures of MMseqs2 are there if it is installed; the peak is without that of its own processes.
"""

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from table import write_figures

from seqarena.data.alphabet import reverse_complement, translate
from seqarena.data.dataset import Dataset
from seqarena.data.reading import read_fasta
from seqarena.splits.homology import group_by_homology
from seqarena.splits.mmseqs import PROGRAM

FOLDER = Path(os.environ.get("DATA", "../shared/data")) / "homology_truth"
THRESHOLDS = {"real": 40, "simulated": 30}
SEEDS = 20
TEST_SHARE = 0.1
ROUNDS = 3
N_LARGE = 200_000


def read_sequences(name: str) -> Dataset:
    """Read a set of homology_truth, or make the large one."""
    if name == "large":
        matrix = simulate_families(N_LARGE)
        ids = [f"r{i}" for i in range(len(matrix))]
        tokens, offsets = matrix.ravel(), np.arange(len(matrix) + 1) * matrix.shape[1]
    else:
        fasta = read_fasta(FOLDER / f"{name}.fasta.gz")
        ids, tokens, offsets = fasta.headers, translate(fasta.letters), fasta.offsets
    return Dataset(tokens, offsets, pd.DataFrame({"record": ids}), summary={})


def simulate_families(n: int, length: int = 200) -> np.ndarray:
    """Make singletons and, as many, members of families of five with 0 to 30 % substitutions."""
    random = np.random.default_rng(0)
    founders = random.integers(0, 4, (n // 2 + n // 10, length), dtype=np.uint8)
    members = np.repeat(founders[n // 2 :], 5, axis=0)
    rates = np.repeat(random.uniform(0, 0.3, n // 10), 5)[:, None]
    changes = (random.random(members.shape) < rates) * random.integers(1, 4, members.shape)
    members = (members + changes.astype(np.uint8)) % 4
    flipped = random.random(len(members)) < 0.5
    members[flipped] = reverse_complement(members[flipped])
    return random.permutation(np.concatenate([founders[: n // 2], members]))


def leak_percent(dataset: Dataset, name: str, clusters: np.ndarray) -> float:
    """Give the mean share of test records with a relative in training, in percent."""
    pairs = pd.read_csv(FOLDER / f"{name}_pairs.tsv.gz", sep="\t", header=None)
    pairs = pairs[pairs[pairs.columns[-1]] >= THRESHOLDS[name]]
    position = pd.Index(dataset.records["record"])
    ends = np.column_stack([position.get_indexer(pairs[column]) for column in (0, 1)])
    ends = np.concatenate([ends, ends[:, ::-1]])
    sizes = np.bincount(clusters)
    shares = []
    for seed in range(SEEDS):
        chosen, room = np.zeros(len(sizes), dtype=bool), TEST_SHARE * len(dataset)
        for cluster in np.random.default_rng(seed).permutation(len(sizes)):
            if sizes[cluster] <= room:  # one that doesn't fit stays in training
                chosen[cluster] = True
                room -= sizes[cluster]
        test = chosen[clusters]
        leaking = np.unique(ends[test[ends[:, 0]] & ~test[ends[:, 1]], 0])
        shares.append(len(leaking) / np.count_nonzero(test))
    return 100 * float(np.mean(shares))


def measure(name: str, threshold: str, search: str) -> dict[str, float]:
    """Group one set in this process; give its figures."""
    dataset = read_sequences(name)
    clusters, report = group_by_homology(
        dataset, threshold=threshold if threshold == "auto" else int(threshold), search=search
    )
    figures = {key: report[key] for key in ("seconds", "compile_seconds", "threshold")}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    figures["peak_mb"] = peak / (2**20 if sys.platform == "darwin" else 2**10)
    figures["largest"] = report["largest_cluster"]
    if name in THRESHOLDS:
        figures["leak"] = leak_percent(dataset, name, clusters["cluster"].to_numpy())
    return figures


def measure_apart(name: str, threshold: int | str, search: str = "built-in") -> dict[str, float]:
    """Run `measure` in a fresh process."""
    command = [sys.executable, __file__, name, str(threshold), search]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def main() -> None:
    """Measure both sets, the simulated one in several rounds, and the large one once."""
    first = measure_apart("real", THRESHOLDS["real"])  # compiles, where it hasn't been done
    rounds = [measure_apart("simulated", THRESHOLDS["simulated"]) for _ in range(ROUNDS)]
    automatic = {name: measure_apart(name, "auto") for name in THRESHOLDS}
    large = measure_apart("large", "auto")
    by_mmseqs = []
    if shutil.which(PROGRAM):
        for name, threshold in THRESHOLDS.items():
            found = measure_apart(name, threshold, "mmseqs2")
            by_mmseqs.append((f"leak_{name}_mmseqs2", found["leak"], "%"))
            by_mmseqs.append((f"seconds_{name}_mmseqs2", found["seconds"], "s"))
    write_figures(
        "homology",
        [
            ("leak_real", first["leak"], "%"),
            ("leak_simulated", rounds[0]["leak"], "%"),
            ("seconds", statistics.median(figures["seconds"] for figures in rounds), "s"),
            ("peak_mb", max(figures["peak_mb"] for figures in rounds), "MB"),
            ("compile_seconds", first["compile_seconds"], "s"),
            ("seconds_with_calibration", automatic["simulated"]["seconds"], "s"),
            ("threshold_real", automatic["real"]["threshold"], "score"),
            ("threshold_simulated", automatic["simulated"]["threshold"], "score"),
            ("seconds_200k", large["seconds"], "s"),
            ("peak_mb_200k", large["peak_mb"], "MB"),
            ("threshold_200k", large["threshold"], "score"),
            *by_mmseqs,
            ("rounds", ROUNDS, "runs"),
        ],
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(*sys.argv[1:])))
    else:
        main()
