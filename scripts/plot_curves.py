"""Draw the loss and metric curves of a network with the verdict on its fit."""

from rule_script import read_infos, read_runs, read_tsv, rule_script
from seqarena.reporting.plots import plot_curves, save_figure


@rule_script
def main(snakemake):
    """Write the figure as SVG and PNG."""
    model = snakemake.wildcards.model
    figure = plot_curves(
        read_runs(snakemake.input.history, read_tsv),
        read_infos(snakemake.input.info),
        model,
        read_tsv(snakemake.input.diagnosis).set_index("model").loc[model],
        dataset=snakemake.wildcards.dataset,
    )
    save_figure(figure, snakemake.output.svg, snakemake.output.png)


if __name__ == "__main__":
    main(snakemake)
