"""Text files with line numbers."""

import gzip

import numpy as np
import pysam
import pytest

from seqarena.data import reading
from seqarena.errors import InputError


def refused(path, *phrases, function=reading.read_fasta, **arguments):
    with pytest.raises(InputError) as error:
        function(path, **arguments)
    for phrase in (*phrases, str(path)):
        assert phrase in str(error.value)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("compressed", [False, True])
def test_fasta_is_read_with_lines_of_headers(tmp_path, ending, compressed):
    lines = ["", ">a one", "ACGT  ", "", "AC GT", ">b\t2 ", "  ", "TTT", "", ">c", "A", "", ""]
    content = ending.join(lines).encode()
    path = tmp_path / "records.fa"  # the name doesn't say whether it is compressed
    path.write_bytes(gzip.compress(content) if compressed else content)
    fasta = reading.read_fasta(path)
    assert fasta.headers == ["a one", "b\t2", "c"]
    assert fasta.sequences() == ["ACGTACGT", "TTT", "A"]
    assert (fasta.letters, fasta.offsets.tolist()) == (b"ACGTACGTTTTA", [0, 8, 11, 12])
    assert fasta.lines.tolist() == [2, 6, 10]
    assert [reading.first_word(header) for header in fasta.headers] == ["a", "b", "c"]


def test_a_byte_order_mark_is_tolerated(tmp_path):
    path = tmp_path / "records.fa"
    path.write_bytes(b"\xef\xbb\xbf>a\nACGT\n")
    assert reading.read_fasta(path).headers == ["a"]


def test_headers_lose_blanks_and_letters_keep_their_case(tmp_path):
    path = tmp_path / "records.fa"
    path.write_bytes(b">  a more \t\n\tacGT \t\nNn*-\t\n>b\nA")
    fasta = reading.read_fasta(path)
    assert fasta.headers == ["a more", "b"]
    assert fasta.sequences() == ["acGTNn*-", "A"]


def test_archives_of_several_members_and_long_lines_are_read_whole(tmp_path):
    path = tmp_path / "records.fa.gz"
    with pysam.BGZFile(str(path), "wb") as archive:
        archive.write(b">a\n" + b"ACGT" * 2_500_000 + b"\n>b\nA\n")
    with path.open("ab") as archive:
        archive.write(gzip.compress(b">c\nT\n"))
    fasta = reading.read_fasta(path)
    assert fasta.headers == ["a", "b", "c"]
    assert np.diff(fasta.offsets).tolist() == [10_000_000, 1, 1]
    assert fasta.letters == b"ACGT" * 2_500_000 + b"AT"


def test_a_missing_file_is_named_and_a_near_one_suggested(tmp_path):
    (tmp_path / "sequences.fasta").write_text(">a\nA\n")
    refused(tmp_path / "sequence.fasta", "no such file", "did you mean 'sequences.fasta'?")
    refused(tmp_path, "can't be read", "what to do")


@pytest.mark.parametrize("content", [b"", b"\n \n", gzip.compress(b"")])
def test_an_empty_fasta_is_refused(tmp_path, content):
    path = tmp_path / "records.fa"
    path.write_bytes(content)
    refused(path, "the FASTA file is empty")


@pytest.mark.parametrize(
    ("content", "phrases"),
    [
        (b"id\tlabel\na\t1\n", ("not FASTA: 'id\\tlabel'", "line 1")),
        (b"\n@read\nACGT\n+\nIIII\n", ("not FASTA: '@read'", "line 2")),
        (b">a\nAC\n>\nGT\n", ("no identifier", "line 3")),
        (b">a\nAC\n>b\n>c\n\n>d\nT\n", ("2 of 4 records have no sequence: 'b', 'c'", "line 3")),
        (b"BZh91AY&SY\xfa\x90\x9c\xff\xfe", ("not text in UTF-8",)),
        (b">a\nAC\x00GT\n", ("not text", "line 2")),
        (b">a\x00\nACGT\n", ("not text", "line 1")),
        (b">a\nAC\n;old\nGT\n", ("';old' is a comment", "line 3, record a", "grep -v")),
        (b";old\n>a\nAC\n", ("';old' is a comment", "line 1")),
        (b">a\nACGT\n>b\nA\xc3\xa9\n", ("letter '\xe9' is outside ASCII", "line 4, record b")),
        (b">a\nAC\n>  \t\nGT\n", ("no identifier", "line 3")),
        ("\ufeff>a\nAC\n".encode("utf-16-le"), ("not text in UTF-8",)),
        (gzip.compress(b">a\nACGT\n" * 99)[:-9], ("gzip archive is damaged",)),
        (gzip.compress(b">a\nACGT\n")[:20] + b"xxxxxxxxxxx", ("gzip archive is damaged",)),
        (b"\x1f\x8bnothing of the kind", ("gzip archive is damaged",)),
    ],
)
def test_what_is_not_fasta_is_refused_with_its_line(tmp_path, content, phrases):
    path = tmp_path / "records.fa"
    path.write_bytes(content)
    refused(path, *phrases)


def test_lines_of_letters_are_found_again(tmp_path):
    path = tmp_path / "records.fa"
    path.write_text(">a\nACGT\n\nAC GT \nA\n>b\nA\n")
    assert [reading.line_of_letter(path, 1, i) for i in (0, 3, 4, 7, 8)] == [2, 2, 4, 4, 5]


@pytest.mark.parametrize("separator", "\t,;")
def test_tables_keep_text_as_it_is(tmp_path, separator):
    rows = [["id", "value", "more"], ["NA", "1e5", "x"], ["007", "None", ""], [], ["q", "", "y"]]
    path = tmp_path / "labels.txt"
    path.write_text("\r\n".join(separator.join(row) for row in rows) + separator + "\r\n\r\n")
    lines, (identifiers, values) = reading.read_table(path, ["id", "value"])
    assert identifiers == ["NA", "007", "q"]
    assert values == ["1e5", "None", ""]
    assert lines == [2, 3, 5]


def test_a_missing_column_is_named_and_a_near_one_suggested(tmp_path):
    path = tmp_path / "labels.tsv"
    path.write_text("id\tLabel\tgene\tgene\na\t1\tx\ty\n")
    table = {"function": reading.read_table}
    refused(
        path, "no column 'label' (did you mean 'Label'?)", "id, Label", columns=["label"], **table
    )
    refused(path, "2 columns 'gene'", columns=["gene"], **table)


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("", ("table is empty",)),
        ("id\tlabel\na\t1\n\nb\n", ("1 cells where the header has 2", "line 4")),
        ("id\tlabel\na\t1\t2\n", ("3 cells where the header has 2", "line 2")),
        ("\n \nid\tlabel\na\n", ("1 cells where the header has 2", "line 4")),
        ('id\tlabel\na\t"1\nb\t2\n', ("can't be read", "line 3", "close each double quote")),
        ('id\tlabel\na\t1\nb\t"2', ("can't be read", "line 3", "close each double quote")),
    ],
)
def test_a_ragged_or_empty_table_is_refused(tmp_path, text, phrases):
    path = tmp_path / "labels.tsv"
    path.write_text(text)
    refused(path, *phrases, function=reading.read_table, columns=["id"])


def test_many_culprits_are_counted():
    assert reading.quote(["a"]) == "'a'"
    assert reading.quote(list("abcde")) == "'a', 'b', 'c' and 2 more"
