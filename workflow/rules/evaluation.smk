"""Evaluation: from predictions to metrics with intervals, comparisons and a diagnosis.

Needs: results/{dataset}/runs/, controls/ and splits/. Makes: the tables of results/{dataset}/, in the
steps evaluate_models, evaluate_similarity (how scores depend on relatives in training),
calibrate_models, evaluate_controls, diagnose_models, compare_models; and results/across/, from five
datasets on, in the step compare_across_datasets.
"""


rule evaluate_models:
    input:
        summary=rules.prepare_dataset.output.summary,
        clusters=rules.group_records.output.clusters,
        predictions=runs_of(RUN_FILES["predictions"]),
    output:
        metrics="results/{dataset}/metrics.tsv",
        thresholds="results/{dataset}/thresholds.tsv",
    log:
        "logs/{dataset}/evaluate_models.log",
    benchmark:
        "logs/benchmark/{dataset}/evaluate_models.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(60, 5),
    params:
        evaluation=settings["evaluation"],
        seed=settings["seed"],
        # Folds that were kept over a kill are needed no more once their runs are read.
        resume="results/{dataset}/resume",
        code=code("evaluate_models"),
    script:
        "../../scripts/evaluate_models.py"


rule evaluate_similarity:
    input:
        summary=rules.prepare_dataset.output.summary,
        clusters=rules.group_records.output.clusters,
        leakage=rules.audit_leakage.output.leakage,
        predictions=runs_of(RUN_FILES["predictions"]),
        thresholds=rules.evaluate_models.output.thresholds,
    output:
        similarity="results/{dataset}/similarity.tsv",
    log:
        "logs/{dataset}/evaluate_similarity.log",
    benchmark:
        "logs/benchmark/{dataset}/evaluate_similarity.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(60, 5),
    params:
        evaluation=settings["evaluation"],
        seed=settings["seed"],
        code=code("evaluate_similarity"),
    script:
        "../../scripts/evaluate_similarity.py"


rule calibrate_models:
    input:
        summary=rules.prepare_dataset.output.summary,
        clusters=rules.group_records.output.clusters,
        predictions=runs_of(RUN_FILES["predictions"]),
    output:
        calibration="results/{dataset}/calibration.tsv",
        temperatures="results/{dataset}/temperatures.tsv",
        reliability="results/{dataset}/reliability.tsv",
    log:
        "logs/{dataset}/calibrate_models.log",
    benchmark:
        "logs/benchmark/{dataset}/calibrate_models.tsv"
    wildcard_constraints:
        dataset=any_of(datasets_of("binary", "multiclass", "multilabel")),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(60, 5),
    params:
        evaluation=settings["evaluation"],
        seed=settings["seed"],
        code=code("calibrate_models"),
    script:
        "../../scripts/calibrate_models.py"


rule evaluate_controls:
    input:
        summary=rules.prepare_dataset.output.summary,
        clusters=rules.group_records.output.clusters,
        splits=rules.split_records.output.splits,
        predictions=runs_of(RUN_FILES["predictions"]),
        metrics=rules.evaluate_models.output.metrics,
        control_predictions=control_runs,
        control_splits=control_splits,
    output:
        controls="results/{dataset}/controls.tsv",
        seeds="results/{dataset}/seeds.tsv",
        learning_curve="results/{dataset}/learning_curve.tsv",
    log:
        "logs/{dataset}/evaluate_controls.log",
    benchmark:
        "logs/benchmark/{dataset}/evaluate_controls.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(60, 5),
    params:
        primary_metric=of_dataset("primary_metric"),
        fixed_test=lambda wildcards: has_fixed_test(DATASETS[wildcards.dataset]["split"]),
        evaluation=settings["evaluation"],
        seed=settings["seed"],
        resume=lambda wildcards: of_controls(
            "results/{dataset}/controls/{control}/resume", wildcards.dataset
        ),
        code=code("evaluate_controls"),
    script:
        "../../scripts/evaluate_controls.py"


rule diagnose_models:
    input:
        summary=rules.prepare_dataset.output.summary,
        history=runs_of(RUN_FILES["history"]),
        info=runs_of(RUN_FILES["info"]),
        metrics=rules.evaluate_models.output.metrics,
        learning_curve=rules.evaluate_controls.output.learning_curve,
    output:
        diagnosis="results/{dataset}/diagnosis.tsv",
    log:
        "logs/{dataset}/diagnose_models.log",
    benchmark:
        "logs/benchmark/{dataset}/diagnose_models.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(30, 1),
    params:
        primary_metric=of_dataset("primary_metric"),
        evaluation=settings["evaluation"],
        code=code("diagnose_models"),
    script:
        "../../scripts/diagnose_models.py"


rule compare_models:
    input:
        summary=rules.prepare_dataset.output.summary,
        clusters=rules.group_records.output.clusters,
        split_summary=rules.split_records.output.summary,
        predictions=runs_of(RUN_FILES["predictions"]),
        metrics=rules.evaluate_models.output.metrics,
        thresholds=rules.evaluate_models.output.thresholds,
        diagnosis=rules.diagnose_models.output.diagnosis,
    output:
        comparison="results/{dataset}/comparison.tsv",
        ranking="results/{dataset}/ranking.tsv",
        headline="results/{dataset}/headline.json",
    log:
        "logs/{dataset}/compare_models.log",
    benchmark:
        "logs/benchmark/{dataset}/compare_models.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(60, 5),
    params:
        baselines=BASELINES,
        primary_metric=of_dataset("primary_metric"),
        evaluation=settings["evaluation"],
        seed=settings["seed"],
        code=code("compare_models"),
    script:
        "../../scripts/compare_models.py"


rule compare_across_datasets:
    input:
        ranking=expand(rules.compare_models.output.ranking, dataset=DATASETS),
    output:
        ranks="results/across/ranks.tsv",
        across="results/across/across.json",
    log:
        "logs/compare_across_datasets.log",
    benchmark:
        "logs/benchmark/compare_across_datasets.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(30, 1),
    params:
        code=code("compare_across_datasets"),
    script:
        "../../scripts/compare_across_datasets.py"
