"""Numbers from tokens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqarena.data import encoding
from seqarena.data.alphabet import (
    DNA,
    LETTERS,
    PROTEIN,
    RNA,
    encode,
    reverse_complement,
    words_alphabet,
)
from seqarena.errors import InputError

WORDS = words_alphabet(["he", "you", "have", "cats"])

sequences = st.text(alphabet=LETTERS, min_size=1, max_size=40)


@given(sequences)
def test_rows_of_one_hot_sum_to_one_and_of_unknown_letters_to_zero(sequence):
    encoded = encoding.one_hot(encode(sequence)[0])
    assert encoded.shape == (len(sequence), 4)
    assert encoded.dtype == np.float32
    expected = [letter != "N" for letter in sequence]
    np.testing.assert_allclose(encoded.sum(axis=-1), expected, rtol=1e-6)


@given(sequences)
def test_reverse_complement_and_encoding_commute(sequence):
    tokens, _ = encode(sequence)
    expected = encoding.one_hot(tokens)[::-1, ::-1]
    np.testing.assert_array_equal(encoding.one_hot(reverse_complement(tokens)), expected)


@given(sequences)
def test_case_does_not_change_the_encoding(sequence):
    np.testing.assert_array_equal(
        encoding.one_hot(encode(sequence.lower())[0]), encoding.one_hot(encode(sequence)[0])
    )


@given(sequences, sequences)
def test_encoding_of_joined_sequences_is_the_joined_encoding(first, second):
    np.testing.assert_array_equal(
        encoding.one_hot(encode(first + second)[0]),
        np.concatenate([encoding.one_hot(encode(part)[0]) for part in (first, second)]),
    )


def test_one_hot_takes_any_shape():
    tokens = np.arange(12, dtype=np.uint8).reshape(2, 3, 2)
    assert encoding.one_hot(tokens).shape == (2, 3, 2, 4)


def test_positional_features_are_ordered_by_position_then_base():
    features = encoding.positional_one_hot(np.array([encode("ACN")[0], encode("TGR")[0]]))
    assert features.tolist() == [
        [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 1, 0, 0, 1, 0, 0.5, 0, 0.5, 0],
    ]


@pytest.mark.parametrize("alphabet", [DNA, RNA, PROTEIN, WORDS], ids=lambda x: x.name)
def test_what_is_no_symbol_has_no_column(alphabet):
    symbols = len(alphabet.symbols)
    vectors = encoding.one_hot(np.arange(alphabet.padding + 1), alphabet)
    assert vectors.shape == (alphabet.padding + 1, symbols)
    np.testing.assert_array_equal(vectors[:symbols], np.eye(symbols))
    assert (vectors[[alphabet.unknown, alphabet.padding]] == 0).all()
    np.testing.assert_allclose(vectors[alphabet.unknown + 1 : alphabet.padding].sum(axis=1), 1)


def naive_counts(sequence, k):
    counts = np.zeros(4**k)
    for start in range(len(sequence) - k + 1):
        word = sequence[start : start + k]
        if set(word) <= set("ACGT"):
            counts[sum("ACGT".index(x) * 4**i for i, x in enumerate(reversed(word)))] += 1
    return counts


@given(st.lists(st.text(alphabet="ACGTACGTACGTNR", max_size=20), max_size=5), st.integers(1, 4))
def test_word_counts_are_those_of_a_naive_loop(records, k):
    tokens = [encode(record)[0] for record in records]
    expected = np.array([naive_counts(record, k) for record in records]).reshape(-1, 4**k)
    counts = encoding.kmer_counts(tokens, k, both_strands=False)
    assert counts.dtype == np.float32
    np.testing.assert_array_equal(counts, expected)
    reverse = encoding.kmer_counts([reverse_complement(x) for x in tokens], k, both_strands=False)
    both = encoding.kmer_counts(tokens, k, both_strands=True)
    np.testing.assert_array_equal(both, counts + reverse)


@pytest.mark.parametrize("alphabet", [PROTEIN, WORDS], ids=lambda x: x.name)
@pytest.mark.parametrize("k", [1, 2])
def test_words_of_any_alphabet_are_counted(alphabet, k):
    random = np.random.default_rng(0)
    records = [
        random.integers(0, alphabet.padding + 1, size).astype(np.uint8) for size in (0, 1, 9, 40)
    ]
    symbols = len(alphabet.symbols)
    expected = np.zeros((4, symbols**k))
    for counts, record in zip(expected, records, strict=True):
        for start in range(len(record) - k + 1):
            word = record[start : start + k].tolist()
            if max(word) < symbols:
                counts[sum(x * symbols**i for i, x in enumerate(reversed(word)))] += 1
    counts = encoding.sparse_kmer_counts(records, k, False, alphabet)
    assert counts.dtype == np.float32
    np.testing.assert_array_equal(counts.toarray(), expected)
    np.testing.assert_array_equal(encoding.kmer_counts(records, k, False, alphabet), expected)


def test_padding_changes_no_count():
    tokens = encode("ACGTNACGA")[0]
    padded = np.full((1, 20), DNA.padding, np.uint8)
    padded[0, 4:13] = tokens
    for both_strands in (False, True):
        np.testing.assert_array_equal(
            encoding.kmer_counts(padded, 3, both_strands),
            encoding.kmer_counts([tokens], 3, both_strands),
        )


def test_word_counts_do_not_depend_on_how_many_records_are_counted_at_once(monkeypatch):
    matrix = np.random.default_rng(0).integers(0, 5, (50, 30)).astype(np.uint8)
    expected = encoding.kmer_counts(matrix, 3, both_strands=True)
    monkeypatch.setattr(encoding, "CELLS_AT_ONCE", 7 * 30)
    np.testing.assert_array_equal(encoding.kmer_counts(matrix, 3, both_strands=True), expected)
    np.testing.assert_array_equal(
        encoding.sparse_kmer_counts(list(matrix), 3, both_strands=True).toarray(), expected
    )


def test_no_records_have_no_counts():
    assert encoding.kmer_counts([], 2, both_strands=False).shape == (0, 16)
    assert encoding.sparse_kmer_counts([], 2, both_strands=False).shape == (0, 16)


def test_a_word_has_a_letter():
    with pytest.raises(ValueError, match="at least 1 letter"):
        encoding.kmer_counts(np.zeros((1, 3), np.uint8), 0, both_strands=False)


def test_too_many_words_are_refused():
    with pytest.raises(InputError, match=r"k = 5 .* 3,200,000 words .*\n?.*set k to 4 or less"):
        encoding.sparse_kmer_counts(np.zeros((1, 9), np.uint8), 5, False, PROTEIN)
    with pytest.raises(InputError, match=r"k = 7 .* 2,097,152 cells"):
        encoding.chaos_game_3d(np.zeros((1, 9), np.uint8), 7)


def test_a_protein_has_one_strand():
    with pytest.raises(InputError, match="no complement"):
        encoding.kmer_counts(np.zeros((1, 9), np.uint8), 2, True, PROTEIN)


def test_chaos_game_by_hand():
    # k = 1: each letter in its own quarter.
    image = encoding.chaos_game(encode("AACGGGTN")[0][None], 1)
    assert image.tolist() == [[[2, 1], [1, 3]]]  # A (0, 0), C (0, 1), T (1, 0), G (1, 1)
    # k = 2: x is twice the x of the last letter and once that of the first, y alike. TC is at
    # (0 + 1, 2 + 0), CG at (2 + 0, 2 + 1), GA at (0 + 1, 0 + 1).
    image = encoding.chaos_game(encode("TCGANNA")[0][None], 2)
    assert image.shape == (1, 4, 4)
    assert np.argwhere(image[0]).tolist() == [[1, 1], [1, 2], [2, 3]]
    assert image.sum() == 3


def test_chaos_game_in_a_cube_by_hand():
    image = encoding.chaos_game_3d(encode("AACGGGT")[0][None], 1)
    assert image.tolist() == [[[[2, 0], [0, 1]], [[0, 3], [1, 0]]]]
    # "TC": T (1, 1, 0), then C (0, 1, 1): x = 0 + 1, y = 2 + 1, z = 2 + 0.
    image = encoding.chaos_game_3d(encode("TC")[0][None], 2)
    assert np.argwhere(image).tolist() == [[0, 1, 3, 2]]


def visited(sequence, k, corners):
    """Cells that the game itself visits, letter after letter, from the middle."""
    middle = np.full(corners.shape[1], 0.5)
    image, place, moves = np.zeros((2**k,) * corners.shape[1]), middle, 0
    for letter in sequence:
        if letter not in "ACGT":
            place, moves = middle, 0
            continue
        place, moves = (place + corners["ACGT".index(letter)]) / 2, moves + 1
        if moves >= k:
            image[tuple(np.floor(place * 2**k).astype(int))] += 1
    return image


@given(st.lists(st.text(alphabet="ACGTACGTACGTNR", max_size=20), max_size=4), st.integers(1, 4))
def test_chaos_game_visits_the_cells_of_the_game_itself(records, k):
    tokens = [encode(record)[0] for record in records]
    for encoded, corners in (
        (encoding.chaos_game(tokens, k), encoding.SQUARE),
        (encoding.chaos_game_3d(tokens, k), encoding.TETRAHEDRON),
    ):
        assert encoded.dtype == np.float32
        assert encoded.shape == (len(records), *(2**k,) * corners.shape[1])
        for image, record in zip(encoded, records, strict=True):
            np.testing.assert_array_equal(image, visited(record, k, corners))
