"""The report's tables of what was run: models, folds, input files, training processes."""

import statistics
from collections.abc import Iterable, Mapping, Sequence

from seqarena.reporting.cells import Cell, Table, count, span, words
from seqarena.reporting.representation import representation_name, strands_words
from seqarena.reporting.wording import (
    format_bytes,
    format_count,
    format_number,
    format_seconds,
    is_missing,
    plural,
)

_SIZES = {"n": "records", "target_mean": "mean of the target", "target_sd": "SD of the target"}
_CLASS = "class "  # a class may be called "n" or "groups"


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
    records = [
        _model_record([run for run in dataset["runs"] if run["model"] == model])
        for model in dict.fromkeys(run["model"] for run in dataset["runs"])
    ]
    inputs = any(record["representation"] or record["strands"] for record in records)
    columns = [("model", False), ("kind", False)]
    columns += [("input", False)] if inputs else []
    columns += [("trainable weights", True), ("epochs", True)]
    columns += [("chosen on validation", False), ("device", False), ("time, all runs", True)]
    return Table(
        "Models; epochs, time and memory are over all folds and repeats.",
        [*columns, ("peak memory", True)],
        [_model_cells(record, inputs) for record in records],
        [],
        records,
    )


def _model_record(runs: Sequence[Mapping]) -> dict:
    folds = [fold for run in runs for fold in run["folds"]]

    def known(rows: Sequence[Mapping], key: str) -> list:
        return [row[key] for row in rows if not is_missing(row.get(key))]

    return {
        **{key: runs[0].get(key) for key in ("model", "architecture", "kind", "weights")},
        "representation": representation_name(runs[0]),
        "strands": strands_words(runs[0]),
        "epochs": known(folds, "epochs"),
        "best_epochs": known(folds, "best_epoch"),
        "chosen": _chosen(folds),
        "devices": list(dict.fromkeys(str(run["device_name"]) for run in runs)),
        "trainings": len(folds),
        "seconds": sum(known(runs, "seconds")),
        "peak_memory_mib": max(known(runs, "peak_memory_mb"), default=None),
        **{key: runs[0][key] for key in ("parameters", "settings") if key in runs[0]},
    }


def _model_cells(record: Mapping, inputs: bool) -> list[Cell]:
    epochs, best = record["epochs"], record["best_epochs"]
    kept = f"kept: {span(best)}" if best and record["kind"] == "network" else ""
    model, architecture, memory = (record[k] for k in ("model", "architecture", "peak_memory_mib"))
    return [
        Cell(model, "" if architecture == model else architecture),
        Cell(record["kind"]),
        *([Cell(record["representation"] or "its own", record["strands"])] if inputs else []),
        count(record["weights"]),
        Cell(span(epochs), kept, statistics.median(epochs) if epochs else None),
        Cell(record["chosen"]),
        Cell(", ".join(record["devices"])),
        Cell(
            format_seconds(record["seconds"]),
            plural(record["trainings"], "training"),
            record["seconds"],
        ),
        Cell("not recorded", tone="undefined")
        if memory is None
        else Cell(f"{format_count(round(memory))} MiB", "", memory),
    ]


def _flat(row: Mapping) -> dict:
    """Lift the counts of classes to the level of the row, apart from keys of the same name."""
    counts = row.get("class_counts") or {}
    others = {name: value for name, value in row.items() if name != "class_counts"}
    return others | {f"{_CLASS}{name}": value for name, value in counts.items()}


def split_tables(splits: Mapping) -> list[Table]:
    """Tabulate the split: sizes by role, then every fold."""
    rows = [_flat(row) for row in splits.get("roles", [])]
    if not rows:
        return []
    keys = ("repeat", "fold", "role")
    names = [name for name in dict.fromkeys(k for row in rows for k in row) if name not in keys]
    ranges = [
        {"role": role, "folds_times_repeats": len(of_role)}
        | {name: [row[name] for row in of_role if name in row] for name in names}
        for role in dict.fromkeys(row["role"] for row in rows)
        for of_role in [[row for row in rows if row["role"] == role]]
    ]
    by_role = [
        [Cell(row["role"]), count(row["folds_times_repeats"])]
        + [_range_cell(row[name]) for name in names]
        for row in ranges
    ]
    columns = [(_SIZES.get(name, name.removeprefix(_CLASS)), True) for name in names]
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
            [
                {
                    key: _ends(value) if isinstance(value, list) else value
                    for key, value in r.items()
                }
                for r in ranges
            ],
        ),
        Table(
            "Every fold of every repeat.",
            [("repeat", True), ("fold", True), ("role", False), *columns],
            every,
            [],
            splits["roles"],
        ),
    ]


def _ends(values: list) -> list:
    return [min(values), max(values)] if values else []


def _plain(value: object) -> Cell:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not is_missing(value):
        whole = float(value).is_integer()
        return Cell(format_count(value) if whole else format_number(value), key=float(value))
    return words(value)


def _range_cell(values: Sequence) -> Cell:
    if not values or not all(isinstance(value, (int, float)) for value in values):
        return Cell("various" if values else "not recorded", tone="undefined")
    whole = all(float(value).is_integer() for value in values)
    return Cell(span(values, format_count if whole else format_number), key=float(min(values)))


def inputs_table(datasets: Sequence[Mapping]) -> Table:
    """Tabulate the input files of all data sets with their sizes and digests."""
    records = [
        {"dataset": dataset["name"], **source}
        for dataset in datasets
        for source in dataset["summary"].get("inputs", [])
    ]
    rows = [
        [
            Cell(record["dataset"]),
            Cell(str(record["path"])),
            Cell(format_bytes(record.get("bytes")), key=record.get("bytes")),
            Cell(str(record["sha256"]), tone="code"),
        ]
        for record in records
    ]
    columns = [("data set", False), ("file", False), ("size", True), ("SHA-256", False)]
    return Table("Input files.", columns, rows, [], records)


def processes_table(datasets: Sequence[Mapping]) -> Table:
    """Tabulate seed, device, threads and time of every training process."""
    keys = ("model", "repeat", "seed", "device", "device_name", "devices", "utilisation")
    keys += ("threads", "seconds")
    records = [
        {"dataset": dataset["name"]} | {key: run.get(key) for key in keys}
        for dataset in datasets
        for run in dataset["runs"]
    ]
    rows = [
        [
            Cell(record["dataset"]),
            Cell(record["model"]),
            words(record["repeat"]),
            words(record["seed"]),
            _device_cell(record),
            words(record["threads"]),
            Cell(format_seconds(record["seconds"]), key=record["seconds"]),
        ]
        for record in records
    ]
    columns = [("data set", False), ("model", False), ("repeat", True), ("seed", True)]
    columns += [("device", False), ("threads", True), ("time", True)]
    return Table("Seeds, devices and times of the training processes.", columns, rows, [], records)


def _device_cell(record: Mapping) -> Cell:
    """Device of a training process: how many, and in the title which, and how busy they were."""
    several = (record["devices"] or 1) > 1
    text = f"{record['devices']} {record['device']}s" if several else str(record["device"])
    title = str(record["device_name"] or "")
    if busy := record["utilisation"]:
        title += f", busy {busy['utilisation_percent']:.0f} % of the time, at most "
        title += f"{busy['peak_memory_mb']:,.0f} MiB in use"
    return Cell(text, title)
