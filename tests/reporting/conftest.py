"""Synthetic results of all tasks, as the earlier stages would leave them on disk."""

import numpy as np
import pandas as pd
import pytest

from .sections import as_section, leakage, provenance

BASELINES = ["majority", "composition", "linear"]
MODELS = [*BASELINES, "dense", "conv1d"]
SKILL = {"majority": 0.0, "composition": 0.05, "linear": 0.9, "dense": 0.5, "conv1d": 3.2}
CLASSES = {"binary": ["background", "motif"], "multiclass": ["EI", "IE", "N"]}
PRIMARY = {
    "binary": "auroc", "multiclass": "macro_auroc", "multilabel": "macro_auroc",
    "regression": "spearman",
}  # fmt: skip
TRAINING_METRIC = {
    "binary": "auroc", "multiclass": "accuracy", "multilabel": "auroc", "regression": "pearson",
}  # fmt: skip
LABELS = ("common", "usual", "rare", "hardly_ever")
LABEL_METRICS = ("auroc", "auprc", "prevalence", "mcc", "f1", "support")
TARGET_METRICS = ("pearson", "spearman", "r2", "rmse", "mae")


class Results:
    """Tables of one data set.

    The metrics are rough but plausible: figures and words are tested here, not statistics.
    """

    def __init__(
        self, task, n=240, repeats=2, folds=4, skill=SKILL, name=None, seed=0, targets=None
    ):
        self.task, self.n, self.repeats, self.folds = task, n, repeats, folds
        self.name, self.skill = name or f"synthetic_{task}", skill
        self.models, self.classes = list(skill), CLASSES.get(task)
        self.targets = list(targets or (LABELS if task == "multilabel" else ["label"]))
        self.several = len(self.targets) > 1
        self.primary = PRIMARY[task]
        self.random = np.random.default_rng(seed)
        self.baselines = [model for model in self.models if model in BASELINES]
        self.records = self._records()
        self.clusters = pd.DataFrame(
            {"record": self.records["record"], "cluster": np.arange(n) // 2 * 2 % n}
        )
        self.predictions = self._predictions()
        self.thresholds = self._thresholds()
        self.runs = [self._run(m, r) for m in self.models for r in range(repeats)]
        self.history = self._history()
        self.metrics = self._metrics()
        self.ranking = self._ranking()
        self.comparison, self.diagnosis = self._comparison(), self._diagnosis()
        self.similarity, self.controls = self._similarity(), self._controls()
        self.seeds, self.learning_curve = self._seeds(), self._learning_curve()
        probabilities = self.task != "regression"
        self.calibration, self.reliability, self.temperatures = (
            self._calibrated() if probabilities else (None, None, None)
        )

    def _records(self):
        size = len(self.classes) if self.classes else 0
        if self.several:
            return self._records_of_several_targets()
        truth = self.random.integers(size, size=self.n) if size else self.random.normal(size=self.n)
        return pd.DataFrame(
            {
                "record": [f"seq{i:04d}" for i in range(self.n)],
                "label": truth,
                "length": 100,
                "gc": self.random.uniform(0.3, 0.6, self.n).round(3),
                "group": [f"g{i // 2}" for i in range(self.n)],
            }
        )

    def _records_of_several_targets(self):
        """Labels get rarer from one to the next; a twentieth of all entries is missing."""
        table = pd.DataFrame({"record": [f"seq{i:04d}" for i in range(self.n)]})
        for place, name in enumerate(self.targets):
            values = self.random.normal(10 * place, 1 + place, self.n)
            if self.task == "multilabel":
                values = (self.random.random(self.n) < 0.5 * 0.6**place).astype(float)
            values[self.random.random(self.n) < 0.05] = np.nan
            table[name] = values
        return table.assign(length=100, gc=0.4, group=[f"g{i // 2}" for i in range(self.n)])

    def _predict_target(self, model, truth):
        skill, noise = self.skill[model], self.random.normal(size=self.n)
        if self.task == "multilabel":
            score = skill * (2 * np.nan_to_num(truth) - 1) + (skill > 0) * noise
            share = np.clip(np.nanmean(truth), 0.001, 0.999)
            return 1 / (1 + np.exp(-score) * (1 - share) / share)
        middle, spread = np.nanmean(truth), np.nanstd(truth)
        centred = np.nan_to_num(truth - middle)
        return middle + (skill > 0) * (0.3 * skill * centred + 0.3 * spread * noise)

    def _predict(self, model, truth):
        skill, n = self.skill[model], self.n
        if self.task == "regression":
            noise = self.random.normal(size=n)
            return np.zeros(n) if skill == 0 else 0.3 * skill * truth + 0.3 * noise
        if self.task == "binary":
            score = skill * (2 * truth - 1) + (skill > 0) * self.random.normal(size=n)
            return 1 / (1 + np.exp(-score))
        score = self.random.normal(size=(n, 3)) * (skill > 0)
        score[np.arange(n), truth] += 1.5 * skill
        return np.exp(score) / np.exp(score).sum(1, keepdims=True)

    def _predictions(self):
        tables, truth = [], self.records[self.targets[0]].to_numpy()
        for model in self.models:
            for repeat in range(self.repeats):
                fold = np.random.default_rng(repeat).permutation(self.n) % self.folds
                given = None if self.several else self._predict(model, truth)
                of_target = {
                    name: self._predict_target(model, self.records[name].to_numpy())
                    for name in (self.targets if self.several else [])
                }
                for role, shift in (("test", 0), ("validation", 1)):
                    keys = {
                        "model": model,
                        "record": self.records["record"],
                        "repeat": repeat,
                        "fold": (fold + shift) % self.folds,
                        "role": role,
                    }
                    if self.several:
                        tables += [
                            pd.DataFrame(keys).assign(
                                target=name, truth=self.records[name], prediction=values
                            )
                            for name, values in of_target.items()
                        ]
                    elif self.task == "multiclass":
                        tables += [
                            pd.DataFrame(keys).assign(
                                target=name, truth=(truth == k) * 1.0, prediction=given[:, k]
                            )
                            for k, name in enumerate(self.classes)
                        ]
                    else:
                        tables.append(
                            pd.DataFrame(keys).assign(
                                target="label", truth=truth.astype(float), prediction=given
                            )
                        )
        return pd.concat(tables, ignore_index=True)

    def _thresholds(self):
        columns = ["model", "repeat", "fold", "target", "threshold"]
        names = {"binary": [""], "multilabel": self.targets}.get(self.task, [])
        rows = [
            (model, repeat, fold, name, 0.5 / (1 + place) + 0.02 * fold)
            for model in self.models
            for repeat in range(self.repeats)
            for fold in range(self.folds)
            for place, name in enumerate(names)
        ]
        return pd.DataFrame(rows, columns=columns)

    def _run(self, model, repeat):
        network = model not in BASELINES
        folds = [
            {
                "fold": fold, "n_train": self.n // 2, "n_validation": self.n // 4,
                "n_test": self.n // 4, "seed": 10 * repeat + fold, "epochs": 12 if network else 1,
                "best_epoch": 5 + fold if network else 1, "stop_reason": "no better for 5 epochs",
                "seconds": 3.2, "reference_loss": 0.693, "chosen": {} if network else {"l2": 0.01},
                "resumed": False,
            }
            for fold in range(self.folds)
        ]  # fmt: skip
        return {
            "model": model, "architecture": model, "kind": "network" if network else "baseline",
            "parameters": {"filters": [32, 32], "dropout": 0.2} if network else {"k": 5},
            "device": "cpu", "device_name": "Example CPU", "threads": 2,
            "versions": {"python": "3.11.9", "keras": "3.15.0", "tensorflow": "2.21.0"},
            "seed": 1 + repeat, "seconds": 13.4 + repeat, "peak_memory_mb": 612.0,
            "weights": 52_345 if network else 1_025, "repeat": repeat, "folds": folds,
        }  # fmt: skip

    def _history(self):
        rows = []
        for model in self.models:
            if model in BASELINES:
                continue
            for repeat in range(self.repeats):
                for fold in range(self.folds):
                    for epoch in range(1, 11 + fold):
                        fall = np.exp(-epoch / 4) * (1 + 0.1 * self.random.normal())
                        extra = 0.012 * epoch if model == "dense" else 0.0
                        values = {
                            ("train", "loss"): 0.1 + 0.6 * fall,
                            ("validation", "loss"): 0.15 + 0.55 * fall + extra,
                            ("train", TRAINING_METRIC[self.task]): 1 - 0.5 * fall,
                            ("validation", TRAINING_METRIC[self.task]): 0.93 - 0.45 * fall,
                        }
                        rows += [(model, repeat, fold, epoch, *key, v) for key, v in values.items()]
        columns = ["model", "repeat", "fold", "epoch", "role", "metric", "value"]
        return pd.DataFrame(rows, columns=columns)

    def _metrics(self):
        rows = []
        for model in self.models:
            level = 1 - 0.5 * np.exp(-0.8 * self.skill[model])
            for metric, value in self._values(level, self.skill[model]).items():
                spread = 0.004 + 0.05 * (1 - level)
                undefined = np.isnan(value)
                low, high = (np.nan, np.nan) if undefined else (value - spread, value + spread)
                key = (model, "all", "all", "test", "", metric)
                rows.append((*key, value, low, high, self.n, self.n // 2))
                for fold in range(self.folds):
                    single = value + spread * self.random.normal()
                    key = (model, "0", str(fold), "test", "", metric)
                    rows.append((*key, single, np.nan, np.nan, self.n // self.folds, 30))
            for name in self.classes if self.task == "multiclass" else []:
                for metric in ("precision", "recall", "f1", "auroc", "support"):
                    value = 80.0 if metric == "support" else level
                    if metric == "precision" and self.skill[model] == 0 and name == "N":
                        value = np.nan
                    key = (model, "all", "all", "test", name, metric)
                    rows.append((*key, value, value - 0.02, value + 0.02, self.n, self.n // 2))
            for name in self.targets if self.several else []:
                rows += self._of_target(model, name, level)
        columns = [
            "model", "repeat", "fold", "role", "target", "metric", "value", "low", "high", "n",
            "groups",
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def _of_target(self, model, name, level):
        truth = self.records[name].dropna()
        known = {"support": truth.sum(), "prevalence": truth.mean()}
        names = LABEL_METRICS if self.task == "multilabel" else TARGET_METRICS
        for metric in names:
            value = known.get(metric, level)
            if metric == "spearman" and self.skill[model] == 0:
                value = np.nan
            ends = (value - 0.02, value + 0.02)
            yield (model, "all", "all", "test", name, metric, value, *ends, len(truth), self.n // 2)

    def _values(self, level, skill):
        if self.task == "regression":
            r = 2 * level - 1 if skill else np.nan
            r2 = (2 * level - 1) ** 2
            return {"pearson": r, "spearman": r, "r2": r2, "rmse": 1.1 - r2, "mae": 0.9 - r2}
        log_loss = 0.72 - 0.6 * (2 * level - 1)
        shared = {"accuracy": level, "balanced_accuracy": level, "mcc": 2 * level - 1}
        if self.task == "multilabel":
            macro = {"macro_auroc": level, "macro_auprc": level - 0.2, "micro_auroc": level}
            return macro | {"micro_auprc": level - 0.1, "macro_f1": level - 0.3,
                            "macro_mcc": 2 * level - 1, "log_loss": log_loss}  # fmt: skip
        if self.task == "multiclass":
            return {**shared, "macro_f1": level, "macro_auroc": level, "log_loss": log_loss}
        return {
            "auroc": level, "auprc": level - 0.01, "prevalence": 0.5, **shared,
            "f1": level, "brier": 0.25 - 0.2 * (2 * level - 1), "log_loss": log_loss,
        }  # fmt: skip

    def _ranking(self):
        keep = (
            (self.metrics["metric"] == self.primary)
            & (self.metrics["repeat"] == "all")
            & (self.metrics["target"] == "")
        )
        table = self.metrics[keep].sort_values("value", ascending=False, kind="stable")
        # What predicts the same for every record has no rank and comes last.
        constant = table["model"].map(self.skill).to_numpy() == 0
        table = pd.concat([table[~constant], table[constant]]).assign(
            rank=[*range(1, 1 + sum(~constant)), *[np.nan] * sum(constant)],
            degenerate=np.sort(constant),
            why=[*[np.nan] * sum(~constant), *["all test predictions are equal"] * sum(constant)],
        )
        columns = ["rank", "model", "value", "low", "high", "degenerate", "why"]
        return table[columns].reset_index(drop=True)

    def _comparison(self):
        value = self.ranking.set_index("model")["value"]
        rows = []
        for model in self.models if "linear" in value else []:
            if model == "linear":
                continue
            difference = value[model] - value["linear"]
            verdict = "undecided" if abs(difference) < 0.1 or np.isnan(difference) else (
                "better" if difference > 0 else "worse"
            )  # fmt: skip
            p = np.nan if np.isnan(difference) else 0.2 if verdict == "undecided" else 0.0004
            ends = (difference - 0.03, difference + 0.03)
            row = (self.primary, model, "linear", difference, *ends, p, p, verdict)
            rows.append((*row, "corrected t" if self.repeats > 1 else "group bootstrap"))
        columns = [
            "metric", "model_a", "model_b", "difference", "low", "high", "p", "p_adjusted",
            "verdict", "method",
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def _diagnosis(self):
        reasons = {
            "majority": ("degenerate", "All test predictions are equal; MCC is 0."),
            "dense": (
                "over-fit",
                "The best validation loss, 0.312 at epoch 6 of 14, is 0.21 above the training loss "
                "and rises afterwards by 0.08: the model goes on learning its training records by "
                "heart, which doesn't help on others.",
            ),
        }
        rows = [
            (m, *reasons.get(m, ("balanced", "Training and validation loss differ by 0.02.")),
             0.2, 0.3, 0.693, 6.0, 12, "yes" if m == "dense" else "no")
            for m in self.models
        ]  # fmt: skip
        columns = [
            "model", "verdict", "reason", "train_loss", "validation_loss", "reference_loss",
            "best_epoch", "epochs", "more_data",
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def _similarity(self, loss=0.04):
        """Give the primary metric with and without leaked records, which `loss` of it come from."""
        rows = []
        for row in self.ranking.itertuples():
            parts = [("all", 0, self.n), ("without leaked", -loss, self.n - 6), ("leaked", loss, 6)]
            for subset, more, n in parts:
                ends = (row.low + more, row.high + more)
                rows.append((row.model, subset, np.nan, np.nan, row.value + more, *ends, n))
            for low, high in ((0.1, 0.2), (0.2, 0.3), (0.3, 0.9)):
                value = row.value + low / 10
                ends = (row.low + low / 10, row.high + low / 10)
                rows.append((row.model, "similarity", low, high, value, *ends, self.n // 3))
        columns = ["model", "subset", "low_edge", "high_edge", "value", "low", "high", "n"]
        table = pd.DataFrame(rows, columns=columns).assign(metric=self.primary)
        return table.assign(groups=table["n"] // 2)

    def _controls(self):
        chance = 0.0 if self.task == "regression" else 0.5
        value = self.ranking.set_index("model")["value"]
        rows = [
            (control, "linear", chance + more, chance + more - 0.03, chance + more + 0.03, verdict)
            for control, more, verdict in (
                ("permuted labels", 0.01, "at chance"), ("shuffled input", 0.1, "above chance"),
            )
        ]  # fmt: skip
        columns = ["control", "model", "value", "low", "high", "verdict"]
        table = pd.DataFrame(rows if "linear" in value else [], columns=columns)
        same = {"metric": self.primary, "chance": chance, "original": value.get("linear")}
        return table.assign(**same, n=self.n, groups=self.n // 2)

    def _seeds(self):
        rows = [
            (m, self.primary, n, value, 0.01, value - 0.01, value + 0.01, source)
            for m, value in self.ranking.set_index("model")["value"].items()
            for n, source in ((3, "seeds"), (self.repeats, "repeats"))
        ]
        columns = ["model", "metric", "n_seeds", "mean", "sd", "least", "most", "source"]
        return pd.DataFrame(rows, columns=columns)

    def _learning_curve(self):
        half = self.ranking.assign(fraction=0.5, value=self.ranking["value"] * 0.9)
        table = pd.concat([half, self.ranking.assign(fraction=1.0)]).assign(metric=self.primary)
        return table.assign(n_train=table["fraction"] * self.n / 2, n=self.n, groups=self.n // 2)

    def _calibrated(self):
        stages = (("before", 0.081), ("after", 0.023))
        several = self.targets if self.several else []
        rows = [
            (m, stage, target, metric, value, value - 0.01, value + 0.01)
            for m in self.models
            for stage, value in stages
            for target in ("", *several)
            for metric in ("brier", "log_loss", "ece")
        ]
        columns = ["model", "stage", "target", "metric", "value", "low", "high"]
        calibration = pd.DataFrame(rows, columns=columns).assign(n=self.n, groups=self.n // 2)
        bins = [
            (m, stage, target, k, *(share / 2**place for share in (0.1 + 0.2 * k, 0.15 + 0.2 * k,
             0.1 + 0.2 * k, 0.2 + 0.2 * k)))
            for m in self.models
            for stage, _ in stages
            for place, target in enumerate(("", *several))
            for k in range(4)
        ]  # fmt: skip
        columns = ["model", "stage", "target", "bin", "predicted", "observed", "low", "high"]
        reliability = pd.DataFrame(bins, columns=columns).assign(n=self.n // 4, groups=self.n // 8)
        fitted = [
            (m, r, f, target, 1.5 + 0.1 * f)
            for m in self.models for r in range(self.repeats) for f in range(self.folds)
            for target in several or [""]
        ]  # fmt: skip
        columns = ["model", "repeat", "fold", "target", "temperature"]
        return calibration, reliability, pd.DataFrame(fitted, columns=columns)


@pytest.fixture(scope="session", params=["binary", "multiclass", "regression"])
def results(request):
    return Results(request.param)


@pytest.fixture(scope="session")
def binary():
    return Results("binary")


@pytest.fixture(scope="session")
def multiclass():
    return Results("multiclass")


@pytest.fixture(scope="session")
def regression():
    return Results("regression")


@pytest.fixture(scope="session")
def make_results():
    return Results


@pytest.fixture(scope="session", name="as_section")
def as_section_fixture():
    return as_section


@pytest.fixture(scope="session", name="provenance")
def provenance_fixture():
    return provenance


@pytest.fixture(scope="session", name="leakage")
def leakage_fixture():
    return leakage
