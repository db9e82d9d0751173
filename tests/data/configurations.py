"""Ways to spoil a configuration: its values, its keys and its text."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import yaml

Change = Callable[[random.Random, dict], Any]

VALUES = (
    None,
    "",
    " ",
    "x",
    "a\nb",
    "\u00e9\u0301",
    "\0",
    "x" * 5000,
    "1",
    "1e-3",
    "yes",
    "../..",
    "/dev/null",
    "s.fa",
    -1,
    0,
    1,
    2,
    10**6,
    10**12,
    10**30,
    0.5,
    1.5,
    2.0,
    1e308,
    float("nan"),
    float("inf"),
    True,
    False,
    [],
    {},
    [None],
    [[]],
    ["x"],
    ["x", "x"],
    [1, "1"],
    {"a": 1},
    {1: 2, "1": 3},
    {None: 1},
    {True: 1},
    {1.5: 1},
    {"a": {"b": {"c": []}}},
    {"no": "s.fa", "yes": "s.fa"},
    date(2020, 1, 1),
    b"bytes",
)

KEYS = {
    "task": ["binary", "multiclass", "multilabel", "regression", "ranking"],
    "alphabet": [
        "dna",
        "rna",
        "protein",
        "DNA",
        {"words": ["a", "b"]},
        {"words": [1, "1"]},
        {"words": ["a"]},
        {"words": ["a", ""]},
        {"words": [str(i) for i in range(300)]},
    ],
    "both_strands": [True, False],
    "length": [{"to": 10}, {"to": 1}, {"to": 10**12}, {"to": 30, "anchor": "right"}, 10],
    "gaps": ["remove", "unknown", "refuse"],
    "ambiguous": ["refuse", "share"],
    "soft_masked": ["unknown", "upper"],
    "positive": ["no", "yes", "x", 1, True],
    "primary_metric": ["mcc", "spearman", "macro_auroc", "AUROC"],
    "models": [["linear"], ["lienar"], [], ["linear", "linear"], ["conv1d"]],
    "fasta": ["s.fa", [], {"a": "s.fa"}, {"a": "s.fa", "b": "s.fa"}, "missing.fa", "."],
    "table": [{"file": "t.csv"}, {"file": "missing.csv"}, {"file": []}, "t.csv"],
    "numbers": [{"file": "n.csv"}, {"file": "missing.csv"}, {"file": "n.csv", "columns": ["x"]}],
    "intervals": [{"file": "i.bed"}, {"file": "i.bed", "genome": "missing.fa"}],
    "simulation": [{"placement": "fixed"}, {}],
    "split": [
        {"column": "label"},
        {"column": "label", "values": {"test": ["yes"]}},
        {"values": {"test": ["yes"]}},
        {"test_fraction": 0.3},
        {"test_fraction": 0.3, "folds": 3},
        {"folds": 2},
        {"folds": 99},
        {"train": "s.fa"},
        {"train": "missing.txt", "test": "missing.txt"},
    ],
    "grouping": [{"by": "homology"}, {"groups": "replace"}, {"threshold": 1}, {"by": "family"}],
    "controls": [{"shuffled_input": True}, {"models": ["x"]}, {"learning_curve": [2]}],
    "about": ["x", 1, "\u202e"],
    "unknown_key": [1],
}

SECTIONS = {
    "labels": {
        "order": [["low", "mid", "high"], ["no", "yes"], [1, "1"], ["NA", "x"], [0, 1]],
        "columns": [["label"], ["label", "id"], ["a", "b"], ["label", "label"], ["gc", "length"]],
        "column": ["label", "id", "gc", "lable", "record", "sequence", "chrom", "name", "start"],
        "weight": ["label", "id", "w", "score"],
        "group": ["label", "id", "strand", "missing"],
        "table": ["l.tsv", "missing.tsv", "s.fa", ""],
        "id": ["id", "label", "ID"],
        "header": [
            "(",
            "(?P<label>x)",
            "(?P<label>.)",
            "(?P<label>)",
            "(?P<other>.)",
            r"(?P<label>\w*)",
            "(?P<label>a{99999999999999})",
            "(?P<label>" + "(" * 3000 + ")" * 3001,
        ],
    },
    "intervals": {
        "width": [1, 7, 1000, 10**12, 0],
        "center": ["summit", "middle"],
        "beyond_ends": ["drop", "unknown", "refuse"],
        "negatives": [{}, {"ratio": 0.001}, {"ratio": 100}, {"ratio": 0}, {"ratio": "1"}],
        "genome": ["i.bed", "missing.fa"],
    },
    "table": {
        "sequence": ["id", "label", "sequences", "missing"],
        "id": ["label", "sequence", "missing"],
        "file": ["missing.csv", ["t.csv", "t.csv"], [], {"a": "t.csv", "b": "t.csv"}],
    },
    "numbers": {
        "columns": [["x"], ["x", "x"], ["label"], ["id"], ["missing"], []],
        "id": ["x", "label", "missing"],
        "file": ["missing.csv", ["n.csv", "n.csv"]],
    },
}

MODELS = {
    "conv1d": {"architecture": "conv1d"},
    "conv2d": {"architecture": "conv2d"},
    "averaged": {"architecture": "dense", "reverse_complement": "average"},
    "images": {"architecture": "dense", "representation": {"kind": "chaos_game"}},
    "letters": {"architecture": "dense", "representation": {"kind": "one_hot", "k": 3}},
    "deaf": {"architecture": "linear", "training": {"epochs": 1}},
    "misspelt": {"architecture": "lineal"},
    "own": {"architecture": "missing.py:build"},
    "path": {"architecture": "x" * 400 + ".py:build"},
    "empty": None,
    "with space": {"architecture": "linear"},
    "no k": {"architecture": "linear", "parameters": {"k": 0}},
    "k as text": {"architecture": "linear", "parameters": {"k": "3"}},
}


def places(part: Any, keys: tuple = ()) -> Iterator[tuple]:
    """The keys to every value of a configuration."""
    pairs = part.items() if isinstance(part, dict) else ()
    for key, value in enumerate(part) if isinstance(part, list) else pairs:
        yield (*keys, key)
        yield from places(value, (*keys, key))


def put(configuration: dict, keys: tuple, value: Any) -> dict:
    """A copy with another value at a place."""
    changed = copy.deepcopy(configuration)
    part = changed
    for key in keys[:-1]:
        part = part[key]
    part[keys[-1]] = value
    return changed


def changed_values(
    rng: random.Random, configuration: dict, turn: int
) -> Iterator[tuple[str, dict]]:
    """Configurations in which one value is another: of another type, or of another dataset.

    Of the values that a key may have, each turn takes the next.
    """
    dataset = configuration["datasets"]["d"]
    everywhere = list(places(configuration))
    for value in VALUES[turn % 2 :: 2]:
        keys = rng.choice(everywhere)
        yield f"{'.'.join(map(str, keys))} is {str(value)[:20]!r}", put(configuration, keys, value)
    for key, choices in KEYS.items():
        value = choices[turn % len(choices)]
        yield f"{key}: {str(value)[:60]}", put(configuration, ("datasets", "d", key), value)
    for section, options in SECTIONS.items():
        for key, choices in options.items() if section in dataset else ():
            value, keys = choices[turn % len(choices)], ("datasets", "d", section, key)
            yield f"{section}.{key}: {str(value)[:60]}", put(configuration, keys, value)
    name = list(MODELS)[turn % len(MODELS)]
    yield f"model {name}", put(configuration, ("models", name), MODELS[name])
    keys = rng.choice(everywhere)
    yield f"no {keys}", removed(configuration, keys)


def removed(configuration: dict, keys: tuple) -> dict:
    changed = copy.deepcopy(configuration)
    part = changed
    for key in keys[:-1]:
        part = part[key]
    del part[keys[-1]]
    return changed


def after(line: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(line, line + new, 1)


TEXTS: dict[str, Callable[[str], str]] = {
    "wrong indentation": after("datasets:\n", "   "),
    "tabs": lambda text: text.replace("  ", "\t"),
    "one tab": after("datasets:\n", "\t"),
    "key twice": lambda text: text + text,
    "key of a dataset twice": after("  d:\n", "    task: binary\n"),
    "key twice in two forms": after(
        "models:\n", "  1: {architecture: linear}\n  '1': {architecture: majority}\n"
    ),
    "name YAML reads as truth": after("models:\n", "  yes: {architecture: linear}\n"),
    "name YAML reads as another number": after("models:\n", "  012: {architecture: linear}\n"),
    "name YAML reads as nothing": after("models:\n", "  ~: {architecture: linear}\n"),
    "name that is a date": after("models:\n", "  2020-01-01: {architecture: linear}\n"),
    "name that is a list": after("models:\n", "  ? [a, b]\n  : {architecture: linear}\n"),
    "name that is a section": after("models:\n", "  ? {a: b}\n  : {architecture: linear}\n"),
    "anchor and alias": after(
        "models:\n", "  base: &base {architecture: linear}\n  again: *base\n"
    ),
    "merged keys": after(
        "models:\n",
        "  base: &base {architecture: linear}\n  again:\n    <<: *base\n    parameters: {k: 1}\n",
    ),
    "merged twice": after(
        "models:\n",
        "  base: &base {architecture: linear}\n  again:\n    <<: *base\n    <<: *base\n",
    ),
    "alias without anchor": after("models:\n", "  again: *nothing\n"),
    "section within itself": after("models:\n", "  loop: &loop\n    parameters: *loop\n"),
    "list within itself": after("models:\n", "  loop: &loop [*loop]\n"),
    "tag": after("models:\n", "  x: !!python/object:os.system {}\n"),
    "unknown tag": after("models:\n", "  x: !mine {}\n"),
    "set": after("models:\n", "  x: !!set {a, b}\n"),
    "binary": after("models:\n", "  x: !!binary aGVsbG8=\n"),
    "two documents": lambda text: text + "---\n" + text,
    "end of document": lambda text: text + "...\nrest\n",
    "a list": lambda text: "- " + text.replace("\n", "\n  "),
    "a word": lambda text: "hello\n",
    "nothing": lambda text: "",
    "only a comment": lambda text: "# nothing\n",
    "empty section": lambda text: text + "controls:\n",
    "empty datasets": lambda text: "datasets:\n",
    "empty dataset": lambda text: "datasets:\n  d:\n",
    "no datasets": lambda text: "seed: 1\n",
    "JSON": lambda text: json.dumps(yaml.safe_load(text)),
    "JSON with tabs": lambda text: json.dumps(yaml.safe_load(text), indent="\t"),
    "JSON with tabs and an error": lambda text: json.dumps(
        yaml.safe_load(text) | {"sede": 1}, indent="\t"
    ),
    "JSON with a key twice": lambda text: json.dumps(yaml.safe_load(text))[:-1] + ', "split": {}}',
    "JSON with NaN": lambda text: json.dumps(yaml.safe_load(text) | {"seed": float("nan")}),
    "JSON with a surrogate": lambda text: (
        json.dumps(yaml.safe_load(text))[:-1] + ', "statements": {"tuning": "\\ud800"}}'
    ),
    "YAML with a surrogate": lambda text: text + 'statements: {tuning: "\\ud800"}\n',
    "byte order mark": lambda text: "\ufeff" + text,
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "lone cr": lambda text: text.replace("\n", "\r"),
    "next lines": lambda text: text.replace("\n", "\x85"),
    "cut": lambda text: text[: len(text) // 2],
    "quote not closed": lambda text: text.replace("task: ", 'task: "'),
    "colon missing": lambda text: text.replace("task:", "task"),
    "no blank after the colon": lambda text: text.replace("task: ", "task:"),
    "unknown control letter": lambda text: text + "\x07",
    "template": lambda text: text + "?if True:\n  seed: 2\n",
    "yte": lambda text: "__use_yte__: true\n" + text,
    "yte that fails": lambda text: "__use_yte__: true\nseed: ?1 / 0\n" + text,
    "deep": lambda text: text + "statements: " + "[" * 300 + "]" * 300 + "\n",
    "deeper": lambda text: text + "statements: " + "{a: " * 150 + "1" + "}" * 150 + "\n",
    "deepest": lambda text: text + "statements: " + "[" * 3000 + "]" * 3000 + "\n",
    "long text": lambda text: text + "statements: {tuning: " + "x" * 100_000 + "}\n",
    "misspelt with newlines": lambda text: text + '"a\\nb\\nc\\nd": 1\n',
    "seed by sixty": lambda text: text + "seed: 1:30\n",
    "exponent": lambda text: text + "evaluation: {equivalence: 1e-3}\n",
    "no number": lambda text: text + "evaluation: {equivalence: .nan}\n",
    "huge whole number": lambda text: text + "seed: 1" + "0" * 5000 + "\n",
    "folder": lambda text: text + "data_folder: nowhere\n",
    "folder with nul": lambda text: text + 'data_folder: "a\\0b"\n',
    "long path": lambda text: text + f"data_folder: {'x' * 5000}\n",
}
