"""Draw how well the models tell the classes of a dataset apart."""

import json
from pathlib import Path

from rule_script import read_runs, read_tsv, rule_script
from seqarena.reporting.plots import (
    plot_confusion,
    plot_metrics,
    plot_precision_recall,
    plot_roc,
    plot_scores,
    save_figure,
)
from seqarena.reporting.standing import degenerate


@rule_script
def main(snakemake):
    """Write the figures as SVG and PNG."""
    classes = json.loads(Path(snakemake.input.summary).read_text())["classes"]
    predictions = read_runs(snakemake.input.predictions)
    metrics = read_tsv(snakemake.input.metrics)
    clusters = read_tsv(snakemake.input.clusters)
    thresholds = read_tsv(snakemake.input.thresholds)
    names = {"models": snakemake.params.models, "dataset": snakemake.wildcards.dataset}
    without_result = degenerate(read_tsv(snakemake.input.ranking))
    curves = {"classes": classes, "without_result": without_result}
    figures = {
        "roc": plot_roc(predictions, metrics, clusters, **curves, **names),
        "precision_recall": plot_precision_recall(
            predictions, metrics, clusters, **curves, **names
        ),
        "confusion": plot_confusion(predictions, thresholds, classes, clusters, **names),
        "scores": plot_scores(predictions, thresholds, classes, clusters, **names),
        "metrics": plot_metrics(
            metrics,
            snakemake.params.primary_metric,
            without_result=without_result,
            **names,
        ),
    }
    for name, figure in figures.items():
        svg = Path(snakemake.output[name])
        save_figure(figure, svg, svg.with_suffix(".png"))


if __name__ == "__main__":
    main(snakemake)
