"""What each kind of target, alphabet and content becomes, and how it is refused."""

from pathlib import Path

import numpy as np
import pytest

from seqarena.data.alphabet import DNA, PROTEIN, RNA, words_alphabet
from seqarena.data.dataset import Dataset, read_dataset, write_dataset
from seqarena.data.labels import Columns, Labels
from seqarena.data.places import Places
from seqarena.data.preparation import prepare_dataset
from seqarena.data.sources import Numbers, Records, join_letters
from seqarena.errors import InputError


def records(content, weights=None, groups=None, **cells):
    """Records of one table, with cells as text by column."""
    n = len(next(iter(cells.values())))
    places = Places([("t.tsv", np.arange(2, n + 2))])
    names = [f"r{i}" for i in range(n)]
    labels = Labels(cells, places, groups=groups, weights=weights)
    Path("t.tsv").write_text("made up")
    return Records(names, places, content, labels, [Path("t.tsv")])


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


FOUR = join_letters(["ACGT", "AAAA", "CCGG", "TTTT"])


def counts(entries):
    return {entry["what"]: entry["count"] for entry in entries}


def refused(*phrases, task="binary", content=FOUR, settings=None, weights=None, **cells):
    with pytest.raises(InputError) as error:
        prepare_dataset(task, records(content, weights, **cells), **(settings or {}))
    message = str(error.value)
    assert all(phrase in message for phrase in phrases), message
    assert "what to do" in message


def test_several_labels_may_be_missing():
    cells = {"a": ["1", "0", "NA", "1"], "b": ["0", "true", "1", ""]}
    dataset = prepare_dataset("multilabel", records(FOUR, **cells))
    nan = np.nan
    np.testing.assert_array_equal(dataset.targets, [[1, 0], [0, 1], [nan, 1], [1, nan]])
    assert (dataset.target_names, dataset.outputs) == (["a", "b"], 2)
    assert dataset.summary["target"] == "2 labels"
    assert dataset.summary["label_counts"]["a"] == {"positive": 2, "negative": 1, "missing": 1}
    assert dataset.classes is None


def test_a_split_balances_the_rarest_label():
    cells = {"a": ["1", "1", "1", "0"], "b": ["0", "0", "1", "0"]}
    values, task = prepare_dataset("multilabel", records(FOUR, **cells)).strata
    assert task == "multiclass"
    assert len(set(values)) == 3
    assert values[0] == values[1]


def test_several_numbers():
    cells = {"x": ["1", "2", "3", "NA"], "y": ["10", "20", "", "40"]}
    dataset = prepare_dataset("regression", records(FOUR, **cells))
    assert dataset.targets.shape == (4, 2)
    assert dataset.summary["target_ranges"]["y"] == {"low": 10, "high": 40, "missing": 1}
    values, task = dataset.strata
    assert task == "regression"
    assert np.isfinite(values).all()
    assert values[0] == values.min()


def test_ordered_classes_become_numbers():
    order = ["low", "mid", "high"]
    made = records(FOUR, y=["mid", "low", "high", "low"])
    dataset = prepare_dataset("regression", made, order=order)
    assert dataset.targets.tolist() == [1, 0, 2, 0]
    assert dataset.summary["order"] == order
    refused(
        *("'hihg' is none of the ordered classes", "did you mean 'high'", "t.tsv, line 3"),
        task="regression",
        settings={"order": order},
        y=["low", "hihg", "high", "mid"],
    )


def test_weights_are_numbers():
    dataset = prepare_dataset(
        "binary", records(FOUR, weights=["1", "0", "2.5", "1"], y=["a", "b", "a", "b"])
    )
    assert dataset.weights.tolist() == [1, 0, 2.5, 1]
    assert dataset.summary["weighted"]
    for wrong in ("-1", "nan", "inf", "x", "1_0", ""):
        weights = ["1", wrong, "1", "1"]
        refused("line 3, record r1", weights=weights, y=["a", "b", "a", "b"])
    refused("all weights are 0", weights=["0"] * 4, y=["a", "b", "a", "b"])


def test_labels_that_say_nothing_are_refused():
    task = "multilabel"
    refused("'maybe' is neither 0 nor 1", "line 3", task=task, a=["1", "maybe", "0", "1"])
    ones = ["1", "1", "NA", "1"]
    refused("all 3 records of 'b' have the same label", task=task, a=["1", "0", "1", "0"], b=ones)
    some, empty = ["1", "NA", "0", "1"], ["NA"] * 4
    refused("no record has a label of 'b'", task=task, a=some, b=empty)
    refused("1 of 4 records have no label at all: 'r1'", task=task, a=some, b=["0", "", "1", "0"])
    refused("one column of labels, not 2", a=["x", "y"] * 2, b=["x", "y"] * 2)


def test_rna_reads_t_as_u_and_has_one_strand():
    content = join_letters(["ACGU", "ACGU", "ACGT", "UUUU"])
    dataset = prepare_dataset("binary", records(content, y=["a", "b", "a", "b"]), alphabet=RNA)
    assert counts(dataset.summary["changes"]) == {"letters T read as U, in 1 record": 1}
    assert dataset.records["gc"].tolist() == [0.5, 0.5, 0.5, 0]
    assert counts(dataset.summary["notices"]) == {
        "exact copies of an earlier record": 2,
        "sequences that occur more than once with different labels": 1,
    }


def test_a_protein_loses_its_stop():
    content = join_letters(["MKV*", "MKVL", "mBXU", "WWWW"])
    dataset = prepare_dataset("binary", records(content, y=["a", "b", "a", "b"]), alphabet=PROTEIN)
    assert dataset.records["length"].tolist() == [3, 4, 4, 4]
    assert "gc" not in dataset.records
    assert counts(dataset.summary["changes"]) == {
        "lower-case letters read as upper case, in 1 record": 1,
        "letters U read as C, O read as K, in 1 record": 1,
        "ambiguous letters (IUPAC codes) shared out over their residues, in 1 record": 1,
        "letters X read as unknown, in 1 record": 1,
        "stops (*) at the end taken off, in 1 record": 1,
    }
    refused(
        "'*' at position 2 is not a letter of protein",
        content=join_letters(["M*K", "MKV", "MMM", "KKK"]),
        settings={"alphabet": PROTEIN},
        y=["a", "b", "a", "b"],
    )
    refused("set alphabet: protein", content=join_letters(["MKVL"] * 4), y=["a", "b", "a", "b"])


def test_gaps_are_refused_taken_out_or_unknown():
    made = records(join_letters(["AC-GT", "A.A", "CC", "TTT"]), y=["a", "b", "a", "b"])
    refused("say what they mean by gaps", content=made.content, y=["a", "b", "a", "b"])
    removed = prepare_dataset("binary", made, gaps="remove")
    assert removed.offsets.tolist() == [0, 4, 6, 8, 11]
    assert removed.tokens.tolist() == [0, 1, 2, 3, 0, 0, 1, 1, 3, 3, 3]
    assert counts(removed.summary["changes"]) == {"gaps (- or .) taken out, in 2 records": 2}
    unknown = prepare_dataset("binary", made, gaps="unknown")
    assert unknown.tokens[:5].tolist() == [0, 1, 4, 2, 3]
    assert counts(unknown.summary["changes"]) == {
        "gaps (- or .) read as unknown (N), in 2 records": 2
    }
    refused(
        "1 of 4 records have nothing but gaps",
        content=join_letters(["AC", "---", "CC", "TT"]),
        settings={"gaps": "remove"},
        y=["a", "b", "a", "b"],
    )


def test_sentences_are_words():
    words = words_alphabet(["you", "are", "he", "is"])
    made = records(["you are", "he  is ", "you is", "he are"], y=["1", "1", "0", "0"])
    dataset = prepare_dataset("binary", made, alphabet=words)
    assert dataset.matrix.tolist() == [[0, 1], [2, 3], [0, 3], [2, 1]]
    assert dataset.summary["alphabet"] == {"name": "words", "symbols": ["you", "are", "he", "is"]}
    made = records(["you,are", "he,was", "you,is", "he,are"], y=["1", "1", "0", "0"])
    options = {"alphabet": words, "separator": ","}
    refused(
        *("'was' is not in the alphabet", "line 3, record r1"),
        content=made.content,
        settings=options,
        y=["1", "1", "0", "0"],
    )
    dataset = prepare_dataset("binary", made, **options, unlisted="unknown")
    assert dataset.matrix[1].tolist() == [2, words.unknown]
    assert list(counts(dataset.summary["changes"]).values()) == [1]
    refused(
        "has no words",
        content=["you", " ", "he", "is"],
        settings={"alphabet": words},
        y=["1", "1", "0", "0"],
    )


def test_numbers_are_kept_as_they_are():
    matrix = np.array([[1, -2.5], [3, 4], [1, -2.5], [0, 0]], np.float32)
    made = records(Numbers(matrix, ["f", "g"]), y=["a", "b", "b", "a"])
    dataset = prepare_dataset("binary", made)
    np.testing.assert_array_equal(dataset.matrix, matrix)
    assert dataset.is_numbers
    assert dataset.matrix.dtype == np.float32
    assert counts(dataset.summary["notices"]) == {
        "exact copies of an earlier record": 1,
        "rows that occur more than once with different labels": 1,
    }


def test_records_keep_their_lengths_and_survive_the_disk():
    made = records(join_letters(["ACGTA", "C", "GG", "TTT"]), y=["a", "b", "a", "b"])
    write_dataset("data", prepare_dataset("binary", made))
    dataset = read_dataset("data")
    assert not dataset.uniform
    assert dataset.padded
    assert dataset.summary["length"] == 5
    assert "records that are shorter than the longest, of 5" in counts(dataset.summary["notices"])
    assert dataset.matrix[1].tolist() == [1, *[DNA.padding] * 4]
    assert dataset.rows(np.array([2, 3])).tolist() == [[2, 2, 15], [3, 3, 3]]
    np.testing.assert_array_equal(dataset.rows(np.arange(4)), dataset.matrix)


def test_padding_is_no_letter():
    made = records(join_letters(["ACG", "CGT", "NN", "TTT"]), y=["a", "b", "a", "b"])
    dataset = prepare_dataset("binary", made, length_to=5)
    assert dataset.uniform
    assert dataset.padded
    assert dataset.matrix[2].tolist() == [15, 4, 4, 15, 15]
    assert counts(dataset.summary["notices"]) == {
        "reverse complements of an earlier record, exact copies aside": 1,
        "records of N only": 1,
    }


def test_equal_targets_share_a_code():
    cells = {"a": ["1", "0", "NA", "1", "NA"], "b": ["0", "1", "1", "0", "1"]}
    content = join_letters(["ACGT", "AAAA", "CCGG", "TTTT", "GGGG"])
    codes = prepare_dataset("multilabel", records(content, **cells)).label_codes
    assert codes[0] == codes[3]
    assert codes[2] == codes[4]
    assert len(set(codes.tolist())) == 3


def test_columns_have_names_of_their_own():
    with pytest.raises(InputError, match="'gc' has a name that the dataset's own table uses"):
        Columns(("a", "gc"))


def test_a_dataset_of_one_number_is_one_column():
    dataset = prepare_dataset("regression", records(FOUR, y=["1", "2", "3", "4"]))
    assert isinstance(dataset, Dataset)
    assert dataset.targets.shape == (4,)
    assert dataset.strata == (pytest.approx(dataset.targets), "regression")
