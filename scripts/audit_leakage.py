"""Look for test records that are related to records seen in training."""

import json
from pathlib import Path

import pandas as pd

from rule_script import read_tsv, rule_script
from seqarena.data.dataset import read_dataset
from seqarena.files import write_json, write_tsv
from seqarena.splits.leakage import audit_leakage


@rule_script
def main(snakemake):
    """Write the nearest seen record of each test record, and a summary of the leaks."""
    grouping = json.loads(Path(snakemake.input.grouping).read_text(encoding="utf-8"))
    summary = json.loads(Path(snakemake.input.split_summary).read_text(encoding="utf-8"))
    table, report = audit_leakage(
        read_dataset(Path(snakemake.input.tokens).parent),
        pd.read_parquet(snakemake.input.splits),
        read_tsv(snakemake.input.clusters),
        mode=summary["mode"],
        threshold=grouping.get("threshold"),
        both_strands=snakemake.params.both_strands,
        exact=snakemake.params.audit["exact"],
        seed=snakemake.params.seed,
        threads=snakemake.threads,
    )
    write_tsv(table, snakemake.output.leakage)
    write_json(report, snakemake.output.audit)


if __name__ == "__main__":
    main(snakemake)
