"""Which models rank best over several datasets.

Ranks within datasets are compared, since values of different datasets (and metrics) aren't on one
scale: Friedman's test with Iman and Davenport's correction tells whether the models differ at all,
and Nemenyi's test which of them do (Demsar 2006, J. Mach. Learn. Res. 7:1).
"""

import math
from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from seqarena.errors import InputError

# With fewer datasets no pair of models could differ significantly: the sign test of five that agree
# has p = 0.0625.
LEAST_DATASETS = 5
ALPHA = 0.05


def compare_across_datasets(rankings: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, dict]:
    """Compare models by their ranks on several datasets.

    Parameters
    ----------
    rankings : mapping of str to pandas.DataFrame
        By dataset, columns model, value and degenerate, best first, as of `comparison.rank`. The
        primary metrics may differ.

    Returns
    -------
    ranks : pandas.DataFrame
        Columns model, dataset, rank and value, a row a model and dataset; models by mean rank. Rank
        1 is the best of the models compared; equal values share their mean rank, and so do, as the
        last, models that are degenerate or have no value.
    across : dict
        Fit for JSON: datasets and models (lists of str; models by mean rank), left_out (list of
        what and why: models that lack a dataset), mean_ranks (by model), friedman (statistic, df
        and p), iman_davenport (statistic, df1, df2 and p; the statistic is None where it is
        infinite), sign_test (wins of the better model, losses, ties and p, for two models; else
        None), alpha, critical_difference (Nemenyi's, of mean ranks), cliques (lists of two or more
        models that aren't told apart: all of them unless the test of all models, for two the sign
        test, rejects), pairs (model_a, model_b, difference of mean ranks, positive if a is better,
        and Nemenyi's p) and sentence (str).

    Raises
    ------
    InputError
        If there are fewer than five datasets, or fewer than two models ran on all of them.
    """
    datasets = sorted(rankings)
    models, left_out = _shared_models(rankings)
    if len(datasets) < LEAST_DATASETS or len(models) < 2:
        raise InputError(
            f"Models can't be compared over {len(datasets)} datasets that share {len(models)} "
            "models.",
            remedy=f"Run at least 2 models on each of at least {LEAST_DATASETS} datasets.",
        )
    values, matrix = _rank_matrix([rankings[name] for name in datasets], models)
    order = np.lexsort([models, matrix.mean(axis=0)])
    models = [models[place] for place in order]
    values, matrix = values[:, order], matrix[:, order]
    mean = matrix.mean(axis=0)
    tests = friedman(matrix)
    tests["sign_test"] = sign_test(matrix) if len(models) == 2 else None
    critical = critical_difference(len(models), len(datasets))
    decisive = tests["sign_test"] or tests["iman_davenport"]
    across = {
        "datasets": datasets,
        "models": models,
        "left_out": left_out,
        "mean_ranks": dict(zip(models, mean.tolist(), strict=True)),
        **tests,
        "alpha": ALPHA,
        "critical_difference": critical,
        "cliques": _cliques(models, mean, critical if decisive["p"] < ALPHA else math.inf),
        "pairs": _pairs(models, mean, len(datasets)),
    }
    ranks = pd.DataFrame(
        {
            "model": np.repeat(models, len(datasets)),
            "dataset": np.tile(datasets, len(models)),
            "rank": matrix.T.ravel(),
            "value": values.T.ravel(),
        }
    )
    return ranks, across | {"sentence": _sentence(across, decisive["p"])}


def _shared_models(rankings: Mapping[str, pd.DataFrame]) -> tuple[list[str], list[dict]]:
    """Name the models that ran on all datasets, and the others with the reason."""
    ran = {name: set(table["model"]) for name, table in sorted(rankings.items())}
    models, left_out = [], []
    for model in sorted(set().union(*ran.values())):
        lacking = [f"`{name}`" for name, names in ran.items() if model not in names]
        if lacking:
            left_out.append({"what": model, "why": f"not run on {', '.join(lacking)}"})
        else:
            models.append(model)
    return models, left_out


def _rank_matrix(tables: list[pd.DataFrame], models: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Give values and ranks of shape (datasets, models)."""
    from scipy.stats import rankdata

    values, ranks = [], []
    for table in tables:
        rows = table.set_index("model")
        # The tables are best first, so the order in which values appear is that of the ranks,
        # whatever the metric's direction. What is no answer comes after all others.
        place = pd.Series(pd.factorize(rows["value"])[0], index=rows.index)
        place[rows["degenerate"].astype(bool) | rows["value"].isna()] = len(rows)
        ranks.append(rankdata(place[models]))
        values.append(rows.loc[models, "value"].to_numpy(dtype=float))
    return np.stack(values), np.stack(ranks)


def friedman(ranks: np.ndarray) -> dict:
    """Test whether models differ in their mean rank.

    Friedman (1937, J. Am. Stat. Assoc. 32:675) with the correction for ties; Iman and Davenport
    (1980, Commun. Stat. A 9:571) made of it a statistic that is less conservative.

    Parameters
    ----------
    ranks : array of float, shape (datasets, models)
        Ranks within each dataset, mean ranks for ties.

    Returns
    -------
    dict
        friedman (statistic, df, p) and iman_davenport (statistic, df1, df2, p). Where all models
        tie on all datasets both statistics are 0 and p is 1. Where all datasets have one and the
        same ranking Iman and Davenport's statistic is infinite, given as None, and p the exact
        chance that random rankings all agree.
    """
    from scipy.stats import chi2, f

    n, k = ranks.shape
    spread = ((ranks - (k + 1) / 2) ** 2).sum()
    between = n * ((ranks.mean(axis=0) - (k + 1) / 2) ** 2).sum()
    agreement = between / spread if spread > 0 else 0.0  # Kendall's W
    df1, df2 = k - 1, (k - 1) * (n - 1)
    statistic = n * (k - 1) * agreement
    if np.ptp(ranks, axis=0).any() or spread == 0:
        ratio = (n - 1) * agreement / (1 - agreement)
        p = float(f.sf(ratio, df1, df2))
    else:
        ties = np.unique(ranks[0], return_counts=True)[1]
        rankings = math.factorial(k) / math.prod(map(math.factorial, ties.tolist()))
        ratio, p = None, rankings ** (1 - n)
    return {
        "friedman": {
            "statistic": float(statistic), "df": df1, "p": float(chi2.sf(statistic, df1)),
        },
        "iman_davenport": {
            "statistic": None if ratio is None else float(ratio), "df1": df1, "df2": df2, "p": p,
        },
    }  # fmt: skip


def sign_test(ranks: np.ndarray) -> dict:
    """Test by the exact sign test whether the first of two models ranks better.

    It needs no more than the order within each dataset, where Wilcoxon's signed ranks would have to
    order differences of different metrics by size.

    Parameters
    ----------
    ranks : array of float, shape (datasets, 2)
        Ranks within each dataset.

    Returns
    -------
    dict
        wins, losses and ties (int) of the first model, and p, two-sided; ties don't count.
    """
    from scipy.stats import binomtest

    wins = int((ranks[:, 0] < ranks[:, 1]).sum())
    losses = int((ranks[:, 0] > ranks[:, 1]).sum())
    p = float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0
    return {"wins": wins, "losses": losses, "ties": len(ranks) - wins - losses, "p": p}


def critical_difference(n_models: int, n_datasets: int) -> float:
    """Give the difference of mean ranks from which on two models differ (Nemenyi's test).

    Parameters
    ----------
    n_models, n_datasets : int
        At least 2 each.

    Returns
    -------
    float
        At level 0.05; the studentised range over the square root of 2, times the standard error.
    """
    from scipy.stats import studentized_range

    quantile = studentized_range.ppf(1 - ALPHA, n_models, np.inf) / math.sqrt(2)
    return float(quantile * _standard_error(n_models, n_datasets))


def _standard_error(n_models: int, n_datasets: int) -> float:
    return math.sqrt(n_models * (n_models + 1) / (6 * n_datasets))


def _pairs(models: list[str], mean: np.ndarray, n_datasets: int) -> list[dict]:
    from scipy.stats import studentized_range

    pairs = []
    for i, j in combinations(range(len(models)), 2):
        difference = float(mean[j] - mean[i])
        spread = difference / _standard_error(len(models), n_datasets) * math.sqrt(2)
        p = float(studentized_range.sf(spread, len(models), np.inf))
        p = min(1.0, max(0.0, p))  # it is integrated numerically
        row = {"model_a": models[i], "model_b": models[j], "difference": difference, "p": p}
        pairs.append(row)
    return pairs


def _cliques(models: list[str], mean: np.ndarray, critical: float) -> list[list[str]]:
    """Find the largest runs of models (best first) whose ends differ by less than the critical."""
    cliques, reached = [], 0
    for start in range(len(models)):
        end = start + int((mean[start:] - mean[start] < critical).sum())
        if end > reached and end - start > 1:
            cliques.append(models[start:end])
        reached = max(reached, end)
    return cliques


def _sentence(across: Mapping, p: float) -> str:
    """Say in words what the ranks tell."""
    models, n = across["models"], len(across["datasets"])
    best = models[0]
    ranks = f"mean rank {across['mean_ranks'][best]:.3g} of {len(models)}"
    test = "sign test" if across["sign_test"] else "Friedman test with Iman and Davenport's F"
    chance = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
    if not p < ALPHA:
        return (
            f"Over {n} datasets no model ranks reliably above another ({test}, {chance}); `{best}` "
            f"has the best {ranks}. Undecided: these datasets can't tell."
        )
    tied = across["cliques"][0] if across["cliques"] and best in across["cliques"][0] else [best]
    others = [f"`{name}`" for name in models if name not in tied]
    told = f"Over {n} datasets `{best}` ranks best ({ranks}; {test}, {chance})"
    if len(models) == 2:
        return f"{told}."
    if len(tied) == 1:
        return f"{told}, above each of the other models beyond noise (Nemenyi's test)."
    near = _listed([f"`{name}`" for name in tied[1:]])
    if not others:
        return f"{told}, but no two models are told apart by Nemenyi's test."
    return f"{told}; it is told apart from {_listed(others)}, not from {near} (Nemenyi's test)."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
