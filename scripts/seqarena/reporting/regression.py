"""Figures of regression: predicted against true values, and residuals.

A panel a model, and a row of panels a target where there are several.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqarena.reporting.style import (
    INK,
    QUIET,
    balanced_columns,
    describe_sample,
    frame,
    heading,
    ordered_models,
    say_instead,
    short,
    short_names,
    styled,
    test_rows,
)
from seqarena.reporting.tables import pooled
from seqarena.reporting.wording import format_count, format_estimate, format_share, plural

_MANY_POINTS = 2000  # above this a scatter is a blot; cells with counts are drawn instead
_MOST_TARGETS = 12  # rows of panels; more make a figure that nobody scrolls through


class _Panel(NamedTuple):
    """A panel with the rows that are drawn in it."""

    axes: Axes
    model: str
    target: str
    rows: pd.DataFrame


def _scatter(axes: Axes, across: np.ndarray, up: np.ndarray, limits: tuple[float, ...]) -> None:
    """Draw points, or cells of counts where there are many, and say how many lie outside."""
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
        return
    axes.hexbin(
        across, up, gridsize=38, extent=limits, mincnt=1, bins="log", cmap="Blues", linewidths=0.1
    )


def _span(values: np.ndarray) -> tuple[float, float]:
    """Give the ends of an axis; a few wild values don't flatten all others."""
    low, high = np.percentile(values, [1, 99])
    reach = 1.5 * (high - low)
    usual = values[(low - reach <= values) & (values <= high + reach)]
    low, high = float(np.min(usual)), float(np.max(usual))
    margin = 0.04 * (high - low) or 0.5 * max(abs(high), 1)
    return low - margin, high + margin


def _first_repeat(test: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Keep the finite rows of one repeat, so that no record is drawn twice."""
    repeats = sorted(test["repeat"].unique())
    shown = test[test["repeat"] == repeats[0]] if repeats else test
    note = (
        f" Shown: one of {len(repeats)} repeats (number {repeats[0]})." if len(repeats) > 1 else ""
    )
    return shown[np.isfinite(shown["prediction"]) & np.isfinite(shown["truth"])], note


def _missing(test: pd.DataFrame, several: bool) -> str:
    """Say how many entries of a record and a target have no true value; none with one target."""
    entries = test.drop_duplicates(["record", "target"])["truth"]
    missing = int(entries.isna().sum())
    if not several or not missing:
        return ""
    of_all = f"{format_count(missing)} of {format_count(len(entries))}"
    return f"; {of_all} values are missing ({format_share(missing / len(entries))}) and left out"


def _layout(
    predictions: pd.DataFrame, clusters: pd.DataFrame | None, models: Sequence[str] | None,
    title: str, note: str,
) -> tuple[Figure, list[list[_Panel]]]:  # fmt: skip
    """Prepare a panel a model and target; give the panels by target."""
    order, test = ordered_models(predictions, models), test_rows(predictions)
    targets = list(dict.fromkeys(test["target"]))
    several = len(targets) > 1
    shown, which = _first_repeat(test)
    if len(targets) > _MOST_TARGETS:
        which += f" Shown: the first {_MOST_TARGETS} of {len(targets)} targets."
        targets = targets[:_MOST_TARGETS]
    columns = balanced_columns(len(order), 6 if several else 3)
    lines = -(-len(order) // columns)
    kind = "Points: records." if _points_are_few(shown) else "Darker cells: more records."
    figure = frame(
        9.6 if columns > 1 else 5.2, (2.35 if several else 3.0) * lines * max(1, len(targets)),
        title, describe_sample(predictions, clusters) + _missing(test, several),
        f"{kind} {note}{which}",
    )  # fmt: skip
    grid = figure.subplots(lines * max(1, len(targets)), columns, squeeze=False)
    names, by_target = short_names(order, 16 if several else 24), []
    for place, target in enumerate(targets):
        block = list(grid[lines * place : lines * (place + 1)].flat)
        for surplus in block[len(order) :]:
            surplus.remove()
        rows = shown[shown["target"] == target]
        row_panels = [
            _Panel(axes, model, target, rows[rows["model"] == model])
            for axes, model in zip(block, order, strict=False)
        ]
        for panel in row_panels:
            panel.axes.set_title(names[panel.model])
            panel.axes.locator_params(nbins=4 if several else 6)
            if not len(panel.rows):
                say_instead(panel.axes, "no finite prediction")
            if not panel.axes.get_subplotspec().is_first_col():
                panel.axes.tick_params(labelleft=False)
        by_target.append(row_panels)
    return figure, by_target


def _points_are_few(shown: pd.DataFrame) -> bool:
    return shown["record"].nunique() <= _MANY_POINTS


def _ticks_of_classes(axes: Axes, order: Sequence[str]) -> None:
    """Put the names of ordered classes, which are the numbers from 0, at both axes' ticks."""
    names = list(short_names(order, 12).values())
    axes.set_xticks(range(len(order)), names, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(order)), names)


@styled
def plot_predicted_true(
    predictions: pd.DataFrame,
    metrics: pd.DataFrame | None = None,
    clusters: pd.DataFrame | None = None,
    *,
    order: Sequence[str] | None = None,
    models: Sequence[str] | None = None,
    dataset: str = "",
) -> Figure:
    """Draw predicted against true values, a panel a model and target, with the line of equality.

    Parameters
    ----------
    predictions : DataFrame
        Columns model, record, repeat, fold, role, target, truth (NaN where it is missing) and
        prediction; of a regression.
    metrics : DataFrame, optional
        Pooled Spearman and R2 to print (`metrics.tsv`).
    clusters : DataFrame, optional
        Columns record, cluster.
    order : sequence of str, optional
        Names of ordered classes, which are the numbers 0, 1, 2 and so on.
    models : sequence of str, optional
        All models of the configuration in order.
    dataset : str
        Name for the heading.

    Returns
    -------
    matplotlib.figure.Figure
    """
    several = len(set(predictions["target"])) > 1
    note = "Line: prediction equals truth. Numbers: pooled test predictions, mean over repeats"
    note += "." if several else ", with 95 % interval, bootstrap over groups."
    note += f" Classes in order are the numbers 0 to {len(order) - 1}." if order else ""
    figure, by_target = _layout(
        predictions, clusters, models, heading("Predicted against true values", dataset), note
    )
    for row in by_target:
        everything = pd.concat([panel.rows for panel in row])
        if not len(everything):
            continue
        ends = _span(np.concatenate([everything["truth"], everything["prediction"]]))
        target = short(row[0].target, 24)
        for panel in row:
            panel.axes.set(xlim=ends, ylim=ends, xlabel=f"true {target}")
            if not several:
                panel.axes.set_aspect("equal")
            if order:
                _ticks_of_classes(panel.axes, order)
            if panel.axes.get_subplotspec().is_first_col():
                panel.axes.set_ylabel(f"predicted {target}")
            if len(panel.rows):
                _scatter(panel.axes, panel.rows["truth"], panel.rows["prediction"], (*ends, *ends))
                panel.axes.axline((ends[0], ends[0]), slope=1, color=INK, linewidth=0.9, alpha=0.7)
                _print_metrics(panel, metrics, several)
    return figure


def _print_metrics(panel: _Panel, metrics: pd.DataFrame | None, several: bool) -> None:
    """Write Spearman and R2 between a panel and its title; the title of several is shorter."""
    if metrics is None:
        return
    rows = pooled(metrics, target=panel.target if several else "")
    rows = rows[rows["model"] == panel.model].set_index("metric")
    lines = []
    for name, label in (("spearman", "Spearman"), ("r2", "R²")):
        if name in rows.index:
            value, low, high = rows.loc[name, ["value", "low", "high"]]
            ends = (np.nan, np.nan) if several else (low, high)
            lines.append(f"{label} {format_estimate(value, *ends)}")
    axes = panel.axes
    axes.set_title(axes.get_title(loc="left"), pad=7 + 13 * len(lines))
    axes.annotate("\n".join(lines), (0, 1), xytext=(0, 4), xycoords="axes fraction",
                  textcoords="offset points", va="bottom", size=8, color=QUIET)  # fmt: skip


@styled
def plot_residuals(
    predictions: pd.DataFrame,
    clusters: pd.DataFrame | None = None,
    *,
    models: Sequence[str] | None = None,
    dataset: str = "",
) -> Figure:
    """Draw residuals (prediction minus truth) against the prediction, a panel a model and target.

    Parameters are those of `plot_predicted_true`.

    Returns
    -------
    matplotlib.figure.Figure
        With the median residual and its middle 90 % in ten equally full bins of the prediction.
    """
    figure, by_target = _layout(
        predictions, clusters, models, heading("Residuals", dataset),
        "Orange: median and (broken) middle 90 % of the residuals in ten bins of the prediction.",
    )  # fmt: skip
    for row in by_target:
        everything = pd.concat([panel.rows for panel in row])
        if not len(everything):
            continue
        up = _span(everything["prediction"] - everything["truth"])
        target = short(row[0].target, 24)
        for panel in row:
            panel.axes.set_xlabel(f"predicted {target}")
            panel.axes.set_ylim(up)
            if panel.axes.get_subplotspec().is_first_col():
                panel.axes.set_ylabel(f"predicted − true {target}")
            if len(panel.rows):
                _draw_residuals(panel, up)
    return figure


def _draw_residuals(panel: _Panel, up: tuple[float, float]) -> None:
    """Draw one panel's residuals with their median and middle 90 % over bins."""
    given, axes = panel.rows["prediction"], panel.axes
    across, residual = _span(given), given - panel.rows["truth"]
    axes.set_xlim(across)
    _scatter(axes, given, residual, (*across, *up))
    axes.axhline(0, color=INK, linewidth=0.9, alpha=0.7)
    if given.nunique() <= 20:
        return
    bins = pd.qcut(given, 10, duplicates="drop")
    centres = given.groupby(bins, observed=True).median()
    by_bin = residual.groupby(bins, observed=True)
    low, middle, high = (by_bin.quantile(share) for share in (0.05, 0.5, 0.95))
    for edge in (low, high):
        axes.plot(centres, edge, color="#D55E00", linewidth=1.1, linestyle=(0, (3, 1.5)))
    axes.plot(centres, middle, color="#D55E00", linewidth=1.8, marker="o", ms=3.5)
