"""From records to metrics without Snakemake: the scripts of its rules, one after another.

A process a job takes seconds to start, and there are hundreds of jobs in all examples. Called with
a folder that holds configuration.json (complete), it writes results/{dataset}/metrics.tsv there.
"""

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.append(str(SCRIPTS))


class Named(list):
    """Paths by number and by name, as Snakemake gives them to a script."""

    def __init__(self, **paths):
        super().__init__(paths.values())
        self.__dict__.update(paths)

    def get(self, name):
        return self.__dict__.get(name)


class Settings(dict):
    """Params, which are asked for by name or all together."""

    __getattr__ = dict.__getitem__


def call(script, params=None, input=None, output=None, **more):
    """Run a script's main; without a log it fails as it is."""
    folders = [Path(path).parent for path in output]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    given = {"threads": 1, "resources": {}, "log": [], "params": Settings(params or {})}
    module = importlib.import_module(script)
    module.main(SimpleNamespace(**given | more, input=input or Named(), output=output))
    return output


def records_of(dataset, folder, seed):
    """Make or find the files of a dataset's records, and say what kind of source they are."""
    from seqarena.simulation_settings import is_simulated_table, simulated_source

    if "simulation" in dataset:
        params = {"simulation": dataset["simulation"], "seed": seed}
        if is_simulated_table(dataset):
            output = Named(records=f"{folder}/records.tsv", truth=f"{folder}/truth.tsv")
            made = call("simulate_table", params, output=output)
        else:
            names = {"fasta": "s.fasta", "labels": "labels.tsv", "truth": "truth.tsv"}
            output = Named(**{name: f"{folder}/{file}" for name, file in names.items()})
            simulated = call("simulate_dataset", params, output=output)
            made = Named(records=simulated.fasta, labels=simulated.labels)
        return made, simulated_source(dataset)
    if "intervals" in dataset:
        source = {"kind": "intervals"} | dataset["intervals"]
        return Named(records=source.pop("file"), genome=source["genome"]), source
    return Named(records=dataset["fasta"], labels=dataset["labels"]["table"]), {"kind": "fasta"}


def split_records(dataset, folder, seed):
    """Prepare, group and split a dataset; give its files."""
    records, source = records_of(dataset, f"{folder}/simulation", seed)
    files = ("tokens.npy", "offsets.npy", "records.parquet", "summary.json")
    data = Named(**{file.split(".")[0]: f"{folder}/data/{file}" for file in files})
    keys = ("task", "labels", "positive", "length", "alphabet", "gaps", "ambiguous", "soft_masked")
    params = {key: dataset.get(key) for key in keys} | {"source": source, "seed": seed}
    params |= {"classes_of_files": None, "cache": f"{folder}/genomes"}
    params["split_column"] = dataset["split"].get("column")
    call("prepare_dataset", params, records, data)
    clusters = Named(clusters=f"{folder}/clusters.tsv", grouping=f"{folder}/grouping.json")
    params = {"grouping": dataset["grouping"], "both_strands": dataset["both_strands"]}
    call("group_records", params, data, clusters)
    roles = {"train", "validation", "test"} & set(dataset["split"])
    lists = {role: dataset["split"][role] for role in roles}
    given = Named(**data.__dict__, clusters=clusters.clusters, **lists)
    splits = Named(splits=f"{folder}/splits.parquet", summary=f"{folder}/split.json")
    call("split_records", {"split": dataset["split"], "seed": seed}, given, splits)
    return Named(**data.__dict__, clusters=clusters.clusters, splits=splits.splits)


def train(name, model, files, folder, seed):
    """Train a model; give its predictions."""
    network = "training" in model
    run = f"{folder}/runs/{name}/repeat1"
    output = Named(
        predictions=f"{run}/predictions.parquet",
        history=f"{run}/history.tsv",
        info=f"{run}/run.json",
        folds=f"{run}/folds",
    )
    Path(output.folds).mkdir(parents=True)
    params = model | {"seed": seed, "device": "cpu", "resume": f"{folder}/resume/{name}"}
    wildcards = SimpleNamespace(model=name, repeat="1")
    script = "train_network" if network else "train_baseline"
    call(script, params, files, output, wildcards=wildcards)
    return output.predictions


def main(folder):
    """Bring every dataset to its metrics."""
    config = json.loads((Path(folder) / "configuration.json").read_text())
    for name, dataset in config["datasets"].items():
        results = f"{folder}/results/{name}"
        files = split_records(dataset, results, config["seed"])
        predictions = [
            train(model, config["models"][model], files, results, config["seed"])
            for model in dataset["models"]
        ]
        given = Named(summary=files.summary, clusters=files.clusters)
        given.predictions = predictions
        output = Named(metrics=f"{results}/metrics.tsv", thresholds=f"{results}/thresholds.tsv")
        params = {"evaluation": config["evaluation"], "seed": config["seed"]}
        params["resume"] = f"{results}/resume"
        call("evaluate_models", params, given, output)


if __name__ == "__main__":
    main(sys.argv[1])
