"""What configuration.py accepts, fills in and refuses."""

import inspect
import json
import re

import pytest
import yaml

from seqarena.configuration import complete_config
from seqarena.errors import InputError
from seqarena.input_paths import resolve_paths
from seqarena.statement_keys import STATEMENT_KEYS

from .conftest import ROOT

SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
DATASET = {"task": "binary", "fasta": "records.fasta", "labels": {"table": "labels.tsv"}}
SIMULATED = {"task": "binary", "simulation": {"placement": "fixed"}}


def complete(**changes):
    return complete_config({"datasets": {"d": DATASET}} | changes, SCHEMA)


def message(**changes):
    with pytest.raises(InputError) as error:
        complete(**changes)
    return str(error.value)


def test_five_lines_are_enough():
    config = complete()
    dataset = config["datasets"]["d"]
    assert list(config["models"]) == ["majority", "composition", "linear", "dense", "conv1d"]
    assert dataset["models"] == list(config["models"])
    assert dataset["split"] == {"folds": 5, "repeats": 2, "rare_classes": "refuse"}
    assert dataset["grouping"]["by"] == "homology"
    assert dataset["controls"]["permuted_labels"] and dataset["controls"]["models"] is None
    assert dataset["primary_metric"] == "auroc"
    assert config["models"]["conv1d"]["training"]["learning_rate"] == 1e-3
    assert "training" not in config["models"]["linear"]


def test_a_dataset_may_group_in_its_own_way():
    config = complete(
        grouping={"threshold": 30},
        datasets={"d": DATASET, "e": {**DATASET, "grouping": {"by": "sequence"}}},
    )
    general = {"by": "homology", "threshold": 30, "search": "built-in", "groups": "join"}
    assert config["datasets"]["d"]["grouping"] == general
    assert config["datasets"]["e"]["grouping"] == general | {"by": "sequence"}


def test_a_dataset_may_have_controls_of_its_own():
    config = complete(
        controls={"seeds": 3},
        datasets={"d": DATASET, "e": {**DATASET, "controls": {"permuted_labels": False}}},
    )
    assert config["datasets"]["d"]["controls"]["seeds"] == 3
    assert not config["datasets"]["e"]["controls"]["permuted_labels"]
    assert config["datasets"]["e"]["controls"]["seeds"] == 3


def test_what_is_given_is_kept():
    model = {"architecture": "conv1d", "parameters": {"filters": [8]}, "training": {"epochs": 3}}
    config = complete(models={"small": model}, split={"folds": 7})
    assert config["models"]["small"]["parameters"]["filters"] == [8]
    assert config["models"]["small"]["training"]["epochs"] == 3
    assert config["datasets"]["d"]["split"]["folds"] == 7


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sede": 1}, ["unknown key `sede`", "did you mean `seed`"]),
        ({"seed": "one"}, ["`seed`", '"one"', "whole number"]),
        ({"seed": -1}, ["`seed`", "-1"]),
        ({"datasets": {}}, ["`datasets`"]),
        ({"datasets": {"a b": DATASET}}, ["a b", "Letters, digits"]),
        ({"split": {"folds": 2}}, ["split.folds", "2", "3"]),
        ({"datasets": {"across": DATASET}}, ["results/across", "another name"]),
        ({"device": "cuda"}, ["device", "cuda", "gpu"]),
        ({"evaluation": {"bootstrap": 10}}, ["evaluation.bootstrap"]),
        ({"split": {"train": "a.txt"}}, ["only train", "`test`"]),
        ({"split": {"train": "a", "test": "b", "column": "c"}}, ["not both"]),
        ({"split": {"folds": 5, "test_fraction": 0.2}}, ["folds or one locked test set"]),
        ({"split": {"column": "c", "test_fraction": 0.2}}, ["`test_fraction` has no meaning"]),
        ({"split": {"column": "c", "rare_classes": "train"}}, ["`rare_classes` has no meaning"]),
        ({"split": {"values": {"test": ["chr1"]}}}, ["none is named", "`column`"]),
        (
            {"split": {"column": "c", "values": {"test": [1, 2], "validation": ["1"]}}},
            ["1 can't be both test and validation"],
        ),
        ({"grouping": {"groups": "replace"}}, ["no groups of its own", "`labels.group`"]),
        ({"controls": {"models": ["lineer"]}}, ["did you mean `linear`"]),
        (
            {"datasets": {"d": {**DATASET, "controls": {"models": ["x"]}}}},
            ['there is no model "x"'],
        ),
        ({"datasets": {"d": {**DATASET, "primary_metric": "rmse"}}}, ["rmse", "binary"]),
        ({"datasets": {"d": {**DATASET, "models": ["conv2d"]}}}, ["did you mean `conv1d`"]),
        ({"datasets": {"d": {"task": "binary"}}}, ["needs one source", "`fasta`"]),
        ({"datasets": {"d": {"task": "binary", "fasta": "x.fa"}}}, ["where the labels"]),
        ({"datasets": {"d": {**DATASET, "task": "multiclass", "positive": "1"}}}, ["positive"]),
        ({"datasets": {"d": {**DATASET, "fasta": {"a": "x", "b": "y"}}}}, ["label themselves"]),
        (
            {"datasets": {"d": {**DATASET, "split": {"folds": 5, "column": "c"}}}},
            ["`folds` has no meaning"],
        ),
        (
            {"models": {"m": {"architecture": "linear", "training": {"epochs": 3}}}},
            ["baseline", "remove `training`"],
        ),
        ({"models": {"m": {"architecture": "conv1d", "parameters": {"filter": [3]}}}}, ["filters"]),
        ({"models": {"m": {"architecture": "resnet"}}}, ["resnet", "path/to/file.py:function"]),
        ({"models": {"m": {"architecture": "b.py:"}}}, ["b.py:", "path/to/file.py:function"]),
        ({"models": None}, ["`models` is empty", "a section of keys"]),
        ({"datasets": {"d": {"task": "binary", "fasta": {"a": "x"}}}}, ["two classes or more"]),
        ({"datasets": {"d": {**DATASET, "positive": True}}}, ["True", "write it in quotes"]),
        ({"datasets": {"d": {**DATASET, "about": 3}}}, ["write it in quotes"]),
        ({"split": {"folds": "5"}}, ["without quotes", "not nested in --config"]),
        ({"evaluation": {"equivalence": float("nan")}}, ["equivalence` is nan", "finite"]),
        (
            {"datasets": {"d": {**DATASET, "labels": {"table": "t", "header": "h"}}}},
            ["a table or from headers, not both"],
        ),
        (
            {"datasets": {"d": {**DATASET, "split": {"folds": 5, "validation_fraction": 0.2}}}},
            ["no use beside folds"],
        ),
        (
            {"datasets": {"d": {**DATASET, "split": {"validation_fraction": 0.2}}}},
            ["no use beside folds"],
        ),
        (
            {"datasets": {"d": SIMULATED}, "split": {"column": "set"}},
            ["a simulation has no column `set`"],
        ),
        ({"datasets": {"d": {**SIMULATED, "task": "regression"}}}, ["is made for the task binary"]),
        (
            {
                "datasets": {"d": {**DATASET, "alphabet": "rna"}},
                "models": {"m": {"architecture": "linear", "parameters": {"both_strands": True}}},
            },
            ["`m` can't compete on `d`", "only DNA has one"],
        ),
        (
            {
                "datasets": {"d": {**DATASET, "both_strands": False}},
                "models": {"m": {"architecture": "conv1d", "reverse_complement": "average"}},
            },
            ["`m` can't compete on `d`", "only one strand is meant"],
        ),
        (
            {
                "datasets": {"d": {"task": "binary", "numbers": {"file": "n.csv"}}},
                "models": {"m": {"architecture": "conv1d"}},
            },
            ["`numbers` has none"],
        ),
        ({"datasets": {"d": {**DATASET, "task": "multilabel"}}}, ["a column a label"]),
        (
            {"datasets": {"d": {**DATASET, "labels": {"table": "t", "order": ["a", "b"]}}}},
            ["set `task: regression`"],
        ),
        ({"datasets": {"d": {**DATASET, "alphabet": "rna", "both_strands": True}}}, ["no second"]),
        (
            {"datasets": {"d": {**DATASET, "alphabet": {"words": ["a", "b"]}}}},
            ["not words", "by `table`"],
        ),
    ],
)
def test_one_sentence_says_what_is_wrong(changes, words):
    text = message(**changes)
    assert all(word in text for word in words), text
    assert "what to do: " in text


def test_a_number_read_as_text_is_explained():
    given = yaml.safe_load("{architecture: dense, training: {learning_rate: 1e-3}}")
    assert "1.0e-3" in message(models={"dense": given})


@pytest.mark.parametrize("names", ["{yes: a, no: b}", "{null: a, b: b}", "{1.5: a, b: b}"])
def test_names_that_yaml_misreads_are_refused(names):
    dataset = {"task": "binary", "fasta": yaml.safe_load(names)}
    text = message(datasets={"d": dataset})
    assert "YAML reads a name in `datasets.d.fasta` as" in text
    assert "in quotes" in text


def test_whole_numbers_are_read_as_they_are_meant():
    weights = {0: 1, 1: 2}
    config = complete(
        seed=2.0,
        models={"m": {"architecture": "dense", "training": {"class_weights": weights}}},
        datasets={"d": {"task": "binary", "fasta": {0: "a", 1: "b"}, "length": {"to": 40.0}}},
    )
    assert config["datasets"]["d"]["fasta"] == {"0": "a", "1": "b"}
    assert config["models"]["m"]["training"]["class_weights"] == {"0": 1, "1": 2}
    assert isinstance(config["seed"], int)
    assert isinstance(config["datasets"]["d"]["length"]["to"], int)


def test_a_key_that_stands_twice_is_refused(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text("datasets:\n  d: {task: binary}\n  d: {task: multiclass}\n")
    with pytest.raises(InputError, match=r"`datasets\.d` stands in lines 2 and 3"):
        complete_config(yaml.safe_load(path.read_text()), SCHEMA, [path])


@pytest.mark.parametrize(
    ("own", "general"),
    [
        ({"column": "set"}, {"train": "a", "test": "b"}),
        ({"train": "a", "test": "b"}, {"column": "set"}),
        ({"folds": 3}, {"column": "set", "repeats": 2}),
        ({"folds": 3}, {"test_fraction": 0.2}),
        ({"test_fraction": 0.2}, {"column": "set", "values": {"test": ["a"]}}),
        ({"column": "set"}, {"test_fraction": 0.2}),
        ({"column": "set", "values": {"test": ["a"]}}, {"folds": 4}),
    ],
)
def test_one_kind_of_split_replaces_the_other(own, general):
    config = complete(datasets={"d": {**DATASET, "split": own}}, split=general)
    others = {"repeats", "validation_fraction", "rare_classes"}
    sources = set(config["datasets"]["d"]["split"]) - others
    assert sources == set(own)
    assert config["datasets"]["d"]["split"]["repeats"] == general.get("repeats", 2)


def test_the_line_of_the_file_is_named(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text("seed: 2\ndatasets:\n  d:\n    task: binary\n    fsta: x.fasta\n")
    with pytest.raises(InputError, match=r"my\.yaml, line 5"):
        complete_config(yaml.safe_load(path.read_text()), SCHEMA, [path])


def test_all_problems_are_named():
    text = message(sede=1, device="cuda")
    assert "sede" in text and "cuda" in text


def test_paths_start_from_the_data_folder(tmp_path):
    for name in ("records.fasta", "labels.tsv"):
        (tmp_path / name).touch()
    config = complete(data_folder=str(tmp_path))
    resolve_paths(config)
    assert config["datasets"]["d"]["fasta"] == [str(tmp_path / "records.fasta")]
    assert config["datasets"]["d"]["labels"]["table"] == str(tmp_path / "labels.tsv")


def test_paths_of_a_cloud_are_not_looked_for_here():
    config = complete(data_folder="bucket")
    resolve_paths(config, must_exist=False)
    assert config["datasets"]["d"]["fasta"] == ["bucket/records.fasta"]


def test_a_missing_file_suggests_the_nearest(tmp_path):
    (tmp_path / "record.fasta").touch()
    with pytest.raises(InputError, match=r"did you mean `.*record\.fasta`"):
        resolve_paths(complete(data_folder=str(tmp_path)))


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        ({"table": {"file": "missing.csv"}}, "table.file"),
        ({"numbers": {"file": ["missing.csv"]}}, "numbers.file"),
        ({"intervals": {"file": "missing.bed", "genome": "g.fa"}}, "intervals.file"),
    ],
)
def test_a_missing_file_of_any_source_is_named_with_its_line(tmp_path, source, keys):
    dataset = {"task": "binary", "labels": {"column": "name"}, "models": ["majority"], **source}
    file = tmp_path / "my.yaml"
    file.write_text(yaml.safe_dump({"data_folder": str(tmp_path), "datasets": {"d": dataset}}))
    config = complete_config(yaml.safe_load(file.read_text()), SCHEMA, [file])
    with pytest.raises(InputError) as error:
        resolve_paths(config, [file])
    assert f"`datasets.d.{keys}` names" in str(error.value)
    assert "my.yaml, line " in str(error.value)


def test_a_path_that_no_file_can_have_is_refused_in_words():
    with pytest.raises(InputError, match="too long") as error:
        resolve_paths(complete(datasets={"d": DATASET | {"fasta": "x" * 3000}}))
    assert max(map(len, str(error.value).split("\n"))) < 400


def test_a_name_that_yaml_would_write_in_another_way_is_refused(tmp_path):
    file = tmp_path / "my.yaml"
    for name, read in (("012", 10), ("1_000", 1000), ("1:30", 90), ("0x1F", 31)):
        text = f"datasets:\n  d: {{task: binary, fasta: {{{name}: a.fa, other: b.fa}}}}\n"
        file.write_text(text)
        with pytest.raises(InputError, match=f"YAML reads the name {name} as {read}"):
            complete_config(yaml.safe_load(text), SCHEMA, [file])
    file.write_text("datasets:\n  d: {task: binary, fasta: {0: a.fa, 12: b.fa}}\n")
    config = complete_config(yaml.safe_load(file.read_text()), SCHEMA, [file])
    assert list(config["datasets"]["d"]["fasta"]) == ["0", "12"]


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        ({"fasta": {"a": "a.fa", "a ": "b.fa"}}, "differ in blanks only"),
        ({"fasta": {"a": "a.fa", "": "b.fa"}}, "a class has no name"),
        (
            {"task": "regression", "fasta": "a.fa", "labels": {"table": "t", "order": [1, "1"]}},
            "two places in the order",
        ),
        ({"table": {"file": "t.csv"}, "labels": {"column": "sequence"}}, "the sequence itself"),
    ],
)
def test_what_would_join_classes_or_give_the_answer_away_is_refused(dataset, words):
    assert words in message(datasets={"d": {"task": "binary"} | dataset})


def test_a_section_within_itself_is_refused():
    loop = []
    loop.append(loop)
    assert "nested more than" in message(models={"loop": loop})


def test_aliases_of_aliases_are_refused_before_they_fill_the_memory():
    many = ["x"] * 10
    for _ in range(9):
        many = [many] * 10
    assert "more than 1,000,000 values" in message(models={"many": many})


def test_json_with_tabs_is_read_like_yaml(tmp_path):
    file = tmp_path / "my.json"
    file.write_text(json.dumps({"datasets": {"d": DATASET}, "sede": 1}, indent="\t"))
    with pytest.raises(InputError, match=r"unknown key `sede`") as error:
        complete_config(json.loads(file.read_text()), SCHEMA, [file])
    assert "line 11" in str(error.value)


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "records.fasta").mkdir()
    with pytest.raises(InputError, match="which is a folder"):
        resolve_paths(complete(data_folder=str(tmp_path)))


def test_a_missing_builder_is_not_looked_for_among_data():
    own = {"architecture": "missing.py:build"}
    with pytest.raises(InputError, match="start from the folder in which you run"):
        resolve_paths(complete(models={"own": own}, datasets={"d": SIMULATED}))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "config").rglob("*.yaml")), ids=lambda path: path.stem
)
def test_shipped_configurations_are_sound(path):
    complete_config(yaml.safe_load(path.read_text()), SCHEMA, [path])


def keys_of(schema):
    """Name every key that the schema knows, at any depth."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from keys_of(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from keys_of(part)


def test_every_key_is_documented():
    text = (ROOT / "config/README.md").read_text()
    documented = set(re.findall(r"`(\w+)`", text))
    assert set(keys_of(SCHEMA)) <= documented


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", SCHEMA["$defs"]["networks"])
def test_schema_and_builders_have_the_same_parameters(name):
    from seqarena.models import architectures

    builder = architectures.REGISTRY[name]
    parameters = list(inspect.signature(builder).parameters.values())[1:]
    parameters = [parameter for parameter in parameters if parameter.name != "mask"]
    properties = SCHEMA["$defs"]["networks"][name]["properties"]
    assert set(properties) == {parameter.name for parameter in parameters}
    for parameter in parameters:
        default = parameter.default
        default = list(default) if isinstance(default, tuple) else default
        assert properties[parameter.name]["default"] == default


@pytest.mark.tensorflow
def test_schema_and_training_have_the_same_settings():
    from seqarena.models.settings import Settings

    properties = SCHEMA["$defs"]["training"]["properties"]
    assert {key: spec["default"] for key, spec in properties.items()} == Settings().as_dict()


def test_schema_and_report_know_the_same_statements():
    properties = SCHEMA["properties"]["statements"]["properties"]
    assert list(properties) == list(STATEMENT_KEYS)
