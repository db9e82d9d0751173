import subprocess
import sys
import textwrap
from pathlib import Path

import keras
import numpy as np
import pytest

from seqarena.errors import InputError
from seqarena.models.builders import resolve
from seqarena.models.networks import Inputs, build_network, check_saving

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("one_thread")]


@pytest.fixture
def write(tmp_path):
    def write_builder(text):
        path = tmp_path / "own.py"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return f"{path}:build"

    return write_builder


def build(architecture, **parameters):
    return build_network(
        resolve(architecture, "mine"),
        parameters,
        inputs=Inputs(12),
        task="binary",
        n_outputs=1,
        model_name="mine",
    )


def test_own_builder_gets_a_head(write):
    architecture = write(
        """
        import keras

        def build(inputs, units=3):
            return keras.layers.Dense(units)(keras.layers.Flatten()(inputs))
        """
    )
    network = build(architecture, units=7)
    assert network.core.count_params() == 12 * 4 * 7 + 7 + 8
    assert network.model.predict(np.zeros((2, 12), np.uint8), verbose=0).shape == (2, 1)


def test_own_builder_with_open_parameters(write):
    architecture = write(
        """
        import keras

        def build(inputs, **parameters):
            assert parameters == {"anything": 1}
            return keras.layers.Flatten()(inputs)
        """
    )
    assert isinstance(build(architecture, anything=1).core, keras.Model)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("def build(inputs:\n    pass\n", 1, "isn't Python"),
        ("import keras\nimport no_such_module\n", 2, "no_such_module"),
        ("import keras\n\ndef make(inputs):\n    return inputs\n", None, "it has make"),
        ("build = 3\n", None, "no function 'build'"),
        ("def build(inputs):\n    x = 1\n    return inputs / len(3)\n", 3, "TypeError"),
        ("def build(inputs):\n    raise ValueError('my\\nwords')\n", 2, "ValueError: my words"),
        ("def build(inputs):\n    return inputs\n", 1, "a tensor of shape (None, 12, 4)"),
        (
            "import keras\ndef build(inputs):\n    return keras.Input((3,))\n",
            2,
            "doesn't depend on its inputs",
        ),
        ("\n\ndef build(inputs):\n    return None\n", 3, "returns NoneType"),
        (
            "def build(inputs):\n    import keras\n    return keras.Model()\n",
            1,
            "returns Model",
        ),
    ],
)
def test_failing_builders_give_one_message(write, text, line, words):
    architecture = write(text)
    with pytest.raises(InputError) as caught:
        build(architecture)
    message = str(caught.value)
    assert words in message
    assert "'mine'" in message
    assert "own.py" in message
    assert caught.value.line == line
    assert caught.value.remedy
    assert len(message.splitlines()) <= 3
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_unknown_parameter_of_an_own_builder(write):
    architecture = write("def build(inputs, units=3):\n    return inputs\n")
    with pytest.raises(InputError, match="did you mean 'units'"):
        build(architecture, unit=4)


def test_missing_parameter_of_an_own_builder(write):
    architecture = write("def build(inputs, units):\n    return inputs\n")
    with pytest.raises(InputError, match="units"):
        build(architecture)


def test_missing_file():
    with pytest.raises(InputError, match="doesn't exist") as caught:
        resolve("nowhere/own.py:build", "mine")
    assert str(caught.value.file) == "nowhere/own.py"


@pytest.mark.parametrize("name", ["convolution", "own.py", "own.txt:build"])
def test_unknown_name(name):
    with pytest.raises(InputError, match="known are dense, conv1d, conv2d, conv3d"):
        resolve(name)


def test_nearest_name_is_suggested():
    with pytest.raises(InputError, match="did you mean 'conv1d'"):
        resolve("conv1")


OWN_LAYER = """
import keras

{decorator}
class Scale(keras.layers.Layer):
    def __init__(self, by, **options):
        super().__init__(**options)
        self.by = by
        self.dropout = keras.layers.Dropout(0.5)

    def build(self, shape):
        self.weight = self.add_weight(shape=(shape[-1],), initializer="random_normal")

    def call(self, inputs, training=False):
        return self.dropout(inputs * self.weight * self.by, training=training)
{config}
def build(inputs, by=2.0):
    return keras.layers.Flatten()(Scale(by)(inputs))
"""
DECORATOR = "@keras.saving.register_keras_serializable()"
GET_CONFIG = """
    def get_config(self):
        return super().get_config() | {"by": self.by}
"""


def test_own_layers_load_in_another_process(write, tmp_path):
    architecture = write(OWN_LAYER.format(decorator=DECORATOR, config=GET_CONFIG))
    builder, network = resolve(architecture), build(architecture, by=3.0)
    check_saving(network, builder, "mine")
    network.model.save(tmp_path / "model.keras")
    tokens = np.arange(24, dtype=np.uint8).reshape(2, 12) % 5
    np.save(tmp_path / "tokens.npy", tokens)
    program = (
        "import sys, numpy as np\n"
        "from seqarena.models.networks import load_network\n"
        "model = load_network(sys.argv[1] + '/model.keras', sys.argv[2])\n"
        "tokens = np.load(sys.argv[1] + '/tokens.npy')\n"
        "np.save(sys.argv[1] + '/out.npy', model.predict(tokens, verbose=0))\n"
    )
    scripts = Path(__file__).parents[2] / "scripts"
    subprocess.run(
        [sys.executable, "-c", program, tmp_path, architecture],
        check=True,
        capture_output=True,
        env={"PYTHONPATH": str(scripts), "CUDA_VISIBLE_DEVICES": "", "PATH": "/usr/bin:/bin"},
    )
    np.testing.assert_allclose(
        np.load(tmp_path / "out.npy"), network.model.predict(tokens, verbose=0), rtol=1e-6
    )


def test_own_layers_that_keras_could_not_find_are_refused(write):
    architecture = write(OWN_LAYER.format(decorator="", config=GET_CONFIG))
    with pytest.raises(InputError, match="can't be saved and loaded") as caught:
        check_saving(build(architecture), resolve(architecture), "mine")
    assert "class 'Scale'" in caught.value.problem
    assert "register_keras_serializable" in caught.value.remedy
    assert str(caught.value.file).endswith("own.py")
    assert len(str(caught.value).splitlines()) <= 3


@pytest.mark.parametrize("activation", ["glu", "threshold"])
def test_what_is_no_activation_by_itself_is_refused(activation):
    with pytest.raises(InputError, match="activation"):
        build("dense", activation=activation)
