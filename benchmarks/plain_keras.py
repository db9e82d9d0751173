"""Train the networks of a finished run as a plain Keras script would, one after another."""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from seqarena.data.dataset import read_dataset
from seqarena.data.encoding import one_hot
from seqarena.models import architectures


def train(info: dict, sequences: np.ndarray, dataset, splits: pd.DataFrame) -> None:
    """Train every fold of one run for as many epochs as it trained."""
    rows = pd.Index(dataset.records["record"])
    settings = info["settings"]
    for fold in info["folds"]:
        roles = splits.query("repeat == @info['repeat'] and fold == @fold['fold']")
        by_role = {role: rows.get_indexer(part["record"]) for role, part in roles.groupby("role")}
        keras.utils.set_random_seed(fold["seed"])
        inputs = keras.Input(sequences.shape[1:])
        features = architectures.REGISTRY[info["architecture"]](inputs, **info["parameters"])
        outputs = keras.layers.Dense(1, activation="sigmoid")(features)
        model = keras.Model(inputs, outputs)
        model.compile(settings["optimizer"], settings["loss"], metrics=["accuracy"])
        model.fit(
            sequences[by_role["train"]],
            dataset.targets[by_role["train"]],
            validation_data=(
                sequences[by_role["validation"]],
                dataset.targets[by_role["validation"]],
            ),
            batch_size=settings["batch_size"],
            epochs=fold["epochs"],
            verbose=0,
        )
        model.predict(sequences[by_role["test"]], verbose=0)


def main(results: Path) -> None:
    """Train the networks of all binary datasets in `results`."""
    for summary in sorted(results.glob("*/data/summary.json")):
        dataset = read_dataset(summary.parent)
        sequences = one_hot(dataset.matrix)
        splits = pd.read_parquet(summary.parents[1] / "splits/splits.parquet")
        for path in sorted(summary.parents[1].glob("runs/*/*/run.json")):
            info = json.loads(path.read_text())
            if info["kind"] == "network":
                train(info, sequences, dataset, splits)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
