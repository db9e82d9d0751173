"""What a summary says of a dataset: what was changed, what was noticed, what there is."""

from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from seqarena.data.alphabet import DNA, Alphabet, mask_of, noted_letters


def note(what: str, count: int) -> list[dict[str, Any]]:
    """An entry of a summary's list of changes or notices: none where nothing happened."""
    return [{"what": what, "count": int(count)}] if count else []


def several(records: int) -> str:
    """Say how many records, in words that fit one and many."""
    return "1 record" if records == 1 else f"{records} records"


def code_rows(targets: np.ndarray) -> np.ndarray:
    """Number distinct targets, or rows of them, so that equal ones share a number.

    Parameters
    ----------
    targets : numpy.ndarray
        Of shape (records,) or (records, targets); NaN is equal to NaN.

    Returns
    -------
    numpy.ndarray
        int64 of shape (records,), from 0.
    """
    columns = targets.reshape(len(targets), -1).T
    codes = np.stack([pd.factorize(column)[0] for column in columns], axis=1)
    return np.unique(codes, axis=0, return_inverse=True)[1].astype(np.int64).reshape(-1)


def count_duplicates(
    tokens: np.ndarray, offsets: np.ndarray, labels: np.ndarray, alphabet: Alphabet = DNA
) -> list[dict[str, Any]]:
    """Count records that others repeat.

    Parameters
    ----------
    tokens, offsets : numpy.ndarray
        As in `seqarena.data.dataset.Dataset`.
    labels : numpy.ndarray
        int64 of shape (records,), as of `code_rows`.
    alphabet : Alphabet
        Of the tokens.

    Returns
    -------
    list of dict
        Entries {"what", "count"} for exact copies, of DNA for copies on the other strand, for
        sequences whose copies differ in their target, and for records without a known letter.
        Unknown letters at either end, and padding, make no difference, and records of unknown
        letters only are nobody's copies.
    """
    keys = _keys(tokens, offsets, alphabet)
    known = np.array([bool(key) for key in keys])
    # Nothing says that two records without any known letter are alike; the audit has it so, too.
    exact, distinct = pd.factorize(keys[known])
    pairs = pd.DataFrame({"sequence": exact, "label": labels[known]}).drop_duplicates()
    conflicts = np.count_nonzero(np.bincount(pairs["sequence"]) > 1)
    notices = note("exact copies of an earlier record", len(exact) - len(distinct))
    if alphabet.complement is not None:
        other = _keys(tokens, offsets, alphabet, complement=alphabet.complement)
        strands = zip(keys[known].tolist(), other[known].tolist(), strict=True)
        repeats = len(distinct) - len(set(map(min, strands)))
        notices += note("reverse complements of an earlier record, exact copies aside", repeats)
    kind = "rows" if alphabet.name == "numbers" else "sequences"
    notices += note(f"{kind} that occur more than once with different labels", conflicts)
    unknown = "N" if alphabet.unknown_letter == "N" else f"unknown {unit(alphabet)}"
    return notices + note(f"records of {unknown} only", np.count_nonzero(~known))


def unit(alphabet: Alphabet) -> str:
    """What a record is made of, in the plural."""
    return {"words": "words", "numbers": "numbers"}.get(alphabet.name, "letters")


def _keys(
    tokens: np.ndarray,
    offsets: np.ndarray,
    alphabet: Alphabet,
    complement: np.ndarray | None = None,
) -> np.ndarray:
    """Digest each record, or its reverse complement, without unknown ends; b"" if nothing is left.

    Objects of the letters themselves would take more than twice the memory of all tokens.
    """
    keys = np.empty(len(offsets) - 1, object)
    no_letter = bytes([alphabet.unknown, alphabet.padding])
    numbers = alphabet.name == "numbers"
    table = None if complement is None else complement.tobytes().ljust(256, b"\0")
    for i, (start, stop) in enumerate(pairwise(offsets.tolist())):
        row = tokens[start:stop].tobytes()
        if table is not None:
            row = row[::-1].translate(table)
        if not numbers:
            row = row.strip(no_letter)
        keys[i] = blake2b(row, digest_size=16).digest() if row else b""
    return keys


def gc_fraction(tokens: np.ndarray, offsets: np.ndarray, alphabet: Alphabet = DNA) -> np.ndarray:
    """Share of G, C and S among the letters of each record that are A, C, G, T, S or W.

    Parameters
    ----------
    tokens, offsets : numpy.ndarray
        As in `seqarena.data.dataset.Dataset`; no record may be empty.
    alphabet : Alphabet
        DNA or RNA.

    Returns
    -------
    numpy.ndarray
        float64 of shape (records,); 0.0 for a record without such letters. The definition is that
        of `Bio.SeqUtils.gc_fraction` with ambiguous="remove".
    """
    table = alphabet.one_hot
    strong, weak = table[:, 1] + table[:, 2] == 1, table[:, 0] + table[:, 3] == 1
    known = count_by_record((strong | weak)[tokens], offsets)
    return count_by_record(strong[tokens], offsets) / np.maximum(known, 1)


def count_by_record(mask: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Count what is true in each record, none of which is empty: int64 of shape (records,)."""
    lengths = np.diff(offsets)
    if (lengths == lengths[0]).all():  # 10 times as fast as reduceat
        return np.count_nonzero(mask.reshape(-1, lengths[0]), axis=1)
    return np.add.reduceat(mask, offsets[:-1], dtype=np.int64)


def letter_changes(
    letters: bytes, offsets: np.ndarray, soft_masked: str, alphabet: Alphabet = DNA
) -> list[dict[str, Any]]:
    """Count letters that were not plain upper-case symbols.

    Parameters
    ----------
    letters : bytes
        All records end to end, as in the source.
    offsets : numpy.ndarray
        int64 of shape (records + 1,).
    soft_masked : {"upper", "unknown"}
        As they were read.
    alphabet : Alphabet
        In which they were read.

    Returns
    -------
    list of dict
        Entries {"what", "count"}, counted in letters; the sentence also says how many records.
    """
    unknown = alphabet.unknown_letter
    read_as = ", ".join(f"{letter} read as {base}" for letter, base in alphabet.aliases.items())
    iupac = " (IUPAC codes) shared out over their " + (
        "residues" if alphabet.name == "protein" else "bases"
    )
    sentences = {
        "lower_case": "lower-case letters read as "
        + ("upper case" if soft_masked == "upper" else f"unknown ({unknown})"),
        "alias": f"letters {read_as}",
        "ambiguous": "ambiguous letters" + iupac,
        "unknown": f"letters {unknown} read as unknown",
    }
    changes = []
    for kind, members in noted_letters(soft_masked, alphabet).items():
        mask = mask_of(letters, members)
        if mask.any():
            records = np.count_nonzero(count_by_record(mask, offsets))
            changes += note(f"{sentences[kind]}, in {several(records)}", np.count_nonzero(mask))
    return changes


def describe_lengths(lengths: np.ndarray) -> dict[str, float]:
    """Entry of the summary on how many letters records have in the source."""
    return {
        "min": int(lengths.min()),
        "median": float(np.median(lengths)),
        "max": int(lengths.max()),
    }


def describe_targets(
    task: str, targets: np.ndarray, names: Sequence[str], classes: Sequence[str] | None
) -> dict[str, Any]:
    """Entry of the summary on how targets are spread.

    Parameters
    ----------
    task : {"binary", "multiclass", "multilabel", "regression"}
        What is predicted.
    targets : numpy.ndarray
        As of `seqarena.data.dataset.Dataset.targets`.
    names : sequence of str
        Names of the targets.
    classes : sequence of str or None
        Names of classes, if the task has them.

    Returns
    -------
    dict
        With the one key that the task asks for: class_counts (number by class), label_counts (by
        label: positive, negative, missing), target_range (low, high) or, of several numbers,
        target_ranges (by target: low, high, missing).
    """
    if task in ("binary", "multiclass"):
        counts = np.bincount(targets, minlength=len(classes)).tolist()
        return {"class_counts": dict(zip(classes, counts, strict=True))}
    if targets.ndim == 1:
        return {"target_range": [float(targets.min()), float(targets.max())]}
    columns = dict(zip(names, targets.T, strict=True))
    missing = {name: int(np.isnan(column).sum()) for name, column in columns.items()}
    if task == "multilabel":
        return {
            "label_counts": {
                name: {
                    "positive": int((column == 1).sum()),
                    "negative": int((column == 0).sum()),
                    "missing": missing[name],
                }
                for name, column in columns.items()
            }
        }
    return {
        "target_ranges": {
            name: {
                "low": float(np.nanmin(column)),
                "high": float(np.nanmax(column)),
                "missing": missing[name],
            }
            for name, column in columns.items()
        }
    }
