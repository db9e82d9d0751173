"""Reports speak of letters, residues, words or columns as the data set has them."""

import re

import pytest

from seqarena.reporting import report
from seqarena.reporting.about_data import facts
from seqarena.reporting.disclosure import disclosures
from seqarena.reporting.honesty import answers
from seqarena.reporting.material import lengths
from seqarena.reporting.run_tables import models_table

ALPHABETS = {
    "protein": {"name": "protein"},
    "rna": {"name": "rna"},
    "words": {"name": "words", "symbols": ["you", "he", "dog", "cat", "is"]},
    "numbers": {"name": "numbers", "symbols": ["Feature 1", "Feature 2"]},
}


def section_of(make_results, as_section, name, task="binary"):
    section = as_section(make_results(task, n=60))
    extent = (
        {"min": 2, "median": 2, "max": 2} if name == "numbers" else section["summary"]["lengths"]
    )
    section["summary"] |= {"alphabet": ALPHABETS[name], "lengths": extent, "changes": []}
    section["summary"]["length"] = extent["max"]
    section["leakage"] |= {"both_strands": False}
    return section


def disclosed(section, provenance):
    dome, reforms = disclosures([section], provenance() | {"platform": "Linux"}, {})
    return {
        item["number"]: " ".join(answer.text for answer in item["answers"])
        for item in (*dome.items, *reforms.items)
    }


def page_of(section, provenance):
    page = report.render_report(report.report_views([section], provenance()))
    return re.sub(r"<[^>]+>", " ", page[page.index("<main") : page.index("How to reproduce")])


@pytest.mark.parametrize("name", ["protein", "words", "numbers"])
def test_what_is_no_dna_has_no_gc_no_strands_and_no_bases(
    name, make_results, as_section, provenance
):
    text = page_of(section_of(make_results, as_section, name), provenance)
    for word in ("GC", "nucleotide", "reverse complement", "strand", "letters", "A, C, G, T"):
        assert word not in text, (name, word)


def test_dna_keeps_its_words(make_results, as_section, provenance):
    section = as_section(make_results("binary", n=60))
    items = disclosed(section, provenance)
    assert "one-hot letters (A, C, G, T); an unknown letter is all zero" in items["2.3"]
    assert "composition: length and GC content." in items["2.3"]
    assert "up to 100 letters × 4 = up to 400 one-hot inputs" in items["2.5"]
    assert (
        "Letters that stand for no nucleotide, repeated identifiers, empty records" in items["4b"]
    )
    assert "No letter is unknown." in items["3f"]


@pytest.mark.parametrize(
    ("name", "encoding", "features", "missing"),
    [
        ("protein", "one-hot residues (20 amino acids)", "residues × 20", "No residue is unknown."),
        ("words", "one-hot words (5 in the list)", "words × 5", "No word is unknown."),
        ("numbers", "the numbers, standardised by mean", "2 columns of numbers", ""),
    ],
)
def test_checklists_speak_of_what_the_records_are_made_of(
    name, encoding, features, missing, make_results, as_section, provenance
):
    items = disclosed(section_of(make_results, as_section, name), provenance)
    assert encoding in items["2.3"] and features in items["2.5"]
    assert items["3f"].endswith(missing or "are refused).")


def test_letters_by_position_are_an_input_only_where_no_record_is_padded(
    make_results, as_section, provenance
):
    section = as_section(make_results("binary", n=60))
    assert "linear: counts of k-mers (k = 5)." in disclosed(section, provenance)["2.3"]
    section["summary"]["length"] = 92
    assert "(k = 5), one-hot letters by position, or both." in disclosed(section, provenance)["2.3"]


def test_lengths_have_their_unit():
    extent = {"min": 3, "median": 5, "max": 12}
    words = {"alphabet": ALPHABETS["words"], "lengths": extent}
    assert lengths(words) == "3 to 12 words, median 5"
    assert lengths({"lengths": {"min": 1, "median": 1, "max": 1}}) == "1 letter"


def test_numbers_have_no_order_to_shuffle_and_no_length(make_results, as_section, provenance):
    section = section_of(make_results, as_section, "numbers")
    assert "composition" not in {one.topic for one in answers(section)}
    said = dict(facts(section))
    assert said["made of"] == "numbers, in 2 columns" and "length in the source" not in said
    views = report.report_views([section], provenance())
    assert "Which model predicts held-out records best?" in report.render_report(views)


def test_shuffled_words_keep_their_neighbours(make_results, as_section):
    section = section_of(make_results, as_section, "words")
    (said,) = [one.sentence for one in answers(section) if one.topic == "composition"]
    assert "only their words stay" in said


def test_strands_and_representation_stand_with_each_model(make_results, as_section, provenance):
    section = as_section(make_results("binary", n=60))
    section["runs"] = [
        run
        | {
            "representation": {"kind": "kmers", "k": 4} if run["model"] == "dense" else None,
            "reverse_complement": "average" if run["model"] == "conv1d" else "none",
        }
        for run in section["runs"]
    ]
    table = models_table(section)
    cells = {row[0].text: row[2] for row in table.rows}
    assert cells["dense"].text == "4-mer counts" and cells["dense"].small == ""
    assert cells["conv1d"].small.startswith("both strands pass through the same weights")
    said = disclosed(section, provenance)["2.3"]
    assert "dense: 4-mer counts." in said and "conv1d: both strands pass through" in said
    assert "conv1d: one-hot letters" in said


def test_order_and_weights_are_told(make_results, as_section, provenance):
    section = as_section(make_results("regression", n=60))
    section["summary"] |= {"order": ["low", "mid", "high"], "weighted": True}
    section["settings"] |= {"labels": {"weight": "trust"}}
    said = dict(facts(section))
    assert "low, mid and high are the numbers 0 to 2, in this order" in said["order"]
    assert "its weight of the column `trust`; metrics are unweighted" in said["weights"]
    items = disclosed(section, provenance)
    assert "metrics are unweighted" in items["6a"] and "numbers 0 to 2" in items["3d"]


def test_negatives_say_how_well_they_match(make_results, as_section, provenance):
    section = as_section(make_results("binary", n=60))
    section["summary"]["negatives"] = {
        "negatives": 30, "tolerance": 0.02, "gc_difference": {"random": 0.081, "matched": 0.004},
        "repeat_difference": {"random": 0.2, "matched": 0.01}, "beyond_tolerance": 0,
    }  # fmt: skip
    said = dict(facts(section))["negatives from the genome"]
    assert said.startswith("30 negatives, which differ in GC by 0.004 (drawn at random: 0.081) and")
    assert "Negatives were drawn from the genome: 30" in disclosed(section, provenance)["1.1"]
