"""Which models do better over several data sets: the block of the report on ranks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from seqarena.reporting.cells import Cell, Fact, Picture, Table, number, records_of, words
from seqarena.reporting.pictures import data_uri
from seqarena.reporting.wording import (
    FIGURES,
    format_number,
    format_p,
    format_signed,
    is_missing,
    listed,
    p_value,
    plural,
)


def across_view(across: Mapping) -> dict:
    """Gather what is said of the models over all data sets.

    Parameters
    ----------
    across : mapping
        summary (content of `across.json`), ranks (DataFrame: model, dataset, rank, value) and
        figure (path of SVG or None).
    """
    summary, figure = across["summary"], across.get("figure")
    picture = None
    if figure is not None:
        title, caption = FIGURES["critical_difference"]
        alternative = f"{title}: {summary['sentence']} {_mean_ranks(summary)}"
        picture = Picture(title, caption, alternative, data_uri(Path(figure).read_bytes()))
    return {
        "sentence": summary["sentence"],
        "facts": _facts(summary),
        "ranks": _ranks_table(summary, across["ranks"]),
        "pairs": _pairs_table(summary),
        "left_out": summary["left_out"],
        "picture": picture,
        "summary": summary,
    }


def _mean_ranks(summary: Mapping) -> str:
    ordered = sorted(summary["mean_ranks"].items(), key=lambda item: item[1])
    return f"Mean ranks: {', '.join(f'{model} {format_number(r, 2)}' for model, r in ordered)}."


def _facts(summary: Mapping) -> list[Fact]:
    friedman, iman = summary["friedman"], summary["iman_davenport"]
    alike = [clique for clique in summary["cliques"] if len(clique) > 1]
    return [
        Fact("data sets", plural(len(summary["datasets"]), "data set")),
        Fact(
            "all models alike? (Friedman)",
            f"chi² = {format_number(friedman['statistic'], 2)}, {friedman['df']} df, "
            f"{p_value(friedman['p'])}",
        ),
        Fact(
            "the same, corrected (Iman and Davenport)",
            f"F = {_ratio(iman['statistic'])}, {iman['df1']} and {iman['df2']} df, "
            f"{p_value(iman['p'])}",
        ),
        *_sign_test(summary.get("sign_test")),
        Fact(
            "critical difference of mean ranks (Nemenyi)",
            f"{format_number(summary['critical_difference'], 2)} at {summary['alpha']:g}",
        ),
        Fact("not told apart", "; ".join(listed(clique) for clique in alike) or "none"),
    ]


def _ratio(statistic: float | None) -> str:
    """Write an F statistic, which is infinite (None) where all data sets rank models alike."""
    return "infinite" if statistic is None else format_number(statistic, 2)


def _sign_test(test: Mapping | None) -> list[Fact]:
    if test is None:
        return []
    counts = f"{test['wins']} to {test['losses']}, {plural(test['ties'], 'tie')}"
    return [Fact("data sets won by each model (sign test)", f"{counts}, {p_value(test['p'])}")]


def _ranks_table(summary: Mapping, ranks: pd.DataFrame) -> Table:
    of = {(row.model, row.dataset): row for row in ranks.itertuples()}
    models = sorted(summary["mean_ranks"], key=summary["mean_ranks"].get)
    rows = []
    for model in models:
        mean = summary["mean_ranks"][model]
        cells = [
            number(of[model, name].rank, f"{of[model, name].rank:g}", _value(of[model, name].value))
            if (model, name) in of
            else words(None)
            for name in summary["datasets"]
        ]
        rows.append([Cell(model), number(mean, format_number(mean, 2)), *cells])
    columns = [("model", False), ("mean rank", True), *((d, True) for d in summary["datasets"])]
    return Table(
        "Rank of each model on each data set (1 is best); second line: its primary metric.",
        columns,
        rows,
        ["Equal scores share the mean of their ranks."],
        records_of(ranks),
    )


def _value(value: float) -> str:
    return "" if is_missing(value) else format_number(value)


def _pairs_table(summary: Mapping) -> Table:
    rows = [
        [
            Cell(pair["model_a"]),
            Cell(pair["model_b"]),
            number(pair["difference"], format_signed(pair["difference"], 2)),
            number(pair["p"], format_p(pair["p"])),
            _told_apart({pair["model_a"], pair["model_b"]}, summary["cliques"]),
        ]
        for pair in summary["pairs"]
    ]
    columns = [("model", False), ("compared with", False), ("difference of mean ranks", True)]
    notes = [
        "A positive difference says that the first model is better. Pairs are told apart only "
        "where the test of all models rejects that they are alike."
    ]
    return Table(
        "Every pair of models over all data sets (Nemenyi, corrected for all pairs).",
        [*columns, ("p", True), ("verdict", False)],
        rows,
        notes,
        summary["pairs"],
    )


def _told_apart(pair: set[str], cliques: Sequence[Sequence[str]]) -> Cell:
    if any(pair <= set(clique) for clique in cliques):
        return Cell("not told apart")
    return Cell("told apart", tone="good")
