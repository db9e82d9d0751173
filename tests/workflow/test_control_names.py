"""Names of controls: which there are, who is trained for them, and what can be read from them."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqarena.control_names import (
    control_names,
    control_seed,
    seed_number,
    size_fraction,
    size_name,
    trained_models,
)

from .conftest import ROOT

DEFAULT = {
    "permuted_labels": True,
    "shuffled_input": True,
    "seeds": 1,
    "learning_curve": [],
    "models": None,
}
MODELS = {"majority": "majority", "lin": "linear", "cnn": "conv1d", "lin_too": "linear"}


def test_the_cheap_controls_are_the_default():
    assert control_names(DEFAULT) == ["permuted_labels", "shuffled_input"]


def test_all_controls_in_order():
    settings = DEFAULT | {"seeds": 3, "learning_curve": [0.5, 0.125, 0.25, 0.5]}
    assert control_names(settings) == [
        *("permuted_labels", "shuffled_input", "seed2", "seed3"),
        *("size12.5", "size25", "size50"),
    ]


def test_none_is_possible():
    assert control_names(DEFAULT | {"permuted_labels": False, "shuffled_input": False}) == []


@pytest.mark.parametrize("control", ["permuted_labels", "shuffled_input"])
def test_cheap_controls_train_linear_models(control):
    assert trained_models(control, DEFAULT, MODELS) == ["lin", "lin_too"]
    assert trained_models(control, DEFAULT, {"cnn": "conv1d"}) == []


@pytest.mark.parametrize("control", ["seed2", "size25"])
def test_seeds_and_sizes_train_all(control):
    assert trained_models(control, DEFAULT, MODELS) == list(MODELS)


@pytest.mark.parametrize("control", ["permuted_labels", "seed2", "size25"])
def test_named_models_are_those_that_the_dataset_has(control):
    settings = DEFAULT | {"models": ["other", "cnn", "majority"]}
    assert trained_models(control, settings, MODELS) == ["majority", "cnn"]
    assert trained_models(control, DEFAULT | {"models": []}, MODELS) == []


@pytest.mark.parametrize(
    ("fraction", "name"),
    [(0.25, "size25"), (0.125, "size12.5"), (0.07, "size7"), (0.001, "size0.1"), (0.1, "size10")],
)
def test_sizes_are_percentages(fraction, name):
    assert size_name(fraction) == name
    assert size_fraction(name) == fraction


@given(st.floats(min_value=1e-9, max_value=1, exclude_max=True))
def test_a_size_is_read_back_exactly(fraction):
    name = size_name(fraction)
    assert size_fraction(name) == fraction
    assert re.fullmatch(r"size[0-9]+(\.[0-9]+)?", name)


def test_other_names_are_no_sizes_and_no_seeds():
    for name in ("permuted_labels", "shuffled_input", "seed2"):
        assert size_fraction(name) is None
    for name in ("permuted_labels", "shuffled_input", "size25"):
        assert seed_number(name) is None
        assert control_seed(7, name) == 7


def test_each_seed_is_another_one():
    seeds = [control_seed(7, name) for name in ("permuted_labels", "seed2", "seed3", "seed12")]
    assert seeds == [7, 8, 9, 18]


def test_the_module_needs_the_standard_library_only():
    """Every start of Snakemake imports it."""
    code = "import seqarena.control_names, sys; print({'numpy', 'pandas'} & set(sys.modules))"
    output = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "scripts",
        capture_output=True,
        text=True,
        check=True,
    )
    assert output.stdout.strip() == "set()"
