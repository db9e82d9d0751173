"""What a run can say of its models and their evaluation when a checklist asks.

Each function takes a data set (as for `report.report_views`) and the provenance of the run, and
gives sentences with the run's own numbers, names and digests; an empty text where it knows nothing.
"""

from collections.abc import Mapping

from seqarena.reporting.about_data import order_sentence, weights_sentence
from seqarena.reporting.cells import span
from seqarena.reporting.disclosed_data import transformations
from seqarena.reporting.honesty import answers
from seqarena.reporting.material import alphabet_of, material, symbols
from seqarena.reporting.representation import ambiguity, encodings, first_runs
from seqarena.reporting.wording import (
    INTERVAL,
    METHODS,
    format_count,
    format_number,
    format_seconds,
    is_missing,
    joined,
    listed,
    metric_label,
    plural,
)


def algorithms(dataset: Mapping, provenance: Mapping) -> str:
    """Name the models and what kind each is."""
    first = first_runs(dataset)
    said = {"baseline": [], "network": []}
    for model, run in first.items():
        of = "" if run["architecture"] == model else f" (architecture `{run['architecture']}`)"
        said.setdefault(run["kind"], []).append(f"{model}{of}")
    parts = [
        f"{kind}{'' if len(names) == 1 else 's'}: {listed(names)}"
        for kind, names in said.items()
        if names
    ]
    return f"Supervised learning; {'; '.join(parts)}." if parts else ""


def models_in_detail(dataset: Mapping, provenance: Mapping) -> str:
    """Name the models, their size, and where all their settings stand."""
    where = "Every setting of every model is in the chapter on models."
    return joined(algorithms(dataset, provenance), parameters(dataset, provenance), where)


def meta_predictions(dataset: Mapping, provenance: Mapping) -> str:
    """Say whether predictions of other models are an input."""
    record = material(dataset["summary"]).record
    return f"No: the input of every model is the {record}; none is given another's predictions."


def encoding(dataset: Mapping, provenance: Mapping) -> str:
    """Say how records become what models take in."""
    changed = transformations(dataset, provenance)
    return joined(*encodings(dataset), ambiguity(dataset), changed)


def parameters(dataset: Mapping, provenance: Mapping) -> str:
    """Say how many weights each model has, and what was chosen how."""
    weights = ", ".join(
        f"{model} {format_count(run['weights'])}"
        for model, run in first_runs(dataset).items()
        if not is_missing(run.get("weights"))
    )
    said = f"Trainable weights: {weights}." if weights else ""
    return joined(said, tuning(dataset, provenance))


def tuning(dataset: Mapping, provenance: Mapping) -> str:
    """Say which settings were fixed and which were chosen on validation records."""
    chosen = {
        name
        for run in dataset["runs"]
        for fold in run["folds"]
        for name in fold.get("chosen") or {}
    }
    text = "Settings are those of the configuration, fixed before training."
    if chosen:
        text += f" Chosen on validation records in each fold: {listed(sorted(chosen))}."
    return text


def features(dataset: Mapping, provenance: Mapping) -> str:
    """Say how many inputs a model has."""
    summary = dataset["summary"]
    length = summary.get("length")
    if is_missing(length):
        return ""
    ending = "No feature was selected by looking at test records."
    if alphabet_of(summary) == "numbers":
        return f"{plural(length, 'column')} of numbers. {ending}"
    most = "up to " if summary["lengths"]["min"] < length else ""
    inputs_of = symbols(summary)
    return (
        f"{most}{format_count(length)} {material(summary).unit}s × {inputs_of} = {most}"
        f"{format_count(inputs_of * length)} one-hot inputs. {ending}"
    )


def fitting(dataset: Mapping, provenance: Mapping) -> str:
    """Set weights against training records, with the diagnosis of each model."""
    sizes_of = [row["n"] for row in dataset["splits"].get("roles", []) if row["role"] == "train"]
    verdicts = ", ".join(f"{row.model} {row.verdict}" for row in dataset["diagnosis"].itertuples())
    ratios = ", ".join(
        f"{model} {format_number(run['weights'] / min(sizes_of), 2)}"
        for model, run in first_runs(dataset).items()
        if sizes_of and not is_missing(run.get("weights"))
    )
    said = f"Weights per training record: {ratios}." if ratios else ""
    return joined(said, f"Diagnosis from the loss curves: {verdicts}." if verdicts else "")


_PENALTIES = {
    "dropout": "dropout",
    "input_dropout": "dropout of the input",
    "l2": "L2",
    "weight_decay": "weight decay",
    "label_smoothing": "label smoothing",
    "shift": "random shift (places)",
}


def regularization(dataset: Mapping, provenance: Mapping) -> str:
    """Say what keeps models from learning by heart."""
    parts = []
    for model, run in first_runs(dataset).items():
        given = {**(run.get("parameters") or {}), **(run.get("settings") or {})}
        means = [f"{words} {given[key]:g}" for key, words in _PENALTIES.items() if _set(given, key)]
        if given.get("patience"):
            means.insert(0, f"early stopping on validation (patience {given['patience']})")
        if any("l2" in (fold.get("chosen") or {}) for fold in run["folds"]):
            means.append("L2 chosen on validation")
        if means:
            parts.append(f"{model}: {', '.join(means)}.")
    return " ".join(parts) or "None."


def _set(given: Mapping, key: str) -> bool:
    return isinstance(given.get(key), (int, float)) and bool(given[key])


def configuration(dataset: Mapping, provenance: Mapping) -> str:
    """Say where settings and trained models are."""
    return (
        "All settings are in the chapter on provenance. Trained models are on disk, in runs/ of "
        "the data set's folder of results/, one a fold."
    )


def interpretability(dataset: Mapping, provenance: Mapping) -> str:
    """Say which models can be read."""
    first = first_runs(dataset)
    said = {
        "baseline": "Can be read from the weights: {}.",
        "network": "Black boxes, which this report doesn't explain: {}.",
    }
    kinds = {kind: [m for m, run in first.items() if run["kind"] == kind] for kind in said}
    return joined(*(said[kind].format(listed(m)) for kind, m in kinds.items() if m))


def output(dataset: Mapping, provenance: Mapping) -> str:
    """Say what the models give out."""
    summary = dataset["summary"]
    if summary["task"] == "regression":
        names = summary.get("targets") or [summary["target"]]
        values = "a value" if len(names) == 1 else "values"
        text = f"Regression: {values} of {listed(f'`{name}`' for name in names)}."
        return joined(text, order_sentence(summary))
    if summary["task"] == "multilabel":
        return (
            f"Multilabel classification: a probability for each of {len(summary['targets'])} "
            "labels, each called above a threshold of its own that is chosen on validation records."
        )
    if summary["task"] == "binary":
        positive = summary["classes"][1]
        return (
            f"Binary classification: the probability of `{positive}`, called above a threshold "
            "that is chosen on validation records."
        )
    return (
        f"Classification: a probability for each of {len(summary['classes'])} classes; the most "
        "probable is called."
    )


def times(dataset: Mapping, provenance: Mapping) -> str:
    """Say how long training took."""
    seconds: dict[str, float] = {}
    for run in dataset["runs"]:
        if not is_missing(run.get("seconds")):
            seconds[run["model"]] = seconds.get(run["model"], 0) + run["seconds"]
    if not seconds:
        return ""
    said = ", ".join(f"{model} {format_seconds(value)}" for model, value in seconds.items())
    return f"Training of all folds and repeats: {said}. A single prediction was not timed."


def computer(dataset: Mapping, provenance: Mapping) -> str:
    """Say on what the models were trained."""
    runs = dataset["runs"]
    devices = list(dict.fromkeys(str(run["device_name"]) for run in runs if run.get("device_name")))
    threads = [run["threads"] for run in runs if not is_missing(run.get("threads"))]
    seconds = sum(run["seconds"] for run in runs if not is_missing(run.get("seconds")))
    memory = [run["peak_memory_mb"] for run in runs if not is_missing(run.get("peak_memory_mb"))]
    text = f"{listed(devices)}; {provenance['platform']}" if devices else provenance["platform"]
    text += f"; threads per process: {span(threads)}" if threads else ""
    text += f"; training took {format_seconds(seconds)}" if seconds else ""
    text += f"; peak memory {format_count(round(max(memory)))} MiB" if memory else ""
    return f"{text}."


def software(dataset: Mapping, provenance: Mapping) -> str:
    """Name the code and the versions of what it ran on."""
    commit = provenance.get("commit")
    code = f"Seqarena at commit {commit}" if commit else "Seqarena, not from a git checkout"
    versions = ", ".join(f"{name} {v}" for name, v in (provenance.get("versions") or {}).items())
    return f"{code}; {versions}." if versions else f"{code}."


def reproduction(dataset: Mapping, provenance: Mapping) -> str:
    """Say how to get these results again."""
    return (
        f"`{provenance['command']}`, with the configuration, input files and versions of the "
        "chapter on provenance, makes all results and this report."
    )


def measures(dataset: Mapping, provenance: Mapping) -> str:
    """Name the metrics."""
    names = dict.fromkeys(dataset["metrics"]["metric"])
    shown = [metric_label(name) for name in names if name not in ("prevalence", "support")]
    primary = metric_label(dataset["primary_metric"])
    return (
        f"{', '.join(shown)}. Models are ranked by {primary}, named in the configuration before "
        "training."
    )


def selection(dataset: Mapping, provenance: Mapping) -> str:
    """Say how models were selected."""
    return (
        "None was selected by its test score: all models of the configuration are reported. "
        "Validation records decide when training stops, thresholds and temperatures."
    )


def comparison(dataset: Mapping, provenance: Mapping) -> str:
    """Say what the models were compared with."""
    baselines = dataset["baselines"]
    given = f"Baselines on the same folds: {listed(baselines)}." if baselines else "No baseline."
    return joined(given, dataset["headline"]["sentence"])


def uncertainty(dataset: Mapping, provenance: Mapping) -> str:
    """Say how intervals are made."""
    draws = (dataset.get("evaluation") or {}).get("bootstrap")
    replicates = f", {format_count(draws)} replicates" if draws else ""
    return f"Every metric has a {INTERVAL} (percentiles{replicates}): the unit is the group."


def tests(dataset: Mapping, provenance: Mapping) -> str:
    """Say how models were compared and what came out."""
    names = dict.fromkeys(dataset["comparison"]["method"])
    methods = listed(METHODS.get(name, name) for name in names)
    how = f"Pairs of models: {methods}; p values by Holm's method." if names else ""
    cautions = [f"Caution: {text}" for text in dataset["headline"].get("cautions") or []]
    return joined(how, *cautions)


def confidence(dataset: Mapping, provenance: Mapping) -> str:
    """Say whether the advantage is beyond noise."""
    return joined(uncertainty(dataset, provenance), _answer(dataset, "noise"))


def result_files(dataset: Mapping, provenance: Mapping) -> str:
    """Say where the evaluation is on disk."""
    return (
        "On disk, in the data set's folder of results/: metrics.tsv, comparison.tsv, plots/ and "
        "tables/predictions.tsv (every prediction of every record). All numbers of this report: "
        "results/report.json."
    )


def separation(dataset: Mapping, provenance: Mapping) -> str:
    """Say which step sees which records."""
    summary = dataset["summary"]
    scaled = summary["task"] == "regression"
    return joined(
        "Weights are fitted on training records; when to stop, strengths of penalties, thresholds "
        "and temperatures are chosen on validation records; test records give scores only.",
        "Values are scaled by those of the training records." if scaled else "",
        "Columns are standardised by mean and spread of the training records."
        if alphabet_of(summary) == "numbers"
        else "",
        weights_sentence(dataset),
    )


def inputs(dataset: Mapping, provenance: Mapping) -> str:
    """Say what models see, and what composition alone tells."""
    record = material(dataset["summary"]).record
    return joined(f"Models see the {record} and nothing else.", _answer(dataset, "composition"))


def _answer(dataset: Mapping, topic: str) -> str:
    return next((one.sentence for one in answers(dataset) if one.topic == topic), "")
