"""Sequence of low complexity, which makes unrelated records look alike.

Two poly-A tails of thirty letters align with a score of 30, which unrelated sequences hardly reach
otherwise, and so do repeats of CA. They say nothing of a common origin.
"""

import numpy as np

from seqarena.data.alphabet import UNKNOWN
from seqarena.splits.grouping_compiler import compiled

LONGEST_UNIT = 6
"""Letters of the longest unit of a simple repeat (a microsatellite)."""
REPEAT_SCORE = 20
"""Score from which on a stretch is a simple repeat, that of 20 letters and a unit without a fault.
Repeats with less hardly reach a threshold by themselves."""
REPEAT_MISMATCH = 2
MOST_REPEAT = 0.5
"""A sequence with a larger share of simple repeats is taken as it is."""
DUST_WINDOW = 64
DUST_LEVEL = 2.0
_N_TRIPLETS = 64
ENTROPY_WINDOW = 12
LOW_ENTROPY = 2.2
"""Bits a letter; 12 letters of which all differ have 3.6."""


def blank_simple_repeats(tokens: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Make simple repeats unknown, so that they match nothing.

    A simple repeat is a stretch that goes on like itself one to six letters before: +1 for a letter
    that does, -2 for one that doesn't, 20 in total at least. That is about what G. Benson's Tandem
    Repeats Finder (Nucleic Acids Res. 27:573, 1999; twice these scores, 50 in total) reports, but
    for gaps.

    Parameters
    ----------
    tokens : array of uint8, shape (letters,)
        Sequences end to end.
    offsets : array of int64, shape (n + 1,)
        Where each begins, and the end.

    Returns
    -------
    numpy.ndarray of uint8, shape (letters,)
        A copy, with simple repeats as `UNKNOWN`. A sequence that consists of them for more than
        the half is unchanged: it has little else to be recognised by.
    """
    blanked = np.array(tokens, dtype=np.uint8)
    _blank_repeats(blanked, np.asarray(offsets, dtype=np.int64))
    return blanked


@compiled
def _blank_repeats(tokens, offsets):
    longest = 1
    for i in range(len(offsets) - 1):
        longest = max(longest, offsets[i + 1] - offsets[i])
    is_repeat = np.zeros(longest, dtype=np.bool_)
    for i in range(len(offsets) - 1):
        sequence = tokens[offsets[i] : offsets[i + 1]]
        found = is_repeat[: len(sequence)]
        found[:] = False
        for unit in range(1, LONGEST_UNIT + 1):
            _mark_repeats(sequence, unit, found)
        if np.count_nonzero(found) <= MOST_REPEAT * len(sequence):
            for place in range(len(sequence)):
                if found[place]:
                    sequence[place] = UNKNOWN


@compiled
def _mark_repeats(sequence, unit, found):
    """Mark the best stretch of each run of positive scores."""
    score, best, first, last = 0, 0, 0, 0
    for place in range(unit, len(sequence) + 1):
        at_end = place == len(sequence)
        if not at_end and sequence[place] < UNKNOWN and sequence[place] == sequence[place - unit]:
            if score == 0:
                first = place - unit
            score += 1
            if score > best:
                best, last = score, place
        else:
            score -= REPEAT_MISMATCH
        if score <= 0 or at_end:
            if best >= REPEAT_SCORE:
                found[first : last + 1] = True
            score, best = 0, 0


def find_low_complexity(tokens: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Find stretches in which few triplets of letters occur often.

    Of each window of 64 letters, the end with the highest score is found if that exceeds 2: pairs
    of equal triplets by the number of triplets less one. It is the original DUST with the usual
    level (A. Morgulis et al., J. Comput. Biol. 13:1028, 2006, which describes it before it makes
    it symmetric).

    Parameters
    ----------
    tokens : array of uint8, shape (letters,)
        Sequences end to end.
    offsets : array of int64, shape (n + 1,)
        Where each begins, and the end.

    Returns
    -------
    numpy.ndarray of bool, shape (letters,)
        Whether each letter is in such a stretch.
    """
    found = np.zeros(len(tokens), dtype=np.bool_)
    _dust(np.asarray(tokens, dtype=np.uint8), np.asarray(offsets, dtype=np.int64), found)
    return found


@compiled
def _dust(tokens, offsets, found):
    counts = np.empty(_N_TRIPLETS, dtype=np.int64)
    for i in range(len(offsets) - 1):
        for end in range(offsets[i] + 2, offsets[i + 1]):
            counts[:] = 0
            pairs, best, first = 0, DUST_LEVEL, -1
            for start in range(end - 2, max(offsets[i] - 1, end - DUST_WINDOW), -1):
                a, b, c = tokens[start], tokens[start + 1], tokens[start + 2]
                if a >= UNKNOWN or b >= UNKNOWN or c >= UNKNOWN:
                    break
                triplet = np.int64(a) * 16 + np.int64(b) * 4 + np.int64(c)
                pairs += counts[triplet]
                counts[triplet] += 1
                n_others = end - 2 - start  # triplets less one
                if pairs > best * n_others:
                    best, first = pairs / n_others, start
            if first >= 0:
                found[first : end + 1] = True


def find_low_entropy(tokens: np.ndarray, offsets: np.ndarray, unknown: int) -> np.ndarray:
    """Find stretches of proteins that are made of few kinds of residues.

    They are the windows of 12 letters with an entropy of 2.2 bits a letter or less, with which SEG
    begins (J. C. Wootton and S. Federhen, Comput. Chem. 17:149, 1993).

    Parameters
    ----------
    tokens : array of uint8, shape (letters,)
        Sequences end to end.
    offsets : array of int64, shape (n + 1,)
        Where each begins, and the end.
    unknown : int
        Windows with this token, or a higher one, are left out.

    Returns
    -------
    numpy.ndarray of bool, shape (letters,)
        Whether each letter is in such a stretch.
    """
    found = np.zeros(len(tokens), dtype=np.bool_)
    counts = np.arange(ENTROPY_WINDOW + 1) / ENTROPY_WINDOW
    bits = -counts * np.log2(np.where(counts > 0, counts, 1))
    _mark_low_entropy(
        np.asarray(tokens, np.uint8), np.asarray(offsets, np.int64), unknown, bits, found
    )
    return found


@compiled
def _mark_low_entropy(tokens, offsets, unknown, bits, found):
    counts = np.zeros(256, dtype=np.int64)
    for i in range(len(offsets) - 1):
        for start in range(offsets[i], offsets[i + 1] - ENTROPY_WINDOW + 1):
            window = tokens[start : start + ENTROPY_WINDOW]
            for letter in window:
                counts[letter] += 1
            entropy, is_known = 0.0, True
            for letter in window:
                entropy += bits[counts[letter]]
                counts[letter] = 0
                is_known &= letter < unknown
            if is_known and entropy <= LOW_ENTROPY:
                found[start : start + ENTROPY_WINDOW] = True
