"""Splits: which records train, which choose, which test.

Needs: results/{dataset}/data/. Makes: results/{dataset}/splits/, in the steps group_records
(records that must stay together), split_records (repeats, folds, roles).
"""


rule group_records:
    input:
        **rules.prepare_dataset.output,
    output:
        clusters="results/{dataset}/splits/clusters.tsv",
        grouping="results/{dataset}/splits/grouping.json",
    log:
        "logs/{dataset}/group_records.log",
    benchmark:
        "logs/benchmark/{dataset}/group_records.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: settings["threads"]
    params:
        grouping=of_dataset("grouping"),
        both_strands=of_dataset("both_strands"),
        code=code("group_records"),
    script:
        "../../scripts/group_records.py"


rule split_records:
    input:
        unpack(split_lists),
        **rules.prepare_dataset.output,
        clusters=rules.group_records.output.clusters,
    output:
        splits="results/{dataset}/splits/splits.parquet",
        summary="results/{dataset}/splits/summary.json",
    log:
        "logs/{dataset}/split_records.log",
    benchmark:
        "logs/benchmark/{dataset}/split_records.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        split=of_dataset("split"),
        seed=settings["seed"],
        code=code("split_records"),
    script:
        "../../scripts/split_records.py"
