"""Checklists for reports on machine learning, filled in from the run.

- DOME (Walsh et al. 2021, Nature Methods 18:1122): 21 recommendations on data, optimization, model
  and evaluation of supervised learning in biology.
- REFORMS (Kapoor et al. 2024, Science Advances 10:eadk3452): 32 items in eight modules for science
  that rests on machine learning.

What is asked is put in our own words. What the run can't know comes from `statements` of the
configuration, or is said not to be provided.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from seqarena.reporting import disclosed_data as data
from seqarena.reporting import disclosed_models as models
from seqarena.statement_keys import STATEMENT_KEYS

Known = Callable[[Mapping, Mapping], str]


class Item(NamedTuple):
    """One thing that a checklist asks for.

    Parameters
    ----------
    number : str
        As in the checklist.
    part, name : str
        The chapter of the checklist it stands in, and its heading.
    asks : str
        What is asked.
    known : callable or None
        Gives the run's answer for a data set, from the data set and the provenance of the run.
    statement : str or None
        Key of `STATEMENT_KEYS` that holds what only a person knows.
    """

    number: str
    part: str
    name: str
    asks: str
    known: Known | None = None
    statement: str | None = None


class Answer(NamedTuple):
    """A part of an answer.

    Parameters
    ----------
    source : {"run", "statement"}
        Who says so.
    datasets : list of str
        Names of the data sets that it speaks of; empty if of all alike.
    text : str
        The answer.
    """

    source: str
    datasets: list[str]
    text: str


class Disclosure(NamedTuple):
    """A checklist that has been filled in; see `fill_in`."""

    name: str
    citation: str
    summary: str
    items: list[dict]


_DATA, _OPTIMIZATION, _MODEL, _EVALUATION = "Data", "Optimization", "Model", "Evaluation"

DOME = (
    Item("1.1", _DATA, "Provenance",
         "Source of the data, how many records of each class or values, earlier use.",
         data.provenance_of_data, "data_source"),
    Item("1.2", _DATA, "Dataset splits",
         "Sizes of training, validation and test sets, and how their distributions compare.",
         data.split_sizes),
    Item("1.3", _DATA, "Redundancy between data splits",
         "How the sets were split, whether they are independent and how that was enforced.",
         data.redundancy),
    Item("1.4", _DATA, "Availability of data",
         "Whether data and splits are released: where, under which licence.",
         data.data_files, "data_availability"),
    Item("2.1", _OPTIMIZATION, "Algorithm",
         "Class of the algorithms; if new, why they were chosen.",
         models.algorithms, "model_choice"),
    Item("2.2", _OPTIMIZATION, "Meta-predictions",
         "Whether predictions of other models are an input.", models.meta_predictions),
    Item("2.3", _OPTIMIZATION, "Data encoding",
         "How the data were encoded and preprocessed.", models.encoding),
    Item("2.4", _OPTIMIZATION, "Parameters",
         "How many parameters the models have and how they were chosen.", models.parameters),
    Item("2.5", _OPTIMIZATION, "Features",
         "How many features are the input; whether some were selected, and on which records.",
         models.features),
    Item("2.6", _OPTIMIZATION, "Fitting",
         "Parameters against training records; how over- and under-fitting were ruled out.",
         models.fitting),
    Item("2.7", _OPTIMIZATION, "Regularization",
         "What was done against over-fitting.", models.regularization),
    Item("2.8", _OPTIMIZATION, "Availability of configuration",
         "Whether settings and model files are released: where, under which licence.",
         models.configuration, "configuration_availability"),
    Item("3.1", _MODEL, "Interpretability",
         "Black box or interpretable; if the latter, examples.",
         models.interpretability, "interpretability"),
    Item("3.2", _MODEL, "Output", "Classification or regression.", models.output),
    Item("3.3", _MODEL, "Execution time",
         "How long a prediction takes on a standard machine.",
         models.times, "prediction_time"),
    Item("3.4", _MODEL, "Availability of software",
         "Whether the code is released and how it can be run: where, under which licence.",
         models.software, "software_availability"),
    Item("4.1", _EVALUATION, "Evaluation method",
         "Cross-validation, independent data or new experiments.", data.evaluation),
    Item("4.2", _EVALUATION, "Performance measures",
         "Which metrics, and whether they are those of the field.",
         models.measures, "metric_choice"),
    Item("4.3", _EVALUATION, "Comparison",
         "Comparison with published methods on the same data, and with simple baselines.",
         models.comparison, "published_methods"),
    Item("4.4", _EVALUATION, "Confidence",
         "Confidence intervals; whether the advantage is significant.", models.confidence),
    Item("4.5", _EVALUATION, "Availability of evaluation",
         "Whether raw results are released: where, under which licence.",
         models.result_files, "evaluation_availability"),
)  # fmt: skip

_GOALS, _REPRODUCIBILITY = "Study goals", "Computational reproducibility"
_QUALITY, _PREPROCESSING, _MODELING = "Data quality", "Data preprocessing", "Modeling"
_LEAKAGE, _METRICS = "Data leakage", "Metrics and uncertainty"
_GENERALIZABILITY = "Generalizability and limitations"

REFORMS = (
    Item("1a", _GOALS, "Population",
         "Population or distribution that the scientific claim is about.",
         None, "population"),
    Item("1b", _GOALS, "Motivation for the population", "Why it was chosen.",
         None, "population_motivation"),
    Item("1c", _GOALS, "Motivation for machine learning", "Why machine learning was used.",
         None, "machine_learning_motivation"),
    Item("2a", _REPRODUCIBILITY, "Data set",
         "The data for training and evaluation, with a link or DOI.",
         data.sources, "data_availability"),
    Item("2b", _REPRODUCIBILITY, "Code",
         "The code behind the results, with a link or DOI to its version.",
         models.software, "software_availability"),
    Item("2c", _REPRODUCIBILITY, "Computing infrastructure",
         "Machines and software used.", models.computer),
    Item("2d", _REPRODUCIBILITY, "Instructions",
         "How to get the results from the data and the code.", models.reproduction),
    Item("2e", _REPRODUCIBILITY, "Reproduction script",
         "A script that makes all results.", models.reproduction),
    Item("3a", _QUALITY, "Source of the data",
         "Where and when training and evaluation data were collected, and how they were labelled.",
         data.sources, "data_source"),
    Item("3b", _QUALITY, "Sampling frame",
         "The set or distribution from which the data were sampled.", None, "sampling_frame"),
    Item("3c", _QUALITY, "Suitability", "Why the data suit the task.",
         None, "data_suitability"),
    Item("3d", _QUALITY, "Outcome",
         "The outcome variable: its definition and its distribution, by class.",
         data.outcome, "outcome_definition"),
    Item("3e", _QUALITY, "Sample size", "Number of records and frequency of outcomes.", data.sizes),
    Item("3f", _QUALITY, "Missing data", "Share of missing data, by class.",
         data.missing, "missing_data"),
    Item("3g", _QUALITY, "Representativeness",
         "Why the sampling frame stands for the population of the claim.",
         None, "representativeness"),
    Item("4a", _PREPROCESSING, "Exclusions", "Which records were left out, and why.",
         data.exclusions, "exclusions"),
    Item("4b", _PREPROCESSING, "Corrupt records",
         "How impossible or corrupt records are dealt with.", data.corrupt),
    Item("4c", _PREPROCESSING, "Transformations",
         "Every step from the raw data to the input of the models.",
         models.encoding, "earlier_processing"),
    Item("5a", _MODELING, "Models", "All models that were trained, in detail.",
         models.models_in_detail),
    Item("5b", _MODELING, "Choice of models", "Why these types of model.",
         None, "model_choice"),
    Item("5c", _MODELING, "Evaluation method",
         "How models were evaluated: split or folds.", data.evaluation),
    Item("5d", _MODELING, "Model selection",
         "How the reported models were selected.", models.selection),
    Item("5e", _MODELING, "Hyperparameters",
         "How hyperparameters were tuned.", models.tuning, "tuning"),
    Item("5f", _MODELING, "Baselines",
         "Whether the models are compared with appropriate baselines.", models.comparison),
    Item("6a", _LEAKAGE, "Separation of training and test",
         "That preprocessing and modeling use the training data only.", models.separation),
    Item("6b", _LEAKAGE, "Dependencies and duplicates",
         "How duplicates and related records across training and test are dealt with.",
         data.redundancy),
    Item("6c", _LEAKAGE, "Legitimacy of the input",
         "Why each input is legitimate for the task.", models.inputs, "feature_legitimacy"),
    Item("7a", _METRICS, "Metrics",
         "All metrics, and why the one that decides suits the task.",
         models.measures, "metric_choice"),
    Item("7b", _METRICS, "Uncertainty", "Uncertainty of each metric and how it was estimated.",
         models.uncertainty),
    Item("7c", _METRICS, "Statistical tests",
         "Which tests, why these, and whether their assumptions hold.",
         models.tests, "test_assumptions"),
    Item("8a", _GENERALIZABILITY, "External validity",
         "Evidence that the findings hold on other data.", None, "external_validity"),
    Item("8b", _GENERALIZABILITY, "Limits",
         "Where the findings are not expected to hold.", None, "limitations"),
)  # fmt: skip

_CITATIONS = {
    "DOME": "Walsh et al. 2021, Nature Methods 18:1122",
    "REFORMS": "Kapoor et al. 2024, Science Advances 10:eadk3452",
}


def disclosures(
    datasets: Sequence[Mapping], provenance: Mapping, statements: Mapping[str, str]
) -> list[Disclosure]:
    """Fill both checklists in.

    Parameters
    ----------
    datasets : sequence of mapping
        As for `report.report_views`.
    provenance : mapping
        As for `report.report_views`.
    statements : mapping of str to str
        Texts by the keys of `STATEMENT_KEYS`; an empty text counts as none.
    """
    return [
        fill_in(name, items, datasets, provenance, statements)
        for name, items in (("DOME", DOME), ("REFORMS", REFORMS))
    ]


def fill_in(
    name: str,
    items: Sequence[Item],
    datasets: Sequence[Mapping],
    provenance: Mapping,
    statements: Mapping[str, str],
) -> Disclosure:
    """Fill one checklist in.

    Parameters
    ----------
    name : {"DOME", "REFORMS"}
        Which.
    items : sequence of Item
        Its items.
    datasets, provenance, statements
        As of `disclosures`.

    Returns
    -------
    Disclosure
        Each of its items is a mapping: number, part, name, asks, source ("run", "statement" or
        None), answers (list of Answer) and not_provided (mapping of key and meaning, or None).
    """
    filled = [_filled(item, datasets, provenance, statements) for item in items]
    by_run = sum(item["source"] == "run" for item in filled)
    by_person = sum(item["source"] == "statement" for item in filled)
    open_parts = sum(item["not_provided"] is not None for item in filled)
    text = f"{by_run} of {len(filled)} items are answered by the run"
    text += f", {by_person} by statements alone" if by_person else ""
    if open_parts:
        text += f"; {open_parts} have a part that only a person can answer and that isn't provided"
    return Disclosure(name, _CITATIONS[name], f"{text}.", filled)


def _filled(
    item: Item, datasets: Sequence[Mapping], provenance: Mapping, statements: Mapping[str, str]
) -> dict:
    given = _of_run(item, datasets, provenance) if item.known else []
    stated = str(statements.get(item.statement) or "").strip() if item.statement else ""
    if stated:
        given.append(Answer("statement", [], stated))
    lacking = item.statement is not None and not stated
    return {
        "number": item.number,
        "part": item.part,
        "name": item.name,
        "asks": item.asks,
        "source": given[0].source if given else None,
        "answers": given,
        "not_provided": {"key": item.statement, "meaning": STATEMENT_KEYS[item.statement]}
        if lacking
        else None,
    }


def _of_run(item: Item, datasets: Sequence[Mapping], provenance: Mapping) -> list[Answer]:
    """Ask every data set, and give what several say alike once."""
    said: dict[str, list[str]] = {}
    for dataset in datasets:
        if text := item.known(dataset, provenance):
            said.setdefault(text, []).append(dataset["name"])
    alike = len(said) == 1 and len(datasets) == len(next(iter(said.values())))
    return [Answer("run", [] if alike else names, text) for text, names in said.items()]
