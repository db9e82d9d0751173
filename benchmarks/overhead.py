"""Case `overhead`: the whole default run against one plain process that trains the same networks.

The plain process does what a notebook would: it holds the sequences as a float32 one-hot array and
calls `fit` of Keras for one network after another, on all cores, for as many epochs as Seqarena
trained. It has no baselines, figures, statistics or report. The ratio is what all of these and the
starting of processes cost, less what running side by side gains.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from measure import over_rounds, ratios, rounds, run_apart, run_workflow
from table import write_figures


def plain_seconds(results: Path) -> float:
    """Train the networks of a finished run in one fresh process; give its seconds."""
    script = Path(__file__).with_name("plain_keras.py")
    return run_apart([sys.executable, script, results]).seconds


def trained_epochs(results: Path) -> int:
    """Count the epochs that the networks of a run trained."""
    infos = [json.loads(path.read_text()) for path in results.glob("*/runs/*/*/run.json")]
    return sum(
        fold["epochs"] for info in infos if info["kind"] == "network" for fold in info["folds"]
    )


def main() -> None:
    """Alternate both, so that a machine whose speed drifts is fair to both."""
    whole, plain, epochs = [], [], 0
    for _ in range(rounds()):
        with tempfile.TemporaryDirectory() as folder:
            whole.append(run_workflow(Path(folder), cores=os.cpu_count()).seconds)
            plain.append(plain_seconds(Path(folder) / "results"))
            epochs = trained_epochs(Path(folder) / "results")
    figures = over_rounds("whole_run_seconds", whole, "s")
    figures += over_rounds("plain_process_seconds", plain, "s")
    figures += ratios("ratio_whole_to_plain", whole, plain)
    write_figures(
        "overhead", [*figures, ("epochs_trained", epochs, "epochs"), ("rounds", rounds(), "runs")]
    )


if __name__ == "__main__":
    main()
