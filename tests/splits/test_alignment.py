"""Smith-Waterman scores against a naive dynamic programme, and descriptions of alignments."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqarena.data.alphabet import LETTERS, UNKNOWN, reverse_complement
from seqarena.splits.alignment import (
    REACH,
    Sequences,
    align,
    align_strands,
    as_text,
    lanes_for,
    lay_query,
    lay_references,
    score_around,
    score_lanes,
    self_scores,
    turn,
)

LETTER = st.sampled_from([0, 0, 1, 1, 2, 2, 3, 3, UNKNOWN])
SEQUENCE = st.lists(LETTER, min_size=1, max_size=25).map(lambda x: np.array(x, np.uint8))
RELATED = st.tuples(SEQUENCE, st.integers(0, 10**6)).map(lambda x: relative(*x))


def relative(sequence, seed):
    """Change some letters and put some in, so that good alignments have gaps, too."""
    random = np.random.default_rng(seed)
    changed = np.where(random.random(len(sequence)) < 0.1, random.integers(0, 4), sequence)
    place = random.integers(len(sequence) + 1)
    more = random.integers(0, 4, random.integers(3))
    return sequence, np.insert(changed, place, more).astype(np.uint8)


def naive(a, b):
    """Give the Smith-Waterman score by Gotoh's recurrences, one cell after the other."""
    lowest = -(10**6)
    best = 0
    above = [0] * (len(b) + 1)
    gap_above = [lowest] * (len(b) + 1)
    for x in a:
        row, gap_left, new_gap_above = [0], lowest, [lowest]
        for j, y in enumerate(b, start=1):
            match = 1 if x == y and x < UNKNOWN else -1
            gap_left = max(gap_left - 1, row[j - 1] - 2)
            new_gap_above.append(max(gap_above[j] - 1, above[j] - 2))
            row.append(max(0, above[j - 1] + match, gap_left, new_gap_above[j]))
            best = max(best, row[j])
        above, gap_above = row, new_gap_above
    return best


def draw(random, length):
    return random.integers(0, 4, length, dtype=np.uint8)


def lanes(query, references, kind=np.uint8, turned=False):
    """Score a query with references of any lengths at once."""
    n = len(references)
    sequences = Sequences(np.concatenate(references), np.cumsum([0, *map(len, references)]))
    longest = max(map(len, references))
    reference = np.empty(longest * n, np.uint8)
    assert lay_references(*sequences, np.arange(n), n, reference) == longest
    queries = np.empty(len(query) * n, np.uint8)
    lay_query(query, turned, n, queries)
    work = np.full((7, (len(query) + 1) * n), 7, kind)  # what was there before must not matter
    scores = np.full(n, 99)
    score_lanes(queries, reference, n, work, scores)
    return scores.tolist()


@settings(max_examples=150, deadline=None)
@given(st.one_of(RELATED, st.tuples(SEQUENCE, SEQUENCE)), st.lists(SEQUENCE, max_size=3))
def test_all_scores_equal_a_naive_dynamic_programme(pair, others):
    query, references = pair[0], [pair[1], *others]
    expected = [naive(query, reference) for reference in references]
    assert lanes(query, references) == lanes(query, references, np.uint16) == expected
    assert [align(as_text(query), as_text(r)).score for r in references] == expected
    backward = reverse_complement(query)
    turned = [naive(backward, reference) for reference in references]
    assert lanes(query, references, turned=True) == turned
    for reference, same, opposite in zip(references, expected, turned, strict=True):
        both = align_strands(as_text(query), as_text(reference))
        assert [found.score for found in both] == [same, opposite]


@settings(max_examples=60, deadline=None)
@given(st.lists(SEQUENCE, min_size=1, max_size=4))
def test_a_score_with_itself_is_the_best_there_is(sequences):
    scores, columns = self_scores(np.concatenate(sequences), np.cumsum([0, *map(len, sequences)]))
    for sequence, score, width in zip(sequences, scores, columns, strict=True):
        assert score == naive(sequence, sequence)
        assert (score == 0) == (width == 0)
        matches = (score + width) / 2
        assert matches == int(matches) <= np.count_nonzero(sequence < UNKNOWN)
        longer = np.concatenate([sequence, [0, 1], sequence, sequence])
        assert naive(sequence, longer) == score


def test_scores_above_a_byte_need_two():
    random = np.random.default_rng(0)
    one = draw(random, 400)
    references = [one, one[:254], one[:253], one[100:200], draw(random, 400)]
    exact = lanes(one, references, np.uint16)
    assert exact[:4] == [400, 254, 253, 100]
    assert lanes(one, references) == [254, 254, 253, 100, exact[4]]


@pytest.mark.parametrize("length", [1, 20, 100, 128, 20_000])
def test_lanes_are_a_power_of_two(length):
    n_lanes = lanes_for(length)
    assert n_lanes.bit_count() == 1
    assert n_lanes * length >= 6000
    assert n_lanes == 1 or n_lanes * length < 12_000


def test_identity_counts_columns():
    random = np.random.default_rng(1)
    one = draw(random, 60)
    other = np.delete(one, [30, 31])  # two letters of a gap
    other[10] = (other[10] + 1) % 4
    found = align(as_text(one), as_text(other))
    assert found.score == 57 - 1 - 3
    assert found.identity == pytest.approx(57 / 60)
    nothing = align("AAAA", "CCCC")
    assert nothing.score == 0
    assert np.isnan(nothing.identity)


def test_the_worse_strand_is_not_described():
    random = np.random.default_rng(2)
    one = draw(random, 80)
    same, opposite = align_strands(as_text(one), as_text(one[10:70]))
    assert same == (60, 1.0)
    assert opposite.score < 30
    assert np.isnan(opposite.identity)
    same, opposite = align_strands(as_text(one), as_text(reverse_complement(one)))
    assert opposite == (80, 1.0)
    assert turn("AACGN") == "NCGTT"


@pytest.mark.parametrize("length", [5000, 20_000])
def test_long_sequences(length):
    random = np.random.default_rng(3)
    one, other = draw(random, length), draw(random, length)
    other[3000:3600] = one[1000:1600]
    found = align(as_text(one), as_text(other))
    assert 600 <= found.score < 640
    assert found.identity > 0.95
    assert score_around(as_text(one), as_text(other), 1300, 3300) == found.score
    near = one.copy()
    near[::50] = (near[::50] + 1) % 4
    found = align(as_text(one), as_text(near))
    assert found.score == length - 2 * length // 50 + 1  # it begins behind the first mismatch
    assert found.identity == pytest.approx(0.98, abs=1e-3)
    around = score_around(as_text(one), as_text(near), 2500, 2500)
    assert around == pytest.approx(0.96 * 2 * REACH, abs=3)


def test_letters_other_than_four_are_unknown():
    assert as_text(np.arange(len(LETTERS), dtype=np.uint8)) == "ACGT" + "N" * (len(LETTERS) - 4)
    sequences = Sequences(np.array([0, 1, 2, 3, 4], np.uint8), np.array([0, 2, 5]))
    assert sequences.text(1) == "GTN"
    assert sequences.lengths.tolist() == [2, 3]
