"""Figures of classification: ROC, precision-recall, confusion matrices, distributions of scores."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from seqarena.reporting.bands import GRID, Curve, curves_with_bands
from seqarena.reporting.style import (
    INK,
    QUIET,
    balanced_columns,
    describe_sample,
    estimates,
    frame,
    heading,
    model_styles,
    ordered_models,
    panels,
    short,
    short_names,
    styled,
    test_rows,
)
from seqarena.reporting.wording import NOT_DEFINED, format_count, format_number, metric_label


def _banded(
    kind: str,
    predictions: pd.DataFrame,
    metrics: pd.DataFrame | None,
    clusters: pd.DataFrame | None,
    models: Sequence[str] | None,
    seed: int,
    without_result: Collection[str],
    **words: str,
) -> tuple[Figure, Axes, dict[str, Curve]]:
    """Draw all models' curves with bands and a legend that gives the metric of each."""
    order = ordered_models(predictions, models)
    names, key_columns = short_names(order), 1 if len(order) <= 8 else 2
    height = max(4.6, 0.6 + 0.5 * -(-len(order) // key_columns))
    styles = model_styles([*(models or []), *order])
    curves = curves_with_bands(predictions, kind, clusters, seed=seed)
    sample = describe_sample(predictions, clusters)
    figure = frame(9.6, height, words["title"], sample, words["note"])
    axes = figure.subplots()
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02), aspect="equal", anchor="W")
    axes.set(xlabel=words["xlabel"], ylabel=words["ylabel"])
    values = estimates(metrics, words["metric"])
    handles, labels = [], []
    for model in order:
        label = names[model]
        if model in without_result:
            label += "\ndegenerate"
        elif model in values:
            label += f"\n{metric_label(words['metric'])} {values[model]}"
        if curves[model] is None:
            handles.append(Patch(facecolor="none"))
            labels.append(f"{label}\ncurve {NOT_DEFINED}: one class only")
            continue
        look, curve = styles[model], curves[model]
        axes.fill_between(GRID, curve.low, curve.high, color=look.colour, alpha=0.16, linewidth=0)
        (line,) = axes.plot(
            GRID,
            curve.centre,
            color=look.colour,
            linestyle=look.line,
            marker=look.marker,
            markersize=4.5,
            markevery=(20 + 7 * len(handles), 40),
        )
        handles.append(line)
        labels.append(label)
    axes.legend(
        handles, labels, loc="center left", bbox_to_anchor=(1.03, 0.5), labelspacing=1.0,
        handlelength=3.6 if key_columns == 1 else 3, fontsize=8.5 if key_columns == 1 else 7.5,
        borderaxespad=0, ncols=key_columns, columnspacing=1.0,
    )  # fmt: skip
    return figure, axes, {model: curve for model, curve in curves.items() if curve is not None}


@styled
def plot_roc(
    predictions: pd.DataFrame,
    metrics: pd.DataFrame | None = None,
    clusters: pd.DataFrame | None = None,
    *,
    classes: Sequence[str] = (),
    without_result: Collection[str] = (),
    models: Sequence[str] | None = None,
    dataset: str = "",
    seed: int = 0,
) -> Figure:
    """Draw the ROC curves of all models, with bands from a group bootstrap.

    Parameters
    ----------
    predictions : DataFrame
        Columns model, record, repeat, fold, role, target, truth, prediction; of a binary task, or
        of a multiclass one, whose classes are averaged one against the rest.
    metrics : DataFrame, optional
        Pooled values for the legend (`metrics.tsv`).
    clusters : DataFrame, optional
        Columns record, cluster: the groups that the bootstrap draws.
    classes : sequence of str
        Names of the classes by index.
    without_result : collection of str
        Models that are degenerate.
    models : sequence of str, optional
        All models of the configuration in order: fixes order and colours.
    dataset : str
        Name for the heading.
    seed : int
        Of the bootstrap.

    Returns
    -------
    matplotlib.figure.Figure
    """
    multiclass = len(set(predictions["target"])) > 1
    of_class = f' of "{short(classes[1])}"' if not multiclass and len(classes) == 2 else ""
    averaged = ", mean over classes" if multiclass else of_class
    figure, axes, _ = _banded(
        "roc", predictions, metrics, clusters, models, seed, without_result,
        title=heading("ROC curves", dataset),
        note=_band_note(multiclass) + " Grey diagonal: chance.",
        metric="macro_auroc" if multiclass else "auroc",
        xlabel="false positive rate (share of the others called)",
        ylabel=f"true positive rate (share found){averaged}",
    )  # fmt: skip
    axes.plot([0, 1], [0, 1], color="#8c959f", linewidth=0.9, zorder=0)
    return figure


def _band_note(multiclass: bool) -> str:
    classes = " and over classes (one against the rest)" if multiclass else ""
    return (
        f"Line: mean over repeats of the pooled test predictions{classes}. "
        "Band: 95 % interval, bootstrap over groups (200 draws)."
    )


@styled
def plot_precision_recall(
    predictions: pd.DataFrame,
    metrics: pd.DataFrame | None = None,
    clusters: pd.DataFrame | None = None,
    *,
    classes: Sequence[str] = (),
    without_result: Collection[str] = (),
    models: Sequence[str] | None = None,
    dataset: str = "",
    seed: int = 0,
) -> Figure:
    """Draw precision against recall for all models, with bands and the prevalence.

    Parameters are those of `plot_roc`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    multiclass = len(set(predictions["target"])) > 1
    of_class = f' of "{short(classes[1])}"' if not multiclass and len(classes) == 2 else ""
    averaged = ", mean over classes" if multiclass else of_class
    figure, axes, curves = _banded(
        "precision_recall", predictions, metrics, clusters, models, seed, without_result,
        title=heading("Precision and recall", dataset),
        note=_band_note(multiclass) + " Grey horizontal: prevalence, the precision of calling all.",
        metric="auprc",
        xlabel=f"recall (share found){averaged}",
        ylabel="precision (share of the calls that are right)",
    )  # fmt: skip
    for curve in list(curves.values())[:1]:
        axes.axhline(curve.prevalence, color="#8c959f", linewidth=0.9, zorder=0)
        axes.annotate(
            f"prevalence {format_number(curve.prevalence)}", (0.01, curve.prevalence),
            xytext=(0, -3), textcoords="offset points", va="top", size=8, color=QUIET,
        )  # fmt: skip
    return figure


def _called_classes(
    rows: pd.DataFrame, thresholds: pd.DataFrame | None, classes: Sequence[str]
) -> pd.DataFrame:
    """Give record, repeat, true and called class index for one model's test rows."""
    if len(classes) == 2 and len(set(rows["target"])) == 1:
        limits = thresholds.astype({"repeat": int, "fold": int})
        rows = rows.merge(limits, on=["model", "repeat", "fold"], how="left")
        called = (rows["prediction"] >= rows["threshold"].fillna(0.5)).astype(int)
        return pd.DataFrame({"repeat": rows["repeat"], "true": rows["truth"], "called": called})
    keys = ["repeat", "fold", "record"]
    wide = {
        column: rows.pivot_table(index=keys, columns="target", values=column)[list(classes)]
        for column in ("truth", "prediction")
    }
    return pd.DataFrame(
        {
            "repeat": wide["truth"].index.get_level_values("repeat"),
            "true": wide["truth"].to_numpy().argmax(1),
            "called": wide["prediction"].to_numpy().argmax(1),
        }
    )


_MOST_NUMBERED = 16  # classes; beyond, cells are too small for a number


def _percent(share: float) -> str:
    """Write a share so that "0 %" and "100 %" mean none and all."""
    if np.isnan(share):
        return "–"
    if 0 < share < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 < share < 1 else f"{100 * share:.0f} %"


def _draw_confusion(axes: Axes, counts: np.ndarray, classes: Sequence[str]) -> None:
    size = len(classes)
    totals = counts.sum(1, keepdims=True)
    shares = np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.15, aspect="equal")
    names = short_names(classes, 12).values()
    turned = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if size > 3 else {}
    axes.set_xticks(range(size), names, **turned)
    axes.set_yticks(range(size), names)
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for row, column in np.ndindex(size, size):
        share = shares[row, column]
        percent = _percent(share)
        count = format_count(round(counts[row, column], 1))
        text = f"{count}\n{percent}" if size <= 8 else percent.removesuffix(" %")
        if size <= _MOST_NUMBERED:
            axes.text(
                column, row, text, ha="center", va="center", size=9 if size <= 3 else 7.5,
                color="white" if share > 0.6 else INK, linespacing=1.35,
            )  # fmt: skip


@styled
def plot_confusion(
    predictions: pd.DataFrame,
    thresholds: pd.DataFrame | None,
    classes: Sequence[str],
    clusters: pd.DataFrame | None = None,
    *,
    models: Sequence[str] | None = None,
    dataset: str = "",
) -> Figure:
    """Draw a confusion matrix per model, from pooled test predictions.

    Parameters
    ----------
    predictions : DataFrame
        As for `plot_roc`.
    thresholds : DataFrame or None
        Columns model, repeat, fold, threshold; each run's own is used. Not needed for more than
        two classes, where the most probable class is called.
    classes : sequence of str
        Names by class index.
    clusters, models, dataset
        As for `plot_roc`.

    Returns
    -------
    matplotlib.figure.Figure
        Counts are means over repeats, so that rows add up to the number of records.
    """
    test, order = test_rows(predictions), ordered_models(predictions, models)
    size = len(classes)
    columns = balanced_columns(len(order), 4 if size <= 3 else 3 if size <= 8 else 2)
    width = 9.6 if columns > 1 else 5.5
    side = min(width / columns - 0.8, 2.1) if size <= 3 else width / columns - 0.6
    rule = "the threshold of each run" if size == 2 else "the most probable class"
    repeats = test["repeat"].nunique()
    note = f"Rows add up to 100 %. Called class: by {rule}."
    if size > 8:
        note += " Colour: share of the row, from white (none) to dark blue (all)."
        note += " Numbers: the same in percent." if size <= _MOST_NUMBERED else ""
    elif repeats > 1:
        note += f" Counts are means over {repeats} repeats."
    figure = frame(
        width, (side + 0.85) * -(-len(order) // columns),
        heading("Confusion matrices", dataset), describe_sample(test, clusters), note,
    )  # fmt: skip
    for place, (axes, model) in enumerate(
        zip(panels(figure, len(order), columns), order, strict=True)
    ):
        called = _called_classes(test[test["model"] == model], thresholds, classes)
        counts = np.zeros((size, size))
        np.add.at(counts, (called["true"].astype(int), called["called"].astype(int)), 1)
        _draw_confusion(axes, counts / repeats, classes)
        axes.set_title(short_names(order)[model])
        axes.set_xlabel("predicted class")
        if place % columns == 0:
            axes.set_ylabel("true class (records)" if size <= 8 else "true class")
    return figure


_CLASS_LOOKS = (
    {"facecolor": "#d0d7de", "edgecolor": "#57606a", "hatch": "////"},
    {"facecolor": "#0072B2", "edgecolor": "#003b5c", "alpha": 0.72},
)


def _class_legend(classes: Sequence[str]) -> tuple[list, list[str]]:
    patches = [Patch(**look) for look in _CLASS_LOOKS]
    return patches, [f"true class: {short(name, 30)}" for name in classes]


def _draw_binary_scores(axes: Axes, rows: pd.DataFrame, limits: np.ndarray) -> None:
    bins = np.linspace(0, 1, 26)
    for truth, look in enumerate(_CLASS_LOOKS):
        values = rows.loc[rows["truth"].round() == truth, "prediction"].clip(0, 1)
        if len(values):
            share = np.histogram(values, bins)[0] / len(values) * 100
            axes.stairs(share, bins, fill=True, linewidth=0.8, **look)
    if len(limits):
        axes.axvspan(limits.min(), limits.max(), color="#E69F00", alpha=0.25, linewidth=0, zorder=0)
        axes.axvline(np.median(limits), color=INK, linestyle=(0, (4, 2)), linewidth=1.2)
    axes.set(xlim=(0, 1), ylim=(0, None))


def _draw_class_scores(axes: Axes, rows: pd.DataFrame, classes: Sequence[str]) -> None:
    own = rows[rows["truth"] > 0.5]
    for place, name in enumerate(classes):
        values = own.loc[own["target"] == name, "prediction"].to_numpy()
        if not len(values):
            axes.text(0.5, place, "no test record", ha="center", va="center", size=8, color=QUIET)
            continue
        ends, box = np.percentile(values, [5, 95]), np.percentile(values, [25, 50, 75])
        axes.plot(ends, [place, place], color="#57606a", linewidth=1)
        axes.barh(place, box[2] - box[0], 0.5, box[0], color="#9ecae9", edgecolor="#3a6ea5")
        axes.plot([box[1]] * 2, [place - 0.25, place + 0.25], color=INK, linewidth=2)
    axes.axvline(1 / len(classes), color=QUIET, linestyle=(0, (1, 1.5)), linewidth=1.2)
    axes.set_yticks(range(len(classes)), short_names(classes, 16).values())
    axes.set(xlim=(-0.01, 1.01), ylim=(len(classes) - 0.5, -0.5))


@styled
def plot_scores(
    predictions: pd.DataFrame,
    thresholds: pd.DataFrame | None,
    classes: Sequence[str],
    clusters: pd.DataFrame | None = None,
    *,
    models: Sequence[str] | None = None,
    dataset: str = "",
) -> Figure:
    """Draw how each model's predicted probabilities are distributed, by true class.

    Parameters are those of `plot_confusion`. For two classes: histograms of the probability of the
    positive class. For more: the probability given to the true class, by class.

    Returns
    -------
    matplotlib.figure.Figure
    """
    test, order = test_rows(predictions), ordered_models(predictions, models)
    binary = len(classes) == 2 and len(set(test["target"])) == 1
    columns = balanced_columns(len(order), 3)
    height = 2.0 if binary else 0.9 + 0.26 * len(classes)
    note = (
        "Dashed line: median over runs of the threshold, chosen on validation records; orange: its "
        "range over runs. Heights are per class: each class's bars add up to 100 %."
        if binary
        else "Box: middle half of the records, thick line: median, thin line: 5 % to 95 %. Dotted: "
        "an even guess. Repeats are pooled."
    )
    figure = frame(
        9.6 if columns > 1 else 5.5, height * -(-len(order) // columns),
        heading("Distribution of the predictions", dataset),
        describe_sample(test, clusters), note, _class_legend(classes) if binary else None,
    )  # fmt: skip
    for place, (axes, model) in enumerate(
        zip(panels(figure, len(order), columns, sharex=True), order, strict=True)
    ):
        rows = test[test["model"] == model]
        axes.set_title(short_names(order)[model])
        axes.tick_params(labelbottom=True)
        if not binary:
            _draw_class_scores(axes, rows, classes)
            axes.set_xlabel("probability given to the true class")
            continue
        limits = thresholds.loc[thresholds["model"] == model, "threshold"].dropna().to_numpy(float)
        _draw_binary_scores(axes, rows, limits)
        axes.set_xlabel(f'predicted probability of "{short(classes[1], 16)}"')
        if place % columns == 0:
            axes.set_ylabel("records of the class (%)")
    return figure
