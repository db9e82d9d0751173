"""Correct sentences and near-misses, which differ from a correct one in a word or two."""

import numpy as np
import pandas as pd

from seqarena.data.simulation_grammar import is_correct, sentence
from seqarena.data.simulation_parts import Simulation, check_ranges, record_names
from seqarena.simulation_settings import WORDS

SHORTEST = 4
PARTNERS = {"is": "are", "are": "is", "has": "have", "have": "has"}
"""The other form of each verb."""

SAME_LENGTH = ("agreement", "swapped", "exchanged")
TRIES = 300
"""Sentences that are drawn without a new one before a length counts as used up."""

Words = tuple[str, ...]


def simulate_sentences(*, n_records: int, longest: int, seed: int) -> Simulation:
    """Make correct sentences, and of each one that is incorrect by one slip.

    A slip changes the form of a verb, swaps a word for another, exchanges two neighbours, drops a
    word or doubles one, and what comes out is a sentence that the grammar doesn't make. As many
    words are dropped from sentences of each length as are doubled in those that are one shorter, so
    both classes have the same lengths; words are nearly as frequent in both. A model must see which
    words follow each other (a, dog: convolutions) and which belong together over some distance (the
    dog ... has).

    Parameters
    ----------
    n_records : int
        Sentences, half of them, rounded down, correct.
    longest : int
        Words of a sentence; they have 4 or more.
    seed : int
        Same seed, same records.

    Returns
    -------
    Simulation
        Labels are "correct" or "incorrect", and the `group` that a sentence shares with its slip.
        The truth has of each record its source (the record it was made from), the slip ("none" if
        it is correct), and the word (from 0) where it is.

    Raises
    ------
    InputError
        If a setting is out of range, or there aren't as many sentences of these lengths.
    """
    check_ranges(n_records=(n_records, 2, np.inf), longest=(longest, SHORTEST, 20))
    rng = np.random.default_rng(seed)
    correct = _correct_sentences(n_records - n_records // 2, longest, rng)
    check_ranges(n_records=(n_records, 2, 2 * len(correct)))
    slips = _slips(correct, rng)
    rows, seen = [], set()
    for number, (words, slip) in enumerate(zip(correct, slips, strict=True)):
        wrong, place = _near_miss(words, slip, seen, rng)
        seen.add(wrong)
        rows += [(number, words, "none", -1), (number, wrong, slip, place)]
    if n_records % 2:
        rows.pop()
    return _simulation(rows, rng)


def _simulation(rows: list[tuple], rng: np.random.Generator) -> Simulation:
    """Shuffle and name what was made."""
    names = record_names(len(rows))
    order = rng.permutation(len(rows))
    place_of = np.argsort(order)
    numbers, sentences, slips, places = zip(*(rows[i] for i in order), strict=True)
    width = len(str(len(rows)))
    labels = {
        "label": ["correct" if slip == "none" else "incorrect" for slip in slips],
        "group": [f"pair_{number + 1:0{width}d}" for number in numbers],
    }
    sources = [names[place_of[2 * number]] for number in numbers]
    truth = {"record": names, "source": sources, "slip": slips, "place": places}
    texts = [" ".join(words) for words in sentences]
    return Simulation(names, texts, pd.DataFrame(labels), pd.DataFrame(truth))


def _correct_sentences(number: int, longest: int, rng: np.random.Generator) -> list[Words]:
    """Draw sentences, each once, of all lengths as evenly as there are enough of them."""
    drawn: dict[Words, None] = {}
    lengths = range(SHORTEST, longest + 1)
    for left, length in zip(range(len(lengths), 0, -1), lengths, strict=True):
        wanted, vain = len(drawn) + (number - len(drawn)) // left, 0
        while len(drawn) < wanted and vain < TRIES:
            words = sentence(length, rng)
            vain = vain + 1 if words in drawn else 0
            drawn[words] = None
    return list(drawn)


def _slips(correct: list[Words], rng: np.random.Generator) -> list[str]:
    """Choose a slip for each sentence; words are dropped and doubled in couples of sentences."""
    slips = list(rng.choice(SAME_LENGTH, len(correct)))
    waiting: dict[int, list[int]] = {}
    for i in rng.permutation(len(correct))[: len(correct) // 2].tolist():
        waiting.setdefault(len(correct[i]), []).append(i)
    for length in sorted(waiting):
        longer, shorter = waiting.get(length + 1, []), waiting[length]
        # Half of the longer ones are left for the couples that they make with longer ones still.
        for _ in range(min(len(shorter), (len(longer) + 1) // 2)):
            slips[shorter.pop()], slips[longer.pop()] = "doubled", "dropped"
    return [str(slip) for slip in slips]


def _near_miss(
    words: Words, slip: str, seen: set[Words], rng: np.random.Generator
) -> tuple[Words, int]:
    """Make a sentence that is incorrect and new, if there is a new one."""
    made = _changed(words, slip)
    known = None
    for i in rng.permutation(len(made)).tolist():
        if not is_correct(made[i][0]):
            known = made[i]
            if known[0] not in seen:
                break
    return known


def _changed(words: Words, slip: str) -> list[tuple[Words, int]]:
    """Make all sentences that a slip can make of one, and name the word where it is."""
    made = []
    for i, word in enumerate(words):
        before, after = words[:i], words[i + 1 :]
        if slip == "dropped":
            parts = [()]
        elif slip == "doubled":
            parts = [(word, word)]
        elif slip == "exchanged":
            parts, after = [(*after[:1], word)], after[1:]
        elif slip == "agreement":
            parts = [(PARTNERS[word],)] if word in PARTNERS else []
        else:
            parts = [(other,) for other in WORDS if other != word]
        made += [((*before, *part, *after), i) for part in parts]
    return made
