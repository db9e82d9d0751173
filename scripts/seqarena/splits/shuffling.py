"""Shuffling a sequence so that every pair of neighbouring letters stays as frequent as it was."""

import numpy as np

from seqarena.data.alphabet import LETTERS
from seqarena.splits.grouping_compiler import compiled

N_LETTERS = len(LETTERS)


def dinucleotide_shuffle(tokens: np.ndarray, offsets: np.ndarray, seed: int) -> np.ndarray:
    """Shuffle each sequence, keeping its dinucleotides, its first and its last letter.

    Every sequence with the same dinucleotide counts and the same ends is equally probable: letters
    are nodes and dinucleotides edges of a graph, and a random Euler walk of it is drawn
    (S. F. Altschul and B. W. Erickson, Mol. Biol. Evol. 2:526, 1985).

    Parameters
    ----------
    tokens : array of uint8, shape (letters,)
        Sequences end to end, any letters of the alphabet.
    offsets : array of int64, shape (n + 1,)
        Where each begins, and the end.
    seed : int
        From 0. Each sequence draws from a stream of its own, made of the seed and its position.

    Returns
    -------
    numpy.ndarray of uint8, shape (letters,)
        The shuffled sequences.
    """
    shuffled = np.array(tokens, dtype=np.uint8)
    _shuffle_all(shuffled, np.asarray(offsets, dtype=np.int64), np.uint64(seed))
    return shuffled


@compiled
def _random_below(state, bound):
    """Draw from 0 to `bound` - 1 by SplitMix64, advancing ``state[0]``.

    The remainder's bias is below 1e-14 for any sequence that fits in memory.
    """
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    bits = state[0]
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    return np.int64((bits >> np.uint64(1)) % np.uint64(bound))


@compiled
def _shuffle_all(tokens, offsets, seed):
    longest = 1
    for i in range(len(offsets) - 1):
        longest = max(longest, offsets[i + 1] - offsets[i])
    successors = np.empty(longest, dtype=np.uint8)
    first = np.empty(N_LETTERS + 1, dtype=np.int64)
    state = np.empty(1, dtype=np.uint64)
    for i in range(len(offsets) - 1):
        state[0] = seed * np.uint64(0xD1342543DE82EF95) + np.uint64(i) * np.uint64(
            0x2545F4914F6CDD1D
        )
        sequence = tokens[offsets[i] : offsets[i + 1]]
        if len(sequence) > 3:
            _list_successors(sequence, successors, first)
            _draw_last_edges(sequence, successors, first, state)
            _walk(sequence, successors, first)


@compiled
def _list_successors(sequence, successors, first):
    """Sort the letters that follow each letter into ``successors[first[x]:first[x + 1]]``."""
    first[:] = 0
    for letter in sequence[:-1]:
        first[letter + 1] += 1
    for letter in range(N_LETTERS):
        first[letter + 1] += first[letter]
    free = first.copy()
    for position in range(len(sequence) - 1):
        letter = sequence[position]
        successors[free[letter]] = sequence[position + 1]
        free[letter] += 1


@compiled
def _draw_last_edges(sequence, successors, first, state):
    """Shuffle the successors of each letter such that the walk uses all edges.

    It does if and only if the last edges out of the letters form a tree towards the walk's end, so
    last edges are drawn anew until they do.
    """
    end = sequence[-1]
    is_tree = False
    while not is_tree:
        for letter in range(N_LETTERS):
            start, stop = first[letter], first[letter + 1]
            if stop > start:
                chosen = start + _random_below(state, stop - start)
                successors[chosen], successors[stop - 1] = successors[stop - 1], successors[chosen]
        is_tree = True
        for letter in range(N_LETTERS):
            reached, steps = letter, 0
            while first[reached + 1] > first[reached] and reached != end and steps < N_LETTERS:
                reached = np.int64(successors[first[reached + 1] - 1])
                steps += 1
            if first[letter + 1] > first[letter] and reached != end:
                is_tree = False
    for letter in range(N_LETTERS):
        # The end has no last edge to be kept, and its edges are shuffled like the others.
        stop = first[letter + 1] - (0 if letter == end else 1)
        for position in range(stop - 1, first[letter], -1):
            chosen = first[letter] + _random_below(state, position - first[letter] + 1)
            successors[chosen], successors[position] = successors[position], successors[chosen]


@compiled
def _walk(sequence, successors, first):
    """Write the letters that the walk meets over the sequence; its first letter stays."""
    free = first.copy()
    letter = sequence[0]
    for position in range(1, len(sequence)):
        follower = successors[free[letter]]
        free[letter] += 1
        letter = follower
        sequence[position] = letter
