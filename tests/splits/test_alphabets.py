"""Groups, audits and controls of what is no DNA: RNA, proteins, words and numbers."""

import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from seqarena.data.alphabet import DNA, PROTEIN, RNA, words_alphabet
from seqarena.data.dataset import Dataset
from seqarena.errors import InputError
from seqarena.splits.controls import make_control, shuffle_sequences
from seqarena.splits.groups import group_records
from seqarena.splits.homology import group_by_homology, homology_edges
from seqarena.splits.leakage import audit_leakage

WORDS = words_alphabet(["the", "cat", "sat", "on", "mat"])


def dataset(sequences, alphabet=PROTEIN, targets=None):
    n = len(sequences)
    numbers = alphabet.name == "numbers"
    records = pd.DataFrame({"record": [f"r{i:04d}" for i in range(n)]})
    records["label"] = np.arange(n) % 2 if targets is None else targets
    summary = {
        "alphabet": alphabet.as_summary(),
        "task": "binary",
        "target": "label",
        "targets": ["label"],
        "classes": ["a", "b"],
        "records": n,
        "length": max(map(len, sequences)),
    }
    tokens = np.concatenate([np.asarray(sequence) for sequence in sequences])
    tokens = tokens.astype(np.float32 if numbers else np.uint8)
    return Dataset(tokens, np.cumsum([0, *map(len, sequences)]), records, summary)


def split(data, n_tested):
    role = np.where(np.arange(len(data)) < n_tested, "test", "train")
    return pd.DataFrame({"record": data.records["record"], "repeat": 1, "fold": 0, "role": role})


def audit(data, n_tested, **options):
    clusters = pd.DataFrame({"record": data.records["record"], "cluster": np.arange(len(data))})
    table, report = audit_leakage(
        data, split(data, n_tested), clusters, mode="own split", **options
    )
    json.dumps(report, allow_nan=False)
    return table, report


def relatives(random, founder, n, rate):
    members = []
    for _ in range(n):
        member = founder.copy()
        changed = random.random(len(founder)) < rate
        member[changed] = random.integers(0, 20, changed.sum())
        members.append(member)
    return members


def test_proteins_are_grouped_by_families():
    random = np.random.default_rng(0)
    founders = [random.integers(0, 20, 150) for _ in range(20)]
    families = [relatives(random, founder, 4, 0.45) for founder in founders]
    strangers = [random.integers(0, 20, 150) for _ in range(80)]
    data = dataset([member for family in families for member in family] + strangers)
    clusters, report = group_by_homology(data)
    cluster = clusters["cluster"].to_numpy()
    assert (cluster[:80].reshape(20, 4) == cluster[:80:4, None]).all()
    assert len(np.unique(cluster)) == 100
    assert report["threshold"] >= 50
    assert report["scores"].startswith("BLOSUM62")
    json.dumps(report, allow_nan=False)
    order = random.permutation(len(data))
    moved = dataset([data.tokens[150 * i : 150 * i + 150] for i in order])
    again, _ = group_by_homology(moved, threads=1)
    assert len(np.unique(cluster[order] * 1000 + again["cluster"])) == 100


def test_low_complexity_makes_no_relatives_of_proteins():
    random = np.random.default_rng(1)
    parts = [np.concatenate([random.integers(0, 20, 100), np.full(40, 13)]) for _ in range(40)]
    clusters, report = group_by_homology(dataset(parts))
    assert report["simple_repeats"]["sequences"] == 40
    assert clusters["cluster"].nunique() == 40


@pytest.mark.parametrize("exact", ["auto", 0])
def test_related_proteins_on_both_sides_are_found(exact):
    random = np.random.default_rng(2)
    strangers = [random.integers(0, 20, 120) for _ in range(40)]
    near = relatives(random, strangers[30], 1, 0.05)[0]
    far = relatives(random, strangers[31], 1, 0.45)[0]
    tested = [strangers[32], near, far, random.integers(0, 20, 120)]
    table, report = audit(dataset(tested + strangers), 4, exact=exact)
    assert table["kind"].tolist() == ["copy", "near copy", "relative", "none"]
    assert table["neighbour"].tolist()[:3] == ["r0036", "r0034", "r0035"]
    assert (table["strand"].iloc[:3] == "+").all()
    assert table["identity"].iloc[1] > 0.9
    assert table["similarity"].iloc[0] == 1
    assert report["verdict"] == "leaks"
    assert report["exact_records"] == (4 if exact == "auto" else 0)
    assert not report["both_strands"]


def test_rna_has_one_strand():
    random = np.random.default_rng(3)
    one = random.integers(0, 4, 80, dtype=np.uint8)
    other = DNA.complement[one[::-1]]
    strangers = [random.integers(0, 4, 80) for _ in range(6)]
    data = dataset([one, other, *strangers], RNA)
    assert group_records(data)["cluster"].nunique() == 8
    edges, report = homology_edges(data, threshold=30)
    assert len(edges) == 0
    assert not report["both_strands"]
    _, report = audit(data, 1, threshold=30)
    assert report["leaked"]["records"] == 0
    as_dna = dataset([one, other, *strangers], DNA)
    assert group_records(as_dna)["cluster"].nunique() == 7
    _, report = audit(as_dna, 1, threshold=30)
    assert report["kinds"]["reverse complement"]["records"] == 1


def test_padding_is_no_letter_and_takes_no_part():
    random = np.random.default_rng(4)
    one, other = (random.integers(0, 4, 60) for _ in range(2))
    padded = np.concatenate([one, np.full(20, DNA.padding)])
    turned = np.concatenate([DNA.complement[one[::-1]], np.full(9, DNA.padding)])
    nothing = np.full(30, DNA.padding)
    data = dataset([one, padded, turned, other, nothing, nothing], DNA)
    assert group_records(data)["cluster"].tolist() == [0, 0, 0, 1, 2, 3]
    edges, _ = homology_edges(data, threshold=20)
    assert sorted(map(tuple, np.sort(edges).tolist())) == [(0, 1), (0, 2)]
    table, report = audit(data, 1, threshold=20)
    assert table["kind"].tolist() == ["copy"]
    assert report["all_unknown"] == {"test": 0, "seen": 2}


@pytest.mark.parametrize("kind", ["words", "numbers"])
def test_of_words_and_numbers_copies_are_found(kind):
    random = np.random.default_rng(5)
    if kind == "words":
        alphabet, rows = WORDS, [random.integers(0, 5, 30) for _ in range(12)]
    else:
        alphabet = type(WORDS)("numbers", ("x", "y", "z"))
        rows = [random.normal(size=3) for _ in range(12)]
    rows[5] = rows[0]
    data = dataset(rows, alphabet)
    assert group_records(data)["cluster"].nunique() == 11
    with pytest.raises(InputError, match="set grouping"):
        homology_edges(data)
    table, report = audit(data, 2)
    assert table["kind"].tolist() == ["copy", "none"]
    assert table["conflict"].tolist() == [True, False]
    assert table["similarity"].isna().tolist() == [False, True]
    assert (report["threshold"], report["threshold_source"]) == (None, None)
    assert report["verdict"] == "leaks"
    assert report["residual_leak"]["share"] is None
    assert report["duplicates"] == {"copies": 1, "reverse_complements": 0, "conflicting": 1}
    _, report = audit(dataset(rows[1:5], alphabet), 2)
    assert report["verdict"] == "not known"
    assert report["lines"] == [
        f"Only copies were looked for, and none was found: how alike two records of {kind} are "
        "isn't defined, so whether test records have near relatives in training isn't known."
    ]


def test_proteins_are_not_searched_by_mmseqs2():
    with pytest.raises(InputError, match="built-in"):
        homology_edges(dataset([np.arange(20)]), search="mmseqs2")


@pytest.mark.parametrize("alphabet", [DNA, RNA, PROTEIN, WORDS])
def test_ragged_records_keep_their_composition_and_their_ends(alphabet):
    random = np.random.default_rng(6)
    unknown, padding = alphabet.unknown, alphabet.padding
    rows = [random.integers(0, len(alphabet.symbols), n) for n in (40, 7, 25, 60)]
    rows.append(np.array([unknown, padding]))
    rows[2][:3], rows[2][-4:] = unknown, padding
    data = dataset(rows, alphabet)
    names = data.records["record"]
    shuffled, notices = shuffle_sequences(names, data.tokens, data.offsets, 1, alphabet)
    for i in range(len(data)):
        old, new = (part[data.offsets[i] : data.offsets[i + 1]] for part in (data.tokens, shuffled))
        assert Counter(old.tolist()) == Counter(new.tolist())
    part = slice(data.offsets[2], data.offsets[3])
    assert (shuffled[part][:3] == unknown).all() and (shuffled[part][-4:] == padding).all()
    assert {entry["count"] for entry in notices} <= {1, 2}
    order = np.array([3, 0, 4, 2, 1])
    moved = dataset([rows[i] for i in order], alphabet)
    again, _ = shuffle_sequences(names[order], moved.tokens, moved.offsets, 1, alphabet)
    for place, i in enumerate(order):
        one = again[moved.offsets[place] : moved.offsets[place + 1]]
        assert np.array_equal(one, shuffled[data.offsets[i] : data.offsets[i + 1]])


def test_numbers_are_not_shuffled():
    data = dataset([np.zeros(3)] * 4, type(WORDS)("numbers", ("x", "y", "z")))
    clusters = pd.DataFrame({"record": data.records["record"], "cluster": range(4)})
    with pytest.raises(InputError, match="no order"):
        make_control("shuffled_input", data, split(data, 1), clusters, 0)
