"""Which models are no result: they predict one thing for all records, or no better than that."""

import numpy as np
import pandas as pd

from seqarena.evaluation.chance import chance_levels
from seqarena.evaluation.metric_names import HIGHER_IS_BETTER, METRIC_NAMES, in_figures

MAJORITY = "majority"
"""The baseline that predicts the same for every record by design."""

BY_DESIGN = "it predicts the same for every record, by design"
CONSTANT = "it predicts the same for every record"
NOT_FINITE = "its predictions are not finite numbers"
ONE_CLASS = "it decides on the same class for every record, so MCC is 0"
ONE_ANSWER = "it decides on the same labels for every record, so MCC is 0"

_RUN = ["model", "repeat", "fold"]
# Rounding of a metric that is that of a constant prediction.
_ROUNDING = 1e-12


def degenerate_models(metrics: pd.DataFrame, primary_metric: str) -> dict[str, str]:
    """Find the models that are no result, and say why.

    Parameters
    ----------
    metrics : pandas.DataFrame
        As of `metrics.evaluate`.
    primary_metric : str
        Name of a metric over all classes, labels or targets.

    Returns
    -------
    dict of str to str
        By model the first reason that holds, as a clause. In more than half of its runs, the test
        predictions aren't finite, are constant (each fold has a constant of its own, so pooled
        predictions don't show it), or lead to the same decision for every record: of a threshold
        chosen on validation records, or as the most probable class, that is a failure even where
        the scores say something. Or the pooled primary metric is no better than that of a constant
        prediction (`chance.chance_levels`; where that isn't known, that of the baseline
        "majority"): without regard to noise, for which there are intervals.
    """
    runs = _runs(metrics)
    unfinished, constant, alike = _not_finite(runs), constant_runs(metrics), one_class_runs(metrics)
    labels = "macro_mcc" in set(metrics["metric"])
    useless = _no_better(metrics, primary_metric)
    found = {}
    for model in metrics["model"].unique():
        shares = [
            (reason, _share(series, model))
            for reason, series in (
                (NOT_FINITE, unfinished),
                (BY_DESIGN if model == MAJORITY else CONSTANT, constant),
                (ONE_ANSWER if labels else ONE_CLASS, alike),
            )
        ]
        reasons = [reason for reason, share in shares if share > 0.5]
        reasons += [useless[model]] if model in useless else []
        if reasons:
            found[model] = reasons[0]
    return found


def _share(runs: pd.Series, model: str) -> float:
    mine = runs[runs.index.get_level_values("model") == model]
    return float(mine.mean()) if len(mine) else 0.0


def _no_better(metrics: pd.DataFrame, primary_metric: str) -> dict[str, str]:
    """Find the models whose pooled primary metric is no better than a constant's, and say so."""
    pooled = metrics[(metrics["role"] == "test") & (metrics["repeat"].astype(str) == "all")]
    rows = pooled[(pooled["metric"] == primary_metric) & (pooled["target"].fillna("") == "")]
    values = rows.set_index("model")["value"]
    constant = chance_levels(pooled).get(primary_metric, values.get(MAJORITY, np.nan))
    sign, name = 1 if HIGHER_IS_BETTER[primary_metric] else -1, METRIC_NAMES[primary_metric]
    return {
        model: (
            f"its {name} of {in_figures(value)} is no better than that of a constant prediction "
            f"({in_figures(constant)})"
        )
        for model, value in values.items()
        if sign * (value - constant) <= _ROUNDING
    }


def _runs(metrics: pd.DataFrame) -> pd.DataFrame:
    runs = metrics[(metrics["role"] == "test") & (metrics["fold"] != "all")]
    return runs.assign(target=runs["target"].fillna(""))


def _wide(runs: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Give a metric by run, with a column a class, label or target ("": over all)."""
    rows = runs[runs["metric"] == metric]
    # A pivot table would leave out what is undefined.
    return rows.pivot(index=_RUN, columns="target", values="value")  # noqa: PD010


def _of_single(table: pd.DataFrame) -> pd.DataFrame:
    """Leave what is over all out, unless there is nothing else."""
    return table.drop(columns="") if table.shape[1] > 1 and "" in table else table


def _not_finite(runs: pd.DataFrame) -> pd.Series:
    """Tell which runs predicted something that isn't finite: they have no error."""
    error = "rmse" if "rmse" in set(runs["metric"]) else "log_loss"
    return _of_single(_wide(runs, error)).isna().all(axis=1)


def constant_runs(metrics: pd.DataFrame) -> pd.Series:
    """Tell which runs predicted the same for every test record.

    Parameters
    ----------
    metrics : pandas.DataFrame
        As of `metrics.evaluate`.

    Returns
    -------
    pandas.Series of bool
        By model, repeat and fold (str). Constant scores have an AUROC of exactly 0.5 in each class
        and an MCC of 0, constant values no correlation (though truth varies, or R2 would be
        undefined), predictions that aren't finite no error. Of several labels or regression targets
        all must be so that can be judged.
    """
    runs = _runs(metrics)
    seen = set(runs["metric"])
    if "rmse" in seen:
        pearson, r2 = (_of_single(_wide(runs, name)) for name in ("pearson", "r2"))
        constant = (pearson.isna() | r2.isna()).all(axis=1) & r2.notna().any(axis=1)
    else:
        area = "macro_auroc" if "macro_auroc" in seen else "auroc"
        mcc = "macro_mcc" if "macro_mcc" in seen else "mcc"
        constant = (_wide(runs, area)[""] == 0.5) & (_wide(runs, mcc)[""] == 0)
    return constant | _not_finite(runs)


def one_class_runs(metrics: pd.DataFrame) -> pd.Series:
    """Tell which runs of a classification decided alike on every test record, though truth varies.

    Parameters
    ----------
    metrics : pandas.DataFrame
        As of `metrics.evaluate`.

    Returns
    -------
    pandas.Series of bool
        By model, repeat and fold (str); all False for a regression. MCC is 0 then, but not only
        then: with decisions that have nothing to do with truth, F1 is that of calling none (0) or
        all (2 p / (1 + p) at prevalence p) if and only if none or all are called. Of several
        classes, only the one that is decided on has a precision. Of several labels, all must be so
        that can be judged.
    """
    runs = _runs(metrics)
    seen = set(runs["metric"])
    if "rmse" in seen:
        return pd.Series(False, index=_wide(runs, "rmse").index)
    if "precision" in seen:
        decided = _wide(runs, "precision").notna().sum(axis=1)
        return (_wide(runs, "mcc")[""] == 0) & (decided == 1)
    mcc, f1, p = (_of_single(_wide(runs, name)) for name in ("mcc", "f1", "prevalence"))
    alike = (mcc == 0) & ((f1 == 0) | np.isclose(f1, 2 * p / (1 + p), rtol=1e-9, atol=0))
    return (alike | mcc.isna()).all(axis=1) & mcc.notna().any(axis=1)
