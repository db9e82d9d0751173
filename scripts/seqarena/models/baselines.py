"""Models that every network has to beat: the majority, composition, and a linear model.

They need no TensorFlow, and write the same files as a network does.
"""

import difflib
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from threadpoolctl import threadpool_limits

from seqarena.errors import InputError
from seqarena.models import runs
from seqarena.models.devices import cpu_name
from seqarena.models.linear import (
    SMALLEST_PROBABILITY,
    Constant,
    Linear,
    feature_block,
    fit_linear,
    scale_block,
)
from seqarena.models.runs import Fold, Run

logger = logging.getLogger(__name__)

#: L2 strengths that are tried, for features scaled by `scale_block`.
STRENGTHS = (3000.0, 1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3)

FEATURE_SETS = {
    "kmer": ("kmer",),
    "onehot": ("onehot",),
    "both": ("kmer", "onehot"),
    "composition": ("composition",),
}

DEFAULTS: dict[str, dict[str, Any]] = {
    "majority": {},
    "composition": {"l2": STRENGTHS},
    "linear": {
        "k": 5,
        "both_strands": False,
        "features": ("kmer", "onehot", "both"),
        "l2": STRENGTHS,
    },
}
"""Parameters of each baseline and their defaults.

`l2`: strengths to choose from. `k`: letters of a word. `both_strands`: count words of the reverse
complement too. `features`: sets to choose from.
"""


def is_baseline(architecture: str) -> bool:
    """Whether an architecture's name is that of a baseline."""
    return architecture in DEFAULTS


class BaselineTrainer:
    """Fits one baseline on folds of one dataset.

    Parameters
    ----------
    dataset : seqarena.data.dataset.Dataset
        The prepared dataset.
    architecture : str
        Name of the baseline.
    parameters : mapping
        All its parameters.
    """

    def __init__(self, dataset, architecture: str, parameters: Mapping[str, Any]):
        self.dataset, self.task = dataset, dataset.task
        self.architecture, self.parameters = architecture, dict(parameters)
        self.truth = runs.truth_matrix(dataset).astype(float)
        if self.task == "regression":
            self.truth = np.asarray(dataset.targets, dtype=float)[:, None]
        self.sets = self._sets()
        self.k = self.parameters.get("k", 0)
        self.both_strands = self.parameters.get("both_strands", False)
        needed = {name for names in self.sets.values() for name in names}
        self.blocks = {
            name: feature_block(
                name, dataset.matrix, dataset.records, k=self.k, both_strands=self.both_strands
            )
            for name in sorted(needed)
        }

    def _sets(self) -> dict[str, tuple[str, ...]]:
        """Feature sets to choose from; by position only where no record was padded."""
        if self.architecture == "majority":
            return {}
        if self.architecture == "composition":
            return {"composition": FEATURE_SETS["composition"]}
        padded = self.dataset.records["length"].min() < self.dataset.matrix.shape[1]
        wanted = self.parameters["features"]
        sets = {n: FEATURE_SETS[n] for n in wanted if n == "kmer" or not padded}
        return sets or {"kmer": FEATURE_SETS["kmer"]}

    def loss(self, truth: np.ndarray, prediction: np.ndarray, scale) -> float:
        """Mean cross-entropy, or squared error in units of the training variance."""
        if self.task == "regression":
            return float(np.mean(((truth - prediction) / scale[1]) ** 2))
        clipped = np.clip(prediction, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
        if self.task == "multiclass":
            return float(-np.mean((truth * np.log(clipped)).sum(axis=1)))
        return float(-np.mean(truth * np.log(clipped) + (1 - truth) * np.log(1 - clipped)))

    def train(self, fold: Fold, repeat: int):
        """Fit one fold, choosing on its validation records.

        Returns
        -------
        model : Constant or Linear
            The fitted model.
        info : dict
            The fold's entry of run.json.
        history : list of tuple
            Rows of history.tsv, epoch 1.
        outputs : dict of str to numpy.ndarray
            Predictions of validation and test.
        """
        started = time.perf_counter()
        scale = (
            runs.target_scale(self.truth[fold.train])
            if self.task == "regression"
            else (np.zeros(1), np.ones(1))
        )
        constant = Constant(self.truth[fold.train].mean(axis=0))
        model, chosen = (constant, {}) if not self.sets else self._choose(fold, scale)
        outputs = {
            role: self._predict(model, getattr(fold, role))
            for role in ("monitored", "validation", "test")
        }
        history = []
        for role, part in (("train", "monitored"), ("validation", "validation")):
            truth, prediction = self.truth[getattr(fold, part)], outputs[part]
            metric = runs.LEARNING_METRIC[self.task]
            value = runs.learning_metric(self.task, truth, prediction)
            history.append(
                (repeat, fold.number, 1, role, "loss", self.loss(truth, prediction, scale))
            )
            history.append((repeat, fold.number, 1, role, metric, value))
        validation = self.truth[fold.validation]
        reference = np.broadcast_to(constant.values, validation.shape)
        info = {
            "fold": fold.number,
            "n_train": len(fold.train),
            "n_validation": len(fold.validation),
            "n_test": len(fold.test),
            "seed": fold.seed,
            "epochs": 1,
            "best_epoch": 1,
            "stop_reason": "fitted",
            "seconds": round(time.perf_counter() - started, 3),
            "reference_loss": self.loss(validation, reference, scale),
            "chosen": chosen,
            "resumed": False,
        }
        del outputs["monitored"]
        return model, info, history, outputs

    def _predict(self, model, rows: np.ndarray) -> np.ndarray:
        """Predictions for rows of the dataset, on features that are there already."""
        if isinstance(model, Constant):
            return model.predict(rows, None)
        blocks = [self.blocks[name][rows] for name in model.features]
        return model.predict_features(sparse.hstack(blocks, format="csr"))

    def _choose(self, fold: Fold, scale):
        """Fit each feature set and strength; keep the one of the lowest validation loss."""
        best, best_loss, chosen = None, np.inf, {}
        strengths = sorted(self.parameters["l2"], reverse=True)
        for set_name, names in self.sets.items():
            scales = [scale_block(self.blocks[name][fold.train], name) for name in names]
            centre, width = (np.concatenate(parts) for parts in zip(*scales, strict=True))
            block = sparse.hstack([self.blocks[name][fold.train] for name in names], format="csr")
            features = (
                (block.toarray() - centre) / width
                if set_name == "composition"
                else block.multiply(1 / width[None, :]).tocsr()
            )
            truth = (self.truth[fold.train] - scale[0]) / scale[1]
            for strength, coefficients, intercept in fit_linear(
                features, truth, self.task, strengths
            ):
                model = self._unscale(names, coefficients, intercept, centre, width, scale)
                loss = self.loss(
                    self.truth[fold.validation], self._predict(model, fold.validation), scale
                )
                if loss < best_loss:
                    best, best_loss = model, loss
                    chosen = {"features": set_name, "l2": float(strength)}
        return best, chosen

    def _unscale(self, names, coefficients, intercept, centre, width, scale) -> Linear:
        """The model for raw features and, in regression, raw targets."""
        coefficients = coefficients / width[:, None] * scale[1]
        intercept = intercept * scale[1] + scale[0] - centre @ coefficients
        return Linear(names, self.k, self.both_strands, coefficients, intercept, self.task)


def check_parameters(
    architecture: str, parameters: Mapping[str, Any], model_name: str
) -> dict[str, Any]:
    """Fill in the defaults of a baseline's parameters and check the given ones.

    Raises
    ------
    InputError
        Naming the model and the parameter.
    """

    def positive(value):
        return isinstance(value, int | float) and not isinstance(value, bool) and value > 0

    checks: dict[str, tuple[Callable[[Any], bool], str]] = {
        "l2": (
            lambda v: isinstance(v, list | tuple) and len(v) > 0 and all(map(positive, v)),
            "a list of numbers above 0",
        ),
        "k": (
            lambda v: isinstance(v, int) and not isinstance(v, bool) and 1 <= v <= 8,
            "a whole number from 1 to 8",
        ),
        "both_strands": (lambda v: isinstance(v, bool), "true or false"),
        "features": (
            lambda v: (
                isinstance(v, list | tuple)
                and len(v) > 0
                and all(x in DEFAULTS["linear"]["features"] for x in v)
            ),
            "a list of kmer, onehot, both",
        ),
    }
    known = DEFAULTS[architecture]
    for name, value in parameters.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise InputError(
                f"Model {model_name!r}: {architecture!r} has no parameter {name!r}.",
                remedy=f"did you mean {near[0]!r}?"
                if near
                else "it takes " + (", ".join(known) or "none"),
            )
        good, wanted = checks[name]
        if not good(value):
            raise InputError(
                f"Model {model_name!r}: parameter {name!r} is {value!r}.", remedy=f"give {wanted}"
            )
    return {**known, **parameters}


def train_baseline(
    dataset,
    splits: pd.DataFrame,
    model_name: str,
    architecture: str,
    parameters: Mapping[str, Any],
    *,
    seed: int,
    repeat: int,
    threads: int = 1,
    progress: Callable[[str], None] = logger.info,
) -> Run:
    """Fit a baseline on every fold of one repeat.

    Parameters
    ----------
    dataset : seqarena.data.dataset.Dataset
        The prepared dataset.
    splits : pandas.DataFrame
        Columns record, repeat, fold, role.
    model_name : str
        The model's name in tables and messages.
    architecture : {"majority", "composition", "linear"}
        Which baseline: shares of the classes (or the mean) of the training records; logistic or
        ridge regression on length and GC content; the same on counts of k-mers, on letters by
        position (where no record is padded), or on both, whichever does best on validation.
    parameters : mapping
        Any of `DEFAULTS[architecture]`.
    seed : int
        Decides which training records the training loss is measured on; nothing else is random.
    repeat : int
        Which repeat of the splits.
    threads : int
        For the record.
    progress : callable
        Takes lines about the state of the work.

    Returns
    -------
    Run
        Its models are `Constant` or `Linear` objects.

    Raises
    ------
    InputError
        For parameters that don't fit and splits that don't fit the dataset.
    """
    started = time.perf_counter()
    complete = check_parameters(architecture, parameters, model_name)
    folds = runs.folds_of(dataset, splits, seed=seed, repeat=repeat)
    trainer = BaselineTrainer(dataset, architecture, complete)
    infos, history, tables, models = [], [], [], {}
    for position, fold in enumerate(folds, start=1):
        # On so small matrices a second thread of linear algebra made a fit 9 times slower.
        with threadpool_limits(limits=1):
            model, info, rows, outputs = trainer.train(fold, repeat)
        models[fold.number] = model
        infos.append(info)
        history += rows
        tables.append(runs.predictions_table(dataset, fold, repeat, outputs))
        chosen = ", ".join(f"{name} {value}" for name, value in info["chosen"].items())
        progress(f"{model_name}: fold {position}/{len(folds)} fitted {chosen}".rstrip())
    info = {
        "model": model_name,
        "architecture": architecture,
        "kind": "baseline",
        "parameters": dict(parameters),
        "device": "cpu",
        "device_name": cpu_name(),
        "threads": threads,
        "versions": runs.versions("scikit-learn", "numpy"),
        "seed": seed,
        "seconds": round(time.perf_counter() - started, 3),
        "peak_memory_mb": runs.peak_memory_mb(),
        "weights": max(model.weights for model in models.values()),
        "repeat": repeat,
        "folds": infos,
    }
    return Run(pd.concat(tables, ignore_index=True), runs.history_table(history), info, models)
