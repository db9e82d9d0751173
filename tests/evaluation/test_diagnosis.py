"""Verdicts on loss curves made up to be of each kind."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import diagnose_models
from seqarena.evaluation.diagnosis import diagnose

REFERENCE = 0.693
ITSELF, RAN_OUT = "no better loss for 10 epochs", "all epochs trained"


def tables(train, validation, folds=5, stop_reason=ITSELF, reference=REFERENCE, area=0.8):
    """Give history, runs and metrics of one model whose folds have (nearly) the same curves."""
    random = np.random.default_rng(0)
    history, runs, metrics = [], [], []
    for fold in range(folds):
        jitter = 1 + 0.01 * random.normal()
        for role, curve in (("train", train), ("validation", validation)):
            for epoch, loss in enumerate(curve, start=1):
                key = {"model": "net", "repeat": 1, "fold": fold, "epoch": epoch, "role": role}
                history.append(key | {"metric": "loss", "value": loss * jitter})
                history.append(key | {"metric": "auroc", "value": area})
        run = {"model": "net", "kind": "network", "repeat": 1, "fold": fold, "epochs": len(train)}
        run |= {"best_epoch": int(np.argmin(validation)) + 1, "stop_reason": stop_reason}
        runs.append(run | {"reference_loss": reference})
        worth = {"auroc": area, "mcc": area != 0.5, "f1": 0.7, "prevalence": 0.5, "log_loss": 0.5}
        for name, value in worth.items():
            row = {"model": "net", "repeat": "1", "fold": str(fold), "role": "test"}
            metrics.append(row | {"target": "", "metric": name, "value": float(value)})
    pooled = metrics[0] | {"repeat": "all", "fold": "all"}
    return pd.DataFrame(history), pd.DataFrame(runs), pd.DataFrame([*metrics, pooled])


def verdict(*arguments, **options):
    found = diagnose(*tables(*arguments, **options), "auroc", "binary")
    assert len(found) == 1
    return found.iloc[0]


def falling(start, end, epochs, pace=5):
    return end + (start - end) * np.exp(-pace * np.arange(epochs) / epochs)


EPOCH = np.arange(1, 31)
BY_HEART = (
    REFERENCE * np.exp(-EPOCH / 8),
    np.where(EPOCH < 3, 0.692, 0.692 + 0.05 * (EPOCH - 3)),
)


def test_learning_by_heart_is_over_fit():
    found = verdict(*BY_HEART, area=0.52)
    assert found["verdict"] == "over-fit"
    assert "by heart" in found["reason"]
    assert "in 5 of 5 runs" in found["reason"]
    assert "test AUROC 0.520" in found["reason"]
    assert found["reference_loss"] == REFERENCE
    assert (found["best_epoch"], found["epochs"]) == (1, 30)
    assert found["validation_loss"] == pytest.approx(0.692, rel=0.02)


def test_a_gap_at_the_restored_epoch_is_over_fit():
    found = verdict(falling(0.7, 0.05, 40), falling(0.7, 0.35, 40))
    assert found["verdict"] == "over-fit"
    assert "training records much better" in found["reason"]


def test_a_good_model_is_balanced():
    found = verdict(falling(0.7, 0.10, 40), falling(0.7, 0.16, 40))
    assert found["verdict"] == "balanced"
    assert "epoch 40 of 40" in found["reason"]


def test_a_small_gap_at_modest_skill_is_balanced():
    assert verdict(falling(0.7, 0.55, 40), falling(0.7, 0.60, 40))["verdict"] == "balanced"


def test_a_loss_still_falling_at_the_epoch_limit_did_not_converge():
    curves = np.linspace(0.69, 0.45, 20), np.linspace(0.69, 0.48, 20)
    found = verdict(*curves, stop_reason=RAN_OUT)
    assert found["verdict"] == "did not converge"
    assert "allow more epochs" in found["reason"]
    assert verdict(*curves, stop_reason=ITSELF)["verdict"] == "balanced"


def test_a_settled_loss_at_the_epoch_limit_is_balanced():
    curves = falling(0.69, 0.2, 50, pace=8), falling(0.69, 0.25, 50, pace=8)
    assert verdict(*curves, stop_reason=RAN_OUT)["verdict"] == "balanced"


def test_little_skill_on_training_records_is_under_fit():
    found = verdict(falling(0.69, 0.65, 30), falling(0.69, 0.655, 30))
    assert found["verdict"] == "under-fit"
    assert "Hardly fits" in found["reason"]


def test_no_skill_anywhere_is_degenerate():
    found = verdict(np.full(20, 0.692), np.full(20, 0.694))
    assert found["verdict"] == "degenerate"
    assert "hardly better than a constant" in found["reason"]


def test_constant_predictions_are_degenerate_whatever_the_curve():
    found = verdict(falling(0.7, 0.1, 40), falling(0.7, 0.16, 40), area=0.5)
    assert found["verdict"] == "degenerate"
    assert "same scores for every test record" in found["reason"]


@pytest.mark.parametrize("broken", [np.nan, np.inf])
@pytest.mark.parametrize("kind", ["network", "baseline"])
def test_a_loss_that_is_not_finite_did_not_converge(broken, kind):
    curve = np.array([0.69, 0.6, broken])
    # Predictions that aren't finite count as constant.
    history, runs, metrics = tables(curve, curve, area=0.5)
    found = diagnose(history, runs.assign(kind=kind), metrics, "auroc", "binary").iloc[0]
    assert found["verdict"] == "did not converge"
    assert "not a finite number" in found["reason"]
    assert ("learning rate" in found["reason"]) == (kind == "network")


CALM = falling(0.7, 0.2, 30)
JUMPING = CALM + np.where(np.isin(EPOCH, (8, 12, 16, 20)), 0.15, 0)


def test_a_training_loss_that_keeps_jumping_did_not_converge():
    found = verdict(JUMPING, JUMPING + 0.02)
    assert found["verdict"] == "did not converge"
    assert "keeps jumping" in found["reason"] and "in 4 of 30 epochs" in found["reason"]
    assert "learning rate" in found["reason"]
    by_heart = verdict(JUMPING, np.full(30, 0.72))
    assert by_heart["verdict"] == "did not converge"


def test_a_few_jumps_or_small_ones_are_no_reason():
    twice = CALM + np.where(np.isin(EPOCH, (8, 20)), 0.15, 0)
    assert verdict(twice, twice + 0.02)["verdict"] == "balanced"
    small = CALM + np.where(EPOCH % 4 == 0, 0.06, 0)
    assert verdict(small, small + 0.02)["verdict"] == "balanced"
    # Four of a hundred epochs are spikes, not a curve that keeps jumping.
    long = np.concatenate([JUMPING, np.full(70, 0.2)])
    assert verdict(long, long + 0.02)["verdict"] == "balanced"


def test_jumps_without_skill_are_degenerate_but_advice_is_to_calm_down():
    curve = np.where(EPOCH % 3 == 0, 0.9, 0.692)
    found = verdict(curve, curve)
    assert found["verdict"] == "degenerate"
    assert "its training loss jumps" in found["reason"]


def test_a_baseline_that_takes_epochs_is_judged_by_its_fit():
    curves = np.linspace(0.69, 0.45, 20), np.linspace(0.69, 0.48, 20)
    for train, validation in (curves, (JUMPING, JUMPING + 0.02)):
        history, runs, metrics = tables(train, validation, stop_reason=RAN_OUT)
        found = diagnose(history, runs.assign(kind="baseline"), metrics, "auroc", "binary")
        assert found["verdict"].item() == "balanced"


def test_validation_records_that_a_constant_predicts_teach_nothing():
    found = verdict([0.1], [0.0], reference=0.0)
    assert found["verdict"] == "degenerate"
    assert "without fault" in found["reason"] and "finite" not in found["reason"]


def test_baselines_have_one_epoch_and_the_same_rules():
    assert verdict([0.30], [0.33])["verdict"] == "balanced"
    assert verdict([0.10], [0.40])["verdict"] == "over-fit"
    assert verdict([0.67], [0.68])["verdict"] == "under-fit"
    assert verdict([0.05], [0.69])["verdict"] == "over-fit"
    assert verdict([0.693], [0.693], area=0.5)["verdict"] == "degenerate"
    assert "epoch" not in verdict([0.30], [0.33])["reason"]


def test_the_commonest_verdict_wins_and_its_share_is_told():
    history, runs, metrics = tables(falling(0.7, 0.1, 40), falling(0.7, 0.16, 40))
    others, _, _ = tables(BY_HEART[0], BY_HEART[1])
    some = history["fold"] < 2
    mixed = pd.concat([history[~some], others[others["fold"] < 2]])
    runs.loc[runs["fold"] < 2, ["best_epoch", "epochs"]] = [1, 30]
    found = diagnose(mixed, runs, metrics, "auroc", "binary").iloc[0]
    assert found["verdict"] == "balanced"
    assert "in 3 of 5 runs (the others: 2 over-fit)" in found["reason"]


def test_of_a_tie_the_graver_verdict_wins():
    kinds = {
        "degenerate": (np.full(30, 0.692), np.full(30, 0.693)),
        "did not converge": (JUMPING, JUMPING + 0.02),
        "over-fit": BY_HEART,
        "under-fit": (falling(0.69, 0.65, 30), falling(0.69, 0.655, 30)),
        "balanced": (CALM, CALM + 0.02),
    }
    names = list(kinds)
    for place, graver in enumerate(names):
        for milder in names[place + 1 :]:
            one, other = (tables(*kinds[name], folds=1) for name in (graver, milder))
            other = [table.replace({"fold": {0: 1, "0": "1"}}) for table in other]
            both = map(pd.concat, zip(other, one, strict=True))
            found = diagnose(*both, "auroc", "binary").iloc[0]
            assert found["verdict"] == graver
            assert f"in 1 of 2 runs (the others: 1 {milder})" in found["reason"]


def test_the_spread_of_the_validation_loss_is_told():
    history, runs, metrics = tables(falling(0.7, 0.1, 40), falling(0.7, 0.16, 40), folds=3)
    last = history[(history["role"] == "validation") & (history["epoch"] == 40)]
    last = last[last["metric"] == "loss"]["value"]
    found = diagnose(history, runs, metrics, "auroc", "binary").iloc[0]
    assert f"({last.min():.3g} to {last.max():.3g})" in found["reason"]
    alone = verdict(falling(0.7, 0.1, 40), falling(0.7, 0.16, 40), folds=1)
    assert "validation loss 0.164 at the restored" in alone["reason"]


def test_regression_uses_the_same_rules_and_missing_curves_are_told():
    history, runs, metrics = tables([0.5], [0.6], reference=1.0, folds=1)
    names = {"auroc": "pearson", "mcc": "r2", "log_loss": "rmse"}
    metrics = metrics.replace({"metric": names})
    found = diagnose(history, runs, metrics, "pearson", "regression").iloc[0]
    assert found["verdict"] == "balanced"
    with pytest.raises(ValueError, match="no loss of net"):
        diagnose(history[:0], runs, metrics, "pearson", "regression")
    with pytest.raises(ValueError, match="lacks the training or the validation"):
        train = history[history["role"] == "train"]
        diagnose(train, runs, metrics, "pearson", "regression")


def test_the_table_has_the_columns_of_the_contract():
    found = diagnose(*tables([0.5], [0.6]), "auroc", "binary")
    assert list(found) == [
        *("model", "verdict", "reason", "train_loss", "validation_loss"),
        *("reference_loss", "best_epoch", "epochs", "more_data"),
    ]
    assert set(found["more_data"]) == {"not measured"}


def test_a_baseline_is_not_told_to_train_longer():
    history, runs, metrics = tables([REFERENCE], [REFERENCE], area=0.5)
    found = diagnose(history, runs.assign(kind="baseline"), metrics, "auroc", "binary").iloc[0]
    assert found["verdict"] == "degenerate"
    assert "epochs" not in found["reason"] and "learning rate" not in found["reason"]


def test_the_reason_quotes_the_runs_that_it_speaks_of():
    good = tables(falling(0.7, 0.10, 40), falling(0.7, 0.16, 40), folds=2)
    flat = tables(np.full(40, 0.692), np.full(40, 0.693), folds=2)
    flat = [
        table.assign(fold=table["fold"].replace({0: 2, 1: 3, "0": "2", "1": "3"})) for table in flat
    ]
    found = diagnose(*map(pd.concat, zip(good, flat, strict=True)), "auroc", "binary").iloc[0]
    assert found["verdict"] == "degenerate"
    assert "training loss 0.69" in found["reason"]
    assert found["train_loss"] == pytest.approx((0.10 + 0.692) / 2, abs=0.02)


def test_a_loss_below_zero_is_judged_by_what_it_gains():
    train, validation = falling(-0.3, -0.9, 40), falling(-0.3, -0.88, 40)
    assert verdict(train, validation, reference=-0.3)["verdict"] == "balanced"
    flat = np.full(40, -0.3)
    assert verdict(flat, flat, reference=-0.3)["verdict"] == "degenerate"


def learning_curve(*values, half=0.01, metric="auroc"):
    """Give the values at half of the training groups, or a quarter and half, and at all."""
    fraction = 0.5 ** np.arange(len(values))[::-1]
    table = pd.DataFrame({"fraction": fraction, "n_train": 800 * fraction, "value": values})
    table = table.assign(model="net", metric=metric, n=900, groups=700)
    return table.assign(low=table["value"] - half, high=table["value"] + half)


GOOD = falling(0.7, 0.10, 40), falling(0.7, 0.16, 40)
GAP = falling(0.7, 0.05, 40), falling(0.7, 0.35, 40)


@pytest.mark.parametrize("curves", [GOOD, GAP, BY_HEART])
def test_advice_on_data_follows_the_learning_curve(curves):
    history = tables(*curves)
    for curve, answer in (
        (None, "not measured"),
        (learning_curve(0.70, 0.75, 0.80), "yes"),
        (learning_curve(0.70, 0.799, 0.80), "no"),
    ):
        found = diagnose(*history, "auroc", "binary", curve).iloc[0]
        assert found["more_data"] == answer
        advice = found["reason"].split(": ", 1)[1]
        assert ("add data" in advice or "more data" in advice) == (answer != "no")
        assert ("From 400 to 800 training records" in found["reason"]) == (answer != "not measured")
    # A gain of 0.05 that is counted as none.
    found = diagnose(*history, "auroc", "binary", learning_curve(0.75, 0.8), 0.06).iloc[0]
    assert found["more_data"] == "no"


def test_one_class_for_every_record_is_degenerate_whatever_the_curve():
    history, runs, metrics = tables(*GOOD)
    never_called = {"mcc": 0.0, "f1": 0.0}
    one_class = metrics.assign(
        value=metrics["metric"].map(never_called).fillna(metrics["value"]).astype(float)
    )
    found = diagnose(history, runs, one_class, "auroc", "binary").iloc[0]
    assert found["verdict"] == "degenerate"
    assert found["reason"].startswith("Decides on the same class for every test record, so MCC is")
    assert "in 5 of 5 runs: weigh the rarer classes more" in found["reason"]
    alike = pd.concat([one_class[one_class["metric"] != "auroc"].assign(target="a"), one_class])
    names = {"mcc": "macro_mcc", "f1": "macro_f1", "auroc": "macro_auroc"}
    over_all = alike["target"] == ""
    alike.loc[over_all, "metric"] = alike.loc[over_all, "metric"].replace(names)
    alike = alike[~(over_all & (alike["metric"] == "prevalence"))]
    found = diagnose(history, runs, alike, "macro_auroc", "multilabel").iloc[0]
    assert found["reason"].startswith("Decides on the same labels for every test record")


def test_equivalence_of_several_targets_is_in_standard_deviations_already():
    history, runs, metrics = tables([0.5], [0.6], reference=1.0)
    metrics = metrics.replace({"metric": {"auroc": "pearson", "mcc": "r2", "log_loss": "rmse"}})
    metrics = pd.concat([metrics, metrics.assign(target="a")])
    for gain, answer in ((0.009, "no"), (0.011, "yes")):
        curve = learning_curve(0.6 + gain, 0.6, half=0.001, metric="rmse")
        found = diagnose(history, runs, metrics, "rmse", "regression", curve, 0.01)
        assert found["more_data"].item() == answer


def test_equivalence_of_errors_is_in_standard_deviations():
    history, runs, metrics = tables([0.5], [0.6], reference=1.0)
    metrics = metrics.replace({"metric": {"auroc": "pearson", "mcc": "r2", "log_loss": "rmse"}})
    pooled = {"model": "net", "repeat": "all", "fold": "all", "role": "test", "target": ""}
    # A standard deviation of 6 / sqrt(1 - 0.64) = 10.
    rows = [pooled | {"metric": "rmse", "value": 6.0}, pooled | {"metric": "r2", "value": 0.64}]
    metrics = pd.concat([metrics, pd.DataFrame(rows)])
    for gain, answer in ((0.09, "no"), (0.11, "yes")):
        curve = learning_curve(6 + gain, 6.0, half=0.001, metric="rmse")
        found = diagnose(history, runs, metrics, "rmse", "regression", curve, 0.01)
        assert found["more_data"].item() == answer


def test_the_script_reads_a_learning_curve_of_a_header_alone(tmp_path):
    history, runs, metrics = tables(*GOOD)
    folder = tmp_path / "runs/net/repeat1"
    folder.mkdir(parents=True)
    history.drop(columns="model").to_csv(folder / "history.tsv", sep="\t", index=False)
    entries = runs.drop(columns=["model", "kind", "repeat"]).to_dict("records")
    info = {"model": "net", "kind": "network", "repeat": 1, "folds": entries}
    (folder / "run.json").write_text(json.dumps(info))
    (tmp_path / "summary.json").write_text(json.dumps({"task": "binary"}))
    metrics.to_csv(tmp_path / "metrics.tsv", sep="\t", index=False)
    for curve, answer in (
        (learning_curve()[:0], "not measured"),
        (learning_curve(0.7, 0.8), "yes"),
    ):
        curve.to_csv(tmp_path / "learning_curve.tsv", sep="\t", index=False)
        snakemake = SimpleNamespace(
            input=SimpleNamespace(
                summary=tmp_path / "summary.json",
                history=[folder / "history.tsv"],
                info=[folder / "run.json"],
                metrics=tmp_path / "metrics.tsv",
                learning_curve=tmp_path / "learning_curve.tsv",
            ),
            output=SimpleNamespace(diagnosis=tmp_path / "diagnosis.tsv"),
            params=SimpleNamespace(primary_metric="auroc", evaluation={"equivalence": 0.01}),
            log=[],
        )
        diagnose_models.main(snakemake)
        found = pd.read_csv(tmp_path / "diagnosis.tsv", sep="\t")
        assert found[["model", "verdict", "more_data"]].iloc[0].to_list() == [
            *("net", "balanced", answer)
        ]
