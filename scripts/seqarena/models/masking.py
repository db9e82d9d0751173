"""Keras layers that keep padding from being learned.

A mask is a bool tensor (n, positions), true where a position is real. What isn't is zero behind
each convolution and stands in no maximum, no mean and no batch statistic, so that a network's
output for a record doesn't depend on how far the record was padded.
"""

import keras
from keras import ops

from seqarena.models.layers import OfAlphabet


@keras.saving.register_keras_serializable(package="seqarena")
class PaddingMask(OfAlphabet):
    """Where tokens are no padding."""

    def call(self, tokens):
        """Compare; integer tensor (n, length) -> bool tensor (n, length)."""
        return ops.cast(tokens, "int32") != self.alphabet.padding

    def compute_output_spec(self, tokens):
        """Shape and type of the result, without computing it."""
        return keras.KerasTensor(tokens.shape, dtype="bool")


@keras.saving.register_keras_serializable(package="seqarena")
class Mask(keras.layers.Layer):
    """Zero where a position isn't real."""

    # The mask that Keras attaches behind batch normalisation has done its work here.
    supports_masking = True

    def compute_mask(self, *_):
        """Pass no implicit mask on."""

    def call(self, inputs, real):
        """Blot out; (n, positions, channels) and (n, positions) -> (n, positions, channels)."""
        return ops.where(real[:, :, None], inputs, ops.zeros_like(inputs))

    def compute_output_spec(self, inputs, real):
        """Shape and type of the result, without computing it."""
        return keras.KerasTensor(inputs.shape, dtype=self.compute_dtype)


class OfWindows(keras.layers.Layer):
    """A layer over windows of some positions.

    Parameters
    ----------
    size : int
        Positions of a window.
    """

    def __init__(self, size: int, **options):
        super().__init__(**options)
        self.size = size

    def get_config(self):
        """What makes the layer again."""
        return super().get_config() | {"size": self.size}


@keras.saving.register_keras_serializable(package="seqarena")
class WholeWindows(OfWindows):
    """Where a window that begins at a position is real to its last position."""

    def call(self, real):
        """Look at both ends, which tell since real positions are one span; bool (n, positions)."""
        last = ops.pad(real[:, self.size - 1 :], [[0, 0], [0, self.size - 1]])
        # Where the window is longer than the tensor, nothing of it was left above.
        return ops.logical_and(real, last[:, : ops.shape(real)[1]])

    def compute_output_spec(self, real):
        """Shape and type of the result, without computing it."""
        return keras.KerasTensor(real.shape, dtype="bool")


@keras.saving.register_keras_serializable(package="seqarena")
class PooledMask(OfWindows):
    """Where one of the positions that are pooled into one is real."""

    def call(self, real):
        """Pool; bool (n, positions) -> bool (n, positions / size, rounded up)."""
        return _pool(ops.cast(real, "float32")[:, :, None], self.size, ops.max_pool)[:, :, 0] > 0

    def compute_output_spec(self, real):
        """Shape and type of the result, without computing it."""
        return keras.KerasTensor((real.shape[0], _pooled(real.shape[1], self.size)), dtype="bool")


class MaskedPooling(OfWindows):
    """Pooling of real positions; 0 where a window has none.

    Windows begin at the left, and the last one may be incomplete: Keras would leave that out, and
    which letters these are would depend on the padding.
    """

    def compute_output_spec(self, inputs, real):
        """Shape and type of the result, without computing it."""
        n, positions, channels = inputs.shape
        shape = (n, _pooled(positions, self.size), channels)
        return keras.KerasTensor(shape, dtype=self.compute_dtype)


@keras.saving.register_keras_serializable(package="seqarena")
class MaskedMaxPooling(MaskedPooling):
    """The largest of the real positions that are pooled into one."""

    def call(self, inputs, real):
        """Pool; (n, positions, channels), (n, positions) -> (n, fewer positions, channels)."""
        lowest = ops.full_like(inputs, LOWEST)
        pooled = _pool(ops.where(real[:, :, None], inputs, lowest), self.size, ops.max_pool, LOWEST)
        return ops.where(pooled > LOWEST, pooled, ops.zeros_like(pooled))


@keras.saving.register_keras_serializable(package="seqarena")
class MaskedAveragePooling(MaskedPooling):
    """The mean of the real positions that are pooled into one."""

    def call(self, inputs, real):
        """Pool; (n, positions, channels), (n, positions) -> (n, fewer positions, channels)."""
        weights = ops.cast(real, inputs.dtype)[:, :, None]
        sums = _pool(inputs * weights, self.size, ops.average_pool)
        shares = _pool(weights, self.size, ops.average_pool)
        return sums / ops.where(shares > 0, shares, ops.ones_like(shares))


class MaskedReadout(keras.layers.Layer):
    """One value a channel from its real positions; 0 where a record has none."""

    def compute_output_spec(self, inputs, real):
        """Shape and type of the result, without computing it."""
        return keras.KerasTensor((inputs.shape[0], inputs.shape[2]), dtype=self.compute_dtype)


@keras.saving.register_keras_serializable(package="seqarena")
class MaskedGlobalMax(MaskedReadout):
    """The largest value of the real positions."""

    def call(self, inputs, real):
        """Read out; (n, positions, channels), (n, positions) -> (n, channels)."""
        lowest = ops.full_like(inputs, LOWEST)
        largest = ops.max(ops.where(real[:, :, None], inputs, lowest), axis=1)
        return ops.where(largest > LOWEST, largest, ops.zeros_like(largest))


@keras.saving.register_keras_serializable(package="seqarena")
class MaskedGlobalAverage(MaskedReadout):
    """The mean of the real positions."""

    def call(self, inputs, real):
        """Read out; (n, positions, channels), (n, positions) -> (n, channels)."""
        weights = ops.cast(real, inputs.dtype)[:, :, None]
        count = ops.sum(weights, axis=1)
        return ops.sum(inputs * weights, axis=1) / ops.maximum(count, 1.0)


LOWEST = -1e30
"""Below any activation, and finite, since gradients of infinities aren't numbers."""


def _pool(inputs, size, pool, filling=0.0):
    """Pool the positions of (n, positions, channels) from the left, the last window completed."""
    inputs = ops.pad(inputs, [[0, 0], [0, size - 1], [0, 0]], constant_values=filling)
    return pool(inputs, size, strides=size, padding="valid", data_format="channels_last")


def _pooled(positions: int | None, size: int) -> int | None:
    return None if positions is None else -(-positions // size)
