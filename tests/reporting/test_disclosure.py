import re

import pytest

from seqarena.reporting.disclosure import DOME, REFORMS, disclosures
from seqarena.statement_keys import STATEMENT_KEYS

REFORMS_MODULES = {"1": 3, "2": 5, "3": 7, "4": 3, "5": 6, "6": 3, "7": 3, "8": 2}


@pytest.fixture
def run(make_results, as_section, provenance):
    return [as_section(make_results("binary", n=240))], provenance() | {"platform": "Linux"}


def items_of(run, statements=None):
    dome, reforms = disclosures(*run, statements or {})
    return {item["number"]: item for item in (*dome.items, *reforms.items)}


def text_of(item):
    return " ".join(answer.text for answer in item["answers"])


def test_the_checklists_are_complete():
    assert [item.number for item in DOME] == [
        *("1.1", "1.2", "1.3", "1.4"), *(f"2.{k}" for k in range(1, 9)),
        *("3.1", "3.2", "3.3", "3.4"), *("4.1", "4.2", "4.3", "4.4", "4.5"),
    ]  # fmt: skip
    assert [item.number for item in REFORMS] == [
        f"{module}{'abcdefg'[k]}" for module, count in REFORMS_MODULES.items() for k in range(count)
    ]
    assert len(REFORMS) == 32


def test_every_statement_is_asked_for_and_every_question_can_be_answered():
    asked = {item.statement for item in (*DOME, *REFORMS) if item.statement}
    assert asked == set(STATEMENT_KEYS)
    assert all(item.known or item.statement for item in (*DOME, *REFORMS))
    assert all(text.endswith(".") and "\n" not in text for text in STATEMENT_KEYS.values())


def test_the_run_answers_with_its_own_numbers(run):
    items = items_of(run)
    for number, text in {
        "1.1": "sequences.fasta (345.7 kB, SHA-256 abababababab…). 240 records of 92 to",
        "1.2": "Records per fold: 120 train, 60 validation, 60 to 63 test.",
        "1.3": "Audit: None of 240 test records was found",
        "2.1": "baselines: majority, composition and linear; networks: dense and conv1d.",
        "2.3": "linear: counts of k-mers (k = 5)",
        "2.4": "conv1d 52,345. Settings are those of the configuration, fixed before training. "
               "Chosen on validation records in each fold: l2.",
        "2.6": "Weights per training record: majority 8.54",
        "2.7": "dropout 0.2",
        "3.2": "the probability of `motif`",
        "3.3": "conv1d 28 s",
        "3.4": "not from a git checkout; python 3.11.9",
        "4.2": "Models are ranked by AUROC",
        "4.4": "1,000 replicates): the unit is the group. Yes: conv1d and linear",
        "2c": "Example CPU; Linux; threads per process: 2",
        "2e": "`snakemake --cores all`",
        "3d": "`label` (binary); background: ",
        "4a": "None of the 240 records that were given.",
        "4b": "4 records that are exact copies of another",
        "5f": "Baselines on the same folds: majority, composition and linear.",
        "7c": "Caution: Intervals from fewer than 50 groups are rough.",
    }.items():  # fmt: skip
        assert items[number]["source"] == "run", number
        assert text in text_of(items[number]), number


def test_what_only_a_person_knows_is_not_made_up(run):
    items = items_of(run)
    for number, key in {
        "1a": "population", "1b": "population_motivation", "1c": "machine_learning_motivation",
        "3b": "sampling_frame", "3c": "data_suitability", "3g": "representativeness",
        "5b": "model_choice", "8a": "external_validity", "8b": "limitations",
    }.items():  # fmt: skip
        item = items[number]
        assert item["source"] is None and item["answers"] == []
        assert item["not_provided"] == {"key": key, "meaning": STATEMENT_KEYS[key]}


def test_statements_fill_in_what_the_run_leaves_open(run):
    items = items_of(
        run, {"population": "Human enhancers.", "data_source": "ENCODE.", "tuning": " "}
    )
    assert items["1a"]["source"] == "statement" and text_of(items["1a"]) == "Human enhancers."
    assert items["1a"]["not_provided"] is None
    assert [answer.source for answer in items["1.1"]["answers"]] == ["run", "statement"]
    assert items["3a"]["answers"][-1].text == "ENCODE."
    assert items["5e"]["not_provided"]["key"] == "tuning"  # an empty text is none


def test_every_statement_shows_up_somewhere(run):
    statements = {key: f"Text of {key}." for key in STATEMENT_KEYS}
    items = items_of(run, statements)
    said = " ".join(map(text_of, items.values()))
    assert all(text in said for text in statements.values())
    assert all(item["not_provided"] is None for item in items.values())


def test_the_summary_counts(run):
    dome, reforms = disclosures(*run, {"population": "Human."})
    assert dome.summary == (
        "21 of 21 items are answered by the run; 10 have a part that only a person can answer and "
        "that isn't provided."
    )
    assert reforms.summary.startswith(
        "23 of 32 items are answered by the run, 1 by statements alone"
    )


def test_data_sets_that_say_the_same_say_it_once(make_results, as_section, provenance):
    one = as_section(make_results("binary", n=60, name="one"))
    two = as_section(make_results("regression", n=60, name="two"))
    run = [one, two], provenance() | {"platform": "Linux"}
    items = items_of(run)
    assert [answer.datasets for answer in items["3.2"]["answers"]] == [["one"], ["two"]]
    assert [answer.datasets for answer in items["2.2"]["answers"]] == [[]]


def test_a_simulation_and_missing_letters_are_told(run):
    datasets, provenance = run
    datasets[0]["settings"] = {"simulation": {"placement": "anywhere"}}
    datasets[0]["summary"]["changes"] = [
        {"what": "letters N read as unknown, in 3 records", "count": 45}
    ]
    items = items_of((datasets, provenance))
    assert "Simulated (placement anywhere): sequences.fasta" in text_of(items["1.1"])
    assert "45 letters N read as unknown, in 3 records." in text_of(items["3f"])


def test_nothing_recorded_leaves_no_holes(run):
    datasets, provenance = run
    bare = {"weights": None, "peak_memory_mb": None, "seconds": None, "threads": None}
    datasets[0]["runs"] = [run | bare for run in datasets[0]["runs"]]
    datasets[0]["splits"] = {"mode": "own split"}
    for item in items_of((datasets, provenance)).values():
        text = text_of(item)
        assert not re.search(r"[\w,=(] None\b", text), item["number"]
        assert not re.search(r"\bnan\b|\.\.|: \.", text), item["number"]
