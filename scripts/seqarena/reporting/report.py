"""The report for people: one HTML file that stands alone."""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import yaml

from seqarena.reporting import report_tables as tables
from seqarena.reporting.plots import chance_of, plot_overview
from seqarena.reporting.style import styled
from seqarena.reporting.tables import jinja_environment
from seqarena.reporting.wording import (
    FIGURES,
    METRICS,
    NOT_DEFINED,
    format_count,
    format_estimate,
    format_interval,
    format_number,
    format_p,
    format_signed,
    is_missing,
    metric_label,
    plural,
)


class Section(NamedTuple):
    """A chapter of the report: anchor, heading, template of its body."""

    anchor: str
    title: str
    template: str


# The order of the report. A new chapter is a template and a line here; numbers and the table of
# contents follow.
SECTIONS = (
    Section("verdict", "Verdict", "section_verdict.html.j2"),
    Section("data", "Data and what was changed in it", "section_data.html.j2"),
    Section("models", "Models", "section_models.html.j2"),
    Section("comparison", "Comparison", "section_comparison.html.j2"),
    Section("curves", "Learning curves and diagnosis", "section_curves.html.j2"),
    Section("details", "Details of each data set", "section_details.html.j2"),
    Section("provenance", "Provenance", "section_provenance.html.j2"),
)


_MOVED = 0.1  # change of a metric between data sets that is worth a sentence


class Picture(NamedTuple):
    """A figure ready to be laid out; `source` is a data URI."""

    title: str
    caption: str
    alternative: str
    source: str


def _data_uri(svg: bytes) -> str:
    # A picture of its own, not inline SVG: ids of several figures would clash in one document.
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")


def _estimate(row: tuple | pd.Series) -> str:
    return format_estimate(row.value, row.low, row.high)


def _standing(dataset: Mapping) -> str:
    """Say every model's primary metric in one line: the text alternative of most figures."""
    values = "; ".join(f"{row.model} {_estimate(row)}" for row in dataset["ranking"].itertuples())
    return f"{metric_label(dataset['primary_metric'])} of the models: {values}."


@styled
def _overview_picture(datasets: Sequence[Mapping], models: Sequence[str]) -> Picture:
    table = pd.concat(
        dataset["ranking"].assign(dataset=dataset["name"], metric=dataset["primary_metric"])
        for dataset in datasets
    )
    figure = plot_overview(table, models=models)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    alternative = " ".join(f"{dataset['name']}: {_standing(dataset)}" for dataset in datasets)
    return Picture(
        "Every model on every data set",
        "The primary metric on held-out records. Bar: 95 % interval, bootstrap over groups. "
        "Dotted line, where the metric has one: chance. A model that moves from panel to panel "
        "depends on what the data set asks.",
        alternative,
        _data_uri(buffer.getvalue()),
    )


def _pictures(dataset: Mapping) -> tuple[list[Picture], dict[str, Picture]]:
    """Split a data set's figures into the general ones and the learning curves by model."""
    verdicts = dataset["diagnosis"].set_index("model") if len(dataset["diagnosis"]) else None
    rank = {name: place for place, name in enumerate(FIGURES)}
    general, curves = [], {}
    for name, path in sorted(
        dataset["figures"].items(), key=lambda item: rank.get(item[0], len(rank))
    ):
        source = _data_uri(Path(path).read_bytes())
        kind, model = ("curves", name[7:]) if name.startswith("curves_") else (name, None)
        title, caption = FIGURES.get(kind, (kind.replace("_", " ").capitalize(), ""))
        if model is None:
            words = f"{title} on {dataset['name']}. {_standing(dataset)}"
            general.append(Picture(title, caption, words, source))
            continue
        words = f"{title} of {model} on {dataset['name']}."
        if verdicts is not None and model in verdicts.index:
            words += f" {verdicts.loc[model, 'verdict']}: {verdicts.loc[model, 'reason']}"
        curves[model] = Picture(f"{title} of {model}", caption, words, source)
    return general, curves


def _at_chance(dataset: Mapping) -> list[str]:
    """List the models whose interval includes chance; a comparison with NaN is False."""
    ranking = dataset["ranking"]
    chance = chance_of(dataset["primary_metric"], ranking)
    return list(ranking.loc[(ranking["low"] <= chance) & (chance <= ranking["high"]), "model"])


def findings(dataset: Mapping) -> list[str]:
    """Say in sentences what came out for one data set.

    Parameters
    ----------
    dataset : mapping
        As for `render_report`.

    Returns
    -------
    list of str
        Each is a sentence, without markup.
    """
    label = metric_label(dataset["primary_metric"])
    ranking = dataset["ranking"]
    defined = ranking[ranking["value"].notna()]
    sentences = []
    if len(defined):
        first, last = defined.iloc[0], defined.iloc[-1]
        sentences.append(
            f"{label} runs from {_estimate(last)} for {last.model} "
            f"to {_estimate(first)} for {first.model}."
        )
    undefined = list(ranking.loc[ranking["value"].isna(), "model"])
    if undefined:
        sentences.append(f"{label} is {NOT_DEFINED} for {_listed(undefined)}.")
    if chance := _at_chance(dataset):
        sentences.append(
            f"Not told apart from chance (the interval includes it): {_listed(chance)}."
        )
    table = dataset["comparison"]
    for row in table[table["metric"] == dataset["primary_metric"]].itertuples():
        if row.model_a in dataset["baselines"] and row.model_b in dataset["baselines"]:
            continue
        sentences.append(_compared(row, label))
    for row in dataset["diagnosis"].itertuples():
        if row.verdict not in ("balanced", None) and row.model not in dataset["baselines"]:
            sentences.append(f"{row.model} is {row.verdict}. {row.reason}")
    return sentences


def _compared(row: tuple, label: str) -> str:
    if is_missing(row.difference):
        return f"{row.model_a} and {row.model_b} can't be compared: {label} is {NOT_DEFINED}."
    numbers = (
        f"{format_signed(row.difference)} in {label} "
        f"({format_interval(row.low, row.high, signed=True)}), p {_p(row.p_adjusted)} after Holm"
    )
    clause = {
        "better": f"{row.model_a} is better than {row.model_b}",
        "worse": f"{row.model_a} is worse than {row.model_b}",
        "no practical difference": f"{row.model_a} and {row.model_b} don't differ in practice",
    }.get(row.verdict, f"Between {row.model_a} and {row.model_b} the data can't tell")
    return f"{clause}: {numbers}."


def _p(value: float) -> str:
    text = format_p(value)
    return text if text[0] in "<n" else f"= {text}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def contrasts(datasets: Sequence[Mapping]) -> list[str]:
    """Say which models do well on one data set and not on another.

    Parameters
    ----------
    datasets : sequence of mapping
        As for `render_report`; those that share the first one's primary metric are compared.

    Returns
    -------
    list of str
        A sentence for each model whose metric moves by 0.1 or more (beyond both intervals), the
        widest gap first, and one for those that move less, one for those whose intervals overlap.
        None for metrics whose scale depends on the data.
    """
    metric = datasets[0]["primary_metric"]
    if metric not in METRICS or not METRICS[metric].higher_is_better:
        return []
    seen: dict[str, list] = {}
    for dataset in datasets:
        if dataset["primary_metric"] == metric:
            for row in dataset["ranking"].dropna(subset=["value", "low", "high"]).itertuples():
                place = (row.value, row.low, row.high, dataset["name"])
                seen.setdefault(row.model, []).append(place)
    gaps, steady, unclear = [], [], []
    for model, values in seen.items():
        low, high = min(values), max(values)
        if high[0] - low[0] >= _MOVED and high[1] > low[2]:
            sentence = (
                f"{model}: {metric_label(metric)} {format_number(high[0])} on {high[3]}, "
                f"but {format_number(low[0])} on {low[3]}."
            )
            gaps.append((high[0] - low[0], sentence))
        elif len(values) > 1:
            (steady if high[0] - low[0] < _MOVED else unclear).append(model)
    sentences = [sentence for _, sentence in sorted(gaps, key=lambda gap: -gap[0])]
    if steady and sentences:
        sentences.append(f"About the same on all (less than {_MOVED} apart): {_listed(steady)}.")
    if unclear and sentences:
        sentences.append(f"Further apart, but within their intervals: {_listed(unclear)}.")
    return sentences


def _facts(dataset: Mapping) -> list[tuple[str, str]]:
    summary = dataset["summary"]
    facts = [
        ("task", str(summary["task"])),
        ("target", str(summary["target"])),
        ("records", format_count(summary["records"])),
    ]
    if summary.get("class_counts"):
        total = sum(summary["class_counts"].values()) or 1
        counts = (
            f"{name}: {format_count(n)} ({100 * n / total:.1f} %)"
            for name, n in summary["class_counts"].items()
        )
        facts.append(("classes", "; ".join(counts)))
    if summary.get("target_range"):
        low, high = summary["target_range"]
        facts.append(("range of the target", f"{format_number(low)} to {format_number(high)}"))
    lengths = summary["lengths"]
    text = f"{format_count(lengths['min'])} letters"
    if lengths["min"] != lengths["max"]:
        text = (
            f"{format_count(lengths['min'])} to {format_count(lengths['max'])} letters, "
            f"median {format_count(lengths['median'])}"
        )
    facts.append(("length in the source", text))
    splits = dataset["splits"]
    if mode := splits.get("mode"):
        facts.append(("split", str(mode)))
    if groups := splits.get("groups"):
        largest = plural(splits["largest_group"], "record")
        facts.append(("groups", f"{format_count(groups)}, the largest of {largest}"))
    return facts


def _headline(dataset: Mapping) -> dict:
    headline = dataset["headline"]
    networks = any(run["kind"] == "network" for run in dataset["runs"])
    if not networks:
        tone, badge = "plain", "no network to judge"
    elif headline.get("best_baseline") is None:
        tone, badge = "plain", "no baseline to judge by"
    elif headline["beyond_noise"]:
        tone, badge = "good", "network's advantage: beyond noise"
    else:
        tone, badge = "warn", "network's advantage: not beyond noise"
    return {
        "tone": tone,
        "badge": badge,
        "sentence": headline["sentence"],
        "cautions": list(headline.get("cautions") or []),
    }


def _parameters(dataset: Mapping) -> list[tuple[str, str]]:
    shown = ("architecture", "parameters", "settings")
    given = {
        run["model"]: {key: run[key] for key in shown if key in run} for run in dataset["runs"]
    }
    return [(model, _as_yaml(settings)) for model, settings in given.items()]


def _as_yaml(value: object) -> str:
    # Through JSON, since settings may hold mappings and paths of other types than YAML knows.
    plain = json.loads(json.dumps(value, default=str))
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=96)


def _view(dataset: Mapping, number: int) -> dict:
    """Prepare all that the templates show of one data set."""
    general, curves = _pictures(dataset)
    comparison = dataset["comparison"]
    primary = comparison["metric"] == dataset["primary_metric"]
    splits = tables.split_tables(dataset["splits"])
    others = comparison[~primary]
    return {
        "name": dataset["name"],
        "anchor": f"dataset-{number}",
        "about": dataset.get("about"),
        "headline": _headline(dataset),
        "findings": findings(dataset),
        "facts": _facts(dataset),
        "changes": _counted(dataset["summary"].get("changes")),
        "notices": _counted(
            [*(dataset["summary"].get("notices") or []), *(dataset["splits"].get("notices") or [])]
        ),
        "threshold": dataset["splits"].get("grouping", {}).get("threshold"),
        "split": splits[0] if splits else None,
        "folds": splits[1] if splits else None,
        "models": tables.models_table(dataset),
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
        "curves": curves,
        "figures": general,
        "class_metrics": tables.class_metrics(dataset),
        "fold_metrics": tables.fold_metrics(dataset),
        "thresholds": _thresholds(dataset["thresholds"]),
    }


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


def _counted(items: Sequence | None) -> list[tuple[str, str]]:
    """Give (sentence, count as text) of changes and notices; a notice may be a bare sentence."""
    return [
        (item["what"], format_count(item["count"]) if "count" in item else "")
        if isinstance(item, Mapping)
        else (str(item), "")
        for item in items or []
    ]


def _thresholds(thresholds: pd.DataFrame) -> list[str]:
    return [
        f"{model}: median {format_number(rows.median())}, "
        f"{format_number(rows.min())} to {format_number(rows.max())} over "
        f"{plural(len(rows), 'run')}"
        for model, rows in thresholds.groupby("model", sort=False)["threshold"]
    ]


def render_report(datasets: Sequence[Mapping], provenance: Mapping) -> str:
    """Write the report.

    Parameters
    ----------
    datasets : sequence of mapping
        One a data set, in the order of the report, with the keys name, about (str or None),
        summary (`data/summary.json`), splits (`splits/summary.json`), metrics, comparison,
        diagnosis, ranking (DataFrame: rank, model, value, low, high), headline (mapping: sentence,
        beyond_noise, best_baseline, cautions), runs (contents of `run.json`), thresholds,
        figures (name: path of SVG), primary_metric and baselines (names of models).
    provenance : mapping
        Keys config and versions (mappings), created, command, platform (mapping or str) and
        commit (str or None).

    Returns
    -------
    str
        HTML with everything inside: no script, style, font or picture is loaded from elsewhere.
    """
    models = list(dict.fromkeys(run["model"] for dataset in datasets for run in dataset["runs"]))
    views = [_view(dataset, place) for place, dataset in enumerate(datasets, 1)]
    context = {
        "datasets": views,
        "overview": _overview_picture(datasets, models) if datasets else None,
        "overview_table": tables.overview(datasets, models),
        "contrasts": contrasts(datasets) if datasets else [],
        "inputs": tables.inputs_table(datasets),
        "seeds": tables.seeds_table(datasets),
        "provenance": {
            **provenance,
            "versions": _versions(provenance.get("versions"), datasets),
            "created": _moment(provenance["created"]),
            "platform": _platform(provenance["platform"]),
        },
        "configuration": _as_yaml(provenance.get("config") or {}),
        "sections": SECTIONS,
        "uncertain": [view["name"] for view in views if view["headline"]["tone"] == "warn"],
    }
    return jinja_environment().get_template("report.html.j2").render(context)
