import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from seqarena.data.alphabet import PROTEIN
from seqarena.data.encoding import kmer_counts, positional_one_hot
from seqarena.errors import InputError
from seqarena.models import features, runs
from seqarena.models.baselines import DEFAULT_K, DEFAULTS, is_baseline, train_baseline
from seqarena.models.features import Features, gather, scale_of

from .conftest import dataset_of

TASKS = {
    "binary": {"task": "binary"},
    "multiclass": {"task": "multiclass"},
    "multilabel": {"task": "multilabel", "targets": 3},
    "regression": {"task": "regression"},
    "several numbers": {"task": "regression", "targets": 3},
}
DNA = {"name": "dna"}


def train(dataset, splits, architecture, **parameters):
    return train_baseline(
        dataset, splits, "base", architecture, parameters, seed=1, repeat=1, threads=1
    )


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("architecture", DEFAULTS)
def test_a_run_is_complete(architecture, task, make_dataset, make_splits, tmp_path):
    dataset = make_dataset(**TASKS[task])
    splits = make_splits(dataset)
    parameters = {} if architecture == "majority" else {"l2": [300.0, 10.0]}
    run = train(dataset, splits, architecture, **parameters)
    outputs = dataset.outputs
    assert len(run.predictions) == (splits["role"] != "train").sum() * outputs
    assert set(run.predictions["role"]) == {"validation", "test"}
    assert len(run.history) == 3 * 2 * 2
    assert set(run.history["metric"]) == {"loss", runs.LEARNING_METRIC[dataset.task]}
    assert run.history.query("metric == 'loss'")["value"].notna().all()
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
        if dataset.task == "multiclass":
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


@pytest.mark.parametrize("task", ["multilabel", "several numbers"])
def test_majority_of_several_targets_leaves_out_what_is_missing(task, make_dataset, make_splits):
    dataset = make_dataset(**TASKS[task])
    splits = make_splits(dataset)
    run = train(dataset, splits, "majority")
    fold = runs.folds_of(dataset, splits, seed=1, repeat=1)[0]
    known = dataset.targets[fold.train]
    means = np.nanmean(known, axis=0)
    kept = run.predictions.query("fold == 0").groupby("target", sort=False)["prediction"].first()
    assert kept.index.tolist() == dataset.target_names
    np.testing.assert_allclose(kept, means)
    truth = dataset.targets[fold.validation]
    if task == "multilabel":
        losses = -np.where(truth == 1, np.log(means), np.log(1 - means))
    else:
        losses = ((truth - means) / np.nanstd(known, axis=0)) ** 2
    expected = losses[~np.isnan(truth)].mean()
    np.testing.assert_allclose(run.info["folds"][0]["reference_loss"], expected)


@pytest.mark.parametrize("architecture", DEFAULTS)
@pytest.mark.parametrize("task", ["multilabel", "several numbers"])
def test_several_targets_are_as_many_models(task, architecture, make_dataset, make_splits):
    dataset = make_dataset(**TASKS[task], n=200)
    splits = make_splits(dataset)
    parameters = {"linear": {"k": 2, "features": ["both"]}}.get(architecture, {})
    parameters |= {} if architecture == "majority" else {"l2": [30]}
    kept = train(dataset, splits, architecture, **parameters).predictions
    kept = kept.pivot(index=["fold", "role", "record"], columns="target", values="prediction")
    for column, name in zip(dataset.targets.T, dataset.target_names, strict=True):
        known = ~np.isnan(column)
        alone = dataset_of(
            dataset.matrix[known],
            {name: column[known].astype(int) if task == "multilabel" else column[known]},
            "binary" if task == "multilabel" else "regression",
            record=dataset.records["record"].to_numpy()[known],
            gc=dataset.records["gc"].to_numpy()[known],
        )
        # A block's scale is that of all training records, so only the scale may differ a little.
        own = splits[splits["record"].isin(alone.records["record"])]
        one = train(alone, own, architecture, **parameters).predictions
        one = one.set_index(["fold", "role", "record"])["prediction"]
        assert np.corrcoef(kept[name].loc[one.index], one)[0, 1] > 0.995
        if architecture == "majority":
            np.testing.assert_allclose(kept[name].loc[one.index], one)


def test_a_label_that_training_lacks(make_dataset, make_splits):
    dataset = make_dataset(task="multilabel", targets=3)
    splits = make_splits(dataset).query("fold == 0")
    training = dataset.records["record"].isin(splits.query("role == 'train'")["record"])
    dataset.records.loc[training, "t0"] = 0.0
    dataset.records.loc[training, "t1"] = np.nan
    for architecture in DEFAULTS:
        run = train(dataset, splits, architecture)
        kept = run.predictions.groupby("target")["prediction"]
        assert kept.max()["t0"] < 1e-6
        np.testing.assert_allclose([kept.min()["t1"], kept.max()["t1"]], 0.5)
        assert np.isfinite(run.history.query("metric == 'loss'")["value"]).all()


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("architecture", DEFAULTS)
def test_a_weight_counts_as_so_many_records(architecture, task, make_dataset, make_splits):
    once = make_dataset(**TASKS[task])
    splits = make_splits(once).query("fold == 0")
    weights = np.random.default_rng(0).integers(0, 3, len(once))
    weights[~once.records["record"].isin(splits.query("role == 'train'")["record"])] = 1
    order = np.repeat(np.arange(len(once)), weights)
    names = [f"{once.records['record'][row]} {i}" for i, row in enumerate(order)]
    columns = once.records[once.target_names].iloc[order].to_dict("list")
    gc = once.records["gc"].to_numpy()[order]
    often = dataset_of(once.matrix[order], columns, once.task, once.classes, record=names, gc=gc)
    roles = splits.set_index("record")["role"]
    own = splits.iloc[np.zeros(len(order), int)].assign(
        record=names, role=roles[once.records["record"].to_numpy()[order]].to_numpy()
    )
    once.records["weight"] = 7.0 * weights
    # The strength is that of a mean weight of 1: of all records here, of those that repeat there.
    rows = (splits["role"] == "train").sum()
    parameters = {} if architecture == "majority" else {"l2": [20.0]}
    kept = train(once, splits, architecture, **parameters).predictions
    if parameters:
        parameters = {"l2": [20.0 * weights[roles.to_numpy() == "train"].sum() / rows]}
    expected = train(often, own, architecture, **parameters).predictions
    # Scales are of records that count once each, and of sequences only those of blocks.
    limit = 1e-6 if architecture == "majority" else 0.05 * np.ptp(expected["prediction"])
    assert np.abs(kept["prediction"] - expected["prediction"]).max() <= limit


def test_weights_of_0_alone_are_refused(make_dataset, make_splits):
    dataset = make_dataset()
    dataset.records["weight"] = 0.0
    with pytest.raises(InputError, match="fold 0 have the weight 0"):
        train(dataset, make_splits(dataset), "majority")


def random_records(alphabet, labels):
    """Records of 8 to 20 symbols, of which the second is more frequent where the label is 1."""
    random = np.random.default_rng(0)
    symbols = len(alphabet.get("symbols", PROTEIN.symbols))
    rows = []
    for label in labels:
        size = random.integers(8, 21)
        row = random.integers(0, symbols, size).astype(np.uint8)
        row[random.random(size) < 0.5 * label] = 1
        rows.append(row)
    return rows


@pytest.mark.parametrize(
    "alphabet",
    [{"name": "protein"}, {"name": "words", "symbols": ["he", "you", "have", "cats"]}],
    ids=lambda x: x["name"],
)
def test_records_of_unequal_length_in_other_alphabets(alphabet, make_splits):
    labels = np.arange(90) % 2
    rows = random_records(alphabet, labels)
    dataset = dataset_of(rows, {"label": labels}, alphabet=alphabet)
    splits = make_splits(dataset)
    for architecture in ("composition", "linear"):
        run = train(dataset, splits, architecture)
        score = run.history.query("role == 'validation' and metric == 'auroc'")["value"]
        assert (score > 0.8).all()
        fold = runs.folds_of(dataset, splits, seed=1, repeat=1)[0]
        kept = run.predictions.query("fold == 0 and role == 'test'")["prediction"]
        some, records = fold.test[:5], dataset.records.iloc[fold.test[:5]]
        for tokens in (dataset.matrix[some], [rows[i] for i in some]):
            np.testing.assert_allclose(run.models[0].predict(tokens, records)[:, 0], kept[:5])
    assert run.info["parameters"]["k"] == DEFAULT_K[alphabet["name"]] == 2
    assert {entry["chosen"]["features"] for entry in run.info["folds"]} == {"kmer"}


def test_composition_of_a_protein_by_hand():
    rows = [PROTEIN.padding, 0, 0, 2, PROTEIN.unknown, PROTEIN.unknown + 1]  # AADXB; B is D or N
    dataset = dataset_of(np.array([rows], np.uint8), {"label": [0]}, length=[9])
    block = Features(("composition",), {"name": "protein"}, 6).of(dataset.matrix, dataset.records)
    expected = np.zeros(20)
    expected[[0, 2, 11]] = [2 / 4, 1.5 / 4, 0.5 / 4]
    np.testing.assert_allclose(block, [[9, *expected]])


def numbers_dataset(n=120):
    random = np.random.default_rng(0)
    columns = random.normal(0, 1, (n, 3)).astype(np.float32) * [1e-9, 1, 1e6] + [0, 5, 0]
    columns = np.column_stack([columns, np.full(n, 0.1)]).astype(np.float32)
    labels = (columns[:, 0] / 1e-9 + (columns[:, 1] - 5) > 0).astype(int)
    names = {"name": "numbers", "symbols": ["a", "b", "c", "d"]}
    return dataset_of(columns, {"label": labels}, alphabet=names)


def test_numbers_are_standardised_on_training_rows(make_splits):
    dataset = numbers_dataset()
    splits = make_splits(dataset)
    run = train(dataset, splits, "linear", l2=[1])
    fold = runs.folds_of(dataset, splits, seed=1, repeat=1)[0]
    columns = dataset.matrix.astype(float)[:, :3]
    columns = (columns - columns[fold.train].mean(axis=0)) / columns[fold.train].std(axis=0)
    model = LogisticRegression(C=1, tol=1e-8).fit(columns[fold.train], dataset.targets[fold.train])
    kept = run.predictions.query("fold == 0 and role == 'test'")["prediction"]
    np.testing.assert_allclose(kept, model.predict_proba(columns[fold.test])[:, 1], atol=5e-3)
    assert run.info["folds"][0]["chosen"] == {"features": "numbers", "l2": 1.0}
    again = run.models[0].predict(dataset.matrix[fold.test], dataset.records.iloc[fold.test])
    np.testing.assert_allclose(again[:, 0], kept)


def test_numbers_have_no_composition(make_splits):
    dataset = numbers_dataset()
    with pytest.raises(InputError, match="no letters"):
        train(dataset, make_splits(dataset), "composition")
    assert train(dataset, make_splits(dataset), "majority").info["weights"] == 1


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


def test_a_model_of_positions_refuses_other_lengths(make_dataset, make_splits):
    dataset = make_dataset()
    run = train(dataset, make_splits(dataset), "linear", features=["onehot"])
    with pytest.raises(InputError, match="records of 24 letters, and was given one of 23"):
        run.models[0].predict(dataset.matrix[:, 1:], dataset.records)


def test_both_strands_count_alike(make_dataset):
    dataset = make_dataset(n=5)
    counted = Features(("kmer",), DNA, 24, k=2, both_strands=True)
    forward = counted.of(dataset.matrix, dataset.records)
    reverse = (3 - dataset.matrix[:, ::-1]).astype(np.uint8)
    backward = counted.of(reverse, dataset.records)
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


@pytest.mark.parametrize("block", ["kmer", "composition"])
def test_scale_of_constant_features(block):
    dataset = dataset_of(np.zeros((4, 6), np.uint8), {"label": [0, 1, 0, 1]}, gc=0.1)
    constant = Features((block,), DNA, 6, k=2)
    centre, width = scale_of(gather(constant, dataset, np.arange(4)), constant)
    np.testing.assert_allclose(centre, 0 if block == "kmer" else [6, 0.1])
    assert (width == 1).all()


def test_features_do_not_depend_on_how_many_are_gathered_at_once(make_dataset, monkeypatch):
    dataset = make_dataset()
    rows, both = np.arange(0, 120, 2), Features(("kmer", "onehot"), DNA, 24, k=2)
    expected = gather(both, dataset, rows)
    centre, width = scale_of(expected, both)
    dense = np.hstack([kmer_counts(dataset.matrix, 2, False), positional_one_hot(dataset.matrix)])
    np.testing.assert_array_equal(expected.toarray(), dense[rows])
    monkeypatch.setattr(features, "LETTERS_AT_ONCE", 7 * 24)
    np.testing.assert_array_equal(gather(both, dataset, rows).toarray(), dense[rows])
    np.testing.assert_allclose(scale_of(expected, both)[1], width)
    scaled = features.scaled(expected, centre, width)
    np.testing.assert_allclose(scaled.toarray(), dense[rows] / width)
    for part in (slice(0, 16), slice(16, None)):
        np.testing.assert_allclose(scaled.toarray()[:, part].var(axis=0).sum(), 100, rtol=1e-5)


@pytest.mark.parametrize("task", ["multilabel", "several numbers"])
def test_float32_gives_the_same_answer(task, make_dataset, make_splits, monkeypatch):
    dataset = make_dataset(**TASKS[task])
    splits = make_splits(dataset)
    parameters = {"k": 2, "features": ["kmer"], "l2": [300.0, 30.0]}
    expected = train(dataset, splits, "linear", **parameters).predictions["prediction"]
    monkeypatch.setattr(features, "MOST_DOUBLES", 0)
    kept = train(dataset, splits, "linear", **parameters).predictions["prediction"]
    assert not np.array_equal(kept, expected)
    np.testing.assert_allclose(kept, expected, atol=0.02 * np.ptp(expected))


@pytest.mark.parametrize(
    ("architecture", "parameters", "words"),
    [
        ("linear", {"both_strand": True}, "did you mean 'both_strands'"),
        ("linear", {"k": 0}, "from 1 to 8"),
        ("linear", {"k": "5"}, "from 1 to 8"),
        ("linear", {"k": True}, "from 1 to 8"),
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
