"""Reading a configuration: what it says is checked in plain words, what it leaves out is filled in.

The JSON schema says which keys there are; this module says what is wrong in a sentence that a
biologist can act on, with the line of the file and the nearest key that exists.
"""

import copy
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from seqarena.conflicts import NEEDED_REPRESENTATION, Problem, conflicts, misfit, nearest
from seqarena.errors import InputError
from seqarena.simulation_settings import complete_simulation, has_numbers
from seqarena.split_settings import dataset_split

SHOWN = 5  # problems named in one message; more would hide the first ones on a terminal
DEEPEST = 20  # levels of a configuration, of which the schema needs half; Python can follow 300
MOST_VALUES = 1_000_000  # a few lines of aliases of aliases can stand for more than a machine holds


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
    if too_deep := list(_depth_problems(config)):
        raise _one_error(too_deep, files)
    config = _with_text_names(config)
    own_models = config.get("models")
    problems = [*_misread_keys(files), *_misread_values(config, ())]
    if not problems:
        problems = list(_schema_problems(config, schema, schema, ()))
    if not problems:
        config = _with_defaults(config, schema, schema)
        problems = list(_model_problems(config, schema))
    if not problems:
        for model in config["models"].values():
            _complete_model(model, schema)
        for dataset in config["datasets"].values():
            dataset["both_strands"] = _both_strands(dataset)
            if own_models is None:
                fitting = [n for n, m in config["models"].items() if not misfit(m, dataset)]
                dataset.setdefault("models", fitting)
        problems = list(conflicts(config, schema))
    if problems:
        raise _one_error(problems, files)
    for section in ("grouping", "split", "controls"):
        config[section] = schema["properties"][section]["default"] | config[section]
    for dataset in config["datasets"].values():
        for section in ("grouping", "controls"):
            dataset[section] = config[section] | dataset.get(section, {})
        complete_simulation(dataset)
        _complete_alphabet(dataset)
        dataset["split"] = dataset_split(dataset.get("split", {}), config["split"])
        dataset.setdefault("primary_metric", config["primary_metric"][dataset["task"]])
        dataset.setdefault("models", list(config["models"]))
    return config


def _complete_alphabet(dataset: dict) -> None:
    """Spell out the alphabet, and what follows from it where the configuration doesn't say."""
    alphabet = dataset["alphabet"]
    numbers = has_numbers(dataset)
    words = not numbers and not isinstance(alphabet, str)
    dataset["alphabet"] = {"name": "words"} | alphabet if words else {"name": alphabet}
    if numbers:
        dataset["alphabet"] = {"name": "numbers"}
        dataset["controls"]["shuffled_input"] = False
    dataset["both_strands"] = _both_strands(dataset)
    if numbers or words:
        dataset["grouping"]["by"] = "sequence"


def _both_strands(dataset: dict) -> bool:
    dna = dataset["alphabet"] in ("dna", {"name": "dna"}) and not has_numbers(dataset)
    return dataset.get("both_strands", dna)


def is_baseline(model: dict, schema: dict) -> bool:
    """Say whether a ``models`` entry is a baseline, which takes no training settings."""
    return model["architecture"] in schema["$defs"]["baselines"]


def _complete_model(model: dict, schema: dict) -> None:
    parameters = _architectures(schema).get(model["architecture"], {"type": "object"})
    model["parameters"] = _with_defaults(model.get("parameters", {}), parameters, schema)
    if not is_baseline(model, schema):
        model["representation"] = _representation(model)
        model.setdefault("reverse_complement", "none")
        training = schema["$defs"]["training"]
        model["training"] = _with_defaults(model.get("training", {}), training, schema)


IMAGE_K = {"chaos_game": 5, "chaos_game_3d": 3}
"""Letters of a word where the alphabet doesn't decide: 32 x 32 and 8 x 8 x 8 cells. In three
dimensions one more letter costs nine times as much: 13 s instead of 1.5 s for an epoch of 1,000
records on a core."""


def _representation(model: dict) -> dict | None:
    """What a network is shown; None: one-hot letters, or numbers as they are."""
    kind = NEEDED_REPRESENTATION.get(model["architecture"], "one_hot")
    given = model.get("representation") or {"kind": kind}
    if given["kind"] == "one_hot":
        return None
    usual = {"k": IMAGE_K[given["kind"]]} if given["kind"] in IMAGE_K else {}
    return usual | given


def _architectures(schema: dict) -> dict[str, dict]:
    return schema["$defs"]["baselines"] | schema["$defs"]["networks"]


def _depth_problems(config: dict) -> Iterator[Problem]:
    """Find a section that is nested too deep or holds too much, perhaps since aliases repeat it."""
    parts: list[tuple[tuple, Any]] = [((), config)]
    seen = 0
    while parts:
        keys, part = parts.pop()
        seen += 1
        if seen > MOST_VALUES:
            problem = f"the configuration holds more than {MOST_VALUES:,} values"
            yield keys[:2], problem, "remove what no key needs, such as aliases (*) of aliases"
            return
        if len(keys) > DEEPEST:
            problem = f"`{dotted(keys[:2])}` is nested more than {DEEPEST} levels deep"
            yield keys[:2], problem, "remove what no key needs, such as an alias (*) of itself"
            return
        if isinstance(part, dict | list):
            pairs = part.items() if isinstance(part, dict) else enumerate(part)
            parts += [((*keys, key), value) for key, value in pairs]


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


def _compose(file: str | Path) -> yaml.Node | None:
    """Read a file as nodes that know their lines; None if it is JSON that isn't YAML, too."""
    text = Path(file).read_text(encoding="utf-8")
    for form in (text, text.replace("\t", " ")):  # JSON may be indented by tabs
        try:
            return yaml.compose(form)
        except yaml.YAMLError:
            pass
    return None


def _misread_keys(files: Sequence[str | Path]) -> Iterator[Problem]:
    """Find keys of which YAML would drop one, or which it would write in another way."""
    for file in files:
        nodes = [((), _compose(file))]
        while nodes:
            keys, node = nodes.pop()
            lines: dict[str, int] = {}
            for key, value in node.value if isinstance(node, yaml.MappingNode) else []:
                line, path = key.start_mark.line + 1, (*keys, str(key.value))
                if key.tag.endswith(":int") and str(yaml.safe_load(key.value)) != key.value:
                    problem = f"YAML reads the name {key.value} as {yaml.safe_load(key.value)}"
                    yield path, problem, f"write it in quotes, as in '{key.value}':"
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


def _representation_problems(keys: tuple, model: dict) -> Iterator[Problem]:
    """Find a representation that an architecture can't be shown."""
    architecture, given = model["architecture"], model.get("representation") or {}
    needed, kind = NEEDED_REPRESENTATION.get(architecture), given.get("kind")
    if needed and kind and kind != needed:
        problem = f"`{architecture}` can't be shown {kind}"
        yield (*keys, "representation"), problem, f"set `kind: {needed}`, or remove it"
    if kind == "one_hot" and "k" in given:
        yield (*keys, "representation", "k"), "one-hot letters have no `k`", "remove `k`"


def _model_problems(config: dict, schema: dict) -> Iterator[Problem]:
    architectures = _architectures(schema)
    for name, model in config["models"].items():
        architecture, keys = model["architecture"], ("models", name)
        if architecture in architectures:
            parameters, part = model.get("parameters", {}), architectures[architecture]
            yield from _schema_problems(parameters, part, schema, (*keys, "parameters"))
            for key in ("training", "representation", "reverse_complement"):
                if is_baseline(model, schema) and key in model:
                    problem = f"`{architecture}` is a baseline and takes no `{key}`"
                    yield (*keys, key), problem, f"remove `{key}`"
            yield from _representation_problems(keys, model)
        elif not re.fullmatch(r".*[^/]\.py:[^\W\d]\w*", architecture):
            yield (
                (*keys, "architecture"),
                f'there is no architecture "{architecture}"',
                nearest(architecture, list(architectures)) + ", or path/to/file.py:function",
            )


def _one_error(problems: list[Problem], files: Sequence[str | Path]) -> InputError:
    """Make one error of all problems: the first with its place, the others a line each."""
    (keys, first, remedy), *others = problems
    also = [
        f"also: {problem} ({dotted(other_keys)}): {other_remedy}"
        for other_keys, problem, other_remedy in others[: SHOWN - 1]
    ]
    if len(problems) > SHOWN:
        also.append(f"and {len(problems) - SHOWN} more")
    file, line = locate(keys, files)
    return InputError(first, file=file, line=line, remedy=remedy, also=also)


def locate(keys: tuple, files: Sequence[str | Path]) -> tuple[str | Path | None, int | None]:
    """Find the file and line of a key; the last file that has it wins, as in Snakemake."""
    for file in reversed(files):
        node = _compose(file)
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
