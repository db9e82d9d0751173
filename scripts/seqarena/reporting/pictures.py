"""The report's figures: drawn already as SVG, or drawn here, with words for those who can't see."""

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from seqarena.reporting.cells import Picture
from seqarena.reporting.plots import plot_overview
from seqarena.reporting.standing import degenerate
from seqarena.reporting.style import styled
from seqarena.reporting.wording import FIGURES, format_estimate, metric_label

_CURVES = "curves_"  # and the model's name


def data_uri(svg: bytes) -> str:
    """Make an SVG a picture of its own: as inline SVG, ids of several figures would clash."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")


def standing(dataset: Mapping) -> str:
    """Say every model's primary metric in one line: the text alternative of most figures."""
    ranking = dataset["ranking"]
    without = degenerate(ranking)
    values = "; ".join(
        f"{row.model} degenerate"
        if row.model in without
        else f"{row.model} {format_estimate(row.value, row.low, row.high)}"
        for row in ranking.itertuples()
    )
    return f"{metric_label(dataset['primary_metric'])} of the models: {values}."


@styled
def overview_picture(datasets: Sequence[Mapping], models: Sequence[str]) -> Picture:
    """Draw the primary metric of every model on every data set.

    Parameters
    ----------
    datasets : sequence of mapping
        As for `report.report_views`.
    models : sequence of str
        In the order of the configuration.
    """
    table = pd.concat(
        dataset["ranking"].assign(dataset=dataset["name"], metric=dataset["primary_metric"])
        for dataset in datasets
    )
    figure = plot_overview(table, models=models)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    alternative = " ".join(f"{dataset['name']}: {standing(dataset)}" for dataset in datasets)
    return Picture(
        "Every model on every data set",
        "The primary metric on held-out records. Bar: 95 % interval, bootstrap over groups. "
        "Dotted line, where the metric has one: chance. A model that moves from panel to panel "
        "depends on what the data set asks.",
        alternative,
        data_uri(buffer.getvalue()),
    )


def pictures(dataset: Mapping, details: Mapping[str, str]) -> dict[str, Picture]:
    """Take a data set's figures up, by name, in the order of the report.

    Parameters
    ----------
    dataset : mapping
        As for `report.report_views`.
    details : mapping of str to str
        What is to be seen in a figure, by its name, where that isn't the models' standing.
    """
    verdicts = {row.model: row for row in dataset["diagnosis"].itertuples()}
    rank = {name: place for place, name in enumerate(FIGURES)}
    taken = {}
    for name, path in sorted(
        dataset["figures"].items(), key=lambda item: rank.get(item[0], len(rank))
    ):
        model = name.removeprefix(_CURVES) if name.startswith(_CURVES) else None
        kind = name if model is None else _CURVES.rstrip("_")
        title, caption = FIGURES.get(kind, (kind.replace("_", " ").capitalize(), ""))
        if model is None:
            said = details.get(name) or standing(dataset)
        else:
            title = f"{title} of {model}"
            verdict = verdicts.get(model)
            said = "" if verdict is None else f"{verdict.verdict}: {verdict.reason}"
        alternative = f"{title} on {dataset['name']}. {said}".strip()
        taken[name] = Picture(title, caption, alternative, data_uri(Path(path).read_bytes()))
    return taken


def is_curve(name: str) -> bool:
    """Say whether a figure of this name shows the loss curves of a model."""
    return name.startswith(_CURVES)
