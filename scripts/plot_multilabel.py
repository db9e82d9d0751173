"""Draw how well the models tell each label of a dataset from its absence."""

from pathlib import Path

from rule_script import read_runs, read_tsv, rule_script
from seqarena.reporting.plots import (
    plot_label_metrics,
    plot_label_precision_recall,
    plot_label_reliability,
    plot_label_roc,
    plot_label_scores,
    plot_metrics,
    save_figure,
)
from seqarena.reporting.standing import degenerate


@rule_script
def main(snakemake):
    """Write the figures as SVG and PNG."""
    predictions = read_runs(snakemake.input.predictions)
    metrics = read_tsv(snakemake.input.metrics)
    clusters = read_tsv(snakemake.input.clusters)
    thresholds = read_tsv(snakemake.input.thresholds)
    names = {"models": snakemake.params.models, "dataset": snakemake.wildcards.dataset}
    figures = {
        "metrics": plot_metrics(
            metrics,
            snakemake.params.primary_metric,
            without_result=degenerate(read_tsv(snakemake.input.ranking)),
            **names,
        ),
        "label_metrics": plot_label_metrics(metrics, predictions, clusters, **names),
        "label_roc": plot_label_roc(predictions, clusters, **names),
        "label_precision_recall": plot_label_precision_recall(predictions, clusters, **names),
        "label_reliability": plot_label_reliability(
            read_tsv(snakemake.input.reliability), predictions, clusters, **names
        ),
        "label_scores": plot_label_scores(predictions, thresholds, clusters, **names),
    }
    for name, figure in figures.items():
        svg = Path(snakemake.output[name])
        save_figure(figure, svg, svg.with_suffix(".png"))


if __name__ == "__main__":
    main(snakemake)
