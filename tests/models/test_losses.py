import keras
import numpy as np
import pytest
import tensorflow as tf

from seqarena.data.alphabet import DNA
from seqarena.errors import InputError
from seqarena.models import progress, runs
from seqarena.models.builders import resolve
from seqarena.models.graph import Graph
from seqarena.models.losses import (
    TaskLoss,
    check_loss,
    label_weights_of,
    smooth,
    training_weights,
)
from seqarena.models.networks import Inputs, build_network
from seqarena.models.settings import Settings, read_settings
from seqarena.models.training import Trainer

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("one_thread")]

NAN = np.float32(np.nan)
TRUTH = np.array([[1, 0, NAN], [NAN, 1, NAN], [0, NAN, NAN]], np.float32)
GIVEN = np.array([[0.9, 0.2, 0.1], [0.3, 0.6, 0.5], [0.4, 0.7, 0.8]], np.float32)
CROSS_ENTROPY = [[-np.log(0.9), -np.log(0.8), 0], [0, -np.log(0.6), 0], [-np.log(0.6), 0, 0]]


def test_missing_entries_have_no_loss_and_no_gradient():
    loss = TaskLoss("binary_crossentropy", "multilabel", 3)
    np.testing.assert_allclose(loss(TRUTH, GIVEN), CROSS_ENTROPY, rtol=1e-5)
    given, weights = tf.Variable(GIVEN), np.array([[1, 2, 5]] * 3, np.float32)
    with tf.GradientTape() as tape:
        mean = loss.weighted_sum(TRUTH, given, weights) / loss.count(TRUTH)
    np.testing.assert_allclose(mean, np.sum(CROSS_ENTROPY * weights) / 4, rtol=1e-5)
    by_hand = [[-1 / 0.9, 2 / 0.8, 0], [0, -2 / 0.6, 0], [1 / 0.6, 0, 0]]
    np.testing.assert_allclose(tape.gradient(mean, given), np.array(by_hand) / 4, rtol=1e-5)
    np.testing.assert_allclose(loss.mean(TRUTH, GIVEN), np.sum(CROSS_ENTROPY) / 4, rtol=1e-5)
    assert np.isnan(loss.mean(TRUTH[:, 2:].repeat(3, axis=1), GIVEN))
    assert float(loss.weighted_sum(TRUTH * NAN, GIVEN, weights)) == 0
    assert float(loss.count(TRUTH * NAN)) == 1


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ("multilabel", "binary_crossentropy binary_focal_crossentropy mse hinge squared_hinge"),
        ("regression", "mse mae huber log_cosh"),
    ],
)
def test_each_entry_is_a_loss_by_itself(task, names):
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, (4, 3)).astype(np.float32)
    given = random.random((4, 3)).astype(np.float32)
    for name in names.split():
        check_loss(name, task, 3, "mine")
        alone = TaskLoss(name, task, 1)
        columns = [alone(truth[:, i : i + 1], given[:, i : i + 1]) for i in range(3)]
        found = TaskLoss(name, task, 3)(truth, given)
        np.testing.assert_allclose(found, np.transpose(columns), rtol=1e-5)


@pytest.mark.parametrize("name", ["categorical_crossentropy", "kl_divergence", "dice"])
def test_losses_of_no_single_label_are_refused(name):
    with pytest.raises(InputError, match="doesn't fit a multilabel task"):
        check_loss(name, "multilabel", 3, "mine")


def test_smoothing_leaves_missing_labels_missing():
    np.testing.assert_allclose(smooth(TRUTH[:1], 0.1, "multilabel"), [[0.95, 0.05, NAN]], rtol=1e-6)
    np.testing.assert_allclose(smooth(np.eye(4)[:1], 0.2, "multiclass"), [[0.85, 0.05, 0.05, 0.05]])
    assert smooth(TRUTH, 0.1, "regression") is TRUTH


def test_balanced_labels_by_hand():
    """Label 1 has 1 positive of 4, label 2 has 2 of 3 and one that is missing."""
    nan = np.nan
    targets = np.array([[1, 1], [0, 1], [0, 0], [0, nan]])
    weights = label_weights_of(Settings(class_weights="balanced"), targets, ["a", "b"])
    np.testing.assert_allclose(weights, [[4 / 6, 3 / 2], [4 / 2, 3 / 4]])
    named = label_weights_of(Settings(class_weights={"b": 3.0}), targets, ["a", "b"])
    np.testing.assert_allclose(named, np.array([[1, 3], [1, 3]]) * 7 / (4 + 9))


def test_names_of_labels_are_checked():
    with pytest.raises(InputError, match="'c', which is no class"):
        read_settings(
            {"class_weights": {"c": 1}}, task="multilabel", classes=["a", "b"], model_name="mine"
        )


@pytest.mark.parametrize(
    ("task", "targets", "class_weights"),
    [
        ("binary", 1, None),
        ("binary", 1, "balanced"),
        ("multilabel", 3, "balanced"),
        ("regression", 1, None),
        ("regression", 3, None),
    ],
)
def test_sample_weights_have_the_mean_one(task, targets, class_weights, make_dataset):
    dataset = make_dataset(task=task, targets=targets)
    dataset.records["weight"] = np.random.default_rng(0).uniform(0, 3, len(dataset))
    settings, train = Settings(class_weights=class_weights), np.arange(80)
    weights = training_weights(settings, dataset, train)
    assert weights.dtype == np.float32
    there = ~np.isnan(dataset.targets[train])
    np.testing.assert_allclose(weights[train][there].mean(), 1, rtol=1e-5)
    if class_weights is None:
        shape = (-1,) + (1,) * (dataset.targets.ndim - 1)
        ratio = weights / dataset.records["weight"].to_numpy().reshape(shape)
        np.testing.assert_allclose(ratio, ratio.flat[0], rtol=1e-5)
    dataset = make_dataset(task=task, targets=targets)
    dataset.records["weight"] = 0.0
    with pytest.raises(InputError, match="weight 0"):
        training_weights(settings, dataset, train)


@pytest.mark.parametrize("task", ["multilabel", "regression"])
def test_one_step_on_several_targets_by_hand(task, make_dataset):
    """Linear models, one step of plain descent; a tenth of the entries is missing."""
    dataset = make_dataset(n=30, task=task, targets=3)
    dataset.records["weight"] = np.linspace(0, 2, 30)
    fold = runs.Fold(0, *(np.arange(a, b) for a, b in ((0, 20), (20, 25), (25, 30), (0, 5))), 1)
    settings = read_settings(
        {"optimizer": "sgd", "learning_rate": 0.5, "batch_size": 20, "epochs": 1},
        task=task,
        classes=dataset.target_names if task == "multilabel" else None,
        model_name="net",
    )

    def linear():
        return build_network(
            resolve("dense"), {"hidden_units": []}, inputs=Inputs(24), task=task, n_outputs=3
        )

    graph = Graph(linear, settings)
    graph.restart(fold.seed)
    start = [weights.astype(float) for weights in graph.weights()]
    result, _ = Trainer(dataset, graph, 1, progress.Progress(print, "net", 1, 1)).train(fold, 1)
    x = DNA.one_hot[dataset.matrix[:20]].reshape(20, -1)
    y, weight = dataset.targets[:20], np.repeat(np.linspace(0, 2, 30)[:20, None], 3, axis=1)
    prediction = x @ start[0] + start[1]
    if task == "multilabel":
        error = 1 / (1 + np.exp(-prediction)) - y
    else:
        error = 2 * (prediction - (y - np.nanmean(y, axis=0)) / np.nanstd(y, axis=0))
    there = ~np.isnan(y)
    error = np.where(there, error * weight / weight[there].mean(), 0) / there.sum()
    np.testing.assert_allclose(graph.weights()[0], start[0] - 0.5 * x.T @ error, atol=1e-5)
    np.testing.assert_allclose(graph.weights()[1], start[1] - 0.5 * error.sum(axis=0), atol=1e-5)
    assert np.isfinite(result["info"]["reference_loss"])


def test_reference_of_labels_is_their_share(make_dataset):
    dataset = make_dataset(n=60, task="multilabel", targets=3)
    fold = runs.Fold(0, *(np.arange(a, b) for a, b in ((0, 40), (40, 50), (50, 60), (0, 10))), 1)

    def build():
        return build_network(
            resolve("dense"), {}, inputs=Inputs(24), task="multilabel", n_outputs=3
        )

    keras.utils.set_random_seed(0)
    graph = Graph(build, Settings(loss="binary_crossentropy"))
    trainer = Trainer(dataset, graph, 1, progress.Progress(print, "net", 1, 1))
    y = dataset.targets
    share = np.nanmean(y[:40], axis=0)
    losses = -np.where(y == 1, np.log(share), np.log(1 - share))[40:50]
    expected = losses[~np.isnan(y[40:50])].mean()
    found = trainer._reference_loss(fold, trainer.truth)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
