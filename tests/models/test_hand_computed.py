"""Small networks whose output, error and derivatives are worked out by hand, against Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("one_thread")]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gradients_of(model, x, target):
    with tf.GradientTape() as tape:
        prediction = model(x)
        error = keras.losses.mean_squared_error(target, prediction)[0]
    return prediction, error, tape.gradient(error, model.trainable_variables)


def test_one_neuron():
    """Neuron sigmoid(0.5 x 1 - 0.25 x 2 + 0.1) = sigmoid(0.1), against the target 1."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
    model.layers[0].set_weights([np.array([[0.5], [-0.25]]), np.array([0.1])])
    prediction, error, (d_weights, d_bias) = gradients_of(
        model, np.array([[1.0, 2.0]], np.float32), np.array([[1.0]], np.float32)
    )
    # sigmoid(0.1) = 0.52497919; (y - 1)^2 = 0.22564477; 2 (y - 1) y (1 - y) = -0.23691820
    np.testing.assert_allclose(prediction, [[0.52497919]], rtol=1e-6)
    np.testing.assert_allclose(error, 0.22564477, rtol=1e-6)
    np.testing.assert_allclose(d_bias, [-0.23691820], rtol=1e-5)
    np.testing.assert_allclose(d_weights, [[-0.23691820], [2 * -0.23691820]], rtol=1e-5)


def test_two_layers_by_the_chain_rule():
    """The network y = sigmoid(wo1 h1 + wo2 h2 + wo3 h3), h1 = tanh(w1 x1 + w2 x2) and so on."""
    x1, x2, target = 0.7, -1.2, 1.0
    w1, w2, w3, w4, w5, w6 = 0.3, -0.8, 1.1, 0.4, -0.6, 0.9
    wo1, wo2, wo3 = 0.5, -1.3, 0.8

    h1, h2, h3 = np.tanh(w1 * x1 + w2 * x2), np.tanh(w3 * x1 + w4 * x2), np.tanh(w5 * x1 + w6 * x2)
    y = sigmoid(wo1 * h1 + wo2 * h2 + wo3 * h3)
    squared_error = (y - target) ** 2
    d_z = 2 * (y - target) * y * (1 - y)  # dE/dz = dE/dy dy/dz
    d_wo = [d_z * h1, d_z * h2, d_z * h3]  # dE/dwo = dE/dz h
    d_a1 = d_z * wo1 * (1 - h1**2)  # dE/da = dE/dz wo (1 - tanh^2)
    d_a2 = d_z * wo2 * (1 - h2**2)
    d_a3 = d_z * wo3 * (1 - h3**2)
    d_w = [[d_a1 * x1, d_a2 * x1, d_a3 * x1], [d_a1 * x2, d_a2 * x2, d_a3 * x2]]

    model = keras.Sequential(
        [
            keras.Input((2,), dtype="float64"),
            keras.layers.Dense(3, activation="tanh", use_bias=False, dtype="float64"),
            keras.layers.Dense(1, activation="sigmoid", use_bias=False, dtype="float64"),
        ]
    )
    model.layers[0].set_weights([np.array([[w1, w3, w5], [w2, w4, w6]])])
    model.layers[1].set_weights([np.array([[wo1], [wo2], [wo3]])])
    prediction, error, (hidden, output) = gradients_of(
        model, np.array([[x1, x2]]), np.array([[target]])
    )
    np.testing.assert_allclose(prediction, [[y]], rtol=1e-12)
    np.testing.assert_allclose(error, squared_error, rtol=1e-12)
    np.testing.assert_allclose(hidden, d_w, rtol=1e-12)
    np.testing.assert_allclose(np.ravel(output), d_wo, rtol=1e-12)
