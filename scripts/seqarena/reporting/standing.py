"""Which models have a result, and which are degenerate: those have none, but a reason."""

import pandas as pd

from seqarena.reporting.wording import is_missing

NO_RANK = "–"


def degenerate(ranking: pd.DataFrame) -> dict[str, str]:
    """Give the degenerate models, each with what makes it so.

    Parameters
    ----------
    ranking : DataFrame
        As in `ranking.tsv`: columns model, degenerate (bool) and why.

    Returns
    -------
    dict of str to str
        In the order of the table; a reason that isn't known is empty.
    """
    if "degenerate" not in ranking:
        return {}
    rows = ranking[ranking["degenerate"].fillna(False).astype(bool)]
    reasons = rows["why"] if "why" in rows else pd.Series("", index=rows.index)
    return {
        str(model): "" if is_missing(why) else str(why)
        for model, why in zip(rows["model"], reasons, strict=True)
    }


def with_result(ranking: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of models that have a result: all but the degenerate ones."""
    return ranking[~ranking["model"].isin(degenerate(ranking))]


def why_degenerate(ranking: pd.DataFrame) -> list[str]:
    """Say of each degenerate model what makes it so, in a sentence."""
    return [
        f"{model} is degenerate" + (f": {why.rstrip('.')}." if why else ".")
        for model, why in degenerate(ranking).items()
    ]
