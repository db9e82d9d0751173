"""Files appear whole or not at all."""

import json

import pandas as pd
import pytest

from seqarena.errors import InputError
from seqarena.files import remove_left_over, whole_file, write_json, write_tsv


def test_a_failure_keeps_the_old_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "table.tsv"
    path.write_text("old")
    with pytest.raises(OSError), whole_file(path) as temporary:
        temporary.write_text("half")
        raise OSError(28, "No space left on device")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_success_replaces_and_makes_folders(tmp_path):
    path = tmp_path / "new" / "table.tsv"
    write_tsv(pd.DataFrame({"record": ["NA", "1"], "value": [0.1, None]}), path)
    assert path.read_text() == "record\tvalue\nNA\t0.1\n1\t\n"
    assert list(path.parent.iterdir()) == [path]


def test_what_a_killed_writer_left_is_removed(tmp_path):
    path = tmp_path / "table [1].tsv"
    with whole_file(path) as left, whole_file(tmp_path / "other.tsv") as other:
        left.write_text("half")
        other.write_text("of another file")
        remove_left_over(path)
        assert not left.parent.exists()
        left.parent.mkdir()
        left.write_text("whole")
    assert path.read_text() == "whole" and (tmp_path / "other.tsv").exists()


def test_json_refuses_nan(tmp_path):
    write_json({"a": "ü"}, tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": "ü"}
    with pytest.raises(ValueError):
        write_json({"a": float("nan")}, tmp_path / "b.json")
    assert not (tmp_path / "b.json").exists()


def test_an_error_says_what_where_and_what_to_do():
    error = InputError("it is wrong", file="x.fasta", line=3, record="r", remedy="mend it")
    assert str(error) == (
        "it is wrong\n  where: file x.fasta, line 3, record r\n  what to do: mend it"
    )
    assert str(InputError("it is wrong")) == "it is wrong"
