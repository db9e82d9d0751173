"""The audit of leakage: what it finds, and what it must not depend on."""

import json
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import audit_leakage as script
from seqarena.data.alphabet import LETTERS, UNKNOWN, complement_tokens, reverse_complement
from seqarena.data.dataset import write_dataset
from seqarena.data.labels import Columns
from seqarena.data.preparation import prepare_dataset
from seqarena.data.sources import read_fasta_records
from seqarena.splits.audit_sides import take_sides
from seqarena.splits.comparison import Nucleotides

from .audit_data import (
    COLUMNS,
    alone,
    audit,
    dataset,
    draw,
    families,
    k_folds,
    mutate,
    one_fold,
    one_record,
    score,
)

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


# What is found


def test_each_kind_by_hand():
    random = np.random.default_rng(0)
    one = draw(random, 100)
    near, far = one.copy(), draw(random, 100)
    near[10:90:10] = (near[10:90:10] + 1) % 4  # 8 mismatches inside
    far[40:70] = one[20:50]
    cases = [
        (one, "copy", 100, 1.0),
        (near, "near copy", 84, 0.92),
        (far, "relative", 30, 1.0),
        (draw(random, 100), "none", None, None),
    ]
    for (test, kind, expected, identity), turned in product(cases, (False, True)):
        test = reverse_complement(test) if turned else test
        row, report = one_record([one, test])
        if turned and kind == "copy":
            kind = "reverse complement"
        assert row["kind"] == kind
        assert row["leaked"] == (kind != "none")
        assert (row["neighbour"], row["neighbour_role"]) == ("r0000", "train")
        assert report["verdict"] == ("clean" if kind == "none" else "leaks")
        assert report["leaked"] == {"records": int(row["leaked"]), "share": float(row["leaked"])}
        assert all(report["kinds"][k]["records"] == (k == kind) for k in report["kinds"])
        if expected:
            assert expected <= row["score"] < expected + 5
            assert row["identity"] == pytest.approx(identity, abs=0.05)
            assert row["strand"] == ("-" if turned else "+")
            assert row["similarity"] == row["score"] / 100


def test_one_strand_ignores_the_other():
    one = draw(np.random.default_rng(1), 100)
    row, report = one_record([one, reverse_complement(one)], both_strands=False)
    assert row["kind"] == "none"
    assert row["strand"] == "+"
    assert report["duplicates"]["reverse_complements"] == 0


def test_near_copy_is_by_the_shorter_sequence():
    random = np.random.default_rng(2)
    long = draw(random, 300)
    row, _ = one_record([long[100:160], long])
    assert row["kind"] == "near copy"
    assert row["similarity"] == pytest.approx(0.2, abs=0.02)
    row, _ = one_record([long, long[100:160]])
    assert row["kind"] == "near copy"
    assert row["similarity"] == 1
    row, _ = one_record([long, long[100:115]])  # 15 letters of 15, but below the threshold
    assert row["kind"] == "none"


def test_padding_makes_no_difference_to_a_copy():
    one = draw(np.random.default_rng(3), 60)
    left, right = np.full(20, UNKNOWN, np.uint8), np.full(7, UNKNOWN, np.uint8)
    row, _ = one_record([np.append(one, right), np.append(left, one)])
    assert (row["kind"], row["score"], row["similarity"]) == ("copy", 60, 1)
    inside = one.copy()
    inside[30] = UNKNOWN
    row, _ = one_record([inside, inside])
    assert (row["kind"], row["score"], row["similarity"]) == ("copy", 58, 1)
    assert row["identity"] == pytest.approx(59 / 60)


def test_a_conflicting_copy_is_shown_before_others():
    one = draw(np.random.default_rng(4), 60)
    back = reverse_complement(one)
    row, report = one_record([one, back, one, one], "tttT", targets=[0, 1, 0, 0])
    assert (row["neighbour"], row["kind"], row["conflict"]) == ("r0001", "reverse complement", True)
    assert report["conflicts"] == 1
    assert "1 of them has another label there" in report["lines"][1]
    row, _ = one_record([back, one, one, one], "tvtT")
    assert (row["neighbour"], row["kind"], row["conflict"]) == ("r0002", "copy", False)
    row, _ = one_record([one, back, one, one], "ttvT", targets=[1, 2, 3, 3])
    assert (row["neighbour"], row["conflict"]) == ("r0000", True)
    row, _ = one_record([one, one, one], "vtT")
    assert (row["neighbour"], row["neighbour_role"]) == ("r0001", "train")


@pytest.mark.parametrize("exact", ["all", 0])
@pytest.mark.parametrize(("names", "first"), [("bact", "a"), ("zyxt", "x"), ("bdct", "b")])
def test_ties_go_to_the_first_identifier(names, first, exact):
    random = np.random.default_rng(5)
    one = draw(random, 80)
    relatives = [np.append(draw(random, 5), one[:40]) for _ in range(3)]
    assert [score(relative, one, True) for relative in relatives] == [40, 40, 40]
    data = dataset([*relatives, one], names=list(names))
    table, _ = audit(data, one_fold(data, "tttT"), exact=exact)
    assert table["neighbour"].item() == first


def test_only_what_was_seen_counts():
    one = draw(np.random.default_rng(6), 80)
    for roles in ("T T", "TtT"):
        data = dataset([one, draw(np.random.default_rng(7), 80), one])
        table, report = audit(data, one_fold(data, roles))
        assert set(table["kind"]) == {"none"}
        assert report["duplicates"]["copies"] == 1
    data = dataset([one, one])
    splits = pd.DataFrame(
        [("r0000", 1, 0, "train"), ("r0001", 1, 1, "test"), ("r0001", 2, 0, "test")],
        columns=["record", "repeat", "fold", "role"],
    )
    table, _ = audit(data, splits)
    assert table["neighbour"].to_list() == ["", ""]
    assert table["score"].to_list() == [0, 0]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_exact_neighbours_equal_a_naive_search(seed, both_strands):
    random = np.random.default_rng(seed)
    sequences = families(random, 24, [(5, 40), (30, 120), (200, 400)][seed % 3])
    data = dataset(sequences)
    names = data.records["record"]
    splits = k_folds(names, random, 3, 2)
    splits = splits[random.random(len(splits)) < 0.9]
    table, _ = audit(data, splits, both_strands=both_strands, exact="all")
    place = {name: i for i, name in enumerate(names)}
    scores = np.array([[score(a, b, both_strands) for b in sequences] for a in sequences])
    rows = table.set_index(["repeat", "fold", "record"])
    for (repeat, fold), part in splits.groupby(["repeat", "fold"]):
        seen = sorted(place[name] for name in part.loc[part["role"] != "test", "record"])
        for name in part.loc[part["role"] == "test", "record"]:
            row = rows.loc[repeat, fold, name]
            to_seen = scores[place[name], seen]
            assert row["score"] == to_seen.max(initial=0)
            if row["kind"] not in ("copy", "reverse complement") and row["score"]:
                assert row["neighbour"] == names[seen[to_seen.argmax()]]
            assert row["leaked"] == (row["score"] >= 20) or row["kind"] in (
                "copy",
                "reverse complement",
            )
            assert row["exact"]
    assert len(table) == (splits["role"] == "test").sum()


@pytest.mark.parametrize("both_strands", [True, False])
def test_the_search_finds_what_exact_comparison_finds(both_strands):
    random = np.random.default_rng(8)
    data = dataset(families(random, 400, (60, 300)))
    splits = k_folds(data.records["record"], random, 5, 3)
    options = {"threshold": 24, "both_strands": both_strands}
    exact, _ = audit(data, splits, exact="all", **options)
    found, report = audit(data, splits, exact=0, **options)
    related = exact["leaked"]
    assert related.sum() > 300
    assert (found["leaked"][related]).mean() > 0.99
    assert (found["score"][related] == exact["score"][related]).mean() > 0.98
    assert (found["score"] <= exact["score"]).all()
    assert not found["exact"].any()
    assert report["residual_leak"]["share"] is None
    assert not report["residual_leak"]["complete"]


def test_long_records():
    random = np.random.default_rng(9)
    genomes = [draw(random, 20_000) for _ in range(4)]
    genomes[1][15_000:15_400] = reverse_complement(mutate(random, genomes[0][2000:2400], 0.1))
    genomes[3] = np.roll(mutate(random, genomes[2], 0.05), 500)
    short = mutate(random, genomes[0][7000:7150], 0.05)
    data = dataset([*genomes, short, draw(random, 150)])
    table, report = audit(data, one_fold(data, "tTtTTT"), threshold=60)
    found = table.set_index("record")
    assert found["kind"].to_list() == ["relative", "near copy", "near copy", "none"]
    assert found["neighbour"].to_list()[:3] == ["r0000", "r0002", "r0000"]
    assert found["strand"].to_list()[:3] == ["-", "+", "+"]
    assert found.loc["r0003", "score"] > 16_000
    assert report["exact_records"] > 0  # the short ones fit the budget


def test_simple_repeats_do_not_make_relatives():
    random = np.random.default_rng(10)
    tail = np.tile([0, 1], 25).astype(np.uint8)
    row, _ = one_record([np.append(draw(random, 80), tail), np.append(draw(random, 80), tail)])
    assert row["kind"] == "none"
    assert row["score"] < 20


# What it must not depend on


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["all", 0, 7]))
def test_order_and_strand_do_not_matter(seed, exact):
    random = np.random.default_rng(seed)
    sequences = families(random, 40)
    sequences += [sequences[0], reverse_complement(sequences[1]), sequences[2]]
    targets = random.integers(0, 3, len(sequences))
    data = dataset(sequences, targets)
    names = data.records["record"]
    splits = k_folds(names, random)
    before, report = audit(data, splits, exact=exact, seed=3)
    order = random.permutation(len(sequences))
    shuffled = dataset([sequences[i] for i in order], targets[order], names[order].to_list())
    mixed = splits.sample(frac=1, random_state=seed)
    after, other_report = audit(shuffled, mixed, exact=exact, seed=3, threads=1)
    pd.testing.assert_frame_equal(before, after)
    for given_report in (report, other_report):
        del given_report["seconds"]
    assert report == other_report
    flip = random.random(len(sequences)) < 0.5
    turned = [reverse_complement(s) if f else s for s, f in zip(sequences, flip, strict=True)]
    after, _ = audit(dataset(turned, targets), splits, exact=exact, seed=3)
    aligned = ~before["kind"].isin(["copy", "reverse complement"])
    pd.testing.assert_frame_equal(
        before.loc[aligned].drop(columns="strand"), after.loc[aligned].drop(columns="strand")
    )
    assert (before["leaked"] == after["leaked"]).all()


def test_the_number_of_threads_does_not_matter():
    random = np.random.default_rng(11)
    data = dataset(families(random, 200))
    splits = k_folds(data.records["record"], random)
    tables = [audit(data, splits, exact=30, threads=threads)[0] for threads in (1, 3)]
    pd.testing.assert_frame_equal(*tables)


def test_many_folds_need_more_than_a_word_of_bits():
    random = np.random.default_rng(12)
    data = dataset(families(random, 80))
    splits = k_folds(data.records["record"], random, 5, 16)
    exact, _ = audit(data, splits, exact="all")
    found, _ = audit(data, splits, exact=0)
    related = exact["leaked"]
    assert (found["score"][related] == exact["score"][related]).mean() > 0.98


def test_repeats_of_a_fixed_test_set_are_compared_once():
    random = np.random.default_rng(13)
    data = dataset(families(random, 60))
    roles = random.choice(list("ttT"), 60)
    parts = []
    for repeat in range(1, 5):
        chosen = [("v" if x == "t" and random.random() < 0.2 else x) for x in roles]
        parts.append(one_fold(data, chosen).assign(repeat=repeat))
    splits = pd.concat(parts)
    assert take_sides(data, splits, alone(data), True, Nucleotides(True).plain).tested.shape[1] == 1
    table, report = audit(data, splits)
    role = splits.set_index(["repeat", "record"])["role"]
    shown = role[pd.MultiIndex.from_frame(table[["repeat", "neighbour"]])]
    assert (shown.to_numpy() == table["neighbour_role"]).all()
    assert table["neighbour_role"].nunique() == 2
    assert report["test_records"] == (roles == "T").sum() == len(table) / 4


# What it must withstand


def test_unknown_letters_alone_are_no_copies():
    random = np.random.default_rng(23)
    blank, codes = np.full(60, UNKNOWN, np.uint8), np.full(60, UNKNOWN + 3, np.uint8)
    data = dataset([blank, codes, blank, codes, blank, draw(random, 60)])
    table, report = audit(data, one_fold(data, "ttTTvT"))
    assert table["neighbour"].to_list() == ["", "", ""]
    assert table["similarity"].to_list() == [0, 0, 0]
    assert table["kind"].to_list() == ["none"] * 3
    assert report["all_unknown"] == {"test": 2, "seen": 3}
    assert report["residual_leak"]["complete"]
    assert report["duplicates"]["copies"] == 0
    assert any("unknown letters alone" in line for line in report["lines"])


@pytest.mark.parametrize("exact", ["auto", 0])
@pytest.mark.parametrize("threshold", [None, 20])
@pytest.mark.parametrize(
    ("letters", "roles", "kinds"),
    [
        (["ACGTTGCATG", "ACGTTGCATG"], "tT", ["copy"]),
        (["ACG", "ACG", "T", "TT"], "tTTt", ["copy", "none"]),
        (["ACGTA", "TTGAC"], "tT", ["none"]),
        (["NNNN", "NNNN"], "tT", ["none"]),
        (["ACGGTCAAGT" * 9] * 30, "t" * 20 + "T" * 10, ["copy"] * 10),
        (["ACGGTCAAGTTTGACATT" * 9] * 2, "TT", ["none"] * 2),
    ],
)
def test_odd_data(letters, roles, kinds, threshold, exact):
    data = dataset([np.array([LETTERS.index(x) for x in s], np.uint8) for s in letters])
    one_group = alone(data).assign(cluster=0)
    table, report = audit(data, one_fold(data, roles), one_group, threshold=threshold, exact=exact)
    assert table["kind"].to_list() == kinds
    assert report["threshold_source"] == ("calibrated" if threshold is None else "grouping")
    assert report["threshold"] >= 8


def test_many_copies_cost_little():
    random = np.random.default_rng(24)
    distinct = [draw(random, 60) for _ in range(3)]
    data = dataset([distinct[i % 3] for i in range(20_000)], targets=random.random(20_000))
    roles = random.choice(list("tT"), 20_000)
    table, report = audit(data, one_fold(data, roles))
    assert (table["kind"] == "copy").all()
    assert table["conflict"].all()
    assert table["neighbour"].nunique() <= 6
    assert report["seconds"] < 10


def test_a_large_family_in_a_split_of_its_own():
    random = np.random.default_rng(25)
    founder = draw(random, 100)
    data = dataset([mutate(random, founder, 0.1) for _ in range(600)])
    roles = random.choice(list("ttT"), 600)
    one_group = alone(data).assign(cluster=0)
    found = [audit(data, one_fold(data, roles), one_group, exact=exact) for exact in (0, "all")]
    for table, report in found:
        assert table["leaked"].all()
        assert report["verdict"] == "leaks"
    scores = [table["score"].mean() for table, _ in found]
    assert scores[0] == pytest.approx(scores[1], rel=0.02)


# The script, and real data


def test_the_script_writes_both_files(tmp_path):
    random = np.random.default_rng(26)
    sequences = [draw(random, 60) for _ in range(12)]
    data = dataset([*sequences, sequences[0]], names=["NA", *[str(i) for i in range(12)]])
    write_dataset(tmp_path, data)
    alone(data).to_csv(tmp_path / "clusters.tsv", sep="\t", index=False)
    one_fold(data, "tttttttttTTTT").to_parquet(tmp_path / "splits.parquet")
    (tmp_path / "split_summary.json").write_text('{"mode": "own split"}')
    (tmp_path / "grouping.json").write_text('{"by": "homology", "threshold": 22}')
    snakemake = SimpleNamespace(
        log=[],
        threads=1,
        input=SimpleNamespace(
            tokens=tmp_path / "tokens.npy",
            clusters=tmp_path / "clusters.tsv",
            grouping=tmp_path / "grouping.json",
            splits=tmp_path / "splits.parquet",
            split_summary=tmp_path / "split_summary.json",
        ),
        output=SimpleNamespace(leakage=tmp_path / "leakage.tsv", audit=tmp_path / "leakage.json"),
        params=SimpleNamespace(audit={"exact": "auto"}, both_strands=True, seed=1),
    )
    script.main(snakemake)
    table = pd.read_csv(tmp_path / "leakage.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert list(table) == COLUMNS
    assert table.set_index("record").loc["11", "neighbour"] == "NA"
    report = json.loads((tmp_path / "leakage.json").read_text())
    assert (report["threshold"], report["threshold_source"]) == (22, "grouping")
    assert (report["mode"], report["test_records"]) == ("own split", 4)
    (tmp_path / "grouping.json").write_text('{"by": "sequence"}')
    script.main(snakemake)
    report = json.loads((tmp_path / "leakage.json").read_text())
    assert report["threshold_source"] == "calibrated"


@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared/data beside the checkout")
@pytest.mark.parametrize(
    ("name", "task", "label", "options", "expected"),
    [
        ("gue_prom_core_tata", "binary", "label", {}, {"copy": 18, "conflicts": 1}),
        ("ecoli_sigma", "multiclass", "sigma", {}, {"reverse complement": 4, "near copy": 228}),
        pytest.param(
            *("nrc_ncrna", "multiclass", "family_class"),
            *({"length_to": 1182, "anchor": "left"}, {"copy": 347, "conflicts": 0}),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *("rbp_pum2", "binary", "label", {}, {"copy": 9, "conflicts": 6}),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_known_leaks_of_real_data(name, task, label, options, expected):
    folder = SHARED / name
    fasta = next(folder.glob("sequences.fasta*"))
    records = read_fasta_records(fasta, Columns((label,)), table=folder / "labels.tsv")
    data = prepare_dataset(task, records, **options)
    files = {"train": "train_ids.txt", "validation": "val_ids.txt", "test": "test_ids.txt"}
    splits = pd.concat(
        pd.DataFrame({"record": (folder / file).read_text().split(), "role": role})
        for role, file in files.items()
        if (folder / file).exists()
    ).assign(repeat=1, fold=0)
    stranded = name == "rbp_pum2"
    _, report = audit(data, splits, threshold=40, both_strands=not stranded, exact=0)
    found = {kind: count["records"] for kind, count in report["kinds"].items()}
    found["conflicts"] = report["conflicts"]
    assert expected.items() <= found.items()
    assert report["verdict"] == "leaks"
    if stranded:
        assert report["all_unknown"] == {"test": 8, "seen": 24}
    if name == "gue_prom_core_tata":
        assert report["duplicates"] == {"copies": 85, "reverse_complements": 0, "conflicting": 15}


def test_complements_of_ambiguity_codes_are_turned_too():
    random = np.random.default_rng(27)
    one = draw(random, 60)
    one[20] = LETTERS.index("R")
    row, _ = one_record([one, complement_tokens[one][::-1]])
    assert row["kind"] == "reverse complement"
