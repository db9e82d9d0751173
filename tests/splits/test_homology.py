"""Grouping by homology: what it finds, what it must not depend on, and what it withstands."""

import json
from itertools import combinations

import numpy as np
import pandas as pd
import parasail
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqarena.data.alphabet import LETTERS, reverse_complement
from seqarena.data.dataset import Dataset
from seqarena.errors import InputError
from seqarena.splits import search, seeds
from seqarena.splits.homology import group_by_homology, homology_edges

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


def test_an_index_in_blocks_changes_nothing(monkeypatch):
    sequences, _ = families(9, n_families=60, rate=0.6)
    expected = group(sequences, threshold=26)
    monkeypatch.setattr(seeds, "BLOCK_PLACES", 500)
    text = seeds.lay_out(np.concatenate(sequences), np.cumsum([0, *map(len, sequences)]), True)
    blocks = list(seeds.index_seeds(text, seeds.choose_patterns(7)[0]))
    assert len(blocks) > 10
    assert max(len(block.places) for block in blocks) < 1500
    assert sum(len(block.first) - 1 for block in blocks) == 4**7
    assert np.array_equal(group(sequences, threshold=26), expected)


def test_little_room_for_candidates_changes_nothing(monkeypatch):
    sequences, _ = families(8, n_families=60, rate=0.6)
    expected = group(sequences, threshold=26)
    monkeypatch.setattr(search, "ROOM", 1)
    monkeypatch.setattr(search, "BATCH", 7)
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
        (["NNNN", "NN", "RYK"], [0, 1, 2]),
        (["NNNN", "ACGT" * 20, "", "ACGT" * 20], [0, 1, 2, 1]),
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


def test_frequent_seeds_are_capped_and_do_not_take_ages():
    random = np.random.default_rng(4)
    unit = np.array([1, 0, 0, 2, 3, 1, 1, 3, 0], dtype=np.uint8)  # too long for a simple repeat
    sequences = [
        np.concatenate([draw(random, 60), np.resize(unit, 40), draw(random, 60)])
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


@pytest.mark.parametrize("threshold", ["auto", 30])
def test_copies_alone_are_one_group(threshold):
    one = draw(np.random.default_rng(11), 120)
    clusters, report = group_by_homology(
        dataset([one, reverse_complement(one)] * 50), threshold=threshold
    )
    assert set(clusters["cluster"]) == {0}
    assert (report["distinct"], report["copy_edges"], report["homology_edges"]) == (1, 99, 0)
    assert report["largest"] == [100]


@pytest.mark.parametrize("length", [20, 60, 200, 1000])
def test_two_records_are_together_if_related_only(length):
    random = np.random.default_rng(length)
    for _ in range(2):
        one, other = draw(random, length), draw(random, length)
        near = one.copy()
        near[length // 3] = (near[length // 3] + 1) % 4
        assert group([one, other], threshold="auto").tolist() == [0, 1]
        if length > 20:
            assert group([one, reverse_complement(near)], threshold="auto").tolist() == [0, 0]


def test_unrelated_records_stand_alone():
    random = np.random.default_rng(12)
    report = group_by_homology(dataset([draw(random, 81) for _ in range(2000)]))[1]
    assert report["clusters"] >= 1997
    assert report["largest"] == sorted(report["largest"], reverse=True)
    assert len(report["largest"]) == 10


def test_records_without_a_known_letter_are_counted_and_join_nothing():
    random = np.random.default_rng(13)
    unknown = [np.full(n, token, np.uint8) for n, token in ((50, 4), (50, 4), (80, 4), (50, 14))]
    sequences = [*unknown, draw(random, 100), draw(random, 100)]
    for threshold in ("auto", 20):
        clusters, report = group_by_homology(dataset(sequences), threshold=threshold)
        assert clusters["cluster"].nunique() == 6
        assert (report["all_unknown"], report["distinct"]) == (4, 2)
    report = group_by_homology(dataset(unknown))[1]
    assert (report["all_unknown"], report["distinct"], report["clusters"]) == (4, 0, 4)


def test_what_is_too_short_is_counted():
    random = np.random.default_rng(14)
    one = draw(random, 60)
    sequences = [one, one[10:45], one[10:30], one[10:30], one[15:20], draw(random, 5)]
    clusters, report = group_by_homology(dataset(sequences), threshold=30)
    assert clusters["cluster"].to_list() == [0, 0, 1, 1, 2, 3]
    assert (report["too_short"], report["below_threshold"]) == (2, 3)


@pytest.mark.parametrize("unit", [[0], [1, 0], [1, 0, 2], [2, 2, 0, 0]])
def test_a_shared_repeat_makes_no_relatives(unit):
    random = np.random.default_rng(15)
    repeat = np.resize(unit, 30).astype(np.uint8)
    sequences = [np.concatenate([draw(random, 170), repeat]) for _ in range(300)]
    for sequence in sequences[::4]:
        sequence[-random.integers(8, 22)] = 3  # a fault
    sequences.append(np.concatenate([mutate(random, sequences[0][:170], 0.1), repeat]))
    clusters, report = group_by_homology(dataset(sequences))
    assert report["simple_repeats"]["sequences"] == 301
    assert report["simple_repeats"]["share"] == pytest.approx(0.15, abs=0.01)
    assert clusters["cluster"].iloc[-1] == 0
    assert report["clusters"] >= 299
    assert group_by_homology(dataset(sequences), threshold=24)[1]["clusters"] >= 297


def test_relatives_about_a_repeat_are_found():
    random = np.random.default_rng(16)
    one, repeat = draw(random, 160), np.resize([1, 0], 40).astype(np.uint8)
    sequences = [np.insert(mutate(random, one, 0.1), 80, repeat) for _ in range(2)]
    assert group(sequences, threshold=40).tolist() == [0, 0]


def test_long_relatives_reach_a_high_threshold():
    random = np.random.default_rng(17)
    one = draw(random, 2500)
    other = np.delete(mutate(random, one, 0.05), np.arange(30, 2500, 60))
    sequences = [one, reverse_complement(other), draw(random, 2500)]
    expected = score(one, other)
    assert expected > 1500
    for threshold, together in ((500, True), (1000, True), (expected, True), (expected + 1, False)):
        clusters = group(sequences, threshold=threshold)
        assert (clusters[0] == clusters[1]) == together
        assert clusters[2] not in clusters[:2]


def test_a_threshold_beyond_all_sense_is_lowered():
    random = np.random.default_rng(18)
    one = draw(random, 6000)
    near = mutate(random, one, 0.001)
    edges, report = homology_edges(dataset([one, near]), threshold=10**9)
    assert (report["threshold"], edges.tolist()) == (4096, [[0, 1]])


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
    assert seeds.choose_weight(10**6, 4.2e8, match=0.34) == 9
