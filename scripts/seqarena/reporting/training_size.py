"""The learning curve over the size of the training set: whether more data would help."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from seqarena.reporting.metric_axes import (
    chance_of,
    directed_label,
    draw_points,
    limit_axis,
    mark_chance,
)
from seqarena.reporting.style import (
    ModelStyle,
    describe_counts,
    frame,
    heading,
    model_styles,
    ordered_models,
    say_instead,
    short_names,
    styled,
)
from seqarena.reporting.wording import NOT_DEFINED, format_count, format_estimate, metric_label

_WIDE = 4  # from this ratio of largest to smallest size on, equal steps on the axis are factors
_LETTER, _AXIS = 0.07, {1: 5.4, 2: 3.6}  # inches: of a tick label, and by columns of the legend


def _set_sizes(axes: Axes, sizes: np.ndarray, columns: int) -> None:
    """Put ticks at the sizes that were trained with: the ends, and others that don't touch."""
    low, high = float(sizes.min()), float(sizes.max())
    wide = low > 0 and high / low >= _WIDE
    axes.set_xscale("log" if wide else "linear")
    at = dict(zip(sizes, np.log(sizes) if wide else sizes, strict=True))
    reach = at[high] - at[low] or 1.0
    least_gap = _LETTER * (2 + len(format_count(round(high)))) / _AXIS[columns]
    ends, shown = (low, high), []
    for size in sorted(sizes, key=lambda size: size not in ends):
        if all(abs(at[size] - at[other]) >= least_gap * reach for other in shown):
            shown.append(size)
    shown.sort()
    axes.set_xticks(shown, [format_count(round(size)) for size in shown])
    axes.xaxis.set_minor_locator(NullLocator())
    if wide:
        margin = (high / low) ** 0.05
        axes.set_xlim(low / margin, high * margin)
    else:
        margin = 0.05 * (high - low) or 0.5 * max(high, 1)
        axes.set_xlim(low - margin, high + margin)


def _legend_entry(name: str, rows: pd.DataFrame, look: ModelStyle, metric: str) -> tuple:
    """Give the line of a model and its words: the value at the largest training set."""
    line = Line2D(
        [], [], color=look.colour, linestyle=look.line, marker=look.marker, markersize=5.5
    )
    if rows["value"].isna().all():
        return line, f"{name}\n{metric_label(metric)} {NOT_DEFINED} at any size"
    last = rows.iloc[-1]
    value = format_estimate(last["value"], last["low"], last["high"])
    return line, f"{name}\n{metric_label(metric)} {value}"


@styled
def plot_learning_curve(
    learning_curve: pd.DataFrame,
    primary_metric: str,
    *,
    models: Sequence[str] | None = None,
    dataset: str = "",
) -> Figure:
    """Draw the metric on the test records against the number of training records.

    Parameters
    ----------
    learning_curve : DataFrame
        Columns model, fraction (of the training groups, 1.0 included), n_train (mean over folds),
        metric, value, low, high, n, groups: as in `learning_curve.tsv`.
    primary_metric : str
        The metric that is drawn.
    models : sequence of str, optional
        All models of the configuration in order: fixes order and colours.
    dataset : str
        Name for the heading.

    Returns
    -------
    matplotlib.figure.Figure
        The sizes stand on a logarithmic axis if the largest is four times the smallest or more.
    """
    rows = learning_curve[learning_curve["metric"] == primary_metric]
    order = ordered_models(rows, models)
    names, styles = short_names(order), model_styles([*(models or []), *order])
    columns = 1 if len(order) <= 8 else 2
    height = max(3.8, 0.6 + 0.5 * -(-len(order) // columns))
    note = (
        "Marker: pooled test predictions of the first repeat, after training on a part of each "
        "fold's training groups; a larger part holds the smaller ones, and the test records are "
        "always the same. Band and bar: 95 % interval, "
        "bootstrap over groups. Numbers: at the largest size. Dotted, where the metric has one: "
        "chance. A curve that still gets better at its right end asks for more data."
    )
    figure = frame(
        9.6, height, heading("Performance by size of the training set", dataset),
        f"{describe_counts(rows)} at each size", note,
    )  # fmt: skip
    axes = figure.subplots()
    axes.set(xlabel="training records (mean over folds)", ylabel=directed_label(primary_metric))
    if not len(rows):
        say_instead(axes, "nothing was trained on a part of the records")
        return figure
    entries = []
    for model in order:
        of_model = rows[rows["model"] == model].sort_values("fraction")
        look, sizes = styles[model], of_model["n_train"].to_numpy(float)
        axes.fill_between(sizes, of_model["low"], of_model["high"], color=look.colour, alpha=0.1,
                          linewidth=0)  # fmt: skip
        draw_points(axes, sizes, of_model, look)
        entries.append(_legend_entry(names[model], of_model, look, primary_metric))
    if rows["value"].isna().all():
        say_instead(axes, f"{metric_label(primary_metric)} is not defined at any size")
    _set_sizes(axes, np.sort(rows["n_train"].dropna().unique().astype(float)), columns)
    mark_chance(axes, chance_of(primary_metric), along="y", named=True)
    limit_axis(axes, primary_metric)
    axes.legend(
        *zip(*entries, strict=True), loc="center left", bbox_to_anchor=(1.02, 0.5), ncols=columns,
        labelspacing=1.0, handlelength=3.2, fontsize=8.5 if columns == 1 else 7.5,
        borderaxespad=0, columnspacing=1.0,
    )  # fmt: skip
    return figure
