"""Tokens as numbers that models use, in NumPy: the reference for the layers of the networks."""

from collections.abc import Sequence

import numpy as np

from seqarena.data.alphabet import ONE_HOT, UNKNOWN

CELLS_AT_ONCE = 1 << 23
"""Counts held as int64 while counting k-mers: 64 MiB."""


def one_hot(tokens: np.ndarray) -> np.ndarray:
    """One-hot vectors of tokens.

    Parameters
    ----------
    tokens : numpy.ndarray
        Integers 0 to 14 of any shape.

    Returns
    -------
    numpy.ndarray
        float32 of shape (*tokens.shape, 4), columns A, C, G, T. An unknown letter (N) is all zero,
        another ambiguity code is shared out evenly over its bases.
    """
    return ONE_HOT[np.asarray(tokens)]


def positional_one_hot(matrix: np.ndarray) -> np.ndarray:
    """One feature for each position and base.

    Parameters
    ----------
    matrix : numpy.ndarray
        Tokens of shape (records, length).

    Returns
    -------
    numpy.ndarray
        float32 of shape (records, 4 x length); feature 4 x position + base.
    """
    return one_hot(matrix).reshape(len(matrix), -1)


def kmer_counts(
    tokens: np.ndarray | Sequence[np.ndarray], k: int, both_strands: bool
) -> np.ndarray:
    """How often each word of k bases occurs in each record.

    Parameters
    ----------
    tokens : numpy.ndarray or sequence of numpy.ndarray
        Tokens of shape (records, length), or one array a record where lengths differ.
    k : int
        Letters of a word, at least 1.
    both_strands : bool
        Add the words of the reverse complement, so that a record and its reverse complement have
        the same counts (a word that is its own reverse complement then counts twice).

    Returns
    -------
    numpy.ndarray
        float32 of shape (records, 4**k), words in alphabetical order. Windows with any letter but
        A, C, G, T are skipped; a record shorter than k has no words.

    Notes
    -----
    Dense: 4 x records x 4**k bytes.
    """
    if k < 1:
        raise ValueError(f"a word has at least 1 letter, not {k}")
    words = 4**k
    counts = np.empty((len(tokens), words), np.float32)
    step = max(1, CELLS_AT_ONCE // words)
    for start in range(0, len(tokens), step):
        rows = slice(start, start + step)
        counts[rows] = _count_words(_padded(tokens[rows]), k)
    if both_strands:
        counts += counts[:, _reverse_complement_words(k)]
    return counts


def _padded(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Rows as one matrix; windows over the padding are skipped as those over any N are."""
    lengths = {len(row) for row in rows}
    if len(lengths) == 1:
        return np.asarray(rows)
    matrix = np.full((len(rows), max(lengths)), UNKNOWN, np.uint8)
    for target, row in zip(matrix, rows, strict=True):
        target[: len(row)] = row
    return matrix


def _count_words(matrix: np.ndarray, k: int) -> np.ndarray:
    records, windows = matrix.shape[0], matrix.shape[1] - k + 1
    if windows < 1:
        return np.zeros((records, 4**k), np.int64)
    code = np.zeros((records, windows), np.int64)
    known = np.ones((records, windows), np.bool_)
    for letter in range(k):
        column = matrix[:, letter : letter + windows]
        code = 4 * code + column
        known &= column < 4
    code += np.arange(records)[:, None] * 4**k
    return np.bincount(code[known], minlength=records * 4**k).reshape(records, 4**k)


def _reverse_complement_words(k: int) -> np.ndarray:
    """Index of each word's reverse complement, int64 of shape (4**k,)."""
    words = np.arange(4**k)
    letters = words[:, None] // 4 ** np.arange(k) % 4  # last letter first, so already reversed
    return ((3 - letters) * 4 ** np.arange(k)[::-1]).sum(axis=1)
