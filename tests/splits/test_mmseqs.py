"""Grouping by MMseqs2: for real where it is installed, and what is said where it can't be run."""

import json
import shutil
import stat
import tempfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqarena.data.alphabet import LETTERS, reverse_complement
from seqarena.data.dataset import Dataset
from seqarena.errors import InputError
from seqarena.splits import mmseqs
from seqarena.splits.homology import group_by_homology

needs_mmseqs = pytest.mark.skipif(
    shutil.which(mmseqs.PROGRAM) is None, reason="MMseqs2 is not installed"
)


def dataset(sequences):
    tokens = np.concatenate([np.empty(0, np.uint8), *sequences]).astype(np.uint8)
    records = pd.DataFrame({"record": [f"r{i}" for i in range(len(sequences))]})
    return Dataset(tokens, np.cumsum([0, *map(len, sequences)]), records, summary={})


def group(sequences, threshold=40, **options):
    options = {"threshold": threshold, "search": "mmseqs2"} | options
    return group_by_homology(dataset(sequences), **options)[0]["cluster"].to_numpy()


def same_partition(a, b):
    return len(set(zip(a, b, strict=True))) == len(set(a)) == len(set(b))


def draw(random, length):
    return random.integers(0, 4, length, dtype=np.uint8)


def mutate(random, sequence, rate):
    changes = (random.random(len(sequence)) < rate) * random.integers(1, 4, len(sequence))
    return ((sequence + changes) % 4).astype(np.uint8)


def families(seed, n_families=15, size=4, singles=20):
    """Relatives by substitution, shift and strand, and unrelated sequences."""
    random = np.random.default_rng(seed)
    sequences, labels = [], []
    for family in range(n_families):
        founder = draw(random, random.integers(80, 260))
        for _ in range(size):
            member = mutate(random, founder, 0.1 * random.random())
            member = np.concatenate([draw(random, 10), member[: len(member) - 10]])
            sequences.append(reverse_complement(member) if random.random() < 0.5 else member)
            labels.append(family)
    sequences += [draw(random, random.integers(80, 260)) for _ in range(singles)]
    return sequences, np.array([*labels, *range(n_families, n_families + singles)])


@needs_mmseqs
def test_families_are_found_and_strangers_kept_apart():
    sequences, labels = families(0)
    clusters, report = group_by_homology(dataset(sequences), threshold=30, search="mmseqs2")
    assert same_partition(clusters["cluster"], labels)
    assert report["search"] == "mmseqs2"
    assert report["threshold"] == 30
    assert report["mmseqs2"]["version"] == mmseqs.read_version()
    assert report["mmseqs2"]["word_length"] == 8
    assert report["mmseqs2"]["pairs"] >= report["homology_edges"] == 45
    assert "seeds" not in report
    json.dumps(report, allow_nan=False)


@needs_mmseqs
def test_the_threshold_is_that_of_the_built_in_search():
    sequences, labels = families(1)
    found = [
        group_by_homology(dataset(sequences), search=search) for search in ("built-in", "mmseqs2")
    ]
    assert found[0][1]["threshold"] == found[1][1]["threshold"]
    assert found[0][1]["calibration"] == found[1][1]["calibration"]
    assert all(same_partition(clusters["cluster"], labels) for clusters, _ in found)


@needs_mmseqs
@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10**6))
def test_order_strand_and_threads_do_not_matter(seed):
    sequences, _ = families(seed, 6, 3, 6)
    sequences += sequences[:3]
    random = np.random.default_rng(seed)
    order = random.permutation(len(sequences))
    turned = [
        reverse_complement(sequences[i]) if random.random() < 0.5 else sequences[i] for i in order
    ]
    before = group(sequences, threshold=25, threads=1)
    assert same_partition(group(turned, threshold=25, threads=2), before[order])


@needs_mmseqs
def test_one_strand_keeps_reverse_complements_apart():
    random = np.random.default_rng(2)
    one = draw(random, 150)
    near = mutate(random, one, 0.1)
    sequences = [one, near, reverse_complement(one), reverse_complement(near)]
    assert group(sequences).tolist() == [0, 0, 0, 0]
    assert group(sequences, both_strands=False).tolist() == [0, 0, 1, 1]


@needs_mmseqs
def test_what_mmseqs_finds_is_linked_by_the_threshold_alone():
    random = np.random.default_rng(3)
    one = draw(random, 200)
    parts = [np.concatenate([one[:n], draw(random, 200 - n)]) for n in (30, 50)]
    assert group([one, *parts], threshold=29).tolist() == [0, 0, 0]
    assert group([one, *parts], threshold=45).tolist() == [0, 1, 0]
    assert group([one, *parts], threshold=80).tolist() == [0, 1, 2]


@needs_mmseqs
def test_long_sequences_are_searched_whole():
    random = np.random.default_rng(4)
    genome = draw(random, 90_000)
    late = mutate(random, genome[80_000:80_300], 0.05)
    sequences = [genome, reverse_complement(late), draw(random, 20_000), genome[100:130]]
    assert group(sequences, threshold=100).tolist() == [0, 0, 1, 2]


@needs_mmseqs
@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ([], []),
        (["ACGT"], [0]),
        (["ACGGTCATTGACCA", "ACGGTCATTGACCA", "ACGG", "NNNN", "NN"], [0, 0, 1, 2, 3]),
        (["A" + "N" * 40, "N" * 30 + "CG" + "N" * 40 + "T"], [0, 1]),
        (["ACGGTCATTGACCATTGACT", "ACGGTCATTGACCATTGACA"], [0, 0]),
    ],
)
def test_degenerate_datasets(letters, expected):
    sequences = [np.array([LETTERS.index(x) for x in s], np.uint8) for s in letters]
    for threshold in (15, "auto"):
        clusters, report = group_by_homology(
            dataset(sequences), threshold=threshold, search="mmseqs2"
        )
        if threshold == 15:
            assert clusters["cluster"].to_list() == expected
        json.dumps(report, allow_nan=False)


@needs_mmseqs
def test_nothing_is_left_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sequences, _ = families(5, 3, 3, 3)
    group(sequences)
    assert list(tmp_path.iterdir()) == []


def install(monkeypatch, folder, script):
    """Put a program of the name of MMseqs2 first in the path."""
    program = folder / mmseqs.PROGRAM
    program.write_text(script)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_a_missing_program_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="mmseqs of MMseqs2 is not installed") as caught:
        group(families(6)[0])
    assert "set search to built-in" in caught.value.remedy


def test_a_failure_quotes_the_last_line_and_leaves_nothing(monkeypatch, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "work"))
    fake = """#!/bin/sh
[ "$1" = version ] && echo 99-fake && exit 0
echo "Working" ; echo "first line" >&2 ; echo "No space left on device" >&2
exit 3
"""
    install(monkeypatch, tmp_path / "bin", fake)
    with pytest.raises(InputError, match="exit status 3: No space left on device"):
        group(families(7)[0])
    assert list((tmp_path / "work").iterdir()) == []


def test_a_silent_failure_is_reported(monkeypatch, tmp_path):
    install(monkeypatch, tmp_path, "#!/bin/sh\nexit 139\n")
    with pytest.raises(InputError, match="exit status 139: it said nothing"):
        mmseqs.read_version()


def test_a_program_that_can_t_be_run_is_named(monkeypatch, tmp_path):
    install(monkeypatch, tmp_path, "#!/no/such/interpreter\n")
    with pytest.raises(InputError, match="can't be run"):
        mmseqs.read_version()


def test_what_the_program_is_asked_for(monkeypatch, tmp_path):
    fake = f"""#!/bin/sh
[ "$1" = version ] && echo 99-fake && exit 0
echo "$@" > {tmp_path}/asked
printf '0\\t1\\t1\\t150\\t1\\t150\\t99\\n' > "$4"
"""
    install(monkeypatch, tmp_path, fake)
    random = np.random.default_rng(8)
    one = np.append(0, draw(random, 149)).astype(np.uint8)
    near = one.copy()
    near[100] = (near[100] + 1) % 4
    clusters, report = group_by_homology(
        dataset([one, near]), threshold=60, search="mmseqs2", both_strands=False, threads=3
    )
    assert clusters["cluster"].to_list() == [0, 0]
    assert report["mmseqs2"] == {"version": "99-fake", "word_length": 8, "pairs": 1}
    asked = (tmp_path / "asked").read_text()
    assert asked.startswith("easy-search ")
    for words in ("--search-type 3", "--strand 1", "-k 8", "--max-seqs 2000", "--threads 3"):
        assert f" {words} " in asked
    assert "cluster" not in asked


def test_words_grow_with_the_data():
    lengths = [mmseqs.choose_word_length(n) for n in (0, 10**6, 4 * 10**6, 4 * 10**7, 10**12)]
    assert lengths == [8, 8, 8, 11, 13]


def test_an_unknown_search_is_refused():
    with pytest.raises(InputError, match=r"grouping\.search is 'blast'"):
        group_by_homology(dataset([]), search="blast")
