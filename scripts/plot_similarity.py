"""Draw how the performance on a dataset depends on the similarity to its training records."""

from rule_script import read_tsv, rule_script
from seqarena.reporting.plots import plot_similarity, save_figure


@rule_script
def main(snakemake):
    """Write the figure as SVG and PNG."""
    figure = plot_similarity(
        read_tsv(snakemake.input.similarity),
        snakemake.params.primary_metric,
        models=snakemake.params.models,
        dataset=snakemake.wildcards.dataset,
    )
    save_figure(figure, snakemake.output.svg, snakemake.output.png)


if __name__ == "__main__":
    main(snakemake)
