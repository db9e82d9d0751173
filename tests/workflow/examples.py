"""All examples as one tiny configuration, and files of the layout that those of real data need."""

import copy
import gzip
import random

import yaml

from .conftest import ROOT

EXAMPLES = sorted((ROOT / "config/examples").glob("*.yaml"))
RECORDS = 72
TINY = {"epochs": 2, "batch_size": 16}


def read_example(path):
    return yaml.safe_load(path.read_text())


def tiny(example, model):
    """The same model with fewer filters and units, for two epochs."""
    model = copy.deepcopy(model)
    if model["architecture"] in ("majority", "composition"):
        return model
    parameters = model.setdefault("parameters", {})
    if model["architecture"] == "linear":
        parameters.update(l2=[10], k=2) if example != "numbers" else parameters.update(l2=[10])
        return model
    for name in ("filters", "hidden_units"):
        if name in parameters:
            parameters[name] = [4] * len(parameters[name])
    if model.get("representation"):
        model["representation"]["k"] = 2
    model["training"] = model.get("training", {}) | TINY
    return model


def joined_examples():
    """One configuration of all examples, with names that begin with an example's own."""
    datasets, models = {}, {}
    for path in EXAMPLES:
        example, given = path.stem, read_example(path)
        for name, model in given["models"].items():
            models[f"{example}-{name}"] = tiny(example, model)
        for name, dataset in given["datasets"].items():
            if "simulation" in dataset:
                dataset["simulation"]["n_records"] = RECORDS
            dataset["models"] = [f"{example}-{model}" for model in given["models"]]
            split = dataset.setdefault("split", {})
            split["repeats"] = 1
            if not {"column", "train"} & set(split):
                split["folds"] = 3
            datasets[f"{example}-{name}"] = dataset
    return {
        "seed": 2,
        "evaluation": {"bootstrap": 100},
        "controls": {"permuted_labels": False, "shuffled_input": False},
        "datasets": datasets,
        "models": models,
    }


def write_data(folder):
    """Write tiny files for the examples that read files, as their own are."""
    for path in EXAMPLES:
        for dataset in read_example(path)["datasets"].values():
            if "fasta" in dataset:
                _write_fasta(folder, dataset)
    _write_peaks(folder / "peaks")


def _write_fasta(folder, dataset):
    rng = random.Random(dataset["fasta"])
    labels, fasta = dataset["labels"], folder / dataset["fasta"]
    fasta.parent.mkdir(exist_ok=True)
    names = [f"record_{i}" for i in range(RECORDS)]
    width = dataset.get("length", {}).get("to", 80) // 2
    text = "".join(f">{name}\n{''.join(rng.choices('ACGT', k=width))}\n" for name in names)
    fasta.write_bytes(gzip.compress(text.encode()) if fasta.suffix == ".gz" else text.encode())
    targets = labels.get("columns") or [labels["column"]]
    header = ["id", *targets, "group"]
    rows = [
        [name, *(_cell(dataset, i, j) for j in range(len(targets))), f"chr{i % 10 + 1}"]
        for i, name in enumerate(names)
    ]
    lines = ["\t".join(map(str, row)) for row in [header, *rows]]
    (folder / labels["table"]).write_text("\n".join(lines) + "\n")
    split = dataset.get("split", {})
    roles = [role for role in ("train", "validation", "test") if role in split]
    for place, role in enumerate(roles):
        ids = [name for i, name in enumerate(names) if i // 3 % len(roles) == place]
        (folder / split[role]).write_text("\n".join(ids) + "\n")


def _cell(dataset, i, j):
    """The label of record i in column j."""
    if dataset["task"] == "regression":
        return i % 7 / 2 + i % 3
    return (i + j) % (3 if dataset["task"] == "multiclass" else 2)


def _write_peaks(folder):
    """A genome of three chromosomes and peaks on each."""
    folder.mkdir()
    rng = random.Random(7)
    with (folder / "genome.fa").open("w") as genome, (folder / "peaks.narrowPeak").open("w") as bed:
        for chromosome in ("chr1", "chr7", "chr8"):
            genome.write(f">{chromosome}\n{''.join(rng.choices('ACGTacgt', k=30_000))}\n")
            for start in range(500, 26_000, 1000):
                score = ("peak", 0, ".", 5.0, -1, -1, 60)
                bed.write("\t".join(map(str, (chromosome, start, start + 150, *score))) + "\n")
