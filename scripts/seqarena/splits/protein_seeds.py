"""Places of proteins that share a spaced word of a reduced alphabet, compared along their diagonal.

The reduced alphabet has ten kinds of residues that often stand for each other (L. R. Murphy,
A. Wallqvist and R. M. Levy, Protein Eng. 13:149, 2000), so that a word is shared by relatives of
which few residues are equal.
"""

from typing import NamedTuple

import numpy as np
import parasail
from numba import njit

from seqarena.data.alphabet import PROTEIN
from seqarena.splits.grouping_compiler import compiled
from seqarena.splits.scanning import contains, find_root, slot_of

KINDS = ("LVIM", "C", "A", "G", "ST", "P", "FYW", "EDNQ", "KR", "H")
WEIGHTS = (5, 7)
MAX_DROP = 16
"""An extension ends where its score has fallen this far below its best."""
GAP = PROTEIN.padding
"""Token between two sequences."""
LETTERS = "".join(PROTEIN.spellings[: PROTEIN.padding]).replace("J", "X")
"""How alignments read each token; BLOSUM62 has no J."""
_EMPTY = -1
_NO_WORD = -1


def _score_table() -> np.ndarray:
    """Scores of BLOSUM62 by token, int64 of shape (tokens, tokens)."""
    places = ["ARNDCQEGHILKMFPSTWYVBZX".index(letter) for letter in LETTERS]
    return parasail.blosum62.matrix[np.ix_(places, places)].astype(np.int64)


SCORES = _score_table()
KIND_OF = np.array(
    [next((k for k, kind in enumerate(KINDS) if x in kind), _NO_WORD) for x in LETTERS] + [_NO_WORD]
)


class Text(NamedTuple):
    """Sequences laid out for searching.

    Parameters
    ----------
    letters : array of uint8
        All sequences, a `GAP` before, between and behind them.
    sequence_at : array of int32
        Sequence of each letter.
    """

    letters: np.ndarray
    sequence_at: np.ndarray


class Index(NamedTuple):
    """Places of the words of one pattern, sorted by word.

    Parameters
    ----------
    first : array of int64, shape (words + 1,)
        Where each word's places begin in `places`.
    places : array of int64
        Starts in the text.
    """

    first: np.ndarray
    places: np.ndarray


def lay_out(tokens: np.ndarray, offsets: np.ndarray) -> Text:
    """Lay sequences out for searching."""
    lengths = np.diff(offsets)
    numbers = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    places = np.arange(len(numbers)) + numbers + 1
    letters = np.full(len(tokens) + len(lengths) + 1, GAP, dtype=np.uint8)
    sequence_at = np.zeros(len(letters), dtype=np.int32)
    letters[places], sequence_at[places] = tokens, numbers
    return Text(letters, sequence_at)


def choose_weight(tokens: np.ndarray, max_pairs: float) -> int:
    """Give the smallest weight of which random letters have at most so many pairs of words."""
    kinds = KIND_OF[tokens]
    shares = np.bincount(kinds[kinds >= 0], minlength=len(KINDS)) / max(len(kinds), 1)
    for weight in WEIGHTS[:-1]:
        if len(tokens) ** 2 * float(shares @ shares) ** weight <= max_pairs:
            return weight
    return WEIGHTS[-1]


def index_words(text: Text, pattern: tuple[int, ...]) -> Index:
    """Sort all places of a text by the word that they have under a pattern."""
    words = _words(text.letters, np.array(pattern), KIND_OF, len(KINDS))
    known = np.flatnonzero(words != _NO_WORD)
    places = known[np.argsort(words[known], kind="stable")]
    counts = np.bincount(words[known], minlength=len(KINDS) ** len(pattern))
    return Index(np.concatenate([[0], np.cumsum(counts)]), places)


@compiled
def _words(letters, pattern, kind_of, n_kinds):
    words = np.full(len(letters), _NO_WORD, dtype=np.int32)
    for place in range(len(letters) - pattern[-1]):
        word, is_known = 0, True
        for step in pattern:
            kind = kind_of[letters[place + step]]
            is_known &= kind >= 0
            word = word * n_kinds + kind
        if is_known:
            words[place] = word
    return words


@njit(inline="always")
def extend(letters, scores, a, b, step):
    """Give the best score of segments that start at two places and go in one direction."""
    score, best = 0, 0
    while letters[a] != GAP and letters[b] != GAP and score >= best - MAX_DROP:
        score += scores[letters[a], letters[b]]
        best = max(best, score)
        a += step
        b += step
    return best


@compiled
def scan(text, scores, index, position, last_word, cap, lowest, link_score, state):
    """Compare the places of each word with each other, as far as there is room for candidates.

    Parameters
    ----------
    text : Text
        Sequences.
    scores : array of int64
        `SCORES`.
    index : Index
        Places of words.
    position : array of int64, shape (2,)
        Word, and number of its place, to go on from; moved forward.
    last_word : int
        Word to stop before.
    cap : int
        Of a word with more places, each is compared with the next `cap` only.
    lowest, link_score : int
        Scores of an ungapped segment from which on a pair is a candidate, and is linked right away.
    state : tuple
        Sets of linked sequences (changed), the table of a `scanning.KeySet` of pairs to skip, and
        arrays that receive candidates (keys and scores, shape (room, 2)) and links.

    Returns
    -------
    n_candidates, n_links : int
        Rows written. A key is first * sequences + second.
    """
    parents, checked, candidates, links = state
    recent = np.full(1 << 15, _EMPTY)  # keys written not long ago
    n_candidates, n_links = 0, 0
    while position[0] < last_word:
        begin, end = index.first[position[0]], index.first[position[0] + 1]
        for i in range(begin + position[1], end - 1):
            if n_candidates + cap > len(candidates):
                position[1] = i - begin
                return n_candidates, n_links
            a = index.places[i]
            one = text.sequence_at[a]
            for j in range(i + 1, min(end, i + 1 + cap)):
                b = index.places[j]
                other = text.sequence_at[b]
                if one == other or find_root(parents, one) == find_root(parents, other):
                    continue
                key = min(one, other) * len(parents) + max(one, other)
                slot = slot_of(recent, key)
                if recent[slot] == key or contains(checked, key):
                    continue
                score = extend(text.letters, scores, a, b, 1)
                score += extend(text.letters, scores, a - 1, b - 1, -1)
                if score >= link_score:
                    parents[find_root(parents, one)] = find_root(parents, other)
                    links[n_links, 0], links[n_links, 1] = one, other
                    n_links += 1
                elif score >= lowest:
                    candidates[n_candidates, 0], candidates[n_candidates, 1] = key, score
                    recent[slot] = key
                    n_candidates += 1
        position[0] += 1
        position[1] = 0
    return n_candidates, n_links
