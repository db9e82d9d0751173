"""Tables of numeric features."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqarena.data.number_tables import read_number_table
from seqarena.errors import InputError

TABLE = {"name": ["a", "b"], "x": [0.5, -1e-3], "y": [3, 16], "label": ["no", "yes"]}


def write(path, columns):
    table = pd.DataFrame(columns)
    if path.suffix == ".parquet":
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False)
    return path


def refused(paths, *phrases, **arguments):
    with pytest.raises(InputError) as error:
        read_number_table(paths, **arguments)
    for phrase in (*phrases, "what to do"):
        assert phrase in str(error.value)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_all_columns_beside_names_and_labels_are_features(tmp_path, suffix):
    path = write(tmp_path / f"table.{suffix}", TABLE)
    table = read_number_table(path, None, "name", ["label"])
    assert table.columns == ["x", "y"]
    assert table.matrix.dtype == np.float32
    np.testing.assert_array_equal(table.matrix, np.float32([[0.5, 3], [-1e-3, 16]]))
    assert (table.names, table.cells) == (["a", "b"], {"label": ["no", "yes"]})
    first = 1 if suffix == "parquet" else 2
    assert [*table.places] == [(path, first), (path, first + 1)]
    named = read_number_table(path, ["y", "x"])
    np.testing.assert_array_equal(named.matrix, table.matrix[:, ::-1])
    assert (named.names, named.cells, len(named)) == (["row_1", "row_2"], {}, 2)
    assert [*named.places] == [*table.places]


def test_several_tables_are_joined_by_names_of_columns(tmp_path):
    one = write(tmp_path / "one.csv", TABLE)
    other = {"y": [1], "label": ["no"], "x": [2], "name": ["c"]}
    two = write(tmp_path / "two.parquet", other)
    table = read_number_table([one, two], None, "name", ["label"])
    assert table.matrix[2].tolist() == [2, 1]
    assert table.names == ["a", "b", "c"]
    more = write(tmp_path / "more.csv", other | {"z": [1]})
    refused([one, more], "don't have the same columns: 'z'", id_column="name", others=["label"])
    refused([one, one], "occur more than once in column 'name'", columns=["x"], id_column="name")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_column_that_is_no_number_is_refused_and_never_dropped(tmp_path, suffix):
    path = write(tmp_path / f"table.{suffix}", TABLE)
    refused(path, "column 'label'", str(path), id_column="name")
    refused(path, "column 'name'", others=["label"])


@pytest.mark.parametrize(
    "cell", ["", "NA", "nan", "inf", "-Infinity", "1e39", "-4e38", "1_0", "0x1", "1,5", "x" * 99]
)
def test_a_cell_that_is_no_finite_number_is_refused_with_its_place(tmp_path, cell):
    path = write(tmp_path / "table.csv", TABLE | {"y": ["1", cell]})
    problem = f"the cell {cell[:40]!r} of column 'y' is not a finite number"
    refused(path, problem, "line 3", "columns", columns=["x", "y"])


@pytest.mark.parametrize("cell", [None, np.nan, np.inf, 1e39])
def test_a_cell_of_parquet_that_is_no_finite_number_is_refused(tmp_path, cell):
    path = write(tmp_path / "table.parquet", {"x": [0, 1], "y": [1.0, cell]})
    refused(path, "1 cells of column 'y' are not finite", "line 2")


def test_columns_that_can_not_be_features_are_refused(tmp_path):
    path = write(tmp_path / "table.csv", TABLE)
    refused(path, "'label' can't be a feature", columns=["x", "label"], others=["label"])
    refused(path, "'x' can't be a feature twice", columns=["x", "x"])
    refused(path, "no column is named", columns=[])
    refused(path, "no column 'X' (did you mean 'x'?)", columns=["X"])
    refused(path, "no column of features", others=list(TABLE))
    path.write_text("x\n")
    refused(path, "the table has no rows")
    pd.DataFrame({"x": [1]}).to_csv(path)
    refused(path, "as pandas writes the numbers of rows")
    pd.DataFrame({"x": [1]}, index=[3]).to_parquet(path)
    refused(path, "'__index_level_0__'")
    pq.write_table(pa.table({"x": [True]}), path)
    refused(path, "'x' holds bool, not numbers", "0 and 1")


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None
)
@given(values=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_single_precision_survives_text_and_parquet(tmp_path, values):
    for suffix in ("csv", "parquet"):
        path = write(tmp_path / f"any.{suffix}", {"x": values})
        np.testing.assert_array_equal(read_number_table(path).matrix[:, 0], np.float32(values))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_what_single_precision_rounds_is_counted(tmp_path, suffix):
    values = [
        0.1,
        1234567.0,
        16777216.0,
        1.23456789,
        16777217.0,
        -0.00012345678,
        1e-50,
        0.0,
        3.4e38,
    ]
    table = read_number_table(write(tmp_path / f"any.{suffix}", {"x": values}))
    assert table.rounded == 4
    np.testing.assert_array_equal(table.matrix[:, 0], np.float32(values))
