"""Made-up predictions in the form that training writes them."""

import numpy as np
import pandas as pd


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
    own. Fold k is test, fold k + 1 validation.
    """
    random = np.random.default_rng(seed)
    records = np.array([f"r{i:05d}" for i in range(n)])
    clusters = pd.DataFrame({"record": records, "cluster": random.integers(0, n_groups, n)})
    fold_of = clusters["cluster"].to_numpy() % folds
    if task == "regression":
        truth, classes = random.normal(size=n), None
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


def _outputs(task, truth, skill, random, n_classes):
    if task == "regression":
        return skill * truth + random.normal(size=len(truth))
    if task == "binary":
        return 1 / (1 + np.exp(-skill * (truth - 0.5) - random.normal(size=len(truth))))
    scores = random.normal(size=(len(truth), n_classes))
    scores[np.arange(len(truth)), truth] += skill
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def _tidy(task, records, truth, outputs, classes, rows):
    if task != "multiclass":
        columns = {"record": records[rows], "target": "y", "truth": truth[rows].astype(float)}
        return pd.DataFrame(columns | {"prediction": outputs[rows]})
    k = len(classes)
    return pd.DataFrame(
        {
            "record": np.repeat(records[rows], k),
            "target": np.tile(classes, len(rows)),
            "truth": np.eye(k)[truth[rows]].ravel(),
            "prediction": outputs[rows].ravel(),
        }
    )


def constant(predictions, model, value=0.5):
    """Make one model predict a constant, another one in each fold."""
    changed = predictions.copy()
    rows = changed["model"] == model
    changed.loc[rows, "prediction"] = value + 0.01 * changed.loc[rows, "fold"]
    return changed
