"""The models by their pooled test metric, best first; those that are no result come last."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from seqarena.evaluation.chance import chance_levels
from seqarena.evaluation.degenerate import degenerate_models
from seqarena.evaluation.metric_names import HIGHER_IS_BETTER


def rank(
    metrics: pd.DataFrame, primary_metric: str, baselines: Collection[str] = ()
) -> pd.DataFrame:
    """Rank the models by a pooled test metric, best first.

    Parameters
    ----------
    metrics : pandas.DataFrame
        As of `metrics.evaluate`.
    primary_metric : str
        Name of a metric over all classes, labels or targets.
    baselines : collection of str, optional
        Models that rank above a network of the same value.

    Returns
    -------
    pandas.DataFrame
        Columns rank (Int64, from 1), model, value, low, high, chance (what the metric is, in
        expectation, without information on the sequence; NaN where that isn't known), degenerate
        (bool), why (a clause, as of `degenerate.degenerate_models`; empty for the others), n and
        groups. Undefined values come after all others, and degenerate models at the very end,
        without a rank (NA).
    """
    pooled = metrics[(metrics["role"] == "test") & (metrics["repeat"] == "all")]
    rows = pooled[(pooled["metric"] == primary_metric) & (pooled["target"].fillna("") == "")]
    reasons = degenerate_models(metrics, primary_metric)
    sign = 1 if HIGHER_IS_BETTER[primary_metric] else -1
    why = [reasons.get(model, "") for model in rows["model"]]
    rows = in_order(rows.assign(score=sign * rows["value"], why=why), baselines)
    rows = rows.sort_values("why", key=lambda why: why != "", kind="stable", ignore_index=True)
    degenerate = rows["why"] != ""
    place = pd.Series(np.arange(1, len(rows) + 1), dtype="Int64")
    return pd.DataFrame(
        {
            "rank": place.mask(degenerate),
            **{name: rows[name] for name in ("model", "value", "low", "high")},
            "chance": chance_levels(pooled).get(primary_metric, np.nan),
            "degenerate": degenerate,
            **{name: rows[name] for name in ("why", "n", "groups")},
        }
    )


def in_order(values: pd.DataFrame, baselines: Collection[str]) -> pd.DataFrame:
    """Sort by score, then baselines first, then by name; undefined scores come last."""
    network = ~values["model"].isin(list(baselines))
    ordered = values.assign(_network=network, _negative=-values["score"])
    ordered = ordered.sort_values(["_negative", "_network", "model"], kind="stable")
    return ordered.drop(columns=["_network", "_negative"]).reset_index(drop=True)


def best_baseline(
    metrics: pd.DataFrame, primary_metric: str, baselines: Collection[str]
) -> str | None:
    """Name the baseline that ranks highest, or None if there is none.

    Parameters are those of `rank`.
    """
    return first_of(rank(metrics, primary_metric, baselines), baselines)


def first_of(ranking: pd.DataFrame, models: Collection[str]) -> str | None:
    """Name the one of some models that ranks highest, or None if none is in the ranking."""
    inside = ranking[ranking["model"].isin(list(models))]
    return None if inside.empty else str(inside["model"].iloc[0])
