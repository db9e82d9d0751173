"""The scripts of the stage one after another, through the files that the workflow keeps."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest
from arena import PRIMARY, arena, sizes_of, task_of

import calibrate_models
import compare_models
import evaluate_models
import evaluate_similarity
from rule_script import read_tsv

EVALUATION = {"bootstrap": 40, "equivalence": 0.01}


def lay_out(folder, kind):
    """Write what the stage reads; give the paths by name."""
    predictions, names, clusters = arena(kind, skills=(0.5, 2.0), n=120, n_groups=60)
    roles = [
        {"repeat": row.repeat, "fold": row.fold, "role": role, "n": n}
        for row in sizes_of(predictions).itertuples()
        for role, n in (("train", row.n_train), ("test", row.n_test))
    ]
    has_classes = kind in ("binary", "multiclass")
    targets = names if kind in ("multilabel", "several") else ["y"]
    summary = {"task": task_of(kind), "target": "binding", "targets": targets}
    summary["classes"] = names if has_classes else None
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "splits.json").write_text(json.dumps({"roles": roles}))
    clusters.to_csv(folder / "clusters.tsv", sep="\t", index=False)
    tested = predictions[predictions["role"] == "test"]
    audit = tested[["record", "repeat", "fold"]].drop_duplicates()
    number = audit["record"].str[1:].astype(int)
    audit = audit.assign(similarity=number / number.max(), leaked=number % 3 == 0)
    audit.to_csv(folder / "leakage.tsv", sep="\t", index=False)
    files = []
    for (model, repeat), part in predictions.groupby(["model", "repeat"]):
        files.append(folder / "runs" / model / f"repeat{repeat}" / "predictions.parquet")
        files[-1].parent.mkdir(parents=True)
        part.drop(columns="model").to_parquet(files[-1])
    paths = {name: folder / f"{name}.tsv" for name in ("clusters", "leakage")}
    paths |= {"summary": folder / "summary.json", "split_summary": folder / "splits.json"}
    return paths | {"predictions": files}


@pytest.mark.parametrize("kind", PRIMARY)
def test_each_script_reads_what_the_others_write(kind, tmp_path):
    paths = lay_out(tmp_path, kind)
    params = {"primary_metric": PRIMARY[kind], "baselines": ["m0"], "evaluation": EVALUATION}

    def run(script, **outputs):
        files = {name: tmp_path / file for name, file in outputs.items()}
        script.main(
            SimpleNamespace(
                log=[],
                input=SimpleNamespace(**paths),
                output=SimpleNamespace(**files),
                params=SimpleNamespace(**params, seed=0, resume=tmp_path / "resume"),
            )
        )
        paths.update(files)

    run(evaluate_models, metrics="metrics.tsv", thresholds="thresholds.tsv")
    names = ("comparison", "ranking", "headline")
    run(compare_models, **{name: f"{name}.tsv" for name in names})
    run(evaluate_similarity, similarity="similarity.tsv")
    ranking, metrics = read_tsv(paths["ranking"]), read_tsv(paths["metrics"])
    assert ranking["model"].to_list() == ["m1", "m0"]
    assert read_tsv(paths["comparison"])["verdict"].item() in ("better", "undecided")
    assert json.loads(paths["headline"].read_text())["best"] == "m1"
    whole = read_tsv(paths["similarity"]).query(f"subset == 'all' and metric == '{PRIMARY[kind]}'")
    pd.testing.assert_series_equal(
        whole.set_index("model")["value"][ranking["model"]],
        ranking.set_index("model")["value"],
    )
    labels = {"t0", "t1", "t2"} if kind in ("multilabel", "several") else set()
    assert labels <= set(metrics["target"])
    if task_of(kind) == "regression":
        return
    tables = ("calibration", "temperatures", "reliability")
    run(calibrate_models, **{name: f"{name}.tsv" for name in tables})
    for name in tables:
        empty = {""} if name != "temperatures" or kind != "multilabel" else set()
        assert set(read_tsv(paths[name])["target"]) == empty | labels
