"""From a configuration to a split and baselines, as the rules do it but in one process."""

import copy
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config
from snakemake_interface_common.exceptions import WorkflowError

import group_records
import prepare_dataset
import split_records
import train_baseline
from seqarena.configuration import complete_config
from seqarena.errors import InputError
from seqarena.input_paths import resolve_paths

ROOT = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
DEFAULT = ROOT / "config/config.yaml"
LONGEST_LINE = 1000
BY_SNAKEMAKE = "Snakemake can't read the configuration"
OUTPUTS = ("tokens.npy", "offsets.npy", "records.parquet", "summary.json")


@dataclass(frozen=True)
class Outcome:
    """How a try ended.

    Parameters
    ----------
    message : str or None
        Of the one error; None if the dataset was prepared.
    whole : dict or None
        The configuration, complete, with its paths; None if it was refused.
    """

    message: str | None
    whole: dict[str, Any] | None = None


class Named(SimpleNamespace):
    """Stands in for Snakemake's inputs and outputs."""

    def get(self, name: str, default: Any = None) -> Any:
        return getattr(self, name, default)


@contextmanager
def within(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def rule_functions(settings: dict) -> dict[str, Any]:
    """The functions of common.smk that say what rules get, as they stand there."""
    text = (ROOT / "workflow/rules/common.smk").read_text()
    names = {"settings": settings, "DATASETS": settings["datasets"]}
    for block in re.split(r"\n\n\n", text):
        if re.match(r"def (of_dataset|source_of|files_of|source_files|classes|seed_of_neg)", block):
            exec(block, names)
    return names


def complete(path: Path) -> dict:
    """Read a configuration as Snakemake and common.smk do."""
    own, files = {}, [path]
    try:
        update_config(own, load_configfile(path))
    except Exception as error:  # such as one of PyYAML: what Snakemake says is its own affair
        raise WorkflowError(str(error)) from None
    if "datasets" not in own:
        files.insert(0, DEFAULT)
        default = load_configfile(DEFAULT)
        update_config(default, own)
        own = default
    settings = complete_config(own, SCHEMA, files)
    resolve_paths(settings, files)
    return settings


def prepare(settings: dict, name: str, folder: Path) -> None:
    """Call the script of the rule prepare_dataset with what data.smk gives it."""
    functions, wildcards = rule_functions(settings), SimpleNamespace(dataset=name)
    keys = ("task", "labels", "positive", "length", "alphabet", "gaps", "ambiguous", "soft_masked")
    params = {key: functions["of_dataset"](key)(wildcards) for key in keys}
    params |= {
        "source": functions["source_of"](wildcards),
        "classes_of_files": functions["classes_of_files"](wildcards),
        "split_column": functions["of_dataset"]("split", "column")(wildcards),
        "seed": functions["seed_of_negatives"](wildcards),
        "cache": str(folder / "genomes"),
    }
    call(prepare_dataset, params, functions["source_files"](wildcards), data_files(folder))


def call(script: Any, params: dict, inputs: dict, outputs: dict, **others: Any) -> None:
    script.main(
        SimpleNamespace(
            input=Named(**inputs),
            output=Named(**outputs),
            params=SimpleNamespace(**copy.deepcopy(params)),
            log=[],
            threads=1,
            **others,
        )
    )


def data_files(folder: Path) -> dict[str, str]:
    return {name.split(".")[0]: str(folder / "data" / name) for name in OUTPUTS}


def try_configuration(folder: Path, whole: dict | None = None) -> Outcome:
    """Complete the configuration test.yaml of a folder and prepare its dataset "d", if it has one.

    Parameters
    ----------
    folder : path-like
        With the files that the configuration names; gets the outputs, too.
    whole : dict, optional
        The complete configuration, where it is known.
    """
    try:
        with within(folder):
            whole = whole or complete(folder / "test.yaml")
            if is_prepared(whole):
                prepare(whole, "d", folder)
    except WorkflowError:
        return Outcome(BY_SNAKEMAKE)
    except InputError as error:
        return Outcome(str(error), whole)
    return Outcome(None, whole)


def is_prepared(whole: dict) -> bool:
    """Whether there is a dataset "d" of files; a simulation has none to be spoiled."""
    return "simulation" not in whole["datasets"].get("d", {"simulation": None})


def go_on(whole: dict, folder: Path) -> str | None:
    """Group, split and train baselines on a prepared dataset; give the message of an error."""
    settings, models, data = whole["datasets"]["d"], whole["models"], data_files(folder)
    lists = settings["split"]
    clusters = {"clusters": str(folder / "clusters.tsv")}
    splits = {"splits": str(folder / "splits.parquet"), "summary": str(folder / "split.json")}
    roles = {role: lists[role] for role in ("train", "validation", "test") if role in lists}
    try:
        with within(folder):
            grouping = {key: settings[key] for key in ("grouping", "both_strands")}
            call(
                group_records,
                grouping,
                data,
                clusters | {"grouping": str(folder / "grouping.json")},
            )
            params = {"split": settings["split"], "seed": 1}
            call(split_records, params, data | clusters | roles, splits)
            for name in set(settings["models"]) & {"majority", "composition", "linear"}:
                model = models[name]
                files = ("predictions.parquet", "history.tsv", "info.json", "folds")
                call(
                    train_baseline,
                    {k: model[k] for k in ("architecture", "parameters")} | {"seed": 1},
                    data | splits,
                    {file.split(".")[0]: str(folder / name / file) for file in files},
                    wildcards=SimpleNamespace(model=name, repeat="1"),
                )
    except InputError as error:
        return str(error)
    return None


def unclear(message: str) -> str | None:
    """Say what is wrong with an error's message, or nothing."""
    if message == BY_SNAKEMAKE:
        return None
    lines = [x for x in message.split("\n") if not re.match(r"  (also: |and \d+ more$)", x)]
    if len(lines) > 3:
        return "it has more than three lines"
    if max(map(len, lines)) > LONGEST_LINE:
        return f"a line has {max(map(len, lines))} letters"
    if not any(line.startswith("  what to do: ") for line in lines):
        return "it has no remedy"
    if not all(letter.isprintable() for line in lines for letter in line):
        return "it has letters that can't be printed"
    return None
