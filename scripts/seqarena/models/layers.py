"""Keras layers of Seqarena's own: what surrounds any network."""

import keras
import numpy as np
from keras import ops

from seqarena.data.alphabet import DNA, Alphabet, alphabet_of
from seqarena.errors import InputError


class OfAlphabet(keras.layers.Layer):
    """A layer that knows the alphabet of its tokens, and is saved with it.

    Parameters
    ----------
    alphabet : Alphabet or dict
        The alphabet, or its entry in a dataset's summary.
    """

    def __init__(self, alphabet: Alphabet | dict = DNA, **options):
        super().__init__(**options)
        known = isinstance(alphabet, Alphabet)
        self.alphabet = alphabet if known else alphabet_of({"alphabet": alphabet})

    def get_config(self):
        """What makes the layer again, without the dataset."""
        return super().get_config() | {"alphabet": self.alphabet.as_summary()}


@keras.saving.register_keras_serializable(package="seqarena")
class OneHot(OfAlphabet):
    """Tokens (n, length), uint8, to symbols (n, length, symbols), float, on the device.

    An unknown letter (N) and padding are the zero vector, a code of several symbols is shared
    evenly over them: row t of the alphabet's `one_hot` for token t. As the first layer of a model
    it keeps sequences at one byte a letter until their batch is computed.
    """

    def call(self, tokens):
        """Look the tokens up; integer tensor (n, length) -> float tensor (n, length, symbols)."""
        table = ops.convert_to_tensor(np.asarray(self.alphabet.one_hot), dtype=self.compute_dtype)
        return ops.take(table, ops.cast(tokens, "int32"), axis=0)

    def compute_output_spec(self, tokens):
        """Shape and type of the result, without computing it."""
        shape = (*tokens.shape, len(self.alphabet.symbols))
        return keras.KerasTensor(shape, dtype=self.compute_dtype)


@keras.saving.register_keras_serializable(package="seqarena")
class ReverseComplement(OfAlphabet):
    """The other strand of DNA; padding stays at its side."""

    def call(self, tokens):
        """Turn each record round; uint8 tensor (n, length) -> the same."""
        return turn_round(tokens, self.alphabet)

    def compute_output_spec(self, tokens):
        """Shape and type of the result, without computing it."""
        return keras.KerasTensor(tokens.shape, dtype="uint8")


def turn_round(tokens, alphabet: Alphabet):
    """Reverse complements of records within the span of their letters.

    Parameters
    ----------
    tokens : tensor
        uint8 (n, length), with padding at the ends only.
    alphabet : Alphabet
        Of the tokens.

    Returns
    -------
    tensor
        uint8 (n, length).
    """
    if alphabet.complement is None:
        raise InputError(
            f"Records of {alphabet.name} can't be read from the other strand.",
            remedy="set reverse_complement: none",
        )
    tokens = ops.cast(tokens, "int32")
    first, count, real = span(tokens, alphabet)
    position = ops.arange(ops.shape(tokens)[1], dtype="int32")[None, :]
    source = ops.where(real, 2 * first + count - 1 - position, position)
    table = ops.convert_to_tensor(alphabet.complement.astype(np.int32))
    return ops.cast(ops.take(table, ops.take_along_axis(tokens, source, axis=1), axis=0), "uint8")


def span(tokens, alphabet: Alphabet):
    """Where the letters of each record are.

    Parameters
    ----------
    tokens : tensor
        Integers (n, length), with padding at the ends only.
    alphabet : Alphabet
        Of the tokens.

    Returns
    -------
    first, count : tensor
        int32 (n, 1): the first letter's column and the number of letters.
    real : tensor
        bool (n, length): not padding.
    """
    real = tokens != alphabet.padding
    numbers = ops.cast(real, "int32")
    first = ops.cast(ops.argmax(numbers, axis=1, keepdims=True), "int32")
    return first, ops.sum(numbers, axis=1, keepdims=True), real


@keras.saving.register_keras_serializable(package="seqarena")
class Standardise(keras.layers.Layer):
    """Columns of numbers with mean 0 and standard deviation 1: `(value - mean) / sd`.

    Mean and standard deviation are those of the training records. They are weights that no
    optimizer touches, so they are saved with the model and change from fold to fold without a new
    graph.
    """

    def build(self, input_shape):
        """Make the two weights, (columns,) each."""
        shape = (input_shape[-1],)
        self.mean = self.add_weight(
            shape=shape, initializer="zeros", trainable=False, name="input_mean"
        )
        self.sd = self.add_weight(shape=shape, initializer="ones", trainable=False, name="input_sd")

    def call(self, numbers):
        """Scale; (n, columns) -> (n, columns)."""
        return (numbers - self.mean) / self.sd


@keras.saving.register_keras_serializable(package="seqarena")
class TargetScale(keras.layers.Layer):
    """Standardised predictions to the target's own units: `value * sd + mean`.

    Mean and standard deviation are those of the training targets; weights as in `Standardise`.
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
