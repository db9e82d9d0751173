import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from seqarena.data.encoding import kmer_counts, positional_one_hot
from seqarena.errors import InputError
from seqarena.models import runs
from seqarena.models.baselines import DEFAULTS, is_baseline, train_baseline
from seqarena.models.linear import feature_block, scale_block

TASKS = ("binary", "multiclass", "regression")


def train(dataset, splits, architecture, **parameters):
    return train_baseline(
        dataset, splits, "base", architecture, parameters, seed=1, repeat=1, threads=1
    )


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("architecture", DEFAULTS)
def test_a_run_is_complete(architecture, task, make_dataset, make_splits, tmp_path):
    dataset = make_dataset(task=task)
    splits = make_splits(dataset)
    run = train(dataset, splits, architecture)
    outputs = 3 if task == "multiclass" else 1
    assert len(run.predictions) == (splits["role"] != "train").sum() * outputs
    assert set(run.predictions["role"]) == {"validation", "test"}
    assert len(run.history) == 3 * 2 * 2
    assert set(run.history["metric"]) == {"loss", runs.LEARNING_METRIC[task]}
    assert (run.history["epoch"] == 1).all()
    assert run.info["kind"] == "baseline"
    assert run.info["weights"] >= outputs
    paths = [tmp_path / name for name in ("p.parquet", "h.tsv", "run.json", "folds")]
    runs.write_run(run, *paths)
    again = runs.read_run(*paths)
    assert json.loads(paths[2].read_text())["folds"][0]["reference_loss"] > 0
    for fold in runs.folds_of(dataset, splits, seed=1, repeat=1):
        loaded = again.models[fold.number].predict(
            dataset.matrix[fold.test], dataset.records.iloc[fold.test]
        )
        assert loaded.shape == (len(fold.test), outputs)
        kept = run.predictions.query(f"fold == {fold.number} and role == 'test'")["prediction"]
        np.testing.assert_allclose(loaded.ravel(), kept, rtol=1e-6)
        if task == "multiclass":
            np.testing.assert_allclose(loaded.sum(axis=1), 1)


def test_majority_predicts_the_shares_of_training(make_dataset, make_splits):
    dataset = make_dataset(task="multiclass")
    splits = make_splits(dataset)
    run = train(dataset, splits, "majority")
    for fold in runs.folds_of(dataset, splits, seed=1, repeat=1):
        shares = np.bincount(dataset.targets[fold.train], minlength=3) / len(fold.train)
        kept = run.predictions.query(f"fold == {fold.number}")["prediction"].to_numpy()
        np.testing.assert_allclose(kept.reshape(-1, 3), np.tile(shares, (len(kept) // 3, 1)))
        entry = run.info["folds"][fold.number]
        truth = np.eye(3)[dataset.targets[fold.validation]]
        np.testing.assert_allclose(
            entry["reference_loss"], -np.mean((truth * np.log(shares)).sum(axis=1))
        )


def test_majority_of_a_regression_is_the_mean(make_dataset, make_splits):
    dataset = make_dataset(task="regression")
    splits = make_splits(dataset)
    run = train(dataset, splits, "majority")
    fold = runs.folds_of(dataset, splits, seed=1, repeat=1)[0]
    kept = run.predictions.query("fold == 0")["prediction"]
    np.testing.assert_allclose(kept, dataset.targets[fold.train].mean())


def scaled_features(dataset, fold, names):
    blocks = []
    for name in names:
        dense = {
            "kmer": lambda: kmer_counts(dataset.matrix, 3, False),
            "onehot": lambda: positional_one_hot(dataset.matrix),
        }[name]().astype(float)
        blocks.append(dense * np.sqrt(100 / dense[fold.train].var(axis=0).sum()))
    return np.hstack(blocks)


@pytest.mark.parametrize(
    ("set_name", "names"),
    [("kmer", ["kmer"]), ("onehot", ["onehot"]), ("both", ["kmer", "onehot"])],
)
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_linear_classifier_equals_scikit_learn_used_directly(
    task, set_name, names, make_dataset, make_splits
):
    dataset = make_dataset(task=task, n=200)
    splits = make_splits(dataset)
    run = train(dataset, splits, "linear", k=3, features=[set_name], l2=[100])
    fold = runs.folds_of(dataset, splits, seed=1, repeat=1)[1]
    features = scaled_features(dataset, fold, names)
    model = LogisticRegression(C=0.01, tol=1e-8, max_iter=5000)
    model.fit(features[fold.train], dataset.targets[fold.train])
    expected = model.predict_proba(features[fold.test])
    expected = expected[:, 1:] if task == "binary" else expected
    kept = run.predictions.query("fold == 1 and role == 'test'")["prediction"].to_numpy()
    np.testing.assert_allclose(kept.reshape(expected.shape), expected, atol=0.01)


def test_linear_regression_equals_scikit_learn_used_directly(make_dataset, make_splits):
    dataset = make_dataset(task="regression", n=200)
    splits = make_splits(dataset)
    run = train(dataset, splits, "linear", k=3, features=["both"], l2=[100])
    fold = runs.folds_of(dataset, splits, seed=1, repeat=1)[1]
    features = scaled_features(dataset, fold, ["kmer", "onehot"])
    targets = dataset.targets[fold.train]
    model = Ridge(alpha=100).fit(features[fold.train], (targets - targets.mean()) / targets.std())
    expected = model.predict(features[fold.test]) * targets.std() + targets.mean()
    kept = run.predictions.query("fold == 1 and role == 'test'")["prediction"]
    np.testing.assert_allclose(kept, expected, rtol=1e-3)


def test_composition_equals_scikit_learn_used_directly(make_dataset, make_splits):
    dataset = make_dataset(n=300)
    splits = make_splits(dataset)
    run = train(dataset, splits, "composition", l2=[1])
    fold = runs.folds_of(dataset, splits, seed=1, repeat=1)[0]
    gc = dataset.records[["gc"]].to_numpy()
    gc = (gc - gc[fold.train].mean()) / gc[fold.train].std()
    model = LogisticRegression(C=1, tol=1e-8).fit(gc[fold.train], dataset.targets[fold.train])
    kept = run.predictions.query("fold == 0 and role == 'test'")["prediction"]
    np.testing.assert_allclose(kept, model.predict_proba(gc[fold.test])[:, 1], atol=2e-3)


def test_choice_is_the_lowest_validation_loss(make_dataset, make_splits):
    dataset = make_dataset(n=200)
    splits = make_splits(dataset)
    strengths, sets = [1000.0, 10.0], ["kmer", "onehot", "both"]
    losses = {}
    for set_name in sets:
        for strength in strengths:
            run = train(dataset, splits, "linear", features=[set_name], l2=[strength])
            course = run.history.query("role == 'validation' and metric == 'loss'")
            losses[set_name, strength] = course.set_index("fold")["value"]
    run = train(dataset, splits, "linear", features=sets, l2=strengths)
    for entry in run.info["folds"]:
        best = min(losses, key=lambda key: losses[key][entry["fold"]])
        assert (entry["chosen"]["features"], entry["chosen"]["l2"]) == best


def test_positions_are_left_out_where_records_are_padded(make_dataset, make_splits):
    dataset = make_dataset(n=200)
    dataset.records.loc[3, "length"] = 20
    run = train(dataset, make_splits(dataset), "linear")
    assert {entry["chosen"]["features"] for entry in run.info["folds"]} == {"kmer"}


def test_both_strands_count_alike(make_dataset):
    dataset = make_dataset(n=5)
    forward = feature_block("kmer", dataset.matrix, dataset.records, k=2, both_strands=True)
    reverse = (3 - dataset.matrix[:, ::-1]).astype(np.uint8)
    backward = feature_block("kmer", reverse, dataset.records, k=2, both_strands=True)
    np.testing.assert_array_equal(forward.toarray(), backward.toarray())


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("kept", [[0], [0, 1]])
def test_classes_that_training_lacks(task, kept, make_dataset, make_splits):
    dataset = make_dataset(task=task)
    splits = make_splits(dataset).query("fold == 0")
    lacking = dataset.records["record"][~np.isin(dataset.targets, kept)]
    splits = splits[~((splits["role"] == "train") & splits["record"].isin(lacking))]
    run = train(dataset, splits, "linear")
    assert run.predictions["prediction"].between(0, 1).all()
    assert np.isfinite(run.history.query("metric == 'loss'")["value"]).all()
    if task == "multiclass":
        unseen = run.predictions[run.predictions["target"] == "z"]["prediction"]
        assert (unseen < 1e-3).all()


def test_scale_of_constant_features():
    block = feature_block("kmer", np.zeros((4, 6), np.uint8), None, k=2, both_strands=False)
    centre, width = scale_block(block, "kmer")
    assert (centre == 0).all()
    assert (width == 1).all()


@pytest.mark.parametrize(
    ("architecture", "parameters", "words"),
    [
        ("linear", {"both_strand": True}, "did you mean 'both_strands'"),
        ("linear", {"k": 0}, "from 1 to 8"),
        ("linear", {"k": "5"}, "from 1 to 8"),
        ("linear", {"l2": 1.0}, "a list"),
        ("linear", {"features": ["one_hot"]}, "kmer, onehot, both"),
        ("linear", {"both_strands": "yes"}, "true or false"),
        ("majority", {"k": 5}, "none"),
    ],
)
def test_wrong_parameters_are_named(architecture, parameters, words, make_dataset, make_splits):
    dataset = make_dataset()
    with pytest.raises(InputError) as caught:
        train(dataset, make_splits(dataset), architecture, **parameters)
    assert "'base'" in str(caught.value)
    assert words in str(caught.value)


def test_names():
    assert is_baseline("linear")
    assert not is_baseline("conv1d")


def test_baselines_need_no_tensorflow():
    code = (
        "import sys; sys.path.insert(0, 'scripts'); import seqarena.models.baselines, "
        "seqarena.models.runs, seqarena.models.devices; "
        "print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
