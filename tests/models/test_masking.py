import keras
import numpy as np
import pytest

from seqarena.data.alphabet import DNA, PADDING
from seqarena.models import masking
from seqarena.models.builders import resolve
from seqarena.models.networks import Inputs, build_network

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("one_thread")]

REAL = np.array([[True, True, True, False, False], [False, True, True, True, True], [False] * 5])


def values(layer, *inputs):
    return keras.ops.convert_to_numpy(layer(*map(keras.ops.convert_to_tensor, inputs)))


def test_mask_of_tokens():
    tokens = np.array([[0, 4, 14, PADDING]], np.uint8)
    mask = values(masking.PaddingMask(DNA), tokens)
    np.testing.assert_array_equal(mask, [[True, True, True, False]])


def test_pooling_takes_real_positions_only():
    """Windows of two from the left, the last one of a single position."""
    x = np.array([[-1, -3, -2, 9, 9], [9, -5, -1, -2, -4], [9, 9, 9, 9, 9]], np.float32)[..., None]
    largest = values(masking.MaskedMaxPooling(2), x, REAL)[..., 0]
    np.testing.assert_array_equal(largest, [[-1, -2, 0], [-5, -1, -4], [0, 0, 0]])
    mean = values(masking.MaskedAveragePooling(2), x, REAL)[..., 0]
    np.testing.assert_allclose(mean, [[-2, -2, 0], [-5, -1.5, -4], [0, 0, 0]])
    pooled = values(masking.PooledMask(2), REAL)
    np.testing.assert_array_equal(pooled, [[1, 1, 0], [1, 1, 1], [0, 0, 0]])


def test_readouts_take_real_positions_only():
    x = np.array([[-1, -3, -2, 9, 9], [9, -5, -1, -2, -4], [9, 9, 9, 9, 9]], np.float32)[..., None]
    np.testing.assert_array_equal(values(masking.MaskedGlobalMax(), x, REAL), [[-1], [-1], [0]])
    np.testing.assert_allclose(values(masking.MaskedGlobalAverage(), x, REAL), [[-2], [-3], [0]])
    blotted = values(masking.Mask(), x, REAL)[..., 0]
    np.testing.assert_array_equal(blotted, np.where(REAL, x[..., 0], 0))


@pytest.mark.parametrize("size", [1, 3, 5, 9])
def test_windows_that_are_real_to_their_end(size):
    whole = values(masking.WholeWindows(size), REAL)
    for row, found in zip(REAL, whole, strict=True):
        wanted = [i + size <= 5 and row[i : i + size].all() for i in range(5)]
        np.testing.assert_array_equal(found, wanted)


CASES = [
    {},
    {"readout": "average"},
    {"readout": "max_average", "filters": [5, 6], "kernel_sizes": [5, 4], "pool_sizes": [3, 2]},
    {"filters": [5, 6], "kernel_sizes": [5, 3], "dilations": [2, 3], "pooling": "average"},
    {"filters": [5, 6], "kernel_sizes": [5, 3], "pool_sizes": [2, 1], "pooling": "average"},
    {"padding": "valid", "filters": [5, 6], "kernel_sizes": [5, 3], "pool_sizes": [2, 2]},
    {"padding": "valid", "filters": [5], "kernel_sizes": [5], "readout": "average"},
    {
        "residual": True,
        "filters": [4, 6],
        "kernel_sizes": [5, 3],
        "pool_sizes": [2, 1],
        "batch_normalization": True,
        "activation": "tanh",
        "readout": "max_average",
    },
]


def network(parameters, length=None, seed=1):
    keras.utils.set_random_seed(seed)
    core = build_network(
        resolve("conv1d"),
        parameters,
        inputs=Inputs(length, padded=True),
        task="binary",
        n_outputs=1,
    ).core
    for layer in core.layers:  # as if trained: else its shift is 0, which padding has anyway
        if isinstance(layer, keras.layers.BatchNormalization):
            random = np.random.default_rng(2)
            layer.set_weights([random.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    return core


def padded(records, width, left=0):
    matrix = np.full((len(records), width), PADDING, np.uint8)
    for row, record in zip(matrix, records, strict=True):
        row[left : left + len(record)] = record
    return matrix


@pytest.mark.parametrize("parameters", CASES, ids=str)
def test_padding_further_changes_no_output(parameters):
    random = np.random.default_rng(0)
    records = [random.integers(0, 15, length) for length in (30, 7, 19, 12, 1, 24)]
    core = network(parameters)
    for training in (False, True):
        if training and parameters.get("dropout", 0.2):
            core = network({**parameters, "dropout": 0.0})
        once, further = (core(padded(records, w), training=training) for w in (30, 47))
        np.testing.assert_allclose(once, further, rtol=1e-5, atol=1e-6)
        alone = core(records[0][None].astype(np.uint8), training=False)
        beside = core(padded(records, 41), training=False)[:1]
        np.testing.assert_allclose(alone, beside, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("parameters", CASES, ids=str)
def test_without_padding_the_network_is_the_one_without_masks(parameters):
    """As far as pooling leaves no letters over, which masked pooling doesn't drop."""
    keras.utils.set_random_seed(1)
    plain = build_network(
        resolve("conv1d"), parameters, inputs=Inputs(48), task="binary", n_outputs=1
    ).core
    masked = network(parameters)
    plain.set_weights(masked.get_weights())
    tokens = np.random.default_rng(0).integers(0, 5, (6, 48)).astype(np.uint8)
    np.testing.assert_allclose(plain(tokens), masked(tokens), rtol=1e-5, atol=1e-6)


def test_gradients_are_finite_where_records_have_no_letters():
    import tensorflow as tf

    core = network({"filters": [5, 6], "kernel_sizes": [5, 3], "pool_sizes": [2, 2]})
    tokens = padded([np.array([0, 1, 2]), np.array([], int)], 20)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(core(tokens, training=True))
    for gradient in tape.gradient(loss, core.trainable_variables):
        assert np.isfinite(gradient).all()


def test_masked_networks_are_saved_and_loaded(tmp_path):
    core = network(CASES[-1])
    tokens = padded([np.arange(12), np.arange(5)], 20)
    core.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(tokens), core(tokens))
