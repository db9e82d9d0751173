import json
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.text import Text

from seqarena.reporting import plots
from seqarena.reporting.critical_difference import _clique_levels

MODELS = ["majority", "composition", "linear", "dense", "conv1d"]
LONG = [
    "linear",
    "conv1d",
    *(f"a_long_name_of_a_network_{i}_with_dilated_filters" for i in range(10)),
]
EDGES = [0.16, 0.2, 0.23, 0.31, 0.62, 1.0]
_ESTIMATE = ["metric", "value", "low", "high", "n", "groups"]
_BINNED = ["model", "subset", "low_edge", "high_edge", *_ESTIMATE]
_CALIBRATION = ["model", "stage", *_ESTIMATE]
_RELIABILITY = ["model", "stage", "bin", "n", "groups", "predicted", "observed", "low", "high"]


def similarity_of(models=MODELS, edges=EDGES, leaked=350, metric="auroc"):
    """Make similarity.tsv: values rise with the place of the model and with similarity."""
    rows = []
    for place, model in enumerate(models):
        level = 0.5 + 0.3 * place / len(models)
        whole = [("all", 3000, level), ("without leaked", 3000 - leaked, level - 0.02)]
        parts = [(name, np.nan, np.nan, n, n - 50, value) for name, n, value in whole]
        if leaked:
            parts.append(("leaked", np.nan, np.nan, leaked, leaked - 50, level + 0.1))
        parts += [
            ("similarity", *ends, 600 + step, 500 + step, level + 0.03 * step)
            for step, ends in enumerate(pairwise(edges))
        ]
        for subset, low_edge, high_edge, n, groups, value in parts:
            for name, shift in ((metric, 0), ("mcc", -0.4)):
                here = value + shift
                bounds = (here, here - 0.02, here + 0.02)
                rows.append((model, subset, low_edge, high_edge, name, *bounds, n, groups))
    return pd.DataFrame(rows, columns=_BINNED)


def reliability_of(models=MODELS, bins=10):
    """Make reliability.tsv and calibration.tsv: too sure before, right after."""
    rows, errors = [], []
    for model in models:
        count = 1 if model == "majority" else bins
        for stage in ("before", "after"):
            predicted = np.linspace(0.03, 0.97, count) if count > 1 else np.array([0.5])
            observed = predicted if stage == "after" else 0.5 + 0.6 * (predicted - 0.5)
            n = 60 + np.arange(count) if count > 1 else [1300]
            for k in range(count):
                ends = (max(observed[k] - 0.08, 0), min(observed[k] + 0.08, 1))
                rows.append((model, stage, k, n[k], 30, predicted[k], observed[k], *ends))
            value = 0.123 if stage == "before" else 0.021
            errors.append((model, stage, "ece", value, value - 0.015, value + 0.02, 1300, 700))
            errors.append((model, stage, "brier", 0.2, 0.18, 0.22, 1300, 700))
    return pd.DataFrame(rows, columns=_RELIABILITY), pd.DataFrame(errors, columns=_CALIBRATION)


def learning_curve_of(models=MODELS, fractions=(0.1, 0.3, 1.0), n=2000, metric="auroc"):
    """Make learning_curve.tsv."""
    rows = [
        (model, f, n * f, metric, v := 0.55 + 0.3 * (place + 1) / len(models) * f**0.4, v - 0.02,
         v + 0.02, 3000, 2800)
        for place, model in enumerate(models) for f in fractions
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["model", "fraction", "n_train", *_ESTIMATE])


def ranks_of(mean_ranks, cliques, p=0.0002, n=8, critical_difference=2.0, **more):
    """Make ranks.tsv (each model one rank up and down of its mean) and across.json."""
    names = [f"set{i}" for i in range(n)]
    rows = [
        (model, name, mean + (-1) ** i, 0.9)
        for model, mean in mean_ranks.items()
        for i, name in enumerate(names)
    ]
    across = {
        "datasets": names, "models": list(mean_ranks), "left_out": [], "mean_ranks": mean_ranks,
        "friedman": {"statistic": 12.0, "df": 4, "p": 0.01}, "sign_test": None,
        "iman_davenport": {"statistic": 9.0, "df1": 4, "df2": 28, "p": p}, "alpha": 0.05,
        "critical_difference": critical_difference, "cliques": cliques, "pairs": [],
        "sentence": "",
    }  # fmt: skip
    return pd.DataFrame(rows, columns=["model", "dataset", "rank", "value"]), across | more


FIVE_RANKS = dict(zip(MODELS, [4.75, 4.25, 3.0, 2.0, 1.25], strict=True))
FIVE_CLIQUES = [["conv1d", "dense", "linear"], ["linear", "composition", "majority"]]
TWELVE_RANKS = dict(zip(LONG, np.linspace(10.75, 2.5, 12).tolist(), strict=True))
TWELVE_CLIQUES = [LONG[i : i + 4] for i in range(9)]


def words_of(figure):
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def title_of(axes):
    return axes.get_title(loc="left")


def marked(axes):
    """Give the panel's lines that have markers, as arrays of shape (points, 2)."""
    lines = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
    return {line: np.column_stack([line.get_xdata(), line.get_ydata()]) for line in lines}


def shown_ticks(axes):
    """Give the labels of those ticks that lie on the axes."""
    for place, axis in enumerate((axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        for label in axis.get_ticklabels():
            if label.get_text() and low <= label.get_position()[place] <= high:
                yield label


def crowded():
    """Draw every figure with twelve models of long names, many sizes and narrow bins."""
    edges = [0.2113, 0.2116, 0.2121, 0.2128, 0.2133, 1.0]
    sizes = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
    far = {"models": LONG, "dataset": "d" * 90}
    left_out = [{"what": "x" * 60, "why": "not run on `splice`"}] * 5
    return {
        "similarity": plots.plot_similarity(similarity_of(LONG, edges), "auroc", **far),
        "reliability": plots.plot_reliability(*reliability_of(LONG, 15), **far),
        "learning_curve": plots.plot_learning_curve(
            learning_curve_of(LONG, sizes, 800_000), "auroc", **far
        ),
        "critical_difference": plots.plot_critical_difference(
            *ranks_of(TWELVE_RANKS, TWELVE_CLIQUES, left_out=left_out)
        ),
    }


def small():
    """Draw every figure with as little as there can be."""
    return {
        "similarity": plots.plot_similarity(similarity_of(["linear"], [0.2, 0.2], 0), "auroc"),
        "reliability": plots.plot_reliability(*reliability_of(["majority"])),
        "learning_curve": plots.plot_learning_curve(
            learning_curve_of(["linear"], (1.0,), 3), "auroc"
        ),
        "critical_difference": plots.plot_critical_difference(
            *ranks_of({"linear": 1.2, "conv1d": 1.8}, [], sign_test={"p": 0.04})
        ),
    }


@pytest.mark.parametrize("draw_all", [crowded, small])
def test_labels_are_whole_and_lie_apart(draw_all):
    for name, figure in draw_all().items():
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        page = figure.bbox
        assert "n = " in words_of(figure)
        assert all(axes.get_xlabel() for axes in figure.axes)
        parts = [text.get_window_extent(renderer) for text in figure.texts]
        parts += [axes.get_tightbbox(renderer) for axes in figure.axes]
        written = [
            text.get_window_extent(renderer).shrunk(0.98, 0.9)
            for axes in figure.axes
            for text in [*shown_ticks(axes), *axes.texts]
        ]
        for box in parts:
            assert box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1, name
            assert box.y0 >= page.y0 - 1 and box.y1 <= page.y1 + 1, name
        for boxes in ([box.shrunk(0.98, 0.98) for box in parts], written):
            for place, box in enumerate(boxes):
                assert not any(box.overlaps(other) for other in boxes[place + 1 :]), name


def test_each_model_has_a_point_in_every_bin_and_bins_tell_their_records():
    figure = plots.plot_similarity(similarity_of(), "auroc", models=MODELS, dataset="splice")
    left, _ = figure.axes
    points = list(marked(left).values())
    assert [len(of_model) for of_model in points] == [5] * 5
    for place, of_model in enumerate(points):
        level = 0.5 + 0.3 * place / 5
        assert of_model[:, 1] == pytest.approx(level + 0.03 * np.arange(5))
        assert np.round(of_model[:, 0]).tolist() == [0, 1, 2, 3, 4]
    inside = np.array([of_model[2, 0] for of_model in points])
    assert (np.diff(inside) > 0.05).all()  # side by side, as configured
    labels = [label.get_text() for label in left.get_xticklabels()]
    assert labels[0] == "16 to 20\nn = 600\n500 groups"
    assert labels[4] == "62 to 100\nn = 604\n504 groups"
    assert "AUROC (higher is better)" in left.get_ylabel()
    assert "n = 3,000 test records in 2,950 groups; 350 records in 300 groups leaked" in words_of(
        figure
    )


def test_narrow_bins_are_written_with_the_decimals_that_tell_them_apart():
    figure = plots.plot_similarity(similarity_of(edges=[0.211, 0.214, 0.216, 1.0]), "auroc")
    labels = [label.get_text().partition("\n")[0] for label in figure.axes[0].get_xticklabels()]
    assert labels == ["21.1 to 21.4", "21.4 to 21.6", "21.6 to 100"]


def test_all_unleaked_and_leaked_stand_in_the_row_of_their_model():
    figure = plots.plot_similarity(similarity_of(), "auroc", models=MODELS)
    right = figure.axes[1]
    assert [label.get_text() for label in right.get_yticklabels()] == MODELS
    points = {round(float(xy[0, 1]), 2): line for line, xy in marked(right).items()}
    assert len(points) == 15
    conv1d = [points[round(4 + step, 2)] for step in (-0.25, 0, 0.25)]
    assert [line.get_xdata()[0] for line in conv1d] == pytest.approx([0.74, 0.72, 0.84])
    assert conv1d[1].get_markerfacecolor() == "white"
    assert conv1d[2].get_marker() == "x"
    key = [text.get_text() for text in figure.legends[0].get_texts()]
    assert key == [
        "right: all test records", "right: without leaked records", "right: leaked records only"
    ]  # fmt: skip


@pytest.mark.parametrize("as_rows", [False, True])
def test_no_leaked_record_is_said(as_rows):
    table = similarity_of(leaked=0)
    if as_rows:  # the subset may also be there without a record
        empty = table[table["subset"] == "all"].assign(
            subset="leaked", value=np.nan, low=np.nan, high=np.nan, n=0, groups=0
        )
        table = pd.concat([table, empty])
    figure = plots.plot_similarity(table, "auroc")
    assert "none of them leaked" in words_of(figure)
    assert len(figure.legends[0].get_texts()) == 2
    assert len(marked(figure.axes[1])) == 10


def test_an_undefined_similarity_value_is_a_gap_and_not_zero():
    table = similarity_of()
    one_class = (table["subset"] == "similarity") & (table["low_edge"] == 0.16)
    constant = table["model"] == "majority"
    table.loc[one_class | constant, ["value", "low", "high"]] = np.nan
    figure = plots.plot_similarity(table, "auroc", models=MODELS)
    left, right = figure.axes
    defined = [np.isfinite(xy[:, 1]).sum() for xy in marked(left).values()]
    assert defined == [0, 4, 4, 4, 4]
    assert [text.get_text() for text in left.texts] == ["not defined"]
    assert [text.get_text() for text in right.texts] == ["not defined"]
    table[["value", "low", "high"]] = np.nan
    assert "not defined in any bin" in words_of(plots.plot_similarity(table, "auroc")).replace(
        "\n", " "
    )


def test_a_bin_of_wild_r2_does_not_flatten_the_others():
    table = similarity_of(metric="r2")
    wild = table.index[(table["subset"] == "similarity") & (table["metric"] == "r2")][0]
    table.loc[wild, ["value", "low", "high"]] = [-800.0, -1200.0, -400.0]
    figure = plots.plot_similarity(table, "r2")
    assert figure.axes[0].get_ylim()[0] == -1
    assert 0.8 < figure.axes[0].get_ylim()[1] < 1.2
    assert "1 value below −1" in words_of(figure)


def test_reliability_has_a_point_a_bin_before_and_after():
    reliability, calibration = reliability_of()
    figure = plots.plot_reliability(reliability, calibration, models=MODELS, dataset="splice")
    assert [title_of(axes) for axes in figure.axes] == MODELS
    linear = figure.axes[2]
    (hollow, before), (filled, after) = marked(linear).items()
    rows = reliability[reliability["model"] == "linear"].set_index("stage")
    for stage, points in (("before", before), ("after", after)):
        assert points == pytest.approx(rows.loc[stage, ["predicted", "observed"]].to_numpy())
    assert hollow.get_markerfacecolor() == "white"
    assert to_hex(filled.get_markerfacecolor()) == to_hex(filled.get_color())
    text = "\n".join(text.get_text() for text in linear.texts)
    assert "ECE 0.123 (0.108 to 0.143)\n→ 0.021 (0.006 to 0.041)" in text
    assert "n = 60 to 69 in each of 10 bins" in text
    assert "n = 1,300 in 1 bin" in figure.axes[0].texts[0].get_text()
    assert "n = 1,300 test records in 700 groups" in words_of(figure)


def test_the_strips_beneath_a_reliability_diagram_are_as_high_as_their_counts():
    figure = plots.plot_reliability(*reliability_of(["linear"], bins=4))
    (axes,) = figure.axes
    bars = [
        [segment[:, 1] for segment in collection.get_segments()]
        for collection in axes.collections
        if isinstance(collection, LineCollection)
    ]
    strips = [bar for bar in bars if max(max(ends) for ends in bar) < 0]
    assert len(strips) == 2
    for strip in strips:
        heights = np.array([top - base for base, top in strip])
        assert heights / heights[-1] == pytest.approx(np.array([60, 61, 62, 63]) / 63)


def test_a_model_without_probabilities_says_so_in_its_panel():
    reliability, calibration = reliability_of()
    reliability = reliability[reliability["model"] != "linear"]
    calibration.loc[calibration["model"] == "linear", ["value", "low", "high"]] = np.nan
    figure = plots.plot_reliability(reliability, calibration, models=MODELS)
    panel = figure.axes[2]
    assert title_of(panel) == "linear"
    assert "ECE not defined\n→ not defined" in words_of(panel)
    assert "no finite probability" in words_of(panel).replace("\n", " ")
    assert not marked(panel)


def test_the_learning_curve_stands_over_the_training_records():
    figure = plots.plot_learning_curve(learning_curve_of(), "auroc", models=MODELS)
    (axes,) = figure.axes
    points = list(marked(axes).values())
    assert all(of_model[:, 0] == pytest.approx([200, 600, 2000]) for of_model in points)
    assert points[4][:, 1] == pytest.approx(0.55 + 0.3 * np.array([0.1, 0.3, 1.0]) ** 0.4)
    assert axes.get_xscale() == "log"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["200", "600", "2,000"]
    assert "chance 0.500" in words_of(figure)
    key = [text.get_text() for text in axes.get_legend().get_texts()]
    assert key[4] == "conv1d\nAUROC 0.850 (0.830 to 0.870)"


def test_the_learning_curve_of_few_like_sizes_has_even_steps_and_rmse_has_no_chance():
    table = learning_curve_of(fractions=(0.5, 0.75, 1.0), metric="rmse")
    figure = plots.plot_learning_curve(table, "rmse")
    (axes,) = figure.axes
    assert axes.get_xscale() == "linear"
    assert axes.get_ylabel() == "RMSE (lower is better)"
    assert "chance 0" not in words_of(figure)


def test_a_learning_curve_without_values_says_so():
    table = learning_curve_of()
    table.loc[table["model"] == "majority", ["value", "low", "high"]] = np.nan
    figure = plots.plot_learning_curve(table, "auroc", models=MODELS)
    key = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert key[0] == "majority\nAUROC not defined at any size"
    assert key[1].startswith("composition\nAUROC 0.")
    table[["value", "low", "high"]] = np.nan
    assert "AUROC is not defined" in words_of(plots.plot_learning_curve(table, "auroc"))
    assert "nothing was trained" in words_of(plots.plot_learning_curve(table[:0], "auroc"))


def leaders(axes):
    """Give of each leader line the rank where it starts and the depth of its label."""
    lines = [line for line in axes.lines if len(line.get_xdata()) == 3]
    return {line.get_xdata()[0]: (line.get_ydata()[2], line.get_xdata()[2]) for line in lines}


def bars(axes):
    return [line for line in axes.lines if line.get_linewidth() == 4.5]


def test_models_are_named_at_their_mean_ranks_the_best_at_the_left():
    figure = plots.plot_critical_difference(*ranks_of(FIVE_RANKS, FIVE_CLIQUES))
    (axes,) = figure.axes
    found = leaders(axes)
    assert sorted(found) == [1.25, 2.0, 3.0, 4.25, 4.75]
    assert [found[rank][1] < 1 for rank in sorted(found)] == [True] * 3 + [False] * 2
    # No leader crosses another: at either side the outermost is named highest.
    assert found[1.25][0] < found[2.0][0] < found[3.0][0]
    assert found[4.75][0] < found[4.25][0]
    written = [text.get_text() for text in axes.texts]
    assert "conv1d  1.25 (0.25 to 2.25)" in written
    assert "critical difference 2.00" in written
    assert axes.get_xlabel() == "mean rank (1, at the left, is best)"
    assert "n = 8 data sets, 5 models" in words_of(figure)
    assert "(Iman and Davenport): p < 0.001" in words_of(figure)


def test_a_bar_joins_each_clique_and_the_critical_difference_is_as_long_as_it_is():
    figure = plots.plot_critical_difference(*ranks_of(FIVE_RANKS, FIVE_CLIQUES))
    (axes,) = figure.axes
    (first, second), colours = bars(axes), {line.get_color() for line in bars(axes)}
    assert first.get_xdata() == pytest.approx([1.25, 3.0], abs=0.1)
    assert second.get_xdata() == pytest.approx([3.0, 4.75], abs=0.1)
    assert first.get_ydata()[0] != second.get_ydata()[0]
    assert len(colours) == 1
    above = [line for line in axes.lines if max(line.get_ydata()) < 0]
    assert max(np.ptp(line.get_xdata()) for line in above) == pytest.approx(2.0)
    assert "No difference beyond noise" not in words_of(figure)


def test_bars_share_a_level_only_where_they_stay_apart():
    spans = [(1.0, 3.0), (2.0, 4.0), (2.5, 5.0), (3.5, 6.0), (4.5, 7.0), (4.51, 8.0)]
    levels = _clique_levels(spans, 0.2)
    assert levels[:4] == [0, 1, 2, 0]
    for level in set(levels):
        here = [span for span, own in zip(spans, levels, strict=True) if own == level]
        assert all(one[1] + 0.2 < other[0] for one, other in pairwise(here))


def test_ranks_within_noise_are_grey_and_say_so():
    figure = plots.plot_critical_difference(
        *ranks_of(
            FIVE_RANKS, [MODELS], p=0.31,
            left_out=[{"what": "mine", "why": "not run on `splice`"}],
        )
    )  # fmt: skip
    (bar,) = bars(figure.axes[0])
    text = words_of(figure)
    assert "No difference beyond noise between the models" in text
    assert "p = 0.31" in text
    assert "Left out: mine (not run on splice)." in text
    red, green, blue = (int(bar.get_color()[i : i + 2], 16) for i in (1, 3, 5))
    assert max(red, green, blue) - min(red, green, blue) < 30


def test_two_models_are_judged_by_the_sign_test_and_not_by_the_critical_difference():
    ranks, across = ranks_of(
        {"conv1d": 1.0, "linear": 2.0}, [["conv1d", "linear"]], n=5, critical_difference=0.88,
        sign_test={"wins": 5, "losses": 0, "ties": 0, "p": 0.0625},
    )  # fmt: skip
    figure = plots.plot_critical_difference(ranks, across)
    text = words_of(figure)
    assert "the exact sign test: p = 0.062" in text
    assert "No difference beyond noise" in text
    assert "critical difference 0.88" not in text


def test_the_scripts_write_each_figure_twice(tmp_path):
    import plot_calibration
    import plot_critical_difference
    import plot_learning_curve
    import plot_similarity

    reliability, calibration = reliability_of()
    ranks, across = ranks_of(FIVE_RANKS, FIVE_CLIQUES)
    tables = {
        "similarity": similarity_of(), "reliability": reliability, "calibration": calibration,
        "learning_curve": learning_curve_of(), "ranks": ranks,
    }  # fmt: skip
    paths = {name: tmp_path / f"{name}.tsv" for name in tables} | {"across": tmp_path / "a.json"}
    for name, table in tables.items():
        table.to_csv(paths[name], sep="\t", index=False)
    paths["across"].write_text(json.dumps(across))
    for script in (
        plot_similarity, plot_calibration, plot_learning_curve, plot_critical_difference
    ):  # fmt: skip
        svg, png = tmp_path / f"{script.__name__}.svg", tmp_path / f"{script.__name__}.png"
        script.main(
            SimpleNamespace(
                input=SimpleNamespace(**paths),
                output=SimpleNamespace(svg=svg, png=png),
                params=SimpleNamespace(models=MODELS, primary_metric="auroc"),
                wildcards=SimpleNamespace(dataset="splice"),
                log=[],
            )
        )
        assert svg.read_text().startswith("<?xml")
        assert png.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
