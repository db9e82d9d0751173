import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from seqarena.data.alphabet import LETTERS, PROTEIN, RNA, UNKNOWN, words_alphabet
from seqarena.data.encoding import one_hot
from seqarena.models.layers import OneHot, Standardise, TargetScale

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("one_thread")]

token_arrays = arrays(
    np.uint8,
    array_shapes(min_dims=2, max_dims=2, max_side=9),
    elements=st.integers(0, len(LETTERS) - 1),
)


@given(token_arrays)
@settings(max_examples=50, deadline=None)
def test_one_hot_layer_equals_the_numpy_reference(tokens):
    encoded = keras.ops.convert_to_numpy(OneHot()(tokens))
    np.testing.assert_array_equal(encoded, one_hot(tokens))
    assert encoded.dtype == np.float32


def test_unknown_is_zero_and_codes_are_shared():
    tokens = np.array([[0, 1, 2, 3, UNKNOWN, LETTERS.index("R"), LETTERS.index("B")]], np.uint8)
    encoded = keras.ops.convert_to_numpy(OneHot()(tokens))[0]
    np.testing.assert_array_equal(encoded[:4], np.eye(4))
    np.testing.assert_array_equal(encoded[4], 0)
    np.testing.assert_array_equal(encoded[5], [0.5, 0, 0.5, 0])
    np.testing.assert_allclose(encoded[6], [0, 1 / 3, 1 / 3, 1 / 3], rtol=1e-6)


@pytest.mark.parametrize("alphabet", [RNA, PROTEIN, words_alphabet(["no", "yes", "maybe"])])
def test_one_hot_of_other_alphabets_is_saved_with_them(alphabet, tmp_path):
    tokens = np.arange(alphabet.padding + 1, dtype=np.uint8)[None]
    inputs = keras.Input((None,), dtype="uint8")
    keras.Model(inputs, OneHot(alphabet)(inputs)).save(tmp_path / "model.keras")
    encoded = keras.models.load_model(tmp_path / "model.keras")(tokens)
    np.testing.assert_array_equal(encoded[0], alphabet.one_hot)
    np.testing.assert_array_equal(encoded[0, alphabet.padding], 0)


def test_standardise_has_no_trainable_weights_and_is_saved(tmp_path):
    numbers = keras.Input((2,))
    layer = Standardise()
    model = keras.Model(numbers, layer(numbers))
    assert layer.trainable_weights == []
    layer.mean.assign([10.0, 5.0])
    layer.sd.assign([2.0, 1.0])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(np.array([[14.0, 5.0]])), [[2, 0]])


def test_symbolic_shape_and_type_are_those_of_the_result():
    symbolic = OneHot()(keras.Input((7,), dtype="uint8"))
    assert symbolic.shape == (None, 7, 4)
    assert symbolic.dtype == "float32"


def test_layers_survive_saving(tmp_path):
    tokens = keras.Input((5,), dtype="uint8")
    scale = TargetScale()
    model = keras.Model(
        tokens, scale(keras.layers.Dense(1)(keras.layers.Flatten()(OneHot()(tokens))))
    )
    scale.mean.assign([50.0])
    scale.sd.assign([10.0])
    model.save(tmp_path / "model.keras")
    batch = np.array([[0, 1, 2, 3, 4]], np.uint8)
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(batch, verbose=0), model.predict(batch, verbose=0))


def test_target_scale_has_no_trainable_weights():
    scale = TargetScale()
    scale.build((None, 2))
    assert scale.trainable_weights == []
    scale.mean.assign([1.0, 2.0])
    scale.sd.assign([3.0, 4.0])
    np.testing.assert_allclose(scale(np.array([[1.0, -1.0]], np.float32)), [[4.0, -2.0]])
