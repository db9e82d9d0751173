"""Find the records that must stay on one side of every split."""

from pathlib import Path

from rule_script import rule_script
from seqarena.data.dataset import read_dataset
from seqarena.files import write_tsv
from seqarena.splits.groups import group_records


@rule_script
def main(snakemake):
    """Write the cluster of each record."""
    dataset = read_dataset(Path(snakemake.input.tokens).parent)
    clusters = group_records(dataset, both_strands=snakemake.params.both_strands)
    write_tsv(clusters, snakemake.output.clusters)


if __name__ == "__main__":
    main(snakemake)
