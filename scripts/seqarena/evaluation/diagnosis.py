"""Whether a model learned too little, about right or too much, read from its loss curves.

The measure is skill: (reference - loss) / |reference|, where the reference is the validation loss
of the best constant prediction. It is 1 for a perfect model (where the least loss is 0), 0 for one
that is as good as a constant and below 0 for one that is worse, so the same limits serve
cross-entropy, squared error and other losses.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqarena.evaluation.metrics import METRIC_NAMES, constant_runs

# A loss is measured on a few hundred validation records or more, which makes its standard error
# about 0.02 in skill: less than that is nothing learned.
NO_SKILL = 0.02
# Below this, nine tenths of the loss are left on the very records that the model was fitted to.
LITTLE_SKILL = 0.1
# Five times the standard error above: a smaller gap between train and validation is to be expected
# of any model and any two samples of records.
LEAST_GAP = 0.1
# ... and a gap counts only if over a quarter of what was learned of train doesn't carry over.
GAP_SHARE = 0.25
# The validation loss still falls if its last tenth of epochs brought over 2 % of all it gained.
LAST_EPOCHS, LAST_GAIN = 0.1, 0.02

# How a stop reason begins where training stopped by itself, before its epochs ran out.
STOPPED_BY_ITSELF = "no better"

_VERDICT_OF_FINDING = {
    "constant": "degenerate",
    "diverged": "degenerate",
    "nothing learned": "degenerate",
    "by heart": "over-fit",
    "gap": "over-fit",
    "ran out of epochs": "under-fit",
    "too weak": "under-fit",
    "balanced": "balanced",
}
_VERDICTS = list(dict.fromkeys(_VERDICT_OF_FINDING.values()))


@dataclass(frozen=True)
class _Run:
    """What was read from the curves of one run (all losses in the loss's own units)."""

    finding: str
    reference: float
    train: float
    validation: float
    last_train: float
    last_validation: float
    lowest_validation: float
    lowest_epoch: int
    best_epoch: int
    epochs: int


# A baseline isn't there to be improved: what it can't do says something about the data.
_BASELINE_ADVICE = {
    "constant": "it is the floor under the others",
    "nothing learned": "what it looks at doesn't tell the records apart",
}


def diagnose(
    history: pd.DataFrame,
    runs: pd.DataFrame,
    metrics: pd.DataFrame,
    primary_metric: str,
    task: str,
) -> pd.DataFrame:
    """Judge each model by its loss curves over all folds and repeats.

    Each run is judged by itself and the commonest verdict is the model's (of a tie, the graver).

    - degenerate: predicts the same for every test record, or its loss isn't finite, or its skill is
      below 0.02 on train and on validation records.
    - over-fit: validation skill never reaches 0.05 while train skill goes 0.1 or more beyond
      (learned by heart), or at the restored epoch train skill exceeds validation skill by more than
      0.1 and more than a quarter of itself.
    - under-fit: the epochs ran out while the validation loss was still falling, or train skill at
      the restored epoch is below 0.1.
    - balanced: none of these.

    Parameters
    ----------
    history : pandas.DataFrame
        Columns model, repeat, fold, epoch, role, metric and value; rows of metric "loss" are used.
    runs : pandas.DataFrame
        Columns model, kind ("network" or "baseline", which has other advice), repeat, fold,
        epochs, best_epoch, stop_reason (begins with "no better" where
        training stopped by itself) and reference_loss.
    metrics : pandas.DataFrame
        As of `metrics.evaluate`.
    primary_metric : str
        Quoted in the reason.
    task : {"binary", "multiclass", "regression"}
        Kind of target.

    Returns
    -------
    pandas.DataFrame
        Columns model, verdict, reason (a sentence with its numbers and one of advice), train_loss
        and validation_loss (at the restored epoch), reference_loss, best_epoch and epochs; numbers
        are medians over runs, those of the reason over the runs that it speaks of. A row a model in
        the order of `runs`.

    Raises
    ------
    ValueError
        If a run has no training or no validation loss.
    """
    losses = history[history["metric"] == "loss"]
    curves = dict(list(losses.groupby(["model", "repeat", "fold"])))
    constant = constant_runs(metrics)
    rows = []
    for model, group in runs.groupby("model", sort=False):
        judged = []
        for run in group.itertuples():
            key = (model, run.repeat, run.fold)
            if key not in curves:
                raise ValueError(f"the history has no loss of {model}, repeat and fold {key[1:]}")
            same = bool(constant.get((model, str(run.repeat), str(run.fold)), False))
            judged.append(_judge(curves[key], run, same))
        quoted = _quoted(metrics, model, primary_metric)
        rows.append(_conclude(model, judged, quoted, task, group["kind"].iloc[0]))
    return pd.DataFrame(rows)


def _judge(curve: pd.DataFrame, run, constant: bool) -> _Run:
    """Judge one run."""
    wide = {
        role: part.sort_values("epoch").set_index("epoch")["value"]
        for role, part in curve.groupby("role")
    }
    if set(wide) != {"train", "validation"}:
        raise ValueError(f"the history of {run.model} lacks the training or the validation loss")
    train, validation = wide["train"], wide["validation"]
    best, reference = int(run.best_epoch), float(run.reference_loss)
    numbers = train.iloc[best - 1], validation.iloc[best - 1], train.iloc[-1], validation.iloc[-1]
    lowest = float(validation.min()), int(np.argmin(validation)) + 1
    if constant:
        finding = "constant"
    elif not np.isfinite([reference, *numbers]).all() or reference == 0:
        finding = "diverged"
    else:
        # Where the reference is above 0, this is loss / reference; Poisson's loss falls below 0.
        relative = [1 - (reference - curve) / abs(reference) for curve in (train, validation)]
        finding = _finding(*relative, best, str(run.stop_reason))
    return _Run(finding, reference, *map(float, numbers), *lowest, best, int(run.epochs))


def _finding(train: pd.Series, validation: pd.Series, best: int, stop_reason: str) -> str:
    """Apply the rules to curves in units of the reference."""
    skill, validation_skill = 1 - train.iloc[best - 1], 1 - validation.iloc[best - 1]
    last_skill = max(skill, 1 - train.iloc[-1])
    gap = skill - validation_skill
    if last_skill < NO_SKILL and validation_skill < NO_SKILL:
        return "nothing learned"
    most_validation_skill = 1 - validation.min()
    if most_validation_skill < LEAST_GAP / 2 and last_skill - most_validation_skill > LEAST_GAP:
        return "by heart"
    if gap > max(LEAST_GAP, GAP_SHARE * skill):
        return "gap"
    if _still_falling(validation, best, stop_reason):
        return "ran out of epochs"
    return "too weak" if skill < LITTLE_SKILL else "balanced"


def _still_falling(validation: pd.Series, best: int, stop_reason: str) -> bool:
    """Tell whether the epochs ran out before the validation loss had settled."""
    epochs = len(validation)
    last = max(1, round(LAST_EPOCHS * epochs))
    # Training that stopped by itself has waited for an improvement in vain.
    if epochs < 2 or best < epochs - last or stop_reason.startswith(STOPPED_BY_ITSELF):
        return False
    running = np.minimum.accumulate(np.minimum(validation.to_numpy(), 1.0))
    gained, lately = 1 - running[-1], running[-1 - last] - running[-1]
    return bool(gained > 0 and lately > LAST_GAIN * gained)


def _quoted(metrics: pd.DataFrame, model: str, primary_metric: str) -> str:
    """Quote the model's test metric, if it has one."""
    rows = metrics[
        (metrics["model"] == model)
        & (metrics["metric"] == primary_metric)
        & (metrics["target"].fillna("") == "")
        & (metrics["role"] == "test")
        & (metrics["repeat"] == "all")
    ]
    value = rows["value"].iloc[0] if len(rows) else np.nan
    return f"test {METRIC_NAMES[primary_metric]} " + (
        "undefined" if np.isnan(value) else f"{value:.3f}"
    )


def _conclude(model: str, judged: list[_Run], quoted: str, task: str, kind: str) -> dict:
    """Bring the runs of a model to one verdict."""
    counts = Counter(_VERDICT_OF_FINDING[run.finding] for run in judged)
    verdict = min(counts, key=lambda name: (-counts[name], _VERDICTS.index(name)))
    agreeing = [run for run in judged if _VERDICT_OF_FINDING[run.finding] == verdict]
    finding = Counter(run.finding for run in agreeing).most_common(1)[0][0]
    share = f"{counts[verdict]} of {len(judged)} run{'s' * (len(judged) != 1)}"
    median = _medians(judged)
    # The sentence quotes the runs that it speaks of; the others may say the contrary.
    cited = _medians([run for run in agreeing if run.finding == finding])
    return {
        "model": model,
        "verdict": verdict,
        "reason": _reason(finding, share, cited, quoted, task, kind),
        "train_loss": median["train"],
        "validation_loss": median["validation"],
        "reference_loss": median["reference"],
        "best_epoch": median["best_epoch"],
        "epochs": median["epochs"],
    }


def _medians(runs: list[_Run]) -> dict[str, float]:
    """Give the median over runs of each number."""
    names = [name for name in _Run.__dataclass_fields__ if name != "finding"]
    return {name: float(np.median([getattr(run, name) for run in runs])) for name in names}


def _reason(finding: str, share: str, median: dict, quoted: str, task: str, kind: str) -> str:
    """Say what was seen, in how many runs, with numbers and one piece of advice."""
    m = {
        name: f"{value:g}" if "epoch" in name else f"{value:.3g}" for name, value in median.items()
    }
    several = median["epochs"] > 1
    at_best = f" at the restored epoch {m['best_epoch']} of {m['epochs']}" if several else ""
    at_last = f" by epoch {m['epochs']}" if several else ""
    constant = f"a constant prediction has {m['reference']}"
    losses = f"training loss {m['train']}, validation loss {m['validation']}{at_best}"
    lowest = m["lowest_validation"]
    if several:
        lowest += (
            f" at its lowest (epoch {m['lowest_epoch']}) and {m['last_validation']} at the end"
        )
    same = "the same value" if task == "regression" else "the same scores"
    seen, advice = {
        "constant": (
            f"Predicts {same} for every test record ({quoted}; {losses}; {constant})",
            "if that isn't its design, try another learning rate or more epochs",
        ),
        "diverged": (
            f"The loss is not a finite number ({losses}; {quoted})",
            "lower the learning rate",
        ),
        "nothing learned": (
            f"Has learned nothing, not even of its training records ({losses}; {constant}; "
            f"{quoted})",
            "give it an input or an architecture that can see what decides, or another learning "
            "rate",
        ),
        "by heart": (
            f"Learns the training set by heart: the training loss falls to {m['last_train']}"
            f"{at_last} while the validation loss is {lowest}, and {constant} ({quoted})",
            "use an architecture that shares weights along the sequence, or more data",
        ),
        "gap": (
            f"Fits its training records much better than others ({losses}; {constant}; {quoted})",
            "add dropout or another regularisation, make it smaller, or add data",
        ),
        "ran out of epochs": (
            f"The validation loss was still falling when the epochs ran out ({losses}; "
            f"{constant}; {quoted})",
            "allow more epochs",
        ),
        "too weak": (
            f"Hardly fits even its training records ({losses}; {constant}; {quoted})",
            "try a larger model, features that say more, or a higher learning rate",
        ),
        "balanced": (
            f"What it learns from training records holds for others ({losses}; {constant}; "
            f"{quoted})",
            "if it must be better, try a larger model or more data",
        ),
    }[finding]
    if kind == "baseline":
        advice = _BASELINE_ADVICE.get(finding, "it stays as it is, to be beaten")
    return f"{seen}, in {share}: {advice}."
