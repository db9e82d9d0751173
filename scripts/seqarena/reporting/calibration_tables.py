"""The report's tables on calibration: whether a probability means what it says."""

from collections.abc import Mapping

import pandas as pd

from seqarena.reporting.cells import (
    Cell,
    Table,
    count,
    estimate,
    number,
    records_of,
    undefined_notes,
    words,
)
from seqarena.reporting.wording import INTERVAL, format_interval, format_number, metric_label


def calibration_table(dataset: Mapping) -> Table | None:
    """Tabulate calibration before and after temperature scaling; None for regression."""
    table, temperatures = overall(dataset["calibration"]), dataset["temperatures"]
    if table is None or table.empty:
        return None
    labelled = dataset["summary"]["task"] == "multilabel"
    of = {(row.model, row.metric, row.stage): row for row in table.itertuples()}
    metrics = list(dict.fromkeys(["ece", "brier", "log_loss", *table["metric"]]))
    metrics = [metric for metric in metrics if metric in set(table["metric"])]
    models = list(dict.fromkeys(table["model"]))
    fitted = temperatures.groupby("model")["temperature"]
    means, least, most = fitted.mean(), fitted.min(), fitted.max()
    rows = []
    for model in models:
        cells = [
            estimate(metric, of[model, metric, stage])
            if (model, metric, stage) in of
            else words(None)
            for metric in metrics
            for stage in ("before", "after")
        ]
        extent = format_interval(least.get(model), most.get(model))
        rows.append([Cell(model), *cells, number(means.get(model), small=extent)])
    columns = [
        (f"{metric_label(metric)}, {stage}", True)
        for metric in metrics
        for stage in ("before", "after")
    ]
    notes = [
        "Lower is better. A temperature above 1 says that the model was too sure of itself, one "
        "below 1 that it was too careful; second line of it: the range over folds and repeats."
    ]
    if labelled:
        notes.append(
            "All labels of all records as one set of predictions, where labels that err to "
            "different sides may cancel; a temperature is of one label and fold."
        )
    per = "label and fold" if labelled else "fold"
    return Table(
        f"Calibration before and after one temperature per {per}, fitted on validation records; "
        f"second line: {INTERVAL}.",
        [("model", False), *columns, ("temperature, mean", True)],
        rows,
        notes + undefined_notes(table),
        records_of(table.assign(mean_temperature=table["model"].map(means))),
    )


def overall(table: pd.DataFrame | None) -> pd.DataFrame | None:
    """Keep the rows that are of no single label; None stays None."""
    if table is None or "target" not in table:
        return table
    return table[table["target"].fillna("") == ""]


def label_calibration_table(dataset: Mapping) -> Table | None:
    """Tabulate the calibration error of each label, as predicted and after its temperature."""
    table = dataset["calibration"]
    if table is None or dataset["summary"]["task"] != "multilabel":
        return None
    table = table[(table["target"].fillna("") != "") & (table["metric"] == "ece")]
    if table.empty:
        return None
    models = list(dict.fromkeys(table["model"]))
    of = {(row.target, row.model, row.stage): row.value for row in table.itertuples()}
    rows = [
        [Cell(label)]
        + [
            number(
                of.get((label, model, "before")),
                small=f"then {format_number(of.get((label, model, 'after')))}",
            )
            for model in models
        ]
        for label in dict.fromkeys(table["target"])
    ]
    return Table(
        "Calibration error (ECE) of each label, as predicted; second line: after its temperature. "
        "Lower is better.",
        [("label", False), *((model, True) for model in models)],
        rows,
        undefined_notes(table.assign(low=0.0)),
        records_of(table),
    )


def reliability_table(dataset: Mapping) -> Table:
    """Tabulate the bins of the reliability diagram with their counts."""
    table = overall(dataset["reliability"])
    rows = [
        [
            Cell(row.model),
            Cell(row.stage),
            number(row.predicted),
            number(row.observed, small=format_interval(row.low, row.high)),
            count(row.n),
            count(row.groups),
        ]
        for row in table.itertuples()
    ]
    columns = [("model", False), ("temperature", False), ("predicted, mean", True)]
    columns += [("observed share", True), ("records", True), ("groups", True)]
    return Table(
        "Bins of the reliability diagram; second line: 95 % interval with the group as unit.",
        columns,
        rows,
        [],
        records_of(table),
    )
