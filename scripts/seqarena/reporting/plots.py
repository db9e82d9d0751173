"""All figures. Here: metrics and overview; the others have modules of their own.

Every function takes tidy tables as they lie on disk (with a `model` column) and returns a
matplotlib Figure; `save_figure` writes it. Test rows are what is drawn. Repeats predict the same
records again, so they are averaged or drawn one at a time: n is the number of records.
"""

from collections.abc import Collection, Sequence

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
from seqarena.reporting.labels import (
    plot_label_metrics,
    plot_label_precision_recall,
    plot_label_reliability,
    plot_label_roc,
    plot_label_scores,
)
from seqarena.reporting.learning import plot_curves
from seqarena.reporting.metric_axes import chance_of, directed_label, direction, mark_chance
from seqarena.reporting.regression import plot_predicted_true, plot_residuals
from seqarena.reporting.similarity import plot_similarity
from seqarena.reporting.standing import degenerate
from seqarena.reporting.style import (
    INK,
    QUIET,
    ModelStyle,
    balanced_columns,
    frame,
    heading,
    model_styles,
    ordered_models,
    panels,
    save_figure,
    short,
    short_names,
    styled,
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
    "plot_label_metrics",
    "plot_label_precision_recall",
    "plot_label_reliability",
    "plot_label_roc",
    "plot_label_scores",
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


def _draw_estimates(
    axes: Axes,
    table: pd.DataFrame,
    order: Sequence[str],
    styles: dict[str, ModelStyle],
    singles: pd.DataFrame | None = None,
    without_result: Collection[str] = (),
) -> None:
    """Draw a dot with its interval for each model, one a row, and the value above the dot.

    A model that is degenerate has no result to draw, so the word stands in its row.
    """
    rows = {row.model: row for row in table.itertuples()}
    middle = axes.get_yaxis_transform()
    for place, model in enumerate(order):
        row, look = rows.get(model), styles[model]
        if row is None or is_missing(row.value) or model in without_result:
            message = "degenerate" if model in without_result else NOT_DEFINED
            message = "not evaluated" if row is None else message
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
    without_result: Collection[str] = (),
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
    without_result : collection of str
        Models that are degenerate.
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
        here, single = (part[part["metric"] == metric] for part in (table, folds))
        _draw_estimates(axes, here, order, styles, single, without_result)
        axes.set_title(metric_label(metric))
        axes.set_xlabel(direction(metric))
    return figure


@styled
def plot_overview(table: pd.DataFrame, *, models: Sequence[str] | None = None) -> Figure:
    """Draw the primary metric of every model on every data set: the report's first figure.

    Parameters
    ----------
    table : DataFrame
        Columns dataset, model, metric, value, low, high, degenerate and why, and chance where it
        is known.
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
        _draw_estimates(axes, rows_here, order, styles, None, degenerate(rows_here))
        axes.set_title(short(dataset, 66 // columns))
        axes.set_xlabel(directed_label(metric))
        axes.tick_params(labelbottom=True)
    return figure
