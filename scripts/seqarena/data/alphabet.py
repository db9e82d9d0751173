"""Letters of DNA as small integers, and what had to be changed to read them.

A sequence is a row of uint8 tokens: A, C, G, T are 0 to 3, N (unknown, and padding) is 4, the other
IUPAC codes follow. One byte a base on disk and in memory; one-hot vectors exist per batch only.
"""

from types import MappingProxyType
from typing import SupportsBytes

import numpy as np

from seqarena.errors import InputError

LETTERS = "ACGTNRYSWKMBDHV"
UNKNOWN = LETTERS.index("N")
ILLEGAL = 255
"""What `translate` gives for a byte that stands for no nucleotide; never in a dataset."""

MEANINGS = MappingProxyType(
    dict(zip("ACGT", "ACGT", strict=True))
    | {"N": "", "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC"}
    | {"B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG"}
)
"""The bases for which each letter stands (Cornish-Bowden 1985, IUPAC-IUB); none for N."""

complement_tokens = np.array([LETTERS.index(x) for x in "TGCANYRSWMKVHDB"], np.uint8)
"""Token of the complementary letter, uint8 of shape (15,)."""

ONE_HOT = np.zeros((len(LETTERS), 4), np.float32)
"""Rows by token, float32 of shape (15, 4), columns A, C, G, T; a code is shared out evenly."""
for _token, _letter in enumerate(LETTERS):
    for _base in MEANINGS[_letter]:
        ONE_HOT[_token, "ACGT".index(_base)] = 1 / len(MEANINGS[_letter])

for _table in (complement_tokens, ONE_HOT):
    _table.flags.writeable = False

SOFT_MASKED = ("upper", "unknown")
AMBIGUOUS = ("share", "refuse")


def _lookup(lower_case_is_unknown: bool) -> bytes:
    table = np.full(256, ILLEGAL, np.uint8)
    for letter, token in zip(
        LETTERS + "U", [*range(len(LETTERS)), LETTERS.index("T")], strict=True
    ):
        table[ord(letter)] = token
        table[ord(letter.lower())] = UNKNOWN if lower_case_is_unknown else token
    return table.tobytes()


_LOOKUPS = {"upper": _lookup(False), "unknown": _lookup(True)}


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
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


def translate(letters: bytes, soft_masked: str = "upper") -> np.ndarray:
    """Tokens of letters, unchecked.

    Parameters
    ----------
    letters : bytes
        One letter a byte, of any number of sequences end to end.
    soft_masked : {"upper", "unknown"}
        Whether a lower-case letter is read as upper case or as N.

    Returns
    -------
    numpy.ndarray
        uint8, as long as `letters`, read-only; `ILLEGAL` where a byte is no nucleotide.
    """
    check_choice("soft_masked", soft_masked, SOFT_MASKED)
    return np.frombuffer(letters.translate(_LOOKUPS[soft_masked]), np.uint8)


def count_masks(letters: bytes, soft_masked: str = "upper") -> dict[str, np.ndarray]:
    """Where letters were not plain upper-case A, C, G, T.

    Parameters
    ----------
    letters : bytes
        One letter a byte.
    soft_masked : {"upper", "unknown"}
        As in `translate`. Under "unknown" a lower-case letter counts as lower case only, since
        what it was no longer matters.

    Returns
    -------
    dict of str to numpy.ndarray
        Boolean arrays as long as `letters`, by kind: "lower_case", "uracil" (read as T),
        "ambiguous" (IUPAC codes of two or three bases), "unknown" (N).
    """
    check_choice("soft_masked", soft_masked, SOFT_MASKED)
    kinds = {"uracil": "U", "ambiguous": LETTERS[UNKNOWN + 1 :], "unknown": "N"}
    if soft_masked == "upper":
        kinds = {kind: members + members.lower() for kind, members in kinds.items()}
    kinds = {"lower_case": (LETTERS + "U").lower()} | kinds
    masks = {}
    for kind, members in kinds.items():
        table = np.zeros(256, np.uint8)
        table[list(members.encode())] = 1
        masks[kind] = np.frombuffer(letters.translate(table.tobytes()), np.bool_)
    return masks


def encode(
    sequence: str | bytes | SupportsBytes, *, soft_masked: str = "upper", ambiguous: str = "share"
) -> tuple[np.ndarray, dict[str, int]]:
    """Tokens of one sequence.

    Parameters
    ----------
    sequence : str, bytes or Bio.Seq.Seq
        Letters of DNA or RNA in either case.
    soft_masked : {"upper", "unknown"}
        Whether a lower-case letter is read as upper case or as N.
    ambiguous : {"share", "refuse"}
        Whether IUPAC codes other than N are kept, to be shared out over their bases, or refused.

    Returns
    -------
    tokens : numpy.ndarray
        uint8 of shape (letters,).
    counts : dict of str to int
        Letters that were "lower_case", "uracil", "ambiguous", "unknown".

    Raises
    ------
    InputError
        If a letter is not a nucleotide, or is an ambiguity code that is to be refused; the message
        names the letter and its position, counted from 1.
    """
    check_choice("ambiguous", ambiguous, AMBIGUOUS)
    letters = as_bytes(sequence)
    tokens = translate(letters, soft_masked)
    masks = count_masks(letters, soft_masked)
    for wrong, problem in (
        (tokens == ILLEGAL, "is not a nucleotide"),
        (masks["ambiguous"] & (ambiguous == "refuse"), "is ambiguous, which is to be refused"),
    ):
        if wrong.any():
            position = int(wrong.argmax())
            letter = (
                str(sequence)[position] if isinstance(sequence, str) else chr(letters[position])
            )
            raise InputError(f"the letter {letter!r} at position {position + 1} {problem}")
    return tokens, {kind: int(mask.sum()) for kind, mask in masks.items()}


def decode(tokens: np.ndarray) -> str:
    """Upper-case letters of tokens.

    Parameters
    ----------
    tokens : numpy.ndarray
        Integers 0 to 14 of shape (letters,).

    Returns
    -------
    str
        The sequence; `encode(decode(tokens))` gives the tokens again.
    """
    letters = np.frombuffer(LETTERS.encode(), np.uint8)
    return letters[np.asarray(tokens)].tobytes().decode("ascii")


def reverse_complement(tokens: np.ndarray) -> np.ndarray:
    """The other strand, read in its own direction.

    Parameters
    ----------
    tokens : numpy.ndarray
        Integers 0 to 14 of shape (..., letters).

    Returns
    -------
    numpy.ndarray
        uint8 of the same shape.
    """
    return complement_tokens[np.asarray(tokens)][..., ::-1]
