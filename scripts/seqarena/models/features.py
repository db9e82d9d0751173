"""Features of records for linear models, gathered from a few records at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from seqarena.data.alphabet import Alphabet, alphabet_of
from seqarena.data.encoding import (
    number_of_words,
    one_hot,
    positional_one_hot,
    sparse_kmer_counts,
)
from seqarena.errors import InputError

ROWS_AT_ONCE = 4096
LETTERS_AT_ONCE = 1 << 20

#: Numbers that a matrix may hold as float64 (512 MiB with their places); more are float32, which
#: halves what a million records take.
MOST_DOUBLES = 1 << 25

#: Variance that a block of features is scaled to. It decides what an L2 strength means, and keeps
#: gradients well above the solver's tolerance, under which 1 stopped it early.
BLOCK_VARIANCE = 100.0

DENSE = ("composition", "numbers")
"""Blocks of few columns, each of them standardised."""


@dataclass(frozen=True)
class Features:
    """What is known of a record, as numbers.

    Attributes
    ----------
    names : tuple of str
        Blocks of columns: "kmer" (counts of words), "onehot" (letters by position), "composition"
        (of DNA and RNA the length and GC in the source; of proteins and words the length in the
        source and the share of each symbol in what is stored, codes shared out, unknown ones left
        aside), "numbers" (the columns of a table of numbers).
    source : mapping
        The alphabet, as in summary.json.
    length : int
        Letters of the longest record; "onehot" takes no other length.
    k, both_strands : int, bool
        How words are counted.
    """

    names: tuple[str, ...]
    source: Mapping[str, Any]
    length: int
    k: int = 0
    both_strands: bool = False

    @property
    def alphabet(self) -> Alphabet:
        """Of the records."""
        return alphabet_of({"alphabet": self.source})

    @property
    def dense(self) -> bool:
        """Whether they are few columns, given as a full array."""
        return self.names[0] in DENSE

    @property
    def columns(self) -> list[int]:
        """Number of columns of each block."""
        symbols = len(self.alphabet.symbols)
        composition = 2 if self.alphabet.name in ("dna", "rna") else 1 + symbols
        sizes = {"composition": composition, "numbers": symbols, "onehot": symbols * self.length}
        return [
            number_of_words(self.k, self.alphabet) if name == "kmer" else sizes[name]
            for name in self.names
        ]

    def of(self, tokens: np.ndarray | Sequence[np.ndarray], records: pd.DataFrame):
        """Features of a few records.

        Parameters
        ----------
        tokens : numpy.ndarray or sequence of numpy.ndarray
            Tokens (n, length), padded where records are shorter, or one array a record; of a table
            of numbers, the numbers.
        records : pandas.DataFrame
            Columns length and, of DNA and RNA, gc of the same n records; only "composition" looks
            at them.

        Returns
        -------
        scipy.sparse.csr_array or numpy.ndarray
            float32 (n, columns); of the `dense` blocks a float64 array.
        """
        blocks = [getattr(self, f"_{name}")(tokens, records) for name in self.names]
        if self.dense or len(blocks) == 1:
            return blocks[0]
        return sparse.hstack(blocks, format="csr")

    def _kmer(self, tokens, records) -> sparse.csr_array:
        return sparse_kmer_counts(tokens, self.k, self.both_strands, self.alphabet)

    def _onehot(self, tokens, records) -> sparse.csr_array:
        for row in tokens:
            if len(row) != self.length:
                raise InputError(
                    f"this model looks at letters by position in records of {self.length} letters, "
                    f"and was given one of {len(row)}",
                    remedy="give it records of the length that it was fitted on",
                )
        return sparse.csr_array(positional_one_hot(np.asarray(tokens), self.alphabet))

    def _composition(self, tokens, records) -> np.ndarray:
        if self.alphabet.name in ("dna", "rna"):
            return records[["length", "gc"]].to_numpy(dtype=float)
        counts = np.stack([np.bincount(x, minlength=self.alphabet.padding + 1) for x in tokens])
        known = counts @ one_hot(np.arange(counts.shape[1]), self.alphabet).astype(float)
        shares = known / np.maximum(known.sum(axis=1, keepdims=True), 1)
        return np.column_stack([records["length"].to_numpy(dtype=float), shares])

    def _numbers(self, tokens, records) -> np.ndarray:
        return np.asarray(tokens, dtype=float)


def parts_of(dataset, rows: np.ndarray):
    """Deal rows of a dataset into parts of few letters.

    Yields
    ------
    numpy.ndarray
        Consecutive members of `rows`.
    """
    step = max(1, min(ROWS_AT_ONCE, LETTERS_AT_ONCE // dataset.summary["length"]))
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


def gather(features: Features, dataset, rows: np.ndarray):
    """Features of rows of a dataset.

    Parameters
    ----------
    features : Features
        Which.
    dataset : seqarena.data.dataset.Dataset
        The prepared dataset.
    rows : numpy.ndarray
        Row numbers, at least one.

    Returns
    -------
    scipy.sparse.csr_array or numpy.ndarray
        As of `Features.of`; 8 bytes for each number that isn't 0, and half as many again while it
        is made.
    """
    parts = [
        features.of(dataset.rows(part), dataset.records.iloc[part])
        for part in parts_of(dataset, rows)
    ]
    if features.dense:
        return np.concatenate(parts)
    counts = np.concatenate([np.diff(part.indptr) for part in parts])
    indptr = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    shape = (len(rows), parts[0].shape[1])
    # Not by vstack, which would hold all of it twice.
    places, values = [part.indices for part in parts], [part.data for part in parts]
    parts.clear()
    indices = np.concatenate(places)
    places.clear()
    index_type = np.int32 if indptr[-1] < np.iinfo(np.int32).max else np.int64
    return sparse.csr_array(
        (np.concatenate(values), indices.astype(index_type, copy=False), indptr.astype(index_type)),
        shape=shape,
    )


def scale_of(matrix, features: Features) -> tuple[np.ndarray, np.ndarray]:
    """Centre and scale of each column, from training rows: float64 (columns,) each.

    A block of k-mers or letters gets one scale, so that both have one total variance and neither
    drowns the other; scaling each column would blow up rare words (multiclass accuracy 0.934
    against 0.954 on 3,190 splice junctions). It stays sparse, so it isn't centred. Columns of the
    `dense` blocks are standardised each; one that is constant has scale 1.
    """
    if features.dense:
        constant = matrix.min(axis=0) == matrix.max(axis=0)
        return matrix.mean(axis=0), np.where(constant, 1.0, matrix.std(axis=0))
    mean, square = np.zeros(matrix.shape[1]), np.zeros(matrix.shape[1])
    for start in range(0, matrix.nnz, LETTERS_AT_ONCE):  # bincount makes its weights float64
        part = slice(start, start + LETTERS_AT_ONCE)
        column, value = matrix.indices[part], matrix.data[part].astype(float)
        mean += np.bincount(column, value, len(mean)) / matrix.shape[0]
        square += np.bincount(column, value**2, len(mean)) / matrix.shape[0]
    variances = np.split(square - mean**2, np.cumsum(features.columns)[:-1])
    totals = [np.sqrt(max(variance.sum(), 0) / BLOCK_VARIANCE) for variance in variances]
    widths = [total if total > 0 else 1.0 for total in totals]
    return np.zeros_like(mean), np.repeat(widths, features.columns)


def scaled(matrix, centre: np.ndarray, width: np.ndarray):
    """Training rows on the scale that `scale_of` found.

    Returns
    -------
    scipy.sparse.csr_array or numpy.ndarray
        float64, or float32 if there are more than `MOST_DOUBLES` numbers. A large sparse matrix is
        changed in place.
    """
    if not sparse.issparse(matrix):
        kind = np.float64 if matrix.size <= MOST_DOUBLES else np.float32
        return ((matrix - centre) / width).astype(kind, copy=False)
    values = matrix.data
    if matrix.nnz <= MOST_DOUBLES:
        values = values.astype(np.float64)
    for start in range(0, matrix.nnz, LETTERS_AT_ONCE):
        part = slice(start, start + LETTERS_AT_ONCE)
        values[part] *= (1 / width)[matrix.indices[part]]
    return sparse.csr_array((values, matrix.indices, matrix.indptr), shape=matrix.shape)
