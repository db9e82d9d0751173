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

from seqarena.evaluation.advice import look_at_sizes, reason
from seqarena.evaluation.chance import target_spread
from seqarena.evaluation.degenerate import constant_runs, one_class_runs
from seqarena.evaluation.metric_names import IN_UNITS, METRIC_NAMES

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
# A jump is a training loss that rises by over 0.1 in skill from one epoch to the next, and a curve
# is erratic if three epochs or more, and at least a tenth of them, are such. In 196 runs of
# networks with the learning rates of the examples the largest rise was 0.04. In runs of up to 25
# epochs on the default datasets (dense, conv1d, conv1d with batch normalisation) no curve of 36 was
# erratic with Adam at 0.003 to 0.03, but 11 of 36 were with Adam at 0.1 or plain gradient descent
# at 0.1 or 1, and 8 more of these jumped once or twice.
JUMP, LEAST_JUMPS, JUMP_SHARE = 0.1, 3, 0.1

# How a stop reason begins where training stopped by itself, before its epochs ran out.
STOPPED_BY_ITSELF = "no better"

# Graver verdicts first.
_VERDICT_OF_FINDING = {
    "constant": "degenerate",
    "one class": "degenerate",
    "nothing to learn": "degenerate",
    "nothing learned": "degenerate",
    "not finite": "did not converge",
    "erratic": "did not converge",
    "ran out of epochs": "did not converge",
    "by heart": "over-fit",
    "gap": "over-fit",
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
    jumps: int


def diagnose(
    history: pd.DataFrame,
    runs: pd.DataFrame,
    metrics: pd.DataFrame,
    primary_metric: str,
    task: str,
    learning_curve: pd.DataFrame | None = None,
    equivalence: float = 0.01,
) -> pd.DataFrame:
    """Judge each model by its loss curves over all folds and repeats.

    Each run is judged by itself and the commonest verdict is the model's (of a tie, the graver: the
    order is that of this list). Of the findings below the first that holds is the run's.

    - did not converge: a loss isn't finite.
    - degenerate: predicts the same for every test record, decides on the same class for every test
      record (of several labels, on the same labels), or its skill is below 0.02 on train and on
      validation records.
    - did not converge: the training loss rose by more than 0.1 in units of the reference, from one
      epoch to the next, in at least three epochs and a tenth of them.
    - over-fit: validation skill never reaches 0.05 while train skill goes 0.1 or more beyond
      (learned by heart), or at the restored epoch train skill exceeds validation skill by more than
      0.1 and more than a quarter of itself.
    - did not converge: the epochs ran out while the validation loss was still falling.
    - under-fit: train skill at the restored epoch is below 0.1.
    - balanced: none of these.

    A baseline is fitted, not trained by epochs: it fails to converge only if its loss isn't finite.

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
    task : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target.
    learning_curve : pandas.DataFrame, optional
        Columns model, fraction (of the training groups, 1 included), n_train, metric, value, low
        and high: test metrics of models trained on less.
    equivalence : float, default 0.01
        Largest difference without practical importance, in units of the metric; for rmse and mae in
        standard deviations of the target.

    Returns
    -------
    pandas.DataFrame
        Columns model, verdict, reason (a sentence with its numbers and one of advice, then one on
        the learning curve, if there is one), train_loss and validation_loss (at the restored
        epoch), reference_loss, best_epoch, epochs and more_data ("yes", "no" or "not measured"; as
        of `advice.look_at_sizes`); numbers are medians over runs, those of the reason over the runs
        that it speaks of. A row a model in the order of `runs`.

    Raises
    ------
    ValueError
        If a run has no training or no validation loss.
    """
    losses = history[history["metric"] == "loss"]
    curves = dict(list(losses.groupby(["model", "repeat", "fold"])))
    constant, alike = constant_runs(metrics), one_class_runs(metrics)
    equivalence *= _unit(metrics, primary_metric)
    rows = []
    for model, group in runs.groupby("model", sort=False):
        judged = []
        for run in group.itertuples():
            key = (model, run.repeat, run.fold)
            if key not in curves:
                raise ValueError(f"the history has no loss of {model}, repeat and fold {key[1:]}")
            tested = (model, str(run.repeat), str(run.fold))
            failure = "one class" if alike.get(tested, False) else None
            failure = "constant" if constant.get(tested, False) else failure
            judged.append(_judge(curves[key], run, failure))
        sizes = look_at_sizes(learning_curve, model, primary_metric, equivalence)
        said = {
            "quoted": _quoted(metrics, model, primary_metric),
            "task": task,
            "kind": group["kind"].iloc[0],
        }
        rows.append({"model": model, **_conclude(judged, sizes, said), "more_data": sizes[0]})
    return pd.DataFrame(rows)


def _judge(curve: pd.DataFrame, run, failure: str | None) -> _Run:
    """Judge one run, of which the test predictions may tell a failure already."""
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
    jumps = 0
    # Predictions that aren't finite count as constant, so this is asked first.
    if not np.isfinite([reference, *numbers]).all():
        finding = "not finite"
    elif failure is not None:
        finding = failure
    elif reference == 0:
        finding = "nothing to learn"
    else:
        # Where the reference is above 0, this is loss / reference; Poisson's loss falls below 0.
        relative = [1 - (reference - curve) / abs(reference) for curve in (train, validation)]
        jumps = int((relative[0].diff() > JUMP).sum())
        finding = _finding(*relative, best, jumps, str(run.stop_reason), run.kind == "baseline")
    losses = (reference, *map(float, numbers), *lowest)
    return _Run(finding, *losses, best, int(run.epochs), jumps)


def _finding(
    train: pd.Series,
    validation: pd.Series,
    best: int,
    jumps: int,
    stop_reason: str,
    baseline: bool,
) -> str:
    """Apply the rules to curves in units of the reference."""
    skill, validation_skill = 1 - train.iloc[best - 1], 1 - validation.iloc[best - 1]
    last_skill = max(skill, 1 - train.iloc[-1])
    gap = skill - validation_skill
    if last_skill < NO_SKILL and validation_skill < NO_SKILL:
        return "nothing learned"
    if jumps >= max(LEAST_JUMPS, JUMP_SHARE * len(train)) and not baseline:
        return "erratic"
    most_validation_skill = 1 - validation.min()
    if most_validation_skill < LEAST_GAP / 2 and last_skill - most_validation_skill > LEAST_GAP:
        return "by heart"
    if gap > max(LEAST_GAP, GAP_SHARE * skill):
        return "gap"
    if _still_falling(validation, best, stop_reason) and not baseline:
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


def _pooled(metrics: pd.DataFrame, metric: str) -> pd.Series:
    """Give a test metric over all classes, folds and repeats, by model."""
    rows = metrics[
        (metrics["metric"] == metric)
        & (metrics["target"].fillna("") == "")
        & (metrics["role"] == "test")
        & (metrics["repeat"] == "all")
    ]
    return rows.drop_duplicates("model").set_index("model")["value"]


def _quoted(metrics: pd.DataFrame, model: str, primary_metric: str) -> str:
    """Quote the model's test metric, if it has one."""
    value = _pooled(metrics, primary_metric).get(model, np.nan)
    return f"test {METRIC_NAMES[primary_metric]} " + (
        "undefined" if np.isnan(value) else f"{value:.3f}"
    )


def _unit(metrics: pd.DataFrame, primary_metric: str) -> float:
    """Give the unit of a practical difference: a standard deviation for errors, else 1."""
    several = (metrics["target"].fillna("") != "").any()
    if primary_metric not in IN_UNITS or several:
        return 1.0
    return target_spread(metrics[(metrics["role"] == "test") & (metrics["repeat"] == "all")])


def _conclude(judged: list[_Run], sizes: tuple[str, str], said: dict) -> dict:
    """Bring the runs of a model to one verdict."""
    counts = Counter(_VERDICT_OF_FINDING[run.finding] for run in judged)
    ordered = sorted(counts, key=lambda name: (-counts[name], _VERDICTS.index(name)))
    verdict = ordered[0]
    agreeing = [run for run in judged if _VERDICT_OF_FINDING[run.finding] == verdict]
    finding = Counter(run.finding for run in agreeing).most_common(1)[0][0]
    share = f"{counts[verdict]} of {len(judged)} run{'s' * (len(judged) != 1)}"
    if len(ordered) > 1:
        others = ", ".join(f"{counts[name]} {name}" for name in ordered[1:])
        share += f" (the others: {others})"
    # The sentence quotes the runs that it speaks of; the others may say the contrary.
    cited = [run for run in agreeing if run.finding == finding]
    validation = [run.validation for run in cited]
    spread = (min(validation), max(validation)) if len(cited) > 1 else None
    median = _medians(judged)
    return {
        "verdict": verdict,
        "reason": reason(finding, share, _medians(cited), spread, sizes, **said),
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
