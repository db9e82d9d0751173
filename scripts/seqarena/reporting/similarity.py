"""The figure of performance by similarity to training: memory looks like skill where it is high."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seqarena.reporting.metric_axes import (
    chance_of,
    directed_label,
    draw_points,
    limit_axis,
    mark_chance,
)
from seqarena.reporting.style import (
    INK,
    QUIET,
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
from seqarena.reporting.wording import NOT_DEFINED, format_count, is_missing, metric_label, plural

# What the rows of a model in the right panel are: marker (None: the model's own) and filling.
_SUBSETS = {
    "all": ("all test records", None, True),
    "without leaked": ("without leaked records", None, False),
    "leaked": ("leaked records only", "x", True),
}


def _percentages(edges: Sequence[float]) -> dict[float, str]:
    """Write shares as percentages, with as many decimals as tell them apart (at most two)."""
    distinct = sorted(set(edges))
    for decimals in range(3):
        texts = [f"{100 * edge:.{0 if edge == 1 else decimals}f}" for edge in distinct]
        if len(set(texts)) == len(texts):
            break
    return dict(zip(distinct, texts, strict=True))


def _bins(rows: pd.DataFrame) -> pd.DataFrame:
    """List the bins by rising similarity, with the number of records and groups in each."""
    by_bin = rows.groupby(["low_edge", "high_edge"], as_index=False)
    return by_bin[["n", "groups"]].max().sort_values(["low_edge", "high_edge"], ignore_index=True)


def _bin_labels(bins: pd.DataFrame) -> list[str]:
    percent = _percentages([*bins["low_edge"], *bins["high_edge"]])
    labels = []
    for row in bins.itertuples():
        ends = dict.fromkeys((percent[row.low_edge], percent[row.high_edge]))
        labels.append(
            f"{' to '.join(ends)}\nn = {format_count(row.n)}\n{plural(row.groups, 'group')}"
        )
    return labels


def _draw_bins(
    axes: Axes, rows: pd.DataFrame, order: Sequence[str], styles: dict[str, ModelStyle], metric: str
) -> None:
    """Draw each model's values over the bins, side by side within a bin."""
    bins = _bins(rows)
    keys = list(zip(bins["low_edge"], bins["high_edge"], strict=True))
    step = min(0.14, 0.76 / len(order))
    for place, model in enumerate(order):
        of_model = rows[rows["model"] == model].set_index(["low_edge", "high_edge"])
        of_model = of_model[["value", "low", "high"]].astype(float).reindex(keys)
        across = np.arange(len(keys)) + step * (place - (len(order) - 1) / 2)
        draw_points(axes, across, of_model, styles[model])
    for place, key in enumerate(keys):
        here = rows[(rows["low_edge"] == key[0]) & (rows["high_edge"] == key[1])]
        if here["value"].isna().all():
            axes.text(place, 0.5, NOT_DEFINED, transform=axes.get_xaxis_transform(), rotation=90,
                      ha="center", va="center", size=8, color=QUIET, style="italic")  # fmt: skip
        if place:
            axes.axvline(place - 0.5, color="#d0d7de", linewidth=0.8, zorder=0)
    axes.set_xlim(-0.5, len(keys) - 0.5)
    axes.set_xticks(range(len(keys)), _bin_labels(bins))
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="x", visible=False)
    mark_chance(axes, chance_of(metric), along="y")
    limit_axis(axes, metric)


def _present(rows: pd.DataFrame) -> list[str]:
    """List the subsets that have a record."""
    counts = rows.groupby("subset")["n"].max()
    return [name for name in _SUBSETS if counts.get(name, 0) > 0]


def _say_undefined(axes: Axes, height: float) -> None:
    axes.text(0.5, height, NOT_DEFINED, transform=axes.get_yaxis_transform(), ha="center",
              va="center", size=7.5, color=QUIET, style="italic",
              bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip


def _draw_subsets(
    axes: Axes, rows: pd.DataFrame, order: Sequence[str], styles: dict[str, ModelStyle], metric: str
) -> None:
    """Draw all, without leaked and leaked test records for each model, a model a row."""
    present = _present(rows)
    cell = rows.set_index(["model", "subset"])
    for place, model in enumerate(order):
        if rows.loc[rows["model"] == model, "value"].isna().all():
            _say_undefined(axes, place)
            continue
        look = styles[model]
        for step, subset in enumerate(present):
            height = place + 0.25 * (step - (len(present) - 1) / 2)
            row = cell.loc[(model, subset)] if (model, subset) in cell.index else None
            if row is None or is_missing(row["value"]):
                _say_undefined(axes, height)
                continue
            _, marker, filled = _SUBSETS[subset]
            axes.hlines(height, row["low"], row["high"], color=look.colour, linewidth=2, alpha=0.4)
            axes.plot([row["value"]], [height], marker=marker or look.marker, color=look.colour,
                      markersize=5.5, markerfacecolor=look.colour if filled else "white",
                      markeredgewidth=1.2)  # fmt: skip
    axes.set_ylim(len(order) - 0.45, -0.55)
    axes.set_yticks(range(len(order)), short_names(order, 20).values())
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.08)
    axes.locator_params(axis="x", nbins=4)
    mark_chance(axes, chance_of(metric))
    limit_axis(axes, metric, along="x")


def _legend(present: Sequence[str]) -> tuple[list, list[str]]:
    """Explain the markers of the right panel; those of the models stand beside its rows."""
    handles = [
        Line2D([], [], linestyle="", marker=marker or "o", color=INK, markersize=5.5,
               markerfacecolor=INK if filled else "white", markeredgewidth=1.2)
        for _, marker, filled in (_SUBSETS[name] for name in present)
    ]  # fmt: skip
    return handles, [f"right: {_SUBSETS[name][0]}" for name in present]


def _leaked_sample(rows: pd.DataFrame) -> str:
    leaked = rows[rows["subset"] == "leaked"]
    if not len(leaked) or not leaked["n"].max() > 0:
        return "none of them leaked"
    count = plural(leaked["n"].max(), "record")
    return f"{count} in {plural(leaked['groups'].max(), 'group')} leaked"


def _note(metric: str) -> str:
    return (
        "Left: test records by their similarity to the nearest training or validation record of "
        "the same fold: the score of their best local alignment as a share of the best score "
        "possible (100 %: the record itself). "
        f"Marker: {metric_label(metric)} of the pooled test predictions in the bin, mean over "
        "repeats, for each model in its place and colour of the right. Bar: 95 % interval, "
        "bootstrap over groups. Dotted, where the metric has one: chance. A gap: not defined "
        "there. Values that get better to the right hint at memory. Leaked: a copy or a "
        "relative of the record was seen in training or validation."
    )


@styled
def plot_similarity(
    similarity: pd.DataFrame,
    primary_metric: str,
    *,
    models: Sequence[str] | None = None,
    dataset: str = "",
) -> Figure:
    """Draw performance by similarity to training, and with and without leaked records.

    Parameters
    ----------
    similarity : DataFrame
        Columns model, subset ("all", "without leaked", "leaked", or "similarity" for a bin),
        low_edge, high_edge (shares from 0 to 1; NaN except for bins), metric, value, low, high,
        n, groups: as in `similarity.tsv`.
    primary_metric : str
        The metric that is drawn.
    models : sequence of str, optional
        All models of the configuration in order: fixes order and colours.
    dataset : str
        Name for the heading.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels: the metric over bins of similarity (left), and of all, unleaked and leaked
        test records (right).
    """
    rows = similarity[similarity["metric"] == primary_metric]
    order = ordered_models(rows, models)
    styles = model_styles([*(models or []), *order])
    binned, whole = rows[rows["subset"] == "similarity"], rows[rows["subset"].isin(_SUBSETS)]
    present = _present(whole)
    sample = describe_counts(rows[rows["subset"] == "all"])
    figure = frame(
        9.6, max(3.3, 0.9 + 0.44 * len(order)),
        heading("Performance by similarity to training", dataset),
        f"{sample}; {_leaked_sample(rows)}", _note(primary_metric), _legend(present),
    )  # fmt: skip
    left, right = figure.subplots(1, 2, width_ratios=(1.9, 1))
    left.set_xlabel("similarity to the nearest training or validation record (% of the best score)")
    left.set_ylabel(directed_label(primary_metric))
    right.set_xlabel(metric_label(primary_metric))
    if len(binned) and binned["value"].notna().any():
        _draw_bins(left, binned, order, styles, primary_metric)
    else:
        say_instead(left, "not defined in any bin of similarity" if len(binned) else "no bins")
        left.set(xticks=[], yticks=[])
    if present:
        _draw_subsets(right, whole, order, styles, primary_metric)
    else:
        say_instead(right, "no test record")
        right.set(xticks=[], yticks=[])
    return figure
