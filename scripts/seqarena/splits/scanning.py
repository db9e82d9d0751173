"""Compiled comparison of places that share a seed.

All places of one word are turned to the strand on which they read that word; then two of them are
compared by bits, 64 letters at once, and what looks alike is extended letter by letter.
"""

import numpy as np
from numba import njit

from seqarena.data.alphabet import UNKNOWN
from seqarena.splits.grouping_compiler import compiled
from seqarena.splits.seeds import BLOCK_LENGTH, GAP, GAP_LENGTH

MAX_DROP = 20
"""An extension ends where its score has fallen this far below its best."""
MIN_WINDOW_SCORE = 4
"""Matches less mismatches that the 64 letters about two equal seeds must reach."""
_EMPTY = -1


@compiled
def find_root(parents, i):
    """Find the representative of `i`'s set, halving the path to it."""
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i


@compiled
def unite(parents, pairs):
    """Unite the sets of pairs; tell which pairs were still apart (bool, a value a pair)."""
    apart = np.zeros(len(pairs), dtype=np.bool_)
    for k in range(len(pairs)):
        a, b = find_root(parents, pairs[k, 0]), find_root(parents, pairs[k, 1])
        if a != b:
            parents[max(a, b)] = min(a, b)
            apart[k] = True
    return apart


@compiled
def are_apart(parents, pairs):
    """Tell which pairs are in different sets (bool, a value a pair)."""
    apart = np.zeros(len(pairs), dtype=np.bool_)
    for k in range(len(pairs)):
        apart[k] = find_root(parents, pairs[k, 0]) != find_root(parents, pairs[k, 1])
    return apart


@njit(inline="always")
def count_bits(word):
    """Count the ones among 64 bits."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@njit(inline="always")
def window(planes, plane, place):
    """Give 64 bits of a plane from any place on."""
    word, bit = place >> 6, np.uint64(place & 63)
    bits = planes[word, plane] >> bit
    if bit:
        bits |= planes[word + 1, plane] << (np.uint64(64) - bit)
    return bits


@compiled
def extend(letters, a, b, step):
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
def slot_of(table, key):
    """Give the place of a key in a table of a power of two of slots."""
    return np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)) & (
        len(table) - 1
    )


@compiled
def contains(table, key):
    """Tell whether the table of a `KeySet` has a key."""
    slot = slot_of(table, key)
    while table[slot] != _EMPTY:
        if table[slot] == key:
            return True
        slot = (slot + 1) & (len(table) - 1)
    return False


@compiled
def _add(table, keys):
    """Add keys to a hash table that has room for them; tell which were new."""
    new = np.zeros(len(keys), dtype=np.bool_)
    for k in range(len(keys)):
        slot = slot_of(table, keys[k])
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


@compiled
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
            low[i] = window(text.planes, 0, start)
            high[i] = window(text.planes, 1, start)
            known[i] = window(text.planes, 2, start)
        for i in range(position[1], n - 1):
            if n_candidates + cap > len(candidates):
                position[1] = i
                return n_candidates, n_links
            stop = min(n, i + 1 + cap)
            for j in range(i + 1, stop):  # a loop of its own, to run on vectors
                both = known[i] & known[j]
                equal = both & ~((low[i] ^ low[j]) | (high[i] ^ high[j]))
                scores[j] = np.int8(2 * count_bits(equal) - count_bits(both))
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
                slot = slot_of(recent, key)
                if recent[slot] == key or contains(checked, key):
                    continue
                score = extend(text.letters, a, b, 1) + extend(text.letters, a - 1, b - 1, -1)
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
