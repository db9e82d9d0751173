"""Rank the models over all datasets and say which of them differ."""

from pathlib import Path

from rule_script import read_tsv, rule_script
from seqarena.evaluation.across_datasets import compare_across_datasets
from seqarena.files import write_json, write_tsv


@rule_script
def main(snakemake):
    """Write the ranks of each model on each dataset and what they tell."""
    rankings = {Path(path).parent.name: read_tsv(path) for path in snakemake.input.ranking}
    ranks, across = compare_across_datasets(rankings)
    write_tsv(ranks, snakemake.output.ranks)
    write_json(across, snakemake.output.across)


if __name__ == "__main__":
    main(snakemake)
