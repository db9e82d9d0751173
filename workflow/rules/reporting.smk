"""Reporting: figures, tables and the report for people.

Needs: all of results/{dataset}/. Makes: results/{dataset}/plots/ and tables/, results/report.html, in
the steps that begin with plot_, write_tables, write_report.
"""


rule plot_curves:
    input:
        summary=rules.prepare_dataset.output.summary,
        history=lambda wildcards: expand(
            RUN_FILES["history"],
            repeat=repeats_of(wildcards.dataset),
            allow_missing=True,
        ),
        info=lambda wildcards: expand(
            RUN_FILES["info"],
            repeat=repeats_of(wildcards.dataset),
            allow_missing=True,
        ),
        diagnosis=rules.diagnose_models.output.diagnosis,
    output:
        svg=figure("curves_{model}", "curves", "loss curve", model="{model}"),
        png="results/{dataset}/plots/curves_{model}.png",
    log:
        "logs/{dataset}/{model}/plot_curves.log",
    benchmark:
        "logs/benchmark/{dataset}/{model}/plot_curves.tsv"
    wildcard_constraints:
        model=any_of(NETWORKS),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(30, 1),
    params:
        code=code("plot_curves"),
    script:
        "../../scripts/plot_curves.py"


rule plot_classification:
    input:
        summary=rules.prepare_dataset.output.summary,
        clusters=rules.group_records.output.clusters,
        predictions=runs_of(RUN_FILES["predictions"]),
        metrics=rules.evaluate_models.output.metrics,
        thresholds=rules.evaluate_models.output.thresholds,
        ranking=rules.compare_models.output.ranking,
    output:
        roc=figure("roc", "roc", "ROC"),
        precision_recall=figure("precision_recall", "precision_recall", "precision-recall"),
        confusion=figure("confusion", "confusion", "confusion matrix"),
        scores=figure("scores", "scores", "score distribution"),
        metrics=figure("metrics", "metrics", "metrics"),
        png=expand(
            "results/{{dataset}}/plots/{name}.png",
            name=["roc", "precision_recall", "confusion", "scores", "metrics"],
        ),
    log:
        "logs/{dataset}/plot_classification.log",
    benchmark:
        "logs/benchmark/{dataset}/plot_classification.tsv"
    wildcard_constraints:
        dataset=any_of(datasets_of("binary", "multiclass")),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(30, 1),
    params:
        models=list(settings["models"]),
        primary_metric=of_dataset("primary_metric"),
        code=code("plot_classification"),
    script:
        "../../scripts/plot_classification.py"


rule plot_multilabel:
    input:
        clusters=rules.group_records.output.clusters,
        predictions=runs_of(RUN_FILES["predictions"]),
        metrics=rules.evaluate_models.output.metrics,
        thresholds=rules.evaluate_models.output.thresholds,
        ranking=rules.compare_models.output.ranking,
        reliability=rules.calibrate_models.output.reliability,
    output:
        metrics=figure("metrics", "metrics", "metrics"),
        label_metrics=figure("label_metrics", "label_metrics", "every label"),
        label_roc=figure("label_roc", "label_roc", "ROC of each label"),
        label_precision_recall=figure(
            "label_precision_recall", "label_precision_recall", "precision-recall of each label"
        ),
        label_reliability=figure(
            "label_reliability", "label_reliability", "reliability of each label"
        ),
        label_scores=figure("label_scores", "label_scores", "score distribution of each label"),
        png=expand(
            "results/{{dataset}}/plots/{name}.png",
            name=[
                "metrics",
                "label_metrics",
                "label_roc",
                "label_precision_recall",
                "label_reliability",
                "label_scores",
            ],
        ),
    log:
        "logs/{dataset}/plot_multilabel.log",
    benchmark:
        "logs/benchmark/{dataset}/plot_multilabel.tsv"
    wildcard_constraints:
        dataset=any_of(datasets_of("multilabel")),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(30, 1),
    params:
        models=list(settings["models"]),
        primary_metric=of_dataset("primary_metric"),
        code=code("plot_multilabel"),
    script:
        "../../scripts/plot_multilabel.py"


rule plot_regression:
    input:
        summary=rules.prepare_dataset.output.summary,
        clusters=rules.group_records.output.clusters,
        predictions=runs_of(RUN_FILES["predictions"]),
        metrics=rules.evaluate_models.output.metrics,
        ranking=rules.compare_models.output.ranking,
    output:
        predicted_true=figure("predicted_true", "predicted_true", "predicted against true"),
        residuals=figure("residuals", "residuals", "residuals"),
        metrics=figure("metrics", "metrics", "metrics"),
        png=expand(
            "results/{{dataset}}/plots/{name}.png",
            name=["predicted_true", "residuals", "metrics"],
        ),
    log:
        "logs/{dataset}/plot_regression.log",
    benchmark:
        "logs/benchmark/{dataset}/plot_regression.tsv"
    wildcard_constraints:
        dataset=any_of(datasets_of("regression")),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(30, 1),
    params:
        models=list(settings["models"]),
        primary_metric=of_dataset("primary_metric"),
        code=code("plot_regression"),
    script:
        "../../scripts/plot_regression.py"


rule plot_similarity:
    input:
        similarity=rules.evaluate_similarity.output.similarity,
    output:
        svg=figure("similarity", "similarity", "similarity to training"),
        png="results/{dataset}/plots/similarity.png",
    log:
        "logs/{dataset}/plot_similarity.log",
    benchmark:
        "logs/benchmark/{dataset}/plot_similarity.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(30, 1),
    params:
        models=list(settings["models"]),
        primary_metric=of_dataset("primary_metric"),
        code=code("plot_similarity"),
    script:
        "../../scripts/plot_similarity.py"


rule plot_calibration:
    input:
        calibration=rules.calibrate_models.output.calibration,
        reliability=rules.calibrate_models.output.reliability,
    output:
        svg=figure("reliability", "reliability", "reliability"),
        png="results/{dataset}/plots/reliability.png",
    log:
        "logs/{dataset}/plot_calibration.log",
    benchmark:
        "logs/benchmark/{dataset}/plot_calibration.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(30, 1),
    params:
        models=list(settings["models"]),
        code=code("plot_calibration"),
    script:
        "../../scripts/plot_calibration.py"


rule plot_learning_curve:
    input:
        learning_curve=rules.evaluate_controls.output.learning_curve,
    output:
        svg=figure("learning_curve", "learning_curve", "learning curve"),
        png="results/{dataset}/plots/learning_curve.png",
    log:
        "logs/{dataset}/plot_learning_curve.log",
    benchmark:
        "logs/benchmark/{dataset}/plot_learning_curve.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(30, 1),
    params:
        models=list(settings["models"]),
        primary_metric=of_dataset("primary_metric"),
        code=code("plot_learning_curve"),
    script:
        "../../scripts/plot_learning_curve.py"


rule plot_critical_difference:
    input:
        ranks=rules.compare_across_datasets.output.ranks,
        across=rules.compare_across_datasets.output.across,
    output:
        svg=report(
            "results/across/critical_difference.svg",
            caption="../report/critical_difference.rst",
            category="All datasets",
            labels={"figure": "critical difference"},
        ),
        png="results/across/critical_difference.png",
    log:
        "logs/plot_critical_difference.log",
    benchmark:
        "logs/benchmark/plot_critical_difference.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(30, 1),
    params:
        code=code("plot_critical_difference"),
    script:
        "../../scripts/plot_critical_difference.py"


rule write_tables:
    input:
        **rules.prepare_dataset.output,
        clusters=rules.group_records.output.clusters,
        predictions=runs_of(RUN_FILES["predictions"]),
        metrics=rules.evaluate_models.output.metrics,
        thresholds=rules.evaluate_models.output.thresholds,
        comparison=rules.compare_models.output.comparison,
    output:
        predictions="results/{dataset}/tables/predictions.tsv",
        predictions_html=table("predictions", "predictions_table"),
        metrics_html=table("metrics", "metrics_table"),
        comparison_html=table("comparison", "comparison_table"),
    log:
        "logs/{dataset}/write_tables.log",
    benchmark:
        "logs/benchmark/{dataset}/write_tables.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(30, 1),
    params:
        primary_metric=of_dataset("primary_metric"),
        code=code("write_tables"),
    script:
        "../../scripts/write_tables.py"


tables_for_people = expand(
    [
        rules.write_tables.output.predictions,
        rules.write_tables.output.metrics_html,
        rules.write_tables.output.comparison_html,
    ],
    dataset=DATASETS,
)


rule write_report:
    input:
        whole_results,
    output:
        html=report(
            "results/report.html",
            caption="../report/seqarena_report.rst",
            category="Report",
            labels={"report": "the whole report"},
        ),
        json="results/report.json",
    log:
        "logs/write_report.log",
    benchmark:
        "logs/benchmark/write_report.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=grows(1_500, 40),
        runtime=grows(30, 1),
    params:
        settings=settings,
        command=COMMAND,
        baselines=BASELINES,
        code=code("write_report"),
    script:
        "../../scripts/write_report.py"
