"""Records of unequal lengths brought to one: padded, cropped, and counted."""

from typing import Any

import numpy as np

from seqarena.data.alphabet import check_choice
from seqarena.data.description import note, several
from seqarena.errors import InputError

ANCHORS = ("center", "left")

MOST_LETTERS = 10**10
"""Letters of a dataset, which takes some 10 bytes of memory each; three human genomes."""


def refuse_too_many_letters(letters: int, remedy: str, **place: Any) -> None:
    """Refuse what no memory can hold, before it is tried.

    Parameters
    ----------
    letters : int
        That all records would have.
    remedy : str
        What to do about it.
    place
        Arguments of `InputError` that say where.
    """
    if letters > MOST_LETTERS:
        raise InputError(
            f"the records would have {letters:,} letters in all, more than the {MOST_LETTERS:,} "
            "that memory is meant for",
            remedy=remedy,
            **place,
        )


def fit_length(
    tokens: np.ndarray, offsets: np.ndarray, length: int, anchor: str, padding: int
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Bring records to one length by padding and cropping.

    Parameters
    ----------
    tokens : numpy.ndarray
        uint8, all records end to end.
    offsets : numpy.ndarray
        int64 of shape (records + 1,).
    length : int
        Letters that each record shall have.
    anchor : {"center", "left"}
        What stays in place: the middle of a record (an odd letter is added or cut on the right) or
        its first letter.
    padding : int
        Token of padding.

    Returns
    -------
    matrix : numpy.ndarray
        uint8 of shape (records, length).
    changes : list of dict
        Entries {"what", "count"} for padding and cropping, counted in letters; the sentence also
        says how many records.

    Raises
    ------
    InputError
        If `length` is less than 1, or too large for memory.
    """
    check_choice("anchor", anchor, ANCHORS)
    if length < 1:
        raise InputError(f"the length to pad or crop to is {length}", remedy="state 1 or more")
    lengths = np.diff(offsets)
    refuse_too_many_letters(len(lengths) * length, "state a smaller length (length: to)")
    missing = np.clip(length - lengths, 0, None)
    excess = np.clip(lengths - length, 0, None)
    if not (missing.any() or excess.any()):
        return tokens.reshape(len(lengths), length), []
    centred = anchor == "center"
    matrix = np.full((len(lengths), length), padding, np.uint8)
    starts = (missing // 2 * centred).tolist()
    sources = (offsets[:-1] + excess // 2 * centred).tolist()
    for row, start, source, kept in zip(
        matrix, starts, sources, np.minimum(lengths, length).tolist(), strict=True
    ):
        row[start : start + kept] = tokens[source : source + kept]
    where = "at both ends" if centred else "at the right end"
    changes = []
    for letters, what in (
        (missing, "letters of padding added to bring"),
        (excess, "letters cut off to bring"),
    ):
        records = np.count_nonzero(letters)
        changes += note(f"{what} {several(records)} to {length} letters, {where}", letters.sum())
    return matrix, changes
