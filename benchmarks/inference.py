"""Case `inference`: sequences a second that a saved network predicts, against plain Keras.

The network is that of the case `training`. Ours is the file that a training job leaves, loaded and
given tokens of one byte a letter; plain Keras is the same network with float32 one-hot arrays
(their making isn't counted). Both by `predict` with batches of 512 on all cores. The environment
variable N is the number of sequences (50,000 by default).
"""

import json
import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from measure import ROOT, alternate, ask, over_rounds, ratios, rounds, size
from sequences import simulate, write_records
from training import LENGTH, NETWORK, SEED

BATCH = 512


def save_network(folder: Path) -> None:
    """Train a network for one epoch on a few records, as a job does, and leave its file."""
    import seqarena.models.light_keras  # noqa: F401  (as in a job)
    from seqarena.models.devices import configure

    device = configure("auto", os.cpu_count(), lock_folder=folder)
    from seqarena.models.training import train_networks

    dataset = write_records(folder / "data", 600, LENGTH)
    roles = np.repeat(["train", "validation", "test"], 200)
    splits = dataset.records[["record"]].assign(repeat=1, fold=1, role=roles)
    run = train_networks(
        dataset,
        splits,
        *("network", "conv1d", NETWORK),
        settings={"epochs": 1},
        seed=SEED,
        repeat=1,
        resume_folder=folder / "resume",
        key="",
        device=device,
    )
    Path(run.models[1]).rename(folder / "model.keras")


def predict(folder: Path, whose: str) -> dict[str, float]:
    """Predict all records in this process, once to warm up; give sequences a second."""
    from seqarena.models.devices import configure

    configure("auto", os.cpu_count(), lock_folder=folder)
    import keras

    import seqarena.models.layers  # noqa: F401, the file needs them

    records = np.load(folder / "tokens.npy")
    if whose == "seqarena":
        model = keras.saving.load_model(folder / "model.keras")
    else:
        sys.path.insert(0, str(ROOT / "benchmarks/peers"))
        from keras_training import build

        model, records = build(LENGTH), np.eye(4, dtype=np.float32)[records]
    model.predict(records[: 4 * BATCH], batch_size=BATCH, verbose=0)
    started = time.perf_counter()
    model.predict(records, batch_size=BATCH, verbose=0)
    return {"rate": len(records) / (time.perf_counter() - started)}


def main() -> None:
    """Let both predict in turn."""
    from table import write_figures

    n = size(50_000)
    with tempfile.TemporaryDirectory(prefix="seqarena-inference-") as folder:
        np.save(Path(folder) / "tokens.npy", simulate(n, LENGTH)[0])
        ask([sys.executable, __file__, folder, "save"])
        contenders = {
            whose: partial(ask, [sys.executable, __file__, folder, whose])
            for whose in ("seqarena", "plain_keras")
        }
        measured = alternate(contenders, rounds())
    rates = {name: [run["rate"] for run in runs] for name, runs in measured.items()}
    figures = [("records", n, "records")]
    for name, values in rates.items():
        figures += over_rounds(f"{name}_sequences_per_second", values, "1/s")
    figures += ratios("ratio_to_plain_keras", rates["seqarena"], rates["plain_keras"])
    write_figures("inference", [*figures, ("rounds", rounds(), "runs")])


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    elif sys.argv[2] == "save":
        save_network(Path(sys.argv[1]))
        print(json.dumps({}))
    else:
        print(json.dumps(predict(Path(sys.argv[1]), sys.argv[2])))
