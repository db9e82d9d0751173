"""Alphabets other than DNA, from letters or words to tokens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqarena.data.alphabet import (
    ALPHABETS,
    DNA,
    PROTEIN,
    RNA,
    Alphabet,
    alphabet_of,
    decode,
    encode,
    words_alphabet,
)
from seqarena.errors import InputError

LETTER_ALPHABETS = list(ALPHABETS.values())
WORDS = ["you", "he", "is", "are"]


@pytest.mark.parametrize("alphabet", [*LETTER_ALPHABETS, words_alphabet(WORDS)])
def test_symbols_come_first_then_unknown_and_padding_is_last(alphabet):
    n = len(alphabet.symbols)
    assert (alphabet.unknown, alphabet.padding) == (n, len(alphabet.spellings) - 1)
    assert alphabet.padding > alphabet.unknown
    np.testing.assert_array_equal(alphabet.one_hot[:n], np.eye(n))
    assert not alphabet.one_hot[[alphabet.unknown, alphabet.padding]].any()
    np.testing.assert_allclose(alphabet.one_hot[n + 1 : -1].sum(axis=1), 1, rtol=1e-6)
    with pytest.raises(ValueError, match="read-only"):
        alphabet.one_hot[0] = 0


def test_tokens_are_those_of_the_contract():
    assert (DNA.unknown, DNA.padding, RNA.padding, PROTEIN.unknown, PROTEIN.padding) == (
        *(4, 15, 15),
        *(20, 24),
    )
    assert encode("ACGUNRT", alphabet=RNA)[0].tolist() == [0, 1, 2, 3, 4, 5, 3]
    assert encode("ACDYXBZJUO", alphabet=PROTEIN)[0].tolist() == [0, 1, 2, 19, *range(20, 24), 1, 8]


@pytest.mark.parametrize(
    ("code", "residues"), [("B", "DN"), ("Z", "EQ"), ("J", "IL"), ("X", ""), ("U", "C"), ("O", "K")]
)
def test_residues_that_a_letter_stands_for(code, residues):
    row = PROTEIN.one_hot[encode(code, alphabet=PROTEIN)[0][0]]
    expected = [(s in residues) / max(len(residues), 1) for s in PROTEIN.symbols]
    np.testing.assert_allclose(row, expected)


@pytest.mark.parametrize("alphabet", LETTER_ALPHABETS, ids=lambda alphabet: alphabet.name)
def test_codes_stand_for_symbols(alphabet):
    assert all(set(meaning) <= set(alphabet.symbols) for meaning in alphabet.codes.values())


def test_only_dna_has_two_strands():
    assert [alphabet.name for alphabet in LETTER_ALPHABETS if alphabet.complement is not None] == [
        "dna"
    ]
    assert DNA.complement[DNA.complement].tolist() == list(range(16))
    assert DNA.complement[DNA.padding] == DNA.padding


@given(st.data())
def test_decoding_gives_the_letters_again(data):
    alphabet = data.draw(st.sampled_from(LETTER_ALPHABETS))
    sequence = data.draw(st.text(alphabet=alphabet.letters))
    tokens = encode(sequence, alphabet=alphabet)[0]
    assert decode(tokens, alphabet) == sequence
    assert decode(np.append(tokens, [alphabet.padding] * 3), alphabet) == sequence


def test_an_alphabet_survives_the_summary():
    for alphabet in (*LETTER_ALPHABETS, words_alphabet(WORDS), Alphabet("numbers", ("x", "y"))):
        again = alphabet_of({"alphabet": alphabet.as_summary()})
        assert (again.name, again.symbols, again.padding) == (
            *(alphabet.name, alphabet.symbols),
            alphabet.padding,
        )


def test_words_are_decoded_with_their_separator():
    alphabet = words_alphabet(WORDS)
    assert decode(np.array([0, 3, alphabet.padding]), alphabet, " ") == "you are"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["a", "b", "a"], "'a' stands in the alphabet more than once"),
        (["a"], "has 1 words"),
        (["a", " "], "an empty word"),
        (list(map(str, range(300))), "has 300 words, and can have 2 to 200"),
    ],
)
def test_an_alphabet_of_words_is_checked(words, problem):
    with pytest.raises(InputError, match=problem):
        words_alphabet(words)
