"""The sentences on leaks and splits that several chapters share."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from seqarena.reporting.cells import higher_is_better
from seqarena.reporting.wording import (
    format_count,
    format_share,
    is_missing,
    listed,
    plural,
)

KINDS = {
    "copy": ("copy", "copies"),
    "reverse complement": ("reverse complement", "reverse complements"),
    "near copy": ("near copy", "near copies"),
    "relative": ("relative", "relatives"),
}
"""How a test record can be related to one seen in training: name in the audit, singular, plural."""

_IN_UNITS = ("rmse", "mae")
_DEFAULT_EQUIVALENCE = 0.01


class Change(NamedTuple):
    """How the primary metric of a model changes when the leaked test records are left out.

    Parameters
    ----------
    model, metric : str
        Which.
    everything, without : float
        The metric on all test records, and without the leaked ones (NaN if undefined).
    low, high : float
        Interval of `without`.
    loss : float
        How much worse it is without them: positive if the leaks have helped.
    least : float
        The smallest change of practical size.
    first, first_without : str
        The first model on all test records, and without the leaked ones.
    """

    model: str
    metric: str
    everything: float
    without: float
    low: float
    high: float
    loss: float
    least: float
    first: str
    first_without: str


def leaked_sentence(leakage: Mapping) -> str:
    """Say how many test records are related to ones seen in training, without a full stop.

    Parameters
    ----------
    leakage : mapping
        Content of `leakage.json`.
    """
    tested, leaked = leakage["test_records"], leakage["leaked"]
    found = {
        kind: leakage["kinds"][kind]["records"]
        for kind in KINDS
        if leakage["kinds"].get(kind, {}).get("records")
    }
    if not leaked["records"]:
        which = "The one test record wasn't"
        which = which if tested == 1 else f"None of {plural(tested, 'test record')} was"
        return f"{which} found to be a copy or a relative of a record seen in training"
    of_all = _of_all(leaked["records"], tested, leaked["share"])
    if len(found) == 1:
        (kind, n), *_ = found.items()
        one, several = KINDS[kind]
        what = f"is a {one} of a record" if n == 1 else f"are {several} of records"
        return f"{of_all} {what} seen in training"
    # A record may be a copy in one repeat and a relative in another, so the parts need not add up.
    parts = listed(f"{format_count(n)} {KINDS[kind][n != 1]}" for kind, n in found.items())
    verb = "is" if leaked["records"] == 1 else "are"
    return f"{of_all} {verb} related to records seen in training: {parts}"


def torn_sentence(leakage: Mapping) -> str:
    """Say how many test records have their own group in training too; empty if none has."""
    torn = leakage.get("column_groups_on_both_sides") or {}
    if not torn.get("records"):
        return ""
    verb = "belongs" if torn["records"] == 1 else "belong"
    return (
        f"{format_count(torn['records'])} of {plural(leakage['test_records'], 'test record')} "
        f"{verb} to {plural(torn['groups'], 'group')} of the data's own column with records in "
        "training too."
    )


def _of_all(records: int, tested: int, share: float) -> str:
    text = f"{format_count(records)} of {plural(tested, 'test record')}"
    by_record = records / tested if tested else float("nan")
    if is_missing(share) or format_share(by_record) == format_share(share):
        return f"{text} ({format_share(by_record)})"
    return f"{text} ({format_share(share)} over all repeats)"


def residual_sentence(leakage: Mapping) -> str:
    """Say how the leak was measured and what is left of it."""
    residual, exact = leakage["residual_leak"], leakage["exact_records"]
    strands = " on either strand" if leakage["both_strands"] else ""
    source = {
        "grouping": "by which the records were grouped",
        "calibrated": "calibrated on shuffled copies of these sequences",
    }.get(leakage["threshold_source"], leakage["threshold_source"])
    threshold = ""
    if not is_missing(leakage["threshold"]):
        threshold = (
            f"A relative is one that aligns{strands} with a Smith-Waterman score of "
            f"{format_count(leakage['threshold'])} or more, {source}."
        )
    if is_missing(leakage["threshold_source"]):
        return "Only copies were looked for: what else is alike among such records isn't known."
    if residual.get("complete"):
        return f"Each was compared with every record seen in training. {threshold}".strip()
    if not exact or is_missing(residual.get("share")):
        return (
            "What the search may have missed isn't known: none was compared with every record seen "
            f"in training (`audit.exact` in the configuration). {threshold}".strip()
        )
    return (
        f"{format_count(residual['records'])} of them, drawn at random, were compared with every "
        f"record seen in training: {format_share(residual['share'])} have a relative there (95 % "
        f"interval {format_share(residual['low'])} to {format_share(residual['high'])}). "
        f"{threshold}"
    )


def split_sentence(dataset: Mapping) -> str:
    """Say how a data set was split, and what is never tested."""
    splits, settings = dataset["splits"], dataset["settings"].get("split", {})
    repeats = plural(splits.get("repeats", 1), "repeat")
    column = settings.get("column", "")
    said = {
        "k-fold": f"{plural(splits.get('folds', 0), 'fold')} × {repeats}, by whole groups",
        "locked test": f"One locked test set by whole groups, the same in {repeats}",
        "own split": f"The data's own split, taken as it is, in {repeats}",
        "own column values": (
            f"By values of the column `{column}`, taken as they are, in {repeats}"
        ),
    }.get(splits.get("mode"), f"{splits.get('mode', 'not recorded')}, {repeats}")
    values = settings.get("values") or {}
    if values:
        texts = (f"{role}: {', '.join(map(str, chosen))}" for role, chosen in values.items())
        said += f" ({'; '.join(texts)}; all others train)"
    if groups := splits.get("groups"):
        largest = plural(splits["largest_group"], "record")
        said += f"; {plural(groups, 'group')}, the largest of {largest}"
        if splits.get("records"):
            said += f" ({format_share(splits['largest_group'] / splits['records'])} of all)"
    sentences = [f"{said}.", grouping_sentence(splits.get("grouping") or {})]
    always = splits.get("always_train") or {}
    if always.get("records"):
        reasons = "; ".join(
            f"{reason['what']} ({format_count(reason['count'])})" for reason in always["reasons"]
        )
        stay, are = ("stays", "is") if always["records"] == 1 else ("stay", "are")
        sentences.append(
            f"{plural(always['records'], 'record')} in {plural(always['groups'], 'group')} {stay} "
            f"in training in every fold and {are} never tested: {reasons}."
        )
    if splits.get("unused"):
        sentences.append(f"{plural(splits['unused'], 'record')} in no role, so not used.")
    return " ".join(sentences)


def grouping_sentence(grouping: Mapping) -> str:
    """Say which records are in one group.

    Parameters
    ----------
    grouping : mapping
        Content of `grouping.json`: by, groups ("join", "replace" or "none"), search, scores,
        threshold.
    """
    column = {"join": " and those of one value in the group column", "replace": ""}
    joined = column.get(grouping.get("groups", "none"), "")
    if grouping.get("groups") == "replace":
        return (
            "A group holds the records of one value in the group column; what the records are made "
            "of isn't looked at (`grouping` in the configuration)."
        )
    if grouping.get("by") == "homology":
        search = " found by MMseqs2" if grouping.get("search") == "mmseqs2" else ""
        scores = f" ({grouping['scores']})" if grouping.get("scores") else ""
        return (
            f"A group holds copies{joined}, and all records{search} that align, directly or by way "
            f"of others, with a Smith-Waterman score of {grouping.get('threshold')} or more"
            f"{scores}."
        )
    return (
        f"A group holds the records that are copies of each other{joined}. Records that are merely "
        "similar aren't kept together: a near relative of a test record may be among the training "
        "records (`grouping` in the configuration)."
    )


def without_leaked(dataset: Mapping, model: str | None) -> Change | None:
    """Compare a model's primary metric on all test records with that without leaked ones.

    Parameters
    ----------
    dataset : mapping
        As for `report.report_views`.
    model : str or None
        Which.

    Returns
    -------
    Change or None
        None if the model was not measured.
    """
    table, metric = dataset["similarity"], dataset["primary_metric"]
    table = table[table["metric"] == metric]
    both = {
        subset: table[table["subset"] == subset].set_index("model")
        for subset in ("all", "without leaked")
    }
    everything, without = both.values()
    if model not in everything.index or model not in without.index:
        return None
    value, left = everything.loc[model, "value"], without.loc[model]
    sign = 1 if higher_is_better(metric) else -1
    least = dataset.get("evaluation", {}).get("equivalence", _DEFAULT_EQUIVALENCE)
    if (
        metric in _IN_UNITS
    ):  # there is no size that fits all targets, so a share of the error itself
        least *= abs(value)
    return Change(
        model, metric, value, left["value"], left["low"], left["high"],
        sign * (value - left["value"]), least,
        _first(everything["value"], sign), _first(without["value"], sign),
    )  # fmt: skip


def _first(values: pd.Series, sign: int) -> str:
    ordered = (sign * values.dropna()).sort_values(ascending=False, kind="stable")
    return "" if ordered.empty else str(ordered.index[0])
