import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from seqarena.reporting import report
from seqarena.reporting.findings import contrasts, findings
from seqarena.reporting.report_tables import overview

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
VOID = {"meta", "img", "br", "input", "link", "hr"}


class Checker(HTMLParser):
    """Checks that tags are balanced, and gathers what the report refers to."""

    def __init__(self):
        super().__init__()
        self.open, self.problems, self.ids = [], [], []
        self.images, self.links, self.loads, self.texts = [], [], [], []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "img":
            self.images.append(attributes)
        if tag == "a":
            self.links.append(attributes.get("href", ""))
        if tag == "link" or (tag in ("script", "iframe") and "src" in attributes):
            self.loads.append(attributes)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


def rendered(sections, provenance, **others):
    return report.render_report(report.report_views(sections, provenance, **others))


def check(html):
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert not checker.problems and not checker.open
    return checker


@pytest.fixture(scope="session")
def page(make_results, as_section, provenance, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    sections = []
    for task, beyond in (("binary", True), ("multiclass", False), ("regression", True)):
        results = make_results(task, n=80)
        figures = {name: folder / f"{task}_{name}.svg" for name in ("metrics", "curves_dense")}
        for path in figures.values():
            path.write_text(PICTURE)
        sections.append(as_section(results, f"What {task} asks.", beyond, figures))
    return rendered(sections, provenance())


def test_the_report_is_well_formed_and_stands_alone(page):
    checker = check(page)
    assert not checker.loads
    assert len(set(checker.ids)) == len(checker.ids)
    assert all(link.startswith("#") and link[1:] in checker.ids for link in checker.links)
    assert all(image["src"].startswith("data:image/svg+xml;base64,") for image in checker.images)
    assert not re.search(r"https?://", re.sub(r"base64,[A-Za-z0-9+/=]+", "", page))
    assert "@import" not in page


def test_every_picture_has_words_and_every_table_a_caption(page):
    checker = check(page)
    assert len(checker.images) == 1 + 3 * 2
    assert all(len(image["alt"]) > 40 for image in checker.images)
    assert page.count("<table") == page.count("<caption>") > 15
    assert '<html lang="en">' in page
    assert page.count("<h1>") == 1


def test_chapters_come_in_order_and_the_verdict_first(page):
    places = [page.index(f'<section id="{section.anchor}"') for section in report.SECTIONS]
    assert places == sorted(places)
    assert report.SECTIONS[0].anchor == "verdict"


def test_an_advantage_within_noise_is_said_in_the_first_lines(page):
    verdict = page[page.index('<section id="verdict"') : page.index('<section id="honesty"')]
    assert "No network's advantage" in verdict.replace("&#39;", "'")
    assert verdict.index("synthetic_multiclass") < verdict.index("<article")
    assert verdict.count('class="verdict warn"') == 1
    assert verdict.count('class="verdict good"') == 2


def test_what_is_undefined_says_so_with_a_reason(page):
    assert "Spearman rho not defined: a correlation needs values that vary" in page
    assert not re.search(r"<td[^>]*>\s*(nan|NaN|None|<NA>)?\s*</td>", page)
    assert ">nan<" not in page.lower()


def test_counts_of_changes_and_provenance_are_there(page):
    for text in (
        "letters cut off to crop 12 records", "exact copies", "ab" * 32, "snakemake --cores all",
        "2025-01-02 03:04 UTC", "Linux, x86_64", "not a git checkout", "52,345",
        "What binary asks.",        "Example CPU", "task: binary",
    ):  # fmt: skip
        assert text in page, text


def test_tables_can_be_sorted_and_copied(page):
    assert "aria-sort" in page and "Copy table" in page
    keys = re.findall(r'data-key="([^"]*)"', page)
    assert len(keys) > 100
    assert all(float(key) == float(key) for key in keys)


HOSTILE = "<script>alert('x')</script>"


def test_hostile_names_are_escaped(make_results, as_section, provenance, tmp_path):
    skill = {"linear": 1.0, HOSTILE: 2.0}
    results = make_results("binary", n=60, skill=skill, name=f"data {HOSTILE}")
    svg = tmp_path / "f.svg"
    svg.write_text(PICTURE)
    figures = {"metrics": svg, f"curves_{HOSTILE}": svg}
    section = as_section(results, f"about {HOSTILE}", False, figures)
    section["summary"]["changes"] = [{"what": HOSTILE, "count": 1}]
    section["headline"]["sentence"] = f"`{HOSTILE}` wins {HOSTILE}"
    page = rendered([section], provenance({"key": HOSTILE}))
    assert "<script>alert" not in page
    assert page.count("<script") == 1
    assert HOSTILE in "".join(check(page).texts)


def test_names_in_backticks_become_code():
    marked = report.jinja_environment().filters["marked"]
    assert marked("`a<b` wins") == "<code>a&lt;b</code> wins"
    assert marked("an odd ` & tick") == "an odd ` &amp; tick"


def test_what_moves_between_datasets_is_said(make_results, as_section):
    moving = {"linear": 0.9, "dense": 0.1, "conv1d": 3.2}
    one = as_section(make_results("binary", n=60, skill=moving, name="anywhere"))
    two = as_section(make_results("binary", n=60, skill={**moving, "dense": 3}, name="fixed"))
    first, last = contrasts([one, two])
    assert re.match(r"dense: AUROC 0\.95\d on fixed, but 0\.5\d\d on anywhere\.", first)
    assert last == "About the same on all (less than 0.1 apart): conv1d and linear."
    assert contrasts([one]) == []


def test_what_moves_within_its_intervals_is_not_called_the_same(make_results, as_section):
    moving = {"linear": 0.9, "dense": 0.1, "conv1d": 3.2}
    one = as_section(make_results("binary", n=60, skill=moving))
    two = as_section(make_results("binary", n=60, skill={**moving, "dense": 3, "linear": 0.4}))
    for section in (one, two):
        wide = section["ranking"]["model"] == "linear"
        section["ranking"].loc[wide, ["low", "high"]] = [0.3, 0.99]
    _, same, unclear = contrasts([one, two])
    assert same == "About the same on all (less than 0.1 apart): conv1d."
    assert unclear == "Further apart, but within their intervals: linear."


def test_versions_of_the_training_processes_are_there(make_results, as_section, provenance):
    section = as_section(make_results("binary", n=60))
    section["runs"][0] = section["runs"][0] | {"versions": {"tensorflow": "2.20.0"}}
    page = rendered([section], provenance())
    assert "<dt>keras</dt><dd>3.15.0</dd>" in page
    assert "<dt>tensorflow</dt><dd>2.20.0, 2.21.0</dd>" in page
    assert "<dt>python</dt><dd>3.11.9</dd>" in page


def test_chance_is_that_of_the_ranking_where_it_is_known(make_results, as_section):
    section = as_section(make_results("multiclass", n=60))
    section |= {"primary_metric": "accuracy"}
    assert "chance" not in " ".join(findings(section))
    section["ranking"] = section["ranking"].assign(chance=0.5)
    assert "(the interval includes it): composition." in " ".join(findings(section))


def test_the_overview_has_a_row_a_model(make_results, as_section):
    sections = [
        as_section(make_results("binary", n=60, name="one")),
        as_section(make_results("regression", n=60, name="two", skill={"linear": 0.9})),
    ]
    table = overview(sections, ["linear", "dense"])
    assert [name for name, _ in table.columns] == ["model", "one: AUROC", "two: Spearman rho"]
    assert [row[0].text for row in table.rows] == ["linear", "dense"]
    assert table.rows[1][2].text == "not run"


def test_memory_has_the_unit_in_which_it_was_measured(page):
    assert "612 MiB" in page
    assert "612 MB" not in page


def test_findings_name_chance_comparisons_and_fit(make_results, as_section):
    results = make_results("binary", n=60)
    text = " ".join(findings(as_section(results)))
    assert re.search(r"AUROC runs from 0\.520 \([^)]+\) for composition", text)
    assert "Not told apart from chance (the interval includes it): composition." in text
    assert re.search(r"conv1d is better than linear: \+0\.20\d in AUROC \(\+0", text)
    assert "dense is over-fit. The best validation loss" in text
    assert "majority is degenerate" not in text  # a baseline's design, not a finding


def test_nothing_recorded_is_not_shown_as_nothing_happened(make_results, as_section, provenance):
    section = as_section(make_results("binary", n=60, repeats=1))
    section["splits"] = {"mode": "own split"}
    section["runs"] = [
        {**run, "peak_memory_mb": None, "weights": None, "device_name": "x"}
        for run in section["runs"]
    ]
    section["metrics"] = section["metrics"][section["metrics"]["fold"] == "all"]
    section["thresholds"] = pd.DataFrame(columns=["model", "repeat", "fold", "threshold"])
    page = rendered([section], provenance())
    check(page)
    assert "The sizes of the folds were not recorded." in page
    assert "not recorded" in page


def test_long_names_widen_neither_the_page_nor_a_printed_table(page):
    """In Chromium, 12 models of long names made page and printed tables wider than the paper."""
    screen, _, paper = page.partition("@media print")
    assert "p, li { overflow-wrap: anywhere; }" in screen
    assert "th, td { overflow-wrap: anywhere; }" in paper.partition("</style>")[0]


def test_the_question_of_honesty_comes_right_after_the_verdict():
    assert [section.anchor for section in report.SECTIONS][:2] == ["verdict", "honesty"]


def first_lines(page):
    return page[page.index('<section id="verdict"') : page.index("<figure>")]


def test_leaks_and_meaningless_labels_are_told_in_the_first_lines(
    make_results, as_section, provenance, leakage
):
    section = as_section(make_results("binary", n=240, name="nrc"))
    section["leakage"] = leakage(240, {"copy": 32})
    section["controls"].loc[0, ["value", "low", "high"]] = [0.58, 0.55, 0.61]
    section["controls"].loc[0, "verdict"] = "above chance"
    lines = first_lines(rendered([section], provenance()))
    assert (
        "32 of 240 test records (13.3 %) are copies of records seen in training; without them"
        in (lines)
    )
    assert "With labels permuted over the groups, linear has AUROC 0.580" in lines
    assert "at face value on nrc" in lines and lines.count('class="verdict bad"') == 1
    # The sentence on baselines stays the first of a data set's.
    assert lines.index("ahead of the baseline") < lines.index("32 of 240 test records")


def test_a_clean_test_raises_no_alarm(make_results, as_section, provenance):
    lines = first_lines(rendered([as_section(make_results("binary", n=60))], provenance()))
    assert "Alarm" not in lines and "face value" not in lines and 'class="banner' not in lines


def test_a_few_relatives_are_mentioned_without_alarm(make_results, as_section, provenance, leakage):
    results = make_results("binary", n=240)
    section = as_section(results) | {"leakage": leakage(240, {"relative": 1})}
    section["similarity"] = results._similarity(loss=0.0)
    lines = first_lines(rendered([section], provenance()))
    assert "Bear in mind:</b> 1 of 240 test records (0.4 %) is a relative" in lines
    assert 'class="verdict good"' in lines and "face value" not in lines


def test_figures_stand_beside_what_they_are_about(make_results, as_section, provenance, tmp_path):
    names = ("similarity", "reliability", "learning_curve", "metrics", "curves_dense")
    figures = {name: tmp_path / f"{name}.svg" for name in names}
    for path in figures.values():
        path.write_text(PICTURE)
    page = rendered([as_section(make_results("binary", n=60), figures=figures)], provenance())
    for title, anchor in (
        ("Score by similarity", "honesty"), ("Reliability of the", "calibration"),
        ("Score by size of the", "curves"), ("Loss curves of dense", "curves"),
        ("Metrics side by side", "details"),
    ):  # fmt: skip
        assert page.count(f"<figcaption><b>{title}") == 1
        before = page[: page.index(f"<figcaption><b>{title}")]
        assert re.findall(r'<section id="(\w+)"', before)[-1] == anchor, title


def test_without_probabilities_there_is_no_chapter_on_them(make_results, as_section, provenance):
    page = rendered([as_section(make_results("regression", n=60))], provenance())
    check(page)
    assert 'id="calibration"' not in page and 'href="#calibration"' not in page


ACROSS = {
    "datasets": ["a", "b", "c", "d", "e"],
    "models": ["linear", "conv1d"],
    "left_out": [{"what": HOSTILE, "why": "it shares no model"}],
    "mean_ranks": {"linear": 1.8, "conv1d": 1.2},
    "friedman": {"statistic": 1.8, "df": 1, "p": 0.18},
    "iman_davenport": {"statistic": 2.25, "df1": 1, "df2": 4, "p": 0.208},
    "alpha": 0.05,
    "critical_difference": 0.877,
    "cliques": [["conv1d", "linear"]],
    "pairs": [{"model_a": "conv1d", "model_b": "linear", "difference": -0.6, "p": 0.18}],
    "sentence": "Over 5 data sets the models aren't told apart.",
}


def test_models_are_compared_over_data_sets(make_results, as_section, provenance, tmp_path):
    ranks = pd.DataFrame(
        [(model, name, 1.0 + (model == "linear"), 0.9) for model in ACROSS["models"]
         for name in ACROSS["datasets"]],
        columns=["model", "dataset", "rank", "value"],
    )  # fmt: skip
    figure = tmp_path / "critical_difference.svg"
    figure.write_text(PICTURE)
    section = as_section(make_results("binary", n=60))
    across = {"summary": ACROSS, "ranks": ranks, "figure": figure}
    page = rendered([section], provenance(), across=across)
    checker = check(page)
    words = " ".join(" ".join(checker.texts).split())
    for text in (
        "Over 5 data sets the models aren't told apart.", "chi² = 1.80, 1 df, p = 0.18",
        "F = 2.25, 1 and 4 df, p = 0.21", "0.88 at 0.05", "conv1d and linear",
        f"{HOSTILE}: it shares no model", "not told apart",
    ):  # fmt: skip
        assert text in words, text
    assert any(
        image["alt"].endswith("Mean ranks: conv1d 1.20, linear 1.80.") for image in checker.images
    )
    assert "Over all data sets" not in rendered([section], provenance())


def test_statements_and_the_audit_are_escaped(make_results, as_section, provenance, leakage):
    section = as_section(make_results("binary", n=60))
    section["leakage"] = leakage(60, {"copy": 2}, lines=[f"line {HOSTILE}"])
    page = rendered([section], provenance(), statements={"limitations": f"Only {HOSTILE}."})
    assert "<script>alert" not in page
    assert f"Only {HOSTILE}." in "".join(check(page).texts)
    assert f"line {HOSTILE}" in "".join(check(page).texts)


def test_a_class_may_have_the_name_of_a_column(make_results, as_section, provenance):
    section = as_section(make_results("binary", n=60))
    for row in section["splits"]["roles"]:
        row["class_counts"] = {"n": 7, "groups": row["n"] - 7}
    view = report.report_views([section], provenance())["datasets"][0]
    train = dict(
        zip([name for name, _ in view["split"].columns], view["split"].rows[0], strict=True)
    )
    assert train["records"].text == "120" and train["n"].text == "7"


def test_a_run_of_which_little_is_known_is_reported(make_results, as_section, provenance, leakage):
    """One model and an audit, controls and comparisons that came to nothing."""
    results = make_results("binary", n=60, skill={"linear": 0.9}, repeats=1)
    nothing = {"share": None, "low": None, "high": None, "records": 0, "complete": False}
    section = as_section(results)
    for name in ("comparison", "similarity", "controls", "seeds", "learning_curve", "calibration",
                 "reliability", "temperatures", "thresholds"):  # fmt: skip
        section[name] = section[name].iloc[:0]
    section["ranking"] = section["ranking"].assign(value=float("nan"), low=float("nan"))
    section["headline"] = {
        "sentence": "No network was run.", "beyond_noise": False, "best_network": None,
        "best_baseline": "linear", "difference": None, "low": None, "high": None,
        "p_adjusted": None, "cautions": [],
    }  # fmt: skip
    section["leakage"] = leakage(
        1,
        verdict="not known",
        threshold=None,
        residual_leak=nothing,
        exact_records=0,
        test_records=0,
    )
    page = rendered([section], provenance())
    check(page)
    words = re.sub(r"<[^>]+>", " ", page)
    assert not re.search(r"\bnan\b|\bNone\b(?! of| was)", words.partition("Configuration")[0])
    assert "Not known: leaks, effect of leaks, permuted labels, composition, noise" in words
