import keras
import numpy as np
import pytest

from seqarena.errors import InputError
from seqarena.models.losses import check_loss, class_weights_of, loss_function
from seqarena.models.settings import (
    OPTIMIZERS,
    Settings,
    learning_rates,
    make_optimizer,
    read_settings,
)

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("one_thread")]


def read(task="binary", **given):
    classes = {"binary": ["no", "yes"], "multiclass": ["x", "y", "z"], "regression": None}[task]
    return read_settings(given, task=task, classes=classes, model_name="mine")


def test_defaults_by_task():
    assert read().loss == "binary_crossentropy"
    assert read("multiclass").loss == "categorical_crossentropy"
    assert read("regression").loss == "mean_squared_error"
    assert read("regression", monitor="metric").monitor == "pearson"
    assert read(monitor="auroc").monitor == "auroc"
    assert read("multiclass", loss="sparse_categorical_crossentropy").loss == (
        "categorical_crossentropy"
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"learning_rat": 0.1}, "did you mean 'learning_rate'"),
        ({"learning_rate": "1e-3"}, "write 1.0e-3"),
        ({"learning_rate": 0}, "above 0"),
        ({"learning_rate": True}, "a number"),
        ({"batch_size": 0}, "from 1"),
        ({"batch_size": 32.5}, "a whole number"),
        ({"epochs": "ten"}, "a whole number"),
        ({"optimizer": "adm"}, "adam"),
        ({"optimizer": "LossScaleOptimizer"}, "an optimizer"),
        ({"loss": "binary_crossentrop"}, "binary_crossentropy"),
        ({"schedule": "linear"}, "constant, cosine"),
        ({"monitor": "accuracy"}, "auroc"),
        ({"label_smoothing": 1}, "below 1"),
        ({"class_weights": "equal"}, "balanced"),
        ({"class_weights": {"maybe": 2}}, "no, yes"),
        ({"class_weights": {"yes": -1}}, "from 0"),
    ],
)
def test_wrong_settings_are_named(given, words):
    with pytest.raises(InputError) as caught:
        read(**given)
    assert "'mine'" in str(caught.value)
    assert words in str(caught.value)


def test_regression_has_no_class_weights():
    with pytest.raises(InputError, match="no classes"):
        read("regression", class_weights="balanced")


def test_class_weights_have_the_mean_one_over_records():
    targets = np.array([0, 0, 0, 1])
    for given in (None, "balanced", {"yes": 5.0}):
        weights = class_weights_of(read(class_weights=given), targets, ["no", "yes"])
        np.testing.assert_allclose(weights[targets].mean(), 1)
    balanced = class_weights_of(read(class_weights="balanced"), targets, ["no", "yes"])
    np.testing.assert_allclose(balanced, [4 / 6, 2])
    own = class_weights_of(read(class_weights={"yes": 5.0}), targets, ["no", "yes"])
    np.testing.assert_allclose(own[1] / own[0], 5)


def test_classes_without_records_do_no_harm():
    weights = class_weights_of(read(class_weights="balanced"), np.array([0, 0]), ["no", "yes"])
    assert weights[0] == 1


@pytest.mark.parametrize("name", ["binary_crossentropy", "BinaryCrossentropy", "mse", "huber"])
def test_losses_are_a_number_a_record(name):
    truth, prediction = np.array([[0.0], [1.0]]), np.array([[0.2], [0.4]])
    assert loss_function(name)(truth, prediction).shape == (2,)


def test_learning_rates():
    constant = learning_rates(Settings(), 3, 4, 0.5)
    np.testing.assert_allclose(constant, 5e-4)
    assert constant.dtype == np.float32
    cosine = Settings(schedule="cosine", epochs=10, warmup_epochs=2, learning_rate=0.1)
    course = np.concatenate([learning_rates(cosine, epoch, 5, 1.0) for epoch in range(1, 11)])
    assert course.argmax() == 9
    np.testing.assert_allclose(course[:10], 0.1 * np.arange(1, 11) / 10, rtol=1e-5)
    assert (np.diff(course[9:]) < 0).all()
    np.testing.assert_allclose(course[-1], 0.001, rtol=1e-5)


def test_optimizer_takes_the_settings():
    kernel = keras.Variable(np.ones((2, 2)), name="kernel")
    bias = keras.Variable(np.ones(2), name="bias")
    settings = Settings(optimizer="sgd", learning_rate=0.1, weight_decay=0.5, global_clipnorm=2.0)
    optimizer = make_optimizer(settings, [kernel, bias])
    assert isinstance(optimizer, keras.optimizers.SGD)
    assert optimizer.global_clipnorm == 2.0
    optimizer.apply([np.zeros((2, 2)), np.zeros(2)], [kernel, bias])
    np.testing.assert_allclose(kernel, 0.95, rtol=1e-6)  # 1 - 0.5 x 0.1
    np.testing.assert_allclose(bias, 1.0)


@pytest.mark.parametrize("name", [*OPTIMIZERS, "AdamW"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_every_optimizer_makes_a_step(name, weight_decay):
    """AdamW refuses to have no number for its decay, which no decay is elsewhere."""
    assert read(optimizer=name).optimizer == name
    kernel = keras.Variable(np.ones((2, 2)), dtype="float32", name="kernel")
    optimizer = make_optimizer(
        Settings(optimizer=name, learning_rate=0.1, weight_decay=weight_decay), [kernel]
    )
    optimizer.apply([np.full((2, 2), 0.5, np.float32)], [kernel])
    assert np.isfinite(np.asarray(kernel)).all()
    assert (np.asarray(kernel) != 1).any()


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ("binary", "binary_crossentropy binary_focal_crossentropy mse hinge squared_hinge poisson"),
        ("multiclass", "categorical_crossentropy categorical_focal_crossentropy kl_divergence mse"),
        ("regression", "mse mae huber log_cosh MeanAbsoluteError"),
    ],
)
def test_losses_that_fit(task, names):
    for name in names.split():
        check_loss(name, task, 3 if task == "multiclass" else 1, "mine")


@pytest.mark.parametrize(
    ("task", "name", "words"),
    [
        ("binary", "categorical_crossentropy", "isn't lower"),
        ("binary", "kl_divergence", "isn't lower"),
        ("multiclass", "dice", "one number a record"),
        ("multiclass", "SparseCategoricalCrossentropy", "can't compute"),
        ("regression", "binary_crossentropy", "isn't lower"),
        ("regression", "poisson", "isn't lower"),
        ("regression", "ctc", "can't compute"),
    ],
)
def test_losses_that_would_teach_nothing_are_refused(task, name, words):
    with pytest.raises(InputError, match=words) as caught:
        check_loss(name, task, 3 if task == "multiclass" else 1, "mine")
    assert "'mine'" in caught.value.problem
    assert "such as" in caught.value.remedy
