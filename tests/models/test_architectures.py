"""The check that every registered architecture passes, with every head."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqarena.errors import InputError
from seqarena.models.architectures import REGISTRY, convolutions
from seqarena.models.builders import resolve
from seqarena.models.graph import Graph
from seqarena.models.networks import Inputs, build_network, load_network
from seqarena.models.settings import read_settings
from seqarena.models.training import train_networks

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("one_thread")]

LENGTH = 20
HEADS = {"binary": 1, "multiclass": 3, "multilabel": 2, "regression": 2}
IMAGE = {
    "filters": [4, 6],
    "kernel_sizes": [3, 2],
    "pool_sizes": [2, 1],
    "dilations": [1, 2],
    "pooling": "average",
    "residual": True,
    "readout": "max_average",
    "batch_normalization": True,
}
#: What a convolution is shown, with images small enough for a test.
SHOWN = {"conv2d": {"kind": "chaos_game", "k": 3}, "conv3d": {"kind": "chaos_game_3d", "k": 2}}
VARIANTS = {
    "dense": {"hidden_units": [32, 8], "batch_normalization": True, "l2": 1e-4},
    "conv1d": {
        "filters": [8, 8, 12],
        "kernel_sizes": [5, 3, 3],
        "pool_sizes": [1, 2, 1],
        "dilations": [1, 1, 2],
        "residual": True,
        "readout": "max_average",
        "batch_normalization": True,
        "input_dropout": 0.1,
        "activation": "tanh",
        "l2": 1e-4,
    },
    "conv2d": IMAGE,
    "conv3d": IMAGE,
}
CASES = [(name, {}) for name in REGISTRY] + list(VARIANTS.items())

every_case = pytest.mark.parametrize(("name", "parameters"), CASES, ids=lambda v: str(v)[:18])
every_head = pytest.mark.parametrize("task", HEADS)


def network(name, parameters=None, task="binary", seed=1, length=LENGTH):
    keras.utils.set_random_seed(seed)
    return build_network(
        resolve(name),
        parameters or {},
        inputs=Inputs(length, representation=SHOWN.get(name)),
        task=task,
        n_outputs=HEADS[task],
    )


def random_tokens(n, seed=0):
    return np.random.default_rng(seed).integers(0, 15, (n, LENGTH)).astype(np.uint8)


def test_every_registered_architecture_has_a_variant_here():
    assert set(VARIANTS) == set(REGISTRY)


@every_head
@every_case
def test_shapes_and_save_and_load(name, parameters, task, tmp_path):
    model, tokens = network(name, parameters, task).model, random_tokens(5)
    before = model.predict(tokens, verbose=0)
    assert before.shape == (5, HEADS[task])
    assert before.dtype == np.float32
    if task != "regression":
        assert ((before >= 0) & (before <= 1)).all()
    if task == "multiclass":
        np.testing.assert_allclose(before.sum(axis=1), 1, rtol=1e-5)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        load_network(tmp_path / "model.keras").predict(tokens, verbose=0), before
    )


@every_case
def test_same_seed_same_weights(name, parameters):
    one, same, other = (network(name, parameters, seed=s).core.get_weights() for s in (1, 1, 2))
    for a, b in zip(one, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != c).any() for a, c in zip(one, other, strict=True))


@every_head
@every_case
def test_gradients_are_finite_and_reach_every_weight(name, parameters, task):
    core, tokens = network(name, parameters, task).core, random_tokens(16)
    with tf.GradientTape() as tape:
        outputs = core(tokens, training=True)
        loss = tf.reduce_mean((outputs - 0.3) ** 2)
    for variable, gradient in zip(
        core.trainable_variables, tape.gradient(loss, core.trainable_variables), strict=True
    ):
        assert gradient is not None, variable.path
        assert np.isfinite(gradient).all(), variable.path


@every_head
@pytest.mark.parametrize("name", REGISTRY)
def test_learns_32_sequences_by_heart(name, task):
    tokens = np.random.default_rng(3).integers(0, 4, (32, LENGTH)).astype(np.uint8)
    random = np.random.default_rng(4)
    truth = {
        "binary": random.integers(0, 2, (32, 1)),
        "multiclass": np.eye(3)[random.integers(0, 3, 32)],
        "multilabel": random.integers(0, 2, (32, 2)),
        "regression": random.normal(size=(32, 2)),
    }[task].astype(np.float32)
    settings = read_settings(
        {"learning_rate": 0.01, "batch_size": 32},
        task=task,
        classes=None,
        model_name=name,
    )
    keras.utils.set_random_seed(5)
    graph = Graph(lambda: network(name, {"dropout": 0.0}, task), settings)
    order = np.tile(np.arange(32), 150)
    rates = np.full(150, 0.01, np.float32)
    weights = np.ones((32, 2) if graph.loss.entrywise else 32, np.float32)
    graph.train_epoch(tokens, truth, weights, order, np.zeros_like(order), order < 0, rates)
    loss = graph.loss.mean(truth, graph.predict(tokens, np.arange(32)).numpy())
    assert loss < 0.05


@pytest.mark.parametrize("name", REGISTRY)
def test_chance_on_permuted_labels(name, make_dataset, make_splits, tmp_path):
    dataset = make_dataset(n=600, signal=False)
    run = train_networks(
        dataset,
        make_splits(dataset).query("fold == 0"),
        name,
        name,
        {},
        settings={"epochs": 15},
        seed=1,
        repeat=1,
        resume_folder=tmp_path,
        key="",
        representation=SHOWN.get(name),
    )
    auroc = run.history.query("role == 'validation' and metric == 'auroc'")["value"]
    assert auroc.between(0.35, 0.65).all()


@pytest.mark.parametrize(
    ("name", "parameters", "culprit"),
    [
        ("conv1d", {"filters": [8, 8], "kernel_sizes": [3]}, "kernel_sizes"),
        ("conv1d", {"filters": [8], "pool_sizes": [2, 2]}, "pool_sizes"),
        ("conv1d", {"filters": [8], "dilations": [1, 2]}, "dilations"),
        (
            "conv1d",
            {"filters": [8, 8], "kernel_sizes": [3, 3], "pool_sizes": [15, 2]},
            "pool_sizes",
        ),
        ("conv1d", {"kernel_sizes": [30], "padding": "valid"}, "kernel_sizes"),
        ("conv1d", {"residual": True, "padding": "valid"}, "residual"),
        ("conv2d", {"kernel_sizes": [9, 3], "padding": "valid"}, "kernel_sizes"),
        ("conv3d", {"pool_sizes": [2, 3]}, "pool_sizes"),
        ("conv1d", {"mask": True}, "mask"),
        ("conv1d", {"filters": "32"}, "filters"),
        ("conv1d", {"filters": [0]}, "filters"),
        ("conv1d", {"kernel_sizes": [2.5]}, "kernel_sizes"),
        ("conv1d", {"readout": "mean"}, "readout"),
        ("conv1d", {"pooling": "sum"}, "pooling"),
        ("dense", {"dropout": 1.0}, "dropout"),
        ("dense", {"dropout": "0.2"}, "dropout"),
        ("dense", {"l2": -1}, "l2"),
        ("dense", {"activation": "rellu"}, "activation"),
        ("dense", {"batch_normalization": "yes"}, "batch_normalization"),
        ("dense", {"hidden_unit": [3]}, "hidden_units"),
    ],
)
def test_parameters_that_do_not_fit(name, parameters, culprit):
    with pytest.raises(InputError) as caught:
        build_network(
            resolve(name),
            parameters,
            inputs=Inputs(LENGTH, representation=SHOWN.get(name)),
            task="binary",
            n_outputs=1,
            model_name="my_model",
        )
    assert "my_model" in str(caught.value)
    assert culprit in str(caught.value)
    assert caught.value.remedy


def test_batch_normalization_settles_fast():
    layers = network("dense", {"batch_normalization": True}).core.layers
    (normalization,) = (x for x in layers if isinstance(x, keras.layers.BatchNormalization))
    assert normalization.momentum == 0.9


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "gelu"])
def test_pooling_comes_where_it_costs_least_and_changes_nothing(activation):
    parameters = {"filters": [5], "kernel_sizes": [3], "activation": activation, "dropout": 0.0}
    inputs = keras.Input((12, 4))
    built = convolutions(inputs, **parameters, pool_sizes=[4], readout="flatten", hidden_units=[])
    model = keras.Model(inputs, built)
    convolution = next(x for x in model.layers if isinstance(x, keras.layers.Conv1D))
    shown = np.random.default_rng(1).random((6, 12, 4)).astype("float32") - 0.5
    activated = keras.activations.get(activation)(convolution(shown))
    expected = keras.ops.max_pool(activated, 4, data_format="channels_last")
    assert np.array_equal(model(shown), np.reshape(expected, (6, -1)))
