import numpy as np
import pandas as pd
import pytest

from seqarena.reporting import plots
from seqarena.reporting.style import model_styles, short_names

CURVES, METRICS, OVERVIEW = "curves", "metrics", "overview"


def draw(results, name):
    """Draw one figure of synthetic results."""
    names = {"models": results.models, "dataset": results.name}
    tables = (results.predictions, results.metrics, results.clusters)
    classes = results.classes
    scored = (results.predictions, results.thresholds, classes, results.clusters)
    return {
        "curves": lambda: plots.plot_curves(
            results.history,
            results.runs,
            "dense",
            results.diagnosis.set_index("model").loc["dense"],
            dataset=results.name,
        ),
        "roc": lambda: plots.plot_roc(*tables, classes=classes, **names),
        "precision_recall": lambda: plots.plot_precision_recall(*tables, classes=classes, **names),
        "confusion": lambda: plots.plot_confusion(*scored, **names),
        "scores": lambda: plots.plot_scores(*scored, **names),
        "metrics": lambda: plots.plot_metrics(results.metrics, results.primary, **names),
        "predicted_true": lambda: plots.plot_predicted_true(*tables, **names),
        "residuals": lambda: plots.plot_residuals(results.predictions, results.clusters, **names),
    }[name]()


FIGURES = [
    *((task, name) for task in ("binary", "multiclass")
      for name in ("curves", "roc", "precision_recall", "confusion", "scores", "metrics")),
    *(("regression", name) for name in ("curves", "predicted_true", "residuals", "metrics")),
]  # fmt: skip


def words_of(figure):
    texts = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        texts += [axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()]
        texts += [text.get_text() for text in axes.texts]
        if axes.get_legend():
            texts += [text.get_text() for text in axes.get_legend().get_texts()]
    return "\n".join(texts)


@pytest.mark.parametrize(("task", "name"), FIGURES)
def test_every_figure_has_labelled_axes_and_its_n(request, task, name):
    results = request.getfixturevalue(task)
    figure = draw(results, name)
    assert figure.axes
    assert all(axes.get_xlabel() for axes in figure.axes)
    assert any(axes.get_ylabel() for axes in figure.axes) or name in ("metrics", "scores")
    assert all(axes.has_data() or axes.texts for axes in figure.axes)
    text = words_of(figure)
    assert "n = " in text
    assert results.name in text
    if name != "curves":
        assert "n = 240 test records in 120 groups" in text


@pytest.mark.parametrize(
    ("task", "name"),
    [("binary", "roc"), ("binary", "scores"), ("regression", "predicted_true")],
)
def test_files_are_the_same_each_time_and_have_no_date(request, task, name, tmp_path):
    results = request.getfixturevalue(task)
    paths = [(tmp_path / f"{i}.svg", tmp_path / f"{i}.png") for i in range(2)]
    for svg, png in paths:
        plots.save_figure(draw(results, name), svg, png)
    (svg, png), (svg_again, png_again) = paths
    assert svg.read_bytes() == svg_again.read_bytes()
    assert png.read_bytes() == png_again.read_bytes()
    assert "<dc:date>" not in svg.read_text()
    assert png.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.png", "0.svg", "1.png", "1.svg"]


def test_no_text_is_cut_off_or_lies_on_other_text(binary):
    for name in ("curves", "scores", "confusion", "roc"):
        figure = draw(binary, name)
        renderer = figure.canvas.get_renderer() if hasattr(figure.canvas, "get_renderer") else None
        if renderer is None:
            from matplotlib.backends.backend_agg import FigureCanvasAgg

            renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        page = figure.bbox
        boxes = [text.get_window_extent(renderer) for text in figure.texts]
        boxes += [axes.get_tightbbox(renderer) for axes in figure.axes]
        for box in boxes:
            assert box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1, name
            assert box.y0 >= page.y0 - 1 and box.y1 <= page.y1 + 1, name
        for place, box in enumerate(boxes):
            assert not any(box.shrunk(0.98, 0.98).overlaps(b) for b in boxes[place + 1 :]), name


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_many_models_leave_the_curves_their_room_and_keep_their_names(make_results, task):
    skill = {"linear": 0.9}
    skill |= {f"a_long_name_of_a_network_{i}_with_dilated_filters": 0.2 * i for i in range(11)}
    figure = draw(make_results(task, n=60, skill=skill), "roc")
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    (axes,) = figure.axes
    key = axes.get_legend()
    names = [text.get_text().partition("\n")[0] for text in key.get_texts()]
    assert len(set(names)) == 12
    assert axes.get_window_extent(renderer).width > 0.35 * figure.bbox.width
    note = figure.texts[-1].get_window_extent(renderer)
    assert key.get_window_extent(renderer).y0 > note.y1
    assert key.get_window_extent(renderer).x1 < figure.bbox.x1


def test_short_names_stay_different():
    names = ["plain", "a" * 40, "a" * 41, "prefix_" * 5 + "one_" + "z" * 30]
    names.append(names[-1].replace("one", "two"))
    shown = short_names(names)
    assert list(shown) == names
    assert len(set(shown.values())) == len(names)
    assert max(map(len, shown.values())) <= 24
    assert shown["plain"] == "plain"


def test_a_wild_value_does_not_flatten_the_others(make_results):
    results = make_results("regression", n=200)
    results.predictions = results.predictions.copy()
    test = results.predictions.query("model == 'linear' and role == 'test' and repeat == 0")
    results.predictions.loc[test.index[0], "prediction"] = 1e6
    for name in ("predicted_true", "residuals"):
        figure = draw(results, name)
        assert all(abs(end) < 50 for axes in figure.axes for end in axes.get_ylim())
        assert words_of(figure).count("1 record outside the axes") == 1


def test_a_matrix_without_counts_says_what_its_colours_mean(make_results):
    assert "white (none)" not in words_of(draw(make_results("multiclass", n=60), "confusion"))
    classes = [f"c{i:02d}" for i in range(20)]
    truth = np.arange(60) % 20
    rows = [
        {"model": "linear", "record": f"r{i}", "repeat": 0, "fold": 0, "role": "test",
         "target": name, "truth": float(truth[i] == k), "prediction": float(truth[i] == k)}
        for i in range(60) for k, name in enumerate(classes)
    ]  # fmt: skip
    figure = plots.plot_confusion(pd.DataFrame(rows), None, classes)
    assert "from white (none) to dark blue (all)" in words_of(figure)
    assert "in percent" not in words_of(figure)
    assert figure.axes[0].get_ylabel() == "true class"


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        ("binary_crossentropy", "cross-entropy, nats per record"),
        ("binary_focal_crossentropy", "loss (binary_focal_crossentropy per record)"),
    ],
)
def test_the_loss_is_called_what_it_is(binary, loss, words):
    runs = [run | {"settings": {"loss": loss}} for run in binary.runs]
    assert words in words_of(plots.plot_curves(binary.history, runs, "dense"))


def test_losses_of_a_regression_have_the_unit_of_the_scaled_target(regression):
    runs = [run | {"settings": {"loss": "huber"}} for run in regression.runs]
    figure = plots.plot_curves(regression.history, runs, "dense")
    assert "loss (huber per record, target in SD)" in words_of(figure)


def test_the_verdict_stands_beneath_the_curves(binary):
    text = words_of(draw(binary, "curves"))
    assert "Over-fit" in text
    assert "0.312 at epoch 6" in text
    assert "nats per record" in text


def test_a_network_that_did_not_converge_is_called_so(binary):
    diagnosis = {"verdict": "did not converge", "reason": "The loss was still falling."}
    figure = plots.plot_curves(binary.history, binary.runs, "dense", diagnosis, dataset="mine")
    assert "Loss curves of dense · mine" in words_of(figure)
    assert "Did not converge\nThe loss was still falling." in words_of(figure)


def test_an_exploded_loss_does_not_flatten_the_curves(binary):
    history = binary.history.copy()
    history.loc[history.index[0], "value"] = 1e6
    figure = plots.plot_curves(history, binary.runs, "dense")
    assert figure.axes[0].get_ylim()[1] < 10
    assert "1 value above the axis" in words_of(figure)
    assert "No verdict" in words_of(figure)


def test_counts_of_a_confusion_matrix_add_up_to_the_records_once(binary):
    figure = draw(binary, "confusion")
    for axes in figure.axes:
        cells = [text.get_text().split("\n")[0] for text in axes.texts]
        assert sum(float(cell.replace(",", "")) for cell in cells) == pytest.approx(binary.n)


def test_the_threshold_of_each_run_decides_what_is_called(binary):
    calls_all = binary.thresholds.assign(threshold=0.0)
    figure = plots.plot_confusion(binary.predictions, calls_all, binary.classes)
    for axes in figure.axes:
        assert [text.get_text().split("\n")[0] for text in axes.texts][0::2] == ["0", "0"]


def test_one_class_only_is_said_and_not_drawn(binary):
    rows = binary.predictions[binary.predictions["truth"] == 1]
    for plot in (plots.plot_roc, plots.plot_precision_recall):
        assert "not defined: one class only" in words_of(plot(rows))
    plots.plot_confusion(rows, binary.thresholds, binary.classes)
    plots.plot_scores(rows, binary.thresholds, binary.classes)


def test_what_is_undefined_is_written_and_not_drawn_as_zero(regression):
    text = words_of(draw(regression, "metrics"))
    assert text.count("not defined") == 2  # Pearson and Spearman of the constant baseline
    assert "Spearman not defined" in words_of(draw(regression, "predicted_true"))


def test_a_single_record_per_class_and_a_single_model_can_be_drawn(make_results):
    tiny = make_results("binary", n=8, repeats=1, folds=2, skill={"conv1d": 1.0})
    for name in ("curves", "roc", "precision_recall", "confusion", "scores", "metrics"):
        if name != "curves":
            draw(tiny, name)


def test_names_are_printed_as_they_are(make_results, tmp_path):
    hostile = {"linear": 1.0, "$x^{<script>": 2.0, "a" * 90: 0.5}
    results = make_results("binary", n=60, skill=hostile, name="$<b>&")
    for name in ("roc", "scores"):
        svg, png = tmp_path / f"{name}.svg", tmp_path / f"{name}.png"
        plots.save_figure(draw(results, name), svg, png)
        assert "<script>" not in svg.read_text()


def test_many_points_become_cells_and_few_stay_points(make_results):
    for n, drawn in ((100, "PathCollection"), (2100, "PolyCollection")):
        results = make_results("regression", n=n, repeats=1, skill={"conv1d": 1.0})
        figure = draw(results, "predicted_true")
        assert drawn in {type(artist).__name__ for artist in figure.axes[0].collections}


def test_a_model_looks_the_same_whatever_stands_beside_it():
    alone = model_styles(["conv1d"])["conv1d"]
    assert model_styles(["mine", "dense", "conv1d"])["conv1d"] == alone
    styles = model_styles(["majority", "composition", "linear", "dense", "conv1d", "mine", "yours"])
    assert len({style.colour for style in styles.values()}) == len(styles)
    assert len({style.marker for style in styles.values()}) == len(styles)


def test_the_overview_has_a_panel_a_dataset(make_results):
    table = pd.concat(
        make_results(task, n=60).ranking.assign(dataset=task, metric=metric)
        for task, metric in (("binary", "auroc"), ("regression", "spearman"))
    )
    figure = plots.plot_overview(table)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["binary", "regression"]
    assert "AUROC (higher is better)" in words_of(figure)
    assert words_of(figure).count("degenerate") == 2  # the constant baseline, on each


def test_figures_do_not_depend_on_the_settings_of_the_caller(binary, tmp_path):
    import matplotlib

    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        figure = draw(binary, "roc")
        plots.save_figure(figure, tmp_path / "a.svg", tmp_path / "a.png")
    plots.save_figure(draw(binary, "roc"), tmp_path / "b.svg", tmp_path / "b.png")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_band_holds_its_curve_and_widens_with_fewer_groups(binary):
    from seqarena.reporting.bands import curves_with_bands

    rows = binary.predictions[binary.predictions["model"] == "linear"]
    many = curves_with_bands(rows, "roc", binary.clusters)["linear"]
    few = binary.clusters.assign(cluster=np.arange(len(binary.clusters)) % 6)
    few = curves_with_bands(rows, "roc", few)["linear"]
    inside = (many.low <= many.centre + 1e-9) & (many.centre <= many.high + 1e-9)
    assert inside.mean() > 0.97
    assert (many.high - many.low).mean() > 0
    assert few.centre == pytest.approx(many.centre)


def test_curves_agree_with_scikit_learn(binary):
    from sklearn.metrics import auc, average_precision_score, roc_auc_score

    from seqarena.reporting.bands import GRID, curves_with_bands

    rows = binary.predictions
    rows = rows[(rows["model"] == "linear") & (rows["repeat"] == 0)]
    test = rows[rows["role"] == "test"]
    roc = curves_with_bands(rows, "roc", draws=2)["linear"]
    precision = curves_with_bands(rows, "precision_recall", draws=2)["linear"]
    truth, score = test["truth"], test["prediction"]
    assert auc(GRID, roc.centre) == pytest.approx(roc_auc_score(truth, score), abs=0.01)
    assert auc(GRID, precision.centre) == pytest.approx(
        average_precision_score(truth, score), abs=0.01
    )
    assert precision.prevalence == pytest.approx(truth.mean())


def test_ties_are_not_split_by_a_threshold(binary):
    from seqarena.reporting.bands import GRID, curves_with_bands

    rows = binary.predictions[binary.predictions["model"] == "linear"].assign(prediction=0.5)
    assert curves_with_bands(rows, "roc", draws=2)["linear"].centre == pytest.approx(GRID)
    precision = curves_with_bands(rows, "precision_recall", draws=2)["linear"]
    assert precision.centre == pytest.approx(np.full(len(GRID), precision.prevalence))
