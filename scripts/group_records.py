"""Find the records that must stay on one side of every split."""

from pathlib import Path

from rule_script import rule_script
from seqarena.data.dataset import read_dataset
from seqarena.files import write_json, write_tsv
from seqarena.splits.groups import group_records


@rule_script
def main(snakemake):
    """Write the cluster of each record and how clusters were found."""
    grouping, both_strands = snakemake.params.grouping, snakemake.params.both_strands
    dataset = read_dataset(Path(snakemake.input.tokens).parent)
    relatives, report = None, {}
    if grouping["by"] == "homology":
        # Imported here, since the compiler behind it takes a second to load.
        from seqarena.splits.homology import homology_edges

        relatives, report = homology_edges(
            dataset,
            both_strands=both_strands,
            threshold=grouping["threshold"],
            threads=snakemake.threads,
        )
    clusters = group_records(dataset, both_strands=both_strands, relatives=relatives)
    write_json({"by": grouping["by"], **report}, snakemake.output.grouping)
    write_tsv(clusters, snakemake.output.clusters)


if __name__ == "__main__":
    main(snakemake)
