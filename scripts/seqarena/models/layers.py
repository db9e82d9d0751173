"""Keras layers of Seqarena's own: what surrounds any network."""

import keras
import numpy as np
from keras import ops

from seqarena.data import alphabet


@keras.saving.register_keras_serializable(package="seqarena")
class OneHot(keras.layers.Layer):
    """Tokens (n, length), uint8, to letters (n, length, 4), float, by table look-up on the device.

    An unknown letter (N, padding) is the zero vector, an IUPAC code is shared evenly over the
    letters that it stands for: row t of `seqarena.data.alphabet.ONE_HOT` for token t. As the first
    layer of every model it keeps sequences at one byte a base until their batch is computed.
    """

    def call(self, tokens):
        """Look the tokens up; integer tensor (n, length) -> float tensor (n, length, 4)."""
        table = ops.convert_to_tensor(np.asarray(alphabet.ONE_HOT), dtype=self.compute_dtype)
        return ops.take(table, ops.cast(tokens, "int32"), axis=0)

    def compute_output_spec(self, tokens):
        """Shape and type of the result, without computing it."""
        return keras.KerasTensor((*tokens.shape, 4), dtype=self.compute_dtype)


@keras.saving.register_keras_serializable(package="seqarena")
class TargetScale(keras.layers.Layer):
    """Standardised predictions to the target's own units: `value * sd + mean`.

    Mean and standard deviation are those of the training targets. They are weights that no
    optimizer touches, so they are saved with the model and change from fold to fold without a new
    graph.
    """

    def build(self, input_shape):
        """Make the two weights, (outputs,) each."""
        shape = (input_shape[-1],)
        self.mean = self.add_weight(
            shape=shape, initializer="zeros", trainable=False, name="target_mean"
        )
        self.sd = self.add_weight(
            shape=shape, initializer="ones", trainable=False, name="target_sd"
        )

    def call(self, standardised):
        """Scale back; (n, outputs) -> (n, outputs)."""
        return standardised * self.sd + self.mean
