"""Draw the mean ranks of the models over all datasets, with the critical difference."""

import json
from pathlib import Path

from rule_script import read_tsv, rule_script
from seqarena.reporting.plots import plot_critical_difference, save_figure


@rule_script
def main(snakemake):
    """Write the figure as SVG and PNG."""
    across = json.loads(Path(snakemake.input.across).read_text(encoding="utf-8"))
    figure = plot_critical_difference(read_tsv(snakemake.input.ranks), across)
    save_figure(figure, snakemake.output.svg, snakemake.output.png)


if __name__ == "__main__":
    main(snakemake)
