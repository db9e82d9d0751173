"""The questions to ask of a test, each answered from the tables of a data set.

The statuses: "good" (looked at, and in order), "attention" (to be borne in mind), "bad" (the scores
can't be taken at face value) and "not known" (not looked at, or not to be decided).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import pandas as pd

from seqarena.reporting.calibration_tables import overall
from seqarena.reporting.cells import higher_is_better
from seqarena.reporting.honesty_words import (
    leaked_sentence,
    residual_sentence,
    split_sentence,
    torn_sentence,
    without_leaked,
)
from seqarena.reporting.material import alphabet_of, material
from seqarena.reporting.standing import degenerate, with_result
from seqarena.reporting.wording import (
    METHODS,
    METRICS,
    format_estimate,
    format_interval,
    format_number,
    format_share,
    format_signed,
    is_missing,
    joined,
    listed,
    metric_label,
    p_value,
    plural,
)

# So few leaked records move a share of right calls by less than what has practical size.
MINOR_LEAK = 0.01
# A probability that is off by less than five percentage points on average serves most purposes.
SMALL_CALIBRATION_ERROR = 0.05
_RANK = ("bad", "attention", "not known", "good")


class Answer(NamedTuple):
    """An answer to one question.

    Parameters
    ----------
    topic : str
        What it is about, in few words.
    question : str
        In full.
    status : {"good", "attention", "bad", "not known"}
        How it came out.
    sentence : str
        Why, with the numbers.
    problem : str
        What is wrong, as part of a list; empty unless the status is "attention" or "bad".
    """

    topic: str
    question: str
    status: str
    sentence: str
    problem: str = ""


def focus(dataset: Mapping) -> str | None:
    """Name the model that the sentences speak of: the best network, else the first in the ranking.

    Parameters
    ----------
    dataset : mapping
        As for `report.report_views`.
    """
    model = dataset["headline"].get("best_network")
    ranked = with_result(dataset["ranking"]).dropna(subset=["value"])["model"]
    return model if model is not None or ranked.empty else str(ranked.iloc[0])


def worst(statuses: Sequence[str]) -> str:
    """Give the gravest of some statuses; "good" if there are none."""
    return min(statuses, key=_RANK.index, default="good")


def _related(dataset: Mapping) -> Answer:
    topic, question = "leaks", "Are test records related to records seen in training?"
    leakage = dataset["leakage"]
    if leakage["verdict"] == "not known":
        reason = " ".join(leakage["lines"]) or "There was nothing to compare."
        return Answer(topic, question, "not known", reason)
    said = joined(
        f"{leaked_sentence(leakage)}.", torn_sentence(leakage), residual_sentence(leakage)
    )
    if leakage["verdict"] == "clean":
        return Answer(topic, question, "good", said)
    share = max(leakage["leaked"]["share"], leakage["residual_leak"].get("low") or 0)
    minor = share < MINOR_LEAK and not torn_sentence(leakage)
    status = "attention" if minor else "bad"
    return Answer(topic, question, status, said, "test records related to training records")


def _dependence(dataset: Mapping) -> Answer:
    topic, question = "effect of leaks", "Does the score depend on leaked records?"
    if dataset["leakage"]["verdict"] == "not known":
        return Answer(topic, question, "not known", "Which records are leaked isn't known.")
    if not dataset["leakage"]["leaked"]["records"]:
        return Answer(topic, question, "good", "There are no leaked records to leave out.")
    change = without_leaked(dataset, focus(dataset))
    if change is None or is_missing(change.without):
        reason = "Without the leaked records too few are left to measure the score on."
        return Answer(topic, question, "not known", reason)
    label = metric_label(change.metric)
    said = (
        f"{change.model} has {label} {format_number(change.everything)} on all test records and "
        f"{format_estimate(change.without, change.low, change.high)} without the leaked ones"
    )
    if change.loss >= change.least:
        said += f": {format_number(change.loss)} of the score comes from them"
    elif change.loss <= -change.least:
        said += ": the leaked records are harder than the others"
    else:
        said += f", a change of less than {change.least:g}"
    moved = change.first != change.first_without
    if moved:
        said += f". The first place goes from {change.first} to {change.first_without}"
    if change.loss >= change.least:
        problem = "a score that leans on leaked records"
        return Answer(topic, question, "bad", f"{said}.", problem)
    problem = "a first place that leans on leaked records" if moved else ""
    return Answer(topic, question, "attention" if moved else "good", f"{said}.", problem)


def _untested_classes(splits: Mapping) -> list[str]:
    roles = splits.get("roles", [])
    tested = [row.get("class_counts") or {} for row in roles if row["role"] == "test"]
    names = dict.fromkeys(name for counts in tested for name in counts)
    return [name for name in names if not any(counts.get(name) for counts in tested)]


def _split(dataset: Mapping) -> Answer:
    topic, question = "split", "How was it split?"
    splits, verdict = dataset["splits"], dataset["leakage"]["verdict"]
    never = (splits.get("always_train") or {}).get("records", 0) + splits.get("unused", 0)
    by_sequence = splits.get("grouping", {}).get("by") != "homology"
    own = str(splits.get("mode", "")).startswith("own")
    problems, said = [], split_sentence(dataset)
    if dataset["ranking"]["value"].isna().all():
        label = metric_label(dataset["primary_metric"])
        problems.append(f"test records on which {label} is not defined")
        said += f" On its test records {label} is not defined: there is no score to trust."
    if never:
        problems.append("records that are never tested")
    if untested := _untested_classes(splits):
        problems.append("classes that are never tested")
        said += f" No test record is of class {listed(map(repr, untested))}."
    if verdict != "clean" and (own or by_sequence):
        problems.append("a split that doesn't keep related records together")
    status = "attention" if problems else "good"
    return Answer(topic, question, status, said, listed(problems))


def _control_rows(dataset: Mapping, control: str) -> pd.DataFrame:
    table = dataset["controls"]
    return table[(table["control"] == control) & (table["metric"] == dataset["primary_metric"])]


def _control(
    dataset: Mapping, control: str, setting: str, say_at: Callable, say_above: Callable
) -> tuple[str, str]:
    """Give status and sentence of a control; the gravest of its models decides."""
    rows = _control_rows(dataset, control)
    if rows.empty:
        return "not known", f"Not run: see `controls.{setting}` in the configuration."
    # Where chance is the best guess and not what guessing gives, a model that guesses is below it.
    guessed = METRICS[dataset["primary_metric"]].chance is None
    graded = {"above chance": "bad", "below chance": "good" if guessed else "attention"}
    graded |= {"at chance": "good"}
    sentences = []
    for row in rows.itertuples():
        where = (
            f"{row.model} has {metric_label(row.metric)} "
            f"{format_estimate(row.value, row.low, row.high)}"
        )
        chance = "" if is_missing(row.chance) else f" (chance: {format_number(row.chance)})"
        endings = {
            "at chance": f"which is chance{chance}{say_at(row)}",
            "above chance": f"above chance{chance}{say_above(row)}",
            "below chance": f"below chance{chance}{say_at(row) if guessed else _BELOW}",
        }
        if row.verdict in endings:
            sentences.append(f"{where}, {endings[row.verdict]}")
        else:
            sentences.append(f"{row.model} can't be judged: no value, or too little was permuted")
    statuses = [graded.get(verdict, "not known") for verdict in rows["verdict"]]
    return worst(statuses), f"{'; '.join(sentences)}."


_BELOW = ": folds may differ in the balance of their labels"


def _permuted(dataset: Mapping) -> Answer:
    topic = "permuted labels"
    question = "Do models come out at chance when labels are permuted?"
    status, said = _control(
        dataset,
        "permuted labels",
        "permuted_labels",
        lambda row: ", as it must be",
        lambda row: ": what was learned of meaningless labels carries over to test records",
    )
    if status != "not known":
        said = f"With labels permuted over the groups, {said}"
    problem = {"bad": "permuted labels above chance", "attention": "permuted labels below chance"}
    return Answer(topic, question, status, said, problem.get(status, ""))


def _shuffled(dataset: Mapping) -> Answer | None:
    topic, question = "composition", "How much of the score is composition?"
    if alphabet_of(dataset["summary"]) == "numbers":
        return None  # columns have no order that could be shuffled
    stuff = material(dataset["summary"])
    say_lost = partial(_lost, unit=stuff.unit)
    status, said = _control(dataset, "shuffled input", "shuffled_input", say_lost, _kept)
    if status != "not known":
        said = f"On sequences shuffled so that only their {stuff.kept} stay, {said}"
    rows = _control_rows(dataset, "shuffled input").itertuples()
    if status == "good" and not all(map(_lost_score, rows)):
        status = "not known"
    # To learn from composition is no fault of the test; to take it for more would be.
    status = "attention" if status == "bad" else status
    problem = "a score that is partly composition" if status == "attention" else ""
    return Answer(topic, question, status, said, problem)


def _lost_score(row: tuple) -> bool:
    """Tell whether the sequences themselves gave a score beyond the control's interval."""
    more = higher_is_better(row.metric)
    return row.original > row.high if more else row.original < row.low


def _lost(row: tuple, unit: str) -> str:
    if _lost_score(row):
        return f": the score comes from the order of the {unit}s"
    return (
        f"; with {format_number(row.original)} on the sequences themselves, it isn't shown that "
        f"the order of the {unit}s counts"
    )


def _kept(row: tuple) -> str:
    if is_missing(row.chance) or is_missing(row.original) or row.original == row.chance:
        return ": part of the score is composition"
    share = (row.value - row.chance) / (row.original - row.chance)
    return (
        f": of what it has over chance on the sequences themselves ({format_number(row.original)}) "
        f"{format_share(min(max(share, 0.0), 1.0))} is composition"
    )


def _noise(dataset: Mapping) -> Answer:
    topic, question = "noise", "Is the best network's advantage beyond noise?"
    headline, table = dataset["headline"], dataset["comparison"]
    network, baseline = headline.get("best_network"), headline.get("best_baseline")
    if network is None or baseline is None:
        reason = "There is no network, or no baseline, to compare."
        return Answer(topic, question, "not known", reason)
    rows = table[table["metric"] == dataset["primary_metric"]]
    said = "Yes" if headline["beyond_noise"] else "No"
    without = degenerate(dataset["ranking"])
    title = "a degenerate baseline" if baseline in without else "the best baseline"
    if not is_missing(headline.get("difference")):
        said += (
            f": {network} and {baseline}, {title}, differ by "
            f"{format_signed(headline['difference'])} "
            f"({format_interval(headline['low'], headline['high'], signed=True)}), "
            f"{p_value(headline['p_adjusted'])} by Holm's method over {plural(len(rows), 'pair')}"
        )
    methods = list(dict.fromkeys(rows["method"]))
    said += f". Tested by {listed(METHODS.get(name, name) for name in methods)}" if methods else ""
    groups = dataset["ranking"].get("groups", pd.Series(dtype=float)).max()
    said += "; the unit is the group"
    said += "" if is_missing(groups) else f" ({plural(int(groups), 'group')})"
    cautions = list(headline.get("cautions") or [])
    untold = "corrected t" not in " ".join([*methods, *cautions])
    if dataset["splits"].get("repeats", 1) == 1 and untold:
        said += ". There is 1 repeat, so there is no corrected t test, which takes several"
    said = " ".join([f"{said}.", *cautions])
    if not headline["beyond_noise"]:
        return Answer(topic, question, "attention", said, "an advantage that isn't beyond noise")
    problem = "cautions about the comparison" if cautions else ""
    return Answer(topic, question, "attention" if cautions else "good", said, problem)


def _seeds(dataset: Mapping) -> Answer:
    topic, question = "seeds", "Is the advantage larger than what another seed changes?"
    model, difference = focus(dataset), dataset["headline"].get("difference")
    table = dataset["seeds"]
    rows = table[
        (table["model"] == model)
        & (table["metric"] == dataset["primary_metric"])
        & (table["n_seeds"] > 1)
    ]
    if rows.empty:
        several = table.loc[table["n_seeds"] > 1, "model"].unique()
        reason = "One seed only; `controls.seeds` in the configuration asks for more."
        reason = _measured_elsewhere(model, several) or reason
        return Answer(topic, question, "not known", reason)
    by_seeds = rows[rows["source"] == "seeds"]
    row = (by_seeds if len(by_seeds) else rows).iloc[0]
    what = "seeds" if row["source"] == "seeds" else "repeats (the same test records, other seeds)"
    spread = row["most"] - row["least"]
    said = (
        f"Over {int(row['n_seeds'])} {what} {metric_label(row['metric'])} of {model} runs from "
        f"{format_number(row['least'])} to {format_number(row['most'])} "
        f"(SD {format_number(row['sd'])})"
    )
    if is_missing(difference):
        return Answer(topic, question, "not known", f"{said}; there is no baseline to compare.")
    if abs(difference) > spread:
        lead = f"{said}, less than its difference to the best baseline"
        return Answer(topic, question, "good", f"{lead}, {format_signed(difference)}.")
    said += (
        f", as much as its difference to the best baseline, {format_signed(difference)}, or more"
    )
    return Answer(
        topic, question, "attention", f"{said}.", "an advantage within the luck of a seed"
    )


def _calibrated(dataset: Mapping) -> Answer | None:
    topic, question = "calibration", "Can the probabilities be taken at their word?"
    if dataset["calibration"] is None:
        return None
    model, table, given = focus(dataset), overall(dataset["calibration"]), dataset["temperatures"]
    rows = table[(table["model"] == model) & (table["metric"] == "ece")].set_index("stage")["value"]
    before, after = rows.get("before"), rows.get("after")
    if is_missing(before):
        return Answer(topic, question, "not known", "The calibration error is not defined.")
    said = (
        f"Probabilities of {model} are off by {format_number(before)} on average (calibration "
        "error, ECE)"
    )
    temperature = given.loc[given["model"] == model, "temperature"].mean()
    if not is_missing(after) and not is_missing(temperature):
        many = "on average, one of each label" if dataset["summary"]["task"] == "multilabel" else ""
        said += (
            f"; a temperature of {format_number(temperature)}, {many and f'{many}, '}fitted on "
            f"validation records, makes that {format_number(after)}"
        )
    small = before <= SMALL_CALIBRATION_ERROR
    problem = "" if small else "probabilities that are off"
    return Answer(topic, question, "good" if small else "attention", f"{said}.", problem)


def _more_data(dataset: Mapping) -> Answer:
    topic, question = "training size", "Would more data help?"
    model, curve, diagnosis = focus(dataset), dataset["learning_curve"], dataset["diagnosis"]
    verdict = diagnosis.set_index("model")["more_data"].get(model, "not measured")
    metric = dataset["primary_metric"]
    rows = None if curve is None else curve[(curve["model"] == model) & (curve["metric"] == metric)]
    if rows is None or rows["fraction"].nunique() < 2:
        measured = [] if curve is None else curve["model"].unique()
        reason = "Not measured: `controls.learning_curve` in the configuration asks for it."
        reason = _measured_elsewhere(model, measured) or reason
        return Answer(topic, question, "not known", reason)
    rows = rows.sort_values("fraction")
    least, most = rows.iloc[0], rows.iloc[-1]
    said = (
        f"{model} goes from {metric_label(metric)} {format_number(least['value'])} with "
        f"{plural(round(least['n_train']), 'training record')} to {format_number(most['value'])} "
        f"with {round(most['n_train']):,}"
    )
    if verdict == "yes":
        said += ", and still rises: more data would help."
        return Answer(topic, question, "attention", said, "a training set that is still too small")
    if verdict == "no":
        return Answer(topic, question, "good", f"{said}: it isn't shown that more would help.")
    return Answer(topic, question, "not known", f"{said}; whether it still rises can't be told.")


def _measured_elsewhere(model: str | None, others: Sequence[str]) -> str:
    """Say that a control ran on other models than the one in focus; empty if on none."""
    if not len(others):
        return ""
    if model is None:
        return "It was measured, but no model has a score."
    which = f"Measured on {listed(others)}, not on {model}"
    return f"{which}: `controls.models` in the configuration says on which models."


QUESTIONS = (
    _related,
    _dependence,
    _split,
    _permuted,
    _shuffled,
    _noise,
    _seeds,
    _calibrated,
    _more_data,
)
"""Each takes a data set (as for `report.report_views`) and gives an `Answer`, or None where it
doesn't apply."""
