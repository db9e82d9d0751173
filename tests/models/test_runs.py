import numpy as np
import pandas as pd
import pytest

from seqarena.models import runs


@pytest.fixture
def parts(make_dataset):
    predictions = pd.DataFrame(columns=runs.PREDICTION_COLUMNS)
    history = pd.DataFrame(columns=runs.HISTORY_COLUMNS)
    return predictions, history, dict.fromkeys(runs.INFO_KEYS)


def test_a_run_checks_its_parts(parts):
    predictions, history, info = parts
    runs.Run(predictions, history, info, {})
    with pytest.raises(ValueError, match="predictions has the columns"):
        runs.Run(predictions.drop(columns="role"), history, info, {})
    with pytest.raises(ValueError, match="history has the columns"):
        runs.Run(predictions, predictions, info, {})
    with pytest.raises(ValueError, match="lacks seed"):
        runs.Run(predictions, history, {k: v for k, v in info.items() if k != "seed"}, {})


def test_fold_seeds_differ_and_stay():
    seeds = {runs.fold_seed(s, r, f) for s in range(3) for r in range(3) for f in range(3)}
    assert len(seeds) == 27
    assert runs.fold_seed(1, 2, 3) == runs.fold_seed(1, 2, 3)


def test_folds_are_the_same_whether_names_are_text_or_codes(make_dataset, make_splits):
    dataset = make_dataset()
    splits = make_splits(dataset)
    names = ["a name that no row has", *dataset.records["record"]]
    coded = splits.assign(
        record=pd.Categorical(splits["record"], names), role=splits["role"].astype("category")
    )
    folds = [runs.folds_of(dataset, table, seed=1, repeat=1) for table in (splits, coded)]
    for text, codes in zip(*folds, strict=True):
        for role in ("train", "validation", "test", "monitored"):
            np.testing.assert_array_equal(getattr(text, role), getattr(codes, role))


def test_folds_hold_the_rows_of_their_roles(make_dataset, make_splits):
    dataset = make_dataset()
    splits = make_splits(dataset)
    shuffled = splits.sample(frac=1, random_state=1)
    for fold, same in zip(
        runs.folds_of(dataset, splits, seed=1, repeat=1),
        runs.folds_of(dataset, shuffled, seed=1, repeat=1),
        strict=True,
    ):
        roles = splits[splits["fold"] == fold.number]["role"].to_numpy()
        for role in ("train", "validation", "test"):
            np.testing.assert_array_equal(getattr(fold, role), np.flatnonzero(roles == role))
            np.testing.assert_array_equal(getattr(same, role), getattr(fold, role))
        assert set(fold.monitored) <= set(fold.train)
        assert len(fold.monitored) == min(len(fold.train), len(fold.validation))
        np.testing.assert_array_equal(same.monitored, fold.monitored)


def test_learning_metrics_against_naive_ones():
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, (40, 1))
    scores = random.integers(0, 6, (40, 1)) / 5
    pairs = [
        0.5 if p == n else float(p > n) for p in scores[truth == 1] for n in scores[truth == 0]
    ]
    np.testing.assert_allclose(runs.learning_metric("binary", truth, scores), np.mean(pairs))
    values = random.normal(size=(40, 1))
    np.testing.assert_allclose(
        runs.learning_metric("regression", values, scores),
        np.corrcoef(values[:, 0], scores[:, 0])[0, 1],
    )
    indicator, probabilities = np.eye(3)[[0, 1, 2, 2]], np.eye(3)[[0, 1, 2, 0]]
    assert runs.learning_metric("multiclass", indicator, probabilities) == 0.75


def test_learning_metrics_of_several_targets_are_means_of_what_is_defined():
    """Label 1 has AUROC 1 without its missing entry, label 2 one of 1/2, label 3 one class only."""
    nan = np.nan
    truth = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 1], [nan, 0, 1]])
    scores = np.array([[0.1, 0.5, 0.3], [0.8, 0.5, 0.2], [0.9, 0.5, 0.1], [0.0, 0.5, 0.9]])
    assert runs.learning_metric("multilabel", truth, scores) == 0.75
    values = np.array([[1, 3, 5], [2, 2, nan], [3, 1, nan], [nan, 9, nan]])
    predicted = np.array([[2, 1, 1], [4, 2, 2], [6, 3, 3], [0, nan, 4.0]])
    r = runs.learning_metric("regression", values[:3], predicted[:3])
    np.testing.assert_allclose(r, 0, atol=1e-12)  # (1 - 1) / 2
    assert np.isnan(runs.learning_metric("regression", values[:, 2:], predicted[:, 2:]))


def test_scale_of_targets_leaves_missing_ones_out():
    nan = np.nan
    mean, sd = runs.target_scale(np.array([[1, 5, nan], [3, 5, nan], [nan, nan, nan]]))
    np.testing.assert_array_equal(mean, [2, 5, 0])
    np.testing.assert_array_equal(sd, [1, 1, 1])
    values = np.random.default_rng(0).normal(3, 2, (50, 2))
    np.testing.assert_allclose(runs.target_scale(values), [values.mean(axis=0), values.std(axis=0)])


def test_learning_metrics_that_are_undefined():
    ones = np.ones((4, 1))
    assert np.isnan(runs.learning_metric("binary", ones, ones))
    assert np.isnan(runs.learning_metric("regression", np.arange(4.0)[:, None], ones))


def test_predictions_of_several_classes_have_a_row_each(make_dataset, make_splits):
    dataset = make_dataset(task="multiclass")
    fold = runs.folds_of(dataset, make_splits(dataset), seed=0, repeat=1)[0]
    values = np.random.default_rng(0).dirichlet(np.ones(3), len(fold.test))
    table = runs.predictions_table(dataset, fold, 1, {"test": values})
    assert list(table.columns) == runs.PREDICTION_COLUMNS
    assert list(table["target"][:3]) == ["x", "y", "z"]
    wide = table.pivot_table(index="record", columns="target", values=["truth", "prediction"])
    record = dataset.records["record"][fold.test[4]]
    np.testing.assert_allclose(wide.loc[record, "prediction"], values[4])
    assert wide.loc[record, "truth"].to_numpy().argmax() == dataset.targets[fold.test[4]]


@pytest.mark.parametrize("task", ["multilabel", "regression"])
def test_predictions_of_several_targets_have_a_row_each(task, make_dataset, make_splits):
    dataset = make_dataset(task=task, targets=3)
    fold = runs.folds_of(dataset, make_splits(dataset), seed=0, repeat=1)[0]
    values = np.random.default_rng(0).random((len(fold.test), 3))
    table = runs.predictions_table(dataset, fold, 1, {"test": values})
    assert list(table["target"][:4]) == ["t0", "t1", "t2", "t0"]
    np.testing.assert_array_equal(table["prediction"], values.ravel())
    truth = table["truth"].to_numpy().reshape(-1, 3)
    np.testing.assert_array_equal(truth, dataset.targets[fold.test])
    assert np.isnan(truth).any()
    np.testing.assert_array_equal(runs.truth_matrix(dataset), dataset.targets.astype(np.float32))


class FakeModel:
    def save(self, path):
        path.write_text("weights", encoding="utf-8")


def test_fold_store_keeps_and_discards(tmp_path):
    store = runs.FoldStore(tmp_path, "key")
    assert store.load(0) is None
    store.save(0, {"info": {"fold": 0}}, {"test": np.arange(3.0)}, FakeModel())
    kept = runs.FoldStore(tmp_path, "key").load(0)
    assert kept["info"] == {"fold": 0}
    np.testing.assert_array_equal(kept["outputs"]["test"], [0, 1, 2])
    assert kept["model"].read_text() == "weights"
    assert runs.FoldStore(tmp_path, "other key").load(0) is None
    assert not (tmp_path / "fold0").exists()


@pytest.mark.parametrize("name", ["result.json", "outputs.npz", "model.keras"])
def test_fold_store_trusts_no_damaged_fold(tmp_path, name):
    store = runs.FoldStore(tmp_path, "key")
    store.save(0, {"info": {}}, {"test": np.arange(3.0)}, FakeModel())
    (tmp_path / "fold0" / name).unlink()
    assert store.load(0) is None


@pytest.mark.parametrize("name", ["result.json", "outputs.npz"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken"])
def test_fold_store_trusts_no_broken_file(tmp_path, name, content):
    store = runs.FoldStore(tmp_path, "key")
    store.save(0, {"info": {}}, {"test": np.arange(3.0)}, FakeModel())
    (tmp_path / "fold0" / name).write_bytes(content)
    assert store.load(0) is None


def test_fold_store_survives_a_kill_while_saving(tmp_path):
    class Killed:
        def save(self, path):
            path.write_text("half", encoding="utf-8")
            raise KeyboardInterrupt

    store = runs.FoldStore(tmp_path, "key")
    with pytest.raises(KeyboardInterrupt):
        store.save(0, {}, {}, Killed())
    assert runs.FoldStore(tmp_path, "key").load(0) is None
    assert list(tmp_path.iterdir()) == []
