"""k folds: whole groups, balance, large groups, rare classes, and what can't be split."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seqarena.errors import InputError
from seqarena.splits.folds import kfold

CLASSES = ["neg", "pos"]


def grouped(n=300, n_groups=150, seed=0):
    random = np.random.default_rng(seed)
    records = [f"r{i}" for i in range(n)]
    return pd.DataFrame({"record": records, "cluster": random.integers(0, n_groups, n)})


def labels(n=300, share=0.3, seed=1):
    return (np.random.default_rng(seed).random(n) < share).astype(np.int64)


def of_groups(*groups):
    """Make records from (classes of a group's records) tuples."""
    targets = np.concatenate(groups)
    clusters = np.repeat(np.arange(len(groups)), list(map(len, groups)))
    records = [f"r{i:04d}" for i in range(len(targets))]
    return pd.DataFrame({"record": records, "cluster": clusters}), targets


def classes_by_fold(split, clusters, targets, role):
    table = split.table[split.table["role"] == role].merge(
        clusters.assign(target=targets), on="record"
    )
    return table.groupby(["repeat", "fold"])["target"].agg(set).to_list()


@st.composite
def datasets(draw):
    """Draw groups of any size and composition, giants and rare classes among them."""
    n_classes = draw(st.integers(2, 4))
    n_groups = draw(st.integers(6, 40))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    sizes = random.geometric(draw(st.sampled_from([0.2, 0.5, 1.0])), n_groups)
    if draw(st.booleans()):
        sizes[0] = sizes.sum()
    odds = np.array([8, 4, 2, 1])[:n_classes]
    targets = random.choice(n_classes, sizes.sum(), p=odds / odds.sum())
    if draw(st.booleans()):  # groups of one class each
        targets = np.repeat(random.choice(n_classes, n_groups, p=odds / odds.sum()), sizes)
    clusters = np.repeat(np.arange(n_groups), sizes)
    order = random.permutation(len(clusters))
    records = [f"r{i}" for i in range(len(clusters))]
    return pd.DataFrame({"record": records, "cluster": clusters[order]}), targets[order]


@settings(max_examples=150, deadline=None)
@given(datasets(), st.integers(3, 6), st.integers(1, 2), st.integers(0, 10**6))
def test_what_holds_for_every_split(data, folds, repeats, seed):
    clusters, targets = data
    classes = [f"c{i}" for i in range(int(targets.max()) + 1)]
    options = {"classes": classes, "rare_classes": "train"}
    try:
        split = kfold(clusters, targets, "multiclass", folds, repeats, seed, **options)
    except InputError:
        assume(False)
    table = split.table.merge(clusters.assign(target=targets), on="record")
    n = len(clusters)
    assert list(split.table) == ["record", "repeat", "fold", "role"]
    assert len(table) == n * folds * repeats
    assert table.groupby(["repeat", "fold", "cluster"])["role"].nunique().max() == 1
    tested = table[table["role"] == "test"].groupby(["repeat", "record"]).size()
    validating = table[table["role"] == "validation"].groupby(["repeat", "record"]).size()
    always = table.groupby("record")["role"].agg(set).map(lambda roles: roles == {"train"})
    assert split.always_train["records"] == always.sum()
    assert sum(reason["count"] for reason in split.always_train["reasons"]) == always.sum()
    assert len(tested) == len(validating) == (n - always.sum()) * repeats
    assert (tested == 1).all()
    assert (validating == 1).all()
    assert all(held == set(targets) for held in classes_by_fold(split, clusters, targets, "train"))
    assert table.loc[table["role"] == "test", "target"].nunique() >= 2
    sizes = clusters["cluster"].value_counts()
    groups_tested = clusters.loc[clusters["record"].isin(always.index[~always]), "cluster"]
    assert sizes[groups_tested].max() <= n / folds
    untested = clusters.loc[clusters["record"].isin(always.index[always]), "cluster"].unique()
    held = clusters.assign(target=targets).groupby("target")["cluster"].nunique()
    for group in untested:
        within = set(targets[clusters["cluster"] == group])
        assert sizes[group] > n / folds or any(held[target] < 3 for target in within)


@settings(max_examples=50, deadline=None)
@given(st.integers(3, 6), st.integers(0, 10**6), st.booleans())
def test_folds_differ_by_less_than_their_largest_group(folds, seed, mixed):
    random = np.random.default_rng(seed)
    sizes = np.minimum(random.geometric(0.1, 60), 25)
    clusters = np.repeat(np.arange(60), sizes)
    records = pd.DataFrame({"record": np.arange(len(clusters)).astype(str), "cluster": clusters})
    by_group = random.integers(0, 2, 60)[clusters]
    targets = random.integers(0, 2, len(clusters)) if mixed else by_group
    table = kfold(records, targets, "binary", folds, 1, seed, CLASSES).table
    tested = table[table["role"] == "test"]
    counts = tested.groupby("fold").size()
    assert counts.max() - counts.min() <= sizes.max()
    positive = tested.assign(target=targets[tested["record"].astype(int)]).groupby("fold")["target"]
    assert positive.sum().max() - positive.sum().min() <= 2 * sizes.max()


def test_the_next_fold_validates():
    table = kfold(grouped(), labels(), "binary", 5, 2, 0).table
    test = table[table["role"] == "test"].set_index(["repeat", "record"])["fold"]
    validation = table[table["role"] == "validation"].set_index(["repeat", "record"])["fold"]
    assert ((validation + 1) % 5 == test.loc[validation.index]).all()


@pytest.mark.parametrize("n_groups", [150, 10**9])
def test_folds_are_stratified(n_groups):
    clusters, targets = grouped(1000, n_groups), labels(1000)
    table = kfold(clusters, targets, "binary", 5, 2, 0).table
    positive = table.assign(target=targets[table["record"].str[1:].astype(int)])
    shares = positive.groupby(["repeat", "fold", "role"])["target"].agg(["mean", "size"])
    assert shares["mean"].to_numpy() == pytest.approx(targets.mean(), abs=0.008)
    for role, size in (("train", 600), ("validation", 200), ("test", 200)):
        assert shares["size"].xs(role, level="role").to_numpy() == pytest.approx(size, abs=2)


def test_records_without_relatives_are_dealt_out_evenly():
    clusters, targets = grouped(103, 10**9), np.arange(103) % 2
    table = kfold(clusters, targets, "binary", 5, 1, 0).table
    assert sorted(table[table["role"] == "test"].groupby("fold").size()) == [20, 20, 21, 21, 21]


def test_regression_folds_are_stratified_on_quantiles():
    clusters, targets = grouped(1000, 600), np.random.default_rng(0).lognormal(size=1000)
    table = kfold(clusters, targets, "regression", 5, 1, 0).table
    high = (targets > np.quantile(targets, 0.9))[table["record"].str[1:].astype(int)]
    shares = table.assign(high=high)[table["role"] == "test"].groupby("fold")["high"].mean()
    assert shares.between(0.08, 0.12).all()


def test_the_few_numbers_that_are_not_zero_are_dealt_out():
    clusters, targets = grouped(500, 10**9), np.zeros(500)
    targets[:50] = np.linspace(1, 2, 50)
    table = kfold(clusters, targets, "regression", 5, 3, 0).table
    other = table.assign(other=targets[table["record"].str[1:].astype(int)] > 0)
    counts = other[other["role"] == "test"].groupby(["repeat", "fold"])["other"].sum()
    assert (counts == 10).all()


@pytest.mark.parametrize("others", [2, 3, 4])
def test_training_varies_where_all_numbers_but_a_few_are_equal(others):
    targets = np.zeros(60)
    targets[:others] = 1.0
    for seed in range(20):
        table = kfold(grouped(60, 10**9), targets, "regression", 5, 1, seed).table
        values = table.assign(value=targets[table["record"].str[1:].astype(int)])
        train = values[values["role"] == "train"].groupby("fold")["value"]
        assert (train.nunique() == 2).all()


def test_numbers_that_leave_nothing_to_learn_are_refused():
    clusters = grouped(60, 10**9)
    with pytest.raises(InputError, match=r"All 60 records have the same value, 0\.5"):
        kfold(clusters, np.full(60, 0.5), "regression", 3, 1, 0)
    one_other = np.zeros(60)
    one_other[7] = 1.0
    with pytest.raises(InputError, match="All train records of a fold have the same value"):
        kfold(clusters, one_other, "regression", 5, 1, 0)
    clusters.loc[:29, "cluster"] = 10**10
    with pytest.raises(InputError, match=r"All 30 records that can be tested have the same value"):
        kfold(clusters, np.repeat([0.0, 1.0], 30) + 0.0, "regression", 3, 1, 0)


def test_regression_of_small_data():
    clusters = grouped(12, 10**6)
    table = kfold(clusters, np.repeat([0.0, 1.0], 6), "regression", 3, 1, 0).table
    assert (table[table["role"] == "test"].groupby("fold").size() == 4).all()
    table = kfold(grouped(6, 10**6), np.arange(6.0), "regression", 3, 1, 0).table
    assert table.groupby(["fold", "role"]).size().to_list() == [2] * 9


def test_same_seed_same_split_and_repeats_differ():
    clusters, targets = grouped(), labels()
    first, second = (kfold(clusters, targets, "binary", 5, 2, 3).table for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    roles = [part["role"].to_list() for _, part in first.groupby("repeat")]
    assert roles[0] != roles[1]
    assert not first.equals(kfold(clusters, targets, "binary", 5, 2, 4).table)
    assert first[first["repeat"] == 1].equals(kfold(clusters, targets, "binary", 5, 1, 3).table)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_the_order_and_the_numbers_of_groups_do_not_matter(task):
    clusters, targets = grouped(), labels()
    order = np.random.default_rng(2).permutation(300)
    shuffled = clusters.iloc[order].assign(cluster=lambda table: 1000 - table["cluster"])
    columns = ["repeat", "fold", "record"]
    first = kfold(clusters, targets, task, 5, 2, 3).table.sort_values(columns)
    second = kfold(shuffled.reset_index(drop=True), targets[order], task, 5, 2, 3).table
    assert second["record"][:300].to_list() == shuffled["record"].to_list()
    pd.testing.assert_frame_equal(
        first.reset_index(drop=True), second.sort_values(columns).reset_index(drop=True)
    )


def test_a_group_larger_than_a_fold_stays_in_training():
    clusters, targets = grouped(), labels()
    clusters.loc[:89, "cluster"] = 999
    split = kfold(clusters, targets, "binary", 5, 2, 0)
    giant = split.table["record"].isin(clusters["record"][:90])
    assert set(split.table.loc[giant, "role"]) == {"train"}
    assert giant.sum() == 90 * 10
    sizes = split.table[split.table["role"] == "test"].groupby(["repeat", "fold"]).size()
    assert (sizes == 42).all()
    assert split.always_train == {
        "records": 90,
        "groups": 1,
        "reasons": [
            {
                "what": "records in groups larger than a fold (60 records), always in training "
                "and never tested",
                "count": 90,
            }
        ],
    }


def test_a_group_as_large_as_a_fold_is_tested():
    clusters, targets = of_groups(*[[0, 1] * 10] * 5)
    split = kfold(clusters, targets, "binary", 5, 1, 0, CLASSES)
    assert split.always_train == {"records": 0, "groups": 0, "reasons": []}
    tested = split.table[split.table["role"] == "test"].merge(clusters, on="record")
    assert tested.groupby("fold")["cluster"].nunique().to_list() == [1] * 5


@pytest.mark.parametrize("folds", [3, 4, 5, 8])
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_class_with_fewer_groups_than_folds_is_always_in_training(folds, task):
    rare = [[1, 1, 1], [1, 0, 0], [1, 0]]
    clusters, targets = of_groups(*rare, *[[0]] * 40, *[[0, 0]] * 10)
    for seed in range(10):
        split = kfold(clusters, targets, task, folds, 1, seed, CLASSES)
        assert classes_by_fold(split, clusters, targets, "train") == [{0, 1}] * folds
        tested = classes_by_fold(split, clusters, targets, "test")
        assert sum(1 in held for held in tested) == 3
        assert split.always_train["records"] == 0


def test_rare_classes_are_refused_or_kept_in_training():
    groups = [[0], [1], [0, 1]] * 20
    clusters, targets = of_groups(*groups, [2, 2, 0], [2], [3, 1], [3], [3])
    names = ["a", "b", "c", "d"]
    with pytest.raises(InputError, match=r"Class 'c' has 3 records in 2 groups") as error:
        kfold(clusters, targets, "multiclass", 5, 1, 0, names)
    assert "rare_classes: train" in error.value.remedy
    assert "merge" in error.value.remedy
    split = kfold(clusters, targets, "multiclass", 5, 2, 0, names, "train")
    assert [reason["count"] for reason in split.always_train["reasons"]] == [3, 1]
    assert split.always_train["records"] == 4
    assert split.always_train["groups"] == 2
    assert all(2 not in held for held in classes_by_fold(split, clusters, targets, "test"))
    assert all(2 in held for held in classes_by_fold(split, clusters, targets, "train"))
    tested = classes_by_fold(split, clusters, targets, "test")
    assert sum(3 in held for held in tested) == 3 * 2


def test_a_binary_task_must_have_both_classes_tested():
    clusters, targets = of_groups(*[[0]] * 40, [1, 1], [1])
    for rule in ("refuse", "train"):
        with pytest.raises(InputError, match=r"Class 'pos' has 3 records in 2 groups") as error:
            kfold(clusters, targets, "binary", 5, 1, 0, CLASSES, rule)
        assert "rare_classes" not in error.value.remedy


def test_a_class_of_large_groups_only():
    clusters, targets = of_groups(*[[0]] * 60, *[[1] * 50] * 3, *[[2]] * 60)
    names = ["a", "b", "c"]
    with pytest.raises(InputError, match=r"'b' has 150 records in 3 groups, all of them larger"):
        kfold(clusters, targets, "multiclass", 6, 1, 0, names)
    split = kfold(clusters, targets, "multiclass", 6, 1, 0, names, "train")
    assert split.always_train["records"] == 150
    with pytest.raises(InputError, match="all of them larger than a fold"):
        kfold(clusters, np.minimum(targets, 1) * (targets == 1), "binary", 6, 1, 0, CLASSES)


def test_a_class_that_a_large_group_keeps_in_training_needs_no_spread():
    giant = [0] * 50 + [1] * 50
    clusters, targets = of_groups(giant, [1] * 10, [1], *[[0]] * 89)
    for seed in range(10):
        split = kfold(clusters, targets, "binary", 3, 1, seed, CLASSES)
        assert classes_by_fold(split, clusters, targets, "train") == [{0, 1}] * 3


def test_a_rare_class_outweighs_sizes_where_it_must():
    # Dealt out by size, two of the three groups of class 1 share a fold, and a training set has
    # none of it.
    rare = [[1, 0, 0], [1, 0, 0], [1, 1, 1, 1, 0, 0]]
    clusters, targets = of_groups(*rare, [0] * 2, [0] * 4)
    for seed in range(10):
        split = kfold(clusters, targets, "binary", 3, 1, seed, CLASSES)
        assert classes_by_fold(split, clusters, targets, "train") == [{0, 1}] * 3


def test_classes_that_share_groups_are_spread_together():
    clusters, targets = of_groups([1, 2], [1, 2], [1], [2], *[[0]] * 20)
    split = kfold(clusters, targets, "multiclass", 3, 1, 0, ["a", "b", "c"])
    assert classes_by_fold(split, clusters, targets, "train") == [{0, 1, 2}] * 3


def test_classes_that_cannot_all_be_in_training_are_refused():
    # Of four groups, two share a fold, and each two of them hold all that there is of a class.
    clusters, targets = of_groups([0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3])
    with pytest.raises(InputError, match=r"can't be dealt out so that it is in training"):
        kfold(clusters, targets, "multiclass", 3, 1, 0)


def test_one_class_in_a_test_fold_is_allowed():
    clusters, targets = of_groups(*[[1]] * 3, *[[0]] * 27)
    split = kfold(clusters, targets, "binary", 10, 1, 0, CLASSES)
    tested = classes_by_fold(split, clusters, targets, "test")
    assert sorted(map(len, tested)) == [1] * 7 + [2] * 3


def test_a_class_without_records_is_refused():
    for rule in ("refuse", "train"):
        with pytest.raises(InputError, match=r"Class 'none' has 0 records"):
            kfold(grouped(), labels(), "multiclass", 5, 1, 0, [*CLASSES, "none"], rule)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_data_that_cannot_fill_the_folds_are_refused_in_plain_words(task):
    targets = np.arange(300) % 2
    with pytest.raises(InputError, match=r"form 1 group of up to 300 records, fewer than") as error:
        kfold(grouped().assign(cluster=0), targets, task, 5, 1, 0)
    # No threshold parts copies or a group of the user's own.
    assert error.value.remedy.startswith("Add records of other sequences")
    with pytest.raises(InputError, match="2 records form 2 groups of up to 1 record, fewer"):
        kfold(grouped(2, 10**9), targets[:2], task, 5, 1, 0)
    clusters = grouped().assign(cluster=np.minimum(np.arange(300), 297))
    kfold(clusters, targets, task, 5, 1, 0)
    clusters["cluster"] = np.maximum(np.arange(300), 296)
    with pytest.raises(InputError, match=r"form 4 groups of up to 297 records, fewer than"):
        kfold(clusters, targets, task, 5, 1, 0)
    clusters["cluster"] = np.maximum(np.arange(300), 295)
    with pytest.raises(InputError, match=r"largest has 296 records \(a fold has 60\)") as error:
        kfold(clusters, targets, task, 5, 1, 0)
    assert "4 records in 4 groups, can't fill the 5 folds" in error.value.problem
    assert "grouping.threshold" in error.value.remedy
    assert "grouping.by: sequence" in error.value.remedy
    assert "split.folds: 4 leaves enough groups" in error.value.remedy
    with pytest.raises(InputError, match="at least 3 folds"):
        kfold(grouped(), targets, task, 2, 1, 0)


def test_the_number_of_folds_that_the_groups_allow_is_named():
    clusters = pd.DataFrame({"record": list("abcdefghij"), "cluster": list("aaabbbccde")})
    with pytest.raises(InputError, match=r"split\.folds: 3 leaves enough groups"):
        kfold(clusters, np.arange(10.0), "regression", 5, 1, 0)
    assert kfold(clusters, np.arange(10.0), "regression", 3, 1, 0).always_train["groups"] == 0
