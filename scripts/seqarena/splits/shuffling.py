"""Shuffling a sequence, so that its letters, or pairs of neighbours too, stay as frequent."""

import numpy as np

from seqarena.splits.grouping_compiler import compiled

NO_TOKEN = 256


def dinucleotide_shuffle(
    tokens: np.ndarray, offsets: np.ndarray, seed: int, stops: np.ndarray | None = None
) -> np.ndarray:
    """Shuffle each sequence, keeping its dinucleotides, its first and its last letter.

    Every sequence with the same dinucleotide counts and the same ends is equally probable: letters
    are nodes and dinucleotides edges of a graph, and a random Euler walk of it is drawn
    (S. F. Altschul and B. W. Erickson, Mol. Biol. Evol. 2:526, 1985).

    Parameters
    ----------
    tokens : array of uint8, shape (letters,)
        Sequences end to end, any letters (or words) of any alphabet.
    offsets : array of int64, shape (n + 1,)
        Where each begins, and the end.
    seed : int
        From 0. Each sequence draws from a stream of its own, made of the seed and its number.
    stops : array of int64, shape (n,), optional
        Where sequences end, if not where the next begins. Then `offsets`, of the same shape, only
        says where they begin, in any order, and letters between sequences stay.

    Returns
    -------
    numpy.ndarray of uint8, shape (letters,)
        The shuffled sequences.
    """
    shuffled = np.array(tokens, dtype=np.uint8)
    n_letters = int(shuffled.max(initial=0)) + 1
    _shuffle_all(shuffled, *_bounds(offsets, stops), np.uint64(seed), n_letters)
    return shuffled


def permute_letters(
    tokens: np.ndarray,
    offsets: np.ndarray,
    seed: int,
    stops: np.ndarray | None = None,
    unknown: int = NO_TOKEN,
) -> np.ndarray:
    """Shuffle each sequence, keeping its letters.

    For alphabets so large that most pairs of letters occur once in a sequence: to keep the pairs
    would be to keep the sequence.

    Parameters
    ----------
    tokens, offsets, seed, stops
        As in `dinucleotide_shuffle`.
    unknown : int, optional
        A token that stays where it is: spread out, it would tear apart what could be alike.

    Returns
    -------
    numpy.ndarray of uint8, shape (letters,)
        The shuffled sequences, each order of letters equally probable.
    """
    shuffled = np.array(tokens, dtype=np.uint8)
    _permute_all(shuffled, *_bounds(offsets, stops), np.uint64(seed), unknown)
    return shuffled


@compiled
def inner_letters(tokens, offsets, unknown, padding):
    """Find where each sequence begins and ends but for unknown letters and padding at its ends.

    Returns
    -------
    starts, stops : array of int64, shape (n,)
        Places in `tokens`; equal where a sequence has nothing else.
    """
    starts, stops = offsets[:-1].copy(), offsets[1:].copy()
    for i in range(len(starts)):
        while stops[i] > starts[i] and (
            tokens[stops[i] - 1] == unknown or tokens[stops[i] - 1] == padding
        ):
            stops[i] -= 1
        while starts[i] < stops[i] and (
            tokens[starts[i]] == unknown or tokens[starts[i]] == padding
        ):
            starts[i] += 1
    return starts, stops


def _bounds(offsets: np.ndarray, stops: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    if stops is None:
        offsets, stops = offsets[:-1], offsets[1:]
    return np.asarray(offsets, dtype=np.int64), np.asarray(stops, dtype=np.int64)


@compiled
def _permute_all(tokens, starts, stops, seed, unknown):
    state = np.empty(1, dtype=np.uint64)
    for i in range(len(starts)):
        state[0] = _stream(seed, i)
        sequence = tokens[starts[i] : stops[i]]
        moved = np.flatnonzero(sequence != unknown)
        for n in range(len(moved), 1, -1):
            one, other = moved[n - 1], moved[_random_below(state, n)]
            sequence[one], sequence[other] = sequence[other], sequence[one]


@compiled
def _stream(seed, i):
    """Give the state from which the i-th sequence draws."""
    return seed * np.uint64(0xD1342543DE82EF95) + np.uint64(i) * np.uint64(0x2545F4914F6CDD1D)


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
def _shuffle_all(tokens, starts, stops, seed, n_letters):
    longest = 1
    for i in range(len(starts)):
        longest = max(longest, stops[i] - starts[i])
    successors = np.empty(longest, dtype=np.uint8)
    first = np.empty(n_letters + 1, dtype=np.int64)
    state = np.empty(1, dtype=np.uint64)
    for i in range(len(starts)):
        state[0] = _stream(seed, i)
        sequence = tokens[starts[i] : stops[i]]
        if len(sequence) > 3:
            _list_successors(sequence, successors, first)
            _draw_last_edges(sequence, successors, first, state)
            _walk(sequence, successors, first)


@compiled
def _list_successors(sequence, successors, first):
    """Sort the letters that follow each letter into ``successors[first[x]:first[x + 1]]``."""
    n_letters = len(first) - 1
    first[:] = 0
    for letter in sequence[:-1]:
        first[letter + 1] += 1
    for letter in range(n_letters):
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
    n_letters, end = len(first) - 1, sequence[-1]
    is_tree = False
    while not is_tree:
        for letter in range(n_letters):
            start, stop = first[letter], first[letter + 1]
            if stop > start:
                chosen = start + _random_below(state, stop - start)
                successors[chosen], successors[stop - 1] = successors[stop - 1], successors[chosen]
        is_tree = True
        for letter in range(n_letters):
            reached, steps = letter, 0
            while first[reached + 1] > first[reached] and reached != end and steps < n_letters:
                reached = np.int64(successors[first[reached + 1] - 1])
                steps += 1
            if first[letter + 1] > first[letter] and reached != end:
                is_tree = False
    for letter in range(n_letters):
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
