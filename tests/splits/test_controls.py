"""Inputs of controls: what they take away, what they must leave, and what they must not depend on.

The folds here are made by hand, so that each test says what it needs of them.
"""

import json
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import make_control as script
from seqarena.data.alphabet import UNKNOWN
from seqarena.data.dataset import Dataset, read_dataset, write_dataset
from seqarena.splits.controls import (
    make_control,
    permute_labels,
    reduce_training,
    shuffle_sequences,
)


def shuffle_rows(names, matrix, seed):
    offsets = np.arange(len(matrix) + 1) * matrix.shape[1]
    shuffled, notices = shuffle_sequences(names, matrix.ravel(), offsets, seed)
    return shuffled.reshape(matrix.shape), notices


def dataset(targets, length=12, task="binary", seed=0, matrix=None):
    targets = np.asarray(targets)
    random = np.random.default_rng(seed)
    n = len(targets)
    if matrix is None:
        matrix = random.integers(0, 4, (n, length), dtype=np.uint8)
    records = pd.DataFrame(
        {
            "record": [f"r{i:03d}" for i in range(n)],
            "label": targets,
            "length": matrix.shape[1],
            "gc": np.isin(matrix, (1, 2)).mean(axis=1),
        }
    )
    classes = None if task == "regression" else [f"c{k}" for k in range(int(targets.max()) + 1)]
    summary = {
        "task": task,
        "target": "label",
        "targets": ["label"],
        "classes": classes,
        "records": n,
    }
    summary |= {"length": matrix.shape[1], "notices": [{"what": "of the source", "count": 1}]}
    ends = np.arange(n + 1, dtype=np.int64) * matrix.shape[1]
    return Dataset(matrix.reshape(-1), ends, records, summary)


def clusters_of(data, groups):
    return pd.DataFrame({"record": data.records["record"], "cluster": groups})


def folds(names, fold_of, always=()):
    """Fold k is test, fold k + 1 validation; -1 is always train."""
    fold_of = np.asarray(fold_of)
    number, tables = fold_of.max() + 1, []
    for fold in range(number):
        role = np.full(len(names), "train", dtype=object)
        role[fold_of == (fold + 1) % number] = "validation"
        role[fold_of == fold] = "test"
        tables.append(pd.DataFrame({"record": names, "repeat": 1, "fold": fold, "role": role}))
    return pd.concat(tables, ignore_index=True)


def fixed(names, roles):
    table = pd.DataFrame({"record": names, "repeat": 1, "fold": 0, "role": roles})
    return table[table["role"] != ""]


@st.composite
def arenas(draw):
    """Labels, groups (whole in one fold) and folds, of which -1 always trains."""
    number, more = draw(st.integers(3, 5)), draw(st.integers(0, 8))
    n_groups = number + more
    sizes = draw(st.lists(st.integers(1, 6), min_size=n_groups, max_size=n_groups))
    others = draw(st.lists(st.integers(-1, number - 1), min_size=more, max_size=more))
    fold_of_group = [*range(number), *others]
    groups = np.repeat(np.arange(n_groups), sizes)
    fold_of = np.array(fold_of_group)[groups]
    labels = draw(st.lists(st.integers(0, 2), min_size=len(groups), max_size=len(groups)))
    order = np.array(draw(st.permutations(range(len(groups)))))
    names = pd.Series([f"r{i:03d}" for i in range(len(groups))])
    return names, np.array(labels)[order], groups[order], fold_of[order]


@settings(max_examples=60, deadline=None)
@given(arenas(), st.integers(0, 10))
def test_each_fold_keeps_exactly_its_labels(arena, seed):
    names, labels, groups, fold_of = arena
    permuted, _ = permute_labels(names, labels, groups, folds(names, fold_of), seed)
    for fold in np.unique(fold_of):
        assert Counter(permuted[fold_of == fold]) == Counter(labels[fold_of == fold])


@settings(max_examples=60, deadline=None)
@given(arenas(), st.integers(0, 10), st.integers(0, 1000))
def test_neither_order_nor_numbers_of_groups_matter(arena, seed, other):
    names, labels, groups, fold_of = arena
    random = np.random.default_rng(other)
    order, numbers = random.permutation(len(names)), random.permutation(groups.max() + 1)
    splits = folds(names, fold_of)
    shuffled_splits = splits.sample(frac=1, random_state=other)
    moved = names[order].reset_index(drop=True)
    one, _ = permute_labels(names, labels, groups, splits, seed)
    two, _ = permute_labels(moved, labels[order], numbers[groups[order]], shuffled_splits, seed)
    assert np.array_equal(one[order], two)
    for fraction in (0.2, 0.6):
        small = reduce_training(names, labels, groups, splits, fraction, seed)
        again = reduce_training(
            moved, labels[order], numbers[groups[order]], shuffled_splits, fraction, seed
        )
        columns = list(small)
        assert set(map(tuple, small.to_numpy())) == set(map(tuple, again[columns].to_numpy()))


def test_records_without_a_role_keep_their_label_and_roles_their_labels():
    random = np.random.default_rng(0)
    roles = random.choice(["train", "validation", "test", ""], 400)
    labels = random.integers(0, 3, 400)
    names = pd.Series([f"r{i:03d}" for i in range(400)])
    groups = random.integers(0, 100, 400)  # many in several roles
    permuted, notices = permute_labels(names, labels, groups, fixed(names, roles), 1)
    assert np.array_equal(permuted[roles == ""], labels[roles == ""])
    for role in ("train", "validation", "test"):
        inside = roles == role
        assert Counter(permuted[inside]) == Counter(labels[inside])
        assert not np.array_equal(permuted[inside], labels[inside])
    assert notices == [
        {"what": "records with another label than before", "count": (permuted != labels).sum()}
    ]


def test_groups_of_one_size_exchange_their_labels_whole():
    groups = np.repeat(np.arange(40), 5)
    labels = np.where(groups[:, None] % 2, [1, 1, 1, 1, 0], 0)[np.arange(200), np.arange(200) % 5]
    names = pd.Series([f"r{i:03d}" for i in range(200)])
    permuted, _ = permute_labels(names, labels, groups, fixed(names, ["test"] * 200), 3)
    counts = permuted.reshape(40, 5).sum(axis=1)
    assert sorted(counts) == [0] * 20 + [4] * 20
    assert not np.array_equal(counts, labels.reshape(40, 5).sum(axis=1))
    # Inside a group, too, nothing says which record is the odd one.
    odd = {int(np.argmin(part)) for part in permuted.reshape(40, 5)[counts == 4]}
    assert len(odd) > 1


def test_a_large_group_stays_in_few_clumps():
    """A group of 60 equal labels covers small groups whole, but for one at either end."""
    groups = np.concatenate([np.zeros(60, int), np.repeat(np.arange(1, 49), 5)])
    labels = (groups == 0).astype(int)
    names = pd.Series([f"r{i:03d}" for i in range(300)])
    for seed in range(20):
        permuted, _ = permute_labels(names, labels, groups, fixed(names, ["test"] * 300), seed)
        mixed = [0 < permuted[groups == g].sum() < 5 for g in range(1, 49)]
        assert sum(mixed) <= 2


def test_labels_and_groups_become_independent():
    """Over many seeds each record gets each label as often as it occurs."""
    groups = np.concatenate([np.repeat(np.arange(10), 4), np.arange(10, 30)])
    labels = (groups % 3 == 0).astype(int)
    names = pd.Series([f"r{i:03d}" for i in range(60)])
    splits = fixed(names, ["test"] * 60)
    drawn = np.array([permute_labels(names, labels, groups, splits, s)[0] for s in range(2000)])
    p = labels.mean()
    z = (drawn.mean(axis=0) - p) / np.sqrt(p * (1 - p) / 2000)
    assert np.abs(z).max() < 4.5
    agreement = np.array([np.corrcoef(row, labels)[0, 1] for row in drawn[:500]])
    assert abs(agreement.mean()) < 4 * agreement.std() / np.sqrt(500)


def test_pairs_of_one_label_each_are_torn_apart():
    """Where each positive is grouped with its negative, groups are alike: labels move inside."""
    labels = np.tile([0, 1], 100)
    names = pd.Series([f"r{i:03d}" for i in range(200)])
    splits = fixed(names, ["test"] * 200)
    permuted, notices = permute_labels(names, labels, np.repeat(np.arange(100), 2), splits, 0)
    assert 60 < (permuted != labels).sum() < 140
    assert (permuted.reshape(100, 2).sum(axis=1) == 1).all()
    assert len(notices) == 1


def test_what_cannot_be_permuted_is_said():
    names = pd.Series([f"r{i:03d}" for i in range(30)])
    fold_of = np.repeat([0, 1, 2], 10)
    labels = np.concatenate([np.zeros(10, int), np.tile([0, 1], 10)])
    permuted, notices = permute_labels(names, labels, np.arange(30), folds(names, fold_of), 0)
    assert (permuted[:10] == 0).all()
    said = {entry["what"]: entry["count"] for entry in notices}
    assert said["records whose labels can't be permuted: all of their fold or role are alike"] == 10


def test_values_of_a_regression_are_permuted():
    data = dataset(np.random.default_rng(0).normal(size=90), task="regression")
    splits = folds(data.records["record"], np.arange(90) % 3)
    clusters = clusters_of(data, np.arange(90) // 2)
    changed, _ = make_control("permuted_labels", data, splits, clusters, 4)
    assert sorted(changed.targets) == sorted(data.targets)
    assert changed.targets.dtype == float
    assert (changed.targets != data.targets).mean() > 0.8


@pytest.mark.parametrize("control", ["permuted_labels", "shuffled_input", "size40"])
def test_another_seed_is_another_control(control):
    data = dataset(np.arange(120) % 2)
    splits = folds(data.records["record"], np.arange(120) % 3)
    clusters = clusters_of(data, np.arange(120))
    made = [make_control(control, data, splits, clusters, seed) for seed in (1, 1, 2)]
    parts = [
        (d.targets.tolist(), d.tokens.tolist(), s["record"].tolist(), s["role"].tolist())
        for d, s in made
    ]
    assert parts[0] == parts[1] != parts[2]


def pairs_of(tokens):
    return Counter(zip(tokens[:-1].tolist(), tokens[1:].tolist(), strict=True))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.lists(st.integers(0, 14), max_size=20), st.integers(0, 5)),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 5),
)
def test_a_shuffled_record_keeps_padding_dinucleotides_and_ends(parts, seed):
    matrix = np.full((len(parts), 30), UNKNOWN, dtype=np.uint8)
    for row, (start, letters, _) in zip(matrix, parts, strict=True):
        row[start : start + len(letters)] = letters
    names = pd.Series([f"r{i}" for i in range(len(parts))])
    shuffled, notices = shuffle_rows(names, matrix, seed)
    for old, new in zip(matrix, shuffled, strict=True):
        known = np.flatnonzero(old != UNKNOWN)
        if not len(known):
            assert np.array_equal(old, new)
            continue
        inside = slice(known[0], known[-1] + 1)
        assert (new[: known[0]] == UNKNOWN).all() and (new[known[-1] + 1 :] == UNKNOWN).all()
        assert pairs_of(old[inside]) == pairs_of(new[inside])
        assert (new[inside][0], new[inside][-1]) == (old[inside][0], old[inside][-1])
    same = int((matrix == shuffled).all(axis=1).sum())
    assert sum(entry["count"] for entry in notices) == same
    order = np.random.default_rng(seed).permutation(len(parts))
    again, _ = shuffle_rows(names[order].reset_index(drop=True), matrix[order], seed)
    assert np.array_equal(again, shuffled[order])


def test_copies_are_shuffled_apart():
    random = np.random.default_rng(0)
    matrix = np.repeat(random.integers(0, 4, (1, 100), dtype=np.uint8), 5, axis=0)
    shuffled, notices = shuffle_rows(pd.Series(list("abcde")), matrix, 1)
    assert len(np.unique(shuffled, axis=0)) == 5
    assert notices == []
    far = (shuffled != matrix).mean()
    assert far > 0.5


def test_a_shuffled_dataset_keeps_labels_and_composition():
    data = dataset(np.arange(60) % 3, length=40, task="multiclass")
    splits = folds(data.records["record"], np.arange(60) % 4)
    changed, same = make_control(
        "shuffled_input", data, splits, clusters_of(data, np.arange(60)), 1
    )
    pd.testing.assert_frame_equal(changed.records, data.records)
    assert np.allclose(np.isin(changed.matrix, (1, 2)).mean(axis=1), changed.records["gc"])
    assert not np.array_equal(changed.tokens, data.tokens)
    pd.testing.assert_frame_equal(same, splits)
    assert changed.summary["notices"] == []
    assert changed.summary["control"] == "shuffled_input"


def in_train(splits):
    return {
        fold: set(part.loc[part["role"] == "train", "record"])
        for fold, part in splits.groupby("fold")
    }


@settings(max_examples=60, deadline=None)
@given(arenas(), st.integers(0, 10))
def test_a_smaller_training_set_is_made_of_whole_groups_of_each_class(arena, seed):
    names, labels, groups, fold_of = arena
    splits = folds(names, fold_of)
    whole, place = in_train(splits), dict(zip(names, range(len(names)), strict=True))
    larger = whole
    for fraction in (0.99, 0.5, 0.25, 0.1, 0.001):
        reduced = reduce_training(names, labels, groups, splits, fraction, seed)
        others = splits[splits["role"] != "train"].reset_index(drop=True)
        left = reduced[reduced["role"] != "train"].reset_index(drop=True)
        pd.testing.assert_frame_equal(left, others)
        kept = in_train(reduced)
        for fold, records in whole.items():
            assert kept.get(fold, set()) <= larger.get(fold, set())
            rows = [place[record] for record in records]
            chosen = [place[record] for record in kept.get(fold, ())]
            assert set(labels[chosen]) == set(labels[rows])
            assert not set(groups[chosen]) & (set(groups[rows]) - set(groups[chosen]))
            assert sum(np.isin(groups[rows], groups[chosen])) == len(chosen)
        larger = kept


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.9])
def test_about_that_part_of_each_class_is_kept(fraction):
    random = np.random.default_rng(0)
    groups = random.integers(0, 300, 1000)
    labels = (random.random(300) < 0.2).astype(int)[groups]
    names = pd.Series([f"r{i:04d}" for i in range(1000)])
    splits = folds(names, groups % 5)
    whole, kept = (
        in_train(splits),
        in_train(reduce_training(names, labels, groups, splits, fraction, 1)),
    )
    place = dict(zip(names, range(1000), strict=True))
    for fold, records in whole.items():
        assert len(kept[fold]) == pytest.approx(fraction * len(records), abs=10)
        for label in (0, 1):
            of_class = sum(labels[place[r]] == label for r in records)
            kept_of_class = sum(labels[place[r]] == label for r in kept[fold])
            assert kept_of_class == pytest.approx(fraction * of_class, abs=6)
    # Folds choose for themselves: of what two could share they share little more than by chance.
    shared = len(kept[0] & kept[2]) / len(whole[0] & whole[2])
    assert shared == pytest.approx(fraction**2, abs=0.1)


def test_a_giant_group_waits_until_it_fits():
    groups = np.concatenate([np.zeros(100, int), np.arange(1, 101)])
    names = pd.Series([f"r{i:03d}" for i in range(200)])
    splits = fixed(names, ["train"] * 190 + ["validation"] * 5 + ["test"] * 5)
    labels = np.zeros(200, int)
    for seed in range(20):
        kept = in_train(reduce_training(names, labels, groups, splits, 0.2, seed))[0]
        assert not any(record < "r100" for record in kept)
        assert 30 <= len(kept) <= 40


def test_one_group_is_kept_whatever_the_fraction():
    names = pd.Series([f"r{i}" for i in range(9)])
    splits = fixed(names, ["train"] * 5 + ["validation"] * 2 + ["test"] * 2)
    reduced = reduce_training(names, np.arange(9) % 2, np.zeros(9, int), splits, 0.1, 0)
    pd.testing.assert_frame_equal(reduced, splits)


def test_a_regression_keeps_low_and_high_values():
    data = dataset(np.r_[np.zeros(95), np.full(5, 10.0)], task="regression")
    splits = fixed(data.records["record"], (["train"] * 8 + ["validation", "test"]) * 10)
    _, reduced = make_control("size1", data, splits, clusters_of(data, np.arange(100)), 0)
    kept = reduced.loc[reduced["role"] == "train", "record"]
    values = data.records.set_index("record").loc[kept, "label"]
    assert set(values) == {0, 10}


@pytest.mark.parametrize("control", ["seed2", "size50"])
def test_other_seeds_and_sizes_leave_the_records_alone(control):
    data = dataset(np.arange(60) % 2)
    splits = folds(data.records["record"], np.arange(60) % 3)
    two = pd.concat([splits, splits.assign(repeat=2)])
    same, table = make_control(control, data, two, clusters_of(data, np.arange(60)), 1)
    pd.testing.assert_frame_equal(same.records, data.records)
    assert np.array_equal(same.tokens, data.tokens)
    assert set(table["repeat"]) == {1}
    assert len(table) == 180 - 30 * (control == "size50")


def test_clusters_may_have_another_order_but_no_gap():
    data = dataset(np.arange(60) % 2)
    splits = folds(data.records["record"], np.arange(60) % 3)
    clusters = clusters_of(data, np.arange(60) // 4)
    one, _ = make_control("permuted_labels", data, splits, clusters, 1)
    two, _ = make_control("permuted_labels", data, splits, clusters[::-1], 1)
    assert np.array_equal(one.targets, two.targets)
    with pytest.raises(ValueError, match="group again"):
        make_control("permuted_labels", data, splits, clusters[1:], 1)
    with pytest.raises(ValueError, match="no control 'sizes'"):
        make_control("sizes", data, splits, clusters, 1)


@pytest.mark.parametrize("control", ["permuted_labels", "shuffled_input", "seed2", "size25"])
def test_the_script_writes_a_dataset_and_its_split(control, tmp_path):
    data = dataset(np.arange(60) % 2)
    write_dataset(tmp_path / "data", data)
    splits = folds(data.records["record"], np.arange(60) % 3)
    splits.to_parquet(tmp_path / "splits.parquet")
    clusters = clusters_of(data, np.arange(60) // 2)
    clusters.to_csv(tmp_path / "clusters.tsv", sep="\t", index=False)
    inputs = {"tokens": tmp_path / "data/tokens.npy", "splits": tmp_path / "splits.parquet"}
    output = {"tokens": tmp_path / "out/data/tokens.npy", "splits": tmp_path / "out/splits.parquet"}
    script.main(
        SimpleNamespace(
            log=[],
            input=SimpleNamespace(**inputs, clusters=tmp_path / "clusters.tsv"),
            output=SimpleNamespace(**output),
            params=SimpleNamespace(control=control, both_strands=True, seed=1),
        )
    )
    written = read_dataset(tmp_path / "out/data")
    expected, table = make_control(control, data, splits, clusters, 1)
    assert np.array_equal(written.targets, expected.targets)
    assert np.array_equal(written.matrix, expected.matrix)
    again = pd.read_parquet(tmp_path / "out/splits.parquet")
    pd.testing.assert_frame_equal(again, table, check_dtype=False)
    summary = json.loads((tmp_path / "out/data/summary.json").read_text())
    assert summary["control"] == control
    assert summary["class_counts"] == {"c0": 30, "c1": 30}
