"""A network, its loss and its optimizer as one TensorFlow graph, traced once a process."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from seqarena.data.alphabet import UNKNOWN
from seqarena.models.networks import Network
from seqarena.models.settings import Settings, loss_function, make_optimizer

INFERENCE_BATCH_SIZE = 512


class Graph:
    """A network with its loss and optimizer, compiled once: an epoch, and inference.

    An epoch is one call into TensorFlow, in which a loop takes batches from tokens that stay on
    the device as uint8. All sizes but the sequence length are open, so that folds of other sizes
    need no new trace.

    Parameters
    ----------
    build : callable
        Gives a freshly initialised `Network`; called again for each fold's initial weights.
    settings : Settings
        How to train.

    Attributes
    ----------
    traces : int
        How often Python code of the graph was run: 2 when all is well, one a function.
    """

    def __init__(self, build: Callable[[], Network], settings: Settings):
        self.build, self.settings = build, settings
        self.network = build()
        self.core = self.network.core
        self.loss = loss_function(settings.loss)
        self.optimizer = make_optimizer(settings, self.core.trainable_variables)
        self._optimizer_start = [variable.numpy() for variable in self.optimizer.variables]
        self._averages = [
            (tf.Variable(variable.value, trainable=False), variable)
            for variable in (self.core.trainable_variables if settings.ema_momentum else [])
        ]
        self.traces = 0
        (_, length), (_, outputs) = self.core.input_shape, self.core.output_shape
        tokens, rows = tf.TensorSpec([None, length], tf.uint8), tf.TensorSpec([None], tf.int64)
        vector = tf.TensorSpec([None], tf.float32)
        matrix = tf.TensorSpec([None, outputs], tf.float32)
        self._outputs = outputs
        self.train_epoch = tf.function(
            self._train_epoch, input_signature=[tokens, matrix, vector, rows, rows, vector]
        )
        self.predict = tf.function(self._predict, input_signature=[tokens, rows])

    def _train_epoch(self, tokens, truth, weights, order, shifts, rates):
        """One pass over the records `order` (row numbers, shuffled); gives the mean training loss.

        `weights` has a number a record of the dataset, `shifts` one for each entry of `order`,
        `rates` the learning rate of each step.
        """
        self.traces += 1
        size = self.settings.batch_size
        steps = tf.shape(rates)[0]
        total = tf.constant(0.0)
        for step in tf.range(steps):
            part = order[step * size : (step + 1) * size]
            batch = tf.gather(tokens, part)
            if self.settings.shift:
                batch = shift_tokens(batch, shifts[step * size : (step + 1) * size])
            with tf.GradientTape() as tape:
                prediction = self.core(batch, training=True)
                losses = self.loss(tf.gather(truth, part), prediction)
                loss = tf.reduce_mean(losses * tf.gather(weights, part))
                loss += sum(self.core.losses)
            gradients = tape.gradient(loss, self.core.trainable_variables)
            self.optimizer.learning_rate.assign(rates[step])
            self.optimizer.apply(gradients, self.core.trainable_variables)
            self._update_averages()
            total += loss
        return total / tf.cast(steps, tf.float32)

    def _update_averages(self):
        """Move the averaged weights; early on faster, or they would remember the initial ones."""
        if not self._averages:
            return
        step = tf.cast(self.optimizer.iterations, tf.float32)
        momentum = tf.minimum(self.settings.ema_momentum, (1.0 + step) / (10.0 + step))
        for average, variable in self._averages:
            average.assign(momentum * average + (1.0 - momentum) * variable.value)

    def _predict(self, tokens, rows):
        """Outputs of `core` for the records `rows`, float32 (rows, outputs), in inference mode."""
        self.traces += 1
        size = INFERENCE_BATCH_SIZE
        steps = (tf.shape(rows)[0] + size - 1) // size
        parts = tf.TensorArray(
            tf.float32, size=steps, infer_shape=False, element_shape=[None, self._outputs]
        )
        for step in tf.range(steps):
            batch = tf.gather(tokens, rows[step * size : (step + 1) * size])
            parts = parts.write(step, self.core(batch, training=False))
        return parts.concat()

    def restart(self, seed: int) -> None:
        """Put weights, random states and optimizer where a new process with this seed would.

        Parameters
        ----------
        seed : int
            The fold's seed, uint32.
        """
        keras.utils.set_random_seed(seed)
        fresh = self.build()
        for old, new in zip(self.core.variables, fresh.core.variables, strict=True):
            old.assign(new)
        for variable, value in zip(self.optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(value)
        for average, variable in self._averages:
            average.assign(variable.value)

    def swap_averages(self) -> None:
        """Exchange weights and averaged weights, if averages are kept; twice changes nothing."""
        for average, variable in self._averages:
            weights = tf.identity(variable.value)
            variable.assign(average.value())
            average.assign(weights)

    def weights(self) -> list[np.ndarray]:
        """Copies of all weights."""
        return [variable.numpy() for variable in self.core.variables]

    def set_weights(self, values: list[np.ndarray]) -> None:
        """Put copies back."""
        for variable, value in zip(self.core.variables, values, strict=True):
            variable.assign(value)


def shift_tokens(tokens, shifts):
    """Move each sequence by its own number of bases; what is vacated becomes N.

    Parameters
    ----------
    tokens : tensor
        uint8 (n, length).
    shifts : tensor
        int64 (n,); positive to the right.

    Returns
    -------
    tensor
        uint8 (n, length).
    """
    length = tf.cast(tf.shape(tokens)[1], tf.int64)
    source = tf.range(length)[None, :] - shifts[:, None]
    moved = tf.gather(tokens, tf.clip_by_value(source, 0, length - 1), batch_dims=1)
    inside = (source >= 0) & (source < length)
    return tf.where(inside, moved, tf.constant(UNKNOWN, tf.uint8))
