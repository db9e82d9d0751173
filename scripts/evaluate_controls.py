"""Measure the trainings on permuted labels, shuffled input, other seeds and fewer records."""

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from rule_script import read_tsv, rule_script
from seqarena.control_names import NULL_CONTROLS, size_fraction
from seqarena.evaluation.controls import (
    judge_controls,
    labels_by_record,
    learning_curve,
    mean_training_records,
    measure_controls,
    seed_spread,
)
from seqarena.evaluation.prediction_table import names_of
from seqarena.files import write_tsv


def read_controls(paths: Iterable[str | Path]) -> pd.DataFrame:
    """Read the predictions of controls; the path says which control and model each is of."""
    frames = [
        pd.read_parquet(path).assign(
            control=Path(path).parents[3].name, model=Path(path).parents[1].name
        )
        for path in paths
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"control": []})


def read_labels(
    paths: Iterable[str | Path], task: str, names: Sequence[str] | None
) -> pd.Series | pd.DataFrame:
    """Read the labels of the test records of repeat 1, before anything was permuted."""
    columns = ["record", "role", "target", "truth"]
    first = [path for path in paths if Path(path).parent.name == "repeat1"]
    frames = [pd.read_parquet(path, columns=columns) for path in first]
    return labels_by_record(pd.concat(frames, ignore_index=True), task, names)


def training_records(splits: str | Path, of_controls: Iterable[str | Path]) -> dict[float, float]:
    """Count the training records of each fraction of the groups, the whole included."""
    fractions = {path: size_fraction(Path(path).parent.name) for path in of_controls}
    paths = {fraction: path for path, fraction in fractions.items() if fraction is not None}
    return {
        fraction: mean_training_records(pd.read_parquet(path))
        for fraction, path in (paths | {1.0: splits}).items()
    }


@rule_script
def main(snakemake):
    """Write what the controls came to, the spread over seeds and the learning curve."""
    inputs, params = snakemake.input, snakemake.params
    summary = json.loads(Path(inputs.summary).read_text(encoding="utf-8"))
    task, names = summary["task"], names_of(summary)
    metric, metrics = params.primary_metric, read_tsv(inputs.metrics)
    predictions = read_controls(inputs.control_predictions)
    measured = measure_controls(
        predictions,
        task,
        names,
        read_tsv(inputs.clusters),
        metric,
        n_bootstrap=params.evaluation["bootstrap"],
        seed=params.seed,
    )
    null = predictions[predictions["control"].isin(NULL_CONTROLS)]
    truths = {name: labels_by_record(part, task, names) for name, part in null.groupby("control")}
    original = read_labels(inputs.predictions, task, names) if truths else pd.Series(dtype=float)
    controls = judge_controls(measured, metrics, truths, original, params.evaluation["equivalence"])
    n_train = training_records(inputs.splits, inputs.control_splits)
    write_tsv(controls, snakemake.output.controls)
    write_tsv(seed_spread(measured, metrics, metric, params.fixed_test), snakemake.output.seeds)
    curve = learning_curve(measured, metrics, metric, n_train)
    write_tsv(curve, snakemake.output.learning_curve)
    for folder in params.resume:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(snakemake)
