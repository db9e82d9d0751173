"""Compiled search for pairs of sequences that share a seed and look alike around it.

A seed is a spaced word: letters at the 1s of a pattern such as 1101011. Patterns read the same in
both directions and have a 1 in the middle, so a word and its reverse complement always differ and
the smaller of the two stands for both strands. All places of one word are turned to the strand on
which they read that word; then two of them are compared by bits, 64 letters at once.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from seqarena.data.alphabet import UNKNOWN, complement_tokens

GAP_LENGTH = 32
"""Letters between two sequences in a text; a window of 64 about a seed never reaches across."""
GAP = 5
"""Token of a gap; all letters other than A, C, G, T are `UNKNOWN` in a text."""
BLOCK_LENGTH = 128
"""Letters of a block; pairs of sequences are told apart by the blocks in which they match."""
N_PATTERNS = 8
WEIGHTS = (7, 9, 11, 13)
MAX_DROP = 20
"""An extension ends where its score has fallen this far below its best."""
MIN_WINDOW_SCORE = 4
"""Matches less mismatches that the 64 letters about two equal seeds must reach."""
_NO_SEED = np.uint32(0xFFFFFFFF)
_REVERSED = np.uint32(0x80000000)
_EMPTY = -1


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
    """Places of the words of one pattern, sorted by word.

    Parameters
    ----------
    first : array of int64, shape (4 ** weight + 1,)
        Where each word's places begin in `places`.
    places : array of int64
        Starts in the text, on the strand on which the word reads as such.
    span : int
        Letters from the first to the last of the pattern.
    """

    first: np.ndarray
    places: np.ndarray
    span: int


def choose_weight(n_letters: int, max_pairs: float) -> int:
    """Give the smallest weight of which random letters have at most so many pairs of seeds."""
    for weight in WEIGHTS:
        if n_letters**2 / 4**weight <= max_pairs:
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


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
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


def index_seeds(text: Text, pattern: tuple[int, ...]) -> Index:
    """Sort all places of a text by the word that they have under a pattern.

    Parameters
    ----------
    text : Text
        A place with an unknown letter or a gap under a 1 of the pattern is left out.
    pattern : tuple of int
        Positions of the 1s.

    Returns
    -------
    Index
        As described there.
    """
    span = pattern[-1] + 1
    ones = np.array(pattern, dtype=np.int64)
    both_strands = len(text.letters) > text.strand_length
    words = _words(text.letters[: text.strand_length], ones, both_strands)
    first, places = _sort_words(words, 4 ** len(pattern), len(text.letters) - span)
    return Index(first, places, span)


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
def _sort_words(words, n_words, last_place):
    first = np.zeros(n_words + 1, dtype=np.int64)
    for word in words:
        if word != _NO_SEED:
            first[(word & ~_REVERSED) + 1] += 1
    for i in range(n_words):
        first[i + 1] += first[i]
    places = np.empty(first[-1], dtype=np.int64)
    for place in range(len(words)):
        word = words[place]
        if word != _NO_SEED:
            i = word & ~_REVERSED
            places[first[i]] = last_place - place if word & _REVERSED else place
            first[i] += 1
    for i in range(n_words, 0, -1):  # each has moved to where the next one begins
        first[i] = first[i - 1]
    first[0] = 0
    return first, places


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
def find_root(parents, i):
    """Find the representative of `i`'s set, halving the path to it."""
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i


@njit(nogil=True, cache=True)
def unite(parents, pairs):
    """Unite the sets of pairs; tell which pairs were still apart (bool, a value a pair)."""
    apart = np.zeros(len(pairs), dtype=np.bool_)
    for k in range(len(pairs)):
        a, b = find_root(parents, pairs[k, 0]), find_root(parents, pairs[k, 1])
        if a != b:
            parents[max(a, b)] = min(a, b)
            apart[k] = True
    return apart


@njit(nogil=True, cache=True)
def are_apart(parents, pairs):
    """Tell which pairs are in different sets (bool, a value a pair)."""
    apart = np.zeros(len(pairs), dtype=np.bool_)
    for k in range(len(pairs)):
        apart[k] = find_root(parents, pairs[k, 0]) != find_root(parents, pairs[k, 1])
    return apart


@njit(inline="always")
def _count_bits(word):
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@njit(inline="always")
def _window(planes, plane, place):
    """Give 64 bits of a plane from any place on."""
    word, bit = place >> 6, np.uint64(place & 63)
    bits = planes[word, plane] >> bit
    if bit:
        bits |= planes[word + 1, plane] << (np.uint64(64) - bit)
    return bits


@njit(nogil=True, cache=True)
def _extend(letters, a, b, step):
    """Give the best score of segments that start at two places and go in one direction."""
    score, best = 0, 0
    while True:
        x, y = letters[a], letters[b]
        if x == GAP or y == GAP or score < best - MAX_DROP:
            return best
        score += 1 if x == y and x < UNKNOWN else -1
        best = max(best, score)
        a += step
        b += step


@njit(inline="always")
def _key(text, one, other, a, b):
    """Name a pair of blocks, from sequences and places in them, and their strands."""
    end = len(text.letters) - 1
    turned_a, turned_b = a >= text.strand_length, b >= text.strand_length
    a = (end - a if turned_a else a) - text.starts[one]
    b = (end - b if turned_b else b) - text.starts[other]
    first = text.first_blocks[one] + a // BLOCK_LENGTH
    second = text.first_blocks[other] + b // BLOCK_LENGTH
    pair = min(first, second) * text.first_blocks[-1] + max(first, second)
    return 2 * pair + (1 if turned_a != turned_b else 0)


@njit(inline="always")
def _slot(table, key):
    """Give the place of a key in a table of a power of two of slots."""
    return np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)) & (
        len(table) - 1
    )


@njit(nogil=True, cache=True)
def _contains(table, key):
    slot = _slot(table, key)
    while table[slot] != _EMPTY:
        if table[slot] == key:
            return True
        slot = (slot + 1) & (len(table) - 1)
    return False


@njit(nogil=True, cache=True)
def _add(table, keys):
    """Add keys to a hash table that has room for them; tell which were new."""
    new = np.zeros(len(keys), dtype=np.bool_)
    for k in range(len(keys)):
        slot = _slot(table, keys[k])
        while table[slot] != _EMPTY and table[slot] != keys[k]:
            slot = (slot + 1) & (len(table) - 1)
        new[k] = table[slot] == _EMPTY
        table[slot] = keys[k]
    return new


class KeySet:
    """Set of non-negative int64 that compiled loops can look into: its `table`."""

    def __init__(self) -> None:
        self.table = np.full(1 << 16, _EMPTY)
        self.size = 0

    def add(self, keys: np.ndarray) -> np.ndarray:
        """Add keys; give those that were new, each once, in the order given."""
        n_slots = len(self.table)
        while 2 * (self.size + len(keys)) > n_slots:
            n_slots *= 2
        if n_slots > len(self.table):
            kept = self.table[self.table != _EMPTY]
            self.table = np.full(n_slots, _EMPTY)
            _add(self.table, kept)
        new = keys[_add(self.table, keys)]
        self.size += len(new)
        return new


@njit(nogil=True, cache=True)
def scan(
    text,
    index,
    position,
    last_word,
    cap,
    candidate_score,
    link_score,
    parents,
    checked,
    candidates,
    links,
):
    """Compare the places of each word with each other, as far as `candidates` has room.

    Parameters
    ----------
    text : Text
        Sequences.
    index : Index
        Places of its words.
    position : array of int64, shape (2,)
        Word, and number of its place, to go on from; moved forward.
    last_word : int
        Word to stop before.
    cap : int
        Of a word with more places, each is compared with the next `cap` only.
    candidate_score, link_score : int
        Scores of an ungapped segment (+1 a match, -1 a mismatch) from which on a pair of sequences
        is a candidate, and is linked right away.
    parents : array of int64, shape (sequences,)
        Sets of linked sequences; pairs within one are skipped. Changed.
    checked : array of int64
        Table of a `KeySet`: candidates to be skipped.
    candidates : array of int64, shape (room, 2), room at least `cap`
        Receives keys (2 (block * blocks + block) + whether on opposite strands) and scores. A key
        may occur more than once.
    links : array of int64, shape (sequences, 2)
        Receives pairs of sequences.

    Returns
    -------
    n_candidates, n_links : int
        Rows written.
    """
    first, places = index.first, index.places
    largest = 0
    for word in range(position[0], last_word):
        largest = max(largest, first[word + 1] - first[word])
    low = np.empty(largest, dtype=np.uint64)
    high = np.empty(largest, dtype=np.uint64)
    known = np.empty(largest, dtype=np.uint64)
    scores = np.empty(largest, dtype=np.int8)
    recent = np.full(1 << 15, _EMPTY)  # keys written not long ago
    margin = (64 - index.span) // 2
    n_candidates, n_links = 0, 0
    while position[0] < last_word:
        begin = first[position[0]]
        n = first[position[0] + 1] - begin
        for i in range(position[1], n if n > 1 else 0):
            start = places[begin + i] - margin
            low[i] = _window(text.planes, 0, start)
            high[i] = _window(text.planes, 1, start)
            known[i] = _window(text.planes, 2, start)
        for i in range(position[1], n - 1):
            if n_candidates + cap > len(candidates):
                position[1] = i
                return n_candidates, n_links
            stop = min(n, i + 1 + cap)
            for j in range(i + 1, stop):  # a loop of its own, to run on vectors
                both = known[i] & known[j]
                equal = both & ~((low[i] ^ low[j]) | (high[i] ^ high[j]))
                scores[j] = np.int8(2 * _count_bits(equal) - _count_bits(both))
            a = places[begin + i]
            one = text.sequence_at[a // GAP_LENGTH]
            for j in range(i + 1, stop):
                if scores[j] < MIN_WINDOW_SCORE:
                    continue
                b = places[begin + j]
                other = text.sequence_at[b // GAP_LENGTH]
                if find_root(parents, one) == find_root(parents, other):
                    continue
                key = _key(text, one, other, a, b)
                slot = _slot(recent, key)
                if recent[slot] == key or _contains(checked, key):
                    continue
                score = _extend(text.letters, a, b, 1) + _extend(text.letters, a - 1, b - 1, -1)
                if score >= link_score:
                    parents[find_root(parents, one)] = find_root(parents, other)
                    links[n_links, 0], links[n_links, 1] = one, other
                    n_links += 1
                elif score >= candidate_score:
                    candidates[n_candidates, 0], candidates[n_candidates, 1] = key, score
                    recent[slot] = key
                    n_candidates += 1
        position[0] += 1
        position[1] = 0
    return n_candidates, n_links
