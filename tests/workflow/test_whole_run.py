"""The workflow from FASTA to a report, and what it does when it runs again."""

import json
import time
import zipfile

import pandas as pd
import psutil
import pytest

pytestmark = pytest.mark.slow


def test_default_configuration_plans_every_rule(workflow):
    planned = workflow.planned()
    assert {"simulate_dataset", "prepare_dataset", "group_records", "split_records"} <= planned
    assert {"train_baseline", "train_network", "evaluate_models", "write_report"} <= planned
    assert {"audit_leakage", "train_control_baseline", "calibrate_models"} <= planned
    assert "train_control_network" not in planned  # dear, so only on demand


def test_results_follow_the_contract(finished):
    results = finished.folder / "results"
    run = results / "simulated/runs/conv1d/repeat2"
    predictions = pd.read_parquet(run / "predictions.parquet")
    columns = "record repeat fold role target truth prediction"
    assert list(predictions) == columns.split()
    tested = predictions[predictions["role"] == "test"]
    assert sorted(tested["record"]) == sorted(set(tested["record"])) and len(tested) == 90
    models = sorted(path.name for path in (run / "folds").glob("fold*"))
    assert models == ["fold0.keras", "fold1.keras", "fold2.keras"]
    info = json.loads((run / "run.json").read_text())
    assert info["device"] == "cpu" and info["threads"] == 1 and len(info["folds"]) == 3
    metrics = pd.read_csv(results / "classes/metrics.tsv", sep="\t")
    pooled = metrics.query("repeat == 'all' and role == 'test' and metric == 'accuracy'").set_index(
        "model"
    )
    assert pooled.loc["own", "n"] == 180
    assert pooled.loc["own", "low"] <= pooled.loc["own", "value"] <= pooled.loc["own", "high"]


def content(workflow, *parts):
    return json.loads(workflow.folder.joinpath("results", *parts).read_text())


def test_grouping_by_homology_writes_its_threshold_down(finished):
    grouping = content(finished, "simulated/splits/grouping.json")
    assert grouping["by"] == "homology" and grouping["threshold"] >= 8
    assert content(finished, "locked/splits/grouping.json")["by"] == "sequence"
    assert content(finished, "chromosomes/splits/grouping.json")["groups"] == "replace"
    report = (finished.folder / "results/report.html").read_text()
    assert f"Smith-Waterman score of {grouping['threshold']} or more" in report


def test_a_locked_test_set_is_the_same_in_all_repeats(finished):
    splits = pd.read_parquet(finished.folder / "results/locked/splits/splits.parquet")
    tested = splits[splits["role"] == "test"].groupby("repeat")["record"].apply(set)
    assert tested[1] == tested[2] and 0.2 * 80 < len(tested[1]) < 0.4 * 80


def test_the_audit_finds_the_copies_in_a_split_by_chromosome(finished):
    audit = content(finished, "chromosomes/splits/leakage.json")
    assert audit["verdict"] == "leaks" and audit["kinds"]["copy"]["records"] == 3
    assert content(finished, "simulated/splits/leakage.json")["kinds"]["copy"]["records"] == 0
    leaked = pd.read_csv(finished.folder / "results/chromosomes/splits/leakage.tsv", sep="\t")
    assert set(leaked.loc[leaked["kind"] == "copy", "record"]) == {
        "chromosomes_2", "chromosomes_5", "chromosomes_8"
    }  # fmt: skip
    similarity = pd.read_csv(finished.folder / "results/chromosomes/similarity.tsv", sep="\t")
    n = similarity.groupby("subset")["n"].first()
    assert n["all"] == n["leaked"] + n["without leaked"] == 20


def test_controls_are_trained_and_judged(finished):
    results = finished.folder / "results"
    controls = pd.read_csv(results / "classes/controls.tsv", sep="\t")
    assert set(controls["control"]) == {"permuted labels", "shuffled input"}
    assert set(controls["model"]) == {"linear"}
    seeds = pd.read_csv(results / "simulated/seeds.tsv", sep="\t").set_index("model")
    assert list(seeds["n_seeds"]) == [2, 2] and seeds.loc["dense", "sd"] > 0
    curve = pd.read_csv(results / "simulated/learning_curve.tsv", sep="\t")
    assert set(zip(curve["model"], curve["fraction"], strict=True)) == {
        (model, fraction) for model in ("linear", "dense") for fraction in (0.5, 1.0)
    }
    assert len(pd.read_csv(results / "locked/controls.tsv", sep="\t")) == 0


def test_the_method_of_the_comparison_follows_the_split(finished):
    methods = {
        name: set(
            pd.read_csv(finished.folder / f"results/{name}/comparison.tsv", sep="\t")["method"]
        )
        for name in ("simulated", "classes", "chromosomes")
    }
    assert methods == {
        "simulated": {"corrected t"},
        "classes": {"group bootstrap"},
        "chromosomes": {"cluster-robust DeLong"},
    }


def test_five_datasets_are_compared_by_ranks(finished):
    across = content(finished, "across/across.json")
    assert len(across["datasets"]) == 5 and set(across["models"]) == {"majority", "linear"}
    assert (finished.folder / "results/across/critical_difference.svg").is_file()


def test_the_report_for_machines_says_the_same(finished):
    report = content(finished, "report.json")
    names = [dataset["name"] for dataset in report["datasets"]]
    assert names == ["chromosomes", "classes", "locked", "numbers", "simulated"]
    html = (finished.folder / "results/report.html").read_text()
    assert "Is this test honest?" in html
    assert "3 of 20 test records" in html and "3 of 20 test records" in json.dumps(report)


def test_padding_and_cropping_are_counted(finished):
    summary = json.loads((finished.folder / "results/classes/data/summary.json").read_text())
    counted = {entry["what"]: entry["count"] for entry in summary["changes"]}
    assert (
        counted["letters of padding added to bring 30 records to 40 letters, at both ends"] == 300
    )
    assert counted["letters cut off to bring 30 records to 40 letters, at both ends"] == 300


def test_the_report_is_one_file_with_every_dataset(finished):
    html = (finished.folder / "results/report.html").read_text()
    for name in ("simulated", "classes", "numbers"):
        assert name in html
    for source in ('src="http', 'href="http', "url(http", "@import"):
        assert source not in html


def test_training_tells_its_progress_on_the_terminal(finished):
    assert "conv1d: fold 1/3, epoch" in finished.output


def test_no_resume_state_is_left(finished):
    assert not list((finished.folder / "results").glob("**/resume"))
    assert not list((finished.folder / "results").glob("**/.*.????????"))


def test_a_second_run_has_nothing_to_do(finished, tiny_configuration):
    assert finished.planned(configuration=tiny_configuration) == set()


def test_a_changed_epoch_count_reruns_training_and_what_follows(rerun, tiny_configuration):
    dense = tiny_configuration["models"]["dense"]
    changed = {**dense, "training": {**dense["training"], "epochs": 3}}
    models = {**tiny_configuration["models"], "dense": changed}
    planned = rerun.planned(configuration={**tiny_configuration, "models": models})
    assert {"train_network", "evaluate_models", "write_report"} <= planned
    untouched = {"simulate_dataset", "prepare_dataset", "group_records", "split_records"}
    assert not planned & (untouched | {"train_baseline", "audit_leakage"})


def test_an_edited_library_module_reruns_what_depends_on_it(rerun, tiny_configuration):
    module = rerun.folder / "scripts/seqarena/evaluation/diagnosis.py"
    module.write_text(module.read_text() + "\n# edited\n")
    planned = rerun.planned(configuration=tiny_configuration)
    assert {"diagnose_models", "plot_curves", "write_report"} <= planned
    assert not planned & {"train_network", "train_baseline", "evaluate_models", "split_records"}


def test_an_edited_builder_trains_again(rerun, tiny_configuration):
    builder = rerun.folder / "builder.py"
    builder.write_text(builder.read_text() + "\n# edited\n")
    planned = rerun.planned(configuration=tiny_configuration)
    assert "train_network" in planned and "train_baseline" not in planned


def predictions_of(workflow, *parts):
    path = workflow.folder.joinpath("results", *parts, "predictions.parquet")
    return pd.read_parquet(path)


def test_same_seed_gives_identical_predictions(finished, rerun, tiny_configuration):
    run = ("simulated", "runs", "conv1d", "repeat1")
    target = "results/" + "/".join(run) + "/predictions.parquet"
    status, output = rerun.run(
        "--forcerun", "train_network", "--", target, configuration=tiny_configuration
    )
    assert status == 0, output
    pd.testing.assert_frame_equal(predictions_of(rerun, *run), predictions_of(finished, *run))


def test_a_killed_training_leaves_nothing_half_written_and_goes_on(
    finished, rerun, tiny_configuration
):
    run = ("simulated", "runs", "conv1d", "repeat1")
    target = "results/" + "/".join(run) + "/predictions.parquet"
    resume = rerun.folder / "results/simulated/resume/conv1d/repeat1"
    process = rerun.start(
        "--forcerun", "train_network", "--", target, configuration=tiny_configuration
    )
    deadline = time.monotonic() + 300
    while not (resume / "fold0").is_dir() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    kill_training(rerun, "train_network.py")
    process.communicate(timeout=900)
    assert process.returncode != 0
    assert not (rerun.folder / target).exists()

    status, output = rerun.run("--", target, configuration=tiny_configuration)
    assert status == 0, output
    pd.testing.assert_frame_equal(predictions_of(rerun, *run), predictions_of(finished, *run))
    info = json.loads((rerun.folder / target).with_name("run.json").read_text())
    assert info["folds"][0]["resumed"]


def kill_training(workflow, script):
    """Kill the training processes of a workflow's folder, as a lack of memory would."""
    for process in psutil.process_iter(["cmdline", "cwd"]):
        here = process.info["cwd"] == str(workflow.folder)
        if here and any(script in word for word in process.info["cmdline"] or []):
            process.kill()


def test_both_kinds_of_snakemake_report(rerun, tiny_configuration):
    for name in ("report.html", "report.zip"):
        status, output = rerun.run("--report", name, configuration=tiny_configuration)
        assert status == 0, output
    html = (rerun.folder / "report.html").read_text()
    assert "loss curve" in html and "simulated" in html
    with zipfile.ZipFile(rerun.folder / "report.zip") as archive:
        assert any(name.endswith(".svg") for name in archive.namelist())
