"""Training a network on the folds of one repeat, in one process and with one graph."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from seqarena.errors import InputError
from seqarena.models import runs
from seqarena.models.devices import DeviceInfo, cpu_name
from seqarena.models.graph import Graph
from seqarena.models.networks import build_network, check_saving, resolve
from seqarena.models.runs import Fold, FoldStore, Run
from seqarena.models.settings import (
    Settings,
    check_loss,
    class_weights_of,
    learning_rates,
    read_settings,
)

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 2.0


@dataclass
class Progress:
    """Lines about a training job, at most one in two seconds.

    Parameters
    ----------
    report : callable
        Takes a line.
    label : str
        Begins each line.
    epochs : int
        Most epochs of a fold.
    """

    report: Callable[[str], None]
    label: str
    epochs: int
    folds: int = 0
    finished_epochs: list[int] = field(default_factory=list)
    seconds: float = 0.0
    n_epochs: int = 0
    last: float = 0.0

    def epoch(self, position: int, epoch: int, seconds: float, measured: Mapping, metric: str):
        """Count an epoch and tell of it when it is time."""
        self.n_epochs += 1
        # The first epoch goes for the most part into tracing the graph and says little of others.
        if self.n_epochs > 1:
            self.seconds += seconds
        if time.monotonic() - self.last < SECONDS_BETWEEN_LINES:
            return
        self.last = time.monotonic()
        self.report(
            f"{self.label}: fold {position}/{self.folds}, epoch {epoch}/{self.epochs}, "
            f"loss {measured['train', 'loss']:.4f} in training "
            f"{measured['validation', 'loss']:.4f} in validation, "
            f"{metric} {measured['validation', metric]:.4f}{self._time_left(position, epoch)}"
        )

    def _time_left(self, position: int, epoch: int) -> str:
        """Estimate the time left from the epochs so far; nothing after the first."""
        if self.n_epochs == 1:
            return ""
        usual = np.mean(self.finished_epochs) if self.finished_epochs else self.epochs
        epochs_left = max(usual, epoch) - epoch + usual * (self.folds - position)
        return f", about {_duration(epochs_left * self.seconds / (self.n_epochs - 1))} left"


def _duration(seconds: float) -> str:
    """A length of time in words."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"


class Trainer:
    """Trains folds of one dataset with one graph.

    Parameters
    ----------
    dataset : seqarena.data.dataset.Dataset
        The prepared dataset.
    graph : Graph
        The compiled network.
    repeat : int
        Goes into the tables.
    progress : Progress
        Is told of each epoch.
    """

    def __init__(self, dataset, graph: Graph, repeat: int, progress: Progress):
        self.dataset, self.graph, self.repeat, self.progress = dataset, graph, repeat, progress
        self.settings, self.metric = graph.settings, runs.LEARNING_METRIC[dataset.task]
        self.tokens = tf.constant(dataset.matrix)
        self.truth = runs.truth_matrix(dataset)

    def train(self, fold: Fold, position: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Train one fold and predict its validation and test records.

        Parameters
        ----------
        fold : Fold
            The records by role, and the seed.
        position : int
            Which of the job's folds it is, from 1; for messages.

        Returns
        -------
        result : dict
            `info` (the fold's entry of run.json) and `history` (rows).
        outputs : dict of str to numpy.ndarray
            Predictions by role, in the target's own units.
        """
        started = time.perf_counter()
        graph, random = self.graph, np.random.default_rng(fold.seed)
        graph.restart(fold.seed)
        scaled = self._scale_targets(fold)
        weights = tf.constant(self._weights(fold))
        truth = tf.constant(self._smooth(scaled))
        watch = Watch(self.settings)
        history: list[tuple] = []
        stop_reason = "all epochs trained"
        for epoch in range(1, self.settings.epochs + 1):
            epoch_started = time.perf_counter()
            self._one_epoch(fold, random, truth, weights, epoch, watch.factor)
            graph.swap_averages()
            measured = self._measure(fold, scaled)
            values = (measured["validation", name] for name in (self.settings.monitor, "loss"))
            if watch.look(epoch, *values):
                best = graph.weights()
            graph.swap_averages()
            history += [
                (self.repeat, fold.number, epoch, role, name, value)
                for (role, name), value in measured.items()
            ]
            self.progress.epoch(
                position, epoch, time.perf_counter() - epoch_started, measured, self.metric
            )
            if watch.waited >= self.settings.patience:
                stop_reason = f"no better {watch.watched} for {watch.waited} epochs"
                break
        graph.set_weights(best)
        self.progress.finished_epochs.append(epoch)
        outputs = {role: self.predict(getattr(fold, role)) for role in ("validation", "test")}
        info = {
            "fold": fold.number,
            "n_train": len(fold.train),
            "n_validation": len(fold.validation),
            "n_test": len(fold.test),
            "seed": fold.seed,
            "epochs": epoch,
            "best_epoch": watch.best_epoch,
            "stop_reason": stop_reason,
            "seconds": round(time.perf_counter() - started, 3),
            "reference_loss": self._reference_loss(fold, scaled),
            "chosen": {},
        }
        return {"info": info, "history": history}, outputs

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Predictions (rows, outputs), float32, in the target's own units."""
        outputs = self.graph.predict(self.tokens, tf.constant(rows))
        scale = self.graph.network.scale
        return keras.ops.convert_to_numpy(scale(outputs) if scale else outputs)

    def _one_epoch(self, fold, random, truth, weights, epoch, factor) -> None:
        """Run an epoch; raise if its loss isn't finite."""
        settings = self.settings
        order = random.permutation(fold.train)
        shifts = random.integers(-settings.shift, settings.shift + 1, len(order))
        steps = -(-len(order) // settings.batch_size)
        rates = learning_rates(settings, epoch, steps, factor)
        loss = float(
            self.graph.train_epoch(
                self.tokens, truth, weights, tf.constant(order), tf.constant(shifts), rates
            )
        )
        if not np.isfinite(loss):
            raise InputError(
                f"{self.progress.label}: the training loss became {loss} in fold {fold.number}, "
                f"epoch {epoch}.",
                remedy=f"lower learning_rate (now {settings.learning_rate:g}), or clip gradients "
                "(global_clipnorm: 1.0)",
            )

    def _scale_targets(self, fold: Fold) -> np.ndarray:
        """Targets as the loss takes them; sets the network's scale from the training records."""
        if self.dataset.task != "regression":
            return self.truth
        targets = np.asarray(self.dataset.targets, dtype=float)[:, None]
        mean, sd = runs.target_scale(targets[fold.train])
        self.graph.network.scale.mean.assign(mean)
        self.graph.network.scale.sd.assign(sd)
        return ((targets - mean) / sd).astype(np.float32)

    def _smooth(self, truth: np.ndarray) -> np.ndarray:
        """Labels with a share of each spread evenly over the classes."""
        share = self.settings.label_smoothing
        if not share or self.dataset.task == "regression":
            return truth
        return truth * np.float32(1 - share) + np.float32(share / len(self.dataset.classes))

    def _weights(self, fold: Fold) -> np.ndarray:
        """Weight of each record in the training loss, float32."""
        if self.dataset.task == "regression":
            return np.ones(len(self.dataset), dtype=np.float32)
        targets = self.dataset.targets
        by_class = class_weights_of(self.settings, targets[fold.train], self.dataset.classes)
        return by_class[targets].astype(np.float32)

    def _measure(self, fold: Fold, scaled: np.ndarray) -> dict[tuple[str, str], float]:
        """Loss and metric by role, in inference mode, unweighted and without smoothing."""
        rows = np.concatenate([fold.monitored, fold.validation])
        outputs = self.graph.predict(self.tokens, tf.constant(rows)).numpy()
        losses = np.asarray(self.graph.loss(scaled[rows], outputs))
        size, measured = len(fold.monitored), {}
        for role, part in (("train", slice(None, size)), ("validation", slice(size, None))):
            measured[role, "loss"] = float(losses[part].mean())
            measured[role, self.metric] = runs.learning_metric(
                self.dataset.task, self.truth[rows[part]], outputs[part]
            )
        return measured

    def _reference_loss(self, fold: Fold, scaled: np.ndarray) -> float:
        """Validation loss of the constant prediction that is best on the training records.

        Mean, median and most frequent class are tried: one of them is best for squared,
        cross-entropy, absolute and hinge errors.
        """
        train, validation = scaled[fold.train], scaled[fold.validation]

        def loss(truth, constant):
            constants = np.broadcast_to(constant, truth.shape).astype(np.float32)
            return float(np.mean(self.graph.loss(truth, constants)))

        candidates = [train.mean(axis=0), np.median(train, axis=0)]
        if self.dataset.task == "multiclass":
            candidates.append(np.eye(train.shape[1])[train.mean(axis=0).argmax()])
        return loss(validation, min(candidates, key=lambda constant: loss(train, constant)))


class Watch:
    """Keeps the best epoch, counts those since, and lowers the rate on a plateau.

    Parameters
    ----------
    settings : Settings
        Monitor, patience and schedule.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self.best_epoch, self.best, self.lowest_loss = 0, np.nan, np.inf
        self.waited, self.factor = 0, 1.0

    @property
    def watched(self) -> str:
        """What has decided so far, in words."""
        monitor = self.settings.monitor
        undefined = monitor != "loss" and np.isnan(self.best)
        return f"loss ({monitor} not defined in validation)" if undefined else monitor

    def look(self, epoch: int, value: float, loss: float = np.nan) -> bool:
        """Take an epoch's monitored value; True if it is the best so far.

        While the metric is undefined (validation records of one class only, say) the validation
        loss decides.
        """
        lower = self.settings.monitor == "loss"
        better = value < self.best if lower else value > self.best
        if np.isnan(self.best):
            better = not np.isnan(value) or loss < self.lowest_loss
            self.lowest_loss = np.fmin(self.lowest_loss, loss)
        if better or self.best_epoch == 0:
            self.best_epoch, self.best, self.waited = epoch, value, 0
            return True
        self.waited += 1
        if (
            self.settings.schedule == "reduce_on_plateau"
            and self.waited % self.settings.plateau_patience == 0
        ):
            self.factor *= self.settings.plateau_factor
        return False


def train_networks(
    dataset,
    splits: pd.DataFrame,
    model_name: str,
    architecture: str,
    parameters: Mapping[str, Any],
    *,
    settings: Mapping[str, Any],
    seed: int,
    repeat: int,
    resume_folder: str | Path,
    key: str,
    device: DeviceInfo | None = None,
    progress: Callable[[str], None] = logger.info,
) -> Run:
    """Train a network on every fold of one repeat.

    Parameters
    ----------
    dataset : seqarena.data.dataset.Dataset
        The prepared dataset.
    splits : pandas.DataFrame
        Columns record, repeat, fold, role.
    model_name : str
        The model's name in tables and messages.
    architecture : str
        Registered name, or "path/to/file.py:function".
    parameters : mapping
        The architecture's parameters.
    settings : mapping
        Any of `seqarena.models.settings.Settings`.
    seed : int
        The configured seed; each fold's own comes from it, the repeat and the fold.
    repeat : int
        Which repeat of the splits.
    resume_folder : path-like
        Keeps finished folds and their models. The caller removes it once the run is written.
    key : str
        Digest of all that decides the results; folds kept under another are trained again.
    device : DeviceInfo, optional
        From `seqarena.models.devices.configure`, for the record.
    progress : callable
        Takes lines about the state of the work.

    Returns
    -------
    Run
        Its models are paths in `resume_folder`.

    Raises
    ------
    InputError
        For parameters, settings or a builder that don't work, splits that don't fit the dataset,
        and a training loss that isn't finite.
    """
    started = time.perf_counter()
    checked = read_settings(
        settings, task=dataset.task, classes=dataset.classes, model_name=model_name
    )
    n_outputs = len(dataset.classes) if dataset.task == "multiclass" else 1
    check_loss(checked.loss, dataset.task, n_outputs, model_name)
    builder = resolve(architecture, model_name)
    tf.config.experimental.enable_op_determinism()

    def build():
        return build_network(
            builder,
            parameters,
            length=dataset.matrix.shape[1],
            task=dataset.task,
            n_outputs=n_outputs,
            model_name=model_name,
        )

    folds = runs.folds_of(dataset, splits, seed=seed, repeat=repeat)
    store = FoldStore(resume_folder, key)
    # Initial weights here only give shapes; a seed all the same, since determinism asks for one.
    keras.utils.set_random_seed(folds[0].seed)
    reporter = Progress(progress, model_name, checked.epochs, len(folds))
    graph = Graph(build, checked)
    if builder.file is not None:
        check_saving(graph.network, builder, model_name)
    trainer = None
    results = []
    for position, fold in enumerate(folds, start=1):
        result = store.load(fold.number)
        if result:
            result["info"]["resumed"] = True
            progress(f"{model_name}: fold {position}/{len(folds)} was finished before")
        else:
            trainer = trainer or Trainer(dataset, graph, repeat, reporter)
            result, outputs = trainer.train(fold, position)
            result["info"]["resumed"] = False
            result = store.save(fold.number, result, outputs, graph.network.model)
        results.append(result)
    # Folds that an earlier process finished took their time there.
    earlier = sum(r["info"]["seconds"] for r in results if r["info"]["resumed"])
    device = device or DeviceInfo(
        "cpu", cpu_name(), tf.config.threading.get_intra_op_parallelism_threads()
    )
    info = {
        "model": model_name,
        "architecture": architecture,
        "kind": "network",
        "parameters": dict(parameters),
        "settings": checked.as_dict(),
        "device": device.device,
        "device_name": device.name,
        "threads": device.threads,
        "versions": runs.versions("keras", "tensorflow", "numpy"),
        "seed": seed,
        "seconds": round(time.perf_counter() - started + earlier, 3),
        "peak_memory_mb": runs.peak_memory_mb(),
        "weights": int(sum(np.prod(v.shape) for v in graph.core.trainable_variables)),
        "repeat": repeat,
        "folds": [result["info"] for result in results],
    }
    return Run(
        predictions=pd.concat(
            [
                runs.predictions_table(dataset, fold, repeat, result["outputs"])
                for fold, result in zip(folds, results, strict=True)
            ],
            ignore_index=True,
        ),
        history=runs.history_table([row for result in results for row in result["history"]]),
        info=info,
        models={fold.number: r["model"] for fold, r in zip(folds, results, strict=True)},
    )
