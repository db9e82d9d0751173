"""Models: every model is trained and asked for predictions on the same folds.

Needs: results/{dataset}/data/ and splits/. Makes: results/{dataset}/runs/{model}/repeat{repeat}/,
in one step per (dataset, model, repeat): train_baseline or train_network, with the same outputs; and
likewise results/{dataset}/controls/{control}/runs/, by the same scripts on a control's inputs.
"""


rule train_baseline:
    input:
        **rules.prepare_dataset.output,
        splits=rules.split_records.output.splits,
    output:
        **RUN_FILES,
    log:
        "logs/{dataset}/{model}/repeat{repeat}.log",
    benchmark:
        "logs/benchmark/{dataset}/{model}/repeat{repeat}.tsv"
    wildcard_constraints:
        model=any_of(BASELINES),
    conda:
        "../../envs/analysis.yaml"
    threads: settings["threads"]
    resources:
        mem_mb=grows(2_000, 40),
        runtime=grows(60, 5),
    params:
        architecture=of_model("architecture"),
        parameters=of_model("parameters"),
        seed=settings["seed"],
        code=code("train_baseline"),
    script:
        "../../scripts/train_baseline.py"


# Networks come before baselines where both wait for a core: they take longest.
rule train_network:
    input:
        unpack(own_builder),
        **rules.prepare_dataset.output,
        splits=rules.split_records.output.splits,
    output:
        **RUN_FILES,
    log:
        "logs/{dataset}/{model}/repeat{repeat}.log",
    benchmark:
        "logs/benchmark/{dataset}/{model}/repeat{repeat}.tsv"
    wildcard_constraints:
        model=any_of(NETWORKS),
    priority: 1
    conda:
        "../../envs/training.yaml"
    threads: settings["threads"]
    resources:
        mem_mb=grows(2_500, 20),
        runtime=training_minutes,
        gpu=0 if settings["device"] == "cpu" else settings["gpus"],
    params:
        architecture=of_model("architecture"),
        parameters=of_model("parameters"),
        training=of_model("training"),
        representation=of_model("representation"),
        reverse_complement=of_model("reverse_complement"),
        seed=settings["seed"],
        device=settings["device"],
        # Outside of the outputs, which Snakemake deletes before it runs a rule again. The rules that
        # evaluate a dataset's runs and controls remove it.
        resume="results/{dataset}/resume/{model}/repeat{repeat}",
        code=code("train_network"),
    script:
        "../../scripts/train_network.py"


use rule train_baseline as train_control_baseline with:
    input:
        **rules.make_control.output,
    output:
        **CONTROL_FILES,
    log:
        "logs/{dataset}/controls/{control}/{model}/repeat{repeat}.log",
    benchmark:
        "logs/benchmark/{dataset}/controls/{control}/{model}/repeat{repeat}.tsv"
    params:
        seed=seed_of_control,


use rule train_network as train_control_network with:
    input:
        unpack(own_builder),
        **rules.make_control.output,
    output:
        **CONTROL_FILES,
    log:
        "logs/{dataset}/controls/{control}/{model}/repeat{repeat}.log",
    benchmark:
        "logs/benchmark/{dataset}/controls/{control}/{model}/repeat{repeat}.tsv"
    params:
        seed=seed_of_control,
        resume="results/{dataset}/controls/{control}/resume/{model}/repeat{repeat}",
