"""The plain process of the benchmark `overhead` trains the networks that a run has trained."""

import importlib
from pathlib import Path

import keras
import pytest

from seqarena.data.encoding import one_hot

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("one_thread")]


@pytest.mark.parametrize("architecture", ["conv1d", "dense"])
def test_as_many_epochs_are_trained(architecture, train, make_dataset, make_splits, monkeypatch):
    dataset, epochs, fit = make_dataset(), [], keras.Model.fit

    def counted(model, *arrays, **options):
        epochs.append(options["epochs"])
        return fit(model, *arrays, **options)

    run = train(dataset, architecture=architecture, parameters={}, settings={"epochs": 2})
    monkeypatch.setattr(keras.Model, "fit", counted)
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    plain = importlib.import_module("plain_keras")
    plain.train(run.info, one_hot(dataset.matrix), dataset, make_splits(dataset))
    assert epochs == [fold["epochs"] for fold in run.info["folds"]]
