import itertools

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from seqarena.data import encoding
from seqarena.data.alphabet import DNA, PADDING, PROTEIN, RNA, words_alphabet
from seqarena.errors import InputError
from seqarena.models.representations import WordFrequencies, word_cells

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("one_thread")]


def frequencies(tokens, kind, k, alphabet=DNA):
    layer = WordFrequencies(kind, k, alphabet=alphabet)
    return keras.ops.convert_to_numpy(layer(np.asarray(tokens, np.uint8)))


def test_words_by_hand():
    """ACGNA and padding: the words AC and CG, each 1 of 2, which 16 words make 8 times as often."""
    vector = frequencies([[0, 1, 2, 4, 0, PADDING, PADDING]], "kmers", 2)
    assert vector.shape == (1, 16)
    assert np.count_nonzero(vector) == 2
    np.testing.assert_array_equal(vector[0, [1, 6]], [8, 8])  # 4 x A + C, 4 x C + G


def test_image_by_hand():
    """The last letter decides the half.

    From the middle, A leads to (1/4, 1/4), C to (1/8, 5/8): cell x = 0, y = 2 of 4 x 4. GT: G leads
    to (3/4, 3/4), T to (7/8, 3/8): cell x = 3, y = 1.
    """
    image = frequencies([[0, 1]], "chaos_game", 2)
    assert image.shape == (1, 4, 4, 1)
    assert image[0, 0, 2, 0] == 16
    assert np.count_nonzero(image) == 1
    assert frequencies([[2, 3]], "chaos_game", 2)[0, 3, 1, 0] == 16


def test_cube_by_hand():
    """AC: A leads to (1/4, 1/4, 1/4), C to (1/8, 5/8, 5/8): cell 0, 2, 2 of 4 x 4 x 4."""
    cube = frequencies([[0, 1, 4]], "chaos_game_3d", 2)
    assert cube.shape == (1, 4, 4, 4, 1)
    assert cube[0, 0, 2, 2, 0] == 16
    assert np.count_nonzero(cube) == 1


@pytest.mark.parametrize(("kind", "axes"), [("chaos_game", 2), ("chaos_game_3d", 3)])
def test_cells_are_where_the_game_leads(kind, axes):
    corners = {2: [(0, 0), (0, 1), (1, 1), (1, 0)], 3: [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]}
    for word in itertools.product(range(4), repeat=3):
        point = np.full(axes, 0.5)
        for letter in word:
            point = (point + corners[axes][letter]) / 2
        cube = frequencies([word], kind, 3)[0, ..., 0]
        assert cube[tuple((point * 8).astype(int))] == 64
        assert cube.sum() == 64


token_arrays = st.integers(1, 9).flatmap(
    lambda length: arrays(np.uint8, (3, length), elements=st.integers(0, PADDING))
)


@given(token_arrays, st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_layers_equal_the_numpy_reference(tokens, k):
    counts = encoding.kmer_counts(tokens, k, both_strands=False)
    scale = 4**k / np.maximum(counts.sum(axis=1), 1)
    np.testing.assert_allclose(frequencies(tokens, "kmers", k), counts * scale[:, None], rtol=1e-6)
    image = encoding.chaos_game(tokens, k) * scale[:, None, None]
    np.testing.assert_allclose(frequencies(tokens, "chaos_game", k)[..., 0], image, rtol=1e-6)
    cube = encoding.chaos_game_3d(tokens, k) * scale[:, None, None, None]
    np.testing.assert_allclose(frequencies(tokens, "chaos_game_3d", k)[..., 0], cube, rtol=1e-6)


@pytest.mark.parametrize("alphabet", [PROTEIN, words_alphabet(["a", "bc", "d"])])
def test_words_of_other_alphabets(alphabet):
    tokens = np.random.default_rng(0).integers(0, alphabet.padding + 1, (5, 40)).astype(np.uint8)
    counts = encoding.kmer_counts(tokens, 2, both_strands=False, alphabet=alphabet)
    windows = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    found = frequencies(tokens, "kmers", 2, alphabet)
    np.testing.assert_allclose(found, counts / windows * len(alphabet.symbols) ** 2, rtol=1e-6)
    with pytest.raises(InputError, match="corner for each of four bases"):
        word_cells("chaos_game", 2, alphabet)


def test_rna_has_the_corners_of_dna():
    tokens = [[0, 3, 2, 1, 1]]
    for kind in ("chaos_game", "chaos_game_3d"):
        one, other = (frequencies(tokens, kind, 2, alphabet) for alphabet in (DNA, RNA))
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", ["kmers", "chaos_game", "chaos_game_3d"])
def test_the_mean_over_words_is_one_and_padding_changes_nothing(kind):
    tokens = np.random.default_rng(0).integers(0, 5, (4, 30)).astype(np.uint8)
    found = frequencies(tokens, kind, 3)
    np.testing.assert_allclose(found.reshape(4, -1).sum(axis=1), 64, rtol=1e-6)
    further = np.pad(tokens, ((0, 0), (0, 13)), constant_values=PADDING)
    np.testing.assert_array_equal(frequencies(further, kind, 3), found)


def test_too_many_words():
    with pytest.raises(InputError, match="too large") as caught:
        word_cells("kmers", 5, PROTEIN)
    assert "smaller k" in caught.value.remedy
