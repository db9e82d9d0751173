"""What controls came to: whether a model learned where nothing was to be learned, how far a result
depends on the seed, and how it grows with the number of training records.

A control is measured as the dataset itself is: out-of-fold predictions pooled, decided on by
thresholds of the control's own validation records, with a bootstrap over groups.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from seqarena.control_names import (
    NULL_CONTROLS,
    PERMUTED_LABELS,
    seed_number,
    size_fraction,
)
from seqarena.evaluation.chance import chance_levels
from seqarena.evaluation.intervals import group_weights, percentile_interval, replicate
from seqarena.evaluation.metric_names import HIGHER_IS_BETTER, IN_UNITS
from seqarena.evaluation.prediction_table import (
    PredictionTable,
    masks_truth,
    prediction_table,
)
from seqarena.evaluation.thresholds import choose_thresholds

_MEASURED = ["control", "model", "metric", "value", "low", "high", "n", "groups", "folds"]
_INTERVAL = ["metric", "value", "low", "high"]
_NULL = ["control", "model", *_INTERVAL, "chance", "original", "n", "groups", "verdict"]
_SEEDS = ["model", "metric", "n_seeds", "mean", "sd", "least", "most", "source"]
_CURVE = ["model", "fraction", "n_train", *_INTERVAL, "n", "groups"]
# Ends of the metrics that don't run from 0 to 1.
_ENDS = dict.fromkeys(("mcc", "macro_mcc", "pearson", "spearman"), (-1.0, 1.0))
_ENDS |= {"r2": (-np.inf, 1.0)} | dict.fromkeys(("log_loss", "rmse", "mae"), (0.0, np.inf))
# Permuting changes a known share of labels in expectation. Where it changed less than half of that,
# as in a few groups of one label each, too much of the truth is left for a test.
LEAST_CHANGED = 0.5


def measure_controls(
    predictions: pd.DataFrame,
    task: str,
    names: Sequence[str] | None,
    clusters: pd.DataFrame,
    metric: str,
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure the trainings of all controls on their test records.

    Parameters
    ----------
    predictions : pandas.DataFrame
        As of `prediction_table.prediction_table`, of one repeat, with a column control; may be
        empty.
    task, names, clusters
        As of `prediction_table.prediction_table`.
    metric : str
        Name of a metric over all classes, labels or targets.
    n_bootstrap, confidence, seed
        As of `metrics.evaluate`, with the same replicates.

    Returns
    -------
    pandas.DataFrame
        Columns control, model, metric, value, low, high, n, groups and folds, in the order of
        `predictions`. Controls that only have another seed get no interval (NaN).
    """
    rows = []
    for control, part in predictions.groupby("control", sort=False):
        thresholds = choose_thresholds(part, task)
        table = prediction_table(part, task, names, clusters, thresholds)
        table = table.take(np.flatnonzero(table.index["role"] == "test"))
        universe, weights = np.unique(table.index["cluster"]), None
        if len(universe) > 1 and seed_number(control) is None:
            weights = group_weights(len(universe), n_bootstrap, seed)
        for model in part["model"].unique():
            own = table.take(np.flatnonzero(table.index["model"] == model))
            value, low, high = _measure(own, metric, universe, weights, confidence)
            size = len(own.index), own.index["cluster"].nunique(), own.index["fold"].nunique()
            rows.append((control, model, metric, value, low, high, *size))
    return pd.DataFrame(rows, columns=_MEASURED)


def _measure(
    table: PredictionTable,
    metric: str,
    universe: np.ndarray,
    weights: np.ndarray | None,
    confidence: float,
) -> tuple[float, float, float]:
    def values(columns: np.ndarray) -> dict:
        return {metric: table.values(columns, {metric})["", metric]}

    value = float(values(np.ones((len(table.index), 1)))[metric][0])
    if weights is None:
        return value, np.nan, np.nan
    drawn = replicate(values, np.searchsorted(universe, table.index["cluster"]), weights)
    return value, *percentile_interval(drawn[metric], confidence)


def judge_controls(
    measured: pd.DataFrame,
    metrics: pd.DataFrame,
    truths: Mapping[str, pd.Series | pd.DataFrame],
    original: pd.Series | pd.DataFrame,
    equivalence: float = 0.01,
) -> pd.DataFrame:
    """Say whether models stayed at chance on permuted labels and on shuffled sequences.

    Above chance on permuted labels is an alarm: something but the sequence tells models the label.
    Above chance on shuffled sequences is what composition (of letters and pairs of letters) tells.
    Chance is what is expected without information on the sequence: of areas and correlations at
    random, of other metrics the best that is possible, so that a model that guesses may come out
    below.

    The interval is that of the bootstrap, widened for folds (`null_widening`).

    Parameters
    ----------
    measured : pandas.DataFrame
        As of `measure_controls`. Other controls in it are left aside.
    metrics : pandas.DataFrame
        As of `metrics.evaluate`, of the dataset itself.
    truths : mapping of str to pandas.Series or pandas.DataFrame
        For each of these controls, the labels of the test records, as of `labels_by_record`.
    original : pandas.Series or pandas.DataFrame
        The labels before.
    equivalence : float, default 0.01
        Largest difference without practical importance, in units of the metric; for rmse and mae in
        standard deviations of the target.

    Returns
    -------
    pandas.DataFrame
        Columns control ("permuted labels" or "shuffled input"), model, metric, value, low, high,
        chance, original (value of the model on repeat 1 of the dataset itself; NaN if it has none),
        n, groups and verdict: "at chance" if the interval includes chance or the value differs by
        no more than `equivalence`, else "above chance" or "below chance" (above being better,
        whatever the metric's direction). "undefined" if there is no value, interval or chance, or
        if permuting changed less than half of the labels that it changes in expectation.
    """
    rows = []
    for row in measured[measured["control"].isin(NULL_CONTROLS)].itertuples():
        truth = truths[row.control]
        chance = _chance_level(row.metric, metrics, truth)
        in_units = row.metric in IN_UNITS and truth.ndim == 1
        scale = float(truth.std(ddof=0)) if in_units else 1.0
        low, high = _widened(row)
        verdict = _verdict(row, low, high, chance, equivalence * scale)
        if row.control == PERMUTED_LABELS and not _is_permuted(truth, original):
            verdict = "undefined"
        before = _of_repeat(metrics, row.model, row.metric, "1")["value"]
        rows.append(
            {name: getattr(row, name) for name in ("model", "metric", "value", "n", "groups")}
            | {"control": row.control.replace("_", " "), "low": low, "high": high}
            | {"chance": chance, "original": before, "verdict": verdict}
        )
    return pd.DataFrame(rows, columns=_NULL)


def labels_by_record(
    predictions: pd.DataFrame, task: str, names: Sequence[str] | None = None
) -> pd.Series | pd.DataFrame:
    """Read the labels of test records from predictions.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Columns record, role, target and truth, of any models.
    task : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target.
    names : sequence of str, optional
        Names of the labels or regression targets, if there are several.

    Returns
    -------
    pandas.Series or pandas.DataFrame
        By record: class (0 or 1, or its name), or value; of several labels or regression targets
        all of them, with a column each and NaN where missing.
    """
    rows = predictions[predictions["role"] == "test"]
    if masks_truth(task, names):
        rows = rows.drop_duplicates(["record", "target"])
        # There is nothing to sum up, and a pivot table would leave out who misses all labels.
        wide = rows.pivot(index="record", columns="target", values="truth")  # noqa: PD010
        return wide[[str(name) for name in names]]
    if task == "multiclass":
        rows = rows[rows["truth"] == 1]
    labels = rows.drop_duplicates("record").set_index("record").sort_index()
    return labels["target" if task == "multiclass" else "truth"]


def _is_permuted(truth: pd.Series | pd.DataFrame, original: pd.Series | pd.DataFrame) -> bool:
    """Tell whether a permutation changed about as many labels as one does in expectation.

    Where there are several, that they are missing is moved with them.
    """
    now, before = pd.DataFrame(truth), pd.DataFrame(original.reindex(truth.index))
    changed = expected = 0.0
    for (_, one), (_, other) in zip(now.items(), before.items(), strict=True):
        shares = one.value_counts(normalize=True, dropna=False)
        expected += 1 - (shares**2).sum()
        changed += ((one != other) & (one.notna() | other.notna())).mean()
    return bool(changed > LEAST_CHANGED * expected)


def _chance_level(metric: str, metrics: pd.DataFrame, truth: pd.Series | pd.DataFrame) -> float:
    if metric == "mae":  # of the best constant, of several in standard deviations of each
        error = (truth - truth.median()).abs().mean()
        return float(error if truth.ndim == 1 else (error / truth.std(ddof=0)).mean())
    if metric == "macro_f1" and truth.ndim == 1:
        # Of classes guessed as often as they occur, which is the best.
        return 1 / truth.nunique()
    pooled = metrics[(metrics["role"] == "test") & (metrics["repeat"].astype(str) == "all")]
    return chance_levels(pooled).get(metric, np.nan)


def null_widening(folds: int) -> float:
    """Give the factor by which a score at chance varies more over folds than a bootstrap shows.

    The test records of one fold train the models of others. Where labels of two folds agree by
    chance, each of the two models does well on the other's records, so scores of folds rise and
    fall together (Bengio and Grandvalet 2004, J. Mach. Learn. Res. 5:1089). Let fold k be tested by
    a model that validated on fold k + 1, and scores be linear in the labels of training, so that
    they are sums over pairs of a test and a training record. Then each pair of neighbouring folds
    counts once and any other twice, and twice the sum of a pair has four times its variance:
    against independent folds (2 F - 5) / (F - 2). In simulations, ridge regression on 20 features
    came within 4 % of the root of it with 3, 5 and 10 folds; on 200 features, with as many training
    records, it stayed up to 13 % below.

    Parameters
    ----------
    folds : int
        Number of folds F; 1 is a fixed test set.

    Returns
    -------
    float
        Ratio of standard deviations, at least 1: 1 with 1 or 3 folds, 1.29 with 5, 1.37 with 10.
    """
    return float(np.sqrt((2 * folds - 5) / (folds - 2))) if folds > 3 else 1.0


def _widened(row) -> tuple[float, float]:
    factor = null_widening(row.folds)
    least, most = _ENDS.get(row.metric, (0.0, 1.0))
    low, high = (row.value + factor * (end - row.value) for end in (row.low, row.high))
    return float(np.maximum(low, least)), float(np.minimum(high, most))


def _verdict(row, low: float, high: float, chance: float, equivalence: float) -> str:
    if not np.isfinite([row.value, low, high, chance]).all():
        return "undefined"
    if low <= chance <= high or abs(row.value - chance) <= equivalence:
        return "at chance"
    better = (row.value > chance) == HIGHER_IS_BETTER[row.metric]
    return "above chance" if better else "below chance"


def _of_repeat(metrics: pd.DataFrame, model: str, metric: str, repeat: str) -> pd.Series:
    """Find a model's pooled test metric of one repeat; NaN where there is none."""
    rows = metrics[
        (metrics["model"] == model)
        & (metrics["metric"] == metric)
        & (metrics["role"] == "test")
        & (metrics["target"].fillna("") == "")
        & (metrics["repeat"].astype(str) == repeat)
        & (metrics["fold"].astype(str) == "all")
    ]
    return rows.iloc[0] if len(rows) else pd.Series(np.nan, index=metrics.columns)


def seed_spread(
    measured: pd.DataFrame, metrics: pd.DataFrame, metric: str, fixed_test: bool = False
) -> pd.DataFrame:
    """Say how far the result of a model depends on the seed of its training.

    Parameters
    ----------
    measured : pandas.DataFrame
        As of `measure_controls`. Controls other than seeds are left aside.
    metrics : pandas.DataFrame
        As of `metrics.evaluate`, of the dataset itself, whose repeat 1 is the first seed.
    metric : str
        Name of a metric over all classes, labels or targets.
    fixed_test : bool, default False
        Whether all repeats have one test set, so that they differ in the seed (and, where
        validation records are set aside at random, in those) alone.

    Returns
    -------
    pandas.DataFrame
        Columns model, metric, n_seeds, mean, sd (with n - 1; 0 for a model without randomness),
        least, most and source: "seeds" for a model with such controls, else "repeats", if there are
        several and `fixed_test`. A model with neither has no row. NaN if one value is.
    """
    seeds = measured[measured["control"].map(seed_number).notna()]
    values = {
        model: ("seeds", [_of_repeat(metrics, model, metric, "1")["value"], *part["value"]])
        for model, part in seeds.groupby("model", sort=False)
    }
    repeats = [name for name in metrics["repeat"].astype(str).unique() if name != "all"]
    if fixed_test and len(repeats) > 1:
        for model in metrics["model"].unique():
            each = [_of_repeat(metrics, model, metric, name)["value"] for name in repeats]
            values.setdefault(model, ("repeats", each))
    rows = []
    for model, (source, found) in values.items():
        found = np.array(found, dtype=float)
        spread = found.mean(), found.std(ddof=1), found.min(), found.max()
        rows.append((model, metric, len(found), *spread, source))
    return pd.DataFrame(rows, columns=_SEEDS)


def learning_curve(
    measured: pd.DataFrame, metrics: pd.DataFrame, metric: str, n_train: Mapping[float, float]
) -> pd.DataFrame:
    """Say how the result of a model grows with its training records.

    Parameters
    ----------
    measured : pandas.DataFrame
        As of `measure_controls`. Controls other than sizes are left aside.
    metrics : pandas.DataFrame
        As of `metrics.evaluate`, of the dataset itself, whose repeat 1 is the last point.
    metric : str
        Name of a metric over all classes, labels or targets.
    n_train : mapping of float to float
        Training records by fraction, as of `mean_training_records`; with fraction 1.0.

    Returns
    -------
    pandas.DataFrame
        Columns model, fraction (of the training groups), n_train, metric, value, low, high, n and
        groups; a row a model and fraction, ascending, up to 1.0.
    """
    sizes = measured.assign(fraction=measured["control"].map(size_fraction))
    sizes = sizes[sizes["fraction"].notna()]
    rows = []
    for model, part in sizes.groupby("model", sort=False):
        whole = _of_repeat(metrics, model, metric, "1").to_dict()
        points = [*part.sort_values("fraction").to_dict("records"), whole | {"fraction": 1.0}]
        rows += [p | {"model": model, "metric": metric} for p in points]
    curve = pd.DataFrame(rows, columns=_CURVE)
    curve["n_train"] = curve["fraction"].map(dict(n_train)).astype(float)
    return curve


def mean_training_records(splits: pd.DataFrame) -> float:
    """Count the training records of repeat 1, on average over folds.

    Parameters
    ----------
    splits : pandas.DataFrame
        Columns record, repeat, fold and role.

    Returns
    -------
    float
    """
    first = splits[splits["repeat"] == 1]
    return float((first["role"] == "train").sum() / first["fold"].nunique())
