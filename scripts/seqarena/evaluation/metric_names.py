"""The metrics of each task: what they are called and which direction is better."""

METRIC_NAMES = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "prevalence": "prevalence",
    "mcc": "MCC",
    "f1": "F1",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "brier": "Brier score",
    "log_loss": "log loss",
    "macro_f1": "macro F1",
    "macro_auroc": "macro AUROC",
    "macro_auprc": "macro AUPRC",
    "macro_mcc": "macro MCC",
    "micro_auroc": "micro AUROC",
    "micro_auprc": "micro AUPRC",
    "precision": "precision",
    "recall": "recall",
    "support": "support",
    "pearson": "Pearson correlation",
    "spearman": "Spearman correlation",
    "r2": "R2",
    "rmse": "RMSE",
    "mae": "MAE",
}
"""How people write each metric."""

LABEL_METRICS = ("auroc", "auprc", "prevalence", "mcc", "f1", "support")
"""Metrics of each label of a multilabel task."""

TASK_METRICS = {
    "binary": (
        *("auroc", "auprc", "prevalence", "mcc", "f1"),
        *("accuracy", "balanced_accuracy", "brier", "log_loss"),
    ),
    "multiclass": (
        *("accuracy", "balanced_accuracy", "macro_f1", "mcc", "macro_auroc", "log_loss"),
        *("precision", "recall", "f1", "auroc", "support"),
    ),
    "multilabel": (
        *("macro_auroc", "macro_auprc", "micro_auroc", "micro_auprc", "macro_f1", "macro_mcc"),
        *("log_loss", *LABEL_METRICS),
    ),
    "regression": ("pearson", "spearman", "r2", "rmse", "mae"),
}
"""Metrics of each task.

Those of a multiclass task from "precision" on are of one class each, `LABEL_METRICS` of one label
each. Of several regression targets each metric is there for all and for each.
"""

# What is measured of the data, not of the predictions.
DESCRIBING = ("prevalence", "support")
_LOWER_IS_BETTER = ("brier", "log_loss", "rmse", "mae")
HIGHER_IS_BETTER = {
    name: name not in _LOWER_IS_BETTER for name in METRIC_NAMES if name not in DESCRIBING
}
"""Direction of each metric. Prevalence and support describe the data, so they have none."""

IN_UNITS = ("rmse", "mae")
"""Metrics in units of the target (of several targets: in standard deviations of each)."""


def in_figures(value: float) -> str:
    """Write a value of a metric with three decimals, or what it takes not to look perfect or 0."""
    size = abs(value)
    if 0 < size < 0.0005:
        return f"{value:.1g}"
    if 0.9995 <= size < 1:  # nearly perfect isn't perfect
        return f"{value:.6f}" if size < 0.9999995 else "almost 1"
    return f"{value:.3f}" if size < 10 else f"{value:.4g}"
