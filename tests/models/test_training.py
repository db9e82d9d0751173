import json
import logging

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from seqarena.data.alphabet import DNA
from seqarena.errors import InputError
from seqarena.models import progress, runs, training
from seqarena.models.batches import shift_tokens
from seqarena.models.builders import resolve
from seqarena.models.graph import Graph
from seqarena.models.networks import Inputs, build_network, load_network
from seqarena.models.settings import Settings, read_settings
from seqarena.models.watch import Watch

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("one_thread")]


def assert_same(one, other):
    for name in ("predictions", "history"):
        a, b = getattr(one, name), getattr(other, name)
        assert a.equals(b), name


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_run_is_complete(task, train, make_dataset, make_splits, tmp_path):
    dataset = make_dataset(task=task)
    splits = make_splits(dataset)
    run = train(dataset, splits, settings={"epochs": 2})
    per_record = 3 if task == "multiclass" else 1
    held_out = splits[splits["role"] != "train"]
    assert len(run.predictions) == len(held_out) * per_record
    assert set(run.predictions["role"]) == {"validation", "test"}
    test = run.predictions.query("role == 'test'")
    assert sorted(test["record"].unique()) == sorted(dataset.records["record"])
    metric = runs.LEARNING_METRIC[task]
    assert len(run.history) == 3 * 2 * 2 * 2
    assert set(run.history["metric"]) == {"loss", metric}
    assert run.history["epoch"].min() == 1
    for entry in run.info["folds"]:
        roles = splits.query(f"fold == {entry['fold']}")["role"].value_counts()
        assert [entry[f"n_{role}"] for role in ("train", "validation", "test")] == [
            roles[role] for role in ("train", "validation", "test")
        ]
    names = ["predictions.parquet", "history.tsv", "run.json", "folds"]
    paths = [tmp_path / "out" / name for name in names]
    runs.write_run(run, *paths)
    again = runs.read_run(*paths)
    assert_same(run, again)
    assert json.loads(paths[2].read_text()) == again.info
    model = load_network(paths[3] / "fold1.keras")
    part = run.predictions.query("fold == 1 and role == 'test'")
    rows = dataset.records.index[dataset.records["record"].isin(part["record"])]
    np.testing.assert_allclose(
        model.predict(dataset.matrix[rows], verbose=0).ravel(), part["prediction"], rtol=1e-5
    )


def test_regression_predictions_have_the_units_of_the_target(train, make_dataset):
    run = train(make_dataset(n=300, task="regression"), settings={"epochs": 15})
    test = run.predictions.query("role == 'test'")
    assert test["truth"].between(40, 80).all()
    assert test["prediction"].between(40, 90).all()
    # Losses are in units of the training variance, so the mean alone has a loss near 1.
    assert all(0.5 < fold["reference_loss"] < 2 for fold in run.info["folds"])


def test_it_learns_and_restores_the_best_epoch(train, make_dataset):
    run = train(make_dataset(n=400), settings={"epochs": 25, "learning_rate": 0.01, "patience": 4})
    test = run.predictions.query("role == 'test'")
    auroc = runs.learning_metric(
        "binary", test[["truth"]].to_numpy(), test[["prediction"]].to_numpy()
    )
    assert auroc > 0.9
    for fold in run.info["folds"]:
        course = run.history.query(
            f"fold == {fold['fold']} and role == 'validation' and metric == 'loss'"
        )
        best = course.loc[course["value"].idxmin()]
        assert best["epoch"] == fold["best_epoch"]
        assert fold["epochs"] - fold["best_epoch"] in (4, 25 - fold["best_epoch"])
        kept = run.predictions.query(f"fold == {fold['fold']} and role == 'validation'")
        p = np.clip(kept["prediction"], 1e-7, 1 - 1e-7)
        loss = -np.mean(np.where(kept["truth"] == 1, np.log(p), np.log(1 - p)))
        np.testing.assert_allclose(loss, best["value"], rtol=1e-4)
        assert best["value"] < fold["reference_loss"]


def test_the_graph_is_traced_once_for_all_folds(train, make_dataset, monkeypatch):
    graphs = []

    class Recorded(Graph):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            graphs.append(self)

    monkeypatch.setattr(training, "Graph", Recorded)
    run = train(make_dataset(), settings={"shift": 2, "ema_momentum": 0.9})
    assert len({fold["n_train"] % 32 for fold in run.info["folds"]}) > 1  # last batches differ
    assert [graph.traces for graph in graphs] == [2]


def test_same_seed_same_predictions(train, make_dataset):
    dataset = make_dataset()
    one, same = train(dataset, folder="a"), train(dataset, folder="b")
    assert_same(one, same)
    other = train(dataset, folder="c", seed=8)
    assert not one.predictions.equals(other.predictions)


def test_a_fold_does_not_depend_on_the_others(train, make_dataset, make_splits):
    dataset = make_dataset()
    splits = make_splits(dataset)
    whole = train(dataset, splits, folder="a")
    alone = train(dataset, splits.query("fold == 2"), folder="b")
    part = whole.predictions.query("fold == 2").reset_index(drop=True)
    assert part.equals(alone.predictions)


def test_resuming_gives_what_an_undisturbed_run_gives(train, make_dataset, monkeypatch):
    dataset = make_dataset()
    undisturbed = train(dataset, folder="a")
    train_fold, trained = training.Trainer.train, []

    def killed(self, fold, position):
        if len(trained) == 2:
            raise KeyboardInterrupt
        trained.append(fold.number)
        return train_fold(self, fold, position)

    monkeypatch.setattr(training.Trainer, "train", killed)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, folder="b")
    monkeypatch.setattr(training.Trainer, "train", train_fold)
    resumed = train(dataset, folder="b")
    assert [fold["resumed"] for fold in resumed.info["folds"]] == [True, True, False]
    assert_same(undisturbed, resumed)
    tokens = dataset.matrix[:5]
    for fold, path in resumed.models.items():
        np.testing.assert_array_equal(
            load_network(path).predict(tokens, verbose=0),
            load_network(undisturbed.models[fold]).predict(tokens, verbose=0),
        )


def test_folds_of_other_inputs_are_not_reused(train, make_dataset):
    dataset = make_dataset()
    train(dataset)
    assert all(fold["resumed"] for fold in train(dataset).info["folds"])
    assert not any(fold["resumed"] for fold in train(dataset, key="other").info["folds"])


def test_loss_that_is_not_finite(train, make_dataset):
    with pytest.raises(InputError, match=r"fold 0, epoch \d+") as caught:
        train(
            make_dataset(task="regression"),
            settings={"optimizer": "sgd", "learning_rate": 1e12, "epochs": 20},
        )
    assert "net" in caught.value.problem
    assert "learning_rate" in caught.value.remedy
    assert "global_clipnorm" in caught.value.remedy


@pytest.mark.parametrize("class_weights", [None, "balanced", {"no": 1.0, "yes": 4.0}])
def test_one_step_equals_the_weighted_gradient_by_hand(class_weights, train, make_dataset):
    """Logistic regression, one step of plain descent from known weights."""
    dataset = make_dataset(n=30, classes=["no", "yes"])
    fold = runs.Fold(0, *(np.arange(a, b) for a, b in ((0, 20), (20, 25), (25, 30), (0, 5))), 1)
    settings = read_settings(
        {
            "optimizer": "sgd",
            "learning_rate": 0.5,
            "class_weights": class_weights,
            "batch_size": 20,
            "epochs": 1,
            "label_smoothing": 0.1,
        },
        task="binary",
        classes=dataset.classes,
        model_name="net",
    )
    graph = Graph(lambda: logistic_regression(24), settings)
    told = progress.Progress(lambda line: None, "net", 1, 1)
    graph.restart(fold.seed)
    start = [weights.astype(float) for weights in graph.weights()]
    training.Trainer(dataset, graph, 1, told).train(fold, 1)
    x = np.eye(5)[dataset.matrix[:20]][:, :, :4].reshape(20, -1)
    y = dataset.targets[:20, None]
    prediction = 1 / (1 + np.exp(-(x @ start[0] + start[1])))
    count = np.bincount(y[:, 0], minlength=2)
    weight = {"balanced": 1 / count, None: np.ones(2)}.get(
        class_weights if not isinstance(class_weights, dict) else "", np.array([1.0, 4.0])
    )[y]
    error = weight / weight.mean() * (prediction - (0.9 * y + 0.05)) / 20
    np.testing.assert_allclose(graph.weights()[0], start[0] - 0.5 * x.T @ error, atol=1e-6)
    np.testing.assert_allclose(graph.weights()[1], start[1] - 0.5 * error.sum(axis=0), atol=1e-6)


def logistic_regression(length):
    return build_network(
        resolve("dense"), {"hidden_units": []}, inputs=Inputs(length), task="binary", n_outputs=1
    )


def test_averaging_without_memory_changes_nothing(train, make_dataset):
    dataset = make_dataset()
    plain = train(dataset, folder="a")
    averaged = train(dataset, folder="b", settings={"ema_momentum": 0.0})
    assert_same(plain, averaged)


def test_averaged_weights_are_swapped_in_and_out(make_dataset):
    graph = Graph(lambda: logistic_regression(5), Settings(loss="mse", ema_momentum=0.9))
    start = graph.weights()
    tokens, order = np.zeros((8, 5), np.uint8), np.arange(8)
    graph.train_epoch(
        tokens, np.ones((8, 1), np.float32), np.ones(8, np.float32), order, order, order < 0, [0.1]
    )
    trained = graph.weights()
    graph.swap_averages()
    momentum = 2 / 11  # (1 + step) / (10 + step) in step 1
    for old, new, average in zip(start, trained, graph.weights(), strict=True):
        np.testing.assert_allclose(average, momentum * old + (1 - momentum) * new, rtol=1e-5)
    graph.swap_averages()
    for before, after in zip(trained, graph.weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_shift_moves_letters_and_fills_with_unknown():
    tokens = tf.constant([[0, 1, 2, 3]] * 4, tf.uint8)
    moved = shift_tokens(tokens, tf.constant([0, 1, -2, 9], tf.int64), DNA)
    np.testing.assert_array_equal(moved, [[0, 1, 2, 3], [4, 0, 1, 2], [2, 3, 4, 4], [4, 4, 4, 4]])


def test_plateau_lowers_the_rate_and_ties_are_not_better():
    watch = Watch(Settings(monitor="loss", schedule="reduce_on_plateau", plateau_patience=2))
    assert [watch.look(epoch, v) for epoch, v in enumerate([1.0, 0.5, 0.5, 0.6, 0.4], start=1)] == [
        True,
        True,
        False,
        False,
        True,
    ]
    assert (watch.best_epoch, watch.waited, watch.factor) == (5, 0, 0.5)


def test_watch_on_a_metric_that_begins_undefined():
    watch = Watch(Settings(monitor="auroc"))
    assert [watch.look(e, v) for e, v in ((1, np.nan), (2, 0.5), (3, np.nan), (4, 0.6))] == [
        True,
        True,
        False,
        True,
    ]


def test_watch_takes_the_loss_while_the_metric_is_undefined():
    watch = Watch(Settings(monitor="auroc"))
    losses = [0.7, 0.6, 0.65]
    assert [watch.look(e, np.nan, loss) for e, loss in enumerate(losses, 1)] == [True, True, False]
    assert watch.watched == "loss (auroc not defined in validation)"
    assert watch.look(4, 0.5, 0.9)
    assert not watch.look(5, 0.4, 0.1)
    assert watch.watched == "auroc"


def test_one_record_folds_and_a_constant_target(train, make_dataset, make_splits):
    dataset = make_dataset(n=12, task="regression")
    dataset.records["label"] = 0.1
    splits = make_splits(dataset).query("fold == 0")
    settings = {"monitor": "pearson", "patience": 2, "batch_size": 64, "learning_rate": 0.01}
    held_out = splits.query("role != 'train'").groupby("role").head(1)
    splits = pd.concat([splits.query("role == 'train'"), held_out])
    run = train(dataset, splits, settings=settings | {"epochs": 8})
    (fold,) = run.info["folds"]
    assert "loss (pearson" in fold["stop_reason"] or fold["epochs"] == 8
    assert fold["reference_loss"] < 1e-6
    assert run.history.query("metric == 'pearson'")["value"].isna().all()
    assert run.predictions["prediction"].between(-5, 5).all()


def test_equal_numbers_have_no_spread():
    mean, sd = runs.target_scale(np.full((10, 1), 0.1))
    np.testing.assert_allclose([mean[0], sd[0]], [0.1, 1])
    constant = np.full((10, 1), 0.1)
    varied = np.arange(10.0)[:, None]
    assert np.isnan(runs.learning_metric("regression", varied, constant))
    assert np.isnan(runs.learning_metric("regression", constant, varied))


@pytest.mark.parametrize("loss", ["hinge", "mean_absolute_error"])
def test_reference_of_a_loss_whose_best_constant_is_a_class(loss, train, make_dataset):
    dataset = make_dataset(n=90, task="multiclass", signal=False)
    run = train(dataset, settings={"loss": loss, "epochs": 1})
    truth = np.eye(3)[dataset.targets]
    always = np.mean(np.broadcast_to(np.eye(3)[0], truth.shape) != truth)
    limit = {"hinge": 1.5, "mean_absolute_error": 1.3 * always}[loss]
    assert all(fold["reference_loss"] < limit for fold in run.info["folds"])


def test_seconds_of_a_resumed_run_hold_those_of_its_first_process(train, make_dataset):
    dataset = make_dataset()
    train(dataset)
    run = train(dataset)
    assert all(fold["resumed"] for fold in run.info["folds"])
    assert run.info["seconds"] > sum(fold["seconds"] for fold in run.info["folds"])


def test_a_loss_that_does_not_fit_is_refused_before_training(train, make_dataset):
    with pytest.raises(InputError, match="doesn't fit a binary task"):
        train(make_dataset(), settings={"loss": "categorical_crossentropy"})


def test_a_network_that_could_not_be_loaded_is_refused_before_training(
    train, make_dataset, tmp_path
):
    own = tmp_path / "own.py"
    own.write_text(
        "import keras\n"
        "def build(inputs):\n"
        "    x = keras.layers.Lambda(lambda y: 2 * y)(inputs)\n"
        "    return keras.layers.Flatten()(x)\n"
    )
    with pytest.raises(InputError, match="can't be saved and loaded") as caught:
        train(make_dataset(), architecture=f"{own}:build", parameters={})
    assert "Lambda" in caught.value.remedy
    assert not list((tmp_path / "resume").glob("fold*"))


def test_progress_says_where_it_is(train, make_dataset, monkeypatch, caplog):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    with caplog.at_level(logging.INFO):
        train(make_dataset(), progress=logging.getLogger("test").info)
    lines = [record.getMessage() for record in caplog.records if record.name == "test"]
    assert len(lines) == 9
    assert "left" not in lines[0]
    assert lines[4].startswith("net: fold 2/3, epoch 2/3, loss ")
    assert "in validation, auroc " in lines[4]
    assert lines[4].endswith(" left")


def test_splits_that_do_not_fit(train, make_dataset, make_splits):
    dataset = make_dataset()
    splits = make_splits(dataset)
    with pytest.raises(InputError, match="'stranger'"):
        train(dataset, splits.replace({"record": {"r5": "stranger"}}))
    with pytest.raises(InputError, match="no validation records"):
        train(dataset, splits.query("role != 'validation'"))
    with pytest.raises(InputError, match="no repeat 1"):
        train(dataset, splits.assign(repeat=2))


def test_dropout_restarts_with_the_seed():
    def build():
        return build_network(
            resolve("dense"), {"dropout": 0.5}, inputs=Inputs(5), task="binary", n_outputs=1
        )

    keras.utils.set_random_seed(1)
    graph = Graph(build, Settings(loss="mse"))
    tokens = np.zeros((4, 5), np.uint8)

    def outputs(seed):
        graph.restart(seed)
        return np.asarray(graph.core(tokens, training=True))

    first = outputs(3)
    assert (outputs(4) != first).any()
    np.testing.assert_array_equal(outputs(3), first)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_mixed_precision_learns_the_same(precision, task, train, make_dataset, tmp_path):
    dataset = make_dataset(task=task)
    settings = {"epochs": 4, "learning_rate": 0.01}
    whole = train(dataset, settings=settings, folder="whole")
    mixed = train(dataset, settings={**settings, "precision": precision}, folder="mixed")
    assert mixed.info["settings"]["precision"] == precision
    last = [r.history.query("metric == 'loss' and epoch == 4")["value"] for r in (whole, mixed)]
    np.testing.assert_allclose(*last, rtol=0.1, atol=0.05)
    assert not whole.predictions.equals(mixed.predictions)
    assert keras.config.dtype_policy().name == "float32"
    model = load_network(mixed.models[0])
    kernels = [w for w in model.weights if "kernel" in w.path]
    assert {w.dtype for w in kernels} == {"float32"}
    assert model.layers[-1].dtype == "float32"
