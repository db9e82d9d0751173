"""Numbers from tokens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqarena.data import encoding
from seqarena.data.alphabet import LETTERS, encode, reverse_complement

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


def test_word_counts_do_not_depend_on_how_many_records_are_counted_at_once(monkeypatch):
    matrix = np.random.default_rng(0).integers(0, 5, (50, 30)).astype(np.uint8)
    expected = encoding.kmer_counts(matrix, 3, both_strands=True)
    monkeypatch.setattr(encoding, "CELLS_AT_ONCE", 7 * 4**3)
    np.testing.assert_array_equal(encoding.kmer_counts(matrix, 3, both_strands=True), expected)
    np.testing.assert_array_equal(
        encoding.kmer_counts(list(matrix), 3, both_strands=True), expected
    )


def test_a_word_has_a_letter():
    with pytest.raises(ValueError, match="at least 1 letter"):
        encoding.kmer_counts(np.zeros((1, 3), np.uint8), 0, both_strands=False)
