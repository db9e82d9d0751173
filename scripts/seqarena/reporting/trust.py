"""What to know before one trusts a data set's scores: few sentences, each on this very data set.

All that was counted is in the chapter on data. Here stands what can change the meaning of a score:
labels that contradict each other, records that are left out, letters read as unknown, models that
see more than they should. What the comparison itself cautions of stands beside it (`headline`).
"""

import re
from collections.abc import Iterable, Mapping

from seqarena.reporting.cells import Counted, counted
from seqarena.reporting.material import alphabet_of, lengths
from seqarena.reporting.representation import first_runs
from seqarena.reporting.target_tables import has_several, support_records
from seqarena.reporting.wording import format_count, format_share, listed

MOST = 6
"""Sentences on a data set; what is beyond is in the chapter on data."""

# What an entry of changes or notices must speak of to stand on the first page, the gravest first.
_TELLING = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"different (label|target|value)s?|conflict",
        r"whose group has records in (train|validation) too",
        r"lack a class|never tested|can't be permuted",
        r"\b(dropped|left out|removed|skipped|discarded|not used)\b",
        r"\bof (N|X) only|lower-case .* unknown|not in the alphabet",
        r"negatives (that differ|not matched)",
        r"cut off|beyond (the end|chromosomes)",
    )
)
_MUCH_MISSING = 0.1  # of the entries of a data set with several labels or targets


def all_notices(dataset: Mapping) -> list[Counted]:
    """Gather what was noticed in the data, the split, the controls and the training of models.

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
    for model, run in first_runs(dataset).items():
        found += [
            Counted(f"{what} (model `{model}`)", count)
            for what, count in counted(run.get("notices"))
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
    entries = [*counted(dataset["summary"].get("changes")), *all_notices(dataset)]
    telling = sorted(filter(_gravity, entries), key=_gravity, reverse=True)
    said = [*_seen_lengths(dataset), *_missing_entries(dataset), *map(_sentence, telling)]
    said = list(dict.fromkeys(said))
    if len(said) <= MOST:
        return said
    return [*said[:MOST], f"{len(said) - MOST} more: see the chapter on data."]


def _gravity(entry: Counted) -> int:
    """Grade an entry: 0 if it needn't stand on the first page, more the graver it is."""
    found = (place for place, one in enumerate(_TELLING) if one.search(entry.what))
    return len(_TELLING) - next(found, len(_TELLING))


def _sentence(entry: Counted) -> str:
    if entry.count is None:
        return f"{entry.what[0].upper()}{entry.what[1:].rstrip('.')}."
    return f"{format_count(entry.count)} {entry.what.rstrip('.')}."


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
