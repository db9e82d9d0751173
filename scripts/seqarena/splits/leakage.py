"""The audit of a split: what a tested record has in common with those that its models had seen.

For every test record the nearest record is looked for among the train and validation records of the
same repeat and fold: copies, reverse complements and near copies, which a model can know by heart,
and relatives. A search by seeds serves all test records; as many as time allows are compared with
every seen record besides, so that what the search may have missed is known, too. A split is
described, never changed.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

from seqarena.data.dataset import Dataset
from seqarena.data.description import unit
from seqarena.errors import InputError
from seqarena.splits.audit_exact import Nearest
from seqarena.splits.audit_report import KINDS, report_audit
from seqarena.splits.audit_sides import Sides, seen_copies, take_sides
from seqarena.splits.comparison import Comparison, comparison_of

NEAR_COPY = 0.7
"""Share of the best score that the shorter of two sequences could have, for a near copy."""
_COLUMNS = [
    *("record", "repeat", "fold", "neighbour", "neighbour_role", "strand", "score", "identity"),
    *("similarity", "kind", "conflict", "leaked", "exact"),
]


def audit_leakage(
    dataset: Dataset,
    splits: pd.DataFrame,
    clusters: pd.DataFrame,
    *,
    mode: str,
    threshold: int | None = None,
    both_strands: bool = True,
    exact: str | int = "auto",
    seed: int = 0,
    threads: int = 2,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Look for leaks between the test records and the seen records of a split.

    Parameters
    ----------
    dataset : Dataset
        The records, of any lengths.
    splits : pandas.DataFrame
        Columns record, repeat, fold and role.
    clusters : pandas.DataFrame
        Columns record and cluster: the groups of the split, the unit of the report's interval.
    mode : str
        How the split was made; repeated in the report.
    threshold : int, optional
        Smith-Waterman score from which on two records are related. Default: calibrated on shuffled
        copies of the sequences, as for grouping. Of words and numbers there are copies only.
    both_strands : bool, default True
        Whether the reverse complement of a sequence is the same molecule.
    exact : "auto", "all" or int, default "auto"
        How many test records are compared with every seen one; "auto": as many as some seconds
        allow, all if possible.
    seed : int, default 0
        Which ones, where not all are.
    threads : int, default 2
        Threads to run on. The numbers don't depend on it.

    Returns
    -------
    table : pandas.DataFrame
        A row a test record, repeat and fold, sorted by repeat, fold and record, with the columns
        record, repeat, fold, neighbour (identifier; "" if none was found), neighbour_role, strand
        ("+", "-"), score (Smith-Waterman: +1 a match, -1 a mismatch, -2 the first letter of a gap,
        -1 each further one; simple repeats match nothing; of proteins see
        `seqarena.splits.protein`), identity (matches by columns of the alignment; NaN without),
        similarity (score by that of the test record with itself, 0 to 1; NaN where relatives can't
        be told),
        kind (one of `seqarena.splits.audit_report.KINDS` or "none"),
        conflict (the neighbour is a copy, on either strand, with another label), leaked (kind is
        not "none") and exact (compared with every seen record).
    report : dict
        Fit for JSON, as of `seqarena.splits.audit_report.report_audit`.

    Raises
    ------
    InputError
        If `exact` is none of its choices.
    """
    if exact not in ("auto", "all") and not (
        isinstance(exact, int | np.integer) and not isinstance(exact, bool) and exact >= 0
    ):
        raise InputError(
            f"the audit's exact is {exact!r}",
            remedy='state "auto", "all" or how many test records to compare with all others',
        )
    started = time.perf_counter()
    comparison = comparison_of(dataset.alphabet, both_strands)
    sides = take_sides(dataset, splits, clusters, comparison.both_strands, comparison.plain)
    with ThreadPoolExecutor(threads) as pool:
        source = "grouping" if comparison.relatives else None
        if not comparison.relatives:
            threshold = None
        elif threshold is None:
            threshold, source = comparison.calibrate(sides.originals, pool), "calibrated"
        compared = comparison.choose(sides, exact, seed)
        nearest = comparison.exactly(sides, compared, pool)
        if len(compared) < len(np.unique(sides.test_rows()[1])):
            nearest = _better(nearest, comparison.search(sides, pool))
        table = _table(sides, nearest, threshold, comparison, compared, pool)
    report = report_audit(
        sides,
        table,
        compared,
        threshold=threshold,
        threshold_source=source,
        both_strands=comparison.both_strands,
        mode=mode,
        task=dataset.task,
        unit=unit(dataset.alphabet),
    )
    return _named(sides, table), report | {"seconds": time.perf_counter() - started}


def _better(one: Nearest, other: Nearest) -> Nearest:
    """Take the better of two neighbours, the first one where they are equally near."""
    wins = one.score >= other.score
    return Nearest(*(np.where(wins, a, b) for a, b in zip(one, other, strict=True)))


def _table(
    sides: Sides,
    nearest: Nearest,
    threshold: int | None,
    comparison: Comparison,
    compared: np.ndarray,
    pool: ThreadPoolExecutor,
) -> pd.DataFrame:
    """Describe the neighbour of every test record; records and folds are numbers."""
    fold, record = sides.test_rows()
    code = sides.codes[record]
    neighbour = np.full(len(record), -1, dtype=np.int64)
    known = code >= 0
    neighbour[known] = nearest.record[code[known], sides.columns[fold[known]]]
    is_copy = np.zeros(len(record), dtype=bool)
    for number in range(len(sides.folds)):
        rows = np.flatnonzero(fold == number)
        copies = seen_copies(sides, number, record[rows])
        is_copy[rows] = copies >= 0
        neighbour[rows] = np.where(copies >= 0, copies, neighbour[rows])
    best, own_identity = (np.append(part, 0) for part in comparison.best(sides.sequences))
    table = pd.DataFrame({"record": record, "fold": fold, "neighbour": neighbour})
    table["role"] = np.where(neighbour >= 0, sides.roles[fold, neighbour], 0)
    opposite = sides.flipped[record] != sides.flipped[neighbour]
    aligned = ~is_copy & (neighbour >= 0)
    described = _describe(sides, code[aligned], sides.codes[neighbour[aligned]], comparison, pool)
    same, score, identity = _choose_strand(described, opposite[aligned])
    table["opposite"] = opposite
    table.loc[aligned, "opposite"] = ~same
    table["score"] = np.where(is_copy, best[code], 0)
    table.loc[aligned, "score"] = score
    table["identity"] = np.where(is_copy, own_identity[code], np.nan)
    table.loc[aligned, "identity"] = identity
    table["similarity"] = table["score"] / np.maximum(best[code], 1)
    if threshold is None:
        table.loc[~is_copy, "similarity"] = np.nan
    table["best"] = best[code]
    shorter = np.minimum(best[code], best[sides.codes[neighbour]])
    is_related = (table["score"] >= (threshold or 0)) & aligned
    is_near = is_related & (table["score"] >= NEAR_COPY * shorter)
    kinds = [is_copy & ~opposite, is_copy & opposite, is_near, is_related]
    table["kind"] = np.select(kinds, KINDS, "none")
    table["conflict"] = is_copy & (sides.targets[record] != sides.targets[neighbour])
    table["leaked"] = table["kind"] != "none"
    table["exact"] = np.isin(record, compared)
    return table


def _describe(
    sides: Sides,
    ones: np.ndarray,
    others: np.ndarray,
    comparison: Comparison,
    pool: ThreadPoolExecutor,
) -> np.ndarray:
    """Align pairs of distinct sequences: score and identity on the same and the other strand.

    A pair is aligned once, whichever of the two is tested.
    """
    n = len(sides.sequences.lengths)
    keys = np.minimum(ones, others) * n + np.maximum(ones, others)
    distinct, again = np.unique(keys, return_inverse=True)

    def align_some(part: np.ndarray) -> list[tuple]:
        return comparison.describe(sides.sequences, np.column_stack(np.divmod(part, n)))

    parts = np.array_split(distinct, max(len(distinct) // 500, 1))
    rows = [row for part in pool.map(align_some, parts) for row in part]
    return np.array(rows, dtype=float).reshape(-1, 4)[again.reshape(-1)]


def _choose_strand(
    described: np.ndarray, flipped: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Choose the strand of higher score, then of higher identity, else the records' own.

    Parameters
    ----------
    described : array of float, shape (m, 4)
        As of `_describe`.
    flipped : array of bool, shape (m,)
        Whether just one of the two records is the reverse complement of its distinct sequence.

    Returns
    -------
    same : array of bool, shape (m,)
        Whether the records are alike as they are written.
    score : array of int64, shape (m,)
    identity : array of float64, shape (m,)
    """
    own = np.where(flipped[:, None], described[:, 2:], described[:, :2])
    other = np.where(flipped[:, None], described[:, :2], described[:, 2:])
    tied = own[:, 0] == other[:, 0]
    same = np.where(tied, own[:, 1] >= other[:, 1], own[:, 0] > other[:, 0])
    chosen = np.where(same[:, None], own, other)
    return same, chosen[:, 0].astype(np.int64), chosen[:, 1]


def _named(sides: Sides, table: pd.DataFrame) -> pd.DataFrame:
    """Write names instead of numbers."""
    fold = sides.folds.iloc[table["fold"]].reset_index(drop=True)
    found = (table["neighbour"] >= 0).to_numpy()
    names = np.append(sides.names, "")
    named = table.assign(
        record=names[table["record"]],
        repeat=fold["repeat"],
        fold=fold["fold"],
        neighbour=names[table["neighbour"]],
        neighbour_role=np.array(["", "train", "validation"], dtype=object)[table["role"]],
        strand=np.where(found, np.where(table["opposite"], "-", "+"), ""),
    )
    return named[_COLUMNS]
