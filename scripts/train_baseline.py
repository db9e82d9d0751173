"""Train a baseline on the folds of one repeat."""

from pathlib import Path

import pandas as pd

from rule_script import rule_script
from seqarena.data.dataset import read_dataset
from seqarena.models.baselines import train_baseline
from seqarena.models.runs import write_run


@rule_script
def main(snakemake):
    """Write predictions, history, the record of the run and the fitted models."""
    params, output = snakemake.params, snakemake.output
    repeat = int(snakemake.wildcards.repeat)
    run = train_baseline(
        read_dataset(Path(snakemake.input.tokens).parent),
        pd.read_parquet(snakemake.input.splits, filters=[("repeat", "==", repeat)]),
        snakemake.wildcards.model,
        params.architecture,
        params.parameters,
        seed=params.seed,
        repeat=repeat,
        threads=snakemake.threads,
    )
    write_run(run, output.predictions, output.history, output.info, output.folds)


if __name__ == "__main__":
    main(snakemake)
