"""Each kind of bad input ends in one clear message: what, where, what to do; no traceback."""

import gzip

import pytest

from seqarena.models.devices import visible_cards

from .conftest import TINY_DENSE, copy_workflow, write_records, write_table

pytestmark = pytest.mark.slow


def good(folder, name, n=30):
    """Write a sound dataset to spoil; give its ids and the part of the configuration."""
    ids = write_records(folder, name, n=n)
    write_table(folder, name, [(record, i % 2) for i, record in enumerate(ids)])
    return ids, {
        "task": "binary",
        "fasta": f"{name}.fasta",
        "labels": {"table": f"{name}.tsv"},
        "models": ["majority"],
    }


def replace(folder, file, old, new):
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def empty_fasta(folder, name):
    _, dataset = good(folder, name)
    (folder / f"{name}.fasta").write_text("")
    return dataset, ["empty", f"{name}.fasta"]


def record_without_label(folder, name):
    _, dataset = good(folder, name)
    replace(folder, f"{name}.tsv", f"{name}_7\t1\n", "")
    return dataset, [f"{name}_7", f"{name}.tsv"]


def label_without_record(folder, name):
    _, dataset = good(folder, name)
    replace(folder, f"{name}.tsv", "id\tlabel\n", "id\tlabel\nstranger\t1\n")
    return dataset, ["stranger", f"{name}.tsv"]


def duplicate_id(folder, name):
    _, dataset = good(folder, name)
    replace(folder, f"{name}.fasta", f">{name}_7 ", f">{name}_6 ")
    return dataset, [f"{name}_6", f"{name}.fasta, line 15"]


def illegal_letter(folder, name):
    _, dataset = good(folder, name)
    path = folder / f"{name}.fasta"
    lines = path.read_text().splitlines()
    lines[7] = lines[7][:11] + "Z" + lines[7][12:]
    path.write_text("\n".join(lines))
    return dataset, ["'Z'", "12", f"record {name}_3", "line 8"]


def one_class_only(folder, name):
    ids, dataset = good(folder, name)
    write_table(folder, name, [(record, "yes") for record in ids])
    return dataset, ["one class", "yes"]


def fewer_records_than_folds(folder, name):
    ids, dataset = good(folder, name)
    write_table(
        folder, name, [(record, "rare" if i < 2 else "usual") for i, record in enumerate(ids)]
    )
    return dataset, ["rare", "2", "folds"]


def non_numeric_target(folder, name):
    _, dataset = good(folder, name)
    replace(folder, f"{name}.tsv", f"{name}_7\t1", f"{name}_7\thigh")
    return {**dataset, "task": "regression"}, ["high", f"{name}.tsv", "line 9"]


def nan_label(folder, name):
    _, dataset = good(folder, name)
    replace(folder, f"{name}.tsv", f"{name}_7\t1", f"{name}_7\tnan")
    return {**dataset, "task": "regression"}, ["nan", f"{name}.tsv", "line 9"]


def empty_label(folder, name):
    _, dataset = good(folder, name)
    replace(folder, f"{name}.tsv", f"{name}_7\t1", f"{name}_7\t")
    return dataset, [f"{name}_7", f"{name}.tsv", "line 9"]


def unknown_id_in_split(folder, name):
    ids, dataset = good(folder, name)
    (folder / f"{name}_train.txt").write_text("\n".join([*ids[:20], "stranger"]))
    (folder / f"{name}_test.txt").write_text("\n".join(ids[20:]))
    split = {"train": f"{name}_train.txt", "test": f"{name}_test.txt"}
    return {**dataset, "split": split}, ["stranger", f"{name}_train.txt", "line 21"]


def id_in_two_roles(folder, name):
    ids, dataset = good(folder, name)
    (folder / f"{name}_train.txt").write_text("\n".join(ids[:21]))
    (folder / f"{name}_test.txt").write_text("\n".join(ids[20:]))
    split = {"train": f"{name}_train.txt", "test": f"{name}_test.txt"}
    return {**dataset, "split": split}, [f"{name}_20", f"{name}_train.txt", f"{name}_test.txt"]


def missing_column(folder, name):
    _, dataset = good(folder, name)
    labels = {"table": f"{name}.tsv", "column": "lable"}
    return {**dataset, "labels": labels}, ["lable", "label", f"{name}.tsv"]


def truncated_gzip(folder, name):
    _, dataset = good(folder, name)
    whole = gzip.compress((folder / f"{name}.fasta").read_bytes())
    (folder / f"{name}.fasta").write_bytes(whole[: len(whole) // 2])
    return dataset, [f"{name}.fasta", "gzip"]


def letters_of_a_gap(folder, name):
    _, dataset = good(folder, name)
    path = folder / f"{name}.fasta"
    lines = path.read_text().splitlines()
    lines[7] = lines[7][:11] + "--" + lines[7][13:]
    path.write_text("\n".join(lines))
    return dataset, ["'-'", "12", f"record {name}_3", "line 8", "gaps: remove"]


def bad_cell_of_a_label(folder, name):
    ids, dataset = good(folder, name)
    rows = [f"{record}\t{i % 2}\t{i % 3 % 2}" for i, record in enumerate(ids)]
    rows[5] = f"{ids[5]}\t1\tperhaps"
    (folder / f"{name}.tsv").write_text("\n".join(["id\ta\tb", *rows]))
    labels = {"table": f"{name}.tsv", "columns": ["a", "b"]}
    spoilt = {**dataset, "task": "multilabel", "labels": labels}
    return spoilt, ["perhaps", f"{name}_5", f"{name}.tsv, line 7"]


def word_that_is_not_listed(folder, name):
    rows = [f"wet cold,{i % 2}" for i in range(30)]
    rows[4] = "wet clod,0"
    (folder / f"{name}.csv").write_text("\n".join(["sequence,label", *rows]))
    return {
        "task": "binary",
        "alphabet": {"words": ["wet", "cold"]},
        "table": {"file": f"{name}.csv"},
        "models": ["majority"],
    }, ["'clod'", "did you mean 'cold'", f"{name}.csv, line 6", "row_05"]


def interval_beyond_its_chromosome(folder, name):
    (folder / f"{name}.fa").write_text(">chr1\n" + "ACGT" * 25 + "\n")
    lines = [f"chr1\t{i}\t{i + 20}\t{'ab'[i % 2]}" for i in range(30)]
    lines[6] = "chr1\t90\t110\ta"
    (folder / f"{name}.bed").write_text("\n".join(lines))
    return {
        "task": "binary",
        "intervals": {"file": f"{name}.bed", "genome": f"{name}.fa"},
        "labels": {"column": "name"},
        "models": ["majority"],
    }, ["90 to 110", "100 letters", f"{name}.bed, line 7", "beyond_ends"]


def number_that_is_text(folder, name):
    rows = [f"{i / 4},{i * 7 % 5},{i % 2}" for i in range(30)]
    rows[8] = "2.0,many,0"
    (folder / f"{name}.csv").write_text("\n".join(["x,y,label", *rows]))
    return {"task": "binary", "numbers": {"file": f"{name}.csv"}, "models": ["majority"]}, [
        "'many'",
        "column 'y'",
        f"{name}.csv, line 10",
    ]


SPOILED = (
    empty_fasta,
    record_without_label,
    label_without_record,
    duplicate_id,
    illegal_letter,
    one_class_only,
    fewer_records_than_folds,
    non_numeric_target,
    nan_label,
    empty_label,
    unknown_id_in_split,
    id_in_two_roles,
    missing_column,
    truncated_gzip,
    letters_of_a_gap,
    bad_cell_of_a_label,
    word_that_is_not_listed,
    interval_beyond_its_chromosome,
    number_that_is_text,
)


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory):
    """One run over all spoiled datasets: each fails by itself, the others go on."""
    folder = tmp_path_factory.mktemp("spoiled")
    workflow = copy_workflow(folder)
    cases = {spoil.__name__: spoil(folder, spoil.__name__) for spoil in SPOILED}
    configuration = {
        "datasets": {name: dataset for name, (dataset, _) in cases.items()},
        "models": {"majority": {"architecture": "majority"}},
    }
    status, output = workflow.run("--until", "split_records", configuration=configuration)
    return workflow, cases, status, output


@pytest.mark.parametrize("name", [spoil.__name__ for spoil in SPOILED])
def test_one_clear_message(spoiled, name):
    workflow, cases, status, output = spoiled
    assert status != 0
    logs = [path.read_text() for path in (workflow.folder / "logs" / name).glob("*.log")]
    message = next(text for text in logs if text)
    assert message.startswith("Error: ") and "Traceback" not in message
    assert "what to do: " in message
    for words in cases[name][1]:
        assert words in message
    first_line = message.splitlines()[0]
    assert output.count(first_line) == 1
    results = workflow.folder / "results" / name
    assert not list(results.glob("splits/splits.parquet"))


def test_no_traceback_on_the_terminal(spoiled):
    assert "Traceback" not in spoiled[3]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"split": {"flods": 4}}, ["flods", "did you mean `folds`", "test.yaml, line"]),
        ({"models": {"majority": {"architecture": "mayority"}}}, ["did you mean `majority`"]),
        (
            {"models": {"dense": {**TINY_DENSE, "training": {"learning_rate": "1e-3"}}}},
            ["learning_rate", "1.0e-3"],
        ),
        ({"datasets": {"d": {"task": "binary", "fasta": "recrods.fasta"}}}, ["labels"]),
    ],
)
def test_a_wrong_configuration_ends_before_any_work(workflow, change, words):
    _, dataset = good(workflow.folder, "d")
    configuration = {"datasets": {"d": dataset | {"models": ["majority"]}}, **change}
    if "models" in change:
        configuration["datasets"]["d"].pop("models")
    status, output = workflow.run(configuration=configuration)
    assert status != 0 and "Traceback" not in output
    assert all(word in output for word in words), output
    assert not (workflow.folder / "results").exists()


def test_a_missing_file_is_named_with_the_nearest(workflow):
    _, dataset = good(workflow.folder, "records")
    dataset["fasta"] = "recrods.fasta"
    status, output = workflow.run(
        configuration={"datasets": {"d": dataset | {"models": ["linear"]}}}
    )
    assert status != 0 and "Traceback" not in output
    assert "recrods.fasta" in output and "did you mean `records.fasta`" in output


def test_a_failing_builder_is_named_with_its_line(workflow):
    _, dataset = good(workflow.folder, "d")
    (workflow.folder / "fails.py").write_text("def build(inputs):\n    return 1 / 0\n")
    (workflow.folder / "empty.py").write_text("")
    configuration = {
        "device": "cpu",
        "split": {"folds": 3},
        "datasets": {"d": {**dataset, "models": ["fails", "empty"]}},
        "models": {
            "fails": {"architecture": "fails.py:build"},
            "empty": {"architecture": "empty.py:build"},
        },
    }
    status, output = workflow.run("--until", "train_network", configuration=configuration)
    assert status != 0 and "Traceback" not in output
    logs = workflow.folder / "logs/d"
    fails = (logs / "fails/repeat1.log").read_text()
    assert "ZeroDivisionError" in fails and "fails.py, line 2" in fails
    assert "build" in (logs / "empty/repeat1.log").read_text()
    assert not (workflow.folder / "results/d/runs/fails/repeat1/run.json").exists()


@pytest.mark.skipif(bool(visible_cards()), reason="there is a GPU here, so asking for it is sound")
def test_asking_for_a_gpu_where_there_is_none(workflow):
    _, dataset = good(workflow.folder, "d")
    configuration = {
        "device": "gpu",
        "split": {"folds": 3},
        "datasets": {"d": {**dataset, "models": ["dense"]}},
        "models": {"dense": TINY_DENSE},
    }
    status, output = workflow.run("--until", "train_network", configuration=configuration)
    assert status != 0
    assert "device: gpu" in output and "what to do: " in output and "Traceback" not in output
    assert not (workflow.folder / "results").exists(), "work was done before it was refused"

    status, output = workflow.run(
        "--until", "train_network", "--resources", "gpu=0", configuration=configuration
    )
    assert status == 0, output


def test_a_full_disk_leaves_nothing_half_written(workflow):
    """A limit on the size of files stands in for a disk that is full."""
    _, dataset = good(workflow.folder, "d", n=6000)
    configuration = {"datasets": {"d": dataset}}
    running = workflow.start(
        "--until",
        "prepare_dataset",
        configuration=configuration,
        launcher=("bash", "-c", 'ulimit -f 100 && exec "$@"', "--"),
    )
    output, _ = running.communicate(timeout=300)
    assert running.returncode != 0
    log = (workflow.folder / "logs/d/prepare_dataset.log").read_text()
    assert "what to do" in log and "Traceback" not in log
    data = workflow.folder / "results/d/data"
    assert not data.exists() or not list(data.iterdir())

    status, output = workflow.run("--until", "prepare_dataset", configuration=configuration)
    assert status == 0, output
