"""Case `training`: sequences a second in the training of one network, against the usual ways.

The network is Conv1D(32, 12), pooling by 4, Conv1D(64, 6), global maximum, Dense(1) on 200 letters,
with batches of 128 and Adam. Ours is train_networks as the rules run it: a job a core, each with
one thread (of GPUs, a job a card), of which the sum counts; beside it one job alone, with one
thread and with all. The others are plain scripts on all cores that hold float32 one-hot arrays:
`fit` of Keras on TensorFlow and on JAX, and a loop in PyTorch.

Rates are those of the training records between the end of the first epoch and the end of the last
one, validation after each epoch included, tracing and start-up not. The limit is what the machine
could do if all were matrix products: single-precision operations a second (the best of TensorFlow
and NumPy in large products, measured in the same rounds) over the network's operations for a
sequence.

The environment variables: N, training records (20,000); EPOCHS (6); ROUNDS (3).
"""

import json
import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from measure import (
    alternate,
    answer,
    ask,
    over_rounds,
    peer,
    peer_has,
    ratios,
    rounds,
    size,
    start_asking,
)

LENGTH, BATCH, SEED = 200, 128, 1
FILTERS, WIDTHS, POOL = (32, 64), (12, 6), 4
EPOCHS = int(os.environ.get("EPOCHS") or 6)
VALIDATION = 2_000
NETWORK = {
    "filters": list(FILTERS),
    "kernel_sizes": list(WIDTHS),
    "pool_sizes": [POOL, 1],
    "hidden_units": [],
    "dropout": 0.0,
}
PRODUCT = 4096
"""Rows of the square matrices whose product is timed."""


def operations_per_sequence() -> int:
    """Count multiplications and additions of a training step for a sequence.

    Each layer is computed once forward, once for the gradient of its weights, and once for that of
    its input, which the first layer doesn't need.
    """
    first = LENGTH * FILTERS[0] * WIDTHS[0] * 4
    second = LENGTH // POOL * FILTERS[1] * WIDTHS[1] * FILTERS[0]
    last = FILTERS[1]
    return 2 * (2 * first + 3 * second + 3 * last)


def write_data(folder: Path, n: int) -> None:
    """Write the records as a dataset with splits, and as arrays for the others."""
    from sequences import write_records

    from seqarena.models.runs import folds_of

    dataset = write_records(folder, n + 2 * VALIDATION, LENGTH)
    roles = ["train"] * n + ["validation"] * VALIDATION + ["test"] * VALIDATION
    splits = dataset.records[["record"]].assign(repeat=1, fold=1, role=roles)
    splits.to_parquet(folder / "splits.parquet")
    fold = folds_of(dataset, splits, seed=SEED, repeat=1)[0]
    np.savez(
        folder / "arrays.npz",
        tokens=dataset.matrix,
        labels=dataset.targets,
        seed=fold.seed,
        train=fold.train,
        validation=fold.validation,
        monitored=fold.monitored,
    )


def train_ours(folder: Path, threads: int) -> dict:
    """Train in this process; give when epochs ended and the loss at the end."""
    import seqarena.models.light_keras  # noqa: F401  (as in a job)
    from seqarena.data.dataset import read_dataset
    from seqarena.models import progress
    from seqarena.models.devices import configure
    from seqarena.models.training import train_networks

    device = configure("auto", threads, lock_folder=folder)
    progress.SECONDS_BETWEEN_LINES = 0  # a line an epoch
    times = []
    with tempfile.TemporaryDirectory() as resume:
        run = train_networks(
            read_dataset(folder),
            pd.read_parquet(folder / "splits.parquet"),
            *("network", "conv1d", NETWORK),
            settings={"batch_size": BATCH, "epochs": EPOCHS, "patience": EPOCHS},
            seed=SEED,
            repeat=1,
            resume_folder=resume,
            key="",
            device=device,
            progress=lambda line: times.append(time.time()) if ", epoch " in line else None,
        )
    history = run.history.query("role == 'train' and metric == 'loss' and epoch == @EPOCHS")
    return {"times": times, "loss": float(history["value"].iloc[0])}


def product_rate() -> dict[str, float]:
    """Time products of large matrices on the device; give operations a second."""
    from seqarena.models.devices import configure

    configure("auto", os.cpu_count())
    import tensorflow as tf

    matrix = np.random.default_rng(0).random((PRODUCT, PRODUCT), np.float32)
    on_device = tf.constant(matrix)
    multiply = {
        "tensorflow": lambda: tf.reduce_sum(tf.matmul(on_device, on_device)).numpy(),
        "numpy": lambda: matrix @ matrix,
    }
    best = np.inf
    for product in multiply.values():
        for _ in range(4):
            started = time.perf_counter()
            product()
            best = min(best, time.perf_counter() - started)
    return {"rate": 2 * PRODUCT**3 / best}


def rate(jobs: list[dict], n: int) -> dict[str, float]:
    """Give the sequences a second of jobs side by side, while all of them train.

    Parameters
    ----------
    jobs : list of dict
        `times`, the ends of its epochs, and `loss` of each.
    n : int
        Training records.
    """
    start = max(job["times"][0] for job in jobs)
    stop = min(job["times"][-1] for job in jobs)
    if stop <= start:
        raise RuntimeError("the jobs did not train at the same time; give them more EPOCHS")
    total = sum(
        np.diff(np.interp([start, stop], job["times"], np.arange(len(job["times"]))))[0]
        for job in jobs
    )
    return {"rate": n * total / (stop - start), "loss": jobs[0]["loss"]}


def run_ours(folder: Path, n: int, *, jobs: int, threads: int) -> dict[str, float]:
    """Run jobs of ours side by side."""
    command = [sys.executable, __file__, "train", folder, threads]
    started = [start_asking(command) for _ in range(jobs)]
    return rate([answer(job) for job in started], n)


def run_peer(command: list, n: int, **environment: str) -> dict[str, float]:
    """Run a plain script."""
    return rate([ask(command, **environment)], n)


def contenders(folder: Path, n: int) -> dict:
    """Name what takes turns."""
    from seqarena.models.devices import visible_cards

    cores, arrays = os.cpu_count(), folder / "arrays.npz"
    script = peer("keras_training.py", arrays, BATCH, EPOCHS)
    turns = {
        "seqarena": partial(run_ours, folder, n, jobs=len(visible_cards()) or cores, threads=1),
        "plain_keras": partial(
            run_peer, [sys.executable, *script[1:]], n, KERAS_BACKEND="tensorflow"
        ),
        "seqarena_one_job_one_thread": partial(run_ours, folder, n, jobs=1, threads=1),
        "seqarena_one_job_all_threads": partial(run_ours, folder, n, jobs=1, threads=cores),
    }
    if peer_has("jax"):
        turns["keras_on_jax"] = partial(run_peer, script, n, KERAS_BACKEND="jax")
    if peer_has("torch"):
        turns["pytorch"] = partial(run_peer, peer("torch_training.py", *script[2:]), n)
    turns["product"] = partial(ask, [sys.executable, __file__, "product"])
    return turns


def figures_of(measured: dict[str, list[dict]], n: int) -> list:
    """Turn the rounds into figures."""
    names = [name for name in measured if name != "product"]
    names += [name for name in ("keras_on_jax", "pytorch") if name not in measured]
    rates = {name: [run["rate"] for run in measured.get(name, [])] for name in names}
    losses = {name: [run["loss"] for run in measured.get(name, [])] for name in names}
    operations, products = operations_per_sequence(), [run["rate"] for run in measured["product"]]
    limits = [product / operations for product in products]
    figures = [("records", n, "records"), ("epochs", EPOCHS, "epochs")]
    for name in names:
        figures += over_rounds(f"{name}_sequences_per_second", rates[name], "1/s")
    figures += over_rounds("matrix_product", [product / 1e9 for product in products], "GFLOP/s")
    figures.append(("operations_per_sequence", operations / 1e6, "MFLOP"))
    figures += over_rounds("limit_sequences_per_second", limits, "1/s")
    for name in names:
        if not name.startswith("seqarena"):
            figures += ratios(f"ratio_to_{name}", rates["seqarena"], rates[name])
    figures += ratios("share_of_limit", rates["seqarena"], limits)
    for name in ("seqarena", "plain_keras", "keras_on_jax", "pytorch"):
        figures += over_rounds(f"{name}_training_loss", losses[name], "nats")
    figures += ratios("training_loss_to_plain_keras", losses["seqarena"], losses["plain_keras"])
    return [*figures, ("rounds", rounds(), "runs")]


def main() -> None:
    """Let all train in turn."""
    from table import write_figures

    n = size(20_000)
    with tempfile.TemporaryDirectory(prefix="seqarena-training-") as folder:
        write_data(Path(folder), n)
        measured = alternate(contenders(Path(folder), n), rounds())
    write_figures("training", figures_of(measured, n))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    elif sys.argv[1] == "train":
        print(json.dumps(train_ours(Path(sys.argv[2]), int(sys.argv[3]))))
    else:
        print(json.dumps(product_rate()))
