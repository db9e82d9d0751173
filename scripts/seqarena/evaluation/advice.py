"""What the diagnosis says of a model: the evidence in a sentence, and what to do about it."""

import numpy as np
import pandas as pd

from seqarena.evaluation.metric_names import HIGHER_IS_BETTER, METRIC_NAMES

# A baseline isn't there to be improved: what it can't do says something about the data.
_BASELINE_ADVICE = {
    "constant": "it is the floor under the others",
    "one class": "what it looks at never decides",
    "nothing learned": "what it looks at says little of the target",
}
_CALMER = "lower the learning rate, or clip the gradients"
_ADVICE = {
    "not finite": _CALMER,
    "constant": "if that isn't its design, try another learning rate or more epochs",
    "one class": "weigh the rarer classes more, or try another learning rate or more epochs",
    "nothing to learn": "use fewer folds or another split, so that validation records differ",
    "nothing learned": (
        "give it an input or an architecture that can see what decides, or another learning rate"
    ),
    "erratic": f"{_CALMER}, or take larger batches",
    "ran out of epochs": "allow more epochs",
    "too weak": "try a larger model, features that say more, or a higher learning rate",
}
# Where data may be the remedy, it depends on the learning curve whether they are.
_ADVICE_BY_DATA = {
    "by heart": {
        "yes": "add data, or use an architecture that shares weights along the sequence",
        "no": "use an architecture that shares weights along the sequence",
        "not measured": (
            "use an architecture that shares weights along the sequence, or more data"
        ),
    },
    "gap": {
        "yes": "add data, dropout or another regularisation",
        "no": "add dropout or another regularisation, or make it smaller",
        "not measured": ("add dropout or another regularisation, make it smaller, or add data"),
    },
    "balanced": {
        "yes": "if it must be better, add data",
        "no": "if it must be better, try a larger model or another architecture",
        "not measured": "if it must be better, try a larger model or more data",
    },
}


def look_at_sizes(
    curve: pd.DataFrame | None, model: str, metric: str, equivalence: float
) -> tuple[str, str]:
    """Tell from its learning curve whether a model would gain from more data.

    It would if three things hold: the metric at the full size is better than at the largest smaller
    size by more than the equivalence; it gets better with the logarithm of the number of training
    records over all sizes (least squares); and the full size's value lies beyond the interval of
    the smaller size's. All sizes are tested on the same records, so what makes these easy or hard
    moves both values together, and the difference of two such values varies no more than one of
    them as long as they correlate by 0.5 or more: a flat curve is then called rising in at most
    2.5 % of all cases.

    Parameters
    ----------
    curve : pandas.DataFrame or None
        Columns model, fraction, n_train, metric, value, low and high.
    model : str
        Whose rows to look at.
    metric : str
        Which metric.
    equivalence : float
        Largest gain without importance, in units of the metric.

    Returns
    -------
    answer : {"yes", "no", "not measured"}
        "no" also where a gain isn't beyond noise: nothing then shows that more data would help.
        "not measured" where the full size or any smaller one lacks, or one of the two has no value
        or the smaller no interval, or both have as many records, as with very few groups.
    sentence : str
        What was measured, or nothing.
    """
    if curve is None or curve.empty:
        return "not measured", ""
    rows = curve[(curve["model"] == model) & (curve["metric"] == metric)].sort_values("fraction")
    full, smaller = rows[rows["fraction"] == 1], rows[rows["fraction"] < 1]
    if full.empty or smaller.empty:
        return "not measured", ""
    full, last = full.iloc[0], smaller.iloc[-1]
    numbers = [full["value"], last["value"], last["low"], last["high"]]
    if not np.isfinite(numbers).all() or last["n_train"] >= full["n_train"]:
        return "not measured", ""
    sign = 1 if HIGHER_IS_BETTER[metric] else -1
    defined = rows[np.isfinite(rows["value"].astype(float))]
    size = np.log(defined["n_train"].to_numpy(dtype=float))
    trend = sign * (size - size.mean()) @ defined["value"].to_numpy(dtype=float)
    bound = last["high"] if sign > 0 else last["low"]
    gain = sign * (full["value"] - last["value"])
    seen = (
        f"From {last['n_train']:,.0f} to {full['n_train']:,.0f} training records the test "
        f"{METRIC_NAMES[metric]} went from {last['value']:.3f} ({last['low']:.3f} to "
        f"{last['high']:.3f}) to {full['value']:.3f}"
    )
    if gain <= equivalence:
        return "no", f"{seen}: more of the same data would hardly help."
    if sign * (full["value"] - bound) <= 0:
        return "no", f"{seen}, which isn't beyond noise: it isn't shown that more data would help."
    if trend <= 0:
        return "no", f"{seen}, but over all sizes it doesn't get better: more data may not help."
    return "yes", f"{seen}: more data would help."


def reason(
    finding: str,
    share: str,
    median: dict[str, float],
    spread: tuple[float, float] | None,
    sizes: tuple[str, str],
    *,
    quoted: str,
    task: str,
    kind: str,
) -> str:
    """Say what was seen, in how many runs, with numbers and one piece of advice.

    Parameters
    ----------
    finding : str
        One of those of `diagnosis.diagnose`.
    share : str
        In how many runs it was seen.
    median : dict of str to float
        Medians of losses and epochs over these runs.
    spread : tuple of float or None
        Least and largest validation loss of these runs, if there are several.
    sizes : tuple of str
        As of `look_at_sizes`.
    quoted : str
        The test metric in words.
    task : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target.
    kind : {"network", "baseline"}
        A baseline has other advice.

    Returns
    -------
    str
    """
    more_data, sentence = sizes
    advice = _ADVICE.get(finding) or _ADVICE_BY_DATA[finding][more_data]
    if finding == "nothing learned" and median["jumps"] > 0:
        advice = f"{_CALMER}: its training loss jumps"
    if kind == "baseline":
        advice = _BASELINE_ADVICE.get(finding, "it stays as it is, to be beaten")
    said = f"{_seen(finding, median, spread, quoted, task)}, in {share}: {advice}."
    return f"{said} {sentence}".rstrip()


def _seen(
    finding: str, median: dict, spread: tuple[float, float] | None, quoted: str, task: str
) -> str:
    """Put a finding into words, with its numbers."""
    counts = ("epoch", "jumps")
    m = {
        name: f"{value:g}" if any(word in name for word in counts) else f"{value:.3g}"
        for name, value in median.items()
    }
    several = median["epochs"] > 1
    at_best = f" at the restored epoch {m['best_epoch']} of {m['epochs']}" if several else ""
    at_last = f" by epoch {m['epochs']}" if several else ""
    constant = f"a constant prediction has {m['reference']}"
    validation = m["validation"]
    if spread is not None and f"{spread[0]:.3g}" != f"{spread[1]:.3g}":
        validation += f" ({spread[0]:.3g} to {spread[1]:.3g})"
    losses = f"training loss {m['train']}, validation loss {validation}{at_best}"
    lowest = m["lowest_validation"]
    if several:
        lowest += (
            f" at its lowest (epoch {m['lowest_epoch']}) and {m['last_validation']} at the end"
        )
    same = "the same value" if task == "regression" else "the same scores"
    decided = "labels" if task == "multilabel" else "class"
    numbers = f"({losses}; {constant}; {quoted})"
    return {
        "constant": f"Predicts {same} for every test record ({quoted}; {losses}; {constant})",
        "one class": f"Decides on the same {decided} for every test record, so MCC is 0 {numbers}",
        "not finite": f"The loss is not a finite number ({losses}; {quoted})",
        "nothing to learn": f"A constant predicts the validation records without fault {numbers}",
        "nothing learned": (
            f"Predicts hardly better than a constant, even on its training records {numbers}"
        ),
        "erratic": (
            "The training loss keeps jumping: it rose by over a tenth of a constant prediction's "
            f"loss in {m['jumps']} of {m['epochs']} epochs {numbers}"
        ),
        "by heart": (
            f"Learns the training set by heart: the training loss falls to {m['last_train']}"
            f"{at_last} while the validation loss is {lowest}, and {constant} ({quoted})"
        ),
        "gap": f"Fits its training records much better than others {numbers}",
        "ran out of epochs": (
            f"The validation loss was still falling when the epochs ran out {numbers}"
        ),
        "too weak": f"Hardly fits even its training records {numbers}",
        "balanced": f"What it learns from training records holds for others {numbers}",
    }[finding]
