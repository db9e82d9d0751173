"""Labels and several regression targets: figures and tables a label or target each."""

import re

import numpy as np
import pytest

from seqarena.reporting import plots, report, tables, target_tables
from seqarena.reporting.labels import label_support
from seqarena.reporting.report_tables import class_metrics, thresholds_table

from .test_plots import words_of
from .test_report import check

TARGETS = ("activity", "half life", "level")


@pytest.fixture(scope="module")
def multilabel(make_results):
    return make_results("multilabel")


@pytest.fixture(scope="module")
def targets(make_results):
    return make_results("regression", targets=TARGETS)


def draw(results, name):
    names = {"models": results.models, "dataset": results.name}
    rows, clusters = results.predictions, results.clusters
    return {
        "metrics": lambda: plots.plot_metrics(results.metrics, results.primary, **names),
        "label_metrics": lambda: plots.plot_label_metrics(results.metrics, rows, clusters, **names),
        "label_roc": lambda: plots.plot_label_roc(rows, clusters, **names),
        "label_precision_recall": lambda: plots.plot_label_precision_recall(
            rows, clusters, **names
        ),
        "label_scores": lambda: plots.plot_label_scores(
            rows, results.thresholds, clusters, **names
        ),
        "label_reliability": lambda: plots.plot_label_reliability(
            results.reliability, rows, clusters, **names
        ),
        "predicted_true": lambda: plots.plot_predicted_true(
            rows, results.metrics, clusters, **names
        ),
        "residuals": lambda: plots.plot_residuals(rows, clusters, **names),
    }[name]()


LABEL_FIGURES = ("label_metrics", "label_roc", "label_precision_recall", "label_reliability",
                 "label_scores")  # fmt: skip


@pytest.mark.parametrize("name", LABEL_FIGURES)
def test_a_figure_of_labels_says_what_it_is_drawn_from(multilabel, name):
    text = words_of(draw(multilabel, name))
    missing = int(multilabel.records[multilabel.targets].isna().sum().sum())
    assert "n = 240 test records in 120 groups" in text and "4 labels" in text
    assert f"{missing} of 960 entries are missing" in text
    assert multilabel.name in text


@pytest.mark.parametrize("name", [*LABEL_FIGURES, "metrics"])
def test_a_figure_of_labels_has_its_panels_inside_of_the_page(multilabel, name):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = draw(multilabel, name)
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    boxes = [axes.get_tightbbox(renderer) for axes in figure.axes]
    boxes += [text.get_window_extent(renderer) for text in figure.texts]
    boxes += [legend.get_window_extent(renderer) for legend in figure.legends]
    for place, box in enumerate(boxes):
        assert box.x0 >= -1 and box.x1 <= figure.bbox.x1 + 1, name
        assert box.y0 >= -1 and box.y1 <= figure.bbox.y1 + 1, name
        assert not any(box.shrunk(0.97, 0.97).overlaps(b) for b in boxes[place + 1 :]), name


def test_support_leaves_missing_entries_out(multilabel):
    support = label_support(multilabel.predictions)
    truth = multilabel.records[multilabel.targets]
    assert support.loc["rare", "positives"] == truth["rare"].sum()
    assert support.loc["rare", "n"] == truth["rare"].notna().sum()
    assert support["missing"].sum() == truth.isna().sum().sum()
    assert support["share"].is_monotonic_decreasing


def test_missing_entries_move_no_curve(multilabel):
    rows = multilabel.predictions
    known = rows[rows["truth"].notna()]
    for draw_curves in (plots.plot_label_roc, plots.plot_label_precision_recall):
        one, other = (
            [line.get_ydata() for axes in figure.axes for line in axes.lines]
            for figure in (draw_curves(rows), draw_curves(known))
        )
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_of_many_labels_the_largest_are_drawn_and_it_is_said(make_results):
    results = make_results("multilabel", n=60, targets=[f"label_{i:02d}" for i in range(24)])
    figure = draw(results, "label_roc")
    assert len(figure.axes) == 20
    assert "Shown: the 20 labels with the most positives, of 24" in " ".join(
        words_of(figure).split()
    )
    assert len(draw(results, "label_metrics").axes[0].get_yticks()) == 24


def test_a_label_without_positives_is_not_defined(multilabel):
    rows = multilabel.predictions.copy()
    rows.loc[(rows["target"] == "rare") & rows["truth"].notna(), "truth"] = 0.0
    assert words_of(plots.plot_label_roc(rows)).count("not defined: one class only") == 1
    plots.plot_label_scores(rows)


def test_targets_have_a_row_of_panels_each(targets):
    for name in ("predicted_true", "residuals"):
        figure = draw(targets, name)
        assert len(figure.axes) == len(TARGETS) * len(targets.models)
        text = words_of(figure)
        assert all(f"predicted {target}" in text for target in TARGETS)
        assert "of 720 values are missing" in text


def test_ordered_classes_have_their_names_at_the_ticks(make_results):
    results = make_results("regression", n=60)
    figure = plots.plot_predicted_true(results.predictions, order=["low", "mid", "high"])
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["low", "mid", "high"]
    assert "Classes in order are the numbers 0 to 2" in words_of(figure)


def test_predictions_have_a_row_a_record_and_label(multilabel):
    table = tables.predictions_table(
        multilabel.predictions, multilabel.records, None, multilabel.thresholds, "multilabel"
    )
    assert len(table) == 240 * 2 * 2 * 4
    assert list(table.columns[:6]) == ["record", "length", "gc", "group", "target", "truth"]
    assert set(table["truth"]) == {"yes", "no", ""}
    row = table[(table["target"] == "rare") & (table["fold"] == 1)].iloc[0]
    limit = multilabel.thresholds.query("target == 'rare' and fold == 1")["threshold"].iloc[0]
    assert row["conv1d_class"] == ("yes" if row["conv1d_probability"] >= limit else "no")


def test_predictions_have_a_row_a_record_and_target(targets):
    table = tables.predictions_table(targets.predictions, targets.records, None, None, "regression")
    assert len(table) == 240 * 2 * 2 * 3
    assert not table.duplicated(["record", "repeat", "fold", "role", "target"]).any()
    values = targets.records.set_index("record")["level"]
    rows = table[table["target"] == "level"]
    assert rows["truth"].to_numpy() == pytest.approx(values[rows["record"]], nan_ok=True)
    assert "conv1d_prediction" in table and "conv1d_target" not in table


def test_a_long_page_is_cut_and_says_so(multilabel):
    page = tables.to_html(multilabel.records, "t", most=100, source="predictions.tsv")
    assert "the first 100 of 240 rows; all of them are in predictions.tsv" in page
    assert "seq0099" in page and "seq0100" not in page
    assert "the first" not in tables.to_html(multilabel.records, "t")


def cells(table, row):
    names = [name for name, _ in table.columns]
    return dict(zip(names, [cell.text for cell in table.rows[row]], strict=True))


def test_each_label_has_its_support_and_the_models_metrics(multilabel, as_section):
    section = as_section(multilabel)
    auroc, auprc = target_tables.target_tables(section)
    truth = multilabel.records["common"]
    shown = cells(auroc, 0)
    assert shown["label"] == "common"
    assert shown["positives"] == str(int((truth == 1).sum()))
    assert shown["negatives"] == str(int((truth == 0).sum()))
    assert shown["missing"] == str(int(truth.isna().sum()))
    assert shown["conv1d"] == "0.961"
    assert auprc.caption.startswith("AUPRC of each label")
    support = target_tables.support_table(section)
    assert "A missing entry counts nowhere" in support.notes[0]
    assert [name for name, _ in support.columns][-1] == "share of positives"
    every = class_metrics(section)
    assert every.columns[0][0] == "label" and len(every.rows) == 4 * 5
    assert thresholds_table(section).columns[0][0] == "label"


def test_each_target_has_its_range_and_the_models_metrics(targets, as_section):
    section = as_section(targets)
    spearman, *others = target_tables.target_tables(section)
    assert len(others) == 2
    shown = cells(spearman, 1)
    assert shown["target"] == "half life" and float(shown["known"]) < 240
    assert shown["majority"] == "degenerate"
    assert class_metrics(section).caption.startswith("Every metric of each target, in its own")


def test_one_target_needs_no_table_of_targets(make_results, as_section):
    for task in ("binary", "regression"):
        section = as_section(make_results(task, n=60))
        assert target_tables.target_tables(section) == []
        assert target_tables.support_table(section) is None


def test_each_label_has_its_calibration_error(multilabel, as_section, provenance):
    section = as_section(multilabel)
    view = report.report_views([section], provenance())["datasets"][0]["calibration"]
    assert [row[0].text for row in view["labels"].rows] == multilabel.targets
    assert len(view["table"].rows) == len(multilabel.models)
    assert "labels that err to different sides may cancel" in " ".join(view["table"].notes)
    assert len(view["reliability"].rows) == 5 * 2 * 4
    assert "on average, one of each label, fitted on validation" in view["sentence"]
    figure = plots.plot_reliability(multilabel.reliability, multilabel.calibration)
    assert "n = 60 in each of 4 bins" in words_of(figure)


@pytest.mark.parametrize("name", ["multilabel", "targets"])
def test_the_whole_report_takes_labels_and_targets(name, request, as_section, provenance):
    results = request.getfixturevalue(name)
    views = report.report_views([as_section(results)], provenance())
    page = report.render_report(views)
    check(page)
    for target in results.targets:
        assert f'<td class="">{target}' in page
    assert "entries are missing" in page
    assert "nan" not in re.sub(r"base64,[^\"]+|<style>.*?</style>", "", page, flags=re.S).split()
