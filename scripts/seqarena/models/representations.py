"""Keras layers that show a network the words of a sequence: as frequencies or as an image.

A chaos-game image (Jeffrey 1990) has a cell for each word of k letters: from the middle of the
square, each letter moves a point half the way to its corner, so that the last letter decides the
coarsest half and words with the same ending lie together. In three dimensions the corners are those
of a tetrahedron in the cube, all at the same distance from each other.
"""

import keras
import numpy as np
from keras import ops

from seqarena.data.alphabet import Alphabet
from seqarena.data.encoding import MOST_WORDS, SQUARE, TETRAHEDRON
from seqarena.errors import InputError
from seqarena.models.layers import OfAlphabet

CORNERS = {"chaos_game": SQUARE, "chaos_game_3d": TETRAHEDRON}
"""Coordinates of the corners of A, C, G and T (or U)."""


@keras.saving.register_keras_serializable(package="seqarena")
class WordFrequencies(OfAlphabet):
    """How often each word of k letters occurs in a record, over how often it would by chance.

    A cell holds `count / windows * symbols**k`, whose mean over all words is 1. Windows with a
    letter that is no single symbol (N, a code, padding) are left out; a record without a window is
    all zero.

    Parameters
    ----------
    kind : {"kmers", "chaos_game", "chaos_game_3d"}
        As a vector (symbols**k,) in alphabetical order, an image (2**k, 2**k, 1) or one of three
        dimensions, (2**k, 2**k, 2**k, 1), with the axes of `CORNERS`. Of the 8**k cells of the
        last 4**k can be reached.
    k : int
        Letters of a word.
    """

    def __init__(self, kind: str, k: int, **options):
        super().__init__(**options)
        self.kind, self.k = kind, k
        self.shape, self._contributions = word_cells(kind, k, self.alphabet)

    def get_config(self):
        """What makes the layer again."""
        return super().get_config() | {"kind": self.kind, "k": self.k}

    def call(self, tokens):
        """Count; uint8 tensor (n, length) -> float tensor (n, *shape)."""
        symbols, cells = len(self.alphabet.symbols), int(np.prod(self.shape))
        tokens = ops.cast(tokens, "int32")
        n, windows = ops.shape(tokens)[0], ops.shape(tokens)[1]
        # So that there is a window for each letter, and those beyond the end have an unknown one.
        tokens = ops.pad(tokens, [[0, 0], [0, self.k - 1]], constant_values=symbols)
        tokens = ops.minimum(tokens, symbols)
        cell, known = 0, True
        for place, contribution in enumerate(self._contributions):
            letters = tokens[:, place : place + windows]
            cell = cell + ops.take(ops.convert_to_tensor(contribution), letters, axis=0)
            known = ops.logical_and(known, letters < symbols)
        cell = cell + ops.arange(n, dtype="int32")[:, None] * cells
        known = ops.cast(known, self.compute_dtype)
        # Sums of ones are exact, in whatever order a device adds them.
        counts = ops.segment_sum(
            ops.reshape(known, (-1,)), ops.reshape(cell, (-1,)), num_segments=n * cells
        )
        counts = ops.reshape(counts, (-1, *self.shape))
        total = ops.reshape(ops.sum(known, axis=1), (-1, *[1] * len(self.shape)))
        return counts / ops.maximum(total, 1.0) * float(symbols**self.k)

    def compute_output_spec(self, tokens):
        """Shape and type of the result, without computing it."""
        return keras.KerasTensor((tokens.shape[0], *self.shape), dtype=self.compute_dtype)


def word_cells(kind: str, k: int, alphabet: Alphabet) -> tuple[tuple[int, ...], np.ndarray]:
    """Say in which cell of a representation a word is counted.

    Parameters
    ----------
    kind, k
        As in `WordFrequencies`.
    alphabet : Alphabet
        Of the words.

    Returns
    -------
    shape : tuple of int
        Of a record's representation.
    contributions : numpy.ndarray
        int32 (k, symbols + 1): what each symbol at each place of the word adds to the number of
        its cell; nothing an unknown one.

    Raises
    ------
    InputError
        For a representation that isn't defined there, or is too large.
    """
    symbols = len(alphabet.symbols)
    if kind == "kmers":
        shape = (symbols**k,)
        by_place = np.outer(symbols ** np.arange(k)[::-1], np.arange(symbols))
    else:
        if alphabet.name not in ("dna", "rna"):
            raise InputError(
                f"A chaos-game image has a corner for each of four bases, and {alphabet.name} "
                "has other letters.",
                remedy="set representation: {kind: kmers, k: 2}, or leave it out",
            )
        corners = CORNERS[kind]
        side, axes = 2**k, corners.shape[1]
        shape = (side,) * axes + (1,)
        along = 2 ** np.arange(k)[:, None, None] * corners  # (k, symbols, axes)
        by_place = along @ side ** np.arange(axes)[::-1]
    if np.prod(shape, dtype=float) > MOST_WORDS:
        raise InputError(
            f"A representation of {' x '.join(map(str, shape))} numbers a record is too large.",
            remedy=f"set a smaller k of the representation; at most {MOST_WORDS:,} numbers fit",
        )
    return shape, np.pad(by_place, ((0, 0), (0, 1))).astype(np.int32)
