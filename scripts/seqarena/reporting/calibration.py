"""Reliability diagrams: whether a predicted probability means what it says."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seqarena.reporting.calibration_tables import overall
from seqarena.reporting.style import (
    INK,
    QUIET,
    ModelStyle,
    balanced_columns,
    describe_counts,
    frame,
    heading,
    model_styles,
    panels,
    say_instead,
    short_names,
    styled,
)
from seqarena.reporting.wording import NOT_DEFINED, format_count, format_estimate

# Of each stage: is the marker filled, line, and where its strip of counts lies (data units; the
# strips stand below the diagram, from -0.32 to 0).
_STAGES = {"before": (False, (0, (1, 1.5)), -0.17), "after": (True, "-", -0.31)}
_STRIP = 0.11  # height of the bar of the fullest bin
_NOTE = (
    "Marker: a bin of records of the first repeat, by their mean predicted probability (of the "
    "positive class; with more than two classes, of the class called) and the share of them for "
    "which it came true. On the diagonal a probability means what it says; below it the "
    "probability is too high, above it too low. Vertical bar: 95 % interval, with the group as "
    "unit. Strips at the bottom: records in each bin. ECE, the expected calibration error: mean "
    "distance from the diagonal less what chance adds to it, mean over repeats, with 95 % "
    "interval; 0 is best. The temperature is fitted on validation records."
)


def _ece_lines(calibration: pd.DataFrame, model: str) -> list[str]:
    """Write a model's calibration error before and after, with intervals."""
    rows = calibration[(calibration["model"] == model) & (calibration["metric"] == "ece")]
    rows = rows.set_index("stage")
    lines = []
    for stage, words in (("before", "ECE"), ("after", "→")):
        if stage in rows.index:
            row = rows.loc[stage]
            lines.append(f"{words} {format_estimate(row['value'], row['low'], row['high'])}")
    return lines


def _count_words(rows: pd.DataFrame) -> str:
    """Say how many bins there are and how many records lie in each."""
    least, most = int(rows["n"].min()), int(rows["n"].max())
    span = " to ".join(dict.fromkeys((format_count(least), format_count(most))))
    bins = rows["bin"].nunique()
    return f"n = {span} in {'1 bin' if bins == 1 else f'each of {bins} bins'}"


def _draw_stage(axes: Axes, rows: pd.DataFrame, stage: str, look: ModelStyle, fullest: int) -> None:
    """Draw one stage's bins with intervals, and its strip of counts."""
    filled, line, base = _STAGES[stage]
    rows = rows.sort_values("predicted")
    axes.vlines(rows["predicted"], rows["low"], rows["high"], color=look.colour,
                linewidth=2 if filled else 1, alpha=0.45 if filled else 0.7)  # fmt: skip
    axes.plot(rows["predicted"], rows["observed"], color=look.colour, linestyle=line, linewidth=1,
              marker=look.marker, markersize=5, markeredgewidth=1,
              markerfacecolor=look.colour if filled else "white")  # fmt: skip
    axes.plot([0, 1], [base, base], color="#d0d7de", linewidth=0.7)
    axes.vlines(rows["predicted"], base, base + _STRIP * rows["n"] / fullest, color=look.colour,
                linewidth=1.7 if filled else 1.0)  # fmt: skip


def _draw_model(axes: Axes, rows: pd.DataFrame, look: ModelStyle, labelled: bool) -> None:
    """Draw one model's panel."""
    axes.plot([0, 1], [0, 1], color="#8c959f", linewidth=0.9, zorder=0)
    for stage in _STAGES:
        of_stage = rows[rows["stage"] == stage]
        if len(of_stage):
            _draw_stage(axes, of_stage, stage, look, int(rows["n"].max()))
    strips = {base + _STRIP / 2: f"n {stage}" for stage, (*_, base) in _STAGES.items()}
    ticks = dict.fromkeys((0.0, 0.5, 1.0)) | strips if labelled else dict.fromkeys((0.0, 0.5, 1.0))
    axes.set_yticks(list(ticks), [label or f"{place:g}" for place, label in ticks.items()])
    axes.grid(axis="y", visible=False)
    axes.hlines([0, 0.5, 1], 0, 1, color="#e6eaee", linewidth=0.7, zorder=0)


@styled
def plot_reliability(
    reliability: pd.DataFrame,
    calibration: pd.DataFrame,
    *,
    models: Sequence[str] | None = None,
    dataset: str = "",
) -> Figure:
    """Draw the observed share against the predicted probability, before and after calibration.

    A reliability diagram (Niculescu-Mizil and Caruana 2005, doi.org/10.1145/1102351.1102430), a
    panel a model, before and after temperature scaling (Guo et al. 2017, arXiv:1706.04599).

    Parameters
    ----------
    reliability : DataFrame
        Columns model, stage ("before", "after"), bin, n, groups, predicted (mean), observed
        (share), low, high (of the share): as in `reliability.tsv`.
    calibration : DataFrame
        Columns model, stage, metric, value, low, high, n, groups, as in `calibration.tsv`; the
        rows of "ece" are printed. Of both tables, rows of single labels (column target) are left
        out: `labels.plot_label_reliability` draws them.
    models : sequence of str, optional
        All models of the configuration in order: fixes order and colours.
    dataset : str
        Name for the heading.

    Returns
    -------
    matplotlib.figure.Figure
        Beneath each diagram stand two strips of bars: the number of records in each bin.
    """
    reliability, calibration = overall(reliability), overall(calibration)
    named = [*reliability["model"], *calibration["model"]]
    order = [m for m in models or [] if m in set(named)]
    order = list(dict.fromkeys([*order, *named]))
    names, styles = short_names(order), model_styles([*(models or []), *order])
    columns = balanced_columns(len(order), 3)
    handles = [
        Line2D([], [], color=INK, linestyle=line, linewidth=1, marker="o", markersize=5,
               markerfacecolor=INK if filled else "white")
        for filled, line, _ in _STAGES.values()
    ]  # fmt: skip
    figure = frame(
        9.6 if columns > 1 else 5.2, 3.75 * -(-len(order) // columns),
        heading("Reliability of the probabilities", dataset), describe_counts(calibration), _NOTE,
        (handles, ["before temperature scaling", "after"]),
    )  # fmt: skip
    axes_of = panels(figure, len(order), columns)
    for place, (axes, model) in enumerate(zip(axes_of, order, strict=True)):
        rows = reliability[reliability["model"] == model].dropna(subset=["predicted", "observed"])
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.32, 1.04))
        axes.set_xlabel("mean predicted probability")
        if place % columns == 0:
            axes.set_ylabel("observed share")
        lines = _ece_lines(calibration, model)
        if len(rows):
            lines.append(_count_words(rows))
            _draw_model(axes, rows, styles[model], labelled=place % columns == 0)
        else:
            say_instead(axes, f"{NOT_DEFINED}: no finite probability on test records")
            axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
            lines.append("no bins")
        axes.set_title(names[model], pad=6 + 11.5 * len(lines))
        axes.annotate("\n".join(lines), (0, 1), xytext=(0, 4), xycoords="axes fraction",
                      textcoords="offset points", va="bottom", size=8, color=QUIET)  # fmt: skip
    return figure
