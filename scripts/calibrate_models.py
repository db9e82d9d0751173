"""Fit a temperature to every run (and label) and measure calibration before and after."""

import json
from pathlib import Path

from rule_script import read_runs, read_tsv, rule_script
from seqarena.evaluation.calibration import calibrate
from seqarena.evaluation.prediction_table import names_of
from seqarena.files import write_tsv


@rule_script
def main(snakemake):
    """Write the metrics of calibration, the temperatures and the reliability of each bin."""
    summary = json.loads(Path(snakemake.input.summary).read_text())
    calibration, temperatures, reliability = calibrate(
        read_runs(snakemake.input.predictions),
        summary["task"],
        names_of(summary),
        read_tsv(snakemake.input.clusters),
        n_bootstrap=snakemake.params.evaluation["bootstrap"],
        seed=snakemake.params.seed,
    )
    write_tsv(calibration, snakemake.output.calibration)
    write_tsv(temperatures, snakemake.output.temperatures)
    write_tsv(reliability, snakemake.output.reliability)


if __name__ == "__main__":
    main(snakemake)
