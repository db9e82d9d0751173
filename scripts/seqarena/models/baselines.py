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
from threadpoolctl import threadpool_limits

from seqarena.data.encoding import DEFAULT_K
from seqarena.errors import InputError
from seqarena.models import runs
from seqarena.models.devices import cpu_name
from seqarena.models.features import Features, gather, scale_of, scaled
from seqarena.models.linear import SMALLEST_PROBABILITY, Constant, Linear, fit_linear
from seqarena.models.runs import Fold, Run

logger = logging.getLogger(__name__)

#: L2 strengths that are tried, for features on the scale of `scale_of`.
STRENGTHS = (3000.0, 1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3)

FEATURE_SETS = {
    "kmer": ("kmer",),
    "onehot": ("onehot",),
    "both": ("kmer", "onehot"),
    "composition": ("composition",),
    "numbers": ("numbers",),
}

DEFAULTS: dict[str, dict[str, Any]] = {
    "majority": {},
    "composition": {"l2": STRENGTHS},
    "linear": {
        "k": None,
        "both_strands": False,
        "features": ("kmer", "onehot", "both"),
        "l2": STRENGTHS,
    },
}
"""Parameters of each baseline and their defaults.

`l2`: strengths to choose from. `k`: letters of a word, by alphabet (`DEFAULT_K`) if None.
`both_strands`: count words of the reverse complement too. `features`: sets to choose from. Tables
of numbers have one set, their columns, and take no notice of `k`, `both_strands` and `features`.
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
        if self.task == "multiclass":
            self.truth = runs.truth_matrix(dataset).astype(float)
        else:
            self.truth = np.asarray(dataset.targets, dtype=float).reshape(len(dataset), -1)
        self.settled = {}  # parameters that the dataset decides, for the record of the run
        if self.parameters.get("k", 0) is None:
            self.settled = {"k": DEFAULT_K.get(dataset.alphabet.name)}
            self.parameters |= self.settled
        self.sets = {name: self._features(name) for name in self._set_names()}

    def _set_names(self) -> list[str]:
        """Feature sets to choose from; letters by position only where no record is padded."""
        if self.architecture == "majority":
            return []
        if self.dataset.is_numbers:
            if self.architecture == "composition":
                raise InputError(
                    "a table of numbers has no letters whose composition could be looked at",
                    remedy="leave out the baseline `composition`",
                )
            return ["numbers"]
        if self.architecture == "composition":
            return ["composition"]
        wanted = self.parameters["features"]
        return [n for n in wanted if n == "kmer" or not self.dataset.padded] or ["kmer"]

    def _features(self, set_name: str) -> Features:
        features = Features(
            FEATURE_SETS[set_name],
            self.dataset.alphabet.as_summary(),
            self.dataset.summary["length"],
            self.parameters.get("k") or 0,
            self.parameters.get("both_strands", False),
        )
        features.of(self.dataset.rows(np.arange(1)), self.dataset.records[:1])  # fails early
        return features

    def loss(self, truth: np.ndarray, prediction: np.ndarray, scale) -> float:
        """Mean cross-entropy, or squared error in units of the training variance.

        Over all labels or numbers of all records, missing ones left out.
        """
        if self.task == "regression":
            return float(np.nanmean(((truth - prediction) / scale[1]) ** 2))
        clipped = np.clip(prediction, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
        if self.task == "multiclass":
            return float(-np.mean((truth * np.log(clipped)).sum(axis=1)))
        return float(-np.nanmean(truth * np.log(clipped) + (1 - truth) * np.log(1 - clipped)))

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
        weights = self._weights(fold)
        constant = self._constant(fold, weights)
        model, chosen = (constant, {}) if not self.sets else self._choose(fold, scale, weights)
        outputs = {
            role: model.predict_rows(self.dataset, getattr(fold, role))
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

    def _weights(self, fold: Fold) -> np.ndarray:
        """Weights of the training records, of mean 1, so that an L2 strength means the same."""
        weights = self.dataset.weights[fold.train]
        if not weights.any():
            raise InputError(
                f"all training records of fold {fold.number} have the weight 0",
                remedy="give more records a weight above 0, or use fewer folds",
            )
        return weights / weights.mean()

    def _constant(self, fold: Fold, weights: np.ndarray) -> Constant:
        """Shares, prevalences or means of what isn't missing in training."""
        truth = self.truth[fold.train]
        counted = np.where(np.isnan(truth), 0, weights[:, None])
        total = counted.sum(axis=0)
        unknown = 0.5 if self.task == "multilabel" else 0.0
        means = (counted * np.nan_to_num(truth)).sum(axis=0) / np.where(total > 0, total, 1)
        return Constant(np.where(total > 0, means, unknown))

    def _choose(self, fold: Fold, scale, weights: np.ndarray):
        """Keep the feature set and strength of the lowest validation loss.

        Several labels or numbers share one choice, by their mean loss: a rare label has too few
        validation records to choose for itself, and one choice can be said in a line.
        """
        fitted = [self._fit_set(name, fold, scale, weights) for name in self.sets]
        _, model, chosen = min(fitted, key=lambda entry: entry[0])
        return model, chosen

    def _fit_set(self, set_name: str, fold: Fold, scale, weights: np.ndarray):
        """Fit one feature set with each strength: the lowest loss, its model, what it was."""
        features = self.sets[set_name]
        matrix = gather(features, self.dataset, fold.train)
        centre, width = scale_of(matrix, features)
        matrix = scaled(matrix, centre, width)
        validation = gather(features, self.dataset, fold.validation)
        truth = (self.truth[fold.train] - scale[0]) / scale[1]
        strengths = sorted(self.parameters["l2"], reverse=True)
        best = np.inf, None, {}
        for strength, slopes, intercept in fit_linear(matrix, truth, self.task, strengths, weights):
            slopes = slopes / width[:, None] * scale[1]  # of raw features and raw targets
            intercept = intercept * scale[1] + scale[0] - centre @ slopes
            model = Linear(features, slopes, intercept, self.task)
            prediction = model.predict_features(validation)
            loss = self.loss(self.truth[fold.validation], prediction, scale)
            if loss < best[0]:
                best = loss, model, {"features": set_name, "l2": float(strength)}
        return best


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
            lambda v: v is None or (type(v) is int and 1 <= v <= 8),
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
        Which baseline: shares of the classes, prevalence of each label or means in the training
        records; logistic or ridge regression on the composition (of DNA and RNA length and GC, of
        proteins and words length and the share of each symbol); the same on counts of k-mers, on
        letters by position (where no record is padded), or on both, whichever does best on
        validation, or on the columns of a table of numbers.
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
        For parameters and splits that don't fit the dataset.
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
        "parameters": dict(parameters) | trainer.settled,
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
