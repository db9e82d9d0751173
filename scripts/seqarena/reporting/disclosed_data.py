"""What a run can say of its data and split when a checklist asks.

Each function takes a data set (as for `report.report_views`) and the provenance of the run, and
gives sentences with the run's own numbers, names and digests; an empty text where it knows nothing.
"""

from collections.abc import Mapping, Sequence

from seqarena.reporting.about_data import class_counts, negatives_sentence, order_sentence
from seqarena.reporting.cells import span
from seqarena.reporting.honesty_words import leaked_sentence, residual_sentence, split_sentence
from seqarena.reporting.material import alphabet_of, lengths, material
from seqarena.reporting.target_tables import has_several, labels_in_words, support_records
from seqarena.reporting.wording import (
    format_bytes,
    format_count,
    format_number,
    joined,
    listed,
    plural,
)

ROLES = ("train", "validation", "test")
_SHORT_DIGEST = 12  # figures of a SHA-256; the whole stands in the chapter on provenance


def sources(dataset: Mapping, provenance: Mapping) -> str:
    """Name the input files and their digests."""
    simulation = dataset["settings"].get("simulation")
    files = (
        f"{source['path']} ({format_bytes(source.get('bytes'))}, SHA-256 "
        f"{str(source['sha256'])[:_SHORT_DIGEST]}…)"
        for source in dataset["summary"].get("inputs", [])
    )
    text = ", ".join(files)
    if simulation:
        given = ", ".join(f"{key} {value}" for key, value in simulation.items())
        text = f"Simulated ({given}): {text}"
    return f"{text}." if text else ""


def sizes(dataset: Mapping, provenance: Mapping) -> str:
    """Say how many records there are, by class or over what range."""
    summary = dataset["summary"]
    text = f"{plural(summary['records'], 'record')} of {lengths(summary)}"
    if summary.get("class_counts"):
        text += f"; {class_counts(summary)}"
    if summary.get("target_range"):
        low, high = summary["target_range"]
        text += f"; values from {format_number(low)} to {format_number(high)}"
    if has_several(summary):
        text += f"; {labels_in_words(summary)}"
    return f"{text}."


def provenance_of_data(dataset: Mapping, provenance: Mapping) -> str:
    """Say which files and how many records."""
    drawn = negatives_sentence(dataset["summary"])
    drawn = f"Negatives were drawn from the genome: {drawn}" if drawn else ""
    return joined(sources(dataset, provenance), sizes(dataset, provenance), drawn)


def outcome(dataset: Mapping, provenance: Mapping) -> str:
    """Say what is predicted, with its distribution."""
    summary = dataset["summary"]
    kind = f"`{summary['target']}` ({summary['task']})"
    text = f"{kind}; {class_counts(summary)}" if summary.get("class_counts") else kind
    tests = [row for row in dataset["splits"].get("roles", []) if row.get("role") == "test"]
    if summary.get("target_range"):
        low, high = summary["target_range"]
        text += f", from {format_number(low)} to {format_number(high)}"
        means = [row["target_mean"] for row in tests if "target_mean" in row]
        if means:
            text += f"; mean of the test sets {span(means, format_number)}"
    if has_several(summary):
        text += f"; {labels_in_words(summary)}"
    return joined(f"{text}.", order_sentence(summary))


def split_sizes(dataset: Mapping, provenance: Mapping) -> str:
    """Say how many records have each role."""
    rows = dataset["splits"].get("roles", [])
    parts = []
    for role in ROLES:
        found = [row["n"] for row in rows if row["role"] == role]
        if found:
            parts.append(f"{span(found)} {role}")
    balance = " The balance of each fold is in the chapter on data." if parts else ""
    return f"Records per fold: {', '.join(parts)}.{balance}" if parts else ""


def evaluation(dataset: Mapping, provenance: Mapping) -> str:
    """Say how it was split and tested."""
    ending = "Test records are predicted by models that have not seen them."
    return joined(split_sentence(dataset), split_sizes(dataset, provenance), ending)


def redundancy(dataset: Mapping, provenance: Mapping) -> str:
    """Say how related records were kept apart, and what the audit found."""
    leakage = dataset["leakage"]
    found = f"Audit: {leaked_sentence(leakage)}."
    return joined(split_sentence(dataset), found, residual_sentence(leakage))


def data_files(dataset: Mapping, provenance: Mapping) -> str:
    """Say where the data and the split are on disk."""
    return (
        "On disk, in the data set's folder of results/: data/ (the records as prepared) and "
        "splits/splits.parquet. Digests of the input files are in the chapter on provenance."
    )


def transformations(dataset: Mapping, provenance: Mapping) -> str:
    """Say what was changed in the data on the way in."""
    changes = dataset["summary"].get("changes") or []
    if not changes:
        return "Nothing was changed in the records as they were given."
    return f"Changed on the way in: {_counts(changes)}."


def missing(dataset: Mapping, provenance: Mapping) -> str:
    """Say what is missing in the data as they were given."""
    summary = dataset["summary"]
    stuff, several = material(summary), has_several(summary)
    unknown = [change for change in summary.get("changes") or [] if "unknown" in change["what"]]
    nothing = "" if alphabet_of(summary) == "numbers" else f"No {stuff.unit} is unknown."
    found = f"{_counts(unknown)}." if unknown else nothing
    lacks = f"a {stuff.record} or {'any label or value' if several else 'a label'}"
    text = (
        f"None of {plural(summary['records'], 'record')} lacks {lacks} (such records are refused)."
    )
    entries = ""
    if several and any(record["missing"] for record in support_records(summary)):
        entries = "Missing entries count in no loss and no metric: " + "; ".join(
            f"{record['target']} {format_count(record['missing'])}"
            for record in support_records(summary)
            if record["missing"]
        )
        entries += "."
    return joined(text, found, entries)


def exclusions(dataset: Mapping, provenance: Mapping) -> str:
    """Say which records were left out."""
    unused, records = dataset["splits"].get("unused", 0), dataset["summary"]["records"]
    if unused:
        return f"{format_count(unused)} of {plural(records, 'record')} have no role in the split."
    return f"None of the {plural(records, 'record')} that were given."


def corrupt(dataset: Mapping, provenance: Mapping) -> str:
    """Say what is done with what can't be right."""
    notices = dataset["summary"].get("notices") or []
    stops = [material(dataset["summary"]).unusable, "repeated identifiers", "empty records"]
    said = listed([*filter(None, stops), "missing labels"])
    text = f"{said[0].upper()}{said[1:]} stop the run with the place of the fault."
    return joined(text, f"Noticed and left as it is: {_counts(notices)}." if notices else "")


def _counts(items: Sequence[Mapping]) -> str:
    return "; ".join(f"{format_count(item['count'])} {item['what']}" for item in items)
