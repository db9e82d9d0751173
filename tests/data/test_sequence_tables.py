"""Sequences in columns of tables, as text and in Parquet."""

import csv
import datetime
import gzip
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqarena.data import parquet, sequence_tables
from seqarena.errors import InputError

ROWS = {"name": ["a", "b", "c"], "dna": ["ACGT", "acgt", "NN"], "label": ["1", "0.5", ""]}


def write(path, columns):
    table = pd.DataFrame(columns)
    if path.suffix == ".parquet":
        table.to_parquet(path)
    else:
        table.to_csv(path, sep="\t" if path.suffix == ".tsv" else ",", index=False)
    return path


def refused(paths, *phrases, **arguments):
    with pytest.raises(InputError) as error:
        sequence_tables.read_sequence_table(paths, **{"sequence_column": "dna"} | arguments)
    for phrase in phrases:
        assert phrase in str(error.value)


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet"])
def test_every_format_gives_the_same_records(tmp_path, suffix):
    path = write(tmp_path / f"table.{suffix}", ROWS)
    table = sequence_tables.read_sequence_table(path, "dna", "name", ["label"])
    first = 1 if suffix == "parquet" else 2
    assert (table.names, table.sequences) == (ROWS["name"], ROWS["dna"])
    assert table.cells == {"label": ROWS["label"]}
    assert [*table.places] == [(path, first + i) for i in range(3)]
    assert (table.files, len(table)) == ([path], 3)


def test_rows_of_several_files_without_identifiers_are_numbered_through(tmp_path):
    paths = [
        write(tmp_path / "one.parquet", {"dna": ["A"] * 7}),
        write(tmp_path / "two.csv", {"dna": ["C"] * 4}),
    ]
    table = sequence_tables.read_sequence_table(paths, "dna")
    assert table.names[:2] + table.names[9:] == ["row_01", "row_02", "row_10", "row_11"]
    assert table.names == sorted(table.names)
    assert table.places[7] == (paths[1], 2)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_repeated_and_missing_identifiers_are_refused_with_their_places(tmp_path, suffix):
    one = write(tmp_path / f"one.{suffix}", ROWS)
    two = write(tmp_path / "two.tsv", ROWS | {"name": ["d", "b", "e"]})
    refused([one, two], f"{two}, line 3, record b", f"first in {one}", id_column="name")
    path = write(tmp_path / f"three.{suffix}", ROWS | {"name": ["a", None, "c"]})
    refused(path, "1 of 3 records have no identifier in column 'name'", id_column="name")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("cell", [None, "", " ", "NA", "nan"])
def test_a_record_without_sequence_is_refused(tmp_path, suffix, cell):
    path = write(tmp_path / f"table.{suffix}", ROWS | {"dna": ["A", cell, "C"]})
    line = 2 if suffix == "parquet" else 3
    refused(path, "1 of 3 records have no sequence", f"line {line}, record b", id_column="name")


@pytest.mark.parametrize(
    ("columns", "phrases"),
    [
        ({"seq": ["A"]}, ("no column 'dna'",)),
        ({"DNA": ["A"]}, ("no column 'dna' (did you mean 'DNA'?)",)),
        ({"dna": pa.array([[1]])}, ("'dna' holds list<",)),
        ({"dna": pa.array([b"ACGT"])}, ("'dna' holds binary",)),
        ({"dna": pa.array([{"x": 1}])}, ("'dna' holds struct",)),
        ({"dna": pa.array([], "str")}, ("the table has no rows",)),
        ({"dna": pa.array([None])}, ("1 of 1 records have no sequence",)),
    ],
)
def test_a_column_of_parquet_that_is_no_text_is_refused(tmp_path, columns, phrases):
    pq.write_table(pa.table(columns), tmp_path / "table")
    refused(tmp_path / "table", *phrases, str(tmp_path / "table"), "what to do")


def test_repeated_columns_and_damaged_parquet_are_refused(tmp_path):
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table([["A"], ["C"]], names=["dna", "dna"]), path)
    refused(path, "2 columns 'dna'")
    write(path, ROWS)
    whole = path.read_bytes()
    for damaged in (whole[:-9], whole[:60], b"PAR1", whole[:8] + bytes(90) + whole[98:]):
        path.write_bytes(damaged)
        refused(path, "Parquet file can't be read", str(path))
    path.write_bytes(gzip.compress(whole))
    refused(path, "not text in UTF-8")
    refused(tmp_path, "can't be read")
    refused(tmp_path / "tabel.parquet", "no such file", "did you mean 'table.parquet'?")
    refused([], "the list of files is empty")


def test_values_of_parquet_become_text_that_loses_nothing(tmp_path):
    columns = {
        "double": pa.array([0.1, None]),
        "single": pa.array(np.array([0.1, 1e38], np.float32)),
        "large": pa.array([2**63 - 1, None]),
        "truth": pa.array([True, None]),
        "category": pa.array([" x", None]).dictionary_encode(),
        "money": pa.array([Decimal("1.20"), None]),
        "day": pa.array([datetime.date(2026, 1, 2), None]),
        "nothing": pa.array([None, None]),
        "a.b": pa.array(["dot", "dot"]),
        "a": pa.array(["plain", "plain"]),
    }
    pq.write_table(pa.table(columns), tmp_path / "t")
    rows, cells = parquet.read_cells(tmp_path / "t", list(columns))
    first = [column[0] for column in cells]
    assert (rows, parquet.column_names(tmp_path / "t")) == ([1, 2], list(columns))
    assert first[0] == "0.1"
    assert np.float32(first[1]) == np.float32(0.1)
    assert first[2:] == [str(2**63 - 1), "true", "x", "1.20", "2026-01-02", "", "dot", "plain"]
    assert [column[1] for column in cells][2:8] == [""] * 6


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None
)
@given(
    rows=st.lists(
        st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\0"))), max_size=5
    )
)
def test_any_text_survives_a_table_or_is_refused(tmp_path, rows):
    """What a CSV writer quotes comes back, white space at the ends apart."""
    path = tmp_path / "any.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle, quoting=csv.QUOTE_ALL).writerows([["i", "text"], *enumerate_rows(rows)])
    _, (texts,) = parquet.read_cells(path, ["text"])
    plain = [text.replace("\r\n", "\n").replace("\r", "\n").strip() for (text,) in rows]
    assert texts == plain


def enumerate_rows(rows):
    return [[i, *row] for i, row in enumerate(rows)]


def test_parquet_that_no_text_can_hold_is_refused(tmp_path):
    path = tmp_path / "t"
    for column in (
        pa.array([b"\xff\xfe"]).view(pa.string()),
        pa.array([10**7], pa.date32()),
        pa.array([10**15], pa.timestamp("s")),
    ):
        pq.write_table(pa.table({"dna": column}), path)
        refused(path)


def test_long_cells_are_read_and_what_is_not_text_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("dna,label\n" + "ACGT" * 100_000 + ",1\n")
    assert len(sequence_tables.read_sequence_table(path, "dna").sequences[0]) == 400_000
    path.write_text('dna,label,"note\nAC,1,x\nAC,2,y\n')
    refused(path, "can't be read", "line 1", "close each double quote")
    path.write_bytes(b"\ndna,label\nAC,1\nA\0C,2\n")
    refused(path, "not text", "line 4")
