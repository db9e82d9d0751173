"""What to know before one trusts a data set's scores: few sentences, each on this very data set.

All that was counted is in the chapter on data. Here stands what can change the meaning of a score:
labels that contradict each other, records that are left out, letters read as unknown, models that
see what they should not, models without a result.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from seqarena.reporting.cells import Counted, counted
from seqarena.reporting.material import alphabet_of, lengths
from seqarena.reporting.representation import first_runs
from seqarena.reporting.standing import degenerate, why_degenerate
from seqarena.reporting.tables import pooled
from seqarena.reporting.target_tables import has_several, support_records
from seqarena.reporting.wording import format_count, format_share, listed, plural

MOST = 6
"""Sentences on a data set; what is beyond is in the chapter on data."""

# What an entry of changes or notices must speak of to stand on the first page.
_TELLING = re.compile(
    r"different (label|target|value)s?|conflict"
    r"|\b(dropped|left out|removed|skipped|discarded|not used|never tested)\b"
    r"|lower-case .* unknown|soft-masked"
    r"|cut off|beyond the end"
    r"|lack a class|in (train|validation) too"
    r"|can't be permuted",
    re.IGNORECASE,
)
_MUCH_MISSING = 0.1  # of the entries of a data set with several labels or targets


def all_notices(dataset: Mapping) -> list[Counted]:
    """Gather what was noticed in the data, the split and the controls.

    Parameters
    ----------
    dataset : mapping
        As for `report.report_views`; control_notices, where it has them, maps the name of a control
        to the notices of its summary.
    """
    found = counted(dataset["summary"].get("notices")) + counted(dataset["splits"].get("notices"))
    for control, notices in (dataset.get("control_notices") or {}).items():
        found += [
            Counted(f"{what} (in the control `{control}`)", count)
            for what, count in counted(notices)
        ]
    return found


def cautions(dataset: Mapping) -> list[str]:
    """Say what to know before trusting a data set's scores.

    Parameters
    ----------
    dataset : mapping
        As for `report.report_views`.

    Returns
    -------
    list of str
        At most `MOST` sentences, and one that says how many more there are.
    """
    said = [*_networks_without_result(dataset), *_undefined_targets(dataset)]
    entries = [*counted(dataset["summary"].get("changes")), *all_notices(dataset)]
    said += [_sentence(entry) for entry in entries if _TELLING.search(entry.what)]
    said += [*_seen_lengths(dataset), *_missing_entries(dataset)]
    said = list(dict.fromkeys(said))
    if len(said) <= MOST:
        return said
    return [*said[:MOST], f"{len(said) - MOST} more: see the chapter on data."]


def _sentence(entry: Counted) -> str:
    if entry.count is None:
        return f"{entry.what[0].upper()}{entry.what[1:].rstrip('.')}."
    return f"{format_count(entry.count)} {entry.what.rstrip('.')}."


def _networks_without_result(dataset: Mapping) -> Sequence[str]:
    ranking = dataset["ranking"]  # a constant baseline is degenerate by design
    return why_degenerate(ranking[~ranking["model"].isin(dataset["baselines"])])


def _undefined_targets(dataset: Mapping) -> Iterable[str]:
    """Name the labels or targets of which no ranked model has a primary metric."""
    if not has_several(dataset["summary"]):
        return
    metric = dataset["primary_metric"].removeprefix("macro_")
    rows = pooled(dataset["metrics"], metric, target=None)
    rows = rows[(rows["target"] != "") & ~rows["model"].isin(degenerate(dataset["ranking"]))]
    defined = rows.groupby("target", sort=False)["value"].count() if len(rows) else pd.Series()
    if names := list(defined.index[defined == 0]):
        kind = "label" if dataset["summary"]["task"] == "multilabel" else "target"
        shown = listed(map(repr, names[:5])) + (" and others" if len(names) > 5 else "")
        yield f"{plural(len(names), kind)} not in the mean, since the test can't judge: {shown}."


def _seen_lengths(dataset: Mapping) -> Iterable[str]:
    """Say which networks see where a padded record ends, since they mask nothing."""
    summary = dataset["summary"]
    if alphabet_of(summary) == "numbers" or summary["lengths"]["min"] >= summary.get("length", 0):
        return
    seeing = [
        model
        for model, run in first_runs(dataset).items()
        if run["architecture"] == "dense"
        and (run.get("representation") or {}).get("kind", "one_hot") == "one_hot"
    ]
    if seeing:
        sees, it = ("sees", "it") if len(seeing) == 1 else ("see", "they")
        names = listed(f"`{name}`" for name in seeing)
        yield (
            f"Records are {lengths(summary)}; {names} {sees} where a record ends, so {it} can "
            "learn from the length."
        )


def _missing_entries(dataset: Mapping) -> Iterable[str]:
    summary = dataset["summary"]
    records = support_records(summary) if has_several(summary) else []
    missing, entries = sum(r["missing"] for r in records), len(records) * summary["records"]
    if entries and missing / entries >= _MUCH_MISSING:
        yield f"{format_share(missing / entries)} of the entries are missing and count nowhere."
