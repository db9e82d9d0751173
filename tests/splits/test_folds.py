"""Folds, roles, the user's own split and its errors."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqarena.errors import InputError
from seqarena.splits.folds import kfold, own_split, read_id_list, summarise_splits

CLASSES = ["neg", "pos"]


def grouped(n=300, n_groups=150, seed=0):
    random = np.random.default_rng(seed)
    records = [f"r{i}" for i in range(n)]
    return pd.DataFrame({"record": records, "cluster": random.integers(0, n_groups, n)})


def labels(n=300, share=0.3, seed=1):
    return (np.random.default_rng(seed).random(n) < share).astype(np.int64)


def with_clusters(splits, clusters):
    return splits.merge(clusters, on="record")


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 6), st.integers(1, 3), st.integers(0, 10**6), st.booleans())
def test_kfold_is_a_partition_that_keeps_groups_whole(folds, repeats, seed, stratify):
    clusters, targets = grouped(seed=seed), labels(seed=seed + 1)
    splits = kfold(clusters, targets, "binary", folds, repeats, seed, stratify)
    assert list(splits) == ["record", "repeat", "fold", "role"]
    assert len(splits) == len(clusters) * folds * repeats
    assert set(splits["repeat"]) == set(range(1, repeats + 1))
    assert set(splits["fold"]) == set(range(folds))
    for role in ("test", "validation"):
        once = splits[splits["role"] == role].groupby(["repeat", "record"]).size()
        assert len(once) == len(clusters) * repeats
        assert (once == 1).all()
    roles = with_clusters(splits, clusters).groupby(["repeat", "fold", "cluster"])["role"]
    assert roles.nunique().max() == 1
    test = splits[splits["role"] == "test"].set_index(["repeat", "record"])["fold"]
    validation = splits[splits["role"] == "validation"].set_index(["repeat", "record"])["fold"]
    assert ((validation + 1) % folds == test.loc[validation.index]).all()


@pytest.mark.parametrize("n_groups", [150, 10**9])
def test_folds_are_stratified(n_groups):
    clusters, targets = grouped(1000, n_groups), labels(1000)
    splits = kfold(clusters, targets, "binary", 5, 2, 0)
    summary = summarise_splits(splits, targets, "binary", CLASSES, clusters)
    for entry in summary["roles"]:
        share = entry["class_counts"]["pos"] / entry["n"]
        assert share == pytest.approx(targets.mean(), abs=0.03)
        assert entry["n"] == pytest.approx({"train": 600}.get(entry["role"], 200), abs=12)


def test_regression_folds_are_stratified_on_quantiles():
    clusters, targets = grouped(1000, 600), np.random.default_rng(0).lognormal(size=1000)
    splits = kfold(clusters, targets, "regression", 5, 1, 0)
    position = splits["record"].str[1:].astype(int)
    high = (targets > np.quantile(targets, 0.9))[position]
    shares = splits.assign(high=high)[splits["role"] == "test"].groupby("fold")["high"].mean()
    assert shares.between(0.07, 0.13).all()
    summary = summarise_splits(splits, targets, "regression", None, clusters)
    test = [entry for entry in summary["roles"] if entry["role"] == "test"]
    mean = np.average([e["target_mean"] for e in test], weights=[e["n"] for e in test])
    assert mean == pytest.approx(targets.mean())


def test_regression_with_few_values_and_ties_can_be_split():
    clusters = grouped(12, 10**6)
    splits = kfold(clusters, np.repeat([0.0, 1.0], 6), "regression", 3, 1, 0)
    assert (splits[splits["role"] == "test"].groupby("fold").size() == 4).all()
    with pytest.raises(InputError, match="All train records have the same label"):
        kfold(clusters, np.zeros(12), "regression", 3, 1, 0)


def test_same_seed_same_split_and_repeats_differ():
    clusters, targets = grouped(), labels()
    first, second = (kfold(clusters, targets, "binary", 5, 2, 3) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    roles = [part["role"].to_list() for _, part in first.groupby("repeat")]
    assert roles[0] != roles[1]
    assert not first.equals(kfold(clusters, targets, "binary", 5, 2, 4))


def test_fewer_records_of_a_class_than_folds():
    targets = np.zeros(300, dtype=int)
    targets[:3] = 1
    with pytest.raises(InputError, match=r"Class 'pos' has 3 records, fewer than the 5 folds"):
        kfold(grouped(), targets, "binary", 5, 1, 0, classes=CLASSES)
    with pytest.raises(InputError, match=r"Class 'none' has 0 records"):
        kfold(grouped(), labels(), "multiclass", 5, 1, 0, classes=[*CLASSES, "none"])


def test_fewer_groups_of_a_class_than_folds():
    clusters, targets = grouped(), np.zeros(300, dtype=int)
    targets[:10] = 1
    clusters.loc[:9, "cluster"] = np.repeat([1000, 1001], 5)
    with pytest.raises(InputError, match=r"'pos' has 10 records in only 2 groups, .* 5 folds"):
        kfold(clusters, targets, "binary", 5, 1, 0, classes=CLASSES)


def test_groups_so_large_that_train_lacks_a_class_are_refused():
    sizes, classes = [5, 1, 40, 40, 40, 200], [0, 0, 0, 1, 0, 1]
    groups, targets = np.repeat(np.arange(6), sizes), np.repeat(classes, sizes)
    targets[4] = 1
    clusters = pd.DataFrame({"record": [f"r{i}" for i in range(326)], "cluster": groups})
    with pytest.raises(InputError, match=r"none in train[\s\S]*another number of folds"):
        kfold(clusters, targets, "binary", 3, 1, 0, classes=CLASSES)


def test_fewer_groups_than_folds_and_too_few_folds():
    clusters = grouped().assign(cluster=0)
    with pytest.raises(InputError, match="form 1 group, fewer than the 5 folds"):
        kfold(clusters, np.arange(300.0), "regression", 5, 1, 0)
    with pytest.raises(InputError, match="at least 3 folds"):
        kfold(grouped(), labels(), "binary", 2, 1, 0)


def test_a_group_larger_than_a_fold_is_noticed():
    clusters, targets = grouped(), labels()
    clusters.loc[:89, "cluster"] = 999
    splits = kfold(clusters, targets, "binary", 5, 1, 0)
    summary = summarise_splits(splits, targets, "binary", CLASSES, clusters)
    assert summary["mode"] == "k-fold"
    assert summary["largest_group"] == 90
    assert [n["count"] for n in summary["notices"] if "largest group" in n["what"]] == [90]
    json.dumps(summary, allow_nan=False)


def write(folder, **lists):
    paths = {}
    for role, names in lists.items():
        paths[role] = folder / f"{role}.txt"
        paths[role].write_text("# header\n" + "".join(f"{name}\n" for name in names))
    return paths


def test_own_split_by_lists_is_taken_as_it_is(tmp_path):
    clusters, targets = grouped(30), labels(30, 0.5)
    names = clusters["record"].to_list()
    paths = write(tmp_path, train=names[:15], validation=names[15:20], test=names[20:28])
    splits = own_split(clusters, targets, "binary", **paths, repeats=2)
    for _, part in splits.groupby("repeat"):
        roles = part.set_index("record")["role"]
        assert roles.to_list() == ["train"] * 15 + ["validation"] * 5 + ["test"] * 8
        assert set(part["fold"]) == {0}
    summary = summarise_splits(splits, targets, "binary", CLASSES, clusters)
    assert summary["mode"] == "own split"
    assert summary["unused"] == 2
    assert {"what": "records in no role, so not used", "count": 2} in summary["notices"]


def test_train_records_that_are_all_alike_are_refused():
    roles = pd.Series(["train"] * 10 + ["test"] * 10 + [""] * 10)
    with pytest.raises(InputError, match="All train records have the same label"):
        own_split(grouped(30), np.repeat([0, 0, 1], 10), "binary", column=roles, classes=CLASSES)
    with pytest.raises(InputError, match="All train records have the same label"):
        own_split(grouped(30), np.repeat([0.5, 1, 2], 10), "regression", column=roles)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.07, 0.15, 0.3, 0.33, 0.4, 0.45, 0.49])
@pytest.mark.parametrize("n_groups", [40, 10**6])
def test_the_share_that_was_asked_for_validates(share, n_groups):
    clusters, roles = grouped(800, n_groups), pd.Series(["train"] * 700 + ["test"] * 100)
    splits = own_split(clusters, labels(800), "binary", column=roles, validation_fraction=share)
    validating = (splits["role"] == "validation").sum() / 700
    assert validating == pytest.approx(share, abs=0.03)


def test_validation_is_carved_out_of_train_by_cluster(tmp_path):
    clusters, targets = grouped(), labels()
    names = clusters["record"].to_list()
    paths = write(tmp_path, train=names[:200], test=names[200:])
    options = {"repeats": 3, "validation_fraction": 0.2, "seed": 5, "classes": CLASSES}
    splits = own_split(clusters, targets, "binary", **paths, **options)
    assert set(splits.loc[splits["role"] == "test", "record"]) == set(names[200:])
    chosen = []
    for _, part in splits.groupby("repeat"):
        validation = part[part["role"] == "validation"]["record"]
        assert set(validation) < set(names[:200])
        assert 30 <= len(validation) <= 50
        inside = with_clusters(part[part["role"] != "test"], clusters)
        assert inside.groupby("cluster")["role"].nunique().max() == 1
        chosen.append(frozenset(validation))
    assert len(set(chosen)) == 3
    again = own_split(clusters, targets, "binary", **paths, **options)
    pd.testing.assert_frame_equal(splits, again)


def test_carving_leaves_train_every_class():
    clusters = pd.DataFrame({"record": [f"r{i}" for i in range(12)], "cluster": range(12)})
    targets = np.array([0] * 8 + [1, 1] + [0, 1])
    column = pd.Series(["train"] * 10 + ["test"] * 2)
    for seed in range(10):
        splits = own_split(clusters, targets, "binary", column=column, seed=seed)
        train = splits.loc[splits["role"] == "train", "record"].str[1:].astype(int)
        assert set(targets[train]) == {0, 1}
    one_group_a_class = clusters.assign(cluster=targets)
    with pytest.raises(InputError, match="without losing a whole class"):
        own_split(one_group_a_class, targets, "binary", column=column)
    with pytest.raises(InputError, match="belong to one group"):
        own_split(clusters.assign(cluster=0), targets, "binary", column=column)


def test_role_column_accepts_the_usual_words():
    words = ["Train", "training", "val", "dev", "valid", "validation", " TEST ", None, "", np.nan]
    clusters = grouped(10)
    column = pd.Series(words, dtype=object)
    splits = own_split(clusters, np.arange(10.0), "regression", column=column)
    roles = ["train"] * 2 + ["validation"] * 4 + ["test"]
    assert splits["role"].to_list() == roles
    with pytest.raises(InputError, match=r"'holdout', which is no role[\s\S]*record r3"):
        own_split(clusters, labels(10), "binary", column=column.replace("dev", "holdout"))
    with pytest.raises(InputError, match="no record the role test"):
        own_split(clusters, labels(10), "binary", column=column.replace(" TEST ", "train"))


def test_errors_of_own_lists_name_file_and_line(tmp_path):
    clusters, targets = grouped(30), labels(30, 0.5)
    names = clusters["record"].to_list()

    def split(**lists):
        return own_split(clusters, targets, "binary", **write(tmp_path, **lists))

    with pytest.raises(InputError, match=r"test list names 'nobody'[\s\S]*test\.txt, line 4"):
        split(train=names[:10], test=[*names[10:12], "nobody"])
    with pytest.raises(InputError) as twice:
        split(train=names[:10], test=[names[12], names[3]])
    assert "train.txt, line 5" in str(twice.value)
    assert "test.txt, line 3" in str(twice.value)
    assert twice.value.record == "r3"
    with pytest.raises(InputError, match=r"'r0' is listed twice, first in line 2[\s\S]*line 3"):
        split(train=["r0", "r0"], test=names[5:])
    with pytest.raises(InputError, match="list of records is empty"):
        split(train=names[:5], test=[])
    with pytest.raises(InputError, match="no list of test records"):
        split(train=names[:5])
    with pytest.raises(InputError, match="there is no such file"):
        own_split(clusters, targets, "binary", train=tmp_path / "a", test=tmp_path / "b")
    with pytest.raises(ValueError, match="either lists"):
        own_split(clusters, targets, "binary")


def test_train_must_have_every_class(tmp_path):
    clusters, targets = grouped(30), np.repeat([0, 1], 15)
    column = pd.Series(["train"] * 15 + ["test"] * 15)
    with pytest.raises(InputError, match="Class 'pos' has 15 records in the split but none in"):
        own_split(clusters, targets, "binary", column=column, classes=CLASSES)


def test_a_group_on_both_sides_of_an_own_split_is_noticed():
    clusters, targets = grouped(30, 10**9), labels(30, 0.5)
    clusters["cluster"] = range(30)
    clusters.loc[[0, 28, 29], "cluster"] = 0
    column = pd.Series(["train"] * 20 + ["val"] * 5 + ["test"] * 5)
    splits = own_split(clusters, targets, "binary", column=column)
    notices = summarise_splits(splits, targets, "binary", CLASSES, clusters)["notices"]
    assert {"what": "test records whose group has records in train too", "count": 2} in notices


def test_id_list_takes_windows_lines_and_refuses_other_files(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_bytes("\ufeffa\r\n\r\n b \r\n".encode())
    assert read_id_list(path) == {"a": 1, "b": 3}
    path.write_bytes(b"\xff\xfe\x00\x1f")
    with pytest.raises(InputError, match="not text in UTF-8"):
        read_id_list(path)
