"""The report's own tables: cells that carry a text for people and a key for sorting."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from seqarena.reporting.tables import comparison_table, pooled
from seqarena.reporting.wording import (
    INTERVAL,
    METRICS,
    NOT_DEFINED,
    format_bytes,
    format_count,
    format_interval,
    format_number,
    format_seconds,
    is_missing,
    metric_label,
    plural,
    undefined_reason,
)


class Cell(NamedTuple):
    """One cell: its text, a smaller second line, what it sorts by, and its tone (a CSS class)."""

    text: str
    small: str = ""
    key: float | str | None = None
    tone: str = ""


class Table(NamedTuple):
    """One table of the report, ready to be laid out."""

    caption: str
    columns: list[tuple[str, bool]]  # name, numeric
    rows: list[list[Cell]]
    notes: list[str]


def number(value: object, text: str | None = None, small: str = "") -> Cell:
    """Make a cell that sorts by its number; the missing is "not defined" and sorts last."""
    if is_missing(value):
        return Cell(NOT_DEFINED, small, None, "undefined")
    return Cell(format_number(value) if text is None else text, small, float(value))


def count(value: object) -> Cell:
    """Make a cell of a count; a missing one was "not recorded"."""
    if is_missing(value):
        return Cell("not recorded", tone="undefined")
    return Cell(format_count(value), key=float(value))


def words(value: object) -> Cell:
    """Make a cell of text."""
    return Cell("not given" if is_missing(value) else str(value))


def _estimate(metric: str, row: tuple) -> Cell:
    small = "" if is_missing(row.value) else format_interval(row.low, row.high)
    small = "" if metric == "support" else small
    digits = 0 if metric == "support" else 3
    return number(row.value, format_number(row.value, digits), small)


def undefined_notes(rows: pd.DataFrame) -> list[str]:
    """Say of each metric that is undefined somewhere in `rows` (columns metric, value) why."""
    names = dict.fromkeys(rows.loc[rows["value"].isna(), "metric"])
    notes = [f"{metric_label(name)} {NOT_DEFINED}: {undefined_reason(name)}." for name in names]
    if (rows["value"].notna() & rows["low"].isna()).any():
        notes.append(
            f"Interval {NOT_DEFINED}: it takes several groups, and enough bootstrap draws in which "
            "the metric is defined."
        )
    return notes


def overview(datasets: Sequence[Mapping], models: Sequence[str]) -> Table:
    """Tabulate the primary metric of every model on every data set."""
    rows, seen = {model: [Cell(model)] for model in models}, []
    for dataset in datasets:
        ranking = dataset["ranking"]
        seen.append(ranking.assign(metric=dataset["primary_metric"]))
        of_model = {row.model: row for row in ranking.itertuples()}
        for model in models:
            if model not in of_model:
                rows[model].append(Cell("not run", tone="undefined"))
                continue
            cell = _estimate(dataset["primary_metric"], of_model[model])
            first = of_model[model].rank == 1 and cell.key is not None
            rows[model].append(cell._replace(tone="best") if first else cell)
    headings = (f"{d['name']}: {metric_label(d['primary_metric'])}" for d in datasets)
    columns = [("model", False), *((heading, True) for heading in headings)]
    notes = ["Bold: ranked first. Whether it is beyond noise is said above and in Comparison."]
    notes += undefined_notes(pd.concat(seen)) if seen else []
    return Table(
        f"Primary metric on held-out records; second line: {INTERVAL}.",
        columns,
        list(rows.values()),
        notes,
    )


def ranking_table(dataset: Mapping) -> Table:
    """Tabulate the models by their primary metric."""
    metric, baselines = dataset["primary_metric"], set(dataset["baselines"])
    rows = [
        [
            Cell(str(row.rank), key=float(row.rank)),
            Cell(row.model),
            Cell("baseline" if row.model in baselines else "network"),
            _estimate(metric, row),
        ]
        for row in dataset["ranking"].itertuples()
    ]
    label = metric_label(metric)
    return Table(
        f"Ranking by {label}, the primary metric; second line: {INTERVAL}.",
        [("rank", False), ("model", False), ("kind", False), (label, True)],
        rows,
        undefined_notes(dataset["ranking"].assign(metric=metric)),
    )


def metrics_wide(dataset: Mapping) -> Table:
    """Tabulate all metrics over all classes, a row a model."""
    table = pooled(dataset["metrics"])
    order = [dataset["primary_metric"], *METRICS, *table["metric"]]
    prevalence = table.loc[table["metric"] == "prevalence", "value"].dropna()
    table = table[table["metric"] != "prevalence"]
    names = [name for name in dict.fromkeys(order) if name in set(table["metric"])]
    cells = {(row.model, row.metric): _estimate(row.metric, row) for row in table.itertuples()}
    rows = [
        [Cell(model), *(cells.get((model, name), Cell("not given")) for name in names)]
        for model in dataset["ranking"]["model"]
    ]
    return Table(
        f"All metrics on pooled held-out records, mean over repeats; second line: {INTERVAL}.",
        [("model", False), *((_with_direction(name), True) for name in names)],
        rows,
        [f"Prevalence, the floor of AUPRC: {format_number(value)}." for value in prevalence[:1]]
        + undefined_notes(table),
    )


def _with_direction(metric: str) -> str:
    lower = metric in METRICS and not METRICS[metric].higher_is_better
    return f"{metric_label(metric)}{' (lower is better)' if lower else ''}"


def class_metrics(dataset: Mapping) -> Table | None:
    """Tabulate the metrics of each class; None where there are none."""
    table = pooled(dataset["metrics"], target=None)
    table = table[table["target"] != ""]
    if not len(table):
        return None
    names = list(dict.fromkeys(table["metric"]))
    cells = {
        (row.model, row.target, row.metric): _estimate(row.metric, row)
        for row in table.itertuples()
    }
    pairs = dict.fromkeys(zip(table["target"], table["model"], strict=True))
    rows = [
        [
            Cell(target),
            Cell(model),
            *(cells.get((model, target, name), Cell("not given")) for name in names),
        ]
        for target, model in pairs
    ]
    return Table(
        f"Metrics of each class, one against the rest; second line: {INTERVAL}.",
        [("class", False), ("model", False), *((metric_label(name), True) for name in names)],
        rows,
        undefined_notes(table[table["metric"] != "support"]),
    )


def fold_metrics(dataset: Mapping) -> Table | None:
    """Tabulate the metrics of single test folds; None where there are none."""
    table = dataset["metrics"]
    table = table[
        (table["role"] == "test")
        & (table["fold"].astype(str) != "all")
        & (table["target"].fillna("") == "")
    ]
    if not len(table):
        return None
    names = list(dict.fromkeys(table["metric"]))
    rows = []
    for (model, repeat, fold), of_run in table.groupby(["model", "repeat", "fold"], sort=False):
        values = of_run.set_index("metric")["value"]
        rows.append(
            [Cell(model), Cell(str(repeat)), Cell(str(fold)), count(of_run["n"].iloc[0])]
            + [number(values.get(name)) for name in names]
        )
    columns = [("model", False), ("repeat", True), ("fold", True), ("records", True)]
    return Table(
        "Metrics of single test folds, without intervals: their spread shows how much a single "
        "fold can mislead.",
        [*columns, *((metric_label(name), True) for name in names)],
        rows,
        undefined_notes(table.assign(low=0.0)),
    )


def comparisons(table: pd.DataFrame, caption: str) -> Table:
    """Tabulate paired comparisons."""
    readable = comparison_table(table)
    tones = {"better": "good", "worse": "bad"}
    rows = []
    for source, shown in zip(
        table.itertuples(), readable.itertuples(index=False, name=None), strict=True
    ):
        metric, model, other, difference, interval, p, adjusted, verdict = shown
        rows.append(
            [
                Cell(metric),
                Cell(model),
                Cell(other),
                number(source.difference, difference, interval),
                number(source.p, p),
                number(source.p_adjusted, adjusted),
                Cell(verdict, tone=tones.get(source.verdict, "")),
            ]
        )
    notes = [
        "A positive difference says that the first model is better, also where the metric is one "
        f"to keep low. Second line: {INTERVAL}. p (Holm) allows for the number of comparisons."
    ]
    if table[["difference", "low", "high", "p"]].isna().to_numpy().any():
        notes.append(
            f"{NOT_DEFINED}: the metric is undefined for one of the two models, or there are too "
            "few groups to draw from."
        )
    columns = [("metric", False), ("model", False), ("compared with", False)]
    if len(set(table["metric"])) <= 1:
        columns, rows = columns[1:], [row[1:] for row in rows]
    columns += [("difference", True), ("p", True), ("p (Holm)", True), ("verdict", False)]
    return Table(caption, columns, rows, notes)


def diagnosis_table(dataset: Mapping) -> Table:
    """Tabulate the verdict on each model's training, with its evidence."""
    rows = [
        [
            Cell(row.model),
            Cell(str(row.verdict), tone="" if row.verdict == "balanced" else "bad"),
            Cell(str(row.reason)),
            number(row.train_loss),
            number(row.validation_loss),
            number(row.reference_loss),
        ]
        for row in dataset["diagnosis"].itertuples()
    ]
    columns = [("model", False), ("verdict", False), ("reason", False)]
    losses = ("training loss", "validation loss", "constant prediction's loss")
    notes = []
    evidence = dataset["diagnosis"][["train_loss", "validation_loss", "reference_loss"]]
    if evidence.isna().to_numpy().any():
        notes.append(f"Loss {NOT_DEFINED}: the model has no such loss, or it was not finite.")
    return Table(
        "Diagnosis of each model: losses at the epoch kept, over folds and repeats.",
        [*columns, *((name, True) for name in losses)],
        rows,
        notes,
    )


def _span(values: Iterable[float], write=format_count) -> str:
    values = sorted(values)
    if not values:
        return "not recorded"
    low, high = write(values[0]), write(values[-1])
    return low if low == high else f"{low} to {high}"


def _chosen(folds: Sequence[Mapping]) -> str:
    options: dict[str, set] = {}
    for fold in folds:
        for name, value in (fold.get("chosen") or {}).items():
            options.setdefault(name, set()).add(value)
    texts = (f"{name} {', '.join(_short_values(values))}" for name, values in options.items())
    return "; ".join(texts) or "nothing"


def _short_values(values: Iterable) -> list[str]:
    return [f"{v:g}" if isinstance(v, float) else str(v) for v in sorted(values, key=str)]


def models_table(dataset: Mapping) -> Table:
    """Tabulate the models: size, epochs, what validation chose, device, time, memory."""
    rows = []
    for model in dict.fromkeys(run["model"] for run in dataset["runs"]):
        runs = [run for run in dataset["runs"] if run["model"] == model]
        folds = [fold for run in runs for fold in run["folds"]]
        epochs = [fold["epochs"] for fold in folds if not is_missing(fold.get("epochs"))]
        best = [fold["best_epoch"] for fold in folds if not is_missing(fold.get("best_epoch"))]
        seconds = sum(run["seconds"] for run in runs if not is_missing(run.get("seconds")))
        memory = [
            run["peak_memory_mb"] for run in runs if not is_missing(run.get("peak_memory_mb"))
        ]
        kept = f"kept: {_span(best)}" if best and runs[0]["kind"] == "network" else ""
        rows.append(
            [
                Cell(model, "" if runs[0]["architecture"] == model else runs[0]["architecture"]),
                Cell(runs[0]["kind"]),
                count(runs[0].get("weights")),
                Cell(_span(epochs), kept, statistics.median(epochs) if epochs else None),
                Cell(_chosen(folds)),
                Cell(", ".join(dict.fromkeys(str(run["device_name"]) for run in runs))),
                Cell(format_seconds(seconds), plural(len(folds), "training"), seconds),
                Cell(f"{format_count(round(max(memory)))} MiB", "", max(memory))
                if memory
                else Cell("not recorded", tone="undefined"),
            ]
        )
    columns = [("model", False), ("kind", False), ("trainable weights", True), ("epochs", True)]
    columns += [("chosen on validation", False), ("device", False), ("time, all runs", True)]
    return Table(
        "Models; epochs, time and memory are over all folds and repeats.",
        [*columns, ("peak memory", True)],
        rows,
        [],
    )


def _flat(row: Mapping) -> dict:
    """Lift counts that lie in a nested mapping (class counts) to the level of the row."""
    flat = {}
    for name, value in row.items():
        flat.update(value if isinstance(value, Mapping) else {name: value})
    return flat


def split_tables(splits: Mapping) -> list[Table]:
    """Tabulate the split: sizes by role, then every fold."""
    rows = [_flat(row) for row in splits.get("roles", [])]
    if not rows:
        return []
    keys = ("repeat", "fold", "role")
    names = [name for name in dict.fromkeys(k for row in rows for k in row) if name not in keys]
    labels = {"n": "records", "target_mean": "mean of the target", "target_sd": "SD of the target"}
    by_role = []
    for role in dict.fromkeys(row["role"] for row in rows):
        of_role = [row for row in rows if row["role"] == role]
        by_role.append(
            [Cell(role), count(len(of_role))]
            + [_range_cell([row[name] for row in of_role if name in row]) for name in names]
        )
    columns = [(labels.get(name, name), True) for name in names]
    every = [
        [words(row.get(key)) for key in keys] + [_plain(row.get(name)) for name in names]
        for row in rows
    ]
    return [
        Table(
            "The split: range over folds and repeats of the number of records, groups and classes.",
            [("role", False), ("folds × repeats", True), *columns],
            by_role,
            [],
        ),
        Table(
            "Every fold of every repeat.",
            [("repeat", True), ("fold", True), ("role", False), *columns],
            every,
            [],
        ),
    ]


def _plain(value: object) -> Cell:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not is_missing(value):
        whole = float(value).is_integer()
        return Cell(format_count(value) if whole else format_number(value), key=float(value))
    return words(value)


def _range_cell(values: Sequence) -> Cell:
    if not values or not all(isinstance(value, (int, float)) for value in values):
        return Cell("various" if values else "not recorded", tone="undefined")
    whole = all(float(value).is_integer() for value in values)
    return Cell(_span(values, format_count if whole else format_number), key=float(min(values)))


def inputs_table(datasets: Sequence[Mapping]) -> Table:
    """Tabulate the input files of all data sets with their sizes and digests."""
    rows = [
        [
            Cell(dataset["name"]),
            Cell(str(source["path"])),
            Cell(format_bytes(source.get("bytes")), key=source.get("bytes")),
            Cell(str(source["sha256"]), tone="code"),
        ]
        for dataset in datasets
        for source in dataset["summary"].get("inputs", [])
    ]
    columns = [("data set", False), ("file", False), ("size", True), ("SHA-256", False)]
    return Table("Input files.", columns, rows, [])


def seeds_table(datasets: Sequence[Mapping]) -> Table:
    """Tabulate seed, device, threads and time of every training process."""
    rows = [
        [
            Cell(dataset["name"]),
            Cell(run["model"]),
            words(run["repeat"]),
            words(run.get("seed")),
            Cell(f"{run['device']}", str(run.get("device_name") or "")),
            words(run.get("threads")),
            Cell(format_seconds(run.get("seconds")), key=run.get("seconds")),
        ]
        for dataset in datasets
        for run in dataset["runs"]
    ]
    columns = [("data set", False), ("model", False), ("repeat", True), ("seed", True)]
    columns += [("device", False), ("threads", True), ("time", True)]
    return Table("Seeds, devices and times of the training processes.", columns, rows, [])
