"""Figures of labels that a record may have several of: a panel or a row a label.

An entry (a record and a label) whose truth is missing stands in no figure. Where there are more
labels than can be read, those with the most positives are shown and the figure says so.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from seqarena.reporting.bands import GRID, curves_with_bands
from seqarena.reporting.metric_axes import mark_chance
from seqarena.reporting.style import (
    INK,
    QUIET,
    balanced_columns,
    describe_sample,
    frame,
    heading,
    model_key,
    model_styles,
    ordered_models,
    panels,
    say_instead,
    short,
    short_names,
    styled,
    test_rows,
)
from seqarena.reporting.tables import pooled
from seqarena.reporting.wording import (
    NOT_DEFINED,
    format_count,
    format_share,
    metric_label,
    plural,
)

_MOST_PANELS, _MOST_ROWS = 20, 60
_CHANCE = "#8c959f"


def label_support(predictions: pd.DataFrame) -> pd.DataFrame:
    """Count the positives of each label among the test records, each record once.

    Parameters
    ----------
    predictions : DataFrame
        Columns record, repeat, role, target, truth (1, 0, or NaN where it is missing).

    Returns
    -------
    DataFrame
        Indexed by label, from the most to the least common: positives, n (records whose label is
        known) and missing, int64; share, float64.
    """
    rows = test_rows(predictions).drop_duplicates(["record", "target"])
    by_label = rows.groupby("target", sort=False)["truth"]
    table = pd.DataFrame({"positives": by_label.sum().astype(int), "n": by_label.count()})
    table["missing"] = by_label.size() - table["n"]
    table["share"] = table["positives"] / table["n"].clip(lower=1)
    return table.sort_values("share", ascending=False, kind="stable")


def _shown(support: pd.DataFrame, most: int, place: str) -> tuple[pd.DataFrame, str]:
    """Keep the labels that there is room for, and say how many are not shown."""
    if len(support) <= most:
        return support, ""
    kept = support["positives"].nlargest(most).index
    note = f" Shown: the {most} labels with the most positives, of {len(support)}; {place}."
    return support[support.index.isin(kept)], note


def _sample(predictions: pd.DataFrame, clusters: pd.DataFrame | None, support: pd.DataFrame) -> str:
    """Say what a figure is drawn from, with labels and missing entries."""
    text = f"{describe_sample(predictions, clusters)}, {plural(len(support), 'label')}"
    if missing := int(support["missing"].sum()):
        entries = missing + int(support["n"].sum())
        of_all = f"{format_count(missing)} of {format_count(entries)}"
        text += f"; {of_all} entries are missing ({format_share(missing / entries)}) and left out"
    return text


def _title(label: str, row: pd.Series, length: int = 26) -> str:
    counts = f"{format_count(row['positives'])} of {format_count(row['n'])}"
    return f"{short(label, length)}\n{counts} ({format_share(row['share'])})"


def _curves_by_label(
    kind: str, predictions: pd.DataFrame, clusters: pd.DataFrame | None,
    models: Sequence[str] | None, title: str, note: str,
) -> tuple[Figure, list[tuple[Axes, float]]]:  # fmt: skip
    """Draw a panel a label with the curve of every model; give panels with prevalences."""
    order = ordered_models(predictions, models)
    styles, test = model_styles([*(models or []), *order]), test_rows(predictions)
    every = label_support(test)
    support, left_out = _shown(every, _MOST_PANELS, "the others are in the report's tables")
    columns = balanced_columns(len(support), 4)
    figure = frame(
        9.6, 2.7 * -(-len(support) // columns), title, _sample(test, clusters, every),
        f"{note}{left_out}", model_key(order, styles),
    )  # fmt: skip
    axes_of = panels(figure, len(support), columns, sharey=True)
    known = test[test["truth"].notna()]
    for axes, (label, row) in zip(axes_of, support.iterrows(), strict=True):
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        axes.set_title(_title(label, row), fontsize=8.5)
        curves = curves_with_bands(known[known["target"] == label], kind, draws=0)
        if not any(curves.values()):
            say_instead(axes, f"{NOT_DEFINED}: one class only")
        for place, model in enumerate(order):
            if curves.get(model) is not None:
                look = styles[model]
                axes.plot(GRID, curves[model].centre, color=look.colour, linestyle=look.line,
                          linewidth=1.4, marker=look.marker, markersize=3.5,
                          markevery=(25 + 9 * place, 60))  # fmt: skip
    return figure, [(axes, share) for axes, share in zip(axes_of, support["share"], strict=True)]


def _label_axes(placed: list[tuple[Axes, float]], across: str, up: str) -> None:
    """Name the axes of panels: the horizontal ones everywhere, the vertical ones at the left."""
    for axes, _ in placed:
        axes.set_xlabel(across)
        if axes.get_subplotspec().is_first_col():
            axes.set_ylabel(up)


@styled
def plot_label_roc(
    predictions: pd.DataFrame,
    clusters: pd.DataFrame | None = None,
    *,
    models: Sequence[str] | None = None,
    dataset: str = "",
) -> Figure:
    """Draw the ROC curves of all models, a panel a label.

    Parameters
    ----------
    predictions : DataFrame
        Columns model, record, repeat, fold, role, target (the label), truth (1, 0 or NaN where it
        is missing), prediction.
    clusters : DataFrame, optional
        Columns record, cluster.
    models : sequence of str, optional
        All models of the configuration in order: fixes order and colours.
    dataset : str
        Name for the heading.

    Returns
    -------
    matplotlib.figure.Figure
        Without bands, which would cover each other; the intervals are in `plot_label_metrics`.
    """
    figure, placed = _curves_by_label(
        "roc", predictions, clusters, models, heading("ROC curves of each label", dataset),
        "Above each panel: positives of the label among the test records. Line: mean over repeats "
        "of the pooled test predictions. Grey diagonal: chance.",
    )  # fmt: skip
    for axes, _ in placed:
        axes.plot([0, 1], [0, 1], color=_CHANCE, linewidth=0.9, zorder=0)
    _label_axes(placed, "false positive rate", "true positive rate")
    return figure


@styled
def plot_label_precision_recall(
    predictions: pd.DataFrame,
    clusters: pd.DataFrame | None = None,
    *,
    models: Sequence[str] | None = None,
    dataset: str = "",
) -> Figure:
    """Draw precision against recall for all models, a panel a label.

    Parameters are those of `plot_label_roc`.

    Returns
    -------
    matplotlib.figure.Figure
        With the label's prevalence as a grey line.
    """
    figure, placed = _curves_by_label(
        "precision_recall", predictions, clusters, models,
        heading("Precision and recall of each label", dataset),
        "Above each panel: positives of the label among the test records. Line: mean over repeats "
        "of the pooled test predictions. Grey horizontal: prevalence, the precision of calling "
        "all.",
    )  # fmt: skip
    for axes, prevalence in placed:
        axes.axhline(prevalence, color=_CHANCE, linewidth=0.9, zorder=0)
    _label_axes(placed, "recall (share found)", "precision")
    return figure


def _draw_label_rows(
    axes: Axes, rows: pd.DataFrame, labels: Sequence[str], order: Sequence[str], styles: dict
) -> None:
    """Draw every label's row: the models beneath each other, each with its interval."""
    step = 0.72 / max(len(order), 1)
    of = {(row.model, row.target): row for row in rows.itertuples()}
    for place, label in enumerate(labels):
        if place % 2:
            axes.axhspan(place - 0.5, place + 0.5, color="#f6f8fa", zorder=-1, linewidth=0)
        drawn = False
        for offset, model in enumerate(order):
            row, look = of.get((model, label)), styles[model]
            if row is None or np.isnan(row.value):
                continue
            height, drawn = place + (offset - (len(order) - 1) / 2) * step, True
            axes.plot([row.low, row.high], [height] * 2, color=look.colour, linewidth=2, alpha=0.45)
            axes.plot([row.value], [height], marker=look.marker, color=look.colour, markersize=5,
                      markeredgecolor="white", markeredgewidth=0.5)  # fmt: skip
        if not drawn:
            axes.text(0.5, place, NOT_DEFINED, transform=axes.get_yaxis_transform(), ha="center",
                      va="center", size=8, color=QUIET, style="italic")  # fmt: skip
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0, labelcolor=INK)


@styled
def plot_label_metrics(
    metrics: pd.DataFrame,
    predictions: pd.DataFrame,
    clusters: pd.DataFrame | None = None,
    *,
    models: Sequence[str] | None = None,
    dataset: str = "",
) -> Figure:
    """Draw AUROC and AUPRC of every label and model, labels sorted by how common they are.

    Parameters
    ----------
    metrics : DataFrame
        As in `metrics.tsv`, with the rows of each label.
    predictions, clusters, models, dataset
        As for `plot_label_roc`; the positives are counted among the predictions.

    Returns
    -------
    matplotlib.figure.Figure
    """
    table, every = pooled(metrics, target=None), label_support(predictions)
    order = ordered_models(predictions, models)
    styles = model_styles([*(models or []), *order])
    support, left_out = _shown(every, _MOST_ROWS, "the others are in the report's tables")
    figure = frame(
        9.6, 0.75 + max(0.34, 0.1 + 0.11 * len(order)) * len(support),
        heading("Every label by itself", dataset), _sample(predictions, clusters, every),
        "Labels from the most to the least common, with positives among the test records. Marker: "
        "pooled test predictions, mean over repeats. Bar: 95 % interval, bootstrap over groups. "
        "Dotted line: chance. Grey ticks: prevalence of the label, the floor of AUPRC." + left_out,
        model_key(order, styles),
    )  # fmt: skip
    names = short_names(support.index, 22)
    rows_of = {metric: table[table["metric"] == metric] for metric in ("auroc", "auprc")}
    for axes, (metric, rows) in zip(
        panels(figure, 2, 2, sharey=True), rows_of.items(), strict=True
    ):
        _draw_label_rows(axes, rows, list(support.index), order, styles)
        axes.set_title(metric_label(metric))
        axes.set_xlabel("higher is better")
    first, second = figure.axes
    first.set_yticks(
        range(len(support)),
        [f"{names[label]}  {_counts(row)}" for label, row in support.iterrows()],
    )
    mark_chance(first, 0.5)
    edges = np.arange(len(support))
    second.vlines(support["share"], edges - 0.42, edges + 0.42, color=_CHANCE, linewidth=1.2)
    second.set_xlim(left=min(0.0, second.get_xlim()[0]))
    return figure


def _counts(row: pd.Series) -> str:
    return f"{format_count(row['positives'])} of {format_count(row['n'])}"


_TRUTHS = (
    (0, -0.19, {"facecolor": "#d0d7de", "edgecolor": "#57606a", "hatch": "////"}),
    (1, 0.19, {"facecolor": "#0072B2", "edgecolor": "#003b5c", "alpha": 0.72}),
)


def _draw_label_scores(axes: Axes, rows: pd.DataFrame, limits: pd.Series, order: Sequence) -> None:
    """Draw for each model a box of the records without the label and one of those with it."""
    end = 0.0
    for place, model in enumerate(order):
        of_model = rows[rows["model"] == model]
        for truth, shift, look in _TRUTHS:
            values = of_model.loc[of_model["truth"].round() == truth, "prediction"].dropna()
            if not len(values):
                continue
            low, left, middle, right, high = np.percentile(values, [5, 25, 50, 75, 95])
            height, end = place + shift, max(end, high)
            axes.plot([low, high], [height] * 2, color=QUIET, linewidth=0.9, zorder=1)
            axes.barh(height, right - left, 0.32, left, linewidth=0.7, **look)
            axes.plot([middle] * 2, [height - 0.16, height + 0.16], color=INK, linewidth=1.6)
        if model in limits.index:
            end = max(end, float(limits[model]))
            axes.plot([limits[model]] * 2, [place - 0.42, place + 0.42], color="#E69F00",
                      linewidth=1.6)  # fmt: skip
    end = min(1.0, end * 1.08) if end > 0 else 1.0
    axes.set(xlim=(-0.02 * end, 1.02 * end), ylim=(len(order) - 0.45, -0.55))
    axes.locator_params(axis="x", nbins=4)


@styled
def plot_label_scores(
    predictions: pd.DataFrame,
    thresholds: pd.DataFrame | None = None,
    clusters: pd.DataFrame | None = None,
    *,
    models: Sequence[str] | None = None,
    dataset: str = "",
) -> Figure:
    """Draw how each model's probabilities of a label are distributed, a panel a label.

    Parameters
    ----------
    predictions, clusters, models, dataset
        As for `plot_label_roc`.
    thresholds : DataFrame, optional
        Columns model, repeat, fold, target (the label), threshold.

    Returns
    -------
    matplotlib.figure.Figure
        With a box for the records that have the label and one for those that don't; the axis ends
        where the panel's records do, since the probabilities of a rare label are all small.
    """
    order, test = ordered_models(predictions, models), test_rows(predictions)
    every = label_support(test)
    support, left_out = _shown(every, _MOST_PANELS, "the others are in the table of predictions")
    columns = balanced_columns(len(support), 4)
    key = [Patch(**look) for *_, look in _TRUTHS]
    figure = frame(
        9.6, (1.0 + 0.3 * len(order)) * -(-len(support) // columns),
        heading("Distribution of the predictions of each label", dataset),
        _sample(test, clusters, every),
        "Box: middle half of the records, thick line: median, thin line: 5 % to 95 %. Orange: "
        "median over runs of the threshold, chosen on validation records. Repeats are pooled. "
        f"Axes differ: each ends where its records do.{left_out}",
        (key, ["records without the label", "records with it"]),
    )  # fmt: skip
    limits = pd.Series(dtype=float)
    if thresholds is not None and len(thresholds):
        limits = thresholds.groupby(["target", "model"])["threshold"].median()
    axes_of = panels(figure, len(support), columns, sharey=True)
    names = list(short_names(order, 16).values())
    for axes, (label, row) in zip(axes_of, support.iterrows(), strict=True):
        of_label = limits[label] if label in limits.index else pd.Series(dtype=float)
        _draw_label_scores(axes, test[test["target"] == label], of_label.dropna(), order)
        axes.set_title(_title(label, row), fontsize=8.5)
        axes.set_xlabel("predicted probability")
        axes.grid(axis="y", visible=False)
        axes.set_yticks(range(len(order)), names)
    return figure


@styled
def plot_label_reliability(
    reliability: pd.DataFrame,
    predictions: pd.DataFrame,
    clusters: pd.DataFrame | None = None,
    *,
    models: Sequence[str] | None = None,
    dataset: str = "",
) -> Figure:
    """Draw the observed share against the probability as predicted, a panel a label.

    Parameters
    ----------
    reliability : DataFrame
        Columns model, stage, target (the label), predicted, observed: as in `reliability.tsv`.
    predictions, clusters, models, dataset
        As for `plot_label_roc`.

    Returns
    -------
    matplotlib.figure.Figure
        Before temperature scaling only: the errors after it are in the report's table.
    """
    order, every = ordered_models(predictions, models), label_support(predictions)
    styles = model_styles([*(models or []), *order])
    support, left_out = _shown(every, _MOST_PANELS, "the others are in the report's tables")
    columns = balanced_columns(len(support), 4)
    figure = frame(
        9.6, 2.7 * -(-len(support) // columns),
        heading("Reliability of the probabilities of each label", dataset),
        _sample(predictions, clusters, every),
        "Marker: a bin of records of the first repeat, by their mean predicted probability and the "
        "share of them that has the label. On the grey diagonal a probability means what it says; "
        "below it, it is too high. As predicted, before temperature scaling. Axes differ: each "
        f"ends where its bins do.{left_out}",
        model_key(order, styles),
    )  # fmt: skip
    rows = reliability[reliability["stage"] == "before"].dropna(subset=["predicted", "observed"])
    axes_of = panels(figure, len(support), columns)
    for axes, (label, row) in zip(axes_of, support.iterrows(), strict=True):
        of_label = rows[rows["target"] == label].sort_values("predicted")
        for model in order:
            bins, look = of_label[of_label["model"] == model], styles[model]
            axes.plot(bins["predicted"], bins["observed"], color=look.colour, linestyle=look.line,
                      linewidth=1, marker=look.marker, markersize=4, alpha=0.9)  # fmt: skip
        end = 1.05 * max(0.001, of_label[["predicted", "observed"]].to_numpy().max(initial=0))
        axes.plot([0, 1], [0, 1], color=_CHANCE, linewidth=0.9, zorder=0)
        axes.set(xlim=(-0.02 * end, end), ylim=(-0.03 * end, end))
        axes.locator_params(nbins=4)
        axes.set_title(_title(label, row), fontsize=8.5)
        axes.set_xlabel("mean predicted probability")
        if axes.get_subplotspec().is_first_col():
            axes.set_ylabel("observed share")
        if not len(of_label):
            say_instead(axes, f"{NOT_DEFINED}: no finite probability")
    return figure
