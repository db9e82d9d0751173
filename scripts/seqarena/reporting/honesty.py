"""Whether a test was honest: the answers on a data set, their sum, and what is an alarm."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from seqarena.reporting.honesty_questions import QUESTIONS, Answer, focus, worst
from seqarena.reporting.honesty_words import (
    leaked_sentence,
    residual_sentence,
    torn_sentence,
    without_leaked,
)
from seqarena.reporting.wording import format_number, is_missing, joined, listed, metric_label


class Alarm(NamedTuple):
    """A finding that belongs in the report's first lines; status "bad" or "attention"."""

    status: str
    sentence: str


def answers(dataset: Mapping) -> list[Answer]:
    """Answer all questions that apply to a data set, in the order of the report.

    Parameters
    ----------
    dataset : mapping
        As for `report.report_views`.
    """
    given = (question(dataset) for question in QUESTIONS)
    return [answer for answer in given if answer is not None]


def overall(given: Sequence[Answer]) -> str:
    """Sum the answers up in a sentence or two."""

    def with_status(status: str) -> list[str]:
        return [one.problem or one.topic for one in given if one.status == status]

    bad, attention, unknown = map(with_status, ("bad", "attention", "not known"))
    if bad:
        text = f"The scores can't be taken at face value: {listed(bad)}."
        text += f" To be borne in mind as well: {listed(attention)}." if attention else ""
    elif attention:
        text = f"No alarm, but to be borne in mind: {listed(attention)}."
    else:
        text = "Nothing that was looked at speaks against this test."
    return text + (f" Not known: {listed(unknown)}." if unknown else "")


def overall_of_all(names: Sequence[str], statuses: Sequence[str]) -> str:
    """Sum up over data sets, in one sentence."""
    bad = [name for name, status in zip(names, statuses, strict=True) if status == "bad"]
    mind = [name for name, status in zip(names, statuses, strict=True) if status == "attention"]
    if bad:
        rest = len(names) - len(bad)
        others = f"; on the other {rest} no alarm was raised" if rest > 1 else ""
        others = "; on the other no alarm was raised" if rest == 1 else others
        return f"The scores can't be taken at face value on {listed(bad)}{others}."
    if mind:
        return f"No alarm was raised; there is something to bear in mind on {listed(mind)}."
    return "Nothing that was looked at speaks against the test."


def alarms(dataset: Mapping, given: Sequence[Answer]) -> list[Alarm]:
    """Pick what must stand beside the verdict: leaks, and labels that leak without meaning.

    Parameters
    ----------
    dataset : mapping
        As for `report.report_views`.
    given : sequence of Answer
        Of `answers`.
    """
    status = {one.topic: one for one in given}
    found = []
    if dataset["leakage"]["verdict"] == "leaks":
        sentence = _leak_alarm(dataset)
        gravest = worst([status[topic].status for topic in ("leaks", "effect of leaks")])
        found.append(Alarm("bad" if gravest == "bad" else "attention", sentence))
    if status["permuted labels"].status == "bad":
        found.append(Alarm("bad", status["permuted labels"].sentence))
    return found


def _leak_alarm(dataset: Mapping) -> str:
    """Say how large the leak is and what it does to the score of the model in focus."""
    leakage = dataset["leakage"]
    if not leakage["leaked"]["records"]:  # groups torn apart, or what only the exact search found
        return torn_sentence(leakage) or residual_sentence(leakage)
    sentence = leaked_sentence(leakage)
    change = without_leaked(dataset, focus(dataset))
    if change is not None and not is_missing(change.without):
        sentence += (
            f"; without them {change.model} has {metric_label(change.metric)} "
            f"{format_number(change.without)} instead of {format_number(change.everything)}"
        )
    return joined(f"{sentence}.", torn_sentence(leakage))
