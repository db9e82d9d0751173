"""What the audit says in numbers and in words."""

import numpy as np

from seqarena.data.alphabet import UNKNOWN, reverse_complement

from .audit_data import audit, dataset, draw, one_fold


def test_verdicts():
    random = np.random.default_rng(18)
    strangers = [draw(random, 80) for _ in range(200)]
    data = dataset(strangers)
    splits = one_fold(data, "t" * 100 + "T" * 100)
    assert audit(data, splits, threshold=30)[1]["verdict"] == "clean"
    report = audit(data, splits, threshold=30, exact=0)[1]
    assert report["verdict"] == "not known"
    assert "isn't known" in report["lines"][0]
    assert audit(data, splits, threshold=30, exact=20)[1]["verdict"] == "not known"
    for n_relatives, length, expected in ((1, 60, "clean"), (2, 40, "leaks"), (30, 32, "clean")):
        more = list(strangers)
        for i in range(n_relatives):
            more[100 + i] = np.concatenate([strangers[i][:length], draw(random, 80 - length)])
        if length == 60:
            more[100][::9] = (more[100][::9] + 1) % 4  # no near copy
        report = audit(dataset(more), splits, threshold=30)[1]
        assert report["kinds"]["relative"]["records"] == n_relatives
        assert report["verdict"] == expected
    more = list(strangers)
    more[100] = strangers[0]
    report = audit(dataset(more), splits, threshold=30)[1]
    assert report["verdict"] == "leaks"
    assert report["lines"][0] == (
        "1 of 100 test records (1 %) is a copy of a record that the models trained on."
    )


def test_one_test_record_is_no_plural():
    random = np.random.default_rng(21)
    data = dataset([draw(random, 80) for _ in range(4)])
    _, report = audit(data, one_fold(data, "tttT"), threshold=30)
    assert report["lines"] == [
        "The one test record was compared with every record of its training and validation sets, "
        "and was found to be related to none."
    ]


def test_lines_say_who_was_trained_on_and_who_validated_on():
    random = np.random.default_rng(19)
    sequences = [draw(random, 80) for _ in range(10)]
    data = dataset([*sequences, *sequences[:3]])
    report = audit(data, one_fold(data, "tv" * 5 + "TTT"))[1]
    assert report["lines"][0] == (
        "3 of 3 test records (100 %) are copies of records that the models trained on (2) or "
        "validated on (1)."
    )
    assert report["lines"][-1] == "In the whole data set, 3 records repeat an earlier one."


def test_groups_of_the_user_on_both_sides():
    random = np.random.default_rng(20)
    groups = ["x", "x", "y", "y", None, None, "z", "x"]
    data = dataset([draw(random, 80) for _ in range(8)], groups=groups)
    table, report = audit(data, one_fold(data, "tTtvtTTT"))
    assert report["column_groups_on_both_sides"] == {"groups": 1, "records": 2}
    assert report["verdict"] == "leaks"
    assert any("belong to 1 group of the data's own column" in line for line in report["lines"])
    assert not table["leaked"].any()
    _, report = audit(data, one_fold(data, "tttTTTTt"))
    assert report["column_groups_on_both_sides"] == {"groups": 1, "records": 1}
    without = dataset([draw(random, 80) for _ in range(8)])
    assert audit(without, one_fold(without, "tTtvtTTT"))[1]["column_groups_on_both_sides"] is None


def test_duplicates_of_the_whole_data():
    random = np.random.default_rng(21)
    a, b = draw(random, 60), draw(random, 60)
    sequences = [a, a, reverse_complement(a), b, b, np.full(60, UNKNOWN), np.full(60, UNKNOWN)]
    data = dataset(sequences, targets=[0, 0, 1, 1, 1, 0, 1])
    _, report = audit(data, one_fold(data, "ttttttT"))
    assert report["duplicates"] == {"copies": 2, "reverse_complements": 1, "conflicting": 1}
    _, report = audit(data, one_fold(data, "ttttttT"), both_strands=False)
    assert report["duplicates"] == {"copies": 2, "reverse_complements": 0, "conflicting": 0}


def test_values_can_conflict_too():
    one = draw(np.random.default_rng(22), 60)
    data = dataset([one, one], targets=[0.5, 0.75], task="regression")
    table, report = audit(data, one_fold(data, "tT"))
    assert table["conflict"].item()
    assert "another value" in report["lines"][1]


def test_of_too_short_records_only_copies_are_known():
    random = np.random.default_rng(22)
    short, long = [draw(random, 12) for _ in range(8)], [draw(random, 80) for _ in range(8)]
    data = dataset([*short, *long])
    _, report = audit(data, one_fold(data, "tttt" + "TTTT" + "tttt" + "TTTT"))
    assert (report["below_threshold"], report["verdict"]) == (4, "not known")
    assert report["lines"][-1].startswith(
        "4 of 8 test records (50 %) can't score 20 with any other, having"
    )
    _, report = audit(data, one_fold(data, "tttt" + "    " + "tttt" + "TTTT"))
    assert (report["below_threshold"], report["verdict"]) == (0, "clean")
    unknown = dataset([*long, *[np.full(80, UNKNOWN)] * 4])
    _, report = audit(unknown, one_fold(unknown, "tttt" + "TTTT" + "TTTT"))
    assert (report["below_threshold"], report["verdict"]) == (4, "not known")
