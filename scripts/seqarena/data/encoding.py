"""Tokens as numbers that models use, in NumPy: the reference for the layers of the networks."""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import sparse

from seqarena.data.alphabet import DNA, Alphabet
from seqarena.errors import InputError

CELLS_AT_ONCE = 1 << 22
"""Windows that are looked at in one go while counting words."""

MOST_WORDS = 1 << 18
"""Words (or cells of an image) that a record can be counted in: DNA up to k = 9, protein to 4."""

DEFAULT_K = {"dna": 5, "rna": 5, "protein": 2, "words": 2}
"""Letters of a word, by alphabet: 1,024 words of DNA, 400 of proteins."""

SQUARE = np.array([(0, 0), (0, 1), (1, 1), (1, 0)])
"""Corners (x, y) of A, C, G, T (of RNA: U) in the chaos game, as Jeffrey 1990 has them."""

TETRAHEDRON = np.array([(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)])
"""Corners (x, y, z) of A, C, G, T in the cube: each as far from all others."""


def one_hot(tokens: np.ndarray, alphabet: Alphabet = DNA) -> np.ndarray:
    """One-hot vectors of tokens.

    Parameters
    ----------
    tokens : numpy.ndarray
        Tokens of any shape.
    alphabet : Alphabet
        Theirs.

    Returns
    -------
    numpy.ndarray
        float32 of shape (*tokens.shape, symbols), columns in the order of the symbols (of DNA: A,
        C, G, T). An unknown letter and padding are all zero, a code of several symbols is shared
        out evenly over these.
    """
    return alphabet.one_hot[np.asarray(tokens)]


def positional_one_hot(matrix: np.ndarray, alphabet: Alphabet = DNA) -> np.ndarray:
    """One feature for each position and symbol.

    Parameters
    ----------
    matrix : numpy.ndarray
        Tokens of shape (records, length).
    alphabet : Alphabet
        Theirs.

    Returns
    -------
    numpy.ndarray
        float32 of shape (records, symbols x length); feature symbols x position + symbol.
    """
    return one_hot(matrix, alphabet).reshape(len(matrix), -1)


def number_of_words(k: int, alphabet: Alphabet = DNA) -> int:
    """How many words of k symbols there are.

    Raises
    ------
    InputError
        If they are more than `MOST_WORDS`; the message names k.
    """
    if k < 1:
        raise ValueError(f"a word has at least 1 letter, not {k}")
    symbols = len(alphabet.symbols)
    if symbols**k > MOST_WORDS:
        largest = max(n for n in range(1, k) if symbols**n <= MOST_WORDS)
        raise InputError(
            f"with k = {k} there are {symbols**k:,} words over the {symbols} symbols of the "
            f"alphabet {alphabet.name!r}, and at most {MOST_WORDS:,} can be counted",
            remedy=f"set k to {largest} or less",
        )
    return symbols**k


def kmer_counts(
    tokens: np.ndarray | Sequence[np.ndarray],
    k: int,
    both_strands: bool,
    alphabet: Alphabet = DNA,
) -> np.ndarray:
    """How often each word of k symbols occurs in each record, as a full array.

    Parameters
    ----------
    tokens, k, both_strands, alphabet
        As of `sparse_kmer_counts`.

    Returns
    -------
    numpy.ndarray
        float32 of shape (records, symbols**k): 4 x records x symbols**k bytes.
    """
    words = number_of_words(k, alphabet)
    counts = np.empty((len(tokens), words), np.float32)
    start = 0
    for part in _counted_parts(tokens, k, both_strands, alphabet):
        counts[start : start + part.shape[0]] = part.toarray()
        start += part.shape[0]
    return counts


def sparse_kmer_counts(
    tokens: np.ndarray | Sequence[np.ndarray],
    k: int,
    both_strands: bool,
    alphabet: Alphabet = DNA,
) -> sparse.csr_array:
    """How often each word of k symbols occurs in each record, without the zeros.

    Parameters
    ----------
    tokens : numpy.ndarray or sequence of numpy.ndarray
        Tokens of shape (records, length), or one array a record where lengths differ.
    k : int
        Symbols of a word, at least 1.
    both_strands : bool
        Add the words of the reverse complement, so that a record and its reverse complement have
        the same counts (a word that is its own reverse complement then counts twice).
    alphabet : Alphabet
        Of the tokens.

    Returns
    -------
    scipy.sparse.csr_array
        float32 of shape (records, symbols**k), words in the order of their symbols. Windows with
        anything but symbols (unknown letters, codes, padding) are skipped; a record shorter than k
        has no words.

    Raises
    ------
    InputError
        If there are too many words, or `both_strands` is asked of an alphabet without complement.
    """
    words = number_of_words(k, alphabet)
    parts = list(_counted_parts(tokens, k, both_strands, alphabet))
    if not parts:
        return sparse.csr_array((0, words), dtype=np.float32)
    return parts[0] if len(parts) == 1 else sparse.vstack(parts, format="csr")


def _counted_parts(
    tokens: np.ndarray | Sequence[np.ndarray], k: int, both_strands: bool, alphabet: Alphabet
) -> Iterator[sparse.csr_array]:
    """Counts of a few records at a time, so that neither windows nor padding fill the memory."""
    words = number_of_words(k, alphabet)
    if both_strands and alphabet.complement is None:
        raise InputError(
            f"words of both strands can't be counted: {alphabet.name!r} has no complement",
            remedy="set both_strands to false",
        )
    others = _reverse_complement_words(k) if both_strands else None
    longest = max(map(len, tokens), default=0)
    step = max(1, CELLS_AT_ONCE // max(longest, words // 16, 1))
    for start in range(0, len(tokens), step):
        codes = _window_codes(_padded(tokens[start : start + step], alphabet), k, alphabet)
        if others is not None:
            codes = np.hstack([codes, others[codes]])
        yield _count_codes(codes, words)


def _padded(rows: Sequence[np.ndarray], alphabet: Alphabet) -> np.ndarray:
    """Rows as one matrix; windows over the padding are skipped."""
    lengths = {len(row) for row in rows}
    if len(lengths) == 1:
        return np.asarray(rows)
    matrix = np.full((len(rows), max(lengths)), alphabet.padding, np.uint8)
    for target, row in zip(matrix, rows, strict=True):
        target[: len(row)] = row
    return matrix


def _window_codes(matrix: np.ndarray, k: int, alphabet: Alphabet) -> np.ndarray:
    """Number of the word in each window, int32 (records, windows); that of words + 1 if none."""
    symbols = len(alphabet.symbols)
    windows = max(0, matrix.shape[1] - k + 1)
    codes = np.zeros((len(matrix), windows), np.int32)
    known = np.ones(codes.shape, np.bool_)
    for letter in range(k):
        column = matrix[:, letter : letter + windows]
        codes *= symbols
        codes += column
        known &= column < symbols
    codes[~known] = symbols**k
    return codes


def _count_codes(codes: np.ndarray, words: int) -> sparse.csr_array:
    """Count equal numbers below `words` in each row; sorted rows have them side by side."""
    codes.sort(axis=1)
    is_first = np.ones(codes.shape, np.bool_)
    is_first[:, 1:] = codes[:, 1:] != codes[:, :-1]
    firsts = np.flatnonzero(is_first)
    counts = np.diff(firsts, append=codes.size)
    word = codes.ravel()[firsts]
    kept = word < words
    of_record = np.count_nonzero(is_first & (codes < words), axis=1)
    return sparse.csr_array(
        (
            counts[kept].astype(np.float32),
            word[kept],
            np.concatenate([[0], np.cumsum(of_record)]).astype(np.int32),
        ),
        shape=(len(codes), words),
    )


def _reverse_complement_words(k: int) -> np.ndarray:
    """Index of each word's reverse complement, int32 of shape (4**k + 1,); none stays none."""
    words = np.arange(4**k)
    letters = _letters_of_words(k)
    others = ((3 - letters) * 4 ** np.arange(k)).sum(axis=1)
    return np.append(others, len(words)).astype(np.int32)


def _letters_of_words(k: int) -> np.ndarray:
    """Letters 0 to 3 of each word of DNA, first to last: (4**k, k)."""
    return np.arange(4**k)[:, None] // 4 ** np.arange(k)[::-1] % 4


def chaos_game(tokens: np.ndarray | Sequence[np.ndarray], k: int) -> np.ndarray:
    """Image of a sequence: how often the chaos game visits each cell of a square.

    A point starts in the middle of the unit square, and with each letter goes half of the way to
    that letter's corner (Jeffrey 1990). Where it is after k letters or more tells the last k
    letters, so that the visits of a grid of 2**k x 2**k cells are the counts of words of k letters,
    words with the same end beside each other (frequency chaos game representation, Deschavanne et
    al. 1999).

    Parameters
    ----------
    tokens : numpy.ndarray or sequence of numpy.ndarray
        Tokens of DNA or RNA, of shape (records, length), or one array a record.
    k : int
        Letters that decide a cell.

    Returns
    -------
    numpy.ndarray
        float32 of shape (records, 2**k, 2**k), indices x and y; A is at (0, 0), C at (0, 1), G at
        (1, 1), T at (1, 0). Windows with unknown letters, codes or padding are skipped.
    """
    return _visits(tokens, k, SQUARE)


def chaos_game_3d(tokens: np.ndarray | Sequence[np.ndarray], k: int) -> np.ndarray:
    """The chaos game between the corners of a tetrahedron, whose cells fill a cube.

    Parameters
    ----------
    tokens, k
        As of `chaos_game`.

    Returns
    -------
    numpy.ndarray
        float32 of shape (records, 2**k, 2**k, 2**k), indices x, y and z; A is at (0, 0, 0), C at
        (0, 1, 1), G at (1, 0, 1), T at (1, 1, 0). No word leads to the other 8**k - 4**k cells.
    """
    return _visits(tokens, k, TETRAHEDRON)


def cells_of_words(k: int, corners: np.ndarray) -> np.ndarray:
    """Where the chaos game is after each word of k letters.

    Parameters
    ----------
    k : int
        Letters of a word.
    corners : numpy.ndarray
        0 or 1, of shape (4, axes): `SQUARE` or `TETRAHEDRON`.

    Returns
    -------
    numpy.ndarray
        int64 of shape (4**k,): index of the cell in an image that is laid out flat, x first. The
        last letter decides the coarsest half of each axis.
    """
    places = (corners[_letters_of_words(k)] * 2 ** np.arange(k)[:, None]).sum(axis=1)
    return np.ravel_multi_index(tuple(places.T), (2**k,) * corners.shape[1])


def _visits(tokens: np.ndarray | Sequence[np.ndarray], k: int, corners: np.ndarray) -> np.ndarray:
    axes = corners.shape[1]
    if 2 ** (k * axes) > MOST_WORDS:
        raise InputError(
            f"with k = {k} an image of {axes} axes has {2 ** (k * axes):,} cells, and can have at "
            f"most {MOST_WORDS:,}",
            remedy=f"set k to {int(np.log2(MOST_WORDS)) // axes} or less",
        )
    counts = kmer_counts(tokens, k, both_strands=False)
    images = np.zeros((len(counts), 2 ** (k * axes)), np.float32)
    images[:, cells_of_words(k, corners)] = counts
    return images.reshape(-1, *(2**k,) * axes)
