"""Tables for people: predictions, metrics and comparisons, as frames and as HTML pages."""

import json
from collections.abc import Sequence
from pathlib import Path

import jinja2
import markupsafe
import numpy as np
import pandas as pd

from seqarena.reporting.wording import (
    METHODS,
    METRICS,
    NOT_DEFINED,
    format_interval,
    format_number,
    format_p,
    format_signed,
    is_missing,
    metric_label,
    undefined_reason,
)

_FOLDER = Path(__file__).parent
_FEATURES = ("length", "gc", "group", "weight")
_SHARED = ["truth", "target"]  # columns that are the same of all models


def jinja_environment() -> jinja2.Environment:
    """Give the template environment of the room: everything is escaped, a missing name fails."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["marked"] = _marked
    return environment


def _marked(text: str) -> markupsafe.Markup:
    """Set names that stand in backticks as code; all else is escaped."""
    parts = [markupsafe.escape(part) for part in str(text).split("`")]
    if len(parts) % 2 == 0:  # an odd backtick opens nothing
        return markupsafe.escape(text)
    pieces = [
        markupsafe.Markup("<code>{}</code>").format(part) if place % 2 else part
        for place, part in enumerate(parts)
    ]
    return markupsafe.Markup("").join(pieces)


def pooled(
    metrics: pd.DataFrame, metric: str | None = None, target: str | None = ""
) -> pd.DataFrame:
    """Select the pooled test rows of `metrics.tsv`: one row a model, metric and target.

    Parameters
    ----------
    metrics : DataFrame
        Columns model, repeat, fold, role, target, metric, value, low, high; an empty target may
        have been read back as NaN.
    metric : str, optional
        Only this one.
    target : str or None
        Only this one: "" for metrics over all classes; None keeps all.

    Returns
    -------
    DataFrame
        A copy with `target` as text.
    """
    rows = metrics.assign(target=metrics["target"].astype(object).fillna("").astype(str))
    keep = (
        (rows["role"] == "test")
        & (rows["repeat"].astype(str) == "all")
        & (rows["fold"].astype(str) == "all")
    )
    if metric is not None:
        keep &= rows["metric"] == metric
    if target is not None:
        keep &= rows["target"] == target
    return rows[keep].reset_index(drop=True)


def predictions_table(
    predictions: pd.DataFrame,
    records: pd.DataFrame,
    classes: Sequence[str] | None,
    thresholds: pd.DataFrame | None,
    task: str,
) -> pd.DataFrame:
    """Put all models' predictions of a record side by side, with the record's features and truth.

    Parameters
    ----------
    predictions : DataFrame
        Columns model, record, repeat, fold, role, target, truth, prediction.
    records : DataFrame
        Column record, and any of length, gc, group, weight.
    classes : sequence of str or None
        Names by class index; None for labels and regression.
    thresholds : DataFrame or None
        Columns model, repeat, fold, target, threshold; binary and multilabel.
    task : {"binary", "multiclass", "multilabel", "regression"}
        Which.

    Returns
    -------
    DataFrame
        One row a record, repeat, fold and role (and label, or target where there are several):
        record, its features, target, truth, fold, role, repeat, and for each model M:
        `M_probability` (of the positive class, of the class called, of the label, or absent for
        regression), `M_class` (the class called, or whether the label is) or `M_prediction`; for
        more than two classes also `M_probability_of_truth`. A missing truth is an empty text or
        NaN.
    """
    keys = ["record", "repeat", "fold", "role"]
    several = task == "multilabel" or (
        task == "regression" and len(predictions["target"].unique()) > 1
    )
    keys += ["target"] if several else []
    build = {
        "binary": _binary, "multiclass": _multiclass, "multilabel": _multilabel,
        "regression": _regression,
    }[task]  # fmt: skip
    truth, columns = None, []
    for model, rows in predictions.groupby("model", sort=False):
        of_model = build(rows, classes, thresholds).set_index(keys)
        truth = of_model["truth"] if truth is None else truth.combine_first(of_model["truth"])
        columns.append(of_model.drop(columns=_SHARED, errors="ignore").add_prefix(f"{model}_"))
    if truth is None:
        return pd.DataFrame(columns=["record", "truth", "fold", "role", "repeat"])
    wide = pd.concat([truth, *columns], axis=1).reset_index()
    features = [name for name in _FEATURES if name in records and records[name].notna().any()]
    wide = records[["record", *features]].merge(wide, on="record", how="right", validate="1:m")
    front = ["record", *features, *keys[4:], "truth", "fold", "role", "repeat"]
    place = pd.Series(np.arange(len(records)), index=records["record"])
    wide = wide.assign(_place=wide["record"].map(place))
    # Targets keep the order in which the predictions have them.
    wide = wide.sort_values(["repeat", "role", "_place", "fold"], kind="stable")
    return wide[[*front, *wide.columns.difference([*front, "_place"], sort=False)]].reset_index(
        drop=True
    )


def _binary(
    rows: pd.DataFrame, classes: Sequence[str] | None, thresholds: pd.DataFrame | None
) -> pd.DataFrame:
    names = np.asarray(classes, dtype=object)
    table = rows[["record", "repeat", "fold", "role"]].copy()
    table["truth"] = names[rows["truth"].astype(int)]
    table["probability"] = rows["prediction"]
    limits = rows[["model", "repeat", "fold"]].merge(
        thresholds.astype({"repeat": int, "fold": int}), on=["model", "repeat", "fold"], how="left"
    )
    called = rows["prediction"].to_numpy() >= limits["threshold"].fillna(0.5).to_numpy()
    table["class"] = names[called.astype(int)]
    return table


def _multiclass(
    rows: pd.DataFrame, classes: Sequence[str] | None, thresholds: pd.DataFrame | None
) -> pd.DataFrame:
    keys = ["record", "repeat", "fold", "role"]
    names = np.asarray(classes, dtype=object)
    wide = rows.pivot_table(
        index=keys, columns="target", values=["truth", "prediction"], sort=False, observed=True
    )
    given, truth = wide["prediction"][list(classes)], wide["truth"][list(classes)]
    table = given.index.to_frame(index=False)
    true_index, called = truth.to_numpy().argmax(1), given.to_numpy().argmax(1)
    every = np.arange(len(table))
    table["truth"], table["class"] = names[true_index], names[called]
    table["probability"] = given.to_numpy()[every, called]
    table["probability_of_truth"] = given.to_numpy()[every, true_index]
    return table


_CALLS = np.array(["no", "yes", ""], dtype=object)


def _multilabel(
    rows: pd.DataFrame, classes: Sequence[str] | None, thresholds: pd.DataFrame | None
) -> pd.DataFrame:
    keys = ["model", "repeat", "fold", "target"]
    table = rows[["record", "repeat", "fold", "role", "target"]].copy()
    table["truth"] = _CALLS[rows["truth"].fillna(2).astype(int)]
    table["probability"] = rows["prediction"]
    limits = rows[keys].merge(
        thresholds[[*keys, "threshold"]].astype({"repeat": int, "fold": int}), on=keys, how="left"
    )
    called = rows["prediction"].to_numpy() >= limits["threshold"].fillna(0.5).to_numpy()
    table["class"] = _CALLS[called.astype(int)]
    return table


def _regression(
    rows: pd.DataFrame, classes: Sequence[str] | None, thresholds: pd.DataFrame | None
) -> pd.DataFrame:
    return rows[["record", "repeat", "fold", "role", "target", "truth", "prediction"]].copy()


def metrics_table(metrics: pd.DataFrame, primary_metric: str | None = None) -> pd.DataFrame:
    """Write the pooled test metrics for people.

    Parameters
    ----------
    metrics : DataFrame
        As in `metrics.tsv`.
    primary_metric : str, optional
        Comes first.

    Returns
    -------
    DataFrame
        Text columns metric, class or target, model, value, interval (95 %, bootstrap over groups),
        better, records, groups, note; grouped by metric. Undefined values say why in `note`.
    """
    rows = pooled(metrics, target=None)
    rank = {n: place for place, n in enumerate(dict.fromkeys([primary_metric, *METRICS]))}
    rows["place"] = rows["metric"].map(lambda name: rank.get(name, len(rank)))
    # The order of models within a metric is that of the table: best or configured order survives.
    rows = rows.sort_values(["place", "target"], kind="stable")
    better = {True: "higher", False: "lower"}
    return pd.DataFrame(
        {
            "metric": [metric_label(name) for name in rows["metric"]],
            "class or target": list(rows["target"]),
            "model": list(rows["model"]),
            "value": [_value(row.metric, row.value) for row in rows.itertuples()],
            "95 % interval": [_interval(row) for row in rows.itertuples()],
            "better": [
                "" if name in ("prevalence", "support") or name not in METRICS
                else better[METRICS[name].higher_is_better]
                for name in rows["metric"]
            ],
            "records": [int(n) for n in rows["n"]],
            "groups": [int(n) for n in rows["groups"]],
            "note": [
                f"{NOT_DEFINED}: {undefined_reason(row.metric)}" if is_missing(row.value) else ""
                for row in rows.itertuples()
            ],
        }
    )  # fmt: skip


def _value(metric: str, value: float) -> str:
    return format_number(value, 0 if metric == "support" else 3)


def _interval(row: tuple) -> str:
    return "" if row.metric == "support" else format_interval(row.low, row.high)


def comparison_table(comparison: pd.DataFrame) -> pd.DataFrame:
    """Write the paired comparisons for people.

    Parameters
    ----------
    comparison : DataFrame
        As in `comparison.tsv`; differences are signed so that positive means `model_a` better.

    Returns
    -------
    DataFrame
        Text columns metric, model, compared with, difference, 95 % interval, p, p (Holm), verdict
        and method.
    """
    rows = comparison
    return pd.DataFrame(
        {
            "metric": [metric_label(name) for name in rows["metric"]],
            "model": list(rows["model_a"]),
            "compared with": list(rows["model_b"]),
            "difference": [format_signed(value) for value in rows["difference"]],
            "95 % interval": [
                format_interval(low, high, signed=True)
                for low, high in zip(rows["low"], rows["high"], strict=True)
            ],
            "p": [format_p(value) for value in rows["p"]],
            "p (Holm)": [format_p(value) for value in rows["p_adjusted"]],
            "verdict": [verdict_in_words(row) for row in rows.itertuples()],
            "method": [METHODS.get(name, str(name)) for name in rows["method"]],
        }
    )


def verdict_in_words(row: tuple) -> str:
    """Write a comparison's verdict as a clause that names both models."""
    if is_missing(row.verdict):
        return NOT_DEFINED
    return {
        "better": f"{row.model_a} is better than {row.model_b}",
        "worse": f"{row.model_a} is worse than {row.model_b}",
        "no practical difference": "no difference of practical size",
        "undecided": "undecided: the data can't tell",
    }.get(row.verdict, str(row.verdict))


def to_html(frame: pd.DataFrame, title: str, most: int = 200_000, source: str = "") -> str:
    """Make a page of a table that people can sort, filter, page through and copy.

    The page stands alone (no external resource) and shows 100 rows at a time, so that large
    tables stay quick.

    Parameters
    ----------
    frame : DataFrame
        Any table; the index is left out. NaN is shown as "not defined".
    title : str
        Heading.
    most : int
        Rows that a browser is asked to hold; of a longer table these many from the top, and the
        page says so.
    source : str
        Where all rows are, for a table that is cut.

    Returns
    -------
    str
        HTML.
    """
    cut = ""
    if len(frame) > most:
        cut = f"These are the first {most:,} of {len(frame):,} rows"
        cut += f"; all of them are in {source}." if source else "."
        frame = frame.iloc[:most]
    columns = []
    for name in frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[name]) and frame[name].dtype != bool
        columns.append({"name": str(name), "numeric": bool(numeric)})
    rows = [[_cell(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    data = json.dumps({"columns": columns, "rows": rows}, ensure_ascii=True, allow_nan=False)
    # Inside a script element only "<" could end it; "&" and ">" are escaped for good measure.
    for character in "<>&":
        data = data.replace(character, f"\\u{ord(character):04x}")
    template = jinja_environment().get_template("table.html.j2")
    return template.render(title=title, data=data, count=len(frame), cut=cut)


def _cell(value: object) -> object:
    """Make a value fit for JSON: six figures for floats, null for the missing."""
    if value is pd.NA or is_missing(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.6g}") if np.isfinite(value) else str(value)
    return str(value)
