"""Draw how near the models come to the numbers of a dataset."""

import json
from pathlib import Path

from rule_script import read_runs, read_tsv, rule_script
from seqarena.reporting.plots import plot_metrics, plot_predicted_true, plot_residuals, save_figure
from seqarena.reporting.standing import degenerate


@rule_script
def main(snakemake):
    """Write the figures as SVG and PNG."""
    order = json.loads(Path(snakemake.input.summary).read_text()).get("order")
    predictions = read_runs(snakemake.input.predictions)
    metrics = read_tsv(snakemake.input.metrics)
    clusters = read_tsv(snakemake.input.clusters)
    names = {"models": snakemake.params.models, "dataset": snakemake.wildcards.dataset}
    figures = {
        "predicted_true": plot_predicted_true(predictions, metrics, clusters, order=order, **names),
        "residuals": plot_residuals(predictions, clusters, **names),
        "metrics": plot_metrics(
            metrics,
            snakemake.params.primary_metric,
            without_result=degenerate(read_tsv(snakemake.input.ranking)),
            **names,
        ),
    }
    for name, figure in figures.items():
        svg = Path(snakemake.output[name])
        save_figure(figure, svg, svg.with_suffix(".png"))


if __name__ == "__main__":
    main(snakemake)
