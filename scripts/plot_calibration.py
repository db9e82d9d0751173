"""Draw how far the probabilities that the models predict mean what they say."""

from rule_script import read_tsv, rule_script
from seqarena.reporting.plots import plot_reliability, save_figure


@rule_script
def main(snakemake):
    """Write the figure as SVG and PNG."""
    figure = plot_reliability(
        read_tsv(snakemake.input.reliability),
        read_tsv(snakemake.input.calibration),
        models=snakemake.params.models,
        dataset=snakemake.wildcards.dataset,
    )
    save_figure(figure, snakemake.output.svg, snakemake.output.png)


if __name__ == "__main__":
    main(snakemake)
