"""Groups too large to be tested, classes of too few groups, and what is said of them."""

import numpy as np
import pytest

from seqarena.errors import InputError
from seqarena.splits.always_train import keep_in_training
from seqarena.splits.stratification import Learned


def test_nothing_is_kept_where_groups_are_small():
    always = keep_in_training(np.arange(12), Learned(np.arange(12) % 2, "binary"), folds=3)
    assert not always.mask.any()
    assert always.summary == {"records": 0, "groups": 0, "reasons": []}


@pytest.mark.parametrize(("folds", "kept"), [(3, False), (4, True)])
def test_the_limit_is_an_even_fold(folds, kept):
    groups = np.repeat(np.arange(9), [4, 1, 1, 1, 1, 1, 1, 1, 1])
    always = keep_in_training(groups, Learned(np.arange(12.0), "regression"), folds=folds)
    assert always.mask.tolist() == [kept] * 4 + [False] * 8


@pytest.mark.parametrize(("fraction", "kept"), [(0.05, 60), (0.3, 31), (0.31, 0), (0.5, 0)])
def test_the_limit_of_one_test_set_is_its_size(fraction, kept):
    groups = np.concatenate([np.zeros(31, int), np.repeat(np.arange(1, 41), 1), np.full(29, 41)])
    targets = np.tile([0, 1], 50)
    always = keep_in_training(groups, Learned(targets, "binary"), test_fraction=fraction)
    assert always.mask.sum() == kept


def test_few_even_groups_can_be_a_test_set_smaller_than_one():
    groups = np.repeat(np.arange(10), 10)
    always = keep_in_training(groups, Learned(np.arange(100) % 2, "binary"), test_fraction=0.05)
    assert not always.mask.any()


def test_records_of_other_classes_in_the_groups_of_a_rare_class_are_counted():
    groups = np.concatenate([np.arange(20), [20, 20, 20, 20, 21]])
    targets = np.concatenate([np.arange(20) % 2, [2, 2, 0, 1, 2]])
    options = {"folds": 4, "rare_classes": "train", "classes": ["a", "b", "c"]}
    always = keep_in_training(groups, Learned(targets, "multiclass"), **options)
    assert np.flatnonzero(always.mask).tolist() == [20, 21, 22, 23, 24]
    assert always.summary == {
        "records": 5,
        "groups": 2,
        "reasons": [
            {
                "what": "records of class 'c', which has 2 groups, fewer than 3: always in "
                "training, never tested",
                "count": 3,
            },
            {
                "what": "records of other classes in the groups of class 'c', always in training "
                "with it",
                "count": 2,
            },
        ],
    }


def test_rare_classes_are_named_together():
    groups, targets = np.arange(24), np.array([0, 1] * 10 + [2, 3, 3, 4])
    with pytest.raises(InputError) as error:
        keep_in_training(groups, Learned(targets, "multiclass"), folds=3, classes=list("abcde"))
    assert "Class 'c' has 1 record in 1 group" in error.value.problem
    assert "So it is with 'd', 'e'." in error.value.problem
    assert "grouping" not in error.value.remedy  # no class has records that are linked


def test_a_test_of_one_class_is_refused():
    groups, targets = np.arange(30), np.array([0] * 27 + [1, 1, 2])
    with pytest.raises(InputError, match="1 of 3 classes would be tested"):
        keep_in_training(groups, Learned(targets, "multiclass"), folds=3, rare_classes="train")


def test_rare_classes_may_take_so_much_that_folds_stay_empty():
    groups = np.array([0, 0, 0, 1, 1, 1, 2, 3, 4, 5])
    targets = np.array([2, 0, 1, 2, 0, 1, 0, 1, 0, 1])
    with pytest.raises(InputError, match=r"2 must stay[\s\S]*4 records in 4 groups, can't fill"):
        keep_in_training(groups, Learned(targets, "multiclass"), folds=6, rare_classes="train")


@pytest.mark.parametrize("groups", [[0, 0], [0, 1], [0] * 50, [0] * 25 + [1] * 25])
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_groups_too_few_for_one_test_set(groups, task):
    targets = np.arange(len(groups)) % 2
    with pytest.raises(InputError, match="fewer than a train, a validation and a test set"):
        keep_in_training(np.array(groups), Learned(targets, task), test_fraction=0.2)
