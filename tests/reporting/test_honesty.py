import numpy as np
import pytest

from seqarena.reporting import honesty, honesty_tables
from seqarena.reporting.honesty_words import (
    grouping_sentence,
    leaked_sentence,
    residual_sentence,
    split_sentence,
    without_leaked,
)


@pytest.fixture
def section(make_results, as_section):
    return as_section(make_results("binary", n=240))


def answer(section, topic):
    return next(one for one in honesty.answers(section) if one.topic == topic)


def test_a_clean_run_answers_every_question(section):
    given = honesty.answers(section)
    assert [one.topic for one in given] == [
        "leaks", "effect of leaks", "split", "permuted labels", "composition", "noise", "seeds",
        "calibration", "training size",
    ]  # fmt: skip
    status = {one.topic: one.status for one in given}
    for topic in ("leaks", "effect of leaks", "split", "permuted labels", "seeds", "training size"):
        assert status[topic] == "good", topic
    assert all(bool(one.problem) == (one.status in ("bad", "attention")) for one in given)
    assert all(one.sentence.endswith(".") for one in given)
    assert honesty.alarms(section, given) == []


def test_calibration_is_no_question_of_regression(make_results, as_section):
    section = as_section(make_results("regression", n=60))
    assert "calibration" not in {one.topic for one in honesty.answers(section)}
    assert "training size" in {one.topic for one in honesty.answers(section)}


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ({"copy": 9}, "9 of 2,600 test records (0.3 %) are copies of records seen in training"),
        (
            {"relative": 1},
            "1 of 2,600 test records (< 0.1 %) is a relative of a record seen in training",
        ),
        (
            {"copy": 2, "near copy": 1, "relative": 10},
            "13 of 2,600 test records (0.5 %) are related to records seen in training: "
            "2 copies, 1 near copy and 10 relatives",
        ),
        ({}, "None of 2,600 test records was found to be a copy or a relative of a record seen in "
             "training"),
    ],
)  # fmt: skip
def test_leaks_are_counted_in_words(leakage, found, text):
    assert leaked_sentence(leakage(1)).startswith("The one test record wasn't found to be a copy")
    assert leaked_sentence(leakage(2600, found)) == text


def test_a_share_over_repeats_is_told_from_one_of_records(leakage):
    # 60 records are leaked in one of ten repeats each.
    audit = leakage(100, {"relative": 60}, share=0.06)
    assert leaked_sentence(audit).startswith("60 of 100 test records (6.0 % over all repeats) are")


def test_a_leak_that_can_move_a_score_is_bad(section, leakage):
    for found, status in (
        ({"copy": 2}, "attention"), ({"copy": 3}, "bad"), ({"relative": 3}, "bad"),
    ):  # fmt: skip
        assert answer(section | {"leakage": leakage(240, found)}, "leaks").status == status
    few = leakage(240, {"relative": 1}, verdict="clean")
    assert answer(section | {"leakage": few}, "leaks").status == "good"
    missed = {"share": 0.2, "low": 0.1, "high": 0.3, "records": 60, "complete": False}
    audit = leakage(240, {"relative": 1}, residual_leak=missed)
    assert answer(section | {"leakage": audit}, "leaks").status == "bad"


def test_groups_on_both_sides_are_a_leak_of_their_own(section, leakage):
    torn = {"groups": 3, "records": 12}
    audit = leakage(240, verdict="leaks", column_groups_on_both_sides=torn)
    section |= {"leakage": audit}
    found = answer(section, "leaks")
    said = "12 of 240 test records belong to 3 groups of the data's own column with records in"
    assert found.status == "bad" and f"{said} training too." in found.sentence
    (alarm,) = honesty.alarms(section, honesty.answers(section))
    assert alarm.status == "bad" and alarm.sentence == f"{said} training too."
    assert dict(honesty_tables.leak_facts(audit))["your groups on both sides of the split"] == (
        "3 groups, 12 test records"
    )


def test_an_audit_that_knows_nothing_says_so(section, leakage):
    audit = leakage(240, verdict="not known", lines=["All test records are of N only."])
    section |= {"leakage": audit}
    assert answer(section, "leaks").status == "not known"
    assert answer(section, "leaks").sentence == "All test records are of N only."
    assert answer(section, "effect of leaks").status == "not known"
    assert honesty.alarms(section, honesty.answers(section)) == []


def test_what_the_search_may_have_missed_is_said(leakage):
    assert residual_sentence(leakage(240)).startswith("Each was compared with every record seen")
    sampled = {"share": 0.004, "low": 0.001, "high": 0.012, "records": 500, "complete": False}
    text = residual_sentence(leakage(2600, residual_leak=sampled, exact_records=500))
    assert text.startswith("500 of them, drawn at random, were compared with every record seen in")
    assert "0.4 % have a relative there (95 % interval 0.1 % to 1.2 %)" in text
    nothing = {"share": None, "low": None, "high": None, "records": 0, "complete": False}
    text = residual_sentence(leakage(2600, residual_leak=nothing, exact_records=0))
    assert text.startswith("What the search may have missed isn't known")
    calibrated = leakage(9, threshold_source="calibrated", both_strands=False)
    assert "a Smith-Waterman score of 34 or more, calibrated on shuffled" in residual_sentence(
        calibrated
    )
    assert "either strand" not in residual_sentence(calibrated)


def test_a_score_that_leans_on_leaked_records_is_an_alarm(section, leakage):
    section |= {"leakage": leakage(240, {"copy": 32})}
    change = without_leaked(section, "conv1d")
    assert change.loss == pytest.approx(0.04)
    given = honesty.answers(section)
    assert answer(section, "effect of leaks").status == "bad"
    assert "0.040 of the score comes from them" in answer(section, "effect of leaks").sentence
    (alarm,) = honesty.alarms(section, given)
    assert alarm.status == "bad"
    assert alarm.sentence == (
        "32 of 240 test records (13.3 %) are copies of records seen in training; "
        "without them conv1d has AUROC 0.921 instead of 0.961."
    )
    assert honesty.overall(given).startswith(
        "The scores can't be taken at face value: test records"
    )


def test_a_small_change_is_no_dependence(section, make_results, leakage):
    small = make_results("binary", n=240)._similarity(loss=0.004)
    section |= {"leakage": leakage(240, {"relative": 1}), "similarity": small}
    found = answer(section, "effect of leaks")
    assert found.status == "good"
    assert found.sentence.endswith("without the leaked ones, a change of less than 0.01.")
    (alarm,) = honesty.alarms(section, honesty.answers(section))
    assert alarm.status == "attention"


def test_a_low_metric_that_rises_without_leaks_is_a_loss(section, leakage):
    table = section["similarity"].assign(metric="rmse")
    table["value"] = 2 - table["value"]
    section |= {"leakage": leakage(240, {"copy": 9}), "similarity": table, "primary_metric": "rmse"}
    change = without_leaked(section, "conv1d")
    assert change.without > change.everything and change.loss == pytest.approx(0.04)
    assert change.least == pytest.approx(0.01 * change.everything)
    assert change.first == "conv1d"


def test_another_first_place_without_leaks_is_said(section, leakage):
    table = section["similarity"].copy()
    rows = (table["subset"] == "without leaked") & (table["model"] == "linear")
    table.loc[rows, "value"] = 0.99
    keep = (table["subset"] == "without leaked") & (table["model"] == "conv1d")
    table.loc[keep, "value"] += 0.04
    section |= {"leakage": leakage(240, {"copy": 9}), "similarity": table}
    found = answer(section, "effect of leaks")
    assert "The first place goes from conv1d to linear" in found.sentence
    assert found.status == "attention"


def test_too_few_records_left_is_not_known(section, leakage):
    table = section["similarity"].copy()
    table.loc[table["subset"] == "without leaked", ["value", "low", "high"]] = np.nan
    section |= {"leakage": leakage(240, {"copy": 240}), "similarity": table}
    assert answer(section, "effect of leaks").status == "not known"
    (alarm,) = honesty.alarms(section, honesty.answers(section))
    assert "without them" not in alarm.sentence and "nan" not in alarm.sentence


@pytest.mark.parametrize(
    ("verdict", "status"),
    [("above chance", "bad"), ("below chance", "attention"), ("undefined", "not known")],
)
def test_permuted_labels_off_chance(section, verdict, status):
    controls = section["controls"].copy()
    rows = controls["control"] == "permuted labels"
    controls.loc[rows, ["value", "low", "high", "verdict"]] = [0.58, 0.55, 0.61, verdict]
    section |= {"controls": controls}
    found = answer(section, "permuted labels")
    assert found.status == status
    alarms = honesty.alarms(section, honesty.answers(section))
    assert [alarm.sentence for alarm in alarms] == ([found.sentence] if status == "bad" else [])
    if status == "bad":
        assert "linear has AUROC 0.580 (0.550 to 0.610), above chance (chance: 0.500)" in (
            found.sentence
        )


def test_a_guess_below_the_best_constant_is_no_fault(section):
    controls = section["controls"].assign(metric="accuracy", verdict="below chance")
    section |= {"controls": controls, "primary_metric": "accuracy"}
    assert answer(section, "permuted labels").status == "good"


def test_composition_is_given_as_a_share_of_what_was_learned(section):
    controls = section["controls"].copy()
    controls[["chance", "original"]] = [0.5, 0.9]
    controls.loc[controls["control"] == "shuffled input", "value"] = 0.6
    found = answer(section | {"controls": controls}, "composition")
    assert found.status == "attention"  # (0.6 - 0.5) / (0.9 - 0.5)
    assert "over chance on the sequences themselves (0.900) 25.0 % is composition" in found.sentence


def test_shuffled_input_at_chance_says_nothing_where_there_was_no_more_to_lose(section):
    controls = section["controls"].assign(verdict="at chance", low=0.4, high=0.6, value=0.5)
    found = answer(section | {"controls": controls.assign(original=0.61)}, "composition")
    assert found.status == "good"
    assert found.sentence.endswith(": the score comes from the order of the letters.")
    for original in (0.392, 0.6, np.nan):
        found = answer(section | {"controls": controls.assign(original=original)}, "composition")
        assert found.status == "not known" and "comes from the order" not in found.sentence
    assert "on the sequences themselves, it isn't shown that the order" in found.sentence
    errors = controls.assign(metric="rmse", original=0.3)
    found = answer(section | {"controls": errors, "primary_metric": "rmse"}, "composition")
    assert found.status == "good"


def test_a_score_that_is_not_defined_is_no_good_test(section):
    ranking = section["ranking"].assign(value=np.nan, low=np.nan, high=np.nan)
    section |= {"ranking": ranking}
    found = answer(section, "split")
    assert found.status == "attention"
    assert found.problem == "test records on which AUROC is not defined"
    assert found.sentence.endswith("AUROC is not defined: there is no score to trust.")
    section["headline"] = section["headline"] | {"best_network": None}
    for topic in ("seeds", "training size"):
        assert answer(section, topic).sentence == "It was measured, but no model has a score."


def test_a_rise_that_is_not_shown_is_not_denied_either(section):
    found = answer(section, "training size")
    assert found.status == "good"
    assert found.sentence.endswith(": it isn't shown that more would help.")


def test_what_was_measured_on_other_models_is_not_said_to_be_missing(section):
    model = honesty.focus(section)
    for topic, key in (("seeds", "seeds"), ("training size", "learning_curve")):
        of_others = section[key][section[key]["model"] == "linear"]
        found = answer(section | {key: of_others}, topic)
        assert found.status == "not known"
        assert f"Measured on linear, not on {model}: `controls.models`" in found.sentence


def test_controls_that_were_not_run_are_not_known(section):
    section |= {"controls": section["controls"].iloc[:0], "seeds": section["seeds"].iloc[:0]}
    section |= {"learning_curve": None}
    for topic, key in (
        ("permuted labels", "controls.permuted_labels"), ("composition", "controls.shuffled_input"),
        ("seeds", "controls.seeds"), ("training size", "controls.learning_curve"),
    ):  # fmt: skip
        found = answer(section, topic)
        assert found.status == "not known" and f"`{key}`" in found.sentence
    assert "Not known: permuted labels, composition, seeds and training size." in honesty.overall(
        honesty.answers(section)
    )


def test_the_test_is_named_and_one_repeat_has_no_corrected_t(make_results, as_section):
    two = answer(as_section(make_results("binary", n=60, repeats=2)), "noise")
    one = answer(as_section(make_results("binary", n=60, repeats=1)), "noise")
    assert (
        "Tested by corrected t test over folds and repeats; the unit is the group" in two.sentence
    )
    assert "There is 1 repeat, so there is no corrected t test" in one.sentence
    assert "There is 1 repeat" not in two.sentence
    assert "p < 0.001 by Holm's method over 4 pairs" in one.sentence


def test_noise_needs_a_network_and_a_baseline(section):
    section["headline"] = section["headline"] | {"best_baseline": None}
    assert answer(section, "noise").status == "not known"
    section["headline"] = section["headline"] | {
        "best_baseline": "linear", "beyond_noise": False, "cautions": [],
    }  # fmt: skip
    assert answer(section, "noise").status == "attention"
    assert answer(section, "noise").sentence.startswith("No: conv1d and linear")


def test_an_advantage_within_the_spread_of_seeds_is_told(section):
    section["headline"] = section["headline"] | {"difference": 0.015}
    assert answer(section, "seeds").status == "attention"  # the spread is 0.02
    section["headline"] = section["headline"] | {"difference": 0.021}
    assert answer(section, "seeds").status == "good"
    assert answer(section, "seeds").sentence.startswith("Over 3 seeds AUROC of conv1d runs from")
    by_repeats = section["seeds"][section["seeds"]["source"] == "repeats"]
    found = answer(section | {"seeds": by_repeats}, "seeds")
    assert "Over 2 repeats (the same test records, other seeds)" in found.sentence


def test_calibration_counts_what_was_predicted(section):
    found = answer(section, "calibration")
    assert found.status == "attention"
    assert "off by 0.081 on average" in found.sentence
    assert (
        "a temperature of 1.650, fitted on validation records, makes that 0.023" in found.sentence
    )


def test_a_curve_that_rises_asks_for_data(section):
    diagnosis = section["diagnosis"].assign(more_data="yes")
    found = answer(section | {"diagnosis": diagnosis}, "training size")
    assert found.status == "attention"
    assert "from AUROC 0.865 with 60 training records to 0.961 with 120, and still rises" in (
        found.sentence
    )


@pytest.mark.parametrize(
    ("mode", "settings", "text"),
    [
        (
            "k-fold",
            {},
            "4 folds × 2 repeats, by whole groups; 120 groups, the largest of 2 records",
        ),
        ("locked test", {}, "One locked test set by whole groups, the same in 2 repeats; 120"),
        ("own split", {}, "The data's own split, taken as it is, in 2 repeats; 120 groups"),
        (
            "own column values",
            {"column": "chrom", "values": {"test": ["chr8", 9]}},
            "By values of the column `chrom`, taken as they are, in 2 repeats (test: chr8, 9; all "
            "others train); 120 groups",
        ),
    ],
)
def test_every_way_to_split_is_described(section, mode, settings, text):
    section["splits"] = section["splits"] | {"mode": mode}
    section["settings"] = {"split": settings}
    assert split_sentence(section).startswith(text)


def test_records_that_are_never_tested_are_told(section):
    reasons = [{"what": "records in groups larger than a fold", "count": 80}]
    always = {"records": 80, "groups": 2, "reasons": reasons}
    section["splits"] = section["splits"] | {"always_train": always, "unused": 3}
    found = answer(section, "split")
    assert found.status == "attention" and found.problem == "records that are never tested"
    assert (
        "80 records in 2 groups stay in training in every fold and are never tested: records in "
        "groups larger than a fold (80). 3 records in no role, so not used." in found.sentence
    )
    one = {"always_train": always | {"records": 1, "groups": 1}}
    section["splits"] = section["splits"] | one
    assert "1 record in 1 group stays in training in every fold and is never tested" in (
        split_sentence(section)
    )


def test_a_class_that_is_never_tested_is_told(section):
    counts = [("train", {"a": 5, "b": 5}), ("test", {"a": 0, "b": 3}), ("test", {"a": 0, "b": 2})]
    roles = [{"role": role, "class_counts": of_class} for role, of_class in counts]
    section["splits"] = section["splits"] | {"roles": roles}
    found = answer(section, "split")
    assert (found.status, found.problem) == ("attention", "classes that are never tested")
    assert found.sentence.endswith("No test record is of class 'a'.")


def test_an_own_split_is_as_good_as_its_audit(section, leakage):
    section["splits"] = section["splits"] | {"mode": "own split"}
    assert answer(section, "split").status == "good"
    assert answer(section | {"leakage": leakage(240, {"copy": 9})}, "split").status == "attention"


def test_groups_are_described_as_they_were_made():
    text = grouping_sentence(
        {"by": "homology", "groups": "join", "threshold": 34, "scores": "+1, -1"}
    )
    assert text.startswith("A group holds copies and those of one value in the group column, and")
    assert "score of 34 or more (+1, -1)" in text
    text = grouping_sentence(
        {"by": "homology", "groups": "none", "threshold": 30, "search": "mmseqs2"}
    )
    assert text.startswith("A group holds copies, and all records found by MMseqs2 that align")
    text = grouping_sentence({"by": "sequence", "groups": "none"})
    assert "merely similar aren't kept together" in text and "Smith-Waterman" not in text
    text = grouping_sentence({"by": "homology", "groups": "replace", "threshold": 34})
    assert "isn't looked at" in text and "34" not in text


def test_all_data_sets_are_summed_up():
    say = honesty.overall_of_all
    assert say(["a", "b", "c"], ["bad", "good", "attention"]) == (
        "The scores can't be taken at face value on a; on the other 2 no alarm was raised."
    )
    assert say(["a", "b"], ["bad", "bad"]) == "The scores can't be taken at face value on a and b."
    assert say(["a", "b"], ["attention", "good"]).endswith("something to bear in mind on a.")
    assert say(["a"], ["good"]) == "Nothing that was looked at speaks against the test."


def test_the_tables_hold_the_numbers(section, leakage):
    section |= {"leakage": leakage(240, {"copy": 24}, conflicts=6)}
    table = honesty_tables.leaks_table(section["leakage"])
    assert table.rows[0][0].text == "copies"
    assert table.records[0] == {"kind": "copy", "records": 24, "share": 0.1}
    assert table.rows[-1][2].text == "10.0 %"
    facts = dict(honesty_tables.leak_facts(section["leakage"]))
    assert facts["leaked with another label"] == "6 test records"
    table = honesty_tables.dependence_table(section)
    first = dict(zip([name for name, _ in table.columns], table.rows[0], strict=True))
    assert first["model"].text == "conv1d" and first["change"].text == "−0.040"
    assert table.records[0]["leaked"]["n"] == 6
    bins = honesty_tables.by_similarity_table(section)
    assert [name for name, _ in bins.columns][1] == "10.0 % to 20.0 % (80 records)"
    assert honesty_tables.dependence_table(section | {"leakage": leakage(240)}) is None


def test_tables_of_what_was_not_measured_are_left_out(section):
    assert honesty_tables.controls_table(section | {"controls": section["controls"][:0]}) is None
    assert honesty_tables.spread_table(section | {"seeds": section["seeds"][:0]}) is None
    assert honesty_tables.size_table(section | {"learning_curve": None}) is None
    assert (
        honesty_tables.size_table(section | {"learning_curve": section["learning_curve"][:0]})
        is None
    )
