"""Made-up predictions in the form that training writes them, and contests between them."""

import numpy as np
import pandas as pd

from seqarena.evaluation.comparison import compare
from seqarena.evaluation.headline import headline
from seqarena.evaluation.metrics import evaluate
from seqarena.evaluation.ranking import rank
from seqarena.evaluation.thresholds import choose_thresholds

PRIMARY = {
    "binary": "auroc",
    "multiclass": "accuracy",
    "multilabel": "macro_auroc",
    "regression": "spearman",
    "several": "pearson",
}
"""Kinds of made-up data; "several" is a regression with several targets."""
PREVALENCE = (0.5, 0.3, 0.15)
UNITS = (1.0, 100.0, 0.01)


def task_of(kind):
    """Give the task of a kind of made-up data."""
    return "regression" if kind == "several" else kind


def arena(
    task="binary",
    skills=(0.0, 1.0, 3.0),
    n=240,
    folds=4,
    repeats=2,
    n_groups=120,
    n_classes=3,
    seed=0,
):
    """Give predictions of a model for each skill (named m0, m1, ...), classes and clusters.

    Skill is the signal in standard deviations of the noise. The noise is a model's and a repeat's
    own. Fold k is test, fold k + 1 validation. Of several labels or regression targets a tenth of
    the truths is missing; their names stand for the classes.
    """
    random = np.random.default_rng(seed)
    records = np.array([f"r{i:05d}" for i in range(n)])
    clusters = pd.DataFrame({"record": records, "cluster": random.integers(0, n_groups, n)})
    fold_of = clusters["cluster"].to_numpy() % folds
    if task == "regression":
        truth, classes = random.normal(size=n), None
    elif task in ("multilabel", "several"):
        truth, classes = _several(task, n, random)
    else:
        classes = ["neg", "pos"] if task == "binary" else [f"c{k}" for k in range(n_classes)]
        truth = random.integers(0, len(classes), n)
    tables = []
    for number, skill in enumerate(skills):
        for repeat in range(1, repeats + 1):
            outputs = _outputs(task, truth, skill, random, len(classes or ()))
            for fold in range(folds):
                for role, part in (("test", fold), ("validation", (fold + 1) % folds)):
                    rows = np.flatnonzero(fold_of == part)
                    table = _tidy(task, records, truth, outputs, classes, rows)
                    run = {"model": f"m{number}", "repeat": repeat, "fold": fold, "role": role}
                    tables.append(table.assign(**run))
    return pd.concat(tables, ignore_index=True), classes, clusters


def _several(task, n, random):
    if task == "multilabel":
        truth = (random.random((n, len(PREVALENCE))) < PREVALENCE).astype(float)
    else:
        truth = random.normal(size=(n, len(UNITS))) * UNITS
    missing = random.random(truth.shape) < 0.1
    missing[missing.all(axis=1), 0] = False
    return np.where(missing, np.nan, truth), [f"t{k}" for k in range(truth.shape[1])]


def _outputs(task, truth, skill, random, n_classes):
    if task == "regression":
        return skill * truth + random.normal(size=len(truth))
    if task in ("multilabel", "several"):
        noise, known = random.normal(size=truth.shape), np.nan_to_num(truth)
        if task == "several":
            return skill * known + noise * UNITS
        return 1 / (1 + np.exp(-skill * (known - 0.5) - noise))
    if task == "binary":
        return 1 / (1 + np.exp(-skill * (truth - 0.5) - random.normal(size=len(truth))))
    scores = random.normal(size=(len(truth), n_classes))
    scores[np.arange(len(truth)), truth] += skill
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def _tidy(task, records, truth, outputs, classes, rows):
    if task in ("binary", "regression"):
        columns = {"record": records[rows], "target": "y", "truth": truth[rows].astype(float)}
        return pd.DataFrame(columns | {"prediction": outputs[rows]})
    k = len(classes)
    return pd.DataFrame(
        {
            "record": np.repeat(records[rows], k),
            "target": np.tile(classes, len(rows)),
            "truth": (np.eye(k)[truth] if task == "multiclass" else truth)[rows].ravel(),
            "prediction": outputs[rows].ravel(),
        }
    )


def constant(predictions, model, value=0.5):
    """Make one model predict a constant, another one in each fold."""
    changed = predictions.copy()
    rows = changed["model"] == model
    changed.loc[rows, "prediction"] = value + 0.01 * changed.loc[rows, "fold"]
    return changed


def sizes_of(predictions):
    """Give the sizes of the folds of `arena`: what is in no role of a fold trains."""
    counts = predictions.drop_duplicates(["repeat", "fold", "role", "record"]).pivot_table(
        index=["repeat", "fold"], columns="role", values="record", aggfunc="count"
    )
    n_train = predictions["record"].nunique() - counts["test"] - counts["validation"]
    sizes = pd.DataFrame({"n_train": n_train.clip(lower=1), "n_test": counts["test"]})
    return sizes.astype(int).reset_index()


def contest(task="binary", change=None, metric=None, baselines=("m0",), n_bootstrap=300, **options):
    """Evaluate and compare made-up models; give metrics, ranking, comparison and headline."""
    predictions, classes, clusters = arena(task, **options)
    sizes = sizes_of(predictions)
    predictions = predictions if change is None else change(predictions)
    kind, task = task, task_of(task)
    data = (predictions, task, classes, clusters, choose_thresholds(predictions, task))
    metric = metric or PRIMARY[kind]
    metrics = evaluate(*data, n_bootstrap)
    comparison = compare(*data, sizes, metric, baselines, n_bootstrap=n_bootstrap)
    ranking = rank(metrics, metric, baselines)
    said = headline(ranking, comparison, sizes, baselines, metric, "binding")
    return metrics, ranking, comparison, said


def copy_of(source, target, noise=0.0, seed=0):
    """Replace the predictions of one model by those of another."""

    def change(predictions):
        predictions = predictions.copy()
        random = np.random.default_rng(seed)
        values = predictions.loc[predictions["model"] == source, "prediction"].to_numpy()
        values = values + noise * random.normal(size=len(values))
        predictions.loc[predictions["model"] == target, "prediction"] = values
        return predictions

    return change


CONTROL_METRICS = {
    "binary": "auroc",
    "multiclass": "macro_f1",
    "multilabel": "macro_auprc",
    "regression": "spearman",
    "several": "pearson",
}
"""The metric that tests of controls judge each kind by."""


def whole(task, skills=(0.0, 2.0), **options):
    """Predictions of a dataset itself, its classes, clusters and metrics."""
    predictions, classes, clusters = arena(task, skills, repeats=1, **options)
    thresholds = choose_thresholds(predictions, task_of(task))
    data = (predictions, task_of(task), classes, clusters, thresholds)
    metrics = evaluate(*data, n_bootstrap=100, seed=1)
    return predictions, classes, clusters, metrics
