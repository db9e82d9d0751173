"""Data: from files of sequences and labels to a checked, tokenised dataset.

Needs: the files of records and labels that the configuration names, or a simulation.
Makes: results/{dataset}/data/, in the steps simulate_dataset or simulate_table (where asked for) and
prepare_dataset.
"""

# Both write a truth.tsv, so each says which datasets are its own.
SIMULATED = [name for name, dataset in DATASETS.items() if "simulation" in dataset]
SIMULATED_TABLES = [name for name in SIMULATED if is_simulated_table(DATASETS[name])]


rule simulate_dataset:
    output:
        fasta="results/{dataset}/simulation/sequences.fasta",
        labels="results/{dataset}/simulation/labels.tsv",
        truth="results/{dataset}/simulation/truth.tsv",
    log:
        "logs/{dataset}/simulate_dataset.log",
    benchmark:
        "logs/benchmark/{dataset}/simulate_dataset.tsv"
    wildcard_constraints:
        dataset=any_of([name for name in SIMULATED if name not in SIMULATED_TABLES]),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 0),
        runtime=grows(30, 0),
    params:
        simulation=of_dataset("simulation"),
        seed=settings["seed"],
        code=code("simulate_dataset"),
    script:
        "../../scripts/simulate_dataset.py"


rule simulate_table:
    output:
        records="results/{dataset}/simulation/records.tsv",
        truth="results/{dataset}/simulation/truth.tsv",
    log:
        "logs/{dataset}/simulate_table.log",
    benchmark:
        "logs/benchmark/{dataset}/simulate_table.tsv"
    wildcard_constraints:
        dataset=any_of(SIMULATED_TABLES),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 0),
        runtime=grows(30, 0),
    params:
        simulation=of_dataset("simulation"),
        seed=settings["seed"],
        code=code("simulate_table"),
    script:
        "../../scripts/simulate_table.py"


rule prepare_dataset:
    input:
        unpack(source_files),
    output:
        tokens="results/{dataset}/data/tokens.npy",
        offsets="results/{dataset}/data/offsets.npy",
        records="results/{dataset}/data/records.parquet",
        summary="results/{dataset}/data/summary.json",
    log:
        "logs/{dataset}/prepare_dataset.log",
    benchmark:
        "logs/benchmark/{dataset}/prepare_dataset.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows_with_records(1_500, 20),
        runtime=grows(60, 0.05),
    params:
        task=of_dataset("task"),
        source=source_of,
        classes_of_files=classes_of_files,
        labels=of_dataset("labels"),
        split_column=of_dataset("split", "column"),
        positive=of_dataset("positive"),
        length=of_dataset("length"),
        alphabet=of_dataset("alphabet"),
        gaps=of_dataset("gaps"),
        ambiguous=of_dataset("ambiguous"),
        soft_masked=of_dataset("soft_masked"),
        seed=seed_of_negatives,
        # An index of a genome, for all datasets that are cut from it.
        cache="results/genomes",
        code=code("prepare_dataset"),
    script:
        "../../scripts/prepare_dataset.py"
