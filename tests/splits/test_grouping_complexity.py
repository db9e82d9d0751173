"""What counts as a simple repeat, and what as low complexity."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqarena.data.alphabet import LETTERS
from seqarena.splits.grouping_complexity import blank_simple_repeats, find_low_complexity

AROUND = "GCTAGGTCATTCGGACCTAGTC", "TGCCGTATGCATTAGCCGATCG"


def blank(*sequences):
    tokens = np.array([LETTERS.index(x) for x in "".join(sequences)], np.uint8)
    offsets = np.cumsum([0, *map(len, sequences)])
    given = tokens.copy()
    blanked = blank_simple_repeats(tokens, offsets)
    assert (tokens == given).all()
    letters = "".join(LETTERS[x] for x in blanked)
    return [letters[a:b] for a, b in pairwise(offsets)]


@pytest.mark.parametrize("unit", ["A", "CA", "CAG", "GGAA", "TTAGG", "TTAGGG"])
def test_a_repeat_is_blanked_from_20_letters_and_a_unit_on(unit):
    length = 20 + len(unit)
    # neighbours that don't go on with the repeat
    first, last = (AROUND[0] + "T", "T" + AROUND[1]) if unit == "A" else (AROUND[0], AROUND[1])
    repeat = (unit * 30)[:length]
    (found,) = blank(first + repeat + last)
    assert "N" * length in found
    assert found.count("N") <= length + 2
    shorter = first + repeat[: length - 3] + last
    assert blank(shorter) == [shorter]


def test_faults_don_t_save_a_repeat():
    for repeat in ("A" * 12 + "G" + "A" * 14, "CA" * 7 + "T" + "CA" * 8):
        (found,) = blank(AROUND[0] + repeat + AROUND[1])
        assert found.count("N") >= len(repeat) - 1
    several = AROUND[0] + "AAAAAG" * 2 + "CAAAAAT" + AROUND[1]
    assert blank(several) == [several]


def test_sequences_end_a_repeat_and_unknown_letters_are_none():
    assert blank("GCTAGC" + "A" * 15, "A" * 15 + "GCTAGC") == [
        "GCTAGC" + "A" * 15,
        "A" * 15 + "GCTAGC",
    ]
    assert blank("ACGT", "", "N" * 50, "A") == ["ACGT", "", "N" * 50, "A"]


def test_a_sequence_of_repeats_alone_is_left_alone():
    half = "A" * 44 + "".join(AROUND)
    assert blank("CA" * 30, half, "A" * 45 + "".join(AROUND)) == [
        "CA" * 30,
        "N" * 44 + "".join(AROUND),
        "A" * 45 + "".join(AROUND),
    ]


def naive_dust(sequence):
    found = [False] * len(sequence)
    for end in range(3, len(sequence) + 1):
        best = (2.0, None)
        for start in range(end - 3, max(end - 65, -1), -1):
            triplets = [sequence[i : i + 3] for i in range(start, end - 2)]
            if any("N" in triplet for triplet in triplets) or len(triplets) < 2:
                continue
            pairs = sum(n * (n - 1) // 2 for n in Counter(triplets).values())
            best = max(best, (pairs / (len(triplets) - 1), -start), key=lambda pair: pair[0])
        if best[1] is not None:
            found[-best[1] : end] = [True] * (end + best[1])
    return found


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(["A", "CA", "G", "T", "N", "AAAAA", "ACACAC", "GATTACA"]), max_size=40)
)
def test_low_complexity_agrees_with_a_naive_loop(parts):
    sequence = "".join(parts)
    tokens = np.array([LETTERS.index(x) for x in "TTTTTT" + sequence + "TTTTTT"], np.uint8)
    offsets = np.array([0, 6, 6 + len(sequence), 12 + len(sequence)])
    found = find_low_complexity(tokens, offsets)
    assert found[6:-6].tolist() == naive_dust(sequence)
    assert not found[:6].any()


def test_random_letters_are_seldom_of_low_complexity():
    tokens = np.random.default_rng(0).integers(0, 4, 200_000, dtype=np.uint8)
    offsets = np.arange(0, 200_001, 200)
    assert find_low_complexity(tokens, offsets).mean() < 0.005
    assert (blank_simple_repeats(tokens, offsets) == tokens).all()
