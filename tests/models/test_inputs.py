"""Every kind of input, from the dataset to predictions of a saved network."""

import json
from functools import partial

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from seqarena.data.alphabet import RNA, reverse_complement
from seqarena.errors import InputError
from seqarena.models import runs, training
from seqarena.models.builders import resolve
from seqarena.models.graph import Graph
from seqarena.models.networks import Inputs, build_network, load_network
from seqarena.models.settings import Settings

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("one_thread")]

EPOCH = {"epochs": 1}


def auroc(run, role="test"):
    table = run.predictions.query("role == @role")
    return runs.learning_metric(
        "binary", table[["truth"]].to_numpy(), table[["prediction"]].to_numpy()
    )


def assert_saved_networks_predict_the_same(run, inputs, record):
    test = run.predictions.query("role == 'test'")
    for fold, path in run.models.items():
        part = test[test["fold"] == fold]
        rows = pd.Index(record).get_indexer(part["record"].unique())
        predicted = load_network(path).predict(inputs[rows], verbose=0)
        np.testing.assert_allclose(predicted.ravel(), part["prediction"], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("task", ["multilabel", "regression"])
def test_several_targets(task, train, make_dataset):
    dataset = make_dataset(n=400, task=task, targets=3)
    settings = {"epochs": 12, "learning_rate": 0.01, "monitor": "metric"}
    run = train(dataset, architecture="dense", parameters={}, settings=settings)
    test = run.predictions.query("role == 'test'")
    assert len(test) == 3 * 400
    assert test["truth"].isna().sum() == np.isnan(dataset.targets).sum()
    truth, prediction = (test[c].to_numpy().reshape(-1, 3) for c in ("truth", "prediction"))
    assert runs.learning_metric(task, truth, prediction) > 0.8
    assert np.isfinite(run.history["value"]).all()
    if task == "regression":  # in the units of each target
        np.testing.assert_allclose(prediction.mean(axis=0), np.nanmean(truth, axis=0), atol=5)
    assert_saved_networks_predict_the_same(run, dataset.matrix, dataset.records["record"])


def test_numbers_are_standardised_on_the_training_records(train, make_splits, dataset_of):
    random = np.random.default_rng(0)
    values = random.normal([0, 1e4, 5], [1, 300, 0], (200, 3)).astype(np.float32)
    labels = (values[:, 1] > 1e4).astype(np.int64)
    alphabet = {"name": "numbers", "symbols": ["a", "b", "c"]}
    dataset = dataset_of(values, {"label": labels}, alphabet=alphabet)
    splits = make_splits(dataset)
    settings = {"epochs": 30, "learning_rate": 0.02}
    run = train(dataset, splits, architecture="dense", parameters={}, settings=settings)
    assert auroc(run) > 0.95
    assert run.info["notices"] == []
    assert_saved_networks_predict_the_same(run, values, dataset.records["record"])
    rows = splits.query("fold == 1 and role == 'train'")["record"].str[1:].astype(int)
    layer = load_network(run.models[1]).get_layer("standardise")
    np.testing.assert_allclose(layer.mean, values[rows].mean(axis=0, dtype=float), rtol=1e-5)
    sd = values[rows].std(axis=0, dtype=float)
    np.testing.assert_allclose(layer.sd, [sd[0], sd[1], 1], rtol=1e-5)


def test_numbers_are_not_shifted(train, dataset_of):
    values = np.zeros((60, 3), np.float32)
    dataset = dataset_of(
        values,
        {"label": np.arange(60) % 2},
        alphabet={"name": "numbers", "symbols": ["a", "b", "c"]},
    )
    with pytest.raises(InputError, match="no neighbours"):
        train(dataset, architecture="dense", parameters={}, settings={"shift": 2})


@pytest.mark.parametrize(
    ("alphabet", "tokens"),
    [
        ({"name": "protein"}, 25),
        ({"name": "rna"}, len(RNA.spellings)),
        ({"name": "words", "symbols": ["not", "good", "bad"]}, 5),
    ],
)
def test_other_alphabets(alphabet, tokens, train, dataset_of):
    """A saved network knows its alphabet without the dataset."""
    random = np.random.default_rng(0)
    rows = [random.integers(0, tokens - 1, random.integers(9, 21)) for _ in range(90)]
    dataset = dataset_of(
        [row.astype(np.uint8) for row in rows], {"label": np.arange(90) % 2}, alphabet=alphabet
    )
    run = train(dataset, settings=EPOCH)
    assert_saved_networks_predict_the_same(run, dataset.matrix, dataset.records["record"])
    layer = load_network(run.models[0]).get_layer("one_hot")
    assert layer.alphabet == dataset.alphabet


@pytest.mark.parametrize(("name", "tokens", "k"), [("protein", 25, 2), ("rna", 4, 5)])
def test_words_are_by_default_as_long_as_the_alphabet_allows(name, tokens, k, train, dataset_of):
    rows = list(np.random.default_rng(0).integers(0, tokens, (90, 12)).astype(np.uint8))
    dataset = dataset_of(rows, {"label": np.arange(90) % 2}, alphabet={"name": name})
    run = train(
        dataset,
        architecture="dense",
        parameters={},
        settings=EPOCH,
        representation={"kind": "kmers"},
    )
    assert run.info["representation"] == {"kind": "kmers", "k": k}


def test_length_is_not_learned_from_padding(train, make_ragged, make_splits):
    """Random letters; the label says whether a record is longer than most."""
    dataset = make_ragged(n=600)
    splits = make_splits(dataset).query("fold == 0")
    settings = {"epochs": 15, "learning_rate": 3e-3, "monitor": "metric"}
    masked = train(dataset, splits, parameters={}, settings=settings, folder="a")
    assert auroc(masked) < 0.65
    assert masked.info["notices"] == []
    seen = train(
        dataset, splits, architecture="dense", parameters={}, settings=settings, folder="b"
    )
    assert auroc(seen) > 0.9
    (notice,) = seen.info["notices"]
    assert "can see" in notice["what"]
    assert notice["count"] == (dataset.records["length"] < dataset.summary["length"]).sum()


def test_records_of_other_lengths_are_trained_in_one_graph(train, make_ragged, monkeypatch):
    graphs = []

    class Recorded(Graph):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            graphs.append(self)

    monkeypatch.setattr(training, "Graph", Recorded)
    dataset = make_ragged(low=8, high=70)
    settings = {"shift": 2, "epochs": 2, "batch_size": 8}
    one = train(dataset, settings=settings, reverse_complement="augment", folder="a")
    same = train(dataset, settings=settings, reverse_complement="augment", folder="b")
    assert [graph.traces for graph in graphs] == [2, 2]
    assert one.predictions.equals(same.predictions)
    assert one.history.equals(same.history)
    plain = train(dataset, settings=settings, folder="c")
    assert not plain.predictions.equals(one.predictions)
    assert_saved_networks_predict_the_same(one, dataset.matrix, dataset.records["record"])


@pytest.mark.parametrize(
    ("architecture", "parameters", "noticed"),
    [("conv1d", {"readout": "flatten"}, True), ("conv1d", {"readout": "average"}, False)],
)
def test_padding_at_both_ends_of_stored_records(
    architecture, parameters, noticed, train, make_ragged, dataset_of
):
    ragged = make_ragged(n=90, low=8, high=30)
    tokens = np.full((90, 30), ragged.alphabet.padding, np.uint8)
    for row, start, stop in zip(tokens, ragged.offsets[:-1], ragged.offsets[1:], strict=True):
        first = (30 - (stop - start)) // 2
        row[first : first + stop - start] = ragged.tokens[start:stop]
    lengths = np.diff(ragged.offsets)
    dataset = dataset_of(tokens, {"label": ragged.targets}, length=lengths)
    run = train(
        dataset, architecture=architecture, parameters=parameters, settings=EPOCH | {"shift": 1}
    )
    assert bool(run.info["notices"]) == noticed
    assert_saved_networks_predict_the_same(run, tokens, dataset.records["record"])


@pytest.mark.parametrize(
    ("architecture", "representation"),
    [
        ("dense", {"kind": "kmers", "k": 3}),
        ("conv2d", {"kind": "chaos_game", "k": 3}),
        ("conv3d", {"kind": "chaos_game_3d", "k": 2}),
    ],
)
def test_representations_of_records_of_any_length(
    architecture, representation, train, make_ragged, make_dataset
):
    dataset = make_ragged(n=90, low=2, high=60)
    run = train(
        dataset,
        architecture=architecture,
        parameters={},
        settings=EPOCH,
        representation=representation,
        reverse_complement="average",
    )
    short = int((dataset.records["length"] < representation["k"]).sum())
    assert sum(notice["count"] for notice in run.info["notices"]) == short
    assert run.info["representation"] == representation
    assert run.info["reverse_complement"] == "average"
    json.dumps(run.info)
    assert_saved_networks_predict_the_same(run, dataset.matrix, dataset.records["record"])


def test_a_representation_that_does_not_fit(train, make_dataset):
    with pytest.raises(InputError, match="'net': conv2d can't be shown a tensor of 2 axes"):
        train(make_dataset(), architecture="conv2d", parameters={})
    with pytest.raises(InputError, match=r"'net'.*too large"):
        train(
            make_dataset(),
            architecture="conv3d",
            parameters={},
            representation={"kind": "chaos_game_3d", "k": 7},
        )


def test_turning_records_is_training_on_their_reverse_complements(make_dataset):
    dataset = make_dataset()

    def build(kind):
        keras.utils.set_random_seed(1)
        inputs = Inputs(24, reverse_complement=kind)
        return build_network(resolve("conv1d"), {}, inputs=inputs, task="binary", n_outputs=1)

    tokens, order = dataset.matrix, np.arange(len(dataset))
    turns = np.random.default_rng(0).random(len(order)) < 0.5
    turned = np.where(turns[:, None], reverse_complement(tokens), tokens)
    weights = []
    for kind, shown in (("augment", tokens), ("none", turned)):
        graph = Graph(partial(build, kind), Settings(loss="binary_crossentropy"))
        truth, ones = runs.truth_matrix(dataset), np.ones(len(order), np.float32)
        graph.train_epoch(shown, truth, ones, order, 0 * order, turns, [1e-3, 1e-3])
        weights.append(graph.weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_half_of_the_records_are_turned_by_the_seed_of_the_fold(train, make_dataset, monkeypatch):
    seen = []
    train_epoch = Graph._train_epoch

    def recorded(self, records, truth, weights, order, shifts, turns, rates):
        tf.py_function(lambda x: seen.append(x.numpy().mean()), [turns], [])
        return train_epoch(self, records, truth, weights, order, shifts, turns, rates)

    monkeypatch.setattr(Graph, "_train_epoch", recorded)
    dataset = make_dataset(n=600)
    for folder in ("a", "b"):
        train(dataset, reverse_complement="augment", folder=folder, settings=EPOCH)
    assert seen[:3] == seen[3:]
    assert len(set(seen)) == 3
    assert all(0.4 < share < 0.6 for share in seen)
    train(dataset, folder="c", settings=EPOCH)
    assert seen[6:] == [0, 0, 0]


OWN = """
import keras

def build(inputs, {mask}units=4):
    return keras.layers.LSTM(units)(inputs{given})
"""


@pytest.mark.parametrize("masked", [True, False])
def test_own_builders_are_told_what_is_real(masked, train, make_ragged, make_dataset, tmp_path):
    own = tmp_path / "own.py"
    texts = {"mask": "mask=None, ", "given": ", mask=mask"} if masked else {"mask": "", "given": ""}
    own.write_text(OWN.format(**texts))
    arguments = {"architecture": f"{own}:build", "parameters": {"units": 3}, "settings": EPOCH}
    dataset = make_ragged(n=60, low=5, high=20)
    run = train(dataset, folder="a", **arguments)
    assert bool(run.info["notices"]) == (not masked)
    model = load_network(run.models[0])
    further = np.array(dataset.matrix)
    lengths = dataset.records["length"].to_numpy()
    row = lengths.argmin()
    alone = further[row : row + 1].copy()
    alone[0, lengths[row] :] = 4  # unknown letters instead of padding
    same = np.allclose(model(further[row : row + 1]), model(alone), atol=1e-7)
    assert same == (not masked)
    plain = train(make_dataset(), folder="b", **arguments)
    assert plain.info["notices"] == []
