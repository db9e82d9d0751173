"""Evaluation: from predictions to metrics with intervals, comparisons and a diagnosis.

Needs: results/{dataset}/runs/ and splits/. Makes: results/{dataset}/metrics.tsv, comparison.tsv,
diagnosis.tsv, in the steps evaluate_models, compare_models, diagnose_models.
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
    params:
        evaluation=settings["evaluation"],
        seed=settings["seed"],
        code=code("evaluate_models"),
    script:
        "../../scripts/evaluate_models.py"


rule diagnose_models:
    input:
        summary=rules.prepare_dataset.output.summary,
        history=runs_of(RUN_FILES["history"]),
        info=runs_of(RUN_FILES["info"]),
        metrics=rules.evaluate_models.output.metrics,
    output:
        diagnosis="results/{dataset}/diagnosis.tsv",
    log:
        "logs/{dataset}/diagnose_models.log",
    benchmark:
        "logs/benchmark/{dataset}/diagnose_models.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        primary_metric=of_dataset("primary_metric"),
        code=code("diagnose_models"),
    script:
        "../../scripts/diagnose_models.py"


rule compare_models:
    input:
        summary=rules.prepare_dataset.output.summary,
        clusters=rules.group_records.output.clusters,
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
    params:
        baselines=BASELINES,
        primary_metric=of_dataset("primary_metric"),
        evaluation=settings["evaluation"],
        seed=settings["seed"],
        code=code("compare_models"),
    script:
        "../../scripts/compare_models.py"
