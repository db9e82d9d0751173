"""Train the network of the case `training` as a plain Keras script does, on any backend of Keras.

Sequences are a float32 one-hot array; `fit` is Keras' own, on all cores.
"""

import json
import sys
import time

import keras
import numpy as np


def build(length: int) -> keras.Model:
    """Make the network."""
    return keras.Sequential(
        [
            keras.Input((length, 4)),
            keras.layers.Conv1D(32, 12, padding="same", activation="relu"),
            keras.layers.MaxPooling1D(4),
            keras.layers.Conv1D(64, 6, padding="same", activation="relu"),
            keras.layers.GlobalMaxPooling1D(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


class Clock(keras.callbacks.Callback):
    """Notes when each epoch ends."""

    def __init__(self):
        super().__init__()
        self.times = []

    def on_epoch_end(self, epoch, logs=None):
        """Note the time."""
        self.times.append(time.time())


def main(path: str, batch_size: int, epochs: int) -> None:
    """Print when epochs ended and the loss at the end."""
    data = np.load(path)
    sequences = np.eye(4, dtype=np.float32)[data["tokens"]]
    labels = data["labels"].astype(np.float32)
    keras.utils.set_random_seed(int(data["seed"]))
    model, clock = build(sequences.shape[1]), Clock()
    model.compile("adam", "binary_crossentropy")
    train, validation = data["train"], data["validation"]
    model.fit(
        sequences[train],
        labels[train],
        validation_data=(sequences[validation], labels[validation]),
        batch_size=batch_size,
        epochs=epochs,
        callbacks=[clock],
        verbose=0,
    )
    monitored = data["monitored"]
    loss = model.evaluate(sequences[monitored], labels[monitored], batch_size=512, verbose=0)
    print(json.dumps({"times": clock.times, "loss": float(loss)}))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
