"""Find the records that must stay on one side of every split."""

from pathlib import Path

from rule_script import rule_script
from seqarena.data.dataset import read_dataset
from seqarena.files import write_json, write_tsv
from seqarena.splits.groups import describe_clusters, group_records, use_of_column


@rule_script
def main(snakemake):
    """Write the cluster of each record and how clusters were found."""
    grouping, both_strands = snakemake.params.grouping, snakemake.params.both_strands
    dataset = read_dataset(Path(snakemake.input.tokens).parent)
    groups = use_of_column(dataset, grouping.get("groups", "join"))
    use_sequences = groups != "replace"
    relatives, report = None, {}
    if grouping["by"] == "homology" and use_sequences:
        # Imported here, since the compiler behind it takes a second to load.
        from seqarena.splits.homology import homology_edges

        relatives, report = homology_edges(
            dataset,
            both_strands=both_strands,
            threshold=grouping["threshold"],
            search=grouping["search"],
            threads=snakemake.threads,
        )
    clusters = group_records(
        dataset, use_sequences=use_sequences, both_strands=both_strands, relatives=relatives
    )
    report |= describe_clusters(clusters["cluster"].to_numpy())
    write_json({"by": grouping["by"], "groups": groups, **report}, snakemake.output.grouping)
    write_tsv(clusters, snakemake.output.clusters)


if __name__ == "__main__":
    main(snakemake)
