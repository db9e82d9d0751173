"""Letters and tokens."""

import numpy as np
import pytest
from Bio.Seq import Seq
from hypothesis import given
from hypothesis import strategies as st

from seqarena.data import alphabet
from seqarena.errors import InputError

dna = st.text(alphabet=alphabet.LETTERS)
any_letters = st.text(alphabet=alphabet.LETTERS + alphabet.LETTERS.lower() + "Uu")


def test_tokens_are_those_of_the_contract():
    tokens, counts = alphabet.encode("ACGTNRYSWKMBDHV")
    assert tokens.tolist() == list(range(15))
    assert tokens.dtype == np.uint8
    assert counts == {"lower_case": 0, "alias": 0, "ambiguous": 10, "unknown": 1}
    assert alphabet.UNKNOWN == 4


def test_one_hot_table_shares_codes_evenly():
    assert alphabet.ONE_HOT.dtype == np.float32
    np.testing.assert_array_equal(alphabet.ONE_HOT[:5], np.eye(5, 4))
    np.testing.assert_array_equal(alphabet.ONE_HOT[alphabet.LETTERS.index("Y")], [0, 0.5, 0, 0.5])
    third = np.float32(1 / 3)
    np.testing.assert_array_equal(
        alphabet.ONE_HOT[alphabet.LETTERS.index("V")], [third, third, third, 0]
    )
    np.testing.assert_allclose(
        alphabet.ONE_HOT.sum(axis=1), [1] * 4 + [0] + [1] * 10 + [0], rtol=1e-6
    )


@given(dna)
def test_decoding_gives_the_letters_again(sequence):
    assert alphabet.decode(alphabet.encode(sequence)[0]) == sequence


@given(dna)
def test_reverse_complement_is_that_of_biopython(sequence):
    tokens = alphabet.reverse_complement(alphabet.encode(sequence)[0])
    assert alphabet.decode(tokens) == str(Seq(sequence).reverse_complement())
    assert tokens.dtype == np.uint8


@given(any_letters)
def test_str_bytes_and_biopython_sequences_are_read_alike(sequence):
    expected, expected_counts = alphabet.encode(sequence)
    for other in (sequence.encode(), bytearray(sequence.encode()), Seq(sequence)):
        tokens, counts = alphabet.encode(other)
        np.testing.assert_array_equal(tokens, expected)
        assert counts == expected_counts


@given(any_letters)
def test_case_does_not_matter_but_is_counted(sequence):
    tokens, counts = alphabet.encode(sequence)
    np.testing.assert_array_equal(tokens, alphabet.encode(sequence.upper())[0])
    assert counts["lower_case"] == sum(letter.islower() for letter in sequence)
    assert counts["alias"] == sequence.upper().count("U")
    assert counts["unknown"] == sequence.upper().count("N")


@given(any_letters, any_letters)
def test_tokens_of_joined_sequences_are_the_joined_tokens(first, second):
    joined, counts = alphabet.encode(first + second)
    parts = [alphabet.encode(part) for part in (first, second)]
    np.testing.assert_array_equal(joined, np.concatenate([tokens for tokens, _ in parts]))
    assert counts == {kind: parts[0][1][kind] + parts[1][1][kind] for kind in counts}


def test_soft_masked_letters_can_be_read_as_unknown():
    tokens, counts = alphabet.encode("ACgtnuRN", soft_masked="unknown")
    assert alphabet.decode(tokens) == "ACNNNNRN"
    assert counts == {"lower_case": 4, "alias": 0, "ambiguous": 1, "unknown": 1}


@pytest.mark.parametrize("letter", [*"*-.1XZ> \t?", "é", "λ"])
@pytest.mark.parametrize("soft_masked", alphabet.SOFT_MASKED)
def test_an_illegal_letter_is_named_with_its_position(letter, soft_masked):
    with pytest.raises(InputError) as error:
        alphabet.encode(f"ACG{letter}T", soft_masked=soft_masked)
    assert f"{letter!r} at position 4 is not a letter of dna" in str(error.value)


def test_ambiguous_letters_can_be_refused_but_unknown_ones_stay():
    with pytest.raises(InputError, match="'r' at position 3 is ambiguous"):
        alphabet.encode("ANrT", ambiguous="refuse")
    assert alphabet.encode("ANT", ambiguous="refuse")[0].tolist() == [0, 4, 3]


def test_settings_and_types_are_checked():
    with pytest.raises(InputError, match="soft_masked is 'lower'") as error:
        alphabet.encode("A", soft_masked="lower")
    assert "choose one of upper, unknown" in str(error.value)
    with pytest.raises(InputError, match="ambiguous is 'drop'"):
        alphabet.encode("A", ambiguous="drop")
    with pytest.raises(TypeError, match="not int"):
        alphabet.encode(7)


def test_tables_can_not_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        alphabet.ONE_HOT[0] = 0
