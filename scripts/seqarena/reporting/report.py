"""The report: what it says, chapter by chapter, and the one HTML file for people.

`report_views` gathers all that is said; `render_report` lays it out as HTML, and
`report_json.report_content` gives the same to machines.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import yaml

from seqarena.reporting import honesty, honesty_tables, run_tables
from seqarena.reporting import report_tables as tables
from seqarena.reporting.about_data import facts
from seqarena.reporting.across import across_view
from seqarena.reporting.calibration_tables import (
    calibration_table,
    label_calibration_table,
    reliability_table,
)
from seqarena.reporting.cells import Fact, Layout, counted
from seqarena.reporting.disclosure import disclosures
from seqarena.reporting.findings import contrasts, findings
from seqarena.reporting.honesty_questions import Answer, worst
from seqarena.reporting.honesty_words import split_sentence
from seqarena.reporting.material import alphabet_of
from seqarena.reporting.pictures import is_curve, overview_picture, pictures
from seqarena.reporting.tables import jinja_environment
from seqarena.reporting.target_tables import support_table, target_tables
from seqarena.reporting.trust import all_notices, cautions
from seqarena.reporting.wording import format_count


class Section(NamedTuple):
    """A chapter of the report: anchor, heading, template of its body."""

    anchor: str
    title: str
    template: str


# The order of the report. A new chapter is a template and a line here; numbers and the table of
# contents follow.
SECTIONS = (
    Section("verdict", "Verdict", "section_verdict.html.j2"),
    Section("honesty", "Is this test honest?", "section_honesty.html.j2"),
    Section("data", "Data and what was changed in it", "section_data.html.j2"),
    Section("models", "Models", "section_models.html.j2"),
    Section("comparison", "Comparison", "section_comparison.html.j2"),
    Section("curves", "Loss curves, training size and diagnosis", "section_curves.html.j2"),
    Section("calibration", "Calibration", "section_calibration.html.j2"),
    Section("details", "Details of each data set", "section_details.html.j2"),
    Section("disclosure", "Disclosure", "section_disclosure.html.j2"),
    Section("provenance", "Provenance", "section_provenance.html.j2"),
)

# Figures that stand beside what they are about, and the topic of the answer that speaks of it.
_PLACED = {
    "similarity": "effect of leaks",
    "reliability": "calibration",
    "label_reliability": "calibration",
    "learning_curve": "training size",
}


def report_views(
    datasets: Sequence[Mapping],
    provenance: Mapping,
    *,
    statements: Mapping[str, str] | None = None,
    across: Mapping | None = None,
) -> dict[str, Any]:
    """Gather all that the report says.

    Parameters
    ----------
    datasets : sequence of mapping
        One a data set, in the order of the report, with the keys name, about (str or None),
        settings (its section of the complete configuration), evaluation (that section), summary
        (`data/summary.json`), splits (`splits/summary.json`, with `splits/grouping.json` as
        grouping), leakage (`splits/leakage.json`), headline (`headline.json`), the DataFrames
        metrics, comparison, ranking, diagnosis, thresholds, similarity, controls, seeds and
        learning_curve (or None), and calibration, reliability and temperatures (None for
        regression), control_notices (by control, or absent), runs (contents of `run.json`), figures
        (name: path of SVG), primary_metric and baselines (names of models).
    provenance : mapping
        Keys config and versions (mappings), created, command, platform (mapping or str) and
        commit (str or None).
    statements : mapping of str to str, optional
        What only a person can say, by the keys of `statement_keys.STATEMENT_KEYS`.
    across : mapping, optional
        Where data sets are compared: summary (`across.json`), ranks (DataFrame) and figure (path
        of SVG or None).

    Returns
    -------
    dict
        For `render_report` and `report_json.report_content`: plain values, and tables, pictures
        and other named tuples of `cells`.
    """
    models = list(dict.fromkeys(run["model"] for dataset in datasets for run in dataset["runs"]))
    provenance = {
        **provenance,
        "versions": _versions(provenance.get("versions"), datasets),
        "platform": _platform(provenance["platform"]),
    }
    views = [_view(dataset, place) for place, dataset in enumerate(datasets, 1)]
    names = [view["name"] for view in views]
    return {
        "datasets": views,
        "uncertain": [view["name"] for view in views if view["layout"].tone == "warn"],
        "alarmed": [view["name"] for view in views if view["verdict"]["status"] == "bad"],
        "records": "sequences" if all(map(_is_sequences, datasets)) else "records",
        "overview": overview_picture(datasets, models) if datasets else None,
        "overview_table": tables.overview(datasets, models),
        "contrasts": contrasts(datasets) if datasets else [],
        "honesty": {
            "sentence": honesty.overall_of_all(
                names, [view["honesty"]["status"] for view in views]
            ),
            "glance": honesty_tables.glance_table(
                names, [view["honesty"]["questions"] for view in views]
            ),
        },
        "across": across_view(across) if across else None,
        "disclosure": disclosures(datasets, provenance, statements or {}),
        "inputs": run_tables.inputs_table(datasets),
        "processes": run_tables.processes_table(datasets),
        "provenance": provenance,
    }


def render_report(views: Mapping) -> str:
    """Write the report for people.

    Parameters
    ----------
    views : mapping
        Of `report_views`.

    Returns
    -------
    str
        HTML with everything inside: no script, style, font or picture is loaded from elsewhere.
    """
    environment = jinja_environment()
    environment.filters |= {
        "as_yaml": _as_yaml,
        "moment": _moment,
        "as_count": format_count,
    }
    calibrated = any(view["calibration"] for view in views["datasets"])
    sections = [one for one in SECTIONS if calibrated or one.anchor != "calibration"]
    return environment.get_template("report.html.j2").render(**views, sections=sections)


def _view(dataset: Mapping, number: int) -> dict:
    """Gather what is said of one data set."""
    answers = honesty.answers(dataset)
    verdict = _verdict(dataset, honesty.alarms(dataset, answers))
    drawn = pictures(dataset, {name: _said(answers, topic) for name, topic in _PLACED.items()})
    comparison = dataset["comparison"]
    primary = comparison["metric"] == dataset["primary_metric"]
    splits = run_tables.split_tables(dataset["splits"])
    others = comparison[~primary]
    return {
        "name": dataset["name"],
        "about": dataset.get("about"),
        "layout": Layout(f"dataset-{number}", verdict.pop("tone")),
        "verdict": verdict,
        "honesty": _honesty(dataset, answers, drawn.get("similarity")),
        "findings": findings(dataset),
        "facts": facts(dataset),
        "changes": counted(dataset["summary"].get("changes")),
        "notices": all_notices(dataset),
        "know": cautions(dataset),
        "support": support_table(dataset),
        "how_split": split_sentence(dataset),
        "split": splits[0] if splits else None,
        "folds": splits[1] if splits else None,
        "models": run_tables.models_table(dataset),
        "parameters": _parameters(dataset),
        "ranking": tables.ranking_table(dataset),
        "metrics": tables.metrics_wide(dataset),
        "comparison": tables.comparisons(
            comparison[primary], "Paired comparisons on the primary metric."
        ),
        "other_comparisons": tables.comparisons(others, "Paired comparisons on other metrics.")
        if len(others)
        else None,
        "diagnosis": tables.diagnosis_table(dataset),
        "curves": [picture for name, picture in drawn.items() if is_curve(name)],
        "size": honesty_tables.size_table(dataset),
        "size_picture": drawn.get("learning_curve"),
        "calibration": _calibration(dataset, answers, drawn),
        "figures": [
            picture for name, picture in drawn.items() if name not in _PLACED and not is_curve(name)
        ],
        "target_metrics": target_tables(dataset),
        "class_metrics": tables.class_metrics(dataset),
        "fold_metrics": tables.fold_metrics(dataset),
        "thresholds": tables.thresholds_table(dataset),
    }


def _is_sequences(dataset: Mapping) -> bool:
    return alphabet_of(dataset["summary"]) != "numbers"


def _said(answers: Sequence[Answer], topic: str) -> str:
    return next((one.sentence for one in answers if one.topic == topic), "")


def _verdict(dataset: Mapping, alarms: Sequence[honesty.Alarm]) -> dict:
    """Say whether the network's advantage holds, and what speaks against the test."""
    headline = dataset["headline"]
    if not any(run["kind"] == "network" for run in dataset["runs"]):
        tone, badge = "plain", "no network to judge"
    elif headline.get("best_baseline") is None:
        tone, badge = "plain", "no baseline to judge by"
    elif headline["beyond_noise"]:
        tone, badge = "good", "network's advantage: beyond noise"
    else:
        tone, badge = "warn", "network's advantage: not beyond noise"
    numbers = ("beyond_noise", "best_network", "best_baseline")
    numbers += ("difference", "low", "high", "p_adjusted")
    return {
        "tone": tone,
        "badge": badge,
        "status": worst([alarm.status for alarm in alarms]),
        "sentence": headline["sentence"],
        "alarms": list(alarms),
        "cautions": list(headline.get("cautions") or []),
    } | {name: headline.get(name) for name in numbers}


def _honesty(dataset: Mapping, answers: Sequence[Answer], picture) -> dict:
    known = [one.status for one in answers if one.status != "not known"]
    return {
        "status": worst(known or ["not known"]),
        "sentence": honesty.overall(answers),
        "questions": answers,
        "audit": dataset["leakage"],
        "facts": honesty_tables.leak_facts(dataset["leakage"]),
        "leaks": honesty_tables.leaks_table(dataset["leakage"]),
        "dependence": honesty_tables.dependence_table(dataset),
        "by_similarity": honesty_tables.by_similarity_table(dataset),
        "controls": honesty_tables.controls_table(dataset),
        "spread": honesty_tables.spread_table(dataset),
        "picture": picture,
    }


def _calibration(dataset: Mapping, answers: Sequence[Answer], drawn: Mapping) -> dict | None:
    table = calibration_table(dataset)
    if table is None:
        return None
    return {
        "sentence": _said(answers, "calibration"),
        "table": table,
        "labels": label_calibration_table(dataset),
        "reliability": reliability_table(dataset),
        "picture": drawn.get("reliability"),
        "label_picture": drawn.get("label_reliability"),
    }


def _parameters(dataset: Mapping) -> list[Fact]:
    shown = ("architecture", "parameters", "representation", "reverse_complement", "settings")
    given = {
        run["model"]: {key: run[key] for key in shown if key in run} for run in dataset["runs"]
    }
    return [Fact(model, settings) for model, settings in given.items()]


def _as_yaml(value: object) -> str:
    # Through JSON, since settings may hold mappings and paths of other types than YAML knows.
    plain = json.loads(json.dumps(value, default=str))
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=96)


def _moment(created: str) -> str:
    """Write an ISO 8601 time for people; another text stays as it is."""
    try:
        return datetime.fromisoformat(created).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return created


def _platform(platform: Mapping | str) -> str:
    values = platform.values() if isinstance(platform, Mapping) else [platform]
    return ", ".join(str(value) for value in values)


def _versions(own: Mapping | None, datasets: Sequence[Mapping]) -> dict[str, str]:
    """Gather the versions of this process and of all runs; several where they differ."""
    seen = {name: [version] for name, version in (own or {}).items()}
    for run in (run for dataset in datasets for run in dataset["runs"]):
        for name, version in run.get("versions", {}).items():
            if version not in seen.setdefault(name, []):
                seen[name].append(version)
    return {name: ", ".join(versions) for name, versions in seen.items()}
