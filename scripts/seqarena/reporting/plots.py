"""All figures. Here: metrics, overview and regression; the others have modules of their own.

Every function takes tidy tables as they lie on disk (with a `model` column) and returns a
matplotlib Figure; `save_figure` writes it. Test rows are what is drawn. Repeats predict the same
records again, so they are averaged or drawn one at a time: n is the number of records.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqarena.reporting.calibration import plot_reliability
from seqarena.reporting.classification import (
    plot_confusion,
    plot_precision_recall,
    plot_roc,
    plot_scores,
)
from seqarena.reporting.critical_difference import plot_critical_difference
from seqarena.reporting.learning import plot_curves
from seqarena.reporting.metric_axes import chance_of, directed_label, direction, mark_chance
from seqarena.reporting.similarity import plot_similarity
from seqarena.reporting.style import (
    INK,
    QUIET,
    ModelStyle,
    balanced_columns,
    describe_sample,
    estimates,
    frame,
    heading,
    model_styles,
    ordered_models,
    panels,
    save_figure,
    say_instead,
    short,
    short_names,
    styled,
    test_rows,
)
from seqarena.reporting.tables import pooled
from seqarena.reporting.training_size import plot_learning_curve
from seqarena.reporting.wording import (
    METRICS,
    NOT_DEFINED,
    format_number,
    is_missing,
    metric_label,
    plural,
)

__all__ = [
    "chance_of",
    "model_styles",
    "plot_confusion",
    "plot_critical_difference",
    "plot_curves",
    "plot_learning_curve",
    "plot_metrics",
    "plot_overview",
    "plot_precision_recall",
    "plot_predicted_true",
    "plot_reliability",
    "plot_residuals",
    "plot_roc",
    "plot_scores",
    "plot_similarity",
    "save_figure",
]

_MANY_POINTS = 2000  # above this a scatter is a blot; cells with counts are drawn instead


def _draw_estimates(
    axes: Axes,
    table: pd.DataFrame,
    order: Sequence[str],
    styles: dict[str, ModelStyle],
    singles: pd.DataFrame | None = None,
) -> None:
    """Draw a dot with its interval for each model, one a row, and the value above the dot."""
    rows = {row.model: row for row in table.itertuples()}
    middle = axes.get_yaxis_transform()
    for place, model in enumerate(order):
        row, look = rows.get(model), styles[model]
        if row is None or is_missing(row.value):
            message = "not evaluated" if row is None else NOT_DEFINED
            axes.text(0.5, place, message, transform=middle, ha="center", va="center",
                      size=8, color=QUIET, style="italic")  # fmt: skip
            continue
        if singles is not None:
            values = singles.loc[singles["model"] == model, "value"].dropna()
            axes.plot(values, [place + 0.22] * len(values), "o", markersize=2.4, color="#8c959f",
                      alpha=0.55, markeredgewidth=0)  # fmt: skip
        if not is_missing(row.low) and not is_missing(row.high):
            axes.plot([row.low, row.high], [place, place], color=look.colour, linewidth=3.2,
                      alpha=0.45, solid_capstyle="butt")  # fmt: skip
        axes.plot([row.value], [place], marker=look.marker, color=look.colour, markersize=7,
                  markeredgecolor="white", markeredgewidth=0.7)  # fmt: skip
        axes.annotate(format_number(row.value), (row.value, place), xytext=(0, 6.5), ha="center",
                      textcoords="offset points", size=8, color=INK)  # fmt: skip
    axes.set_ylim(len(order) - 0.45, -0.75)
    axes.set_yticks(range(len(order)), short_names(order).values())
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.14)
    axes.locator_params(axis="x", nbins=4)


@styled
def plot_metrics(
    metrics: pd.DataFrame,
    primary_metric: str,
    *,
    models: Sequence[str] | None = None,
    dataset: str = "",
) -> Figure:
    """Draw all metrics over all classes, a panel each, with the models as rows.

    Parameters
    ----------
    metrics : DataFrame
        As in `metrics.tsv`.
    primary_metric : str
        Comes first.
    models : sequence of str, optional
        All models of the configuration in order: fixes order and colours.
    dataset : str
        Name for the heading.

    Returns
    -------
    matplotlib.figure.Figure
    """
    table = pooled(metrics)
    order = ordered_models(table, models)
    styles = model_styles([*(models or []), *order])
    names = [name for name in [primary_metric, *METRICS] if name in set(table["metric"])]
    names = [name for name in dict.fromkeys(names) if name not in ("prevalence", "support")]
    prevalence = table.loc[table["metric"] == "prevalence", "value"].dropna()
    folds = metrics[
        (metrics["role"] == "test")
        & (metrics["fold"].astype(str) != "all")
        & (metrics["target"].fillna("") == "")
    ]
    columns = balanced_columns(len(names), 4)
    subtitle = "" if not len(table) else (
        f"n = {plural(int(table['n'].max()), 'test record')} in "
        f"{plural(int(table['groups'].max()), 'group')}; ordered as configured"
    )  # fmt: skip
    note = (
        "Marker and number: pooled test predictions, mean over repeats. Bar: 95 % interval, "
        "bootstrap over groups. Small grey dots: single folds and repeats. Dotted line, where the "
        "metric has one: chance, or prevalence. "
        f"The primary metric, named beforehand, comes first: {metric_label(primary_metric)}."
    )
    rows = -(-len(names) // columns)
    figure = frame(
        9.6, rows * (0.95 + 0.36 * len(order)), heading("Test metrics", dataset), subtitle, note
    )
    for axes, metric in zip(panels(figure, len(names), columns, sharey=True), names, strict=True):
        by_prevalence = metric == "auprc" and len(prevalence)
        mark_chance(axes, prevalence.iloc[0] if by_prevalence else chance_of(metric))
        _draw_estimates(
            axes, table[table["metric"] == metric], order, styles, folds[folds["metric"] == metric]
        )
        axes.set_title(metric_label(metric))
        axes.set_xlabel(direction(metric))
    return figure


@styled
def plot_overview(table: pd.DataFrame, *, models: Sequence[str] | None = None) -> Figure:
    """Draw the primary metric of every model on every data set: the report's first figure.

    Parameters
    ----------
    table : DataFrame
        Columns dataset, model, metric, value, low, high, and chance where it is known.
    models : sequence of str, optional
        All models of the configuration in order: fixes order and colours.

    Returns
    -------
    matplotlib.figure.Figure
        A panel a data set; panels with the same metric share its scale.
    """
    order = ordered_models(table, models)
    styles = model_styles([*(models or []), *order])
    datasets = list(dict.fromkeys(table["dataset"]))
    one_metric = len(set(table["metric"])) == 1
    columns = balanced_columns(len(datasets), 3)
    rows = -(-len(datasets) // columns)
    figure = frame(
        9.6 if columns > 1 else 6.5, rows * (0.95 + 0.4 * len(order)),
        "Test performance of every model on every data set", "",
        "Marker and number: pooled test predictions, mean over repeats. Bar: 95 % interval, "
        "bootstrap over groups. Dotted line, where the metric has one: chance.",
    )  # fmt: skip
    axes_of = panels(figure, len(datasets), columns, sharey=True, sharex=one_metric)
    for axes, dataset in zip(axes_of, datasets, strict=True):
        rows_here = table[table["dataset"] == dataset]
        metric = rows_here["metric"].iloc[0]
        mark_chance(axes, chance_of(metric, rows_here))
        _draw_estimates(axes, rows_here, order, styles)
        axes.set_title(short(dataset, 66 // columns))
        axes.set_xlabel(directed_label(metric))
        axes.tick_params(labelbottom=True)
    return figure


def _scatter(axes: Axes, across: np.ndarray, up: np.ndarray, limits: tuple[float, ...]) -> str:
    """Draw points, or cells of counts where there are many; tell which, and what lies outside."""
    inside = (limits[0] <= across) & (across <= limits[1])
    inside &= (limits[2] <= up) & (up <= limits[3])
    if outside := int((~inside).sum()):
        axes.annotate(
            f"{plural(outside, 'record')} outside the axes", (1, 1), xycoords="axes fraction",
            xytext=(-3, -3), textcoords="offset points", ha="right", va="top", size=8, color=INK,
        )  # fmt: skip
    if len(across) <= _MANY_POINTS:
        axes.scatter(
            across, up, s=9, color="#0072B2", alpha=0.35, linewidths=0, rasterized=len(across) > 500
        )
        return "points"
    axes.hexbin(
        across, up, gridsize=38, extent=limits, mincnt=1, bins="log", cmap="Blues", linewidths=0.1
    )
    return "cells"


def _span(values: np.ndarray) -> tuple[float, float]:
    """Give the ends of an axis; a few wild values don't flatten all others."""
    low, high = np.percentile(values, [1, 99])
    reach = 1.5 * (high - low)
    usual = values[(low - reach <= values) & (values <= high + reach)]
    low, high = float(np.min(usual)), float(np.max(usual))
    margin = 0.04 * (high - low) or 0.5 * max(abs(high), 1)
    return low - margin, high + margin


def _first_repeat(test: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    repeats = sorted(test["repeat"].unique())
    shown = test[test["repeat"] == repeats[0]] if repeats else test
    note = (
        f" Shown: one of {len(repeats)} repeats (number {repeats[0]})." if len(repeats) > 1 else ""
    )
    return shown[np.isfinite(shown["prediction"]) & np.isfinite(shown["truth"])], note


def _regression_panels(
    predictions: pd.DataFrame, clusters: pd.DataFrame | None, models: Sequence[str] | None,
    title: str, note: str,
) -> tuple[Figure, list[Axes], list[pd.DataFrame]]:  # fmt: skip
    """Prepare a panel a model with the rows to draw in it: one repeat, so no record twice."""
    order = ordered_models(predictions, models)
    shown, which = _first_repeat(test_rows(predictions))
    columns = balanced_columns(len(order), 3)
    kind = "Points: records." if _points_are_few(shown) else "Darker cells: more records."
    figure = frame(
        9.6 if columns > 1 else 5.2, 3.0 * -(-len(order) // columns), title,
        describe_sample(predictions, clusters), f"{kind} {note}{which}",
    )  # fmt: skip
    axes = panels(figure, len(order), columns, sharey=True)
    for panel, model in zip(axes, order, strict=True):
        panel.set_title(short_names(order)[model])
    return figure, axes, [shown[shown["model"] == model] for model in order]


def _points_are_few(shown: pd.DataFrame) -> bool:
    return shown["record"].nunique() <= _MANY_POINTS


@styled
def plot_predicted_true(
    predictions: pd.DataFrame,
    metrics: pd.DataFrame | None = None,
    clusters: pd.DataFrame | None = None,
    *,
    target: str = "target",
    models: Sequence[str] | None = None,
    dataset: str = "",
) -> Figure:
    """Draw predicted against true values, a panel a model, with the line of equality.

    Parameters
    ----------
    predictions : DataFrame
        Columns model, record, repeat, fold, role, truth, prediction; of a regression.
    metrics : DataFrame, optional
        Pooled Spearman and R2 to print (`metrics.tsv`).
    clusters : DataFrame, optional
        Columns record, cluster.
    target : str
        Name of the target, for the axes.
    models : sequence of str, optional
        All models of the configuration in order.
    dataset : str
        Name for the heading.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes, rows = _regression_panels(
        predictions, clusters, models, heading("Predicted against true values", dataset),
        "Line: prediction equals truth. Numbers: pooled test predictions, mean over repeats, "
        "with 95 % interval, bootstrap over groups.",
    )  # fmt: skip
    everything = pd.concat(rows)
    if not len(everything):
        return figure
    ends = _span(np.concatenate([everything["truth"], everything["prediction"]]))
    spearman, r2 = estimates(metrics, "spearman"), estimates(metrics, "r2")
    for panel, shown in zip(axes, rows, strict=True):
        panel.set(xlim=ends, ylim=ends, aspect="equal", xlabel=f"true {short(target)}")
        if not len(shown):
            say_instead(panel, "no finite prediction")
            continue
        _scatter(panel, shown["truth"], shown["prediction"], (*ends, *ends))
        panel.axline((ends[0], ends[0]), slope=1, color=INK, linewidth=0.9, alpha=0.7)
        model = shown["model"].iloc[0]
        named = (("Spearman", spearman), ("R²", r2))
        lines = [f"{label} {values[model]}" for label, values in named if model in values]
        panel.set_title(panel.get_title(loc="left"), pad=7 + 13 * len(lines))
        panel.annotate("\n".join(lines), (0, 1), xytext=(0, 4), xycoords="axes fraction",
                       textcoords="offset points", va="bottom", size=8, color=QUIET)  # fmt: skip
    axes[0].set_ylabel(f"predicted {short(target)}")
    return figure


@styled
def plot_residuals(
    predictions: pd.DataFrame,
    clusters: pd.DataFrame | None = None,
    *,
    target: str = "target",
    models: Sequence[str] | None = None,
    dataset: str = "",
) -> Figure:
    """Draw residuals (prediction minus truth) against the prediction, a panel a model.

    Parameters are those of `plot_predicted_true`.

    Returns
    -------
    matplotlib.figure.Figure
        With the median residual and its middle 90 % in ten equally full bins of the prediction.
    """
    figure, axes, rows = _regression_panels(
        predictions, clusters, models, heading("Residuals", dataset),
        "Orange: median and (broken) middle 90 % of the residuals in ten bins of the prediction.",
    )  # fmt: skip
    everything = pd.concat(rows)
    if not len(everything):
        return figure
    up = _span(everything["prediction"] - everything["truth"])
    for panel, shown in zip(axes, rows, strict=True):
        panel.set_xlabel(f"predicted {short(target)}")
        if not len(shown):
            say_instead(panel, "no finite prediction")
            continue
        across, residual = _span(shown["prediction"]), shown["prediction"] - shown["truth"]
        panel.set(xlim=across, ylim=up)
        _scatter(panel, shown["prediction"], residual, (*across, *up))
        panel.axhline(0, color=INK, linewidth=0.9, alpha=0.7)
        if shown["prediction"].nunique() > 20:
            bins = pd.qcut(shown["prediction"], 10, duplicates="drop")
            centres = shown["prediction"].groupby(bins, observed=True).median()
            by_bin = residual.groupby(bins, observed=True)
            low, middle, high = (by_bin.quantile(share) for share in (0.05, 0.5, 0.95))
            for edge in (low, high):
                panel.plot(centres, edge, color="#D55E00", linewidth=1.1, linestyle=(0, (3, 1.5)))
            panel.plot(centres, middle, color="#D55E00", linewidth=1.8, marker="o", ms=3.5)
    axes[0].set_ylabel(f"predicted − true {short(target)}")
    return figure
