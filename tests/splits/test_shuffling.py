"""Dinucleotide shuffling: what it keeps, and that all it may give is equally probable."""

from collections import Counter
from itertools import chain, pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from seqarena.splits.shuffling import dinucleotide_shuffle


def pair_counts(sequence):
    return Counter(zip(sequence[:-1].tolist(), sequence[1:].tolist(), strict=True))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 14), max_size=60), min_size=1, max_size=8),
    st.integers(0, 2**32),
)
def test_a_shuffle_keeps_dinucleotides_and_ends(sequences, seed):
    tokens = np.array(list(chain.from_iterable(sequences)), dtype=np.uint8)
    offsets = np.cumsum([0, *map(len, sequences)])
    before = tokens.copy()
    shuffled = dinucleotide_shuffle(tokens, offsets, seed)
    assert (tokens == before).all()
    assert (dinucleotide_shuffle(tokens, offsets, seed) == shuffled).all()
    for start, stop in pairwise(offsets):
        old, new = tokens[start:stop], shuffled[start:stop]
        assert pair_counts(old) == pair_counts(new)
        assert (old[:1] == new[:1]).all()
        assert (old[-1:] == new[-1:]).all()


@pytest.mark.parametrize("sequence", [[0, 1, 0, 2, 0, 0, 1], [0, 1, 2, 0, 2, 1, 0, 1]])
def test_all_shuffles_are_equally_probable(sequence):
    sequence = np.array(sequence, dtype=np.uint8)
    possible = {
        walk
        for inner in permutations(sequence[1:-1].tolist())
        if pair_counts(np.array(walk := (int(sequence[0]), *inner, int(sequence[-1]))))
        == pair_counts(sequence)
    }
    n = 6000
    shuffled = dinucleotide_shuffle(
        np.tile(sequence, n), np.arange(n + 1) * len(sequence), seed=3
    ).reshape(n, -1)
    counts = Counter(map(tuple, shuffled.tolist()))
    assert set(counts) == possible
    assert len(possible) > 2
    assert chisquare([counts[walk] for walk in possible]).pvalue > 1e-3


def test_seeds_and_positions_draw_from_different_streams():
    random = np.random.default_rng(10)
    tokens = np.tile(random.integers(0, 4, 100, dtype=np.uint8), 20)
    offsets = np.arange(21) * 100
    shuffled = dinucleotide_shuffle(tokens, offsets, 1).reshape(20, 100)
    assert len(np.unique(shuffled, axis=0)) == 20
    assert not (shuffled == dinucleotide_shuffle(tokens, offsets, 2).reshape(20, 100)).all(1).any()
