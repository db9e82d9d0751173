"""The words that figures, tables and the report share: names of metrics, numbers, reasons."""

import math
from collections.abc import Iterable
from typing import NamedTuple

CONFIDENCE = 0.95
INTERVAL = "95 % interval, bootstrap over groups"
NOT_DEFINED = "not defined"


class Metric(NamedTuple):
    """How a metric is written for people."""

    label: str
    higher_is_better: bool
    chance: float | None  # value of a model that has learned nothing; None where it depends
    meaning: str


METRICS = {
    "auroc": Metric(
        "AUROC", True, 0.5, "chance that a positive record is scored above a negative one"
    ),
    "auprc": Metric(
        "AUPRC", True, None, "average precision over all recalls; prevalence is its floor"
    ),
    "prevalence": Metric("prevalence", True, None, "share of positive records"),
    "mcc": Metric("MCC", True, 0.0, "correlation of predicted and true classes (Matthews)"),
    "f1": Metric("F1", True, None, "harmonic mean of precision and recall"),
    "accuracy": Metric("accuracy", True, None, "share of records given the right class"),
    "balanced_accuracy": Metric(
        "balanced accuracy", True, None, "mean over classes of the share found"
    ),
    "brier": Metric("Brier score", False, None, "mean squared error of the probabilities"),
    "log_loss": Metric(
        "log loss (nats)", False, None, "mean surprise at the truth, in nats per record"
    ),
    "ece": Metric(
        "calibration error (ECE)",
        False,
        None,
        "mean distance between predicted and observed shares, over bins of about equal size",
    ),
    "macro_f1": Metric("macro F1", True, None, "mean over classes, or labels, of F1"),
    "macro_auroc": Metric(
        "macro AUROC", True, 0.5, "mean of AUROC over classes, one against the rest, or over labels"
    ),
    "macro_auprc": Metric("macro AUPRC", True, None, "mean over labels of AUPRC"),
    "micro_auroc": Metric("micro AUROC", True, 0.5, "AUROC of all labels' entries put together"),
    "micro_auprc": Metric("micro AUPRC", True, None, "AUPRC of all labels' entries put together"),
    "macro_mcc": Metric("macro MCC", True, 0.0, "mean over labels of MCC"),
    "precision": Metric("precision", True, None, "share of the called records that are right"),
    "recall": Metric("recall", True, None, "share of the class's records that are found"),
    "support": Metric("support", True, None, "number of records of the class"),
    "pearson": Metric("Pearson r", True, 0.0, "linear correlation of prediction and truth"),
    "spearman": Metric("Spearman rho", True, 0.0, "correlation of the ranks"),
    "r2": Metric("R²", True, 0.0, "share of the variance explained; 0 for the mean"),
    "rmse": Metric("RMSE", False, None, "root of the mean squared error, in the target's units"),
    "mae": Metric("MAE", False, None, "mean absolute error, in the target's units"),
}

_ONE_CLASS = "it needs records of both classes, and one is missing among the test records"
_CONSTANT = "a correlation needs values that vary, and the predictions (or truths) are all equal"
REASONS = {
    "auroc": _ONE_CLASS,
    "auprc": _ONE_CLASS,
    "macro_auroc": (
        "it needs every class (of labels: one with positives and negatives) among the test records"
    ),
    "macro_auprc": "no label has both positives and negatives among the test records",
    "micro_auroc": _ONE_CLASS,
    "micro_auprc": _ONE_CLASS,
    "balanced_accuracy": "it needs every class among the test records, and one is missing",
    "precision": "the model never predicts this class",
    "recall": "the class is missing among the test records",
    "f1": "the class is neither present nor predicted",
    "pearson": _CONSTANT,
    "spearman": _CONSTANT,
    "r2": "the true values are all equal, so there is no variance to explain",
}
OTHER_REASON = "the records at hand don't determine it (too few records, groups or classes)"

FIGURES = {
    "metrics": (
        "Metrics side by side",
        "Marker: the metric on pooled test records, mean over repeats. Bar: 95 % interval, "
        "bootstrap over groups. Small grey dots: single folds and repeats. Two models whose bars "
        "overlap can still differ: the paired comparison decides that.",
    ),
    "roc": (
        "ROC curves",
        "How many of the positives are found (up) at the price of how many false alarms (right). "
        "The diagonal is a coin toss. Band: 95 % interval, bootstrap over groups.",
    ),
    "precision_recall": (
        "Precision and recall",
        "How pure the calls are (up) when a given share of the positives is called (right). The "
        "horizontal line is the prevalence, the purity of calling everything. Band: 95 % interval, "
        "bootstrap over groups.",
    ),
    "confusion": (
        "Confusion matrices",
        "Rows: the true class. Columns: the class predicted for held-out records. The percentages "
        "of a row add up to 100.",
    ),
    "scores": (
        "Distribution of the predictions",
        "What the models say about held-out records of each class. The further apart the classes "
        "lie, the better a model separates them.",
    ),
    "label_metrics": (
        "Every label by itself",
        "Labels from the most to the least common among the test records. Marker: a model's AUROC "
        "(left) and AUPRC (right); bar: 95 % interval, bootstrap over groups. Dotted, and grey "
        "ticks: chance. Labels aren't alternatives, so there is no confusion matrix of them: how "
        "well each is called is said by its MCC and F1, in the table of every metric.",
    ),
    "label_roc": (
        "ROC curves of each label",
        "How many of a label's positives are found (up) at the price of how many false alarms "
        "(right). The diagonal is a coin toss.",
    ),
    "label_precision_recall": (
        "Precision and recall of each label",
        "How pure the calls of a label are (up) when a given share of its positives is called "
        "(right). The horizontal line is the prevalence.",
    ),
    "label_reliability": (
        "Reliability of each label",
        "How often a label was there (up) among records that were given a probability of it "
        "(right), as predicted. On the diagonal a probability means what it says.",
    ),
    "label_scores": (
        "Distribution of the predictions of each label",
        "What the models say about held-out records with the label (blue) and without (grey). "
        "The further apart the two lie, the better a model separates them.",
    ),
    "predicted_true": (
        "Predicted against true values",
        "Held-out records. On the line the prediction equals the truth; a flat cloud means that "
        "the model says little more than the mean.",
    ),
    "residuals": (
        "Residuals",
        "Prediction minus truth, against the prediction, for held-out records. A median off zero "
        "or a fan shape shows where a model errs systematically.",
    ),
    "curves": (
        "Loss curves",
        "Thin lines: single folds and repeats; thick: their median. Dots: the epoch whose weights "
        "were kept. Dotted: the loss of the best constant prediction.",
    ),
    "similarity": (
        "Score by similarity to the training records",
        "Left: test records in bins by how similar the nearest training or validation record is. "
        "A curve that gets better to the right hints at memory. Right: all test records (filled), "
        "without leaked ones (hollow), leaked ones alone (cross). Bar: 95 % interval, bootstrap "
        "over groups.",
    ),
    "reliability": (
        "Reliability of the probabilities",
        "How often what was predicted came true (up) among records that were given a probability "
        "(right). On the diagonal a probability means what it says. Hollow: as predicted; filled: "
        "after one temperature, fitted on validation records. Bar: 95 % interval with the group "
        "as unit.",
    ),
    "learning_curve": (
        "Score by size of the training set",
        "The same test records, with training on a share of the groups. A curve that still rises "
        "at the right end asks for more data. Bar: 95 % interval, bootstrap over groups.",
    ),
    "critical_difference": (
        "Critical difference",
        "Mean rank of each model over the data sets, 1 being best. A thick line joins models that "
        "the ranks don't tell apart (Nemenyi).",
    ),
}

METHODS = {
    "corrected t": "corrected t test over folds and repeats",
    "cluster-robust DeLong": "DeLong test, robust to groups",
    "group bootstrap": "paired bootstrap over groups",
}
"""How two models are compared, by the name in `comparison.tsv`."""


def metric_label(metric: str) -> str:
    """Name of a metric as people write it; an unknown one keeps its own name."""
    return METRICS[metric].label if metric in METRICS else metric.replace("_", " ")


def undefined_reason(metric: str) -> str:
    """Why `metric` can be undefined, as half a sentence."""
    return REASONS.get(metric, OTHER_REASON)


def is_missing(value: object) -> bool:
    """Tell whether `value` is None or NaN (of any float type)."""
    return value is None or (not isinstance(value, str) and value != value)


def format_number(value: float | None, digits: int = 3) -> str:
    """Write a number with the digits that its size deserves.

    Parameters
    ----------
    value : float or None
        NaN and None give "not defined".
    digits : int
        Decimals for values below 10 in size; larger ones lose decimals, so that about four
        figures remain.
    """
    if is_missing(value):
        return NOT_DEFINED
    value = float(value)
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    size = abs(value)
    if 0 < size < 0.5 * 10**-digits:
        return f"{value:.1e}".replace("-", "−")
    if 1 - 0.5e-6 < size < 1:
        return "> 0.999999" if value > 0 else "< −0.999999"
    if 1 - 0.5 * 10**-digits <= size < 1:  # nearly perfect isn't perfect
        digits = min(6, digits + 1 + int(-math.log10(2 * (1 - size)) - digits))
    decimals = digits if size < 10 else max(0, digits + 1 - len(str(int(size))))
    text = f"{value:,.{decimals}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("-")


def format_signed(value: float | None, digits: int = 3) -> str:
    """Write a difference with its sign, also where it is positive."""
    text = format_number(value, digits)
    return f"+{text}" if not is_missing(value) and value > 0 else text


def format_interval(low: float | None, high: float | None, signed: bool = False) -> str:
    """Write an interval as "low to high"."""
    if is_missing(low) or is_missing(high):
        return NOT_DEFINED
    write = format_signed if signed else format_number
    return f"{write(low)} to {write(high)}"


def format_estimate(value: float | None, low: float | None, high: float | None) -> str:
    """Write a value with its interval: "0.973 (0.966 to 0.980)"."""
    if is_missing(value):
        return NOT_DEFINED
    if is_missing(low) or is_missing(high):
        return format_number(value)
    return f"{format_number(value)} ({format_interval(low, high)})"


def format_p(value: float | None) -> str:
    """Write a p value: two figures, and never as zero."""
    if is_missing(value):
        return NOT_DEFINED
    if value < 0.001:
        return "< 0.001"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def p_value(value: float | None) -> str:
    """Write a p value as part of a sentence: "p = 0.02", "p < 0.001"."""
    text = format_p(value)
    return f"p {text}" if text[0] in "<n" else f"p = {text}"


def format_share(share: float | None) -> str:
    """Write a share as a percentage: "13.3 %"; nearly nothing or all isn't rounded to it."""
    if is_missing(share):
        return NOT_DEFINED
    if 0 < share < 0.0005:
        return "< 0.1 %"
    if 0.9995 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %" if 0 < share < 1 else f"{100 * share:.0f} %"


def format_count(value: float) -> str:
    """Write a count with separators: 12,345; one decimal if it is a mean of counts."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def plural(count: float, noun: str) -> str:
    """Write a count and its noun: "1 fold", "5 folds"."""
    return f"{format_count(count)} {noun}{'' if count == 1 else 's'}"


def listed(names: Iterable[str]) -> str:
    """Write names as a list: "a", "a and b", "a, b and c"."""
    names = list(names)
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def joined(*sentences: str) -> str:
    """Put sentences one after another; empty ones are left out."""
    return " ".join(filter(None, sentences))


def format_seconds(seconds: float | None) -> str:
    """Write a duration: "0.4 s", "38 s", "4 min 05 s", "2 h 10 min"."""
    if is_missing(seconds):
        return "not recorded"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def format_bytes(count: float | None) -> str:
    """Write a size in bytes with its unit, by thousands."""
    if is_missing(count):
        return "not recorded"
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:,.0f} {unit}" if unit == "B" else f"{count:,.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable")
