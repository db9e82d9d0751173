"""Write the tables of a dataset as people want them."""

import json
from pathlib import Path

import pandas as pd

from rule_script import read_runs, read_tsv, rule_script
from seqarena.files import whole_file, write_tsv
from seqarena.reporting.tables import (
    comparison_table,
    metrics_table,
    predictions_table,
    to_html,
)


@rule_script
def main(snakemake):
    """Write the predictions as TSV, and predictions, metrics and comparison as HTML."""
    summary = json.loads(Path(snakemake.input.summary).read_text())
    dataset = snakemake.wildcards.dataset
    predictions = predictions_table(
        read_runs(snakemake.input.predictions),
        pd.read_parquet(snakemake.input.records),
        summary["classes"],
        read_tsv(snakemake.input.thresholds),
        summary["task"],
    )
    write_tsv(predictions, snakemake.output.predictions)
    metrics = metrics_table(read_tsv(snakemake.input.metrics), snakemake.params.primary_metric)
    comparison = comparison_table(read_tsv(snakemake.input.comparison))
    for path, table, title in (
        (snakemake.output.predictions_html, predictions, f"{dataset}: predictions"),
        (snakemake.output.metrics_html, metrics, f"{dataset}: metrics"),
        (snakemake.output.comparison_html, comparison, f"{dataset}: comparison of models"),
    ):
        with whole_file(path) as temporary:
            page = to_html(table, title, source=Path(snakemake.output.predictions).name)
            temporary.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(snakemake)
