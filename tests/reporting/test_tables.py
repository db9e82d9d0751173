import json
import re

import numpy as np
import pandas as pd
import pytest

from seqarena.reporting import tables
from seqarena.reporting.wording import (
    format_bytes,
    format_estimate,
    format_number,
    format_p,
    format_seconds,
    format_share,
    format_signed,
    listed,
    p_value,
)


def predictions_of(results):
    return tables.predictions_table(
        results.predictions, results.records, results.classes, results.thresholds, results.task
    )


def test_predictions_have_a_row_a_record_and_role(results):
    table = predictions_of(results)
    assert len(table) == results.n * results.repeats * 2
    assert list(table.columns[:8]) == [
        "record", "length", "gc", "group", "truth", "fold", "role", "repeat",
    ]  # fmt: skip
    assert not table.duplicated(["record", "repeat", "fold", "role"]).any()
    assert table.notna().all(axis=None)


def test_binary_calls_follow_the_threshold_of_the_run(binary):
    table = predictions_of(binary)
    limits = 0.5 + 0.02 * table["fold"]
    called = np.where(table["conv1d_probability"] >= limits, "motif", "background")
    assert (table["conv1d_class"] == called).all()
    truth = binary.records.set_index("record")["label"].loc[table["record"]].to_numpy()
    assert (table["truth"].to_numpy() == np.array(binary.classes)[truth]).all()


def test_multiclass_calls_the_most_probable_class(multiclass):
    table = predictions_of(multiclass)
    right = table["conv1d_class"] == table["truth"]
    assert (table.loc[right, "conv1d_probability"]
            == table.loc[right, "conv1d_probability_of_truth"]).all()  # fmt: skip
    assert (table["conv1d_probability"] >= table["conv1d_probability_of_truth"]).all()
    assert table["conv1d_probability"].min() >= 1 / 3


def test_regression_keeps_the_units(regression):
    table = predictions_of(regression)
    values = regression.records.set_index("record")["label"].loc[table["record"]]
    assert table["truth"].to_numpy() == pytest.approx(values.to_numpy())
    assert "conv1d_prediction" in table and "conv1d_class" not in table


def test_metrics_come_with_the_primary_first_and_reasons(regression, multiclass):
    table = tables.metrics_table(regression.metrics, "spearman")
    assert table["metric"].iloc[0] == "Spearman rho"
    undefined = table[table["value"] == "not defined"]
    assert set(undefined["model"]) == {"majority"}
    assert undefined["note"].str.startswith("not defined: ").all()
    assert (table.loc[table["metric"] == "RMSE", "better"] == "lower").all()
    by_class = tables.metrics_table(multiclass.metrics)
    assert set(by_class["class or target"]) == {"", *multiclass.classes}


def test_pooled_takes_an_empty_target_that_was_read_as_nan(binary):
    read_back = binary.metrics.assign(target=np.nan)
    assert len(tables.pooled(read_back, "auroc")) == len(binary.models)


def test_comparisons_say_both_models(regression):
    table = tables.comparison_table(regression.comparison)
    assert "conv1d is better than linear" in set(table["verdict"])
    assert table["difference"].str.contains("not defined").sum() == 1
    assert table["p"].isin(["< 0.001", "0.20", "not defined"]).all()
    assert set(table["method"]) == {"corrected t test over folds and repeats"}


def test_other_numbers_have_words():
    assert [format_share(s) for s in (0, 0.0004, 0.1334, 0.9996, 1, np.nan)] == [
        "0 %", "< 0.1 %", "13.3 %", "> 99.9 %", "100 %", "not defined",
    ]  # fmt: skip
    assert [p_value(p) for p in (0.0001, 0.02, np.nan)] == [
        "p < 0.001",
        "p = 0.020",
        "p not defined",
    ]
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "", "a", "a and b", "a, b and c",
    ]  # fmt: skip


HOSTILE = "</script><script>alert(1)</script>"


def test_a_page_stands_alone_and_escapes_names():
    frame = pd.DataFrame({HOSTILE: [HOSTILE, "b"], "value": [1.23456789, np.nan]})
    page = tables.to_html(frame, HOSTILE)
    assert HOSTILE not in page
    assert "https://" not in page and "http://" not in page
    assert page.count("<script") == page.count("</script>") == 2
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    data = json.loads(block.group(1))
    assert data["columns"] == [
        {"name": HOSTILE, "numeric": False},
        {"name": "value", "numeric": True},
    ]
    assert data["rows"] == [[HOSTILE, 1.23457], ["b", None]]


def test_a_page_takes_every_kind_of_value():
    frame = pd.DataFrame(
        {"i": [np.int64(3)], "f": [np.inf], "b": [True], "n": [pd.NA], "t": pd.array(["x"])}
    )
    assert '[[3,"inf","True",null,"x"]]' in tables.to_html(frame, "t").replace(" ", "")
    assert "0 rows" in tables.to_html(frame.iloc[:0], "empty")


def test_a_page_can_be_sorted_filtered_paged_and_copied():
    page = tables.to_html(pd.DataFrame({"a": range(250)}), "many")
    for part in ('id="filter"', 'id="copy"', 'id="columns"', 'id="on"', "aria-sort"):
        assert part in page


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.97349, "0.973"), (-0.5, "−0.500"), (12.3456, "12.35"), (123.456, "123.5"),
        (12345.6, "12,346"), (0.0, "0.000"), (-0.0, "0.000"), (1.2e-6, "1.2e−06"),
        (None, "not defined"), (np.nan, "not defined"), (np.float32("nan"), "not defined"),
        (np.inf, "infinite"), (1.0, "1.000"), (0.99951, "0.9995"), (0.999961, "0.99996"),
        (0.99999999, "> 0.999999"),
    ],
)  # fmt: skip
def test_numbers_have_sensible_digits(value, text):
    assert format_number(value) == text


def test_other_numbers_read_well():
    assert format_signed(0.1234) == "+0.123"
    assert format_signed(-0.1) == "−0.100"
    assert [format_p(p) for p in (0.0, 0.00099, 0.0123, 0.5, np.nan)] == [
        "< 0.001", "< 0.001", "0.012", "0.50", "not defined",
    ]  # fmt: skip
    assert format_estimate(0.5, np.nan, np.nan) == "0.500"
    assert format_estimate(0.5, 0.4, 0.6) == "0.500 (0.400 to 0.600)"
    assert [format_seconds(s) for s in (0.42, 38.2, 245, 7800, None)] == [
        "0.4 s", "38 s", "4 min 05 s", "2 h 10 min", "not recorded",
    ]  # fmt: skip
    assert [format_bytes(b) for b in (12, 3456, 7.8e6, 9e12)] == [
        "12 B", "3.5 kB", "7.8 MB", "9,000.0 GB",
    ]  # fmt: skip
