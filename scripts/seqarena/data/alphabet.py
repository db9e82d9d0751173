"""Alphabets: what letters (or words) there are, and sequences of them as small integers.

A sequence is a row of uint8 tokens, one byte a letter on disk and in memory; one-hot vectors exist
per batch only. In every alphabet the symbols come first (of DNA: A, C, G, T are 0 to 3), then
"unknown" (N, 4), then codes that stand for several symbols, and last padding, which is no letter
but the absence of one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, SupportsBytes

import numpy as np

from seqarena.errors import InputError

ILLEGAL = 255
"""What `translate` gives for a byte that the alphabet lacks; never in a dataset."""

SOFT_MASKED = ("upper", "unknown")
AMBIGUOUS = ("share", "refuse")
GAPS = ("refuse", "remove", "unknown")
GAP_LETTERS = "-."
"""How alignments write a gap."""

MOST_SYMBOLS = 200
"""Symbols that leave room in a byte for unknown, padding and `ILLEGAL`, with a margin."""


@dataclass(frozen=True)
class Alphabet:
    """Symbols, and what else may stand in a sequence of them.

    Parameters
    ----------
    name : {"dna", "rna", "protein", "words", "numbers"}
        What it is called in a configuration and in summary.json. "numbers" are no letters: its
        symbols name the columns of a table.
    symbols : tuple of str
        Columns of one-hot vectors; tokens from 0.
    codes : mapping of str to str
        Letters that stand for several symbols, with these.
    unknown_letter : str
        How an unknown symbol is written; "" where it can't be.
    aliases : mapping of str to str
        Letters that are read as a symbol.
    partners : str
        Complement of each symbol and code, in their order; "" where there are no two strands.
    """

    name: str
    symbols: tuple[str, ...]
    codes: Mapping[str, str] = field(default_factory=dict)
    unknown_letter: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    partners: str = ""

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """How each token is written; padding isn't."""
        return (*self.symbols, self.unknown_letter, *self.codes, "")

    @property
    def unknown(self) -> int:
        """Token of an unknown symbol."""
        return len(self.symbols)

    @property
    def padding(self) -> int:
        """Token that stands where a record has no letter; the last one."""
        return len(self.spellings) - 1

    @cached_property
    def one_hot(self) -> np.ndarray:
        """Rows by token, float32 of shape (tokens, symbols), read-only.

        Unknown and padding are all zero, a code is shared out evenly over its symbols.
        """
        table = np.zeros((len(self.spellings), len(self.symbols)), np.float32)
        table[: len(self.symbols)] = np.eye(len(self.symbols))
        for token, meaning in enumerate(self.codes.values(), self.unknown + 1):
            table[token, [self.symbols.index(symbol) for symbol in meaning]] = 1 / len(meaning)
        table.flags.writeable = False
        return table

    @cached_property
    def complement(self) -> np.ndarray | None:
        """Token of the complementary letter, uint8 of shape (tokens,), read-only; None without."""
        if not self.partners:
            return None
        partner_of = dict(zip((*self.symbols, *self.codes), self.partners, strict=True))
        partners = [partner_of.get(letter, letter) for letter in self.spellings]
        table = np.array([self.spellings.index(letter) for letter in partners], np.uint8)
        table.flags.writeable = False
        return table

    @property
    def letters(self) -> str:
        """The letters of a dataset that may differ from each other, each a token's spelling."""
        return "".join(self.spellings)

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Letters by what is noted of them: "alias", "ambiguous", "unknown"."""
        return {
            "alias": "".join(self.aliases),
            "ambiguous": "".join(self.codes),
            "unknown": self.unknown_letter,
        }

    def lookup(self, lower_case_is_unknown: bool) -> bytes:
        """Table for `bytes.translate` from letters to tokens, `ILLEGAL` for all others."""
        table = np.full(256, ILLEGAL, np.uint8)
        tokens = {letter: token for token, letter in enumerate(self.spellings[:-1])}
        tokens |= {letter: tokens[symbol] for letter, symbol in self.aliases.items()}
        for letter, token in tokens.items():
            table[ord(letter)] = token
            table[ord(letter.lower())] = self.unknown if lower_case_is_unknown else token
        return table.tobytes()

    def as_summary(self) -> dict[str, Any]:
        """The entry of summary.json, of which `alphabet_of` makes the alphabet again."""
        known = self.name in ALPHABETS
        return {"name": self.name} | ({} if known else {"symbols": list(self.symbols)})


_TWO_OR_THREE = {"R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC"}
_TWO_OR_THREE |= {"B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG"}

DNA = Alphabet(
    "dna",
    tuple("ACGT"),
    codes=MappingProxyType(_TWO_OR_THREE),
    unknown_letter="N",
    aliases=MappingProxyType({"U": "T"}),
    partners="TGCAYRSWMKVHDB",
)
"""Bases, with the codes of Cornish-Bowden 1985 (IUPAC-IUB)."""

RNA = Alphabet(
    "rna",
    tuple("ACGU"),
    codes=MappingProxyType({x: y.replace("T", "U") for x, y in _TWO_OR_THREE.items()}),
    unknown_letter="N",
    aliases=MappingProxyType({"T": "U"}),
)
"""RNA is read in one direction, so it has no complement."""

PROTEIN = Alphabet(
    "protein",
    tuple("ACDEFGHIKLMNPQRSTVWY"),
    codes=MappingProxyType({"B": "DN", "Z": "EQ", "J": "IL"}),
    unknown_letter="X",
    aliases=MappingProxyType({"U": "C", "O": "K"}),
)
"""Amino acids (IUPAC-IUB 1984); U and O (selenocysteine, pyrrolysine) are read as their parents."""

ALPHABETS = MappingProxyType({alphabet.name: alphabet for alphabet in (DNA, RNA, PROTEIN)})

LETTERS = DNA.letters
UNKNOWN = DNA.unknown
PADDING = DNA.padding
ONE_HOT = DNA.one_hot
complement_tokens = DNA.complement
"""Token of the complementary letter of DNA, uint8 of shape (16,)."""


def words_alphabet(words: Sequence[str]) -> Alphabet:
    """Make an alphabet of words.

    Parameters
    ----------
    words : sequence of str
        Each once.

    Raises
    ------
    InputError
        If there are none, too many for a byte, an empty one or one twice.
    """
    words = [str(word) for word in words]
    repeated = sorted({word for word in words if words.count(word) > 1})
    problem = None
    if not 1 < len(words) <= MOST_SYMBOLS:
        problem = f"the alphabet has {len(words)} words, and can have 2 to {MOST_SYMBOLS}"
    elif repeated:
        problem = f"the word {repeated[0]!r} stands in the alphabet more than once"
    elif not all(word.strip() for word in words):
        problem = "the alphabet has an empty word"
    if problem:
        raise InputError(problem, remedy="list each word that can occur once (alphabet: words)")
    return Alphabet("words", tuple(words))


def alphabet_of(summary: Mapping[str, Any]) -> Alphabet:
    """Give the alphabet of a dataset.

    Parameters
    ----------
    summary : mapping
        As in summary.json.
    """
    entry = summary.get("alphabet", {"name": "dna"})
    if entry["name"] in ALPHABETS:
        return ALPHABETS[entry["name"]]
    return Alphabet(entry["name"], tuple(entry["symbols"]))


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Refuse a setting that is none of its choices.

    Raises
    ------
    InputError
        Naming the setting, the value and the choices.
    """
    if value not in choices:
        raise InputError(
            f"{name} is {value!r}, which is none of its choices",
            remedy=f"choose one of {', '.join(choices)}",
        )


def as_bytes(sequence: str | bytes | SupportsBytes) -> bytes:
    """Letters of a sequence, a byte each; one outside ASCII becomes '?', which is illegal."""
    if isinstance(sequence, str):
        return sequence.encode("ascii", "replace")
    if isinstance(sequence, bytes | bytearray) or hasattr(sequence, "__bytes__"):
        return bytes(sequence)
    raise TypeError(f"a sequence is str, bytes or Bio.Seq.Seq, not {type(sequence).__name__}")


def translate(letters: bytes, soft_masked: str = "upper", alphabet: Alphabet = DNA) -> np.ndarray:
    """Tokens of letters, unchecked.

    Parameters
    ----------
    letters : bytes
        One letter a byte, of any number of sequences end to end.
    soft_masked : {"upper", "unknown"}
        Whether a lower-case letter is read as upper case or as unknown.
    alphabet : Alphabet
        Of letters.

    Returns
    -------
    numpy.ndarray
        uint8, as long as `letters`, read-only; `ILLEGAL` where the alphabet lacks a letter.
    """
    check_choice("soft_masked", soft_masked, SOFT_MASKED)
    return np.frombuffer(letters.translate(alphabet.lookup(soft_masked == "unknown")), np.uint8)


def noted_letters(soft_masked: str = "upper", alphabet: Alphabet = DNA) -> dict[str, str]:
    """Letters that are no plain upper-case symbols, by what is noted of them.

    Parameters
    ----------
    soft_masked : {"upper", "unknown"}
        As in `translate`. Under "unknown" a lower-case letter is noted as lower case only, since
        what it was no longer matters.
    alphabet : Alphabet
        Of letters.

    Returns
    -------
    dict of str to str
        Letters by kind: "lower_case", "alias" (of DNA: U, read as T), "ambiguous" (codes of several
        symbols), "unknown".
    """
    check_choice("soft_masked", soft_masked, SOFT_MASKED)
    kinds = dict(alphabet.kinds)
    if soft_masked == "upper":
        kinds = {kind: members + members.lower() for kind, members in kinds.items()}
    return {"lower_case": (alphabet.letters + "".join(alphabet.aliases)).lower()} | kinds


def mask_of(letters: bytes, members: str) -> np.ndarray:
    """Where letters are some of `members`: a boolean array as long as `letters`."""
    table = np.zeros(256, np.uint8)
    table[list(members.encode())] = 1
    return np.frombuffer(letters.translate(table.tobytes()), np.bool_)


def encode(
    sequence: str | bytes | SupportsBytes,
    *,
    soft_masked: str = "upper",
    ambiguous: str = "share",
    alphabet: Alphabet = DNA,
) -> tuple[np.ndarray, dict[str, int]]:
    """Tokens of one sequence.

    Parameters
    ----------
    sequence : str, bytes or Bio.Seq.Seq
        Letters in either case.
    soft_masked : {"upper", "unknown"}
        Whether a lower-case letter is read as upper case or as unknown.
    ambiguous : {"share", "refuse"}
        Whether codes of several symbols are kept, to be shared out over these, or refused.
    alphabet : Alphabet
        Of letters.

    Returns
    -------
    tokens : numpy.ndarray
        uint8 of shape (letters,).
    counts : dict of str to int
        Letters by the kinds of `noted_letters`.

    Raises
    ------
    InputError
        If the alphabet lacks a letter, or it is an ambiguity code that is to be refused; the
        message names the letter and its position, counted from 1.
    """
    check_choice("ambiguous", ambiguous, AMBIGUOUS)
    letters = as_bytes(sequence)
    tokens = translate(letters, soft_masked, alphabet)
    found = {
        kind: mask_of(letters, members)
        for kind, members in noted_letters(soft_masked, alphabet).items()
    }
    for wrong, problem in (
        (tokens == ILLEGAL, f"is not a letter of {alphabet.name}"),
        (found["ambiguous"] & (ambiguous == "refuse"), "is ambiguous, which is to be refused"),
    ):
        if wrong.any():
            position = int(wrong.argmax())
            letter = (
                str(sequence)[position] if isinstance(sequence, str) else chr(letters[position])
            )
            raise InputError(f"the letter {letter!r} at position {position + 1} {problem}")
    return tokens, {kind: int(mask.sum()) for kind, mask in found.items()}


def decode(tokens: np.ndarray, alphabet: Alphabet = DNA, separator: str = "") -> str:
    """Upper-case letters (or words) of tokens, without padding.

    Parameters
    ----------
    tokens : numpy.ndarray
        Tokens of shape (letters,).
    alphabet : Alphabet
        Theirs.
    separator : str
        What is written between two.

    Returns
    -------
    str
        The sequence; `encode(decode(tokens))` gives the tokens again.
    """
    tokens = np.asarray(tokens)
    kept = tokens[tokens != alphabet.padding]
    if separator or len(alphabet.letters) != alphabet.padding:  # spellings of several letters
        return separator.join(alphabet.spellings[token] for token in kept.tolist())
    return np.frombuffer(alphabet.letters.encode(), np.uint8)[kept].tobytes().decode("ascii")


def reverse_complement(tokens: np.ndarray) -> np.ndarray:
    """The other strand of DNA, read in its own direction.

    Parameters
    ----------
    tokens : numpy.ndarray
        Integers 0 to 15 of shape (..., letters).

    Returns
    -------
    numpy.ndarray
        uint8 of the same shape; padding changes its side.
    """
    return complement_tokens[np.asarray(tokens)][..., ::-1]
