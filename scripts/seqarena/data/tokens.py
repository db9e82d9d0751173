"""From letters or words to tokens: what can't be read is refused, what is changed is counted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqarena.data.alphabet import (
    AMBIGUOUS,
    DNA,
    GAP_LETTERS,
    GAPS,
    ILLEGAL,
    RNA,
    Alphabet,
    check_choice,
    mask_of,
    noted_letters,
    translate,
)
from seqarena.data.description import count_by_record, gc_fraction, letter_changes, note, several
from seqarena.data.reading import nearest, quote
from seqarena.data.sources import Records
from seqarena.errors import InputError

UNLISTED = ("refuse", "unknown")
STOP = ord("*")
"""The end of a translation, as it stands behind the last residue of many proteins."""


@dataclass(frozen=True)
class Reading:
    """Records as tokens.

    Parameters
    ----------
    tokens : numpy.ndarray
        uint8, all records end to end; float32 for a table of numbers.
    offsets : numpy.ndarray
        int64 of shape (records + 1,).
    alphabet : Alphabet
        Of the tokens.
    changes : list of dict
        Entries {"what", "count"}.
    gc : numpy.ndarray or None
        float64 of shape (records,), of DNA and RNA before padding and cropping.
    """

    tokens: np.ndarray
    offsets: np.ndarray
    alphabet: Alphabet
    changes: list[dict[str, Any]] = field(default_factory=list)
    gc: np.ndarray | None = None


def tokenise(
    records: Records, alphabet: Alphabet, soft_masked: str, ambiguous: str, gaps: str
) -> Reading:
    """Read letters.

    Parameters
    ----------
    records : Records
        Their content is `Letters`.
    alphabet : Alphabet
        DNA, RNA or protein. A protein's last letter may be '*', which is taken off.
    soft_masked, ambiguous, gaps : str
        As of `seqarena.data.preparation.prepare_dataset`.

    Returns
    -------
    Reading
        Without padding; no record is empty.

    Raises
    ------
    InputError
        If there is a letter that can't be read, or no letter that is known.
    """
    check_choice("ambiguous", ambiguous, AMBIGUOUS)
    check_choice("gaps", gaps, GAPS)
    letters, offsets = records.content.text, records.content.offsets
    tokens = translate(letters, soft_masked, alphabet)
    wrong = tokens == ILLEGAL
    dropped = np.zeros(len(wrong) if wrong.any() else 0, np.bool_)
    changes = letter_changes(letters, offsets, soft_masked, alphabet)
    if len(dropped):  # what is illegal may be a gap or the stop of a translation
        gap = mask_of(letters, GAP_LETTERS)
        if gaps != "refuse":
            wrong &= ~gap
        if gaps == "remove":
            dropped |= gap
        if alphabet.name == "protein":
            last = offsets[1:] - 1
            dropped[last] |= np.frombuffer(letters, np.uint8)[last] == STOP
            wrong &= ~dropped
        _refuse_letters(wrong, f"is not a letter of {alphabet.name}", records, alphabet)
        tokens = np.where(gap, np.uint8(alphabet.unknown), tokens)
        changes += _gap_changes(gap, dropped, offsets, gaps, alphabet)
        tokens, offsets = _without(tokens, offsets, dropped, records)
    if ambiguous == "refuse":
        codes = mask_of(letters, noted_letters(soft_masked, alphabet)["ambiguous"])
        _refuse_letters(codes, "is ambiguous, which is to be refused", records, alphabet)
    if (tokens == alphabet.unknown).all():
        raise InputError(
            "no record has a known letter, so there is nothing to learn from",
            file=records.files[0],
            remedy=f"give sequences of {', '.join(alphabet.symbols)}; with soft_masked: unknown, "
            "lower-case letters are unknown",
        )
    gc = gc_fraction(tokens, offsets, alphabet) if alphabet in (DNA, RNA) else None
    return Reading(tokens, offsets, alphabet, changes, gc)


def _gap_changes(
    gap: np.ndarray, dropped: np.ndarray, offsets: np.ndarray, gaps: str, alphabet: Alphabet
) -> list[dict[str, Any]]:
    """Count gaps and stops by what became of them."""
    stops = dropped & ~gap

    def counted(mask: np.ndarray, what: str) -> list[dict[str, Any]]:
        records = np.count_nonzero(count_by_record(mask, offsets)) if mask.any() else 0
        return note(f"{what}, in {several(records)}", np.count_nonzero(mask))

    fate = "taken out" if gaps == "remove" else f"read as unknown ({alphabet.unknown_letter})"
    return [
        *counted(gap, f"gaps ({' or '.join(GAP_LETTERS)}) {fate}"),
        *counted(stops, "stops (*) at the end taken off"),
    ]


def _without(
    tokens: np.ndarray, offsets: np.ndarray, dropped: np.ndarray, records: Records
) -> tuple[np.ndarray, np.ndarray]:
    """Leave letters out; a record must keep one."""
    if not dropped.any():
        return tokens, offsets
    lengths = np.diff(offsets) - count_by_record(dropped, offsets)
    if not lengths.all():
        empty = np.flatnonzero(lengths == 0).tolist()
        file, line = records.places[empty[0]]
        raise InputError(
            f"{len(empty)} of {len(lengths)} records have nothing but gaps or a stop: "
            f"{quote([records.names[i] for i in empty])}",
            file=file,
            line=line,
            record=records.names[empty[0]],
            remedy="remove the record or give its sequence",
        )
    return tokens[~dropped], np.concatenate([[0], np.cumsum(lengths)])


def _refuse_letters(wrong: np.ndarray, problem: str, records: Records, alphabet: Alphabet) -> None:
    if not wrong.any():
        return
    where, offsets = np.flatnonzero(wrong), records.content.offsets
    owners = np.searchsorted(offsets, where, side="right") - 1
    i, position = int(owners[0]), int(where[0] - offsets[owners[0]])
    total = f"letters: {len(where)}, records: {len(np.unique(owners))}"
    letter = chr(records.content.text[where[0]])
    raise InputError(
        f"the letter {letter!r} at position {position + 1} {problem} ({total})",
        file=records.places[i][0],
        line=records.line_of(i, position),
        record=records.names[i],
        remedy=_letter_remedy(letter, problem, alphabet),
    )


def _letter_remedy(letter: str, problem: str, alphabet: Alphabet) -> str:
    if letter in GAP_LETTERS:
        return "take the gaps out, or say what they mean by gaps: remove, or unknown"
    wanted = f"{', '.join(alphabet.symbols)}, {alphabet.unknown_letter} for unknown"
    if "ambiguous" in problem:
        return f"use {wanted}"
    also = ", or IUPAC codes of several" if alphabet.codes else ""
    if alphabet is DNA and letter.upper() in "EFILOPQXZ":
        also += "; for amino acids set alphabet: protein"
    return f"use {wanted}{also}"


def tokenise_words(
    records: Records, alphabet: Alphabet, separator: str | None, unlisted: str
) -> Reading:
    """Read words.

    Parameters
    ----------
    records : Records
        Their content is a list of sentences.
    alphabet : Alphabet
        Of words.
    separator : str or None
        What stands between two words; None: any white space.
    unlisted : {"refuse", "unknown"}
        What becomes of a word that the alphabet lacks.

    Returns
    -------
    Reading
        A token a word.

    Raises
    ------
    InputError
        If a record has no words, or one that is not to be had.
    """
    check_choice("unlisted", unlisted, UNLISTED)
    token_of = {word: token for token, word in enumerate(alphabet.symbols)}
    rows, unknown, owners = [], 0, 0
    for i, sentence in enumerate(records.content):
        words = [word for word in sentence.split(separator) if word.strip()]
        if not words:
            raise _error(records, i, "the record has no words", "write its words, or remove it")
        row = [token_of.get(word.strip(), alphabet.unknown) for word in words]
        if unlisted == "refuse" and alphabet.unknown in row:
            culprit = words[row.index(alphabet.unknown)].strip()
            raise _error(records, i, *_unlisted(culprit, alphabet.symbols))
        rows.append(np.array(row, np.uint8))
        unknown += row.count(alphabet.unknown)
        owners += alphabet.unknown in row
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    what = f"words that are not in the alphabet read as unknown, in {several(owners)}"
    return Reading(np.concatenate(rows), offsets, alphabet, note(what, unknown))


def _unlisted(word: str, words: Sequence[str]) -> tuple[str, str]:
    problem = f"the word {word!r} is not in the alphabet{nearest(word, words)}"
    return problem, "add it to the alphabet's words, correct it, or set unlisted: unknown"


def _error(records: Records, i: int, problem: str, remedy: str) -> InputError:
    file, line = records.places[i]
    return InputError(problem, file=file, line=line, record=records.names[i], remedy=remedy)
