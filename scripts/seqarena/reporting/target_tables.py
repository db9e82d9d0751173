"""The report's tables of data sets with several labels or targets: a row each."""

from collections.abc import Mapping

import pandas as pd

from seqarena.reporting.cells import (
    Cell,
    Table,
    count,
    estimate,
    number,
    undefined_notes,
    with_direction,
)
from seqarena.reporting.standing import degenerate
from seqarena.reporting.tables import pooled
from seqarena.reporting.wording import INTERVAL, format_number, format_share

_OF_LABELS = ("auroc", "auprc")
_OF_TARGETS = ("spearman", "r2", "rmse")


def has_several(summary: Mapping) -> bool:
    """Tell whether a data set has labels or several targets."""
    return summary["task"] == "multilabel" or len(summary.get("targets") or []) > 1


def support_records(summary: Mapping) -> list[dict]:
    """Count what is known of each label or target in the whole data set.

    Parameters
    ----------
    summary : mapping
        Content of `data/summary.json`, with label_counts or target_ranges.

    Returns
    -------
    list of dict
        Of a label: target, positives, negatives, missing and share (of the positives among what is
        known, or None). Of a target: target, known, missing, low and high.
    """
    records = []
    for name, found in (summary.get("label_counts") or {}).items():
        positives, negatives = found["positive"], found["negative"]
        known = positives + negatives
        record = {"target": name, "positives": positives, "negatives": negatives}
        record |= {"missing": found["missing"], "share": positives / known if known else None}
        records.append(record)
    for name, found in (summary.get("target_ranges") or {}).items():
        known = summary["records"] - found["missing"]
        records.append({"target": name, "known": known, **found})
    return records


def _support(summary: Mapping) -> tuple[list[tuple[str, bool]], dict[str, list[Cell]]]:
    """Give the first columns of every table here, and their cells by label or target."""
    records = support_records(summary)
    if summary["task"] == "multilabel":
        columns = [("label", False), ("positives", True), ("negatives", True), ("missing", True)]
        cells = {
            record["target"]: [
                Cell(record["target"]),
                count(record["positives"]),
                count(record["negatives"]),
                count(record["missing"]),
            ]
            for record in records
        }
        return columns, cells
    columns = [("target", False), ("known", True), ("missing", True), ("least", True)]
    cells = {
        record["target"]: [
            Cell(record["target"]),
            count(record["known"]),
            count(record["missing"]),
            number(record["low"]),
            number(record["high"]),
        ]
        for record in records
    }
    return [*columns, ("most", True)], cells


def support_table(dataset: Mapping) -> Table | None:
    """Tabulate how often each label is positive, or what values each target has, and what lacks.

    Parameters
    ----------
    dataset : mapping
        As for `report.report_views`.
    """
    summary = dataset["summary"]
    records = support_records(summary)
    if not has_several(summary) or not records:
        return None
    columns, cells = _support(summary)
    notes = []
    if missing := sum(record["missing"] for record in records):
        entries = len(records) * summary["records"]
        notes.append(
            f"{missing:,} of {entries:,} entries are missing ({format_share(missing / entries)}). "
            "A missing entry counts nowhere: not in the loss, not in a metric, not in a figure; "
            "the record's other entries do."
        )
    if summary["task"] == "multilabel":
        columns = [*columns, ("share of positives", True)]
        for record in records:
            share = number(record["share"], format_share(record["share"]))
            cells[record["target"]].append(share)
        caption = "Labels, over all records; a record may have several, or none."
    else:
        caption = "Targets, over all records."
    return Table(caption, columns, list(cells.values()), notes, records)


def target_tables(dataset: Mapping) -> list[Table]:
    """Tabulate the main metrics of each label or target, a table a metric, a column a model.

    Parameters
    ----------
    dataset : mapping
        As for `report.report_views`.

    Returns
    -------
    list of Table
        Empty for a data set with one target or with classes.
    """
    summary = dataset["summary"]
    if not has_several(summary):
        return []
    table = pooled(dataset["metrics"], target=None)
    table = table[table["target"] != ""]
    multilabel = summary["task"] == "multilabel"
    wanted = [dataset["primary_metric"].removeprefix("macro_")]
    wanted += _OF_LABELS if multilabel else _OF_TARGETS
    present = set(table["metric"])
    names = [name for name in dict.fromkeys(wanted) if name in present]
    return [_metric_table(dataset, table[table["metric"] == name], name) for name in names]


def _metric_table(dataset: Mapping, rows: pd.DataFrame, metric: str) -> Table:
    summary, ranking = dataset["summary"], dataset["ranking"]
    kind = "label" if summary["task"] == "multilabel" else "target"
    columns, support = _support(summary)
    models, without = list(ranking["model"]), degenerate(ranking)
    of = {(row.model, row.target): row for row in rows.itertuples()}
    shown, records = [], []
    for target in support or dict.fromkeys(rows["target"]):
        found = {model: of[model, target] for model in models if (model, target) in of}
        cells = [
            Cell("degenerate", tone="undefined")
            if model in without
            else estimate(metric, found[model])
            if model in found
            else Cell("not given", tone="undefined")
            for model in models
        ]
        shown.append([*(support.get(target) or [Cell(target)]), *cells])
        values = {
            model: {key: getattr(row, key) for key in ("value", "low", "high", "n")}
            for model, row in found.items()
        }
        records.append({"target": target, "metric": metric, "models": values})
    support_of = {record["target"]: record for record in support_records(summary)}
    records = [support_of.get(record["target"], {}) | record for record in records]
    if not support:
        columns = columns[:1]
    judged = rows[~rows["model"].isin(without)]
    notes = undefined_notes(judged)
    if metric == "auprc":
        notes.insert(0, "The floor of a label's AUPRC is its share of positives.")
    return Table(
        f"{with_direction(metric)} of each {kind} on held-out records; second line: {INTERVAL}.",
        [*columns, *((model, True) for model in models)],
        shown,
        notes,
        records,
    )


def labels_in_words(summary: Mapping) -> str:
    """Say which labels or targets there are and how many entries are missing, without a stop."""
    records = support_records(summary)
    missing = sum(record["missing"] for record in records)
    if summary["task"] == "multilabel":
        parts = [
            f"{r['target']}: {r['positives']:,} positive of {r['positives'] + r['negatives']:,}"
            for r in records
        ]
    else:
        parts = [
            f"{r['target']}: {format_number(r['low'])} to {format_number(r['high'])}"
            for r in records
        ]
    entries = len(records) * summary["records"]
    lacking = f"{missing:,} of {entries:,} entries missing" if missing else "no entry missing"
    return "; ".join([*parts, lacking])
