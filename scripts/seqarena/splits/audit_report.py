"""What the audit of leakage found, in numbers and in plain words."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from seqarena.splits.audit_exact import residual_leak
from seqarena.splits.audit_sides import TRAIN, Sides

KINDS = ("copy", "reverse complement", "near copy", "relative")
"""How a test record can be related to a seen one, the closest first."""
CLEAR = 1.25
"""A relative is a clear one from so many times the threshold on. Nearer to the threshold a motif
that all records of a class share may be all there is to it: of 3,000 simulated records, which have
nothing but a motif of 12 letters in common, up to 4 % reach the threshold and none is clear."""
MOST_RELATIVES = 0.01
"""Share of test records with a clear relative among the seen ones that a clean split may have."""
MOST_UNKNOWN = 0.05
"""A split isn't called clean if that share may be more than relatives, as far as is known, or if of
so many test records relatives can't be told."""


def report_audit(
    sides: Sides,
    table: pd.DataFrame,
    compared: np.ndarray,
    *,
    threshold: int | None,
    threshold_source: str | None,
    both_strands: bool,
    mode: str,
    task: str,
    unit: str = "letters",
) -> dict[str, Any]:
    """Sum an audit up.

    Parameters
    ----------
    sides : Sides
        The split.
    table : pandas.DataFrame
        A row a test record and fold, both as numbers; columns record, fold, role (of the
        neighbour), score, best (what the record could score), kind, conflict and leaked.
    compared : array of int64
        Test records that were compared with every seen one.
    threshold : int or None
        Score of relatives; None where only copies can be told.
    threshold_source : {"grouping", "calibrated"} or None
        Where it comes from.
    both_strands : bool
        Whether reverse complements were compared.
    mode : str
        How the split was made.
    task : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target.
    unit : {"letters", "words", "numbers"}
        What records are made of.

    Returns
    -------
    dict
        Fit for JSON: threshold, threshold_source, both_strands, mode; test_records and
        exact_records (counts); kinds (for each of `KINDS`: records, in any repeat, and share of the
        rows), leaked (the same of all kinds) and clear_relatives (the same of relatives of at least
        its score, see `CLEAR`); conflicts (records); all_unknown (test and seen records without a
        known letter); below_threshold (test records that can't score as much with any other, so
        that no relative of theirs can be told); residual_leak (as of `audit_exact.residual_leak`);
        column_groups_on_both_sides (groups of the user's own column with both tested and seen
        records in one fold, and the records tested there; None without such a column); duplicates
        in the whole dataset (copies of an earlier record, its reverse_complements besides, and
        conflicting sequences, whose records have several labels); verdict ("leaks", "clean" or
        "not known") and lines (sentences, the worst first).
    """
    tested = np.unique(table["record"])
    of_kind = {kind: table[table["kind"] == kind] for kind in KINDS}
    leaked = table[table["leaked"]]
    clear_score = None if threshold is None else math.ceil(CLEAR * threshold)
    is_clear = (table["kind"] != "relative") | (table["score"] >= (clear_score or 0))
    is_clear &= table["leaked"]
    unknown = sides.codes < 0
    report = {
        "threshold": threshold,
        "threshold_source": threshold_source,
        "both_strands": both_strands,
        "mode": mode,
        "test_records": len(tested),
        "exact_records": len(compared),
        "kinds": {kind: _count(rows, table) for kind, rows in of_kind.items()},
        "leaked": _count(leaked, table),
        "clear_relatives": {
            "score": clear_score,
            **_count(table[is_clear & (table["kind"] == "relative")], table),
        },
        "conflicts": int(table.loc[table["conflict"], "record"].nunique()),
        "all_unknown": {
            "test": int(unknown[tested].sum()),
            "seen": int((unknown & sides.seen.any(axis=0)).sum()),
        },
        "below_threshold": int(table.loc[table["best"] < (threshold or 0), "record"].nunique()),
        "residual_leak": residual_leak(sides, compared, _by_record(table, table["leaked"])),
        "column_groups_on_both_sides": _groups_on_both_sides(sides),
        "duplicates": _count_duplicates(sides),
    }
    clear = residual_leak(sides, compared, _by_record(table, is_clear))
    report["verdict"] = _verdict(report, clear)
    trained_on = leaked[leaked["role"] == TRAIN].groupby("kind")["record"].nunique()
    return report | {"lines": _lines(report, trained_on, task, unit)}


def _count(rows: pd.DataFrame, table: pd.DataFrame) -> dict[str, Any]:
    share = len(rows) / max(len(table), 1)
    return {"records": int(rows["record"].nunique()), "share": share}


def _groups_on_both_sides(sides: Sides) -> dict[str, int] | None:
    """Count groups of the user's own column that were both tested and seen in one fold."""
    if sides.groups is None:
        return None
    codes, names = pd.factorize(sides.groups)
    fold, record = sides.test_rows()
    in_group = codes[record] >= 0
    fold, record = fold[in_group], record[in_group]
    torn = np.zeros(len(record), dtype=bool)
    for number in range(len(sides.folds)):
        is_seen = np.zeros(len(names) + 1, dtype=bool)
        is_seen[codes[sides.seen[number]]] = True
        rows = fold == number
        torn[rows] = is_seen[codes[record[rows]]]
    return {
        "groups": len(np.unique(codes[record[torn]])),
        "records": len(np.unique(record[torn])),
    }


def _count_duplicates(sides: Sides) -> dict[str, int]:
    """Count records that others repeat, those without a known letter left out."""
    records = pd.DataFrame(
        {"code": sides.codes, "flipped": sides.flipped, "target": sides.targets}
    )[sides.codes >= 0]
    strands = records.drop_duplicates(["code", "flipped"])
    labels = records.drop_duplicates(["code", "target"])["code"].value_counts()
    return {
        "copies": len(records) - len(strands),
        "reverse_complements": len(strands) - records["code"].nunique(),
        "conflicting": int((labels > 1).sum()),
    }


def _by_record(table: pd.DataFrame, flags: pd.Series) -> pd.Series:
    """Give the share of each record's rows that are flagged."""
    return flags.groupby(table["record"]).mean()


def _verdict(report: dict[str, Any], clear: dict[str, Any]) -> str:
    """Judge, given also the estimated share of what is more than distant relatives."""
    torn = report["column_groups_on_both_sides"]
    if any(report["kinds"][kind]["records"] for kind in KINDS[:-1]) or (torn and torn["records"]):
        return "leaks"
    if report["clear_relatives"]["share"] > MOST_RELATIVES or (clear["low"] or 0) > MOST_RELATIVES:
        return "leaks"
    if clear["share"] is None or clear["high"] > MOST_UNKNOWN:
        return "not known"
    if report["below_threshold"] > MOST_UNKNOWN * report["test_records"]:
        return "not known"
    return "clean"


def _lines(
    report: dict[str, Any], trained_on: Mapping[str, int], task: str, unit: str
) -> list[str]:
    """Write what a reader must know, the worst first.

    Parameters
    ----------
    report : dict
        All else of the report.
    trained_on : mapping of str to int
        Test records, by kind, that are related to a train record, not just a validation record.
    task, unit
        As in `report_audit`.
    """
    n = report["test_records"]
    label = "value" if task == "regression" else "label"
    lines = []
    for kind in KINDS:
        found = report["kinds"][kind]["records"]
        if found:
            what = _SENTENCES[kind][found > 1].format(threshold=report["threshold"])
            seen = f"that the models {_seen(found, trained_on.get(kind, 0))}"
            lines.append(f"{_of(found, n)} {what.replace('*', seen)}.")
    if report["kinds"]["relative"]["records"]:
        lines.append(_distance_line(report["kinds"]["relative"], report["clear_relatives"]))
    if report["conflicts"]:
        what = "has" if report["conflicts"] == 1 else "have"
        copied = sum(report["kinds"][kind]["records"] > 0 for kind in KINDS[:2])
        lines.insert(
            copied,
            f"{report['conflicts']:,} of them {what} another {label} there, so a model that "
            "learned it by heart is wrong.",
        )
    torn = report["column_groups_on_both_sides"]
    if torn and torn["records"]:
        belong = "belongs" if torn["records"] == 1 else "belong"
        groups = "group" if torn["groups"] == 1 else "groups"
        lines.append(
            f"{_of(torn['records'], n)} {belong} to {torn['groups']:,} {groups} of the data's own "
            "column with records in training, too."
        )
    return [*lines, _residual_line(report, unit), *_other_lines(report, label, unit)]


def _seen(found: int, trained_on: int) -> str:
    if trained_on in (0, found):
        return "trained on" if trained_on else "validated on"
    return f"trained on ({trained_on:,}) or validated on ({found - trained_on:,})"


_SENTENCES = {
    "copy": ("is a copy of a record *", "are copies of records *"),
    "reverse complement": (
        "is the reverse complement of a record *",
        "are reverse complements of records *",
    ),
    "near copy": (
        "is a near copy of a record *: the two align with 70 % or more of the best score that the "
        "shorter one could have",
        "are near copies of records *: the two align with 70 % or more of the best score that the "
        "shorter one could have",
    ),
    "relative": (
        "has a relative among the records *: the two align with a score of {threshold:,} or more, "
        "which chance hardly reaches",
        "have relatives among the records *: the two align with a score of {threshold:,} or more, "
        "which chance hardly reaches",
    ),
}
"""Of one record and of several."""


def _distance_line(relatives: dict[str, Any], clear: dict[str, Any]) -> str:
    """Say how many of the relatives are more than distant ones."""
    if clear["records"] == relatives["records"]:
        return f"All of these relatives score {clear['score']:,} or more."
    which = f"{clear['records']:,} of these relatives" if clear["records"] else "None of these"
    verb = "scores" if clear["records"] == 1 else "score"
    return (
        f"{which} {verb} {clear['score']:,} or more; below, a motif that the records share may be "
        "all that makes them alike."
    )


def _residual_line(report: dict[str, Any], unit: str) -> str:
    """Say how sure it is that this is all."""
    if report["threshold"] is None:
        found = "" if report["leaked"]["records"] else ", and none was found"
        return (
            f"Only copies were looked for{found}: how alike two records of {unit} are isn't "
            "defined, so whether test records have near relatives in training isn't known."
        )
    residual, n = report["residual_leak"], report["test_records"]
    if residual["complete"] and not report["leaked"]["records"]:
        which = f"Each of {n:,} test records" if n > 1 else "The one test record"
        # Not "is related": of short records that can't be told, as another line says.
        none = "none was found to be related to any" if n > 1 else "was found to be related to none"
        return (
            f"{which} was compared with every record of its training and validation sets, and "
            f"{none}."
        )
    if residual["complete"]:
        return (
            "Each test record was compared with every record of its training and validation sets, "
            "so no relative was missed."
        )
    if residual["share"] is None:
        return (
            "What the search by seeds may have missed isn't known: no test record was compared "
            "with every record of its training and validation sets."
        )
    return (
        f"{residual['records']:,} of {n:,} test records, drawn at random, were compared with every "
        f"record of their training and validation sets: {_percent(residual['share'])} are related "
        f"to one (95 % interval {_percent(residual['low'])} to {_percent(residual['high'])})."
    )


def _other_lines(report: dict[str, Any], label: str, unit: str) -> list[str]:
    """Say what was left out, and what is repeated anywhere in the data."""
    lines, row = [], "row" if unit == "numbers" else "sequence"
    unknown, duplicates = report["all_unknown"], report["duplicates"]
    if unknown["test"] or unknown["seen"]:
        lines.append(
            f"{_several(unknown['test'], 'test record')} and {unknown['seen']:,} seen in training "
            f"are of unknown {unit} alone. To a model they are all the same, but nothing says that "
            "they are copies, so they aren't counted as such."
        )
    if report["below_threshold"]:
        lines.append(
            f"{_of(report['below_threshold'], report['test_records'])} can't "
            f"score {report['threshold']:,} with any other, having too few known letters in a row: "
            "of these only copies are found, and whether they have relatives isn't known."
        )
    phrases = {
        "copies": ("record repeats an earlier one", "records repeat an earlier one"),
        "reverse_complements": (
            "record is the reverse complement of an earlier one",
            "records are reverse complements of earlier ones",
        ),
        "conflicting": (
            f"{row} occurs with more than one {label}",
            f"{row}s occur with more than one {label}",
        ),
    }
    parts = [
        f"{duplicates[name]:,} {phrase[duplicates[name] > 1]}"
        for name, phrase in phrases.items()
        if duplicates[name]
    ]
    if parts:
        lines.append(f"In the whole data set, {'; '.join(parts)}.")
    return lines


def _several(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _of(number: int, n: int) -> str:
    return f"{number:,} of {_several(n, 'test record')} ({_percent(number / n)})"


def _percent(share: float) -> str:
    if 0 < share < 0.0005:
        return "less than 0.1 %"
    return f"{100 * share:.1f} %".replace(".0 %", " %")
