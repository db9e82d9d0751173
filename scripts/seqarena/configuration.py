"""Reading a configuration: what it says is checked in plain words, what it leaves out is filled in.

The JSON schema says which keys there are; this module says what is wrong in a sentence that a
biologist can act on, with the line of the file and the nearest key that exists.
"""

import copy
import difflib
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from seqarena.errors import InputError

ROLES = ("train", "validation", "test")
# Folders beside those of the datasets.
RESERVED = ("across", "bench")
# The keys that say which kind of split is meant; one kind excludes the others.
KINDS_OF_SPLIT = ("folds", "test_fraction", "column", "train")
SHOWN = 5  # problems named in one message; more would hide the first ones on a terminal


def complete_config(config: dict, schema: dict, files: Sequence[str | Path] = ()) -> dict:
    """Check a configuration and fill in its defaults.

    Parameters
    ----------
    config : dict
        As read from YAML.
    schema : dict
        JSON schema (2020-12) with the sections that this module names in ``$defs``.
    files : sequence of path-like, optional
        The YAML files from which `config` was read, to name lines in messages.

    Returns
    -------
    dict
        A copy in which each key has a value, each dataset its own ``split``, ``primary_metric``
        and ``models``.

    Raises
    ------
    InputError
        If a key is unknown, missing, of the wrong type or in conflict with another.
    """
    config = _with_text_names(config)
    problems = [*_repeated_keys(files), *_misread_values(config, ())]
    if not problems:
        problems = list(_schema_problems(config, schema, schema, ()))
    if not problems:
        config = _with_defaults(config, schema, schema)
        problems = list(_model_problems(config, schema))
    if not problems:
        for model in config["models"].values():
            _complete_model(model, schema)
        problems = list(_conflicts(config, schema))
    if problems:
        raise _one_error(problems, files)
    for section in ("grouping", "split", "controls"):
        config[section] = schema["properties"][section]["default"] | config[section]
    for dataset in config["datasets"].values():
        for section in ("grouping", "controls"):
            dataset[section] = config[section] | dataset.get(section, {})
        dataset["split"] = _dataset_split(dataset.get("split", {}), config["split"])
        dataset.setdefault("primary_metric", config["primary_metric"][dataset["task"]])
        dataset.setdefault("models", list(config["models"]))
    return config


def is_own_split(split: dict) -> bool:
    """Say whether a ``split`` section names the data's own split."""
    return "train" in split or "column" in split


def has_fixed_test(split: dict) -> bool:
    """Say whether a complete ``split`` section has one test set, so that its repeats are seeds."""
    return "folds" not in split


def is_baseline(model: dict, schema: dict) -> bool:
    """Say whether a ``models`` entry is a baseline, which takes no training settings."""
    return model["architecture"] in schema["$defs"]["baselines"]


def _complete_model(model: dict, schema: dict) -> None:
    parameters = _architectures(schema).get(model["architecture"], {"type": "object"})
    model["parameters"] = _with_defaults(model.get("parameters", {}), parameters, schema)
    if not is_baseline(model, schema):
        training = schema["$defs"]["training"]
        model["training"] = _with_defaults(model.get("training", {}), training, schema)


def _architectures(schema: dict) -> dict[str, dict]:
    return schema["$defs"]["baselines"] | schema["$defs"]["networks"]


def _dataset_split(own: dict, general: dict) -> dict:
    """Fill a dataset's split from the general one, leaving out what its kind has no use for."""
    if set(own) & set(KINDS_OF_SPLIT):  # one kind of split replaces the other
        others = {*KINDS_OF_SPLIT, *ROLES, "values"} - {"folds"}
        general = {key: general[key] for key in general if key not in others}
    split = general | own
    unused = {"validation_fraction"}
    if is_own_split(split):
        unused = {"folds", "rare_classes"}
    elif "test_fraction" in split:
        unused = {"folds"}
    return {key: value for key, value in split.items() if key not in unused}


Problem = tuple[tuple, str, str | None]  # keys that lead to the place, what is wrong, remedy


def _with_text_names(value: Any) -> Any:
    """Read names that are whole numbers as text, such as the classes 0 and 1."""
    if isinstance(value, dict):
        return {
            str(key) if type(key) is int else key: _with_text_names(part)
            for key, part in value.items()
        }
    return value


def _misread_values(value: Any, keys: tuple) -> Iterator[Problem]:
    """Find what YAML reads as something else than it looks like, or as no number to work with."""
    parts = value.items() if isinstance(value, dict) else ()
    for key, part in enumerate(value) if isinstance(value, list) else parts:
        if isinstance(value, dict) and not isinstance(key, str):
            problem = f"YAML reads a name{_inside(dotted(keys))} as {key!r}, not as text"
            yield keys, problem, 'write it in quotes, as in "yes":'
        yield from _misread_values(part, (*keys, key))
    if isinstance(value, float) and not math.isfinite(value):
        yield keys, f"`{dotted(keys)}` is {value}", "give a finite number"


def _repeated_keys(files: Sequence[str | Path]) -> Iterator[Problem]:
    """Find keys that stand twice in one section, of which YAML would drop the first."""
    for file in files:
        nodes = [((), yaml.compose(Path(file).read_text(encoding="utf-8")))]
        while nodes:
            keys, node = nodes.pop()
            lines: dict[str, int] = {}
            for key, value in node.value if isinstance(node, yaml.MappingNode) else []:
                line, path = key.start_mark.line + 1, (*keys, str(key.value))
                if path[-1] in lines:
                    problem = f"`{dotted(path)}` stands in lines {lines[path[-1]]} and {line}"
                    yield path, problem, "remove or rename one of the two"
                lines[path[-1]] = line
                nodes.append((path, value))


def _schema_problems(instance: Any, part: dict, root: dict, prefix: tuple) -> Iterator[Problem]:
    """Translate what the JSON schema finds wrong with `instance` into sentences."""
    # A part may refer to "#/$defs/...", so those definitions travel with it.
    validator = Draft202012Validator({**part, "$defs": root["$defs"]})
    for error in sorted(validator.iter_errors(instance), key=lambda e: list(map(str, e.path))):
        yield from _translate(error, prefix)


def _translate(error: ValidationError, prefix: tuple) -> Iterator[Problem]:
    keys = (*prefix, *error.absolute_path)
    name, value = dotted(keys), error.instance
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = list(error.schema.get("properties", {}))
        for key in sorted(map(str, set(value) - set(known))):
            yield (*keys, key), f"unknown key `{key}`{_inside(name)}", nearest(key, known)
    elif error.validator == "required":
        for key in error.validator_value:
            if key not in value:
                yield keys, f"the key `{key}` is missing{_inside(name)}", f"add `{key}:`"
    elif error.validator == "type":
        yield keys, f"`{name}` is {_shown(value)}", _type_remedy(error)
    elif error.validator == "enum":
        allowed = [str(option) for option in error.validator_value]
        yield keys, f"`{name}` is {_shown(value)}", nearest(str(value), allowed)
    elif error.validator in ("anyOf", "oneOf"):
        problem = f"`{name}` is {_shown(value)}, a form it can't have"
        yield keys, problem, error.schema["description"]
    elif error.validator == "pattern":
        yield keys, f"the name {_shown(value)} can't be used", error.schema.get("description")
    else:
        yield keys, f"`{name}`: {error.message}", "see config/README.md"


def _type_remedy(error: ValidationError) -> str:
    wanted = error.validator_value
    wanted = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(error.instance, str) and {"number", "integer"} & set(wanted):
        try:
            float(error.instance)
        except ValueError:
            pass
        else:
            if "e" not in error.instance.lower():
                return "write the number without quotes, and not nested in --config, but in a file"
            return (
                f"it must be a number, and YAML reads {error.instance} as text: write it with a "
                "decimal point, as in 1.0e-3, and without quotes"
            )
    if "string" in wanted and not isinstance(error.instance, list | dict | None):
        return "it must be text: write it in quotes"
    words = {"object": "a section of keys", "array": "a list in [ ]", "string": "text"}
    words |= {"boolean": "true or false", "integer": "a whole number", "number": "a number"}
    return "it must be " + " or ".join(words.get(kind, kind) for kind in wanted)


def nearest(word: str, known: Sequence[str]) -> str:
    """Suggest the nearest of the known words, or list them all."""
    close = difflib.get_close_matches(word, known, n=1)
    listing = "allowed: " + ", ".join(known) if known else "none is allowed here"
    return f"did you mean `{close[0]}`? ({listing})" if close else listing


def dotted(keys: Sequence) -> str:
    """Write the keys that lead to a value as one name, such as ``split.folds``."""
    return ".".join(map(str, keys))


def _inside(name: str) -> str:
    return f" in `{name}`" if name else ""


def _shown(value: Any) -> str:
    if value is None:
        return "empty"
    return f'the text "{value}"' if isinstance(value, str) else f"{value!r}"


def _resolved(schema: dict, root: dict) -> dict:
    if "$ref" not in schema:
        return schema
    target = root
    for step in schema["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def _with_defaults(instance: Any, schema: dict, root: dict) -> Any:
    """Return a copy of `instance` in which the schema's defaults fill the gaps.

    Whole numbers that are written with a decimal point (which JSON schema allows) become integers.
    """
    schema = _resolved(schema, root)
    if isinstance(instance, list):
        return [_with_defaults(part, schema.get("items", {}), root) for part in instance]
    if isinstance(instance, float) and "integer" in schema.get("type", ()):
        return int(instance)
    if not isinstance(instance, dict) or schema.get("type") != "object":
        return copy.deepcopy(instance)
    properties = schema.get("properties", {})
    filled = {key: spec["default"] for key, spec in properties.items() if "default" in spec}
    filled |= {
        key: _resolved(spec, root)["default"]
        for key, spec in properties.items()
        if key not in filled and "default" in _resolved(spec, root)
    }
    filled |= instance
    others = schema.get("additionalProperties")
    others = others if isinstance(others, dict) else {}
    return {
        key: _with_defaults(value, properties.get(key, others), root)
        for key, value in filled.items()
    }


def _model_problems(config: dict, schema: dict) -> Iterator[Problem]:
    architectures = _architectures(schema)
    for name, model in config["models"].items():
        architecture, keys = model["architecture"], ("models", name)
        if architecture in architectures:
            parameters, part = model.get("parameters", {}), architectures[architecture]
            yield from _schema_problems(parameters, part, schema, (*keys, "parameters"))
            if is_baseline(model, schema) and "training" in model:
                problem = f"`{architecture}` is a baseline and takes no training settings"
                yield (*keys, "training"), problem, "remove `training`"
        elif not re.fullmatch(r".*[^/]\.py:[^\W\d]\w*", architecture):
            yield (
                (*keys, "architecture"),
                f'there is no architecture "{architecture}"',
                nearest(architecture, list(architectures)) + ", or path/to/file.py:function",
            )


def _conflicts(config: dict, schema: dict) -> Iterator[Problem]:
    """Find what the schema can't say: keys that exclude or need each other."""
    yield from _split_conflicts(("split",), config["split"])
    for name, dataset in config["datasets"].items():
        if name in RESERVED:
            problem = f"the folder results/{name} has another use"
            yield ("datasets", name), problem, "give the dataset another name"
        yield from _source_conflicts(("datasets", name), dataset)
        own = dataset.get("split", {})
        yield from _split_conflicts(("datasets", name, "split"), own)
        yield from _effective_split_conflicts(("datasets", name), dataset, own, config["split"])
        metrics = schema["$defs"][f"{dataset['task']}_metric"]["enum"]
        metric = dataset.get("primary_metric", metrics[0])
        if metric not in metrics:
            keys = ("datasets", name, "primary_metric")
            yield keys, f'"{metric}" is no metric of {dataset["task"]}', nearest(metric, metrics)
        yield from _unknown_models(("datasets", name), dataset, config)
        controls = dataset.get("controls", {})
        yield from _unknown_models(("datasets", name, "controls"), controls, config)
        yield from _grouping_conflicts(("datasets", name), dataset, config["grouping"])
    yield from _unknown_models(("controls",), config["controls"], config)


def _unknown_models(keys: tuple, section: dict, config: dict) -> Iterator[Problem]:
    for model in section.get("models") or []:
        if model not in config["models"]:
            remedy = nearest(model, list(config["models"]))
            yield (*keys, "models"), f'there is no model "{model}"', remedy


def _grouping_conflicts(keys: tuple, dataset: dict, general: dict) -> Iterator[Problem]:
    labels = dataset.get("labels", {})
    has_groups = "group" in labels or "(?P<group>" in labels.get("header", "")
    grouping = general | dataset.get("grouping", {})
    if grouping.get("groups") == "replace" and not has_groups:
        problem = f"`{keys[-1]}` has no groups of its own that could replace those of sequence"
        yield (*keys, "grouping"), problem, "name their column by `labels.group`, or set `join`"


def _split_conflicts(keys: tuple, split: dict) -> Iterator[Problem]:
    lists = [key for key in ROLES if key in split]
    if lists and "column" in split:
        yield keys, "a split comes from id lists or from a column, not both", "remove one"
    if lists and not {"train", "test"} <= set(lists):
        yield keys, f"a split by id lists has only {', '.join(lists)}", "give `train` and `test`"
    for key in ("folds", "test_fraction", "rare_classes"):
        if is_own_split(split) and key in split:
            problem = f"`{key}` has no meaning beside the data's own split"
            yield (*keys, key), problem, f"remove `{key}`"
    if {"folds", "test_fraction"} <= set(split):
        problem = "a split has folds or one locked test set, not both"
        yield keys, problem, "remove `folds` or `test_fraction`"
    if "values" in split and "column" not in split:
        remedy = "say by `column` whose values they are"
        yield (*keys, "values"), "`values` are those of a column, and none is named", remedy
    values = split.get("values", {})
    if both := set(map(str, values.get("test", []))) & set(map(str, values.get("validation", []))):
        problem = f"{', '.join(sorted(both))} can't be both test and validation"
        yield (*keys, "values"), problem, "name each value once"


def _effective_split_conflicts(
    keys: tuple, dataset: dict, own: dict, general: dict
) -> Iterator[Problem]:
    """Find what is wrong with a dataset's split once the general one has filled its gaps."""
    split = _dataset_split(own, {"folds": None} | general)
    given = "validation" in split or "validation" in split.get("values", {})
    validator = "records given for validation" if given else "folds, one of which validates"
    if "validation_fraction" in own and (given or "folds" in split):
        problem = f"`validation_fraction` has no use beside {validator}"
        yield (*keys, "split", "validation_fraction"), problem, "remove `validation_fraction`"
    if "column" in split and ("simulation" in dataset or isinstance(dataset.get("fasta"), dict)):
        source = "a simulation" if "simulation" in dataset else "a FASTA per class"
        problem = f"{source} has no column `{split['column']}` to split `{keys[-1]}` by"
        yield (*keys, "split"), problem, "give it a `split` of its own with `folds`"


def _source_conflicts(keys: tuple, dataset: dict) -> Iterator[Problem]:
    name, labels = keys[-1], dataset.get("labels")
    if ("fasta" in dataset) == ("simulation" in dataset):
        yield keys, f"`{name}` needs either `fasta` or `simulation`", "give one of the two"
        return
    if "simulation" in dataset:
        if dataset["task"] == "regression":
            problem = "a simulation gives classes, no numbers"
            yield (*keys, "task"), problem, "set `task: binary`"
        for key in ("labels", "length", "positive"):
            if key in dataset:
                yield (*keys, key), f"`{key}` has no meaning for a simulation", f"remove `{key}`"
        return
    per_class = isinstance(dataset["fasta"], dict)
    if per_class and labels is not None:
        yield (*keys, "labels"), "a FASTA per class labels itself", "remove `labels`"
    if per_class and dataset["task"] == "regression":
        yield (*keys, "fasta"), "a FASTA per class can't give numbers", "use `labels: {table: ...}`"
    given = {"table", "header"} & set(labels or {})
    if not per_class and len(given) == 2:
        yield (*keys, "labels"), "labels come from a table or from headers, not both", "remove one"
    if not per_class and not given:
        remedy = "give `labels: {table: ...}` or `labels: {header: ...}`, or a FASTA per class"
        yield keys, f"it isn't said where the labels of `{name}` come from", remedy
    if "positive" in dataset and dataset["task"] != "binary":
        yield (*keys, "positive"), "only a binary task has a positive class", "remove `positive`"


def _one_error(problems: list[Problem], files: Sequence[str | Path]) -> InputError:
    """Make one error of all problems: the first with its place, the others a line each."""
    (keys, first, remedy), *others = problems
    text = first
    for other_keys, problem, other_remedy in others[: SHOWN - 1]:
        text += f"\n  also: {problem} ({dotted(other_keys)}): {other_remedy}"
    if len(problems) > SHOWN:
        text += f"\n  and {len(problems) - SHOWN} more"
    file, line = locate(keys, files)
    return InputError(text, file=file, line=line, remedy=remedy)


def locate(keys: tuple, files: Sequence[str | Path]) -> tuple[str | Path | None, int | None]:
    """Find the file and line of a key; the last file that has it wins, as in Snakemake."""
    for file in reversed(files):
        node = yaml.compose(Path(file).read_text(encoding="utf-8"))
        line = None
        for key in keys:
            pairs = node.value if isinstance(node, yaml.MappingNode) else []
            found = next(((k, v) for k, v in pairs if k.value == str(key)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        else:
            return file, line
        if line is not None:
            return file, line
    return (files[-1], None) if files else (None, None)
