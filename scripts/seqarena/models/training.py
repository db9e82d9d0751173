"""Training a network on the folds of one repeat, in one process and with one graph."""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from seqarena.data.encoding import DEFAULT_K
from seqarena.errors import InputError
from seqarena.models import runs
from seqarena.models.architectures import takes_any_length
from seqarena.models.batches import by_length, device_records
from seqarena.models.builders import resolve
from seqarena.models.devices import DeviceInfo, cpu_name
from seqarena.models.graph import Graph
from seqarena.models.losses import check_loss, smooth, training_weights
from seqarena.models.networks import Inputs, build_network, check_saving, input_notices
from seqarena.models.progress import Progress
from seqarena.models.runs import Fold, FoldStore, Run
from seqarena.models.settings import Settings, learning_rates, read_settings
from seqarena.models.utilisation import Utilisation
from seqarena.models.watch import Watch

logger = logging.getLogger(__name__)


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
        self.ragged = not dataset.uniform
        self.records = device_records(dataset)
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
        self._scale_inputs(fold)
        scaled = self._scale_targets(fold)
        weights = tf.constant(training_weights(self.settings, self.dataset, fold.train))
        truth = tf.constant(smooth(scaled, self.settings.label_smoothing, self.dataset.task))
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
        outputs = self.graph.predict(self.records, tf.constant(rows))
        scale = self.graph.network.scale
        return keras.ops.convert_to_numpy(scale(outputs) if scale else outputs)

    def _one_epoch(self, fold, random, truth, weights, epoch, factor) -> None:
        """Run an epoch; raise if its loss isn't finite."""
        settings = self.settings
        order = random.permutation(fold.train)
        shifts = random.integers(-settings.shift, settings.shift + 1, len(order))
        turns = np.zeros(len(order), bool)
        if self.graph.network.augment:
            turns = random.random(len(order)) < 0.5
        if self.ragged:
            lengths = np.diff(self.dataset.offsets)
            order = by_length(order, lengths, settings.batch_size, random)
        steps = -(-len(order) // settings.batch_size)
        rates = learning_rates(settings, epoch, steps, factor)
        loss = float(
            self.graph.train_epoch(
                self.records,
                truth,
                weights,
                tf.constant(order),
                tf.constant(shifts),
                tf.constant(turns),
                rates,
            )
        )
        if not np.isfinite(loss):
            raise InputError(
                f"{self.progress.label}: the training loss became {loss} in fold {fold.number}, "
                f"epoch {epoch}.",
                remedy=f"lower learning_rate (now {settings.learning_rate:g}), or clip gradients "
                "(global_clipnorm: 1.0)",
            )

    def _scale_inputs(self, fold: Fold) -> None:
        """Set the network's scale of numbers from the training records."""
        layer = self.graph.network.standardise
        if layer is not None:
            mean, sd = runs.target_scale(self.dataset.matrix[fold.train].astype(float))
            layer.mean.assign(mean)
            layer.sd.assign(sd)

    def _scale_targets(self, fold: Fold) -> np.ndarray:
        """Targets as the loss takes them; sets the network's scale from the training records."""
        if self.dataset.task != "regression":
            return self.truth
        targets = self.dataset.targets.astype(float).reshape(len(self.dataset), -1)
        mean, sd = runs.target_scale(targets[fold.train])
        self.graph.network.scale.mean.assign(mean)
        self.graph.network.scale.sd.assign(sd)
        return ((targets - mean) / sd).astype(np.float32)

    def _measure(self, fold: Fold, scaled: np.ndarray) -> dict[tuple[str, str], float]:
        """Loss and metric by role, in inference mode, unweighted and without smoothing."""
        rows = np.concatenate([fold.monitored, fold.validation])
        outputs = self.graph.predict(self.records, tf.constant(rows)).numpy()
        size, measured = len(fold.monitored), {}
        for role, part in (("train", slice(None, size)), ("validation", slice(size, None))):
            measured[role, "loss"] = self.graph.loss.mean(scaled[rows[part]], outputs[part])
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
            return self.graph.loss.mean(truth, constants)

        columns = [column[~np.isnan(column)] for column in train.T]
        candidates = [
            np.array([middle(column) if len(column) else 0 for column in columns])
            for middle in (np.mean, np.median)
        ]
        if self.dataset.task == "multiclass":
            candidates.append(np.eye(train.shape[1])[train.mean(axis=0).argmax()])
        return loss(validation, min(candidates, key=lambda constant: loss(train, constant)))


def _check_shift(settings: Settings, dataset, model_name: str) -> None:
    """Raise where there is nothing to shift."""
    if settings.shift and dataset.is_numbers:
        raise InputError(
            f"Model {model_name!r}: training setting 'shift' is {settings.shift}, and columns of "
            "numbers have no neighbours.",
            remedy="leave shift out",
        )


def _check_scaling(settings: Settings, strategy, model_name: str) -> None:
    """Raise where losses would be scaled by each device for itself."""
    if settings.precision == "mixed_float16" and strategy and strategy.num_replicas_in_sync > 1:
        raise InputError(
            f"Model {model_name!r}: precision mixed_float16 trains on one GPU only, and this job "
            f"has {strategy.num_replicas_in_sync}.",
            remedy="set precision: mixed_bfloat16, or gpus: 1",
        )


@contextmanager
def _precision(policy: str):
    """Build layers under a dtype policy of Keras."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


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
    representation: Mapping[str, Any] | None = None,
    reverse_complement: str = "none",
    device: DeviceInfo | None = None,
    strategy=None,
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
        Keeps finished folds and their models. Who reads what is written of the run removes it.
    key : str
        Digest of all that decides the results; folds kept under another are trained again.
    representation : mapping, optional
        `kind` ("kmers", "chaos_game", "chaos_game_3d") and `k` of what the network is shown; by
        default one-hot letters, or numbers as they are. `k` is by default that of the alphabet.
    reverse_complement : {"none", "augment", "average"}
        Whether training turns half of the records round, or the network reads both strands.
    device : DeviceInfo, optional
        From `seqarena.models.devices.configure`, for the record.
    strategy : tf.distribute.Strategy, optional
        From `seqarena.models.devices.strategy`: how a step is spread over several devices.
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
    names = dataset.target_names if dataset.task == "multilabel" else dataset.classes
    checked = read_settings(settings, task=dataset.task, classes=names, model_name=model_name)
    check_loss(checked.loss, dataset.task, dataset.outputs, model_name)
    _check_shift(checked, dataset, model_name)
    _check_scaling(checked, strategy, model_name)
    builder = resolve(architecture, model_name)
    tf.config.experimental.enable_op_determinism()
    if representation:
        representation = {"k": DEFAULT_K[dataset.alphabet.name], **representation}
    any_length = representation or takes_any_length(architecture, parameters)
    inputs = Inputs(
        length=None if any_length and not dataset.uniform else dataset.summary["length"],
        alphabet=dataset.alphabet,
        padded=dataset.padded and not dataset.is_numbers,
        representation=representation,
        reverse_complement=reverse_complement,
    )

    def build():
        with _precision(checked.precision):
            return build_network(
                builder,
                parameters,
                inputs=inputs,
                task=dataset.task,
                n_outputs=dataset.outputs,
                model_name=model_name,
            )

    folds = runs.folds_of(dataset, splits, seed=seed, repeat=repeat)
    store = FoldStore(resume_folder, key)
    # Initial weights here only give shapes; a seed all the same, since determinism asks for one.
    keras.utils.set_random_seed(folds[0].seed)
    reporter = Progress(progress, model_name, checked.epochs, len(folds))
    longest = None if dataset.uniform else dataset.summary["length"]
    graph = Graph(build, checked, longest, strategy)
    if builder.file is not None:
        check_saving(graph.network, builder, model_name)
    device = device or DeviceInfo(
        "cpu", cpu_name(), tf.config.threading.get_intra_op_parallelism_threads()
    )
    trainer = None
    results = []
    with Utilisation(device.device == "gpu") as utilisation:
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
    info = {
        "model": model_name,
        "architecture": architecture,
        "kind": "network",
        "parameters": dict(parameters),
        "representation": dict(representation) if representation else None,
        "reverse_complement": reverse_complement,
        "settings": checked.as_dict(),
        "device": device.device,
        "device_name": device.name,
        "devices": device.count,
        "utilisation": utilisation.summary,
        "threads": device.threads,
        "versions": runs.versions("keras", "tensorflow", "numpy"),
        "seed": seed,
        "seconds": round(time.perf_counter() - started + earlier, 3),
        "peak_memory_mb": runs.peak_memory_mb(),
        "weights": int(sum(np.prod(v.shape) for v in graph.core.trainable_variables)),
        "repeat": repeat,
        "notices": input_notices(builder, parameters, inputs, dataset),
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
