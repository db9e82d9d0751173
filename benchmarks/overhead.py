"""Case `overhead`: the whole default run against one plain process that trains the same networks.

The plain process does what a notebook would: it holds the sequences as a float32 one-hot array and
calls `fit` of Keras for one network after another, on all cores, for as many epochs as Seqarena
trained. It has no baselines, figures, statistics or report. The ratio is what all of these and the
starting of processes cost, less what running side by side gains.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import ROOT, run_workflow, write_figures

ROUNDS = 3


def plain_seconds(results: Path) -> float:
    """Train the networks of a finished run in one fresh process; give its seconds."""
    started = time.perf_counter()
    command = [sys.executable, str(Path(__file__).with_name("plain_keras.py")), str(results)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts"), "TF_CPP_MIN_LOG_LEVEL": "2"}
    subprocess.run(command, check=True, env=environment)
    return time.perf_counter() - started


def trained_epochs(results: Path) -> int:
    """Count the epochs that the networks of a run trained."""
    infos = [json.loads(path.read_text()) for path in results.glob("*/runs/*/*/run.json")]
    return sum(
        fold["epochs"] for info in infos if info["kind"] == "network" for fold in info["folds"]
    )


def main() -> None:
    """Alternate both, so that a machine whose speed drifts is fair to both."""
    whole, plain, ratios, epochs = [], [], [], 0
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            whole.append(run_workflow(Path(folder), cores=os.cpu_count()))
            plain.append(plain_seconds(Path(folder) / "results"))
            epochs = trained_epochs(Path(folder) / "results")
        ratios.append(whole[-1] / plain[-1])
    write_figures(
        "overhead",
        [
            ("whole_run_seconds", statistics.median(whole), "s"),
            ("plain_process_seconds", statistics.median(plain), "s"),
            ("ratio_whole_to_plain", statistics.median(ratios), "ratio"),
            ("ratio_lowest", min(ratios), "ratio"),
            ("ratio_highest", max(ratios), "ratio"),
            ("epochs_trained", epochs, "epochs"),
            ("rounds", ROUNDS, "runs"),
        ],
    )


if __name__ == "__main__":
    main()
