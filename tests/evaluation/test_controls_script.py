"""The script that evaluates controls reads what the workflow lays out."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest
from arena import CONTROL_METRICS, arena, task_of, whole

import evaluate_controls as script


def run_script(folder, predictions, summary, clusters, metrics, controls, fixed_test=False):
    """Lay files out as the workflow does and run the script; give its tables."""
    (folder / "summary.json").write_text(json.dumps(summary))
    clusters.to_csv(folder / "clusters.tsv", sep="\t", index=False)
    metrics.to_csv(folder / "metrics.tsv", sep="\t", index=False)
    splits = pd.DataFrame({"record": ["a", "b"], "repeat": 1, "fold": 0, "role": "train"})
    splits.to_parquet(folder / "splits.parquet")
    paths = {"predictions": [], "control_predictions": [], "control_splits": []}
    for name, table in {"": predictions, **controls}.items():
        place = folder / "controls" / name if name else folder
        for model, part in table.groupby("model"):
            path = place / f"runs/{model}/repeat1/predictions.parquet"
            path.parent.mkdir(parents=True)
            part.drop(columns="model").to_parquet(path)
            paths["control_predictions" if name else "predictions"].append(path)
        if name:
            splits[:1].to_parquet(place / "splits.parquet")
            paths["control_splits"].append(place / "splits.parquet")
    files = {name: folder / f"{name}.tsv" for name in ("controls", "seeds", "learning_curve")}
    inputs = {"summary": folder / "summary.json", "clusters": folder / "clusters.tsv"}
    inputs |= {"metrics": folder / "metrics.tsv", "splits": folder / "splits.parquet"}
    params = {
        "primary_metric": CONTROL_METRICS[summary["kind"]],
        "fixed_test": fixed_test,
        "seed": 1,
    }
    params["resume"] = []
    params["evaluation"] = {"bootstrap": 100, "equivalence": 0.01}
    script.main(
        SimpleNamespace(
            log=[],
            input=SimpleNamespace(**inputs, **paths),
            output=SimpleNamespace(**files),
            params=SimpleNamespace(**params),
        )
    )
    return {name: pd.read_csv(path, sep="\t") for name, path in files.items()}


@pytest.mark.parametrize("task", CONTROL_METRICS)
def test_the_script_reads_models_and_controls_from_paths(task, tmp_path):
    predictions, classes, clusters, metrics = whole(task)
    other, *_ = arena(task, (0.0, 0.0), repeats=1, seed=5)
    several = task in ("multilabel", "several")
    summary = {"task": task_of(task), "kind": task, "classes": None if several else classes}
    summary |= {"targets": classes if several else ["y"]}
    controls = {"permuted_labels": other, "seed2": predictions, "size12.5": predictions}
    tables = run_script(tmp_path, predictions, summary, clusters, metrics, controls)
    judged = tables["controls"]
    assert judged["control"].to_list() == ["permuted labels"] * 2
    assert judged["model"].to_list() == ["m0", "m1"]
    assert (tables["seeds"]["sd"] == 0).all() and (tables["seeds"]["n_seeds"] == 2).all()
    curve = tables["learning_curve"]
    assert curve["fraction"].to_list() == [0.125, 1, 0.125, 1]
    assert curve["n_train"].to_list() == [1, 2, 1, 2]
    for _, part in curve.groupby("model"):
        assert part["value"].nunique() == part["low"].nunique() == 1


def test_without_controls_there_are_headers_only(tmp_path):
    predictions, classes, clusters, metrics = whole("binary")
    summary = {"task": "binary", "kind": "binary", "classes": classes}
    tables = run_script(tmp_path, predictions, summary, clusters, metrics, {})
    assert all(table.empty and len(table.columns) > 7 for table in tables.values())
    assert list(tables["controls"]) == [
        *("control", "model", "metric", "value", "low", "high"),
        *("chance", "original", "n", "groups", "verdict"),
    ]
    assert list(tables["learning_curve"]) == [
        *("model", "fraction", "n_train", "metric", "value", "low", "high", "n", "groups")
    ]
    assert list(tables["seeds"]) == [
        *("model", "metric", "n_seeds", "mean", "sd", "least", "most", "source")
    ]
