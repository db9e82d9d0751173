"""The user's own split: lists, a column of roles, a column of other values."""

import numpy as np
import pandas as pd
import pytest

from seqarena.errors import InputError
from seqarena.splits.own_split import (
    own_split,
    read_id_list,
    roles_from_column,
    roles_from_lists,
    roles_from_values,
)

CLASSES = ["neg", "pos"]


def grouped(n=300, n_groups=150, seed=0):
    random = np.random.default_rng(seed)
    records = [f"r{i}" for i in range(n)]
    return pd.DataFrame({"record": records, "cluster": random.integers(0, n_groups, n)})


def labels(n=300, share=0.3, seed=1):
    return (np.random.default_rng(seed).random(n) < share).astype(np.int64)


def write(folder, **lists):
    paths = {}
    for role, names in lists.items():
        paths[role] = folder / f"{role}.txt"
        paths[role].write_text("# header\n" + "".join(f"{name}\n" for name in names))
    return paths


def given(*counts):
    """Make roles of so many train, test and validation records."""
    return np.repeat(["train", "test", "validation"][: len(counts)], counts).astype(object)


def test_lists_are_taken_as_they_are(tmp_path):
    clusters, targets = grouped(30), labels(30, 0.5)
    names = clusters["record"].to_list()
    paths = write(tmp_path, train=names[:15], validation=names[15:20], test=names[20:28])
    roles = roles_from_lists(clusters["record"], paths)
    assert roles.tolist() == ["train"] * 15 + ["validation"] * 5 + ["test"] * 8 + ["", ""]
    split = own_split(clusters, targets, "binary", roles, repeats=2)
    assert split.mode == "own split"
    assert split.always_train == {"records": 0, "groups": 0, "reasons": []}
    for _, part in split.table.groupby("repeat"):
        assert part["record"].to_list() == names[:28]
        assert part["role"].to_list() == roles[:28].tolist()
        assert set(part["fold"]) == {0}


def test_train_records_that_are_all_alike_are_refused():
    roles = np.array(["train"] * 10 + ["test"] * 10 + [""] * 10, dtype=object)
    with pytest.raises(InputError, match="All train records have the same label"):
        own_split(grouped(30), np.repeat([0, 0, 1], 10), "binary", roles, classes=CLASSES)
    with pytest.raises(InputError, match="All train records have the same label"):
        own_split(grouped(30), np.repeat([0.5, 1, 2], 10), "regression", roles)


def test_train_must_have_records():
    with pytest.raises(InputError, match="No record is in train"):
        own_split(grouped(5), np.arange(5.0), "regression", given(0, 3, 2))


def test_train_must_have_every_class():
    with pytest.raises(InputError, match="Class 'pos' has 15 records in the split but none in"):
        targets = np.repeat([0, 1], 15)
        own_split(grouped(30), targets, "binary", given(15, 15), classes=CLASSES)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.07, 0.15, 0.3, 0.33, 0.4, 0.45, 0.49])
@pytest.mark.parametrize("n_groups", [40, 10**6])
def test_the_share_that_was_asked_for_validates(share, n_groups):
    clusters = grouped(800, n_groups)
    options = {"validation_fraction": share}
    split = own_split(clusters, labels(800), "binary", given(700, 100), **options)
    validating = (split.table["role"] == "validation").sum() / 700
    assert validating == pytest.approx(share, abs=0.03)


def test_validation_is_carved_out_of_train_by_cluster():
    clusters, targets, roles = grouped(), labels(), given(200, 100)
    names = clusters["record"].to_list()
    options = {"repeats": 3, "validation_fraction": 0.2, "seed": 5, "classes": CLASSES}
    table = own_split(clusters, targets, "binary", roles, **options).table
    assert set(table.loc[table["role"] == "test", "record"]) == set(names[200:])
    chosen = []
    for _, part in table.groupby("repeat"):
        validation = part[part["role"] == "validation"]["record"]
        assert set(validation) < set(names[:200])
        assert 36 <= len(validation) <= 44
        inside = part[part["role"] != "test"].merge(clusters, on="record")
        assert inside.groupby("cluster")["role"].nunique().max() == 1
        chosen.append(frozenset(validation))
    assert len(set(chosen)) == 3
    again = own_split(clusters, targets, "binary", roles, **options).table
    pd.testing.assert_frame_equal(table, again)


def test_carving_leaves_train_every_class():
    clusters = pd.DataFrame({"record": [f"r{i}" for i in range(12)], "cluster": range(12)})
    targets, roles = np.array([0] * 8 + [1, 1] + [0, 1]), given(10, 2)
    for seed in range(10):
        table = own_split(clusters, targets, "binary", roles, seed=seed).table
        train = table.loc[table["role"] == "train", "record"].str[1:].astype(int)
        assert set(targets[train]) == {0, 1}
    one_group_a_class = clusters.assign(cluster=targets)
    with pytest.raises(InputError, match="without losing a whole class"):
        own_split(one_group_a_class, targets, "binary", roles)
    with pytest.raises(InputError, match="belong to one group"):
        own_split(clusters.assign(cluster=0), targets, "binary", roles)


def test_a_large_group_is_not_set_aside_where_small_ones_will_do():
    clusters = grouped(300, 10**9)
    clusters.loc[:119, "cluster"] = -1
    for seed in range(20):
        table = own_split(clusters, labels(), "binary", given(200, 100), seed=seed).table
        assert (table["role"] == "validation").sum() == pytest.approx(20, abs=4)


def test_a_column_accepts_the_usual_words():
    words = ["Train", "training", "val", "dev", "valid", "validation", " TEST ", None, "", np.nan]
    records, column = grouped(10)["record"], pd.Series(words, dtype=object)
    roles = ["train"] * 2 + ["validation"] * 4 + ["test"] + [""] * 3
    assert roles_from_column(records, column).tolist() == roles
    with pytest.raises(InputError, match=r"'holdout', which is no role[\s\S]*record r3") as error:
        roles_from_column(records, column.replace("dev", "holdout"))
    assert "split.values" in error.value.remedy
    with pytest.raises(InputError, match="no record the role test"):
        roles_from_column(records, column.replace(" TEST ", "train"))


@pytest.mark.parametrize(
    ("column", "test", "validation"),
    [
        (["1", "2", "10", "X", None], ["1"], ["X"]),
        ([1.0, 2.0, 10.0, np.nan, 3.0], [1], ["3"]),
        (["1.0", "2.0", "10.0", "", "X"], [1], ["X"]),
        ([1, 2, 10, 22, 3], ["1"], [3.0]),
        ([" chr1", "chr2", "chr10", "NA", "chrX"], ["chr1"], ["chrX "]),
    ],
)
def test_values_are_compared_as_text(column, test, validation):
    series = pd.Series(column)
    roles = roles_from_values(series, test, validation)
    assert roles[:3].tolist() == ["test", "train", "train"]
    assert sorted(roles[3:]) in (["", "validation"], ["train", "validation"])
    missing = series.isna() | series.astype(str).isin(["", "NA"])
    assert (roles == "").tolist() == missing.tolist()


def test_values_that_cannot_be_used():
    column = pd.Series(["chr1", "chr2", "chr20", "chr21", "chrX"] * 3 + ["chr3"])
    with pytest.raises(InputError, match=r"values\.test lists 'chr22', which no record") as error:
        roles_from_values(column, ["chr1", "chr22"])
    assert error.value.remedy.startswith("Correct it: the column holds 'chr2")
    assert "and 3 more" in error.value.remedy
    with pytest.raises(InputError, match=r"values\.validation lists '7'") as error:
        roles_from_values(column, ["chr1"], [7])
    assert "chr" in error.value.remedy
    with pytest.raises(InputError, match="lists '1' for test and for validation"):
        roles_from_values(pd.Series(["1", "2", "3"]), [1, 2], ["1.0"])
    with pytest.raises(InputError, match="no record to train on"):
        roles_from_values(pd.Series(["a", "b", None]), ["a"], ["b"])
    with pytest.raises(InputError, match="no value for test"):
        roles_from_values(column, [])


def test_a_chromosome_split_sets_validation_aside_if_none_is_named():
    column = pd.Series(np.random.default_rng(0).integers(1, 23, 600)).astype(str)
    clusters = grouped(600, 10**9)
    roles = roles_from_values(column, [8, 9])
    options = {"mode": "own column values", "repeats": 2}
    split = own_split(clusters, labels(600), "binary", roles, **options)
    assert split.mode == "own column values"
    held = split.table.assign(value=column.to_list() * 2).groupby("role")["value"].agg(set)
    assert held["test"] == {"8", "9"}
    assert not (held["train"] | held["validation"]) & {"8", "9"}
    counts = split.table.groupby(["repeat", "role"]).size()
    assert (counts.xs("validation", level="role") > 40).all()


def test_errors_of_lists_name_file_and_line(tmp_path):
    records = grouped(30)["record"]
    names = records.to_list()

    def roles(**lists):
        return roles_from_lists(records, write(tmp_path, **lists))

    with pytest.raises(InputError, match=r"test list names 'nobody'[\s\S]*test\.txt, line 4"):
        roles(train=names[:10], test=[*names[10:12], "nobody"])
    with pytest.raises(InputError) as twice:
        roles(train=names[:10], test=[names[12], names[3]])
    assert "train.txt, line 5" in str(twice.value)
    assert "test.txt, line 3" in str(twice.value)
    assert twice.value.record == "r3"
    with pytest.raises(InputError, match=r"'r0' is listed twice, first in line 2[\s\S]*line 3"):
        roles(train=["r0", "r0"], test=names[5:])
    with pytest.raises(InputError, match="list of records is empty"):
        roles(train=names[:5], test=[])
    with pytest.raises(InputError, match="no list of test records"):
        roles(train=names[:5])
    with pytest.raises(InputError, match="there is no such file"):
        roles_from_lists(records, {"train": tmp_path / "a", "test": tmp_path / "b"})


def test_id_list_takes_windows_lines_and_refuses_other_files(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_bytes("\ufeffa\r\n\r\n b \r\n".encode())
    assert read_id_list(path) == {"a": 1, "b": 3}
    path.write_bytes(b"\xff\xfe\x00\x1f")
    with pytest.raises(InputError, match="not text in UTF-8"):
        read_id_list(path)
