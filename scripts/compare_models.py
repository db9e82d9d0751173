"""Rank the models and say which differences are more than noise."""

import json
from pathlib import Path

from rule_script import read_runs, read_tsv, rule_script
from seqarena.evaluation.comparison import compare
from seqarena.evaluation.corrected_t import fold_sizes
from seqarena.evaluation.headline import headline
from seqarena.evaluation.metrics import targets_left_out
from seqarena.evaluation.prediction_table import names_of
from seqarena.evaluation.ranking import rank
from seqarena.files import write_json, write_tsv


@rule_script
def main(snakemake):
    """Write the comparison of all pairs, the ranking and the verdict in words."""
    params, primary_metric = snakemake.params, snakemake.params.primary_metric
    summary = json.loads(Path(snakemake.input.summary).read_text())
    split = json.loads(Path(snakemake.input.split_summary).read_text())
    sizes = fold_sizes(split["roles"])
    metrics = read_tsv(snakemake.input.metrics)
    comparison = compare(
        read_runs(snakemake.input.predictions),
        summary["task"],
        names_of(summary),
        read_tsv(snakemake.input.clusters),
        read_tsv(snakemake.input.thresholds),
        sizes,
        primary_metric,
        params.baselines,
        equivalence=params.evaluation["equivalence"],
        n_bootstrap=params.evaluation["bootstrap"],
        seed=params.seed,
    )
    ranking = rank(metrics, primary_metric, params.baselines)
    verdict = headline(
        ranking,
        comparison,
        sizes,
        params.baselines,
        primary_metric,
        summary["target"],
        left_out=targets_left_out(metrics),
    )
    write_tsv(comparison, snakemake.output.comparison)
    write_tsv(ranking, snakemake.output.ranking)
    write_json(verdict, snakemake.output.headline)


if __name__ == "__main__":
    main(snakemake)
