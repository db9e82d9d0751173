"""Measure every model on held-out records, with intervals."""

import json
import shutil
from pathlib import Path

from rule_script import read_runs, read_tsv, rule_script
from seqarena.evaluation.metrics import evaluate
from seqarena.evaluation.prediction_table import names_of
from seqarena.evaluation.thresholds import choose_thresholds
from seqarena.files import write_tsv


@rule_script
def main(snakemake):
    """Write the decision thresholds and the metrics."""
    summary = json.loads(Path(snakemake.input.summary).read_text())
    predictions = read_runs(snakemake.input.predictions)
    thresholds = choose_thresholds(predictions, summary["task"])
    metrics = evaluate(
        predictions,
        summary["task"],
        names_of(summary),
        read_tsv(snakemake.input.clusters),
        thresholds,
        n_bootstrap=snakemake.params.evaluation["bootstrap"],
        seed=snakemake.params.seed,
    )
    write_tsv(thresholds, snakemake.output.thresholds)
    write_tsv(metrics, snakemake.output.metrics)
    shutil.rmtree(snakemake.params.resume, ignore_errors=True)


if __name__ == "__main__":
    main(snakemake)
