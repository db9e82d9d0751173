"""How records become what models take in, and what models do about the two strands, in words."""

from collections.abc import Mapping

from seqarena.reporting.material import alphabet_of, material, one_hot_words
from seqarena.reporting.wording import listed

_STRANDS = {
    "augment": "reverse complements are added to the training records",
    "average": "both strands pass through the same weights and are averaged",
}


def first_runs(dataset: Mapping) -> dict[str, Mapping]:
    """Give a run of each model; what is asked of it is the same in all its repeats."""
    first: dict[str, Mapping] = {}
    for run in dataset["runs"]:
        first.setdefault(run["model"], run)
    return first


def representation_name(run: Mapping) -> str:
    """Name a run's representation: "one-hot", "3-mer counts"; empty where it states none."""
    given = run.get("representation") or {}
    k = given.get("k")
    return {
        "one_hot": "one-hot",
        "kmers": f"{k}-mer counts",
        "chaos_game": f"chaos-game image (k = {k})",
        "chaos_game_3d": f"3-D chaos-game image (k = {k})",
    }.get(given.get("kind", ""), str(given.get("kind", "")).replace("_", " "))


def strands_words(run: Mapping) -> str:
    """Say what a model does about the two strands; empty if nothing, or where it isn't stated."""
    return _STRANDS.get(run.get("reverse_complement") or "", "")


def encodings(dataset: Mapping) -> list[str]:
    """Say of each model how records become its input, in sentences; networks alike are joined."""
    summary, first = dataset["summary"], first_runs(dataset)
    networks: dict[str, list[str]] = {}
    sentences = []
    for model, run in first.items():
        if run["kind"] == "network":
            networks.setdefault(_network_input(summary, run), []).append(model)
    for said, models in networks.items():
        who = "Networks" if len(networks) == 1 else listed(models)
        sentences.append(f"{who}: {said}.")
    for model, run in first.items():
        if said := _baseline_input(summary, run):
            sentences.append(f"{model}: {said}.")
    for model, run in first.items():
        if said := strands_words(run):
            sentences.append(f"{model}: {said}.")
    return sentences


def _network_input(summary: Mapping, run: Mapping) -> str:
    if alphabet_of(summary) == "numbers":
        return "the numbers, standardised by mean and spread of the training records"
    name = representation_name(run)
    if name not in ("", "one-hot"):
        return name
    return f"one-hot {one_hot_words(summary)}; an unknown {material(summary).unit} is all zero"


def _baseline_input(summary: Mapping, run: Mapping) -> str:
    """Say what the linear and the composition baseline take in; empty of others."""
    numbers, unit = alphabet_of(summary) == "numbers", material(summary).unit
    if run["architecture"] == "linear":
        if numbers:
            return "the numbers, standardised by mean and spread of the training records"
        k = (run.get("parameters") or {}).get("k")
        counts = "counts of k-mers" + (f" (k = {k})" if k else "")
        padded = summary["lengths"]["min"] < summary.get("length", 0)
        return counts if padded else f"{counts}, one-hot {unit}s by position, or both"
    if run["architecture"] == "composition" and not numbers:
        if alphabet_of(summary) in ("dna", "rna"):
            return "length and GC content"
        return f"length and share of each {unit}"
    return ""


def ambiguity(dataset: Mapping) -> str:
    """Say what is done with letters that stand for several; empty where there are none such."""
    if alphabet_of(dataset["summary"]) not in ("dna", "rna", "protein"):
        return ""
    protein = alphabet_of(dataset["summary"]) == "protein"
    codes, which = ("residues", "amino acids") if protein else ("letters", "bases")
    return {
        "share": f"Ambiguous {codes} (IUPAC) are shared out over the {which} they stand for.",
        "refuse": f"Ambiguous {codes} (IUPAC) are refused.",
    }.get(dataset["settings"].get("ambiguous"), "")
