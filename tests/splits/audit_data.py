"""Made-up sequences, splits and audits of them."""

import json

import numpy as np
import pandas as pd
import parasail

from seqarena.data.alphabet import LETTERS, UNKNOWN, reverse_complement
from seqarena.data.dataset import Dataset
from seqarena.splits.leakage import audit_leakage

MATRIX = parasail.matrix_create("ACGTN", 1, -1)
MATRIX[4, 4] = -1
COLUMNS = [
    *("record", "repeat", "fold", "neighbour", "neighbour_role", "strand", "score", "identity"),
    *("similarity", "kind", "conflict", "leaked", "exact"),
]
ROLE = {"t": "train", "v": "validation", "T": "test"}


def draw(random, length):
    return random.integers(0, 4, length, dtype=np.uint8)


def mutate(random, sequence, rate):
    changes = (random.random(len(sequence)) < rate) * random.integers(1, 4, len(sequence))
    return ((sequence + changes) % 4).astype(np.uint8)


def dataset(sequences, targets=None, names=None, groups=None, task="binary"):
    n = len(sequences)
    records = pd.DataFrame({"record": names or [f"r{i:04d}" for i in range(n)]})
    records["label"] = np.zeros(n, dtype=int) if targets is None else targets
    if groups is not None:
        records["group"] = groups
    summary = {
        "target": "label",
        "targets": ["label"],
        "task": task,
        "classes": ["a", "b"],
        "records": n,
    }
    offsets = np.cumsum([0, *map(len, sequences)])
    return Dataset(np.concatenate(sequences).astype(np.uint8), offsets, records, summary)


def one_fold(data, roles):
    """Make a split of a fold from letters: t, v, T or a blank for no role."""
    named = [
        (r, 1, 0, ROLE[x]) for r, x in zip(data.records["record"], roles, strict=True) if x != " "
    ]
    return pd.DataFrame(named, columns=["record", "repeat", "fold", "role"])


def k_folds(names, random, folds=4, repeats=2):
    parts = []
    for repeat in range(1, repeats + 1):
        fold_of = random.integers(0, folds, len(names))
        for fold in range(folds):
            role = np.full(len(names), "train", dtype=object)
            role[fold_of == (fold + 1) % folds] = "validation"
            role[fold_of == fold] = "test"
            keys = {"record": names, "repeat": repeat, "fold": fold}
            parts.append(pd.DataFrame(keys | {"role": role}))
    return pd.concat(parts, ignore_index=True)


def alone(data):
    return pd.DataFrame({"record": data.records["record"], "cluster": np.arange(len(data))})


def audit(data, splits, clusters=None, **options):
    clusters = alone(data) if clusters is None else clusters
    options = {"mode": "own split", "threshold": 20} | options
    table, report = audit_leakage(data, splits, clusters, **options)
    assert list(table) == COLUMNS
    json.dumps(report, allow_nan=False)
    return table, report


def one_record(sequences, roles="tT", **options):
    """Audit a split whose last record is the only one tested."""
    data = dataset(sequences, options.pop("targets", None))
    table, report = audit(data, one_fold(data, roles), **options)
    assert len(table) == 1
    return table.iloc[0], report


def score(a, b, both_strands):
    texts = ["".join("ACGTN"[min(x, 4)] for x in y) for y in (a, reverse_complement(a), b)]
    scores = [parasail.sw(text, texts[2], 2, 1, MATRIX).score for text in texts[: 1 + both_strands]]
    return max(scores)


def families(random, n=60, lengths=(30, 300)):
    """Relatives of all degrees, on either strand, with unknown letters here and there."""
    founders = [draw(random, random.integers(*lengths)) for _ in range(n // 3)]
    sequences = []
    for _ in range(n):
        member = mutate(random, founders[random.integers(len(founders))], 0.5 * random.random())
        member[random.random(len(member)) < 0.01] = random.integers(UNKNOWN, len(LETTERS))
        sequences.append(reverse_complement(member) if random.random() < 0.5 else member)
    return sequences
