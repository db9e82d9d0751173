"""Verdicts on loss curves made up to be of each kind."""

import numpy as np
import pandas as pd
import pytest

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
        for name, value in (("auroc", area), ("mcc", area != 0.5), ("log_loss", 0.5)):
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


def test_a_loss_still_falling_at_the_epoch_limit_is_under_fit():
    curves = np.linspace(0.69, 0.45, 20), np.linspace(0.69, 0.48, 20)
    found = verdict(*curves, stop_reason=RAN_OUT)
    assert found["verdict"] == "under-fit"
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
    assert "learned nothing" in found["reason"]


def test_constant_predictions_are_degenerate_whatever_the_curve():
    found = verdict(falling(0.7, 0.1, 40), falling(0.7, 0.16, 40), area=0.5)
    assert found["verdict"] == "degenerate"
    assert "same scores for every test record" in found["reason"]


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_is_degenerate(broken):
    curve = np.array([0.69, 0.6, broken])
    found = verdict(curve, curve)
    assert found["verdict"] == "degenerate"
    assert "learning rate" in found["reason"]


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
    assert "in 3 of 5 runs" in found["reason"]


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
        *("reference_loss", "best_epoch", "epochs"),
    ]


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
