"""Splits: which records train, which choose, which test.

Needs: results/{dataset}/data/. Makes: results/{dataset}/splits/, in the steps group_records
(records that must stay together), split_records (repeats, folds, roles), audit_leakage (what came
out); and the inputs of the controls, results/{dataset}/controls/, in the step make_control.
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
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(60, 1),
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
    resources:
        mem_mb=grows(1_500, 10),
        runtime=grows(30, 1),
    params:
        split=of_dataset("split"),
        seed=settings["seed"],
        code=code("split_records"),
    script:
        "../../scripts/split_records.py"


rule audit_leakage:
    input:
        **rules.prepare_dataset.output,
        **rules.group_records.output,
        splits=rules.split_records.output.splits,
        split_summary=rules.split_records.output.summary,
    output:
        leakage="results/{dataset}/splits/leakage.tsv",
        audit="results/{dataset}/splits/leakage.json",
    log:
        "logs/{dataset}/audit_leakage.log",
    benchmark:
        "logs/benchmark/{dataset}/audit_leakage.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: settings["threads"]
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(60, 1),
    params:
        audit=settings["audit"],
        both_strands=of_dataset("both_strands"),
        seed=settings["seed"],
        code=code("audit_leakage"),
    script:
        "../../scripts/audit_leakage.py"


rule make_control:
    input:
        **rules.prepare_dataset.output,
        clusters=rules.group_records.output.clusters,
        splits=rules.split_records.output.splits,
    output:
        tokens="results/{dataset}/controls/{control}/data/tokens.npy",
        offsets="results/{dataset}/controls/{control}/data/offsets.npy",
        records="results/{dataset}/controls/{control}/data/records.parquet",
        summary="results/{dataset}/controls/{control}/data/summary.json",
        splits="results/{dataset}/controls/{control}/splits.parquet",
    log:
        "logs/{dataset}/controls/{control}/make_control.log",
    benchmark:
        "logs/benchmark/{dataset}/controls/{control}/make_control.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 10),
        runtime=grows(30, 1),
    params:
        control="{control}",
        seed=settings["seed"],
        code=code("make_control"),
    script:
        "../../scripts/make_control.py"
