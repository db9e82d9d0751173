"""Grouping by homology: what it finds, what it must not depend on, and the shuffle behind it."""

import json
from collections import Counter
from itertools import chain, combinations, pairwise, permutations

import numpy as np
import pandas as pd
import parasail
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from seqarena.data.alphabet import LETTERS, reverse_complement
from seqarena.data.dataset import Dataset
from seqarena.errors import InputError
from seqarena.splits import homology, seeds
from seqarena.splits.homology import group_by_homology, homology_edges
from seqarena.splits.shuffling import dinucleotide_shuffle

MATRIX = parasail.matrix_create("ACGT", 1, -1)


def dataset(sequences):
    tokens = np.concatenate([np.empty(0, np.uint8), *sequences]).astype(np.uint8)
    offsets = np.cumsum([0, *map(len, sequences)])
    records = pd.DataFrame({"record": [f"r{i}" for i in range(len(sequences))]})
    return Dataset(tokens=tokens, offsets=offsets, records=records, summary={})


def from_letters(*sequences):
    return dataset([np.array([LETTERS.index(x) for x in s], np.uint8) for s in sequences])


def group(sequences, **options):
    data = sequences if isinstance(sequences, Dataset) else dataset(sequences)
    return group_by_homology(data, **{"threshold": 40} | options)[0]["cluster"].to_numpy()


def same_partition(a, b):
    return len(set(zip(a, b, strict=True))) == len(set(a)) == len(set(b))


def draw(random, length):
    return random.integers(0, 4, length, dtype=np.uint8)


def mutate(random, sequence, rate):
    changes = (random.random(len(sequence)) < rate) * random.integers(1, 4, len(sequence))
    return ((sequence + changes) % 4).astype(np.uint8)


def families(seed, n_families=12, size=4, singles=20, lengths=(60, 260), rate=0.12):
    """Relatives by substitution, shift, gap and strand, and unrelated sequences."""
    random = np.random.default_rng(seed)
    sequences, labels = [], []
    for family in range(n_families):
        founder = draw(random, random.integers(*lengths))
        for _ in range(size):
            member = mutate(random, founder, rate * random.random())
            cut = random.integers(0, len(member) // 8)
            member = np.concatenate([draw(random, cut), member[: len(member) - cut]])
            if random.random() < 0.5:
                member = np.delete(member, random.integers(len(member), size=2))
            sequences.append(reverse_complement(member) if random.random() < 0.5 else member)
            labels.append(family)
    for single in range(singles):
        sequences.append(draw(random, random.integers(*lengths)))
        labels.append(n_families + single)
    return sequences, np.array(labels)


def score(a, b):
    a, b = ("".join(LETTERS[x] for x in sequence) for sequence in (a, b))
    return parasail.sw(a, b, 2, 1, MATRIX).score


@pytest.mark.parametrize("seed", range(3))
def test_families_are_found_and_strangers_kept_apart(seed):
    sequences, labels = families(seed)
    clusters, report = group_by_homology(dataset(sequences), threshold=30)
    assert list(clusters) == ["record", "cluster"]
    assert clusters["record"].to_list() == [f"r{i}" for i in range(len(sequences))]
    assert same_partition(clusters["cluster"], labels)
    assert report["threshold"] == 30
    assert report["calibration"] is None
    assert report["homology_edges"] + report["copy_edges"] == len(labels) - len(set(labels))
    assert report["largest_cluster"] == 4
    assert report["largest_share"] == pytest.approx(4 / len(labels))
    assert report["clusters"] == len(set(labels))
    assert report["seconds"] >= report["compile_seconds"] >= 0
    json.dumps(report, allow_nan=False)


def test_links_agree_with_exhaustive_alignment():
    sequences, _ = families(5, n_families=40, size=3, singles=0, rate=0.45, lengths=(80, 200))
    edges, _ = homology_edges(dataset(sequences), threshold=24)
    clusters = group(sequences, threshold=24)

    def best(i, j):
        return max(score(sequences[i], other[j]) for other in (sequences, reverse))

    reverse = [reverse_complement(sequence) for sequence in sequences]
    assert all(best(i, j) >= 24 for i, j in edges)
    related = [(i, j) for i, j in combinations(range(len(sequences)), 2) if best(i, j) >= 24]
    missed = sum(clusters[i] != clusters[j] for i, j in related)
    assert len(related) > 40
    assert missed <= 0.02 * len(related)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([18, 24, 40, "auto"]))
def test_order_and_strand_do_not_matter(seed, threshold):
    lengths = [(15, 60), (60, 260), (300, 900)][seed % 3]
    sequences, _ = families(seed, 6, 3, 8, lengths, rate=0.5)
    sequences += sequences[:3]
    before = group(sequences, threshold=threshold)
    random = np.random.default_rng(seed)
    order = random.permutation(len(sequences))
    turned = [
        reverse_complement(sequences[i]) if random.random() < 0.5 else sequences[i] for i in order
    ]
    assert same_partition(group(turned, threshold=threshold), before[order])


def test_one_strand_keeps_reverse_complements_apart():
    random = np.random.default_rng(0)
    one = draw(random, 150)
    near = mutate(random, one, 0.1)
    sequences = [one, near, reverse_complement(one), reverse_complement(near)]
    assert group(sequences).tolist() == [0, 0, 0, 0]
    assert group(sequences, both_strands=False).tolist() == [0, 0, 1, 1]


def test_the_number_of_threads_does_not_matter():
    sequences, _ = families(7, n_families=60, rate=0.6)
    first = homology_edges(dataset(sequences), threshold="auto", threads=1)
    second = homology_edges(dataset(sequences), threshold="auto", threads=3)
    assert (first[0] == second[0]).all()
    for _, report in (first, second):
        del report["seconds"], report["compile_seconds"]
    assert first[1] == second[1]


def test_little_room_for_candidates_changes_nothing(monkeypatch):
    sequences, _ = families(8, n_families=60, rate=0.6)
    expected = group(sequences, threshold=26)
    monkeypatch.setattr(homology, "ROOM", 1)
    monkeypatch.setattr(homology, "BATCH", 7)
    assert same_partition(group(sequences, threshold=26), expected)


def test_unknown_letters_match_nothing():
    random = np.random.default_rng(1)
    ends = [draw(random, 15) for _ in range(4)]
    unknown = np.full(200, 4, np.uint8)
    ambiguous = np.full(200, 5, np.uint8)
    sequences = [
        np.concatenate([ends[i], middle, ends[i + 1]])
        for middle in (unknown, ambiguous)
        for i in (0, 2)
    ]
    clusters = group(sequences, threshold=20)
    assert len(set(clusters[:2])) == len(set(clusters[2:])) == 2
    # 30 letters agree, those between are unknown and cost a mismatch each
    assert clusters[0] != clusters[2]


def test_relatives_about_unknown_letters_and_padding_are_found():
    random = np.random.default_rng(2)
    one = draw(random, 160)
    other = one.copy()
    other[80] = 4
    padded = np.concatenate([np.full(20, 4, np.uint8), one, np.full(5, 4, np.uint8)])
    assert group([one, other, padded, draw(random, 160)]).tolist() == [0, 0, 0, 1]


def test_sequences_shorter_than_a_seed_group_by_copies():
    data = from_letters("ACGTT", "ACGTT", "AACGT", "ACGTA", "A", "A", "T", "C")
    clusters, report = group_by_homology(data)
    assert clusters["cluster"].to_list() == [0, 0, 0, 1, 2, 2, 2, 3]
    assert report["too_short"] == report["distinct"] == 4
    assert report["copy_edges"] == 4


@pytest.mark.parametrize("threshold", ["auto", 30])
@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        (["NNNN", "NN", "N"], [0, 0, 0]),
        (["NNNNNNNNNN", "ACGT" * 20], [0, 1]),
        (["ACGT"], [0]),
        (["ACGGTCA" * 9] * 5, [0] * 5),
        ([], []),
    ],
)
def test_degenerate_datasets(letters, expected, threshold):
    clusters, report = group_by_homology(from_letters(*letters), threshold=threshold)
    assert clusters["cluster"].to_list() == expected
    json.dumps(report, allow_nan=False)


def test_lengths_from_20_to_tens_of_thousands():
    random = np.random.default_rng(3)
    genomes = [draw(random, 30_000) for _ in range(3)]
    shared = mutate(random, genomes[0][12_345:12_645], 0.1)
    genomes[1][20_000:20_300] = reverse_complement(shared)
    sequences = [
        *genomes,
        mutate(random, genomes[2][5_000:5_120], 0.05),
        genomes[2][29_950:],
        draw(random, 20),
        draw(random, 500),
    ]
    assert group(sequences).tolist() == [0, 0, 1, 1, 1, 2, 3]


def test_repeats_are_capped_and_do_not_take_ages():
    random = np.random.default_rng(4)
    sequences = [
        np.concatenate([draw(random, 60), np.tile([1, 0], 20).astype(np.uint8), draw(random, 60)])
        for _ in range(800)
    ]
    sequences += [mutate(random, sequences[0], 0.1), mutate(random, sequences[1], 0.1)]
    clusters, report = group_by_homology(dataset(sequences), threshold=60)
    assert report["seeds"]["capped"] > 0
    assert 0 < report["seeds"]["capped_share"] < 0.5
    assert clusters["cluster"].iloc[-2:].to_list() == [0, 1]
    assert report["clusters"] >= 795


def test_a_family_of_thousands_is_one_group():
    random = np.random.default_rng(5)
    founder = draw(random, 100)
    sequences = [mutate(random, founder, 0.1) for _ in range(4000)]
    report = group_by_homology(dataset(sequences))[1]
    assert report["largest_share"] > 0.999
    links = report["homology_edges"] + report["copy_edges"]
    assert links == 4000 - report["clusters"]


def test_threshold_is_just_above_chance():
    random = np.random.default_rng(6)
    strangers = [draw(random, 200) for _ in range(1500)]
    clusters, report = group_by_homology(dataset(strangers), threshold="auto")
    calibration = report["calibration"]
    assert report["threshold"] == calibration["chance_score"] + 1
    assert 22 <= report["threshold"] <= 30
    assert calibration["chance_score"] <= calibration["best_chance_score"]
    assert clusters["cluster"].nunique() >= 1495
    families_report = homology_edges(
        dataset(strangers[:1200] + [mutate(random, s, 0.05) for s in strangers[:300]])
    )[1]
    assert abs(families_report["threshold"] - report["threshold"]) <= 2
    assert families_report["homology_edges"] == pytest.approx(300, abs=5)


def test_repetitive_records_do_not_raise_the_threshold():
    random = np.random.default_rng(7)
    strangers = [draw(random, 150) for _ in range(400)]
    repeats = [np.resize([1, 0], 150 - i).astype(np.uint8) for i in range(40)]
    alone = homology_edges(dataset(strangers))[1]
    mixed, report = group_by_homology(dataset(strangers + repeats))
    assert report["calibration"]["left_out_as_repetitive"] == 40
    assert abs(report["threshold"] - alone["threshold"]) <= 2
    assert len(set(mixed["cluster"].iloc[400:])) == 1


def test_a_sample_is_corrected_for_its_size(monkeypatch):
    random = np.random.default_rng(8)
    data = dataset([draw(random, 100) for _ in range(4000)])
    whole = homology_edges(data)[1]
    monkeypatch.setattr(homology, "CALIBRATION_LETTERS", 100_000)
    sampled = homology_edges(data)[1]
    assert sampled["calibration"]["records"] == 1000
    assert sampled["calibration"]["correction_for_sampling"] > 0
    assert abs(sampled["threshold"] - whole["threshold"]) <= 2


@pytest.mark.parametrize("threshold", [7, 0, -3, 30.0, True, "automatic", None])
def test_senseless_thresholds_are_refused(threshold):
    with pytest.raises(InputError, match="homology threshold is"):
        homology_edges(from_letters("ACGT"), threshold=threshold)


@pytest.mark.parametrize("weight", seeds.WEIGHTS)
def test_patterns_are_symmetric_with_a_middle(weight):
    patterns = seeds.choose_patterns(weight)
    assert len(set(patterns)) == seeds.N_PATTERNS
    for pattern in patterns:
        span = pattern[-1] + 1
        assert len(pattern) == weight
        assert span % 2 == 1
        assert span <= 31
        assert span // 2 in pattern
        assert tuple(span - 1 - place for place in reversed(pattern)) == pattern


def test_other_weights_find_relatives(monkeypatch):
    sequences, labels = families(9)
    for weight in seeds.WEIGHTS[:3]:
        monkeypatch.setattr(seeds, "choose_weight", lambda *_, weight=weight: weight)
        assert same_partition(group(sequences, threshold=30), labels)
    monkeypatch.undo()
    assert [seeds.choose_weight(10**e, 4.2e8) for e in (3, 6, 7, 12)] == [7, 7, 9, 13]


def pair_counts(sequence):
    return Counter(zip(sequence[:-1].tolist(), sequence[1:].tolist(), strict=True))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 14), max_size=60), min_size=1, max_size=8),
    st.integers(0, 2**32),
)
def test_a_shuffle_keeps_dinucleotides_and_ends(sequences, seed):
    tokens = np.array(list(chain.from_iterable(sequences)), dtype=np.uint8)
    offsets = np.cumsum([0, *map(len, sequences)])
    before = tokens.copy()
    shuffled = dinucleotide_shuffle(tokens, offsets, seed)
    assert (tokens == before).all()
    assert (dinucleotide_shuffle(tokens, offsets, seed) == shuffled).all()
    for start, stop in pairwise(offsets):
        old, new = tokens[start:stop], shuffled[start:stop]
        assert pair_counts(old) == pair_counts(new)
        assert (old[:1] == new[:1]).all()
        assert (old[-1:] == new[-1:]).all()


@pytest.mark.parametrize("sequence", [[0, 1, 0, 2, 0, 0, 1], [0, 1, 2, 0, 2, 1, 0, 1]])
def test_all_shuffles_are_equally_probable(sequence):
    sequence = np.array(sequence, dtype=np.uint8)
    possible = {
        walk
        for inner in permutations(sequence[1:-1].tolist())
        if pair_counts(np.array(walk := (int(sequence[0]), *inner, int(sequence[-1]))))
        == pair_counts(sequence)
    }
    n = 6000
    shuffled = dinucleotide_shuffle(
        np.tile(sequence, n), np.arange(n + 1) * len(sequence), seed=3
    ).reshape(n, -1)
    counts = Counter(map(tuple, shuffled.tolist()))
    assert set(counts) == possible
    assert len(possible) > 2
    assert chisquare([counts[walk] for walk in possible]).pvalue > 1e-3


def test_seeds_and_positions_draw_from_different_streams():
    random = np.random.default_rng(10)
    tokens, offsets = np.tile(draw(random, 100), 20), np.arange(21) * 100
    shuffled = dinucleotide_shuffle(tokens, offsets, 1).reshape(20, 100)
    assert len(np.unique(shuffled, axis=0)) == 20
    assert not (shuffled == dinucleotide_shuffle(tokens, offsets, 2).reshape(20, 100)).all(1).any()
