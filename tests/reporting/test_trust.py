"""What stands on the first page: warnings, few and specific, and models without a result."""

import re

import pytest

from seqarena.reporting import report, trust
from seqarena.reporting.findings import contrasts, findings
from seqarena.reporting.honesty import answers
from seqarena.reporting.honesty_questions import focus
from seqarena.reporting.report_tables import overview, ranking_table


@pytest.fixture
def section(make_results, as_section):
    return as_section(make_results("binary", n=60))


def words_of(section, provenance, start, end):
    page = report.render_report(report.report_views([section], provenance()))
    part = page[page.index(f'<section id="{start}"') : page.index(f'<section id="{end}"')]
    return " ".join(re.sub(r"<[^>]+>", " ", part).split())


def make_degenerate(section, model, why="all test predictions are 0.5"):
    ranking = section["ranking"].astype({"why": object})
    ranking.loc[ranking["model"] == model, ["rank", "degenerate", "why"]] = [None, True, why]
    section["ranking"] = ranking.sort_values("degenerate", kind="stable").reset_index(drop=True)
    return section


def test_every_change_and_notice_is_in_the_chapter_on_data(section, provenance):
    section["summary"]["changes"] = [{"what": "letters U read as T, in 2 records", "count": 7}]
    section["summary"]["notices"] = [{"what": "records of N only", "count": 3}]
    section["splits"]["notices"] = [{"what": "records in no role, so not used", "count": 5}]
    section["control_notices"] = {
        "permuted_labels": [{"what": "records with another label than before", "count": 31}],
        "shuffled_input": [],
    }
    text = words_of(section, provenance, "data", "models")
    of_control = "31 records with another label than before (in the control permuted_labels )"
    for said in (
        "7 letters U read as T, in 2 records", "3 records of N only",
        "5 records in no role, so not used", of_control,
    ):  # fmt: skip
        assert said in text, said


@pytest.mark.parametrize(
    ("what", "telling"),
    [
        ("sequences that occur more than once with different labels", True),
        ("lower-case letters read as unknown (N), in 4 records", True),
        ("records dropped, since they reach beyond the ends of their chromosome", True),
        ("letters cut off to crop 12 records to 100 letters, at both ends", True),
        ("classes that are never tested: 'EI'", True),
        ("test records whose group has records in train too", True),
        ("lower-case letters read as upper case, in 4 records", False),
        ("letters U read as T, in 2 records", False),
        ("records with another label than before", False),
        ("exact copies of an earlier record", False),
    ],
)
def test_the_first_page_repeats_what_changes_the_meaning_of_a_score(
    section, provenance, what, telling
):
    section["summary"] |= {"changes": [], "notices": [{"what": what, "count": 12}]}
    text = words_of(section, provenance, "verdict", "honesty")
    assert (f"12 {what}." in text.replace("&#39;", "'")) == telling


def test_warnings_are_few(section):
    several = [{"what": f"records dropped for reason {i}", "count": i} for i in range(1, 12)]
    section["summary"] |= {"changes": several, "notices": []}
    said = trust.cautions(section)
    assert len(said) == trust.MOST + 1
    assert re.match(r"\d more: see the chapter on data", said[-1])


def test_networks_that_see_the_length_of_padded_records_are_named(section):
    (said,) = [text for text in trust.cautions(section) if "record ends" in text]
    assert said.startswith("Records are 92 to 131 letters, median 100; `dense` sees where a record")
    section["summary"]["lengths"] = {"min": 100, "median": 100, "max": 100}
    assert not [text for text in trust.cautions(section) if "record ends" in text]


def test_a_quiet_data_set_has_no_warnings(section, provenance):
    section["summary"] |= {"changes": [], "notices": [], "length": 92}
    assert trust.cautions(section) == []
    assert "before you trust" not in words_of(section, provenance, "verdict", "honesty")


def test_many_missing_entries_are_told(make_results, as_section):
    section = as_section(make_results("multilabel", n=60))
    section["summary"]["label_counts"]["rare"] = {"positive": 0, "negative": 9, "missing": 51}
    said = " ".join(trust.cautions(section))
    assert re.search(r"\d+\.\d % of the entries are missing and count nowhere", said)


def test_the_gravest_comes_first(section):
    section["summary"] |= {
        "length": 92,
        "changes": [{"what": "letters cut off to crop 12 records", "count": 83}],
        "notices": [
            {"what": "sequences that occur more than once with different labels", "count": 2}
        ],
    }
    assert [text.split()[1] for text in trust.cautions(section)] == ["sequences", "letters"]


def test_a_degenerate_model_has_a_reason_and_no_rank(section):
    table = ranking_table(make_degenerate(section, "dense"))
    last = {row[1].text: row for row in table.rows}
    assert [cell.text for cell in last["dense"]] == ["–", "dense", "network", "degenerate"]
    assert last["dense"][3].small == "all test predictions are 0.5"
    assert last["conv1d"][0].text == "1" and last["majority"][0].text == "–"
    assert any("it has no rank" in note for note in table.notes)


def test_a_degenerate_model_is_no_result_in_any_sentence(section, provenance):
    make_degenerate(section, "conv1d")
    section["headline"] |= {"best_network": None}
    assert focus(section) == "linear"
    said = " ".join(findings(section))
    assert "for linear" in said and "conv1d is better" not in said
    assert "conv1d is degenerate: all test predictions are 0.5." in said
    assert "majority is degenerate" not in said
    assert not any("conv1d" in sentence for sentence in contrasts([section, section]))
    table = overview([section], ["conv1d", "linear"])
    assert table.rows[0][1].text == "degenerate" and table.rows[1][1].text != "degenerate"
    text = words_of(section, provenance, "verdict", "honesty")
    assert "conv1d is degenerate: all test predictions are 0.5." in text  # below the overview


def test_a_degenerate_baseline_is_not_called_the_best(section):
    make_degenerate(section, "linear")
    (said,) = [one.sentence for one in answers(section) if one.topic == "noise"]
    assert "conv1d and linear, a degenerate baseline, differ by" in said
