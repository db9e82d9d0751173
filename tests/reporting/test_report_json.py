import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import write_report
from seqarena.files import write_json, write_tsv
from seqarena.reporting import report
from seqarena.reporting.cells import Table
from seqarena.reporting.report_json import SCHEMA_VERSION, as_data, report_content


@pytest.fixture(scope="module")
def views(make_results, as_section, provenance, leakage):
    sections = [as_section(make_results(task, n=80)) for task in ("binary", "regression")]
    sections[0]["leakage"] = leakage(80, {"copy": 8})
    return report.report_views(sections, provenance(), statements={"limitations": "Few."})


@pytest.fixture(scope="module")
def content(views):
    return report_content(views)


def tables_in(value, path=()):
    """Find every table of the views with its path."""
    if isinstance(value, Table):
        yield path, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from tables_in(part, (*path, key))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from tables_in(part, (*path, place))


def at(content, path):
    for step in path:
        content = content[step]
    return content


def numbers_in(value):
    """Gather all numbers of a part of the data."""
    if isinstance(value, dict):
        return set().union(*map(numbers_in, value.values()))
    if isinstance(value, list):
        return set().union(*map(numbers_in, value))
    return {value} if isinstance(value, (int, float)) and not isinstance(value, bool) else set()


def test_every_number_of_every_table_is_in_the_data(views, content):
    """A cell's key is the number that it shows; statistics of several rows are the exceptions."""
    derived = {"epochs", "median", "temperature, mean"}
    tables = list(tables_in(views))
    assert len(tables) > 30
    for path, table in tables:
        shown = {
            cell.key
            for row in table.rows
            for cell, (name, numeric) in zip(row, table.columns, strict=True)
            if numeric and cell.key is not None and name not in derived
        }
        data = at(content, path)
        assert data["caption"] == table.caption
        missing = shown - {float(number) for number in numbers_in(data["records"])}
        assert not missing, (path, missing)


def test_every_sentence_of_the_data_is_on_the_page(views, content):
    page = " ".join(report.render_report(views).split())
    plain = page.replace("&#39;", "'").replace("<code>", "`").replace("</code>", "`")
    for dataset in content["datasets"]:
        sentences = [one["sentence"] for one in dataset["honesty"]["questions"]]
        sentences += [alarm["sentence"] for alarm in dataset["verdict"]["alarms"]]
        sentences += [dataset["verdict"]["sentence"], dataset["honesty"]["sentence"]]
        for sentence in [*sentences, *dataset["findings"], *dataset["honesty"]["audit"]["lines"]]:
            assert sentence.replace("<", "&lt;") in plain, sentence
    for checklist in content["disclosure"]:
        for item in checklist["items"]:
            assert f"<td>{item['number']} {item['name']}" in page
            for answer in item["answers"]:
                assert answer["text"].replace("<", "&lt;") in plain, answer["text"]


def test_the_data_are_fit_for_json_and_stable(views, content, tmp_path):
    write_json(content, tmp_path / "report.json")
    read = json.loads((tmp_path / "report.json").read_text())
    assert read == content
    assert list(read)[:2] == ["schema_version", "datasets"]
    assert read["schema_version"] == SCHEMA_VERSION
    write_json(report_content(views), tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "report.json").read_bytes()


def test_what_the_page_alone_needs_is_left_out(content):
    text = json.dumps(content)
    assert "base64" not in text
    assert "layout" not in content["datasets"][0]
    assert content["overview"]["alternative"].startswith("synthetic_binary: AUROC of the models")


def test_a_setting_may_have_any_name(make_results, as_section, provenance):
    section = as_section(make_results("binary", n=60))
    config = {"length": {"to": 9, "anchor": "left"}, "layout": 1, "tone": "x"}
    views = report.report_views([section], provenance(config))
    assert report_content(views)["provenance"]["config"] == config


def test_undefined_is_null_and_everything_becomes_plain():
    frame = pd.DataFrame({"a": [1.5, np.nan], "b": [np.int64(2), 3], "c": ["x", None]})
    assert as_data(frame) == [{"a": 1.5, "b": 2, "c": "x"}, {"a": None, "b": 3, "c": None}]
    assert as_data((np.float32(0.5), np.inf, pd.NA, np.bool_(True))) == [0.5, None, None, True]
    assert as_data({1: np.arange(2)}) == {"1": [0, 1]}


def test_the_regression_has_no_calibration(content):
    first, second = content["datasets"]
    assert first["calibration"]["table"]["records"][0]["metric"] == "brier"
    assert second["calibration"] is None


def test_undefined_values_are_null(content):
    ranking = content["datasets"][1]["ranking"]["records"]
    assert {row["model"]: row["value"] for row in ranking}["majority"] is None


def results_folder(folder, section):
    """Write a data set's results as the workflow leaves them."""
    for name in (*write_report.TABLES, *write_report.OF_PROBABILITIES):
        if section[name] is not None:
            write_tsv(section[name], folder / f"{name}.tsv")
    splits = {key: value for key, value in section["splits"].items() if key != "grouping"}
    for name, value in {
        "data/summary": section["summary"], "splits/summary": splits,
        "splits/grouping": section["splits"]["grouping"], "splits/leakage": section["leakage"],
        "headline": section["headline"],
    }.items():  # fmt: skip
        write_json(value, folder / f"{name}.json")
    for run in section["runs"]:
        path = folder / "runs" / run["model"] / f"repeat{run['repeat'] + 1}" / "run.json"
        write_json(run, path)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_the_script_writes_both_from_the_results(task, make_results, as_section, tmp_path):
    section = as_section(make_results(task, n=60, repeats=1))
    results = tmp_path / "results"
    results_folder(results / "one", section)
    stale = results / "across" / "across.json"  # of an earlier configuration: no input
    write_json({}, stale)
    models = [run["model"] for run in section["runs"]]
    dataset = section["settings"] | {
        "split": {"folds": 4, "repeats": 1}, "models": models, "about": "About.",
        "primary_metric": section["primary_metric"],
        "controls": {"permuted_labels": True, "shuffled_input": False, "seeds": 1,
                     "learning_curve": []},
    }  # fmt: skip
    settings = {
        "datasets": {"one": dataset},
        "evaluation": section["evaluation"],
        "statements": {"limitations": "Simulated data only."},
    }
    snakemake = SimpleNamespace(
        input=[str(path) for path in (results / "one").glob("*.tsv")],
        output=SimpleNamespace(
            html=str(results / "report.html"), json=str(results / "report.json")
        ),
        params=SimpleNamespace(settings=settings, command="snakemake", baselines=["linear"]),
        log=[],
    )
    write_report.main(snakemake)
    data = json.loads((results / "report.json").read_text())
    page = (results / "report.html").read_text()
    assert data["provenance"]["command"] == "snakemake" and data["across"] is None
    (one,) = data["datasets"]
    assert one["name"] == "one" and (one["calibration"] is None) == (task == "regression")
    assert one["honesty"]["sentence"] in page and "Simulated data only." in page
