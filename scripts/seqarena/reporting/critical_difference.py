"""The critical-difference diagram: which models the ranks over many data sets tell apart."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqarena.reporting.style import INK, frame, short_names, styled
from seqarena.reporting.wording import format_number, format_p, is_missing, plural

# Inches: the text beside the diagram, the scale of ranks, and the vertical steps.
_WIDTH, _TEXT, _TEXT_GAP = 9.6, 2.7, 0.12
_SCALE, _DIFFERENCE, _BAR_STEP, _LABEL_STEP = 0.46, 0.36, 0.15, 0.27
_BEYOND_NOISE, _WITHIN_NOISE = "#D55E00", "#9aa3ab"
_MOST_LEFT_OUT = 3


def _clique_levels(spans: Sequence[tuple[float, float]], gap: float) -> list[int]:
    """Give each bar, from the left, the first level on which it keeps a gap to the others."""
    ends: list[float] = []
    levels = []
    for low, high in spans:
        level = next((i for i, end in enumerate(ends) if end + gap < low), len(ends))
        ends[level : level + 1] = [high]
        levels.append(level)
    return levels


def _decisive_test(across: Mapping) -> tuple[str, float]:
    """Name the test of all models at once, and give its p: for two models it is the sign test."""
    if sign_test := across.get("sign_test"):
        return "the exact sign test", float(sign_test["p"])
    return "Friedman's test (Iman and Davenport)", float(across["iman_davenport"]["p"])


def _p_words(p: float) -> str:
    return f"p = {format_p(p)}".replace("= <", "<")


def _labels(order: Sequence[str], mean: Mapping[str, float], ranks: pd.DataFrame) -> list[str]:
    """Write each model with its mean rank and the ranks that it had on single data sets."""
    names, by_model = short_names(order, 20), ranks.groupby("model")["rank"]
    least, most = by_model.min(), by_model.max()
    labels = []
    for model in order:
        text = f"{names[model]}  {mean[model]:.2f}"
        if model in least and not is_missing(least[model]):
            ends = dict.fromkeys(f"{end[model]:g}" for end in (least, most))
            text += f" ({' to '.join(ends)})"
        labels.append(text)
    return labels


def _draw_labels(axes: Axes, ranks: Sequence[float], labels: Sequence[str], depth: float) -> None:
    """Name the better half at the left and the others at the right, without crossing lines."""
    half, count = -(-len(ranks) // 2), len(ranks)
    ends = axes.get_xlim()
    unit = (ends[1] - ends[0]) / _WIDTH
    left, right = ends[0] + _TEXT * unit, ends[1] - _TEXT * unit
    for place, (rank, label) in enumerate(zip(ranks, labels, strict=True)):
        first = place < half
        row = place if first else count - 1 - place
        down, side = depth + row * _LABEL_STEP, left if first else right
        axes.plot([rank, rank, side], [0, down, down], color=INK, linewidth=0.9)
        axes.text(side - unit * _TEXT_GAP * (1 if first else -1), down, label, va="center",
                  ha="right" if first else "left", size=9, color=INK)  # fmt: skip


def _draw_critical_difference(axes: Axes, value: float) -> None:
    """Draw the length of the critical difference above the scale, from rank 1 on."""
    height, tick = -0.55, 0.05
    axes.plot([1, 1 + value], [height, height], color=INK, linewidth=1.6)
    for end in (1, 1 + value):
        axes.plot([end, end], [height - tick, height + tick], color=INK, linewidth=1.6)
    axes.text(1 + value / 2, height - 0.08, f"critical difference {format_number(value, 2)}",
              ha="center", va="bottom", size=8.5, color=INK)  # fmt: skip


def _draw_scale(axes: Axes, count: int, above: float, below: float) -> None:
    """Make an axis of ranks in the middle of the figure; distances downwards are in inches."""
    unit = (count - 1) / (_WIDTH - 2 * _TEXT - 0.5)
    outside = (_TEXT + 0.25) * unit
    axes.set(xlim=(1 - outside, count + outside), ylim=(below, -above))
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.spines["top"].set(visible=True, position=("data", 0), bounds=(1, count), color=INK)
    axes.xaxis.set(ticks_position="top", label_position="top")
    axes.set_xticks(range(1, count + 1))
    axes.set_yticks([])
    axes.grid(False)
    axes.set_xlabel("mean rank (1, at the left, is best)")


def _note(across: Mapping, beyond: bool) -> str:
    words = [
        "Each data set ranks the models by its primary metric. Behind a name stands the mean rank "
        "and, in brackets, the best and the worst rank on a single data set."
    ]
    if len(across["mean_ranks"]) == 2:
        words.append("Two models are compared by the exact sign test over data sets.")
    elif beyond:
        words.append(
            "A bar joins models whose mean ranks differ by less than the critical difference "
            f"(Nemenyi's test at the {100 * across['alpha']:g} % level, Demsar 2006): the ranks "
            "don't tell them apart."
        )
    if not beyond:
        words.append("The bar is grey, and no pair may be called different.")
    left_out = across.get("left_out") or []
    if left_out:
        shown = "; ".join(f"{item['what']} ({item['why']})" for item in left_out[:_MOST_LEFT_OUT])
        more = len(left_out) - _MOST_LEFT_OUT
        rest = f"; and {more} more" if more > 0 else ""
        words.append(f"\nLeft out: {shown.replace('`', '')}{rest}.")
    return " ".join(words)


@styled
def plot_critical_difference(ranks: pd.DataFrame, across: Mapping) -> Figure:
    """Draw the mean ranks of models over data sets, with bars over those not told apart.

    Demsar (2006), Statistical comparisons of classifiers over multiple data sets, Journal of
    Machine Learning Research 7, 1-30. Rank 1, the best, is at the left.

    Parameters
    ----------
    ranks : DataFrame
        Columns model, dataset, rank: as in `across/ranks.tsv`.
    across : mapping
        As in `across/across.json`: datasets, mean_ranks (by model), iman_davenport (with p),
        sign_test (with p; for two models, else missing or None), alpha, critical_difference,
        cliques (lists of models not told apart) and left_out (what and why).

    Returns
    -------
    matplotlib.figure.Figure
        The bars are grey where the test of all models at once isn't beyond noise. For two models
        the critical difference isn't drawn, since it decides nothing.
    """
    mean = across["mean_ranks"]
    order = sorted(mean, key=mean.get)
    values, count = [mean[model] for model in order], len(order)
    spans = sorted(
        (min(mean[m] for m in clique) - 0.012 * count, max(mean[m] for m in clique) + 0.012 * count)
        for clique in across["cliques"]
        if len(clique) > 1
    )
    levels = _clique_levels(spans, 0.02 * count)
    test, p = _decisive_test(across)
    beyond = p < across["alpha"]
    depth = 0.25 + _BAR_STEP * (max(levels, default=-1) + 1)
    below = depth + _LABEL_STEP * (-(-count // 2))
    above = _SCALE + (_DIFFERENCE if count > 2 else 0)
    verdict = "" if beyond else "No difference beyond noise between the models"
    figure = frame(
        _WIDTH, above + below, "Mean ranks over data sets, with the critical difference",
        f"n = {plural(len(across['datasets']), 'data set')}, {plural(count, 'model')}; "
        f"{test}: {_p_words(p)}", _note(across, beyond), verdict=verdict,
    )  # fmt: skip
    axes = figure.subplots()
    _draw_scale(axes, count, above, below)
    _draw_labels(axes, values, _labels(order, mean, ranks), depth)
    for (low, high), level in zip(spans, levels, strict=True):
        axes.plot([low, high], [0.14 + _BAR_STEP * level] * 2, linewidth=4.5,
                  color=_BEYOND_NOISE if beyond else _WITHIN_NOISE, solid_capstyle="butt",
                  zorder=3)  # fmt: skip
    if count > 2:
        _draw_critical_difference(axes, float(across["critical_difference"]))
    return figure
