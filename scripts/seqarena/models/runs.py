"""What a run is, for networks and baselines alike: folds in, predictions and a record of it out."""

import json
import os
import platform
import resource
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import joblib
import numpy as np
import pandas as pd

from seqarena.errors import InputError
from seqarena.files import whole_file

PREDICTION_COLUMNS = ["record", "repeat", "fold", "role", "target", "truth", "prediction"]
HISTORY_COLUMNS = ["repeat", "fold", "epoch", "role", "metric", "value"]
INFO_KEYS = (
    "model",
    "architecture",
    "kind",
    "parameters",
    "device",
    "device_name",
    "threads",
    "versions",
    "seed",
    "seconds",
    "peak_memory_mb",
    "weights",
    "repeat",
    "folds",
)

#: The metric that is measured beside the loss in every epoch, by task; higher is better. Of several
#: labels or numbers it is the mean over those for which it is defined.
LEARNING_METRIC = {
    "binary": "auroc",
    "multiclass": "accuracy",
    "multilabel": "macro_auroc",
    "regression": "pearson",
}


@dataclass(frozen=True)
class Run:
    """One model, trained on the folds of one repeat.

    Attributes
    ----------
    predictions : pandas.DataFrame
        Columns record, repeat, fold, role (validation or test), target, truth, prediction.
    history : pandas.DataFrame
        Columns repeat, fold, epoch (from 1), role (train or validation), metric, value.
    info : dict
        What `run.json` holds: parameters, device, versions, seeds, times, a summary a fold.
    models : dict of int to object
        By fold: the path of a saved Keras model, or an object with `.predict(tokens, records)`.
    """

    predictions: pd.DataFrame
    history: pd.DataFrame
    info: dict[str, Any]
    models: dict[int, Any]

    def __post_init__(self):
        for name, table, columns in (
            ("predictions", self.predictions, PREDICTION_COLUMNS),
            ("history", self.history, HISTORY_COLUMNS),
        ):
            if list(table.columns) != columns:
                raise ValueError(f"{name} has the columns {list(table.columns)}, not {columns}")
        missing = [key for key in INFO_KEYS if key not in self.info]
        if missing:
            raise ValueError(f"the run's info lacks {', '.join(missing)}")


@dataclass(frozen=True)
class Fold:
    """Row numbers (int64) of a dataset by role in one fold, and the seed of that fold.

    Attributes
    ----------
    number : int
        The fold, from 0.
    train, validation, test : numpy.ndarray
        Row numbers, in the dataset's order.
    monitored : numpy.ndarray
        A fixed random sample of `train`, as large as `validation`: what training losses and
        metrics are measured on, so that both roles cost and vary alike.
    seed : int
        uint32, from the run's seed, the repeat and the fold: no other fold has a part in it.
    """

    number: int
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    monitored: np.ndarray
    seed: int


def fold_seed(seed: int, repeat: int, fold: int) -> int:
    """Seed (uint32) of a fold, which depends on nothing but these three numbers."""
    return int(np.random.SeedSequence([seed, repeat, fold]).generate_state(1)[0])


def folds_of(dataset, splits: pd.DataFrame, *, seed: int, repeat: int) -> list[Fold]:
    """Turn one repeat's table of splits into row numbers of the dataset.

    Parameters
    ----------
    dataset : seqarena.data.dataset.Dataset
        The prepared dataset.
    splits : pandas.DataFrame
        Columns record, repeat, fold, role. Other repeats in it are left aside.
    seed : int
        The configured seed.
    repeat : int
        Which repeat.

    Returns
    -------
    list of Fold
        In the order of their numbers.

    Raises
    ------
    InputError
        For a record that the dataset lacks, or a fold without training, validation or test records.
    """
    mine = splits[splits["repeat"] == repeat]
    # Each record is looked up once, not once a fold: names take far more memory than their codes.
    names = mine["record"].astype("category").cat
    rows = pd.Index(dataset.records["record"]).get_indexer(names.categories)[names.codes]
    if (rows < 0).any():
        record = mine["record"].to_numpy()[rows < 0][0]
        raise InputError(
            f"The split names the record {record!r}, which the dataset doesn't hold.",
            record=str(record),
            remedy="prepare the dataset and its splits again",
        )
    if mine.empty:
        raise InputError(f"The splits hold no repeat {repeat}.")
    numbers, roles = mine["fold"].to_numpy(), mine["role"]
    folds = []
    for number in np.unique(numbers):
        by_role = {
            role: np.sort(rows[(numbers == number) & (roles == role).to_numpy()]).astype(np.int64)
            for role in ("train", "validation", "test")
        }
        for role, members in by_role.items():
            if not len(members):
                raise InputError(
                    f"Fold {number} of repeat {repeat} has no {role} records.",
                    remedy="use fewer folds, or give every role some records",
                )
        number_seed = fold_seed(seed, repeat, int(number))
        size = min(len(by_role["train"]), len(by_role["validation"]))
        sample = np.random.default_rng(number_seed).choice(by_role["train"], size, replace=False)
        folds.append(Fold(int(number), **by_role, monitored=np.sort(sample), seed=number_seed))
    return folds


def truth_matrix(dataset) -> np.ndarray:
    """What the models are to predict: float32 (n, outputs), NaN where it is missing.

    Columns of 0 and 1 (binary, multilabel) or of values (regression), or an indicator column a
    class.
    """
    if dataset.task == "multiclass":
        return np.eye(len(dataset.classes), dtype=np.float32)[dataset.targets]
    return np.asarray(dataset.targets, dtype=np.float32).reshape(len(dataset), -1)


def target_scale(targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation a column, float64, of what isn't missing.

    The standard deviation is 1 for a column that is constant, and the mean 0 for one that is empty.
    """
    there = ~np.isnan(targets)
    count = np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, targets, 0).sum(axis=0) / count
    sd = np.sqrt((np.where(there, targets - mean, 0) ** 2).sum(axis=0) / count)
    # By the range, since rounding gives equal numbers such as 0.1 a tiny standard deviation.
    low = np.where(there, targets, np.inf).min(axis=0)
    high = np.where(there, targets, -np.inf).max(axis=0)
    return mean, np.where(high > low, sd, 1.0)


def learning_metric(task: str, truth: np.ndarray, prediction: np.ndarray) -> float:
    """The metric of `LEARNING_METRIC` of two arrays (n, outputs).

    AUROC (binary, multilabel), accuracy (multiclass) or Pearson's r (regression); of several labels
    or numbers the mean over those for which it is defined. Entries whose truth is NaN are left out.
    NaN where it is undefined everywhere: one class only, or constant values.
    """
    if task == "multiclass":
        return float(np.mean(truth.argmax(axis=1) == prediction.argmax(axis=1)))
    measure = _pearson if task == "regression" else _auroc
    values = []
    for column, predicted in zip(truth.T.astype(float), prediction.T.astype(float), strict=True):
        there = ~np.isnan(column)
        values.append(measure(column[there], predicted[there]))
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")


def _auroc(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Area under the ROC curve of two arrays (n,); NaN unless both classes are there."""
    positive = truth > 0.5
    n_positive, n_negative = positive.sum(), (~positive).sum()
    if not n_positive or not n_negative or np.isnan(prediction).any():
        return float("nan")
    # Mann-Whitney: the share of (positive, negative) pairs in the right order, ties as half.
    ranks = pd.Series(prediction).rank().to_numpy()
    above = ranks[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(above / (n_positive * n_negative))


def _pearson(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Pearson's r of two arrays (n,); NaN where one is constant or nothing is there."""
    # By the range, since rounding of the mean hides that values are equal.
    if not len(truth) or np.ptp(truth) == 0 or np.ptp(prediction) == 0:
        return float("nan")
    truth, prediction = truth - truth.mean(), prediction - prediction.mean()
    spread = np.sqrt((truth**2).sum() * (prediction**2).sum())
    return float((truth * prediction).sum() / spread) if spread > 0 else float("nan")


def predictions_table(dataset, fold: Fold, repeat: int, outputs: Mapping[str, np.ndarray]):
    """Tidy table of one fold's predictions.

    Parameters
    ----------
    dataset : seqarena.data.dataset.Dataset
        The prepared dataset.
    fold : Fold
        The fold.
    repeat : int
        The repeat.
    outputs : mapping of str to numpy.ndarray
        By role ("validation", "test"): predictions (rows of that role, outputs) in the target's
        own units.

    Returns
    -------
    pandas.DataFrame
        One row a record; for several classes, labels or numbers one row a record and each of
        these, records together. `truth` is NaN where it is missing.
    """
    multiclass = dataset.task == "multiclass"
    truth = truth_matrix(dataset) if multiclass else dataset.targets.reshape(len(dataset), -1)
    names = dataset.classes if multiclass else dataset.target_names
    tables = []
    for role, values in outputs.items():
        rows = getattr(fold, role)
        records = dataset.records["record"].to_numpy()[rows]
        tables.append(
            pd.DataFrame(
                {
                    "record": np.repeat(records, len(names)),
                    "repeat": repeat,
                    "fold": fold.number,
                    "role": role,
                    "target": np.tile(np.asarray(names, dtype=object), len(rows)),
                    "truth": truth[rows].astype(float).ravel(),
                    "prediction": np.asarray(values, dtype=float).ravel(),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def history_table(rows: list[tuple[int, int, int, str, str, float]]) -> pd.DataFrame:
    """History from tuples (repeat, fold, epoch, role, metric, value)."""
    return pd.DataFrame(rows, columns=HISTORY_COLUMNS)


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024**2 if sys.platform == "darwin" else 1024), 1)


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python and of installed packages; `tensorflow` also finds its CPU build."""
    found = {"python": platform.python_version()}
    for package in packages:
        for distribution in (package, f"{package}-cpu"):
            try:
                found[package] = version(distribution)
                break
            except ModuleNotFoundError:
                continue
    return found


def write_run(
    run: Run,
    predictions_path: str | Path,
    history_path: str | Path,
    info_path: str | Path,
    models_folder: str | Path,
) -> None:
    """Write a run's files, each whole or not at all; `run.json` comes last.

    Parameters
    ----------
    run : Run
        What to write.
    predictions_path, history_path, info_path : path-like
        `predictions.parquet`, `history.tsv` and `run.json`.
    models_folder : path-like
        Gets `fold{k}.keras` of a network, `fold{k}.joblib` of a baseline.
    """
    for fold, model in run.models.items():
        if isinstance(model, str | Path):
            with whole_file(Path(models_folder) / f"fold{fold}.keras") as path:
                _link_or_copy(model, path)
        else:
            with whole_file(Path(models_folder) / f"fold{fold}.joblib") as path:
                joblib.dump(model, path)
    with whole_file(predictions_path) as path:
        run.predictions.to_parquet(path, index=False)
    with whole_file(history_path) as path:
        run.history.to_csv(path, sep="\t", index=False)
    with whole_file(info_path) as path:
        path.write_text(json.dumps(run.info, indent=2) + "\n", encoding="utf-8")


def _link_or_copy(source: str | Path, path: Path) -> None:
    """Give a file another name, so that it takes its room once; a copy where that can't be."""
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)


def read_run(
    predictions_path: str | Path,
    history_path: str | Path,
    info_path: str | Path,
    models_folder: str | Path,
) -> Run:
    """Read what `write_run` wrote; networks stay paths, baselines are loaded."""
    models = {}
    for path in sorted(Path(models_folder).glob("fold*.*")):
        fold = int(path.stem.removeprefix("fold"))
        models[fold] = joblib.load(path) if path.suffix == ".joblib" else path
    return Run(
        predictions=pd.read_parquet(predictions_path),
        history=pd.read_csv(history_path, sep="\t"),
        info=json.loads(Path(info_path).read_text(encoding="utf-8")),
        models=models,
    )


class FoldStore:
    """Finished folds of a training job, kept so that a killed job goes on where it was.

    A fold is written into a temporary folder that is renamed when complete, so what is found is
    whole. It is outside of the workflow's outputs, which Snakemake deletes before a rule runs
    again; who reads the outputs removes the store, since only then it is sure that they stay.

    Parameters
    ----------
    folder : path-like
        Where to keep them: `fold{k}/` each.
    key : str
        Digest of all that decides the results. Folds kept under another key are removed.
    """

    def __init__(self, folder: str | Path, key: str):
        self.folder, self.key = Path(folder), key
        self.folder.mkdir(parents=True, exist_ok=True)
        for left_over in self.folder.glob(".fold*"):
            shutil.rmtree(left_over, ignore_errors=True)

    def load(self, fold: int) -> dict[str, Any] | None:
        """Result of a finished fold as given to `save`, with `model` the saved file; or None."""
        kept = self.folder / f"fold{fold}"
        try:
            result = json.loads((kept / "result.json").read_text(encoding="utf-8"))
            if result.pop("key") != self.key:
                raise ValueError("kept for other inputs")
            with np.load(kept / "outputs.npz") as arrays:
                result["outputs"] = {role: arrays[role] for role in arrays.files}
            result["model"] = kept / "model.keras"
            if not result["model"].is_file():
                raise FileNotFoundError(result["model"])
        except (OSError, EOFError, BadZipFile, ValueError, KeyError, AttributeError):
            shutil.rmtree(kept, ignore_errors=True)
            return None
        return result

    def save(self, fold: int, result: dict[str, Any], outputs: Mapping[str, np.ndarray], model):
        """Keep a finished fold and return what `load` would.

        Parameters
        ----------
        fold : int
            Its number.
        result : dict
            Anything that JSON holds.
        outputs : mapping of str to numpy.ndarray
            Predictions by role.
        model : keras.Model
            The trained model, saved in Keras' own format.
        """
        final = self.folder / f"fold{fold}"
        temporary = Path(tempfile.mkdtemp(dir=self.folder, prefix=f".fold{fold}-"))
        np.savez(temporary / "outputs.npz", **outputs)
        model.save(temporary / "model.keras")
        text = json.dumps({**result, "key": self.key})
        (temporary / "result.json").write_text(text, encoding="utf-8")
        for path in temporary.iterdir():
            with path.open("rb") as handle:
                os.fsync(handle.fileno())
        shutil.rmtree(final, ignore_errors=True)
        temporary.rename(final)
        return {**result, "outputs": dict(outputs), "model": final / "model.keras"}
