"""What a data set is, in words: task, targets, size, lengths, weights, split."""

from collections.abc import Mapping

from seqarena.reporting.cells import Fact
from seqarena.reporting.material import alphabet_of, lengths, symbols
from seqarena.reporting.target_tables import has_several, support_records
from seqarena.reporting.wording import (
    format_count,
    format_number,
    format_share,
    listed,
    plural,
)

_ALPHABETS = {"dna": "DNA", "rna": "RNA", "protein": "protein"}


def facts(dataset: Mapping) -> list[Fact]:
    """Say what a data set is: task, size, classes, lengths, split.

    Parameters
    ----------
    dataset : mapping
        As for `report.report_views`.
    """
    summary, splits = dataset["summary"], dataset["splits"]
    said = [
        Fact("task", str(summary["task"])),
        Fact("target", str(summary["target"])),
        Fact("records", format_count(summary["records"])),
        Fact("made of", _made_of(summary)),
    ]
    if summary.get("class_counts"):
        said.append(Fact("classes", class_counts(summary)))
    if summary.get("target_range"):
        low, high = summary["target_range"]
        said.append(Fact("range of the target", f"{format_number(low)} to {format_number(high)}"))
    if has_several(summary) and (records := support_records(summary)):
        missing, entries = sum(r["missing"] for r in records), len(records) * summary["records"]
        share = format_share(missing / entries)
        said.append(
            Fact("entries missing", f"{format_count(missing)} of {format_count(entries)} ({share})")
        )
    if summary.get("order"):
        said.append(Fact("order", order_sentence(summary)))
    if summary.get("weighted"):
        said.append(Fact("weights", weights_sentence(dataset)))
    if alphabet_of(summary) != "numbers":
        said.append(Fact("length in the source", lengths(summary)))
    if summary.get("negatives"):
        said.append(Fact("negatives from the genome", negatives_sentence(summary)))
    if mode := splits.get("mode"):
        said.append(Fact("split", str(mode)))
    if groups := splits.get("groups"):
        largest = plural(splits["largest_group"], "record")
        said.append(Fact("groups", f"{format_count(groups)}, the largest of {largest}"))
    return said


def _made_of(summary: Mapping) -> str:
    name = alphabet_of(summary)
    if name in _ALPHABETS:
        return _ALPHABETS[name]
    if name == "numbers":
        return f"numbers, in {lengths(summary)}"
    return f"words, out of a list of {symbols(summary)}"


def class_counts(summary: Mapping) -> str:
    """Say how many records each class has."""
    total = sum(summary["class_counts"].values()) or 1
    return "; ".join(
        f"{name}: {format_count(n)} ({format_share(n / total)})"
        for name, n in summary["class_counts"].items()
    )


def order_sentence(summary: Mapping) -> str:
    """Say how ordered classes became numbers; empty where there is no order."""
    order = summary.get("order")
    if not order:
        return ""
    last = len(order) - 1
    names = listed(map(str, order))
    return (
        f"The classes {names} are the numbers 0 to {last}, in this order, and a model predicts the "
        "number."
    )


def weights_sentence(dataset: Mapping) -> str:
    """Say what sample weights do; empty where the data bring none."""
    if not dataset["summary"].get("weighted"):
        return ""
    column = (dataset["settings"].get("labels") or {}).get("weight")
    of = f"of the column `{column}`" if column else "that the data bring"
    return (
        f"Training counts each record with its weight {of}; metrics are unweighted, every record "
        "counts once."
    )


def negatives_sentence(summary: Mapping) -> str:
    """Say how well negatives drawn from a genome match the positives; empty where none are."""
    drawn = summary.get("negatives")
    if not drawn:
        return ""
    differences = listed(
        f"{name} by {format_number(drawn[key]['matched'])} (drawn at random: "
        f"{format_number(drawn[key]['random'])})"
        for name, key in (("GC", "gc_difference"), ("repeats", "repeat_difference"))
        if key in drawn
    )
    return f"{plural(drawn['negatives'], 'negative')}, which differ in {differences} on average."
