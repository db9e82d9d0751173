"""An error's message stays three lines that can be read, whatever it quotes."""

from seqarena.errors import InputError, one_line


def test_three_lines_whatever_is_quoted():
    error = InputError(
        "the label 'a\nb'", file="l.tsv", line=3, record="\x1b[31mx\u200b", remedy="mend\tit"
    )
    assert str(error).split("\n") == [
        "the label 'a\\nb'",
        "  where: file l.tsv, line 3, record \\x1b[31mx\\u200b",
        "  what to do: mend\\tit",
    ]


def test_what_else_is_wrong_stands_below_the_problem():
    error = InputError(
        "first", file="a.yaml", remedy="mend it", also=["also: second", "and 3 more"]
    )
    assert str(error).split("\n") == [
        "first",
        "  also: second",
        "  and 3 more",
        "  where: file a.yaml",
        "  what to do: mend it",
    ]


def test_nobody_reads_a_sequence_in_the_place_of_a_name():
    shown = one_line("the record " + "ACGT" * 500 + " is")
    assert shown == "the record " + "ACGT" * 20 + "... (2000 letters) is"
    assert len(one_line("words " * 5000)) < 1000
    assert one_line("/a/path/" + "folder/" * 30) == "/a/path/" + "folder/" * 30
    assert one_line("é ü Ω 漢字") == "é ü Ω 漢字"
