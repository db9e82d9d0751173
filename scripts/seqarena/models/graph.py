"""A network, its loss and its optimizer as one TensorFlow graph, traced once a process."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from seqarena.models.batches import (
    inference_batch_size,
    record_specs,
    share_of_batch,
    shift_tokens,
    take,
)
from seqarena.models.layers import turn_round
from seqarena.models.losses import TaskLoss
from seqarena.models.networks import Network
from seqarena.models.settings import Settings, make_optimizer


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
    longest : int, optional
        Letters of the longest record, where records differ in length and so come end to end (see
        `seqarena.models.batches.device_records`).
    strategy : tf.distribute.Strategy, optional
        Spreads each step over several devices, every one with an equal part of the batch; losses
        and gradients are those of the whole batch. Batch normalisation sees its device's part only.

    Attributes
    ----------
    loss : TaskLoss
        Of truth and prediction.
    traces : int
        How often Python code of the graph was run: 2 when all is well, one a function.
    """

    def __init__(
        self,
        build: Callable[[], Network],
        settings: Settings,
        longest: int | None = None,
        strategy=None,
    ):
        self.build, self.settings = build, settings
        self.strategy = strategy or tf.distribute.get_strategy()
        with self.strategy.scope():
            self.network = build()
            self.core, self.alphabet = self.network.core, self.network.alphabet
            self.optimizer = make_optimizer(
                settings, self.core.trainable_variables, self.strategy.num_replicas_in_sync
            )
            self._averages = [
                (tf.Variable(variable.numpy(), trainable=False), variable)
                for variable in (self.core.trainable_variables if settings.ema_momentum else [])
            ]
        self._optimizer_start = [variable.numpy() for variable in self.optimizer.variables]
        self.traces = 0
        (_, self._length), (_, self._outputs) = self.core.input_shape, self.core.output_shape
        self.loss = TaskLoss(settings.loss, self.network.task, self._outputs)
        self._inference_batch = inference_batch_size(
            max(longest or self._length, self.network.cells)
        )
        records = record_specs(
            longest is not None, self._length, self.network.standardise is not None
        )
        rows, flags = tf.TensorSpec([None], tf.int64), tf.TensorSpec([None], tf.bool)
        vector = tf.TensorSpec([None], tf.float32)
        matrix = tf.TensorSpec([None, self._outputs], tf.float32)
        weights = matrix if self.loss.entrywise else vector
        self.train_epoch = tf.function(
            self._train_epoch,
            input_signature=[records, matrix, weights, rows, rows, flags, vector],
        )
        self.predict = tf.function(self._predict, input_signature=[records, rows])

    def _train_epoch(self, records, truth, weights, order, shifts, turns, rates):
        """One pass over the records `order` (row numbers, shuffled); gives the mean training loss.

        `weights` has a number (or a row of them) a record of the dataset, `shifts` and `turns` one
        for each entry of `order`, `rates` the learning rate of each step.
        """
        self.traces += 1
        size = self.settings.batch_size
        steps = tf.shape(rates)[0]
        total = tf.constant(0.0)
        for step in tf.range(steps):
            here = slice(step * size, (step + 1) * size)
            part = order[here]
            batch = take(records, part, self._length, self.alphabet)
            if self.settings.shift:
                batch = shift_tokens(batch, shifts[here], self.alphabet)
            if self.network.augment:
                batch = tf.where(turns[here][:, None], turn_round(batch, self.alphabet), batch)
            self.optimizer.learning_rate.assign(rates[step])
            shown = (batch, tf.gather(truth, part), tf.gather(weights, part))
            losses = self.strategy.run(self._step, args=shown)
            self._update_averages()
            total += self.strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)
        return total / tf.cast(steps, tf.float32)

    def _step(self, batch, truth, weights):
        """Move the weights by this device's part of a batch; gives its part of the loss."""
        count, devices = self.loss.count(truth), self.strategy.num_replicas_in_sync
        context = tf.distribute.get_replica_context()
        if devices > 1:
            share = (context.replica_id_in_sync_group, devices)
            batch, truth, weights = share_of_batch(batch, truth, weights, *share)
        with tf.GradientTape() as tape:
            prediction = self.core(batch, training=True)
            loss = self.loss.weighted_sum(truth, prediction, weights) / count
            loss += sum(self.core.losses) / devices
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, self.core.trainable_variables)
        if devices > 1:  # the optimizer sums too, but only after it has clipped each one's part
            whole = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
            gradients = [gradient / devices for gradient in whole]
        self.optimizer.apply(gradients, self.core.trainable_variables)
        return loss

    def _update_averages(self):
        """Move the averaged weights; early on faster, or they would remember the initial ones."""
        if not self._averages:
            return
        step = tf.cast(self.optimizer.iterations, tf.float32)
        momentum = tf.minimum(self.settings.ema_momentum, (1.0 + step) / (10.0 + step))
        for average, variable in self._averages:
            average.assign(momentum * average + (1.0 - momentum) * variable.value)

    def _predict(self, records, rows):
        """Outputs of `core` for the records `rows`, float32 (rows, outputs), in inference mode."""
        self.traces += 1
        size = self._inference_batch
        places = None
        if isinstance(records, tuple):  # so that those of similar length are in one batch
            places = tf.argsort(tf.gather(records[2], rows), stable=True)
            rows = tf.gather(rows, places)
        steps = (tf.shape(rows)[0] + size - 1) // size
        parts = tf.TensorArray(
            tf.float32, size=steps, infer_shape=False, element_shape=[None, self._outputs]
        )
        for step in tf.range(steps):
            part = rows[step * size : (step + 1) * size]
            batch = take(records, part, self._length, self.alphabet)
            parts = parts.write(step, self.core(batch, training=False))
        outputs = parts.concat()
        return outputs if places is None else tf.gather(outputs, tf.argsort(places))

    def restart(self, seed: int) -> None:
        """Put weights, random states and optimizer where a new process with this seed would.

        Parameters
        ----------
        seed : int
            The fold's seed, uint32.
        """
        keras.utils.set_random_seed(seed)
        with self.strategy.scope():
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
