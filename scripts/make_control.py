"""Change a dataset's labels, sequences or training records, for a control."""

from pathlib import Path

import pandas as pd

from rule_script import read_tsv, rule_script
from seqarena.data.dataset import read_dataset, write_dataset
from seqarena.files import whole_file
from seqarena.splits.controls import make_control


@rule_script
def main(snakemake):
    """Write the dataset and the split that the control trains on."""
    dataset, splits = make_control(
        snakemake.params.control,
        read_dataset(Path(snakemake.input.tokens).parent),
        pd.read_parquet(snakemake.input.splits),
        read_tsv(snakemake.input.clusters),
        snakemake.params.seed,
    )
    write_dataset(Path(snakemake.output.tokens).parent, dataset)
    with whole_file(snakemake.output.splits) as path:
        splits.to_parquet(path, index=False)


if __name__ == "__main__":
    main(snakemake)
