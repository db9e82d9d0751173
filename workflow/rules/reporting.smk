"""Reporting: figures, tables and the report for people.

Needs: all of results/{dataset}/. Makes: results/{dataset}/plots/ and tables/, results/report.html, in
the steps plot_curves, plot_classification or plot_regression, write_tables, write_report.
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
    params:
        models=list(settings["models"]),
        primary_metric=of_dataset("primary_metric"),
        code=code("plot_classification"),
    script:
        "../../scripts/plot_classification.py"


rule plot_regression:
    input:
        summary=rules.prepare_dataset.output.summary,
        clusters=rules.group_records.output.clusters,
        predictions=runs_of(RUN_FILES["predictions"]),
        metrics=rules.evaluate_models.output.metrics,
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
    params:
        models=list(settings["models"]),
        primary_metric=of_dataset("primary_metric"),
        code=code("plot_regression"),
    script:
        "../../scripts/plot_regression.py"


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
    log:
        "logs/write_report.log",
    benchmark:
        "logs/benchmark/write_report.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=settings,
        command=COMMAND,
        baselines=BASELINES,
        code=code("write_report"),
    script:
        "../../scripts/write_report.py"
