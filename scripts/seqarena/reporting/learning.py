"""The loss curves of one network: loss and metric by epoch, over all its folds and repeats."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seqarena.reporting.style import (
    INK,
    TRAIN_COLOUR,
    VALIDATION_COLOUR,
    frame,
    heading,
    say_instead,
    short,
    styled,
)
from seqarena.reporting.wording import METRICS, is_missing, metric_label, plural

_ROLES = {
    "train": (TRAIN_COLOUR, (0, (4, 1.6)), "training"),
    "validation": (VALIDATION_COLOUR, "-", "validation"),
}
_RUN = ["repeat", "fold"]


def _loss_label(runs: Sequence[Mapping], metric: str | None) -> str:
    """Name the loss and its unit: as the runs' settings say, else by the task's metric."""
    settings = runs[0].get("settings") or {} if runs else {}
    name = str(settings.get("loss") or "").lower()
    cross_entropy = "crossentropy" in name and "focal" not in name
    if cross_entropy or (not name and metric in ("auroc", "accuracy")):
        return "loss (cross-entropy, nats per record)"
    scaled = ", target in SD" if metric == "pearson" else ""
    if name in ("mse", "mean_squared_error", "meansquarederror") or not name:
        return f"loss (squared error per record{scaled})"
    return f"loss ({short(name, 30)} per record{scaled})"


def _median_curve(rows: pd.DataFrame) -> pd.Series:
    """Give the median over runs by epoch, while at least half of the runs are still training.

    Beyond that the survivors are a selection, and the line would jump as runs stop.
    """
    by_epoch = rows.groupby("epoch")["value"]
    runs = rows.groupby(_RUN).ngroups
    return by_epoch.median()[by_epoch.size() >= runs / 2]


def _best_epochs(runs: Sequence[Mapping]) -> dict[tuple[int, int], int]:
    return {
        (run["repeat"], fold["fold"]): fold["best_epoch"]
        for run in runs
        for fold in run["folds"]
        if not is_missing(fold.get("best_epoch"))
    }


def _draw_role(axes: Axes, rows: pd.DataFrame, role: str, best: dict) -> None:
    colour, line, _ = _ROLES[role]
    rows = rows.sort_values("epoch")
    several = rows.groupby(_RUN).ngroups > 1
    for run, of_run in rows.groupby(_RUN):
        lone = "." if len(of_run) == 1 else None
        look = {"linewidth": 0.7, "alpha": 0.5} if several else {"linewidth": 1.8}
        axes.plot(
            of_run["epoch"], of_run["value"], color=colour, linestyle=line, marker=lone, **look
        )
        kept = of_run[of_run["epoch"] == best.get(run)]
        if role == "validation" and len(kept):
            axes.plot(
                kept["epoch"], kept["value"], "o", markersize=5, color=colour,
                markeredgecolor="white", markeredgewidth=0.8, zorder=5,
            )  # fmt: skip
    if several:
        median = _median_curve(rows)
        axes.plot(median.index, median, color=colour, linestyle=line, linewidth=2.4, zorder=4)


def _limit_loss(axes: Axes, values: np.ndarray, reference: float) -> None:
    """Keep a few exploded losses from flattening everything else, and say that they are there."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return
    ceiling = 3 * reference if np.isfinite(reference) else np.inf
    ceiling = max(ceiling, 1.5 * float(np.median(finite)))
    above = int((values > ceiling).sum() + np.isnan(values).sum())
    top = min(ceiling, float(finite.max()))
    if np.isfinite(reference):
        top = max(top, reference)
    axes.set_ylim(0, top * 1.12 if top > 0 else 1)
    if above:
        axes.annotate(
            f"{plural(above, 'value')} above the axis", (1, 1), xycoords="axes fraction",
            xytext=(-3, -3), textcoords="offset points", ha="right", va="top", size=8, color=INK,
        )  # fmt: skip


def _draw_panel(axes: Axes, rows: pd.DataFrame, best: dict, ylabel: str) -> None:
    for role in _ROLES:
        if len(of_role := rows[rows["role"] == role]):
            _draw_role(axes, of_role, role, best)
    axes.set(xlabel="epoch (passes over the training records)", ylabel=ylabel)
    last = int(rows["epoch"].max())
    axes.set_xlim(0.5, max(last, 1) + 0.5)
    axes.xaxis.get_major_locator().set_params(integer=True)


def _verdict(diagnosis: Mapping | pd.Series | None) -> tuple[str, str]:
    """Give the verdict and its reason."""
    if diagnosis is None or is_missing(diagnosis.get("verdict")):
        return "No verdict", "Nothing was diagnosed for this model."
    verdict, reason = str(diagnosis["verdict"]), diagnosis.get("reason")
    return f"{verdict[:1].upper()}{verdict[1:]}", "" if is_missing(reason) else str(reason)


def _sample(runs: Sequence[Mapping], rows: pd.DataFrame) -> str:
    folds = [fold for run in runs for fold in run["folds"]]
    repeats, per_repeat = rows["repeat"].nunique(), rows["fold"].nunique()
    plan = plural(per_repeat, "fold") if per_repeat > 1 else "one split"
    text = f"{plural(repeats, 'repeat')} of {plan}"
    if not folds:
        return text
    counts = [
        f"n = {_span([fold[key] for fold in folds])} {noun} records"
        for key, noun in (("n_train", "training"), ("n_validation", "validation"))
    ]
    return f"{text}; per fold {' and '.join(counts)}"


def _span(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _legend(reference: bool) -> tuple[list, list[str]]:
    lines = [
        Line2D([], [], color=colour, linestyle=line, linewidth=2.2)
        for colour, line, _ in _ROLES.values()
    ]
    lines.append(
        Line2D([], [], color=VALIDATION_COLOUR, linestyle="", marker="o", markeredgecolor="white")
    )
    labels = [name for *_, name in _ROLES.values()] + ["epoch kept"]
    if reference:
        lines.append(Line2D([], [], color=INK, linestyle=(0, (1, 1.5)), linewidth=1.3))
        labels.append("best constant prediction")
    return lines, labels


@styled
def plot_curves(
    history: pd.DataFrame,
    runs: Sequence[Mapping],
    model: str,
    diagnosis: Mapping | pd.Series | None = None,
    *,
    dataset: str = "",
) -> Figure:
    """Draw loss and metric by epoch for one network, with the verdict beneath.

    Thin lines are folds and repeats, the thick line is their median while at least half of them
    are still training; dots mark the epoch whose weights were kept; the dotted line is the loss of
    the best constant prediction.

    Parameters
    ----------
    history : DataFrame
        Columns repeat, fold, epoch, role (train, validation), metric ("loss" and one more), value;
        rows of other models are left out if there is a column model.
    runs : sequence of mapping
        Contents of `run.json`, one a repeat; those of other models are left out.
    model : str
        Which model.
    diagnosis : mapping, optional
        Its row of `diagnosis.tsv`: verdict and reason are used.
    dataset : str
        Name for the heading.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = history[history["model"] == model] if "model" in history else history
    runs = [run for run in runs if run["model"] == model]
    others = [name for name in dict.fromkeys(rows["metric"]) if name != "loss"]
    metric = others[0] if others else None
    best = _best_epochs(runs)
    references = [fold.get("reference_loss") for run in runs for fold in run["folds"]]
    references = [value for value in references if not is_missing(value)]
    reference = float(np.mean(references)) if references else np.nan
    verdict, reason = _verdict(diagnosis)
    title = heading(f"Loss curves of {short(model, 40)}", dataset)
    figure = frame(9.6, 3.3, title, _sample(runs, rows), reason, _legend(bool(references)), verdict)
    left, right = figure.subplots(1, 2)
    loss = rows[rows["metric"] == "loss"]
    if len(loss):
        _draw_panel(left, loss, best, _loss_label(runs, metric))
        _limit_loss(left, loss["value"].to_numpy(float), reference)
    else:
        say_instead(left, "no loss was recorded")
    if references:
        left.axhline(reference, color=INK, linestyle=(0, (1, 1.5)), linewidth=1.3, zorder=1)
    if metric is None:
        say_instead(right, "no metric was recorded")
    else:
        of_metric = rows[rows["metric"] == metric]
        _draw_panel(right, of_metric, best, f"{metric_label(metric)} (higher is better)")
        # The whole scale from chance to 1: a zoom would make ripples look like waves.
        chance = METRICS[metric].chance if metric in METRICS else None
        lowest = np.nanmin([of_metric["value"].min(), 0.0 if chance is None else chance])
        right.set_ylim(lowest - 0.03, 1.03)
    return figure
