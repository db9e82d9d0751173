"""From files to a dataset, and every way in which files can be wrong."""

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from seqarena.errors import InputError

from .preparing import prepare_dataset

SHARED = Path(__file__).parents[2].parent / "shared" / "data"

FASTA = ">a x\nACGT\n>b\nAAAA\n>c\nCCCC\n>d\nGGTA\n"
LABELS = (
    "id\tlabel\tgene\tset\n"
    "b\tno\tg1\ttrain\n"
    "a\tyes\tg1\ttest\n"
    "d\tno\t\tvalidation\n"
    "c\tyes\tg2\ttrain\n"
)


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(fasta=FASTA, labels=LABELS):
        Path("s.fa").write_text(fasta)
        Path("l.tsv").write_text(labels)
        return "s.fa", "l.tsv"

    return write


def counts(entries):
    return [(entry["count"], entry["what"]) for entry in entries]


def refused(*phrases, task="binary", source=("s.fa", "l.tsv"), **settings):
    with pytest.raises(InputError) as error:
        prepare_dataset(task, *source, **settings)
    message = str(error.value)
    for phrase in phrases:
        assert phrase in message
    assert 1 <= len(message.splitlines()) <= 3
    assert "what to do" in message


def test_a_table_of_labels_is_joined_by_identifier(files):
    dataset = prepare_dataset("binary", *files(), group_column="gene", split_column="set")
    table = dataset.records
    assert table.columns.tolist() == ["record", "label", "length", "gc", "group", "split"]
    assert table["record"].tolist() == list("abcd")
    assert table["label"].tolist() == [1, 0, 1, 0]
    assert table["label"].dtype == np.int64
    assert table["gc"].tolist() == [0.5, 0, 1, 0.5]
    assert table["group"].isna().tolist() == [False, False, False, True]
    assert table["split"].tolist() == ["test", "train", "train", "validation"]
    assert dataset.matrix.tolist() == [[0, 1, 2, 3], [0] * 4, [1] * 4, [2, 2, 3, 0]]
    assert (dataset.task, dataset.classes, len(dataset)) == ("binary", ["no", "yes"], 4)
    assert dataset.summary["class_counts"] == {"no": 2, "yes": 2}
    assert dataset.summary["lengths"] == {"min": 4, "median": 4.0, "max": 4}
    assert dataset.summary["changes"] == []
    assert dataset.summary["inputs"][1] == {
        "path": "l.tsv",
        "sha256": hashlib.sha256(LABELS.encode()).hexdigest(),
        "bytes": len(LABELS),
    }


def test_a_record_may_have_no_part_in_the_split(files):
    paths = files(labels=LABELS.replace("validation", "NA"))
    dataset = prepare_dataset("binary", *paths, split_column="set")
    assert dataset.records["split"].isna().tolist() == [False, False, False, True]


def test_the_positive_class_can_be_named(files):
    dataset = prepare_dataset("binary", *files(), positive="no")
    assert dataset.classes == ["yes", "no"]
    assert dataset.targets.tolist() == [0, 1, 0, 1]
    numbers = LABELS.replace("yes", "1").replace("no", "0")
    dataset = prepare_dataset("binary", *files(labels=numbers), positive=0)
    assert dataset.classes == ["1", "0"]


def test_labels_come_from_headers(files):
    files(">a class=x;gene=g\nAC\n>b class=y\nAC\n>c class=z;gene=h\nAC\n")
    pattern = r"class=(?P<label>\w+)(;gene=(?P<gene>\w+))?"
    dataset = prepare_dataset("multiclass", "s.fa", header_pattern=pattern, group_column="gene")
    assert dataset.classes == ["x", "y", "z"]
    assert dataset.records["group"].isna().tolist() == [False, True, False]
    assert "group" not in prepare_dataset("multiclass", "s.fa", header_pattern=pattern).records


def test_labels_come_from_a_fasta_per_class_of_one_or_several_files(files):
    files()
    for name, text in (("p", ">p1\nAAA\n>p2\nACA\n"), ("q", ">q1\nCCC\n"), ("r", ">r1\nGGG\n")):
        Path(f"{name}.fa.gz").write_bytes(gzip.compress(text.encode()))
    dataset = prepare_dataset("binary", {"neg": ["p.fa.gz", "q.fa.gz"], "pos": "r.fa.gz"})
    assert dataset.records["record"].tolist() == ["p1", "p2", "q1", "r1"]
    assert dataset.targets.tolist() == [0, 0, 0, 1]
    assert len(dataset.summary["inputs"]) == 3


def test_a_group_of_the_header_is_read_without_being_asked_for(files):
    files(">a yes g1\nAC\n>b no g1\nAG\n")
    dataset = prepare_dataset("binary", "s.fa", header_pattern=r"(?P<label>\w+) (?P<group>\w+)$")
    assert dataset.records["group"].tolist() == ["g1", "g1"]


def test_a_missing_group_is_no_group_and_counted(files):
    files(labels="id\tlabel\tgene\na\ty\tNA\nb\tn\tnan\nc\ty\t\nd\tn\tg\n")
    dataset = prepare_dataset("binary", "s.fa", "l.tsv", group_column="gene")
    assert dataset.records["group"].isna().tolist() == [True, True, True, False]
    assert counts(dataset.summary["notices"]) == [(3, "records of no group")]


def test_several_fasta_files_share_a_table(files):
    files()
    Path("t.fa").write_text(">e\nTTTT\n")
    with Path("l.tsv").open("a") as handle:
        handle.write("e\tyes\t\ttrain\n")
    assert len(prepare_dataset("binary", ["s.fa", "t.fa"], "l.tsv")) == 5


def test_identifiers_that_look_like_missing_values_or_numbers_survive(files):
    files(">NA\nAC\n>1e5\nAC\n>007\nGG\n", "id,label\n007,x\nNA,y\n1e5,x\n")
    dataset = prepare_dataset("binary", "s.fa", "l.tsv")
    assert dataset.records["record"].tolist() == ["NA", "1e5", "007"]
    assert dataset.targets.tolist() == [1, 0, 0]


def test_regression_targets_are_numbers(files):
    files(labels="id\tlabel\na\t1\nb\t-2.5\nc\t1e-3\nd\t4\n")
    dataset = prepare_dataset("regression", "s.fa", "l.tsv")
    assert dataset.targets.tolist() == [1, -2.5, 0.001, 4]
    assert dataset.targets.dtype == np.float64
    assert dataset.classes is None
    assert dataset.summary["target_range"] == [-2.5, 4]
    assert "class_counts" not in dataset.summary


def test_changed_letters_are_counted(files):
    files(">a\nACgu\n>b\nUUNN\n>c\nRYac\n>d\nNNNN\n")
    dataset = prepare_dataset("binary", "s.fa", "l.tsv")
    assert counts(dataset.summary["changes"]) == [
        (4, "lower-case letters read as upper case, in 2 records"),
        (3, "letters U read as T, in 2 records"),
        (2, "ambiguous letters (IUPAC codes) shared out over their bases, in 1 record"),
        (6, "letters N read as unknown, in 2 records"),
    ]
    assert counts(dataset.summary["notices"]) == [(1, "records of N only")]
    assert dataset.matrix[0].tolist() == [0, 1, 2, 3]
    masked = prepare_dataset("binary", "s.fa", "l.tsv", soft_masked="unknown")
    assert masked.matrix[0].tolist() == [0, 1, 4, 4]
    assert masked.summary["changes"][0]["what"].startswith("lower-case letters read as unknown (N)")


def test_copies_are_noticed(files):
    files(">a\nACGG\n>b\nacgg\n>c\nCCGT\n>d\nACGT\n")
    notices = prepare_dataset("binary", "s.fa", "l.tsv").summary["notices"]
    assert counts(notices) == [
        (1, "exact copies of an earlier record"),
        (1, "reverse complements of an earlier record, exact copies aside"),
        (1, "sequences that occur more than once with different labels"),
    ]


def test_copies_are_noticed_in_spite_of_padding(files):
    files(">a\nACG\n>b\nCGT\n>c\nAAAAAA\n>d\nGGTA\n")
    dataset = prepare_dataset("binary", "s.fa", "l.tsv", length_to=6, anchor="left")
    assert counts(dataset.summary["notices"]) == [
        (1, "reverse complements of an earlier record, exact copies aside")
    ]


def test_unequal_lengths_are_brought_to_the_stated_one(files):
    files(">a\nACGTA\n>b\nA\n>c\nCCC\n>d\nGGTACCA\n")
    dataset = prepare_dataset("binary", "s.fa", "l.tsv", length_to=3)
    assert dataset.records["length"].tolist() == [5, 1, 3, 7]
    assert dataset.offsets.tolist() == [0, 3, 6, 9, 12]
    assert dataset.summary["length"] == 3
    assert counts(dataset.summary["changes"]) == [
        (2, "letters of padding added to bring 1 record to 3 letters, at both ends"),
        (6, "letters cut off to bring 2 records to 3 letters, at both ends"),
    ]


@pytest.mark.parametrize(
    ("change", "task", "phrases"),
    [
        ((">c\n", ">e\n"), "binary", ("1 of 4 records have no label", "s.fa, line 5, record e")),
        ((">c\nCCCC\n", ""), "binary", ("1 of 4 labels have no record", "l.tsv, line 5, record c")),
        (
            (">c\n", ">a y\n"),
            "binary",
            ("identifier occurs more than once", "s.fa, line 5", "line 1"),
        ),
        (
            ("CCCC", "C\nC-C"),
            "binary",
            ("'-' at position 3 is not a letter of dna", "line 7, record c"),
        ),
        (("CCCC", ""), "binary", ("1 of 4 records have no sequence", "line 5, record c")),
        (("yes", "no"), "binary", ("all 4 records are of one class, 'no'",)),
        (("d\tno", "d\tmaybe"), "binary", ("3 classes: 'maybe', 'no', 'yes'", "multiclass")),
        (
            ("d\tno", "d\t"),
            "binary",
            ("1 of 4 records have no label ('')", "l.tsv, line 4, record d"),
        ),
        (("d\tno", "d\tNaN"), "multiclass", ("no label ('NaN'): 'd'", "l.tsv, line 4, record d")),
        (("d\tno", "a\tno"), "binary", ("more than once in the table", "l.tsv, line 4, record a")),
        (("id\tl", "name\tl"), "binary", ("no column 'id'", "name, label, gene, set")),
        (("no", "1"), "regression", ("'yes' is not a finite number", "l.tsv, line 3, record a")),
    ],
)
def test_what_is_wrong_is_said_with_place_and_remedy(files, change, task, phrases):
    files(FASTA.replace(*change), LABELS.replace(*change))
    refused(*phrases, task=task, split_column="set")


@pytest.mark.parametrize("value", ["inf", "-Infinity", "1_000", "1,5", "0x10"])
def test_a_regression_target_is_a_finite_number(files, value):
    files(labels=f"id\tlabel\na\t1\nb\t2\nc\t{value}\nd\t3\n")
    refused(f"{value!r} is not a finite number", "line 4, record c", task="regression")


def test_one_record_is_no_dataset(files):
    files(">a\nACGT\n", "id\tlabel\na\t1\n")
    for task in ("binary", "multiclass", "regression"):
        refused("only one record", "l.tsv", task=task)


def test_sequences_without_a_known_letter_are_refused(files):
    files(">a\nNNNN\n>b\nNNNN\n>c\nNNNN\n>d\nNNNN\n")
    refused("no record has a known letter", "s.fa")
    files(">a\nacgt\n>b\nacgt\n>c\nacgt\n>d\nacgt\n")
    refused("no record has a known letter", "soft_masked: unknown", soft_masked="unknown")


def test_a_regression_target_can_be_computed_with(files):
    files(labels="id\tlabel\na\t1\nb\t2\nc\t1e300\nd\t3\n")
    refused("'1e300' is too large", "line 4, record c", task="regression")
    files(labels="id\tlabel\na\t1\nb\t1.0\nc\t1\nd\t1\n")
    refused("all 4 records have the same number, 1", "l.tsv", task="regression")


@pytest.mark.parametrize("value", ["", "nan", "NA"])
def test_a_missing_regression_target_is_refused(files, value):
    files(labels=f"id\tlabel\na\t1\nb\t2\nc\t{value}\nd\t3\n")
    refused("1 of 4 records have no label", "line 4, record c", task="regression")


def test_many_culprits_are_counted_and_three_quoted(files):
    names = "".join(f">r{i}\nACGT\n" for i in range(9))
    files(names, "id\tlabel\nr0\tx\nr1\ty\n")
    refused("7 of 9 records have no label in l.tsv: 'r2', 'r3', 'r4' and 4 more", "s.fa, line 5")
    files(names + names)
    refused("9 identifiers occur more than once", "'r0', 'r1', 'r2' and 6 more", "line 19")
    files(FASTA.replace("A", "*"))
    refused("'*' at position 1", "letters: 6, records: 3", "line 2, record a")


def test_settings_are_checked(files):
    files()
    refused("positive class 'yess' is no class", "'no', 'yes'", positive="yess")
    refused("name that the dataset's own table uses", label_columns=("gc",))
    refused("task is 'ranking'", task="ranking")
    refused("length to pad or crop to is 0", length_to=0)
    refused("anchor is 'right'", anchor="right", length_to=4)
    refused("from 0 places instead of one", source=("s.fa",))
    refused("from 2 places instead of one", header_pattern="(?P<label>x)")
    refused("a FASTA per class has none of them", source=({"x": "s.fa"},), group_column="gene")


def test_ambiguous_letters_can_be_refused(files):
    files(FASTA.replace("GGTA", "GGSA"))
    refused("'S' at position 3 is ambiguous", "line 8, record d", ambiguous="refuse")
    prepare_dataset("binary", "s.fa", "l.tsv")


@pytest.mark.parametrize(
    ("pattern", "phrases"),
    [
        ("class=(?P<label>", ("not a regular expression",)),
        ("(?P<label>a{99999999999999})", ("not a regular expression", "repetition")),
        ("(?P<label>" + "(" * 5000 + ")" * 5001, ("not a regular expression",)),
        ("class=(.+)", ("no group named label",)),
        ("class=(?P<label>.+)", ("matches 3 of 4 headers not: 'b', 'c', 'd'", "line 3")),
        (r"^\w( (?P<label>\w+))?$", ("3 of 4 records have no label", "line 3, record b")),
    ],
)
def test_a_pattern_must_fit_the_headers(files, pattern, phrases):
    files(FASTA.replace(">a x", ">a class=x" if "class" in pattern else ">a x"))
    refused(*phrases, source=("s.fa",), header_pattern=pattern)


@pytest.mark.skipif(
    not (SHARED / "uci_splice").is_dir(), reason="no shared/data beside the checkout"
)
def test_a_real_dataset_is_counted_as_its_description_says():
    folder = SHARED / "uci_splice"
    dataset = prepare_dataset(
        "multiclass", folder / "sequences.fasta", folder / "labels.tsv", group_column="group"
    )
    summary = dataset.summary
    assert summary["class_counts"] == {"EI": 767, "IE": 768, "N": 1655}
    assert dataset.matrix.shape == (3190, 60)
    assert sum(change["count"] for change in summary["changes"]) == 60
    assert counts(summary["notices"]) == [
        (185, "exact copies of an earlier record"),
        (1, "sequences that occur more than once with different labels"),
    ]
