"""Negatives that match positives, whatever these are."""

from itertools import pairwise

import numpy as np
import pytest

from seqarena.data.genome import open_genome
from seqarena.data.intervals import read_intervals
from seqarena.data.negatives import sample_negatives
from seqarena.data.stretches import Blocked, composition
from seqarena.data.windows import cut_windows
from seqarena.errors import InputError


def simulate(path, sizes, masked=True, seed=1):
    """Chromosomes whose GC and repeats vary over stretches of 500 letters."""
    rng = np.random.default_rng(seed)
    with path.open("w") as handle:
        for name, size in sizes.items():
            gc = rng.uniform(0.2, 0.8, size // 500 + 1).repeat(500)[:size]
            strong, either = rng.random(size) < gc, rng.integers(0, 2, size)
            codes = np.where(strong, either + 1, either * 3)
            letters = np.frombuffer(b"ACGT", np.uint8)[codes]
            lower = (rng.random(size // 300 + 1) < 0.4).repeat(300)[:size] & masked
            handle.write(f">{name}\n{(letters + 32 * lower).astype(np.uint8).tobytes().decode()}\n")
    return path


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("genome")
    path = simulate(folder / "genome.fa", {"chr1": 200_000, "chr2": 100_000, "chr3": 50_000})
    with open_genome(path, folder) as genome:
        yield genome


def make_positives(tmp_path, genome, rows, **settings):
    path = tmp_path / "positives.bed"
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    intervals = read_intervals(path)
    return intervals, cut_windows(intervals, genome, **settings)


def gc_rich(genome, count, length=200, names=("chr1", "chr2")):
    """Intervals with much GC, alternately on both strands."""
    rows = []
    for name in names:
        for start in range(0, genome.lengths[name] - length, 2 * length):
            letters = genome.letters(name, start, start + length)
            share = composition(letters, np.array([0, length]))[0][0]
            if share > 0.6 and len(rows) < count * (1 + names.index(name)) // len(names):
                rows.append([name, start, start + length, ".", 0, "+-"[len(rows) % 2]])
    return rows


def spans(windows):
    return zip(windows.chromosomes, windows.starts.tolist(), windows.ends.tolist(), strict=True)


def assert_apart(negatives, *others):
    """No two of the negatives, nor one of them and one of the others, overlap."""
    taken = sorted([*spans(negatives)])
    for (name, _, end), (other, start, _) in pairwise(taken):
        assert name != other or end <= start
    for name, start, end in taken:
        for other in others:
            here = np.array(other.chromosomes) == name
            assert not (here & (other.starts < end) & (other.ends > start)).any()


@pytest.mark.parametrize("ratio", [1, 2.5, 0.3])
def test_negatives_match_far_better_than_random_windows(tmp_path, genome, ratio):
    intervals, positives = make_positives(tmp_path, genome, gc_rich(genome, 60))
    result = sample_negatives(positives, genome, ratio, seed=3, exclude=intervals)
    negatives, report = result.windows, result.report
    assert len(negatives) == report["negatives"] == round(60 * ratio)
    assert report["gc_difference"]["matched"] < 0.02 < report["gc_difference"]["random"] / 5
    assert report["repeat_difference"]["matched"] < 0.03 < report["repeat_difference"]["random"]
    assert len({*negatives.names}) == len(negatives)
    assert_apart(negatives, positives)
    assert (negatives.ends - negatives.starts == 200).all()
    assert negatives.cells == {"chrom": negatives.chromosomes}
    assert {*negatives.chromosomes} <= {"chr1", "chr2"}
    assert set(negatives.places) <= set(positives.places)
    for i, (name, start, end) in enumerate(spans(negatives)):
        letters = negatives.letters[negatives.offsets[i] : negatives.offsets[i + 1]]
        assert len(letters) == end - start
        if negatives.strands[i] == "+":
            assert letters == genome.letters(name, start, end)
    counts = [notice["count"] for notice in result.notices]
    assert counts == [x for x in (report["beyond_tolerance"], report["other_chromosome"]) if x]


def test_the_seed_alone_decides_whatever_the_order_of_rows(tmp_path, genome):
    rows = gc_rich(genome, 40)
    rows += [[row[0], row[1] + 7, row[2] + 50, *row[3:]] for row in rows[:5]]
    samples = []
    for order, seed in ((rows, 1), (rows[::-1], 1), (rows, 2)):
        intervals, positives = make_positives(tmp_path, genome, order)
        result = sample_negatives(positives, genome, 1.5, seed, intervals)
        samples.append((result.windows.names, result.windows.letters, result.report))
    assert samples[0] == samples[1]
    assert samples[0][0] != samples[2][0]


def test_each_length_is_matched_and_what_was_cropped_away_is_avoided(tmp_path, genome):
    rows = [["chr1", 1000 * i, 1000 * i + 100 + 7 * i] for i in range(1, 50)]
    intervals, positives = make_positives(tmp_path, genome, rows)
    negatives = sample_negatives(positives, genome).windows
    assert sorted(negatives.ends - negatives.starts) == sorted(positives.ends - positives.starts)
    intervals, positives = make_positives(
        tmp_path, genome, [["chr1", 1000 * i, 1000 * i + 800] for i in range(190)], width=100
    )
    negatives = sample_negatives(positives, genome, exclude=intervals).windows
    assert_apart(negatives, positives, intervals)


def test_chromosomes_of_positives_that_are_full_give_way_to_others(tmp_path, genome):
    rows = [["chr3", 0, 49_900, "."], ["chr1", 1000, 1200, "."]]
    rows += [["chr2", start, start + 200, "."] for start in range(0, 99_000, 250)]
    _, positives = make_positives(tmp_path, genome, rows[1:], width=200)
    result = sample_negatives(positives, genome)
    assert (
        result.report["other_chromosome"]
        == sum(name == "chr1" for name in result.windows.chromosomes) - 1
    )
    assert "negatives on another chromosome than their positive" in result.notices[-1]["what"]
    _, positives = make_positives(tmp_path, genome, rows[:1])
    with pytest.raises(InputError, match="for 1 of 1 negatives there is no room"):
        sample_negatives(positives, genome)


def test_what_finds_no_match_gets_the_nearest_and_is_counted(tmp_path):
    path = tmp_path / "genome.fa"
    rng = np.random.default_rng(0)
    poor = "".join(rng.choice([*"AAAATTTTCG"], 9000))
    path.write_text(f">a\n{'GC' * 250}{poor}{'N' * 5000}\n")
    with open_genome(path, tmp_path) as genome:
        _, positives = make_positives(tmp_path, genome, [["a", 0, 200], ["a", 250, 450]])
        result = sample_negatives(positives, genome)
        assert result.report["beyond_tolerance"] == 2
        assert result.notices[0]["count"] == 2
        assert "no lower-case letters" in result.notices[-1]["what"]
        assert b"N" not in result.windows.letters
        for ratio in (0, -1, 0.1, float("nan"), float("inf")):
            with pytest.raises(InputError, match="ratio of negatives"):
                sample_negatives(positives, genome, ratio)


def test_negatives_have_no_more_unknown_letters_than_their_positives(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text(">a\n" + ("ACGT" * 20 + "N" * 20) * 300 + "\n")
    with open_genome(path, tmp_path) as genome:
        rows = [["a", 0, 60], ["a", 100, 160], ["a", 250, 310]]
        _, positives = make_positives(tmp_path, genome, rows)
        windows = sample_negatives(positives, genome, 10).windows
    unknown = composition(windows.letters, windows.offsets)[2]
    assert np.count_nonzero(unknown > 0) <= 10
    assert unknown.max() <= 20 / 60


def test_stretches_are_free_if_they_touch_nothing():
    """Against marking every letter."""
    rng = np.random.default_rng(5)
    chromosome, start = rng.integers(0, 2, 12), rng.integers(0, 200, 12)
    end = start + rng.integers(1, 30, 12)
    blocked = Blocked(chromosome, start, end, 3)
    marked = np.zeros((3, 300), bool)
    for c, first, last in zip(chromosome, start, end, strict=True):
        marked[c, first:last] = True
    for _ in range(20):
        c, first, length = rng.integers(0, 3, 50), rng.integers(0, 230, 50), rng.integers(1, 20, 50)
        expected = [
            not marked[x, y : y + z].any() for x, y, z in zip(c, first, length, strict=True)
        ]
        np.testing.assert_array_equal(blocked.free(c, first, length), expected)
        taken = blocked.take(int(c[0]), int(first[0]), int(first[0] + length[0]))
        assert taken == expected[0]
        marked[c[0], first[0] : first[0] + length[0]] |= taken


def test_composition_counts_letters_of_either_case():
    letters = b"ACGTNNaacg" + b"NN" + b"gS"
    gc, repeats, unknown = composition(letters, np.array([0, 10, 12, 14]))
    np.testing.assert_allclose(gc, [0.5, 0, 1])
    np.testing.assert_allclose(repeats, [0.4, 0, 0.5])
    np.testing.assert_allclose(unknown, [0.2, 1, 0])
