"""Synthetic results of all three tasks, as the earlier stages would leave them on disk."""

import numpy as np
import pandas as pd
import pytest

BASELINES = ["majority", "composition", "linear"]
MODELS = [*BASELINES, "dense", "conv1d"]
SKILL = {"majority": 0.0, "composition": 0.05, "linear": 0.9, "dense": 0.5, "conv1d": 3.2}
CLASSES = {"binary": ["background", "motif"], "multiclass": ["EI", "IE", "N"], "regression": None}
PRIMARY = {"binary": "auroc", "multiclass": "macro_auroc", "regression": "spearman"}
TRAINING_METRIC = {"binary": "auroc", "multiclass": "accuracy", "regression": "pearson"}


class Results:
    """Tables of one data set.

    The metrics are rough but plausible: figures and words are tested here, not statistics.
    """

    def __init__(self, task, n=240, repeats=2, folds=4, skill=SKILL, name=None, seed=0):
        self.task, self.n, self.repeats, self.folds = task, n, repeats, folds
        self.name, self.skill = name or f"synthetic_{task}", skill
        self.models, self.classes = list(skill), CLASSES[task]
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

    def _records(self):
        size = len(self.classes) if self.classes else 0
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
        tables, truth = [], self.records["label"].to_numpy()
        for model in self.models:
            for repeat in range(self.repeats):
                fold = np.random.default_rng(repeat).permutation(self.n) % self.folds
                given = self._predict(model, truth)
                for role, shift in (("test", 0), ("validation", 1)):
                    keys = {
                        "model": model,
                        "record": self.records["record"],
                        "repeat": repeat,
                        "fold": (fold + shift) % self.folds,
                        "role": role,
                    }
                    if self.task == "multiclass":
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
        columns = ["model", "repeat", "fold", "threshold"]
        rows = [
            (model, repeat, fold, 0.5 + 0.02 * fold)
            for model in self.models
            for repeat in range(self.repeats)
            for fold in range(self.folds)
        ]
        return pd.DataFrame(rows if self.task == "binary" else [], columns=columns)

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
        columns = [
            "model", "repeat", "fold", "role", "target", "metric", "value", "low", "high", "n",
            "groups",
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def _values(self, level, skill):
        if self.task == "regression":
            r = 2 * level - 1 if skill else np.nan
            r2 = (2 * level - 1) ** 2
            return {"pearson": r, "spearman": r, "r2": r2, "rmse": 1.1 - r2, "mae": 0.9 - r2}
        log_loss = 0.72 - 0.6 * (2 * level - 1)
        shared = {"accuracy": level, "balanced_accuracy": level, "mcc": 2 * level - 1}
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
        table = table.assign(rank=np.arange(1, len(table) + 1))
        return table[["rank", "model", "value", "low", "high"]].reset_index(drop=True)

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
            rows.append((self.primary, model, "linear", difference, *ends, p, p, verdict))
        columns = [
            "metric", "model_a", "model_b", "difference", "low", "high", "p", "p_adjusted",
            "verdict",
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
             0.2, 0.3, 0.693, 6.0, 12)
            for m in self.models
        ]  # fmt: skip
        columns = [
            "model", "verdict", "reason", "train_loss", "validation_loss", "reference_loss",
            "best_epoch", "epochs",
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)


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


def as_section(results, about=None, beyond_noise=True, figures=None):
    """Gather one data set's results as `render_report` takes them."""
    counts = results.records["label"].value_counts().to_dict() if results.classes else {}
    counts = {results.classes[index]: count for index, count in sorted(counts.items())}
    extent = [float(results.records["label"].min()), float(results.records["label"].max())]
    last = results.models[-1]
    return {
        "name": results.name,
        "about": about,
        "summary": {
            "task": results.task,
            "target": "label",
            "classes": results.classes,
            "records": results.n,
            "length": 100,
            "lengths": {"min": 92, "median": 100, "max": 131},
            **({"class_counts": counts} if counts else {"target_range": extent}),
            "inputs": [{"path": "sequences.fasta", "sha256": "ab" * 32, "bytes": 345_678}],
            "changes": [{"what": "letters cut off to crop 12 records to 100 letters", "count": 83}],
            "notices": [{"what": "records that are exact copies of another", "count": 4}],
        },
        "splits": {
            "mode": "k-fold",
            "roles": [
                {
                    "repeat": repeat, "fold": fold, "role": role, "n": size, "groups": size // 2,
                    "class_counts": {"background": size // 2, "motif": size - size // 2},
                }
                for repeat in range(results.repeats)
                for fold in range(results.folds)
                for role, size in (("train", 120), ("validation", 60), ("test", 60 + fold))
            ],
            "notices": [],
        },
        "metrics": results.metrics,
        "comparison": results.comparison,
        "diagnosis": results.diagnosis,
        "ranking": results.ranking,
        "headline": {
            "sentence": f"`{last}` predicts label best, 0.190 ahead of the baseline `linear`.",
            "beyond_noise": beyond_noise,
            "best_network": last,
            "best_baseline": "linear",
            "cautions": ["Intervals from fewer than 50 groups are rough."],
        },
        "runs": results.runs,
        "thresholds": results.thresholds,
        "figures": figures or {},
        "primary_metric": results.primary,
        "baselines": results.baselines,
    }  # fmt: skip


def provenance(configuration=None):
    """Make what `render_report` says of the run itself."""
    return {
        "config": configuration or {"seed": 1, "datasets": {"one": {"task": "binary"}}},
        "versions": {"python": "3.11.9", "numpy": "2.4.0"},
        "created": "2025-01-02T03:04:05+00:00",
        "command": "snakemake --cores all",
        "platform": {"system": "Linux", "machine": "x86_64"},
        "commit": None,
    }


@pytest.fixture(scope="session", name="as_section")
def as_section_fixture():
    return as_section


@pytest.fixture(scope="session", name="provenance")
def provenance_fixture():
    return provenance
