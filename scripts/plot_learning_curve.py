"""Draw how the performance on a dataset grows with the number of training records."""

from rule_script import read_tsv, rule_script
from seqarena.reporting.plots import plot_learning_curve, save_figure


@rule_script
def main(snakemake):
    """Write the figure as SVG and PNG."""
    figure = plot_learning_curve(
        read_tsv(snakemake.input.learning_curve),
        snakemake.params.primary_metric,
        models=snakemake.params.models,
        dataset=snakemake.wildcards.dataset,
    )
    save_figure(figure, snakemake.output.svg, snakemake.output.png)


if __name__ == "__main__":
    main(snakemake)
