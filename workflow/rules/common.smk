"""Common ground of all stages: the checked configuration and the lists that follow from it.

Needs: the configuration. Makes: `settings` (complete), and functions that tell a rule what a
dataset's inputs, models and settings are.
"""

import os
import sys
from functools import cache

import yaml
from snakemake.exceptions import WorkflowError

SCRIPTS = Path(workflow.basedir) / "scripts"
if str(SCRIPTS) not in sys.path:
    sys.path.append(str(SCRIPTS))

from seqarena.code_digest import code_digest
from seqarena.configuration import complete_config, is_baseline
from seqarena.control_names import control_names, control_seed, trained_models
from seqarena.errors import InputError
from seqarena.input_paths import builder_file, resolve_paths
from seqarena.interruption import begin_run, hold_lifeline
from seqarena.job_size import demand, letters_per_byte, training_minutes_per_mb, unpacked_mb
from seqarena.models.devices import visible_cards
from seqarena.simulation_settings import is_simulated_table, simulated_source
from seqarena.split_settings import has_fixed_test

# In a cluster's job Snakemake runs again, without a lock, and the script watches that one.
if workflow.is_main_process:
    begin_run(".snakemake/seqarena", engine_locks=".snakemake/locks")
else:
    hold_lifeline(".snakemake/seqarena")

schema = yaml.safe_load(
    (Path(workflow.basedir) / "workflow/schemas/config.schema.yaml").read_text()
)
try:
    settings = complete_config(config, schema, workflow.configfiles)
    # In a cloud, Snakemake looks for the files in its storage.
    in_storage = workflow.storage_settings.default_storage_provider is not None
    resolve_paths(settings, workflow.configfiles, must_exist=not in_storage)
except InputError as error:
    raise WorkflowError(str(error)) from None

# How to get these results again; the default configuration needs no naming.
own_files = [str(file) for file in workflow.configfiles if Path(file) != DEFAULT_CONFIGURATION]
COMMAND = " ".join(["snakemake --cores all", *(f"--configfile {file}" for file in own_files)])


def check_device():
    """End the run before any work where networks are to train on a GPU and none can be seen."""
    without = workflow.global_resources.get("gpu") == 0
    if settings["device"] == "gpu" and NETWORKS and not without and not visible_cards():
        raise WorkflowError(
            "The configuration asks for a GPU (device: gpu), and this machine shows none."
            "\n  what to do: check `nvidia-smi` and CUDA_VISIBLE_DEVICES, or set device: auto"
        )


snakemake_expand = expand


def expand(patterns, **wildcards):
    """Expand patterns, also outputs of rules that lie in a cloud's storage.

    Snakemake's own refuses those (its issue 3027). Taken back to the path in the rule, they are
    put into storage again where they are used.
    """

    def path_in_rule(pattern):
        if not getattr(pattern, "is_storage", False):
            return pattern
        prefix = workflow.storage_settings.default_storage_prefix
        return pattern.storage_object.query.removeprefix(prefix).removeprefix("/")

    if isinstance(patterns, str):
        patterns = [patterns]
    return snakemake_expand([path_in_rule(pattern) for pattern in patterns], **wildcards)


def any_of(names):
    """Give the pattern of a wildcard that is one of some names, or matches nothing."""
    return "|".join(names) or "(?!)"


BASELINES = [name for name, model in settings["models"].items() if is_baseline(model, schema)]
NETWORKS = [name for name in settings["models"] if name not in BASELINES]
DATASETS = settings["datasets"]


# What a training job leaves. The number of folds differs between datasets, so the models of the folds
# are a folder: outputs that Snakemake knows are removed, archived and sent along with the others.
# A control is the same job on other inputs, in a folder of its own.
def run_files(folder):
    """Name the files of a training job in a dataset's or a control's folder."""
    run = f"{folder}/runs/{{model}}/repeat{{repeat}}"
    return {
        "predictions": f"{run}/predictions.parquet",
        "history": f"{run}/history.tsv",
        "info": f"{run}/run.json",
        "folds": directory(f"{run}/folds"),
    }


RUN_FILES = run_files("results/{dataset}")
CONTROL_FILES = run_files("results/{dataset}/controls/{control}")

# Ranks over datasets say something from five datasets on (Demsar 2006), all with the same models.
SHARED_MODELS = set.intersection(*(set(dataset["models"]) for dataset in DATASETS.values()))
COMPARE_ACROSS = len(DATASETS) >= 5 and len(SHARED_MODELS) >= 2


wildcard_constraints:
    dataset=any_of(DATASETS),
    model=any_of(settings["models"]),
    repeat=r"\d+",
    control=r"[a-z]+[a-z0-9_.]*",


digest_once = cache(code_digest)


def code(script):
    """Give a params function that digests a rule's script and what it imports.

    An edit of either reruns the rule. A job on a node digests its own script only: to digest
    all took a third of the time in which its Snakemake starts.
    """
    return lambda wildcards: digest_once(SCRIPTS / f"{script}.py")


def of_dataset(*keys):
    """Give a params function that looks a setting of the wildcard's dataset up, or None."""

    def look_up(wildcards):
        value = DATASETS[wildcards.dataset]
        for key in keys:
            value = value.get(key) if value is not None else None
        return value

    return look_up


def of_model(*keys):
    """Give a params function that looks a setting of the wildcard's model up."""

    def look_up(wildcards):
        value = settings["models"][wildcards.model]
        for key in keys:
            value = value[key]
        return value

    return look_up


def sizes_mb(files):
    """Give the sizes of a job's inputs.

    For files in this file system, Snakemake's own `size_files_mb` starts an event loop a call: with
    10,000 jobs, a fifth of a dry run.
    """
    if in_storage:
        return files.size_files_mb
    return [os.path.getsize(file) / 2**20 for file in files]


def grows(base, per_mb):
    """Give a resource function: so much, and so much more for each MB of the job's input."""

    def resource(wildcards, input, attempt):
        return demand(base, per_mb, sum(sizes_mb(input)), attempt)

    return resource


def grows_with_records(base, per_mb):
    """Give a resource function that counts the records of a source, unpacked.

    A genome counts by what is cut from it, since it is never held as a whole.
    """

    def resource(wildcards, input, attempt):
        sizes = dict(zip(input, sizes_mb(input)))
        sizes.pop(input.get("genome"), None)
        letters = letters_per_byte(DATASETS[wildcards.dataset].get("intervals"))
        return demand(base, per_mb, letters * unpacked_mb(sizes), attempt)

    return resource


def training_minutes(wildcards, input, attempt):
    """Give the time that the training of a network may take."""
    epochs = settings["models"][wildcards.model]["training"]["epochs"]
    folds = DATASETS[wildcards.dataset]["split"].get("folds", 1)
    return demand(60, training_minutes_per_mb(epochs, folds), sum(sizes_mb(input)), attempt)


def networks_of(dataset):
    """List the networks that compete on a dataset."""
    return [name for name in DATASETS[dataset]["models"] if name in NETWORKS]


def repeats_of(dataset):
    """List the repeats of a dataset's split, counted from 1."""
    return range(1, DATASETS[dataset]["split"]["repeats"] + 1)


def runs_of(path):
    """Give an input function that expands a path over the models and repeats of a dataset."""

    def files(wildcards):
        return expand(
            path,
            dataset=wildcards.dataset,
            model=DATASETS[wildcards.dataset]["models"],
            repeat=repeats_of(wildcards.dataset),
        )

    return files


def controls_of(dataset):
    """List the trainings that a dataset's controls consist of: pairs of control and model."""
    controls = DATASETS[dataset]["controls"]
    architectures = {
        name: settings["models"][name]["architecture"] for name in DATASETS[dataset]["models"]
    }
    return [
        (control, model)
        for control in control_names(controls)
        for model in trained_models(control, controls, architectures)
    ]


def control_runs(wildcards):
    """List the predictions of the controls of a dataset."""
    pairs = controls_of(wildcards.dataset)
    path = CONTROL_FILES["predictions"]
    return [
        path.format(dataset=wildcards.dataset, control=control, model=model, repeat=1)
        for control, model in pairs
    ]


def of_controls(path, dataset):
    """List a file of each of a dataset's controls."""
    names = dict.fromkeys(control for control, _ in controls_of(dataset))
    return expand(path, dataset=dataset, control=names)


def control_splits(wildcards):
    """List the splits of a dataset's controls, each once."""
    return of_controls(rules.make_control.output.splits, wildcards.dataset)


def seed_of_control(wildcards):
    """Give the seed that a control trains from."""
    return control_seed(settings["seed"], wildcards.control)


def source_of(wildcards):
    """Give the source of a dataset's records: its kind, and what the configuration says of it."""
    dataset = DATASETS[wildcards.dataset]
    if "simulation" in dataset:
        return simulated_source(dataset)
    for kind in ("table", "intervals", "numbers"):
        if kind in dataset:
            return {"kind": kind} | {k: v for k, v in dataset[kind].items() if k != "file"}
    return {"kind": "fasta"}


def files_of(dataset):
    """Give the files of a dataset's records, as a list or by class; a simulation has none."""
    kinds = [kind for kind in ("table", "intervals", "numbers") if kind in dataset]
    return dataset[kinds[0]]["file"] if kinds else dataset.get("fasta")


def source_files(wildcards):
    """Name the files from which a dataset is prepared; a simulation's are made by its rule."""
    dataset = DATASETS[wildcards.dataset]
    if "simulation" in dataset:
        if is_simulated_table(dataset):
            return {"records": rules.simulate_table.output.records}
        return {
            "records": rules.simulate_dataset.output.fasta,
            "labels": rules.simulate_dataset.output.labels,
        }
    files = files_of(dataset)
    named = {"records": sum(files.values(), []) if isinstance(files, dict) else files}
    if "table" in dataset.get("labels", {}):
        named["labels"] = dataset["labels"]["table"]
    if "intervals" in dataset:
        named["genome"] = dataset["intervals"]["genome"]
    return named


def classes_of_files(wildcards):
    """Name the class of each file where there is one per class, else nothing."""
    files = files_of(DATASETS[wildcards.dataset])
    if not isinstance(files, dict):
        return None
    return [name for name, paths in files.items() for _ in paths]


def seed_of_negatives(wildcards):
    """Give the seed of negatives where they are drawn; nothing else of the data is random."""
    drawn = "negatives" in DATASETS[wildcards.dataset].get("intervals", {})
    return settings["seed"] if drawn else None


def split_lists(wildcards):
    """Name the id lists of a dataset's own split, if it has them."""
    split = DATASETS[wildcards.dataset]["split"]
    return {role: split[role] for role in ("train", "validation", "test") if role in split}


def own_builder(wildcards):
    """Name the file of a user's own architecture, so that an edit of it trains again."""
    file = builder_file(settings["models"][wildcards.model])
    return {"builder": file} if file else {}


def datasets_of(*tasks):
    """List the datasets of some kinds of task."""
    return [name for name, dataset in DATASETS.items() if dataset["task"] in tasks]


def calibrated(dataset):
    """Say whether a dataset's models give probabilities, which can be calibrated."""
    return DATASETS[dataset]["task"] != "regression"


def figure(name, caption, figure_label, **labels):
    """Declare a figure for Snakemake's report; its PNG twin is an output without a place there."""
    return report(
        f"results/{{dataset}}/plots/{name}.svg",
        caption=f"../report/{caption}.rst",
        category="{dataset}",
        subcategory="Figures",
        labels={"figure": figure_label, **labels},
    )


def table(name, caption):
    """Declare a table for Snakemake's report, which shows HTML but no TSV."""
    return report(
        f"results/{{dataset}}/tables/{name}.html",
        caption=f"../report/{caption}.rst",
        category="{dataset}",
        subcategory="Tables",
        labels={"table": name},
    )


def figures_of(dataset):
    """List the figures of a dataset as its task asks for them."""
    by_task = {
        "multilabel": rules.plot_multilabel,
        "regression": rules.plot_regression,
    }.get(DATASETS[dataset]["task"], rules.plot_classification)
    curves = expand(rules.plot_curves.output.svg, dataset=dataset, model=networks_of(dataset))
    others = [path for path in by_task.output if path.endswith(".svg")]
    others.append(rules.plot_similarity.output.svg)
    if calibrated(dataset):
        others.append(rules.plot_calibration.output.svg)
    if DATASETS[dataset]["controls"]["learning_curve"]:
        others.append(rules.plot_learning_curve.output.svg)
    return curves + expand(others, dataset=dataset)


def whole_results(wildcards):
    """List what the report reads of every dataset."""
    per_dataset = [
        rules.prepare_dataset.output.summary,
        rules.group_records.output.grouping,
        rules.split_records.output.summary,
        rules.audit_leakage.output.audit,
        rules.evaluate_similarity.output.similarity,
        *rules.evaluate_controls.output,
        rules.evaluate_models.output.metrics,
        rules.evaluate_models.output.thresholds,
        rules.diagnose_models.output.diagnosis,
        rules.compare_models.output.comparison,
        rules.compare_models.output.ranking,
        rules.compare_models.output.headline,
    ]
    runs = [
        path
        for name, dataset in DATASETS.items()
        for path in expand(
            RUN_FILES["info"],
            dataset=name,
            model=dataset["models"],
            repeat=repeats_of(name),
        )
    ]
    figures = [path for name in DATASETS for path in figures_of(name)]
    controls = [
        path for name in DATASETS for path in of_controls(rules.make_control.output.summary, name)
    ]
    calibration = expand(
        rules.calibrate_models.output, dataset=[name for name in DATASETS if calibrated(name)]
    )
    across = []
    if COMPARE_ACROSS:
        across = [*rules.compare_across_datasets.output, rules.plot_critical_difference.output.svg]
    return expand(per_dataset, dataset=DATASETS) + calibration + runs + figures + controls + across
