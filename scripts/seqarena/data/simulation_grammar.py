"""A small grammar of English statements: it makes sentences, and says whether one is correct."""

from collections.abc import Sequence
from functools import cache
from types import MappingProxyType

import numpy as np

GRAMMAR = MappingProxyType(
    {
        "text": (("statement",), ("statement", "and", "statement")),
        "statement": (
            ("he", "verb of one"),
            ("thing", "verb of one"),
            ("you", "verb of you"),
            ("several", "verb of several"),
        ),
        "several": (
            ("you", "and", "he"),
            ("he", "and", "you"),
            ("pronoun", "and", "thing"),
            ("thing", "and", "pronoun"),
            ("thing", "and", "thing"),
        ),
        "verb of one": (("one",), ("one", "and", "one")),
        "one": (("has", "things"), ("is", "things")),
        "verb of you": (("your",), ("your", "and", "your")),
        "your": (("have", "things"), ("are", "things")),
        "verb of several": (("have", "things"), ("are", "thing", "and", "thing")),
        "things": (("thing",), ("thing", "and", "thing")),
        "thing": (("article", "noun"),),
        "pronoun": (("you",), ("he",)),
        "article": (("a",), ("the",)),
        "noun": (("dog",), ("cat",), ("friend",)),
    }
)
"""What each part may consist of; what is no part is a word. No part begins with itself.

`you` takes have and are, `he` and a thing take has and is, several take have and are, and several
are several things: "you and he are a friend" is wrong.
"""


def is_correct(words: Sequence[str]) -> bool:
    """Say whether the grammar makes a sentence.

    Parameters
    ----------
    words : sequence of str
        Of the sentence.
    """
    words = tuple(words)
    found: dict[tuple[str, int], frozenset[int]] = {}

    def ends(part: str, start: int) -> frozenset[int]:
        """Where a part that begins at `start` may end."""
        if part not in GRAMMAR:
            return frozenset({start + 1} if words[start : start + 1] == (part,) else ())
        if (part, start) not in found:
            reached: set[int] = set()
            for expansion in GRAMMAR[part]:
                places = {start}
                for piece in expansion:
                    places = {end for place in places for end in ends(piece, place)}
                reached |= places
            found[part, start] = frozenset(reached)
        return found[part, start]

    return len(words) in ends("text", 0)


@cache
def can_make(parts: tuple[str, ...], length: int) -> bool:
    """Say whether parts, one after another, can have so many words in all."""
    if not parts or length < len(parts):
        return not parts and length == 0
    first, rest = parts[0], parts[1:]
    if first not in GRAMMAR:
        return can_make(rest, length - 1)
    return any(can_make(expansion + rest, length) for expansion in GRAMMAR[first])


def sentence(length: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Draw a correct sentence of so many words.

    Parameters
    ----------
    length : int
        Words; there must be sentences of that length.
    rng : numpy.random.Generator
        Chooses between what a part may consist of, if the length can be reached, evenly.
    """
    parts, words = ("text",), []
    while parts:
        first, rest = parts[0], parts[1:]
        if first in GRAMMAR:
            choices = [expansion + rest for expansion in GRAMMAR[first]]
            choices = [choice for choice in choices if can_make(choice, length - len(words))]
            parts = choices[int(rng.integers(len(choices)))]
        else:
            words.append(first)
            parts = rest
    return tuple(words)
