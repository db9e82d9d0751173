"""Measure every model by how similar the test records are to those seen in training."""

import json
from pathlib import Path

from rule_script import read_runs, read_tsv, rule_script
from seqarena.evaluation.prediction_table import names_of
from seqarena.evaluation.similarity import evaluate_similarity
from seqarena.files import write_tsv


@rule_script
def main(snakemake):
    """Write the metrics with and without leaked records, and by similarity."""
    summary = json.loads(Path(snakemake.input.summary).read_text(encoding="utf-8"))
    table = evaluate_similarity(
        read_runs(snakemake.input.predictions),
        summary["task"],
        names_of(summary),
        read_tsv(snakemake.input.clusters),
        read_tsv(snakemake.input.thresholds),
        read_tsv(snakemake.input.leakage),
        n_bootstrap=snakemake.params.evaluation["bootstrap"],
        seed=snakemake.params.seed,
    )
    write_tsv(table, snakemake.output.similarity)


if __name__ == "__main__":
    main(snakemake)
