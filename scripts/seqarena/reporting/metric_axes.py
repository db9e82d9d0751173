"""What panels with a metric along an axis share: its label, chance, intervals and lower end."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from seqarena.reporting.style import INK, QUIET, ModelStyle
from seqarena.reporting.wording import METRICS, format_number, is_missing, metric_label, plural

# R2 has no lower end: one bin of equal truths can send it to -1000 and flatten all that matters.
_LEAST_DRAWN = {"r2": -1.0}


def chance_of(metric: str, ranking: pd.DataFrame | None = None) -> float:
    """Give what `metric` is without information: as ranked (column chance), or by its nature."""
    ranked = [] if ranking is None or "chance" not in ranking else ranking["chance"].dropna()
    known = METRICS[metric].chance if metric in METRICS else None
    return float(ranked.iloc[0]) if len(ranked) else np.nan if known is None else known


def direction(metric: str) -> str:
    """Say which way a metric is better; nothing for one that isn't known."""
    if metric not in METRICS:
        return ""
    return "higher is better" if METRICS[metric].higher_is_better else "lower is better"


def directed_label(metric: str) -> str:
    """Name a metric for an axis, with the direction in which it is better."""
    return f"{metric_label(metric)} ({direction(metric)})".removesuffix(" ()")


def mark_chance(axes: Axes, value: float, along: str = "x", named: bool = False) -> None:
    """Draw a dotted line where the metric along an axis is at chance, if that is known."""
    if is_missing(value):
        return
    draw = axes.axvline if along == "x" else axes.axhline
    draw(value, color=QUIET, linestyle=(0, (1, 1.5)), linewidth=1.1, zorder=0)
    if named:
        axes.annotate(f"chance {format_number(value)}", (0.01, value), xytext=(0, -3), va="top",
                      xycoords=axes.get_yaxis_transform(), textcoords="offset points", size=8,
                      color=QUIET)  # fmt: skip


def draw_points(
    axes: Axes, places: np.ndarray, rows: pd.DataFrame, look: ModelStyle, size: float = 5.5
) -> None:
    """Draw one model's estimates upwards, with intervals, joined by its line.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        The panel.
    places : array of float, shape (n,)
        Where along the horizontal axis.
    rows : DataFrame
        Columns value, low, high, of n rows; a value that is NaN leaves a gap.
    look : ModelStyle
        Of the model.
    size : float
        Of the markers, in points.
    """
    axes.vlines(places, rows["low"], rows["high"], color=look.colour, linewidth=2, alpha=0.4)
    axes.plot(places, rows["value"], color=look.colour, linestyle=look.line, linewidth=1.2,
              marker=look.marker, markersize=size, markeredgecolor="white",
              markeredgewidth=0.5)  # fmt: skip


def limit_axis(axes: Axes, metric: str, along: str = "y") -> None:
    """End the axis of a metric that has no lower end, and say how many values lie beyond.

    Call it when all is drawn: the markers of the panel's lines are counted.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        A panel whose axis `along` shows `metric`.
    metric : str
        Name of the metric.
    along : {"x", "y"}
        Which axis.
    """
    least = _LEAST_DRAWN.get(metric, -np.inf)
    if getattr(axes, f"get_{along}lim")()[0] >= least:
        return
    marked = [line for line in axes.lines if line.get_marker() not in (None, "None", "")]
    values = [np.asarray(getattr(line, f"get_{along}data")(), float) for line in marked]
    beyond = sum(int((of_line < least).sum()) for of_line in values)
    highest = max((float(v[v >= least].max()) for v in values if (v >= least).any()), default=1.0)
    margin = 0.06 * (highest - least)
    getattr(axes, f"set_{along}lim")(least, highest + margin)
    if beyond:
        axes.annotate(f"{plural(beyond, 'value')} below {format_number(least, 0)}", (1, 0),
                      xytext=(-3, 3), xycoords="axes fraction", textcoords="offset points",
                      ha="right", size=8, color=INK)  # fmt: skip
