"""Say of every model whether it converged, learned too little or too much, or nothing at all."""

import json
from pathlib import Path

import pandas as pd

from rule_script import read_infos, read_runs, read_tsv, rule_script
from seqarena.evaluation.diagnosis import diagnose
from seqarena.files import write_tsv


def folds_table(infos):
    """Lay the folds of all runs out as a table, a row a fold."""
    return pd.DataFrame(
        [
            {"model": info["model"], "kind": info["kind"], "repeat": info["repeat"], **fold}
            for info in infos
            for fold in info["folds"]
        ]
    )


@rule_script
def main(snakemake):
    """Write the diagnosis."""
    diagnosis = diagnose(
        read_runs(snakemake.input.history, read_tsv),
        folds_table(read_infos(snakemake.input.info)),
        read_tsv(snakemake.input.metrics),
        snakemake.params.primary_metric,
        json.loads(Path(snakemake.input.summary).read_text())["task"],
        read_tsv(snakemake.input.learning_curve),
        snakemake.params.evaluation["equivalence"],
    )
    write_tsv(diagnosis, snakemake.output.diagnosis)


if __name__ == "__main__":
    main(snakemake)
