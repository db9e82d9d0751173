"""The scripts that draw and tabulate, on files as the earlier stages leave them."""

from types import SimpleNamespace

import pandas as pd
import pytest

import plot_multilabel
import plot_regression
import write_tables
from seqarena.files import write_json, write_tsv

LABEL_FIGURES = (
    "metrics", "label_metrics", "label_roc", "label_precision_recall", "label_reliability",
    "label_scores",
)  # fmt: skip


@pytest.fixture
def snakemake_of(tmp_path, as_section):
    """Write a data set's results to files, and give what Snakemake would give a script."""

    def prepared(results, outputs):
        paths = {}
        for name in ("metrics", "ranking", "clusters", "thresholds", "comparison", "reliability"):
            table = getattr(results, name)
            if table is not None:
                paths[name] = str(tmp_path / f"{name}.tsv")
                write_tsv(table, paths[name])
        paths["summary"] = tmp_path / "summary.json"
        write_json(as_section(results)["summary"], paths["summary"])
        paths["records"] = tmp_path / "records.parquet"
        results.records.to_parquet(paths["records"])
        paths["predictions"] = []
        for (model, repeat), rows in results.predictions.groupby(["model", "repeat"]):
            path = tmp_path / "runs" / model / f"repeat{repeat}" / "predictions.parquet"
            path.parent.mkdir(parents=True)
            rows.drop(columns="model").to_parquet(path)
            paths["predictions"].append(path)
        output = {name: str(tmp_path / file) for name, file in outputs.items()}

        class Output(dict):
            __getattr__ = dict.__getitem__

        return SimpleNamespace(
            input=SimpleNamespace(**paths), output=Output(output), log=[],
            params=SimpleNamespace(models=results.models, primary_metric=results.primary),
            wildcards=SimpleNamespace(dataset=results.name),
        )  # fmt: skip

    return prepared


def test_the_figures_of_labels_are_written(snakemake_of, make_results, tmp_path):
    results = make_results("multilabel", n=60, repeats=1)
    outputs = {name: f"{name}.svg" for name in LABEL_FIGURES}
    plot_multilabel.main(snakemake_of(results, outputs))
    for name in LABEL_FIGURES:
        assert (tmp_path / f"{name}.svg").read_text().startswith("<?xml")
        assert (tmp_path / f"{name}.png").exists()


def test_the_figures_of_several_targets_are_written(snakemake_of, make_results, tmp_path):
    results = make_results("regression", n=60, repeats=1, targets=("fast", "slow"))
    outputs = {name: f"{name}.svg" for name in ("predicted_true", "residuals", "metrics")}
    plot_regression.main(snakemake_of(results, outputs))
    assert all((tmp_path / file).exists() for file in outputs.values())


@pytest.mark.parametrize("task", ["multilabel", "regression"])
def test_tables_are_written(task, snakemake_of, make_results, tmp_path):
    targets = ("007", "NA")  # names stay text
    results = make_results(task, n=60, repeats=1, targets=targets)
    names = ("predictions_html", "metrics_html", "comparison_html")
    outputs = {name: f"{name}.html" for name in names} | {"predictions": "predictions.tsv"}
    write_tables.main(snakemake_of(results, outputs))
    table = pd.read_csv(tmp_path / "predictions.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert len(table) == 60 * 2 * 2 and set(table["target"]) == set(targets)
    assert "class or target" in (tmp_path / "metrics_html.html").read_text()
