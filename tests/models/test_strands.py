import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqarena.data.alphabet import DNA, PADDING, PROTEIN, RNA, reverse_complement
from seqarena.errors import InputError
from seqarena.models.builders import resolve
from seqarena.models.layers import turn_round
from seqarena.models.networks import Inputs, build_network, load_network

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("one_thread")]

LENGTH = 24


@st.composite
def padded_records(draw, rows=4):
    """Records of any letters with padding at either end, and their reverse complements."""
    tokens = np.full((rows, LENGTH), PADDING, np.uint8)
    other = tokens.copy()
    for row in range(rows):
        letters = draw(st.lists(st.integers(0, 14), max_size=LENGTH))
        first = draw(st.integers(0, LENGTH - len(letters)))
        place = slice(first, first + len(letters))
        tokens[row, place] = letters
        other[row, place] = reverse_complement(np.array(letters, np.uint8))
    return tokens, other


@given(padded_records())
@settings(max_examples=50, deadline=None)
def test_padding_stays_at_its_side(pair):
    tokens, other = pair
    np.testing.assert_array_equal(turn_round(tokens, DNA), other)
    np.testing.assert_array_equal(turn_round(turn_round(tokens, DNA), DNA), tokens)


CASES = [
    ("conv1d", None, True),
    ("conv1d", None, False),
    ("dense", None, True),
    ("dense", {"kind": "kmers", "k": 3}, True),
    ("conv2d", {"kind": "chaos_game", "k": 3}, True),
    ("conv3d", {"kind": "chaos_game_3d", "k": 2}, False),
]


def network(name, representation, padded, task="binary", kind="average", alphabet=DNA):
    keras.utils.set_random_seed(3)
    return build_network(
        resolve(name),
        {},
        inputs=Inputs(LENGTH, alphabet, padded, representation, kind),
        task=task,
        n_outputs=1 if task == "binary" else 3,
    )


@pytest.fixture(scope="module", params=CASES, ids=str)
def averaging(request, tmp_path_factory):
    model = network(*request.param).model
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    model.save(path)
    return model, load_network(path)


@given(pair=padded_records())
@settings(max_examples=15, deadline=None)
def test_both_strands_get_the_same_bits(averaging, pair):
    model, loaded = averaging
    one, other = (np.asarray(model(tokens)) for tokens in pair)
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(np.asarray(loaded(pair[1])), one)


@pytest.mark.parametrize("task", ["multiclass", "multilabel", "regression"])
def test_other_heads_average_both_strands(task):
    model = network("conv1d", None, False, task).model
    tokens = np.random.default_rng(0).integers(0, 15, (5, LENGTH)).astype(np.uint8)
    outputs = np.asarray(model(tokens))
    np.testing.assert_array_equal(outputs, np.asarray(model(turn_round(tokens, DNA))))
    assert np.ptp(outputs, axis=0).all()


def test_logits_are_averaged_by_the_same_weights():
    averaged, single = network("conv1d", None, False), network("conv1d", None, False, kind="none")
    for one, other in zip(averaged.core.weights, single.core.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    tokens = np.random.default_rng(0).integers(0, 4, (5, LENGTH)).astype(np.uint8)
    p = [np.asarray(single.core(x)) for x in (tokens, turn_round(tokens, DNA))]
    logits = [np.log(x / (1 - x)) for x in p]
    expected = 1 / (1 + np.exp(-(logits[0] + logits[1]) / 2))
    np.testing.assert_allclose(averaged.core(tokens), expected, rtol=1e-5)


@pytest.mark.parametrize("kind", ["augment", "average"])
@pytest.mark.parametrize("alphabet", [RNA, PROTEIN])
def test_one_strand_only(alphabet, kind):
    with pytest.raises(InputError, match="no second strand"):
        network("conv1d", None, False, kind=kind, alphabet=alphabet)
    with pytest.raises(InputError, match="other strand"):
        turn_round(np.zeros((1, 4), np.uint8), alphabet)
