"""Sequences laid out for a search, and the index of their seeds.

A seed is a spaced word: letters at the 1s of a pattern such as 1101011. Patterns read the same in
both directions and have a 1 in the middle, so a word and its reverse complement always differ and
the smaller of the two stands for both strands.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from seqarena.data.alphabet import UNKNOWN, complement_tokens
from seqarena.splits.grouping_compiler import compiled

GAP_LENGTH = 32
"""Letters between two sequences in a text; a window of 64 about a seed never reaches across."""
GAP = 5
"""Token of a gap; all letters other than A, C, G, T are `UNKNOWN` in a text."""
BLOCK_LENGTH = 128
"""Letters of a block; pairs of sequences are told apart by the blocks in which they match."""
N_PATTERNS = 8
WEIGHTS = (7, 9, 11, 13)
BLOCK_PLACES = 40_000_000
"""Places that are sorted at a time, in 8 bytes each."""
WORD_RANGES = 4096
_NO_SEED = np.uint32(0xFFFFFFFF)
_REVERSED = np.uint32(0x80000000)


class Text(NamedTuple):
    """Sequences laid out for searching.

    Parameters
    ----------
    letters : array of uint8
        All sequences, `GAP_LENGTH` gaps around each; behind them, if both strands are compared,
        the reverse complement of all that. A, C, G, T are 0 to 3, others 4, gaps `GAP`.
    starts : array of int64, shape (n,)
        Where each sequence starts on the forward strand.
    strand_length : int
        Length of the forward strand with its gaps.
    planes : array of uint64, shape (words, 3)
        Letters as bits: low bit, high bit, whether it is one of A, C, G, T.
    sequence_at : array of int32
        Sequence that has letters among each 32 of the text; there is at most one.
    first_blocks : array of int64, shape (n + 1,)
        Number of each sequence's first block of `BLOCK_LENGTH` letters, and of all blocks.
    """

    letters: np.ndarray
    starts: np.ndarray
    strand_length: int
    planes: np.ndarray
    sequence_at: np.ndarray
    first_blocks: np.ndarray


class Index(NamedTuple):
    """Places of some words of one pattern, sorted by word.

    Parameters
    ----------
    first : array of int64, shape (words + 1,)
        Where each word's places begin in `places`.
    places : array of int64
        Starts in the text, on the strand on which the word reads as such.
    span : int
        Letters from the first to the last of the pattern.
    """

    first: np.ndarray
    places: np.ndarray
    span: int


def choose_weight(n_letters: int, max_pairs: float, match: float = 0.25) -> int:
    """Give the smallest weight of which random letters have at most so many pairs of seeds.

    Parameters
    ----------
    n_letters : int
        Letters of all sequences.
    max_pairs : float
        Pairs of places with equal seeds.
    match : float, default 0.25
        Probability that two letters are equal; 0.25 if all four are equally frequent.

    Returns
    -------
    int
        One of `WEIGHTS`, the largest if none will do.
    """
    for weight in WEIGHTS:
        if n_letters**2 * match**weight <= max_pairs:
            return weight
    return WEIGHTS[-1]


@lru_cache
def choose_patterns(weight: int, seed: int = 0) -> tuple[tuple[int, ...], ...]:
    """Choose symmetric patterns that seldom hit together.

    Each is the best of 200 random ones by overlap complexity with those already chosen (L. Ilie and
    S. Ilie, Bioinformatics 23:2969, 2007). Spans are weight + 4 to weight + 10.

    Parameters
    ----------
    weight : int
        Odd number of 1s.
    seed : int, default 0
        Of the random patterns.

    Returns
    -------
    tuple of tuple of int
        Positions of the 1s, from 0, of `N_PATTERNS` patterns.
    """
    random = np.random.default_rng(seed)
    chosen = []
    for number in range(N_PATTERNS):
        middle = (weight + 4 + number % 4 * 2) // 2
        candidates = []
        for _ in range(200):
            half = random.choice(np.arange(1, middle), (weight - 3) // 2, replace=False)
            ones = {0, middle, 2 * middle, *half.tolist(), *(2 * middle - half).tolist()}
            candidates.append(sum(1 << position for position in ones))
        chosen.append(min(candidates, key=lambda new: _overlap_complexity(new, chosen)))
    return tuple(
        tuple(position for position in range(pattern.bit_length()) if pattern >> position & 1)
        for pattern in chosen
    )


def _overlap_complexity(pattern: int, others: list[int]) -> int:
    shifted = [pattern << shift for shift in range(1, pattern.bit_length())]
    complexity = sum(1 << (pattern & moved).bit_count() for moved in shifted)
    for other in others:
        complexity += sum(1 << (other & moved).bit_count() for moved in (pattern, *shifted))
        complexity += sum(
            1 << (pattern & other << shift).bit_count() for shift in range(1, other.bit_length())
        )
    return complexity


def lay_out(tokens: np.ndarray, offsets: np.ndarray, both_strands: bool) -> Text:
    """Lay sequences out for searching.

    Parameters
    ----------
    tokens : array of uint8
        Sequences end to end.
    offsets : array of int64, shape (n + 1,)
        Where each begins, and the end.
    both_strands : bool
        Whether to lay out the reverse complements, too.

    Returns
    -------
    Text
        As described there.
    """
    lengths = np.diff(offsets)
    ends = np.cumsum(lengths + GAP_LENGTH)
    starts = ends - lengths
    strand_length = int(ends[-1]) + GAP_LENGTH if len(ends) else GAP_LENGTH
    complements = np.append(complement_tokens[: UNKNOWN + 1], GAP).astype(np.uint8)
    letters = np.full(strand_length * (1 + both_strands), GAP, dtype=np.uint8)
    sequence_at = np.zeros(len(letters) // GAP_LENGTH + 1, dtype=np.int32)
    _write_letters(letters, sequence_at, tokens, offsets, starts, both_strands, complements)
    first_blocks = np.concatenate([[0], np.cumsum(-(-lengths // BLOCK_LENGTH))])
    return Text(letters, starts, strand_length, _bit_planes(letters), sequence_at, first_blocks)


@compiled
def _write_letters(letters, sequence_at, tokens, offsets, starts, both_strands, complements):
    for i in range(len(starts)):
        for k in range(offsets[i + 1] - offsets[i]):
            letter = min(tokens[offsets[i] + k], UNKNOWN)
            place = starts[i] + k
            letters[place] = letter
            sequence_at[place // GAP_LENGTH] = i
            if both_strands:
                letters[len(letters) - 1 - place] = complements[letter]
                sequence_at[(len(letters) - 1 - place) // GAP_LENGTH] = i


@compiled
def _bit_planes(letters):
    planes = np.zeros((len(letters) // 64 + 2, 3), dtype=np.uint64)
    for place in range(len(letters)):
        letter = letters[place]
        if letter < UNKNOWN:
            word, bit = place >> 6, np.uint64(place & 63)
            planes[word, 0] |= np.uint64(letter & 1) << bit
            planes[word, 1] |= np.uint64(letter >> 1) << bit
            planes[word, 2] |= np.uint64(1) << bit
    return planes


def index_seeds(text: Text, pattern: tuple[int, ...]) -> Iterator[Index]:
    """Sort the places of a text by the word that they have under a pattern.

    Parameters
    ----------
    text : Text
        A place with an unknown letter or a gap under a 1 of the pattern is left out.
    pattern : tuple of int
        Positions of the 1s.

    Yields
    ------
    Index
        As described there: one of all words, or of a large text several, each of a part of the
        words that has about `BLOCK_PLACES` places, so that memory holds them.
    """
    span = pattern[-1] + 1
    both_strands = len(text.letters) > text.strand_length
    words = _words(
        text.letters[: text.strand_length], np.array(pattern, dtype=np.int64), both_strands
    )
    n_words, last_place = 4 ** len(pattern), len(text.letters) - span
    for low, high in _word_ranges(words, n_words):
        first, places = _sort_words(words, low, high, last_place)
        yield Index(first, places, span)


def _word_ranges(words: np.ndarray, n_words: int) -> Iterator[tuple[int, int]]:
    """Cut the words into ranges of about `BLOCK_PLACES` places each."""
    if len(words) <= BLOCK_PLACES:
        return iter([(0, n_words)])
    counts = np.cumsum(_count_ranges(words, n_words // WORD_RANGES))
    blocks = -(-int(counts[-1]) // BLOCK_PLACES)
    wanted = np.arange(1, blocks) / max(blocks, 1) * counts[-1]
    ends = np.unique([0, *(np.searchsorted(counts, wanted) + 1), WORD_RANGES])
    return pairwise((ends * (n_words // WORD_RANGES)).tolist())


@compiled
def _count_ranges(words, width):
    counts = np.zeros(WORD_RANGES, dtype=np.int64)
    for word in words:
        if word != _NO_SEED:
            counts[(word & ~_REVERSED) // width] += 1
    return counts


@compiled
def _words(letters, ones, both_strands):
    """Give the word at each place, with `_REVERSED` set where the other strand's is smaller."""
    words = np.full(len(letters), _NO_SEED, dtype=np.uint32)
    weight = len(ones)
    for place in range(len(letters) - ones[-1]):
        forward, backward, unknown = 0, 0, 0
        for k in range(weight):
            letter = np.int64(letters[place + ones[k]])
            unknown |= letter >> 2
            forward = forward << 2 | (letter & 3)
            backward |= (3 - (letter & 3)) << (2 * k)
        if unknown == 0:
            if both_strands and backward < forward:
                words[place] = np.uint32(backward) | _REVERSED
            else:
                words[place] = np.uint32(forward)
    return words


@compiled
def _sort_words(words, low, high, last_place):
    """Sort the places of the words from `low` on, below `high`."""
    n_words = high - low
    first = np.zeros(n_words + 1, dtype=np.int64)
    for word in words:
        i = np.int64(word & ~_REVERSED) - low
        if word != _NO_SEED and 0 <= i < n_words:
            first[i + 1] += 1
    for i in range(n_words):
        first[i + 1] += first[i]
    places = np.empty(first[-1], dtype=np.int64)
    for place in range(len(words)):
        word = words[place]
        i = np.int64(word & ~_REVERSED) - low
        if word != _NO_SEED and 0 <= i < n_words:
            places[first[i]] = last_place - place if word & _REVERSED else place
            first[i] += 1
    for i in range(n_words, 0, -1):  # each has moved to where the next one begins
        first[i] = first[i - 1]
    first[0] = 0
    return first, places


@compiled
def cut_evenly(first, cap, n_slices):
    """Cut the words of an index into slices of about equally many pairs of places.

    Returns
    -------
    bounds : array of int64, shape (n_slices + 1,)
        Words at which slices begin, and the end.
    capped_words, capped_places : int
        Words with more than `cap` places, and their places.
    """
    total, capped_words, capped_places = 0, 0, 0
    for i in range(len(first) - 1):
        n = first[i + 1] - first[i]
        total += n * min(n, cap)
        if n > cap:
            capped_words += 1
            capped_places += n
    bounds = np.full(n_slices + 1, len(first) - 1, dtype=np.int64)
    bounds[0] = 0
    done, k = 0, 1
    for i in range(len(first) - 1):
        n = first[i + 1] - first[i]
        done += n * min(n, cap)
        while k < n_slices and done >= total / n_slices * k:
            bounds[k] = i + 1
            k += 1
    return bounds, capped_words, capped_places
