"""The look of every figure: palette, type, frame, and how a figure is saved."""

import functools
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib

matplotlib.use("Agg")

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seqarena.files import whole_file
from seqarena.reporting.tables import pooled
from seqarena.reporting.wording import format_estimate, is_missing, plural

INK, QUIET = "#1f2328", "#57606a"
TRAIN_COLOUR, VALIDATION_COLOUR = "#E69F00", "#0072B2"

# Glyphs become paths: the figure looks the same wherever it is opened, whatever fonts are there.
# Names are printed as they are: a dollar sign in one must not start a formula.
RC = {
    "svg.fonttype": "path",
    "svg.hashsalt": "seqarena",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#8c959f",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 7,
    "axes.labelsize": 9,
    "grid.color": "#e6eaee",
    "grid.linewidth": 0.7,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.8,
    "hatch.linewidth": 0.6,
    "path.simplify": True,
}


class ModelStyle(NamedTuple):
    """Colour, line and marker of one model; each alone tells the models apart."""

    colour: str
    line: str | tuple
    marker: str


# Okabe and Ito (2008), doi.org/10.5281/zenodo.3381072, with a grey for the constant baseline.
# Networks get solid or nearly solid lines, baselines broken ones.
_BUILT_IN = {
    "majority": ModelStyle("#7a7a7a", (0, (1, 1.4)), "s"),
    "mean": ModelStyle("#7a7a7a", (0, (1, 1.4)), "s"),
    "composition": ModelStyle("#CC79A7", (0, (5, 1.5, 1, 1.5)), "D"),
    "linear": ModelStyle("#009E73", (0, (4, 1.8)), "^"),
    "dense": ModelStyle("#D55E00", (0, (9, 1.5)), "v"),
    "conv1d": ModelStyle("#0072B2", "-", "o"),
}
_COLOURS = ("#56B4E9", "#E69F00", "#000000", "#8A7A00", "#CC79A7", "#009E73", "#D55E00", "#0072B2")
_LINES = ("-", (0, (7, 2)), (0, (3, 1.5)), (0, (6, 1.5, 1, 1.5)), (0, (6, 1.5, 1, 1.5, 1, 1.5)))
_MARKERS = ("P", "X", "*", "h", "<", ">", "d", "p", "o")


def model_styles(models: Iterable[str]) -> dict[str, ModelStyle]:
    """Give each model its colour, line style and marker.

    Built-in models have fixed ones. Others get theirs by their place in `models`: pass the
    configuration's models in its order, and a model looks the same in all figures of a run.

    Parameters
    ----------
    models : iterable of str
        Names in order.

    Returns
    -------
    dict of str to ModelStyle
    """
    styles, others = {}, 0
    for model in dict.fromkeys(models):
        if model in _BUILT_IN:
            styles[model] = _BUILT_IN[model]
            continue
        styles[model] = ModelStyle(
            _COLOURS[others % len(_COLOURS)],
            _LINES[others % len(_LINES)],
            _MARKERS[others % len(_MARKERS)],
        )
        others += 1
    return styles


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Run a drawing function under the house's settings, whatever the caller's are."""

    @functools.wraps(draw)
    def drawn(*args, **kwargs):
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(RC)
            return draw(*args, **kwargs)

    return drawn


def balanced_columns(count: int, most: int) -> int:
    """Choose how many panels stand in a row, so that the last row isn't left nearly empty."""
    rows = max(1, -(-count // most))
    return max(1, -(-count // rows))


def frame(
    width: float,
    height: float,
    title: str,
    subtitle: str = "",
    note: str = "",
    legend: tuple[list, list[str]] | None = None,
    verdict: str = "",
) -> Figure:
    """Make an empty figure with a heading above and a note below the panels.

    Parameters
    ----------
    width, height : float
        Inches; `height` is for the panels, and heading and note are added to it.
    title : str
        Heading, bold.
    subtitle : str
        What the figure is drawn from (n, repeats, folds).
    note : str
        Explanation beneath, wrapped to the width.
    legend : tuple of list of artists and list of str, optional
        Key for all panels, between heading and panels; in several lines if one is too short.
    verdict : str
        One word or few, bold, above the note.

    Returns
    -------
    matplotlib.figure.Figure
        With constrained layout in the space that heading and note leave.
    """
    columns = int(width * 14.5)
    key_columns = _key_columns(legend[1], width) if legend else 0
    key_rows = -(-len(legend[1]) // key_columns) if legend else 0
    above = textwrap.wrap(subtitle, columns)
    below = [verdict] if verdict else []
    below += [line for part in note.split("\n") for line in textwrap.wrap(part, columns)]
    key = 0.28 + 0.18 * (key_rows - 1) if legend else 0
    top = 0.42 + 0.19 * len(above) + key
    bottom = 0.10 + (0.12 + 0.175 * len(below) if below else 0)
    total = height + top + bottom
    figure = Figure(figsize=(width, total), layout="constrained", facecolor="white")
    figure.get_layout_engine().set(
        rect=(0.008, bottom / total, 0.984, height / total), w_pad=0.06, h_pad=0.05
    )
    most = int(width * 8.5)  # bold letters of the wider kind
    heading = title if len(title) <= most else f"{title[: most - 1].rstrip()}…"
    left = 0.12 / width
    figure.text(left, 1 - 0.12 / total, heading, va="top", size=11.5, weight="bold", color=INK)
    if legend:
        figure.legend(
            *legend, loc="upper left", ncols=key_columns, handlelength=3, borderaxespad=0,
            borderpad=0, bbox_to_anchor=(left, 1 - (top - key + 0.03) / total),
        )  # fmt: skip
    for place, (lines, start) in enumerate(((above, total - 0.37), (below, bottom - 0.10))):
        for line_number, line in enumerate(lines):
            bold = place == 1 and verdict and line_number == 0
            look = {"color": INK, "weight": "bold"} if bold else {"color": QUIET}
            height_here = start - line_number * (0.19 if place == 0 else 0.175)
            figure.text(left, height_here / total, line, va="top", size=8.5, **look)
    return figure


def _key_columns(labels: Sequence[str], width: float) -> int:
    """Choose how many entries of a key stand side by side: each with its handle of half an inch."""
    longest = max(map(len, labels), default=1)
    return max(1, min(len(labels), int(width / (0.65 + 0.075 * longest))))


def panels(figure: Figure, count: int, columns: int, **options) -> list[Axes]:
    """Fill a figure with `count` panels in rows of `columns`; surplus places stay empty."""
    rows = -(-count // columns)
    axes = list(figure.subplots(rows, columns, squeeze=False, **options).flat)
    for surplus in axes[count:]:
        surplus.remove()
    return axes[:count]


def short(name: str, length: int = 24) -> str:
    """Cut a long name in the middle, so that its two ends can still be told apart."""
    if len(name) <= length:
        return name
    head = (length - 1) // 2
    return f"{name[:head]}…{name[-(length - 1 - head) :]}"


def short_names(names: Iterable[str], length: int = 24) -> dict[str, str]:
    """Cut long names so that no two become the same: those that would lose what they share."""
    shown = {name: short(name, length) for name in names}
    for cut in set(shown.values()):
        alike = [name for name, text in shown.items() if text == cut]
        if len(alike) > 1:
            first, last = min(alike), max(alike)  # what these two share, all share
            start = next((n for n, x in enumerate(first) if last[n] != x), len(first))
            shown |= {name: short(f"{name[:5]}…{name[start:]}", length) for name in alike}
    return shown


def say_instead(axes: Axes, message: str) -> None:
    """Write in an empty panel why it is empty."""
    axes.text(
        0.5,
        0.5,
        textwrap.fill(message, 34),
        transform=axes.transAxes,
        ha="center",
        va="center",
        color=QUIET,
        style="italic",
    )


def model_key(order: Sequence[str], styles: dict[str, ModelStyle]) -> tuple[list, list[str]]:
    """Make a key of the models for `frame`: line and marker of each."""
    handles = [
        Line2D([], [], color=styles[m].colour, linestyle=styles[m].line, marker=styles[m].marker,
               markersize=5)
        for m in order
    ]  # fmt: skip
    return handles, list(short_names(order).values())


def heading(title: str, dataset: str) -> str:
    """Put the data set's name behind a figure's title."""
    return f"{title} · {dataset}" if dataset else title


def test_rows(predictions: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of held-out records."""
    return predictions[predictions["role"] == "test"]


def ordered_models(table: pd.DataFrame, models: Sequence[str] | None) -> list[str]:
    """List the models of a table: first in the order of `models`, then as they appear."""
    present, wanted = list(dict.fromkeys(table["model"])), list(models or [])
    return [m for m in wanted if m in present] + [m for m in present if m not in wanted]


def estimates(metrics: pd.DataFrame | None, metric: str) -> dict[str, str]:
    """Give each model's pooled test value of a metric with its interval, as text."""
    if metrics is None:
        return {}
    rows = pooled(metrics, metric)
    return {row.model: format_estimate(row.value, row.low, row.high) for row in rows.itertuples()}


def describe_counts(table: pd.DataFrame) -> str:
    """Say how many test records and groups a table of estimates (columns n, groups) rests on."""
    if not len(table) or is_missing(table["n"].max()):
        return "n = 0 test records"
    records, groups = int(table["n"].max()), int(table["groups"].max())
    return f"n = {plural(records, 'test record')} in {plural(groups, 'group')}"


def describe_sample(predictions: pd.DataFrame, clusters: pd.DataFrame | None = None) -> str:
    """Say what a figure is drawn from: records, groups, repeats, folds.

    Parameters
    ----------
    predictions : DataFrame
        Columns record, repeat, fold, role; test rows count.
    clusters : DataFrame, optional
        Columns record, cluster.

    Returns
    -------
    str
        For example "n = 3,000 test records in 2,950 groups, 2 repeats of 5 folds".
    """
    test = test_rows(predictions)
    records = pd.Index(test["record"].unique())
    text = f"n = {plural(len(records), 'test record')}"
    if clusters is not None:
        groups = clusters.loc[clusters["record"].isin(records), "cluster"].nunique()
        text += f" in {plural(groups, 'group')}"
    repeats, folds = test["repeat"].nunique(), test["fold"].nunique()
    plan = plural(folds, "fold") if folds > 1 else "one split"
    return f"{text}, {plural(repeats, 'repeat')} of {plan}" if repeats > 1 else f"{text}, {plan}"


@styled
def save_figure(figure: Figure, svg_path: str | Path, png_path: str | Path) -> None:
    """Write a figure as SVG and as PNG at 150 dots per inch.

    Files carry no date and no random ids: the same figure gives the same bytes. Each file appears
    whole or not at all.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        As the functions of `seqarena.reporting.plots` return it.
    svg_path, png_path : path-like
        Where to write.
    """
    with whole_file(svg_path) as path:
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    with whole_file(png_path) as path:
        figure.savefig(path, format="png", dpi=150, metadata={"Software": None})
