"""Groups of identical sequences and of the user's own column."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import group_records as script
from seqarena.data.alphabet import LETTERS
from seqarena.data.dataset import Dataset
from seqarena.errors import InputError
from seqarena.splits.groups import (
    clusters_from_edges,
    describe_clusters,
    edges_within_labels,
    group_records,
    use_of_column,
)

COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


def dataset(sequences, groups=None):
    tokens = np.array([LETTERS.index(x) for x in "".join(sequences)], dtype=np.uint8)
    offsets = np.cumsum([0, *map(len, sequences)])
    records = pd.DataFrame({"record": [f"r{i}" for i in range(len(sequences))]})
    if groups is not None:
        records["group"] = groups
    return Dataset(tokens=tokens, offsets=offsets, records=records, summary={})


def clusters(*arguments, **options):
    return group_records(dataset(*arguments), **options)["cluster"].to_list()


def partition(labels):
    return [labels.index(label) for label in labels]


def test_identical_and_reverse_complement_sequences_share_a_cluster():
    sequences = ["ACGGT", "AAAAA", "ACCGT", "ACGGT", "TTTTT"]
    assert clusters(sequences) == [0, 1, 0, 0, 1]
    assert clusters(sequences, both_strands=False) == [0, 1, 2, 0, 3]
    assert clusters(sequences, use_sequences=False) == [0, 1, 2, 3, 4]


def test_padding_does_not_hide_a_reverse_complement():
    assert clusters(["ACGGTNN", "NNACCGT", "ACCGTNN", "ACGNGTN"]) == [0, 0, 0, 1]


def test_sequences_and_column_join_into_components():
    sequences = ["AAAA", "CCCC", "AAAA", "CACA", "GGGG"]
    column = ["x", "x", None, np.nan, None]
    assert clusters(sequences, column) == [0, 0, 0, 1, 0]
    assert clusters(sequences, column, use_column=False) == [0, 1, 0, 2, 1]
    assert clusters(sequences, column, use_sequences=False) == [0, 0, 1, 2, 3]


def test_records_without_any_known_letter_are_not_identical():
    sequences = ["NNNN", "ACGT", "NNNN", "NRYN", "NRYN", ""]
    assert clusters(sequences) == [0, 1, 2, 3, 4, 5]
    assert clusters(sequences, ["x", "x", "x", None, None, None]) == [0, 0, 0, 1, 2, 3]


def test_records_stay_in_order_and_one_record_is_enough():
    table = group_records(dataset(["ACGT"]))
    assert table.to_dict("list") == {"record": ["r0"], "cluster": [0]}


def test_the_column_joins_replaces_or_is_not_there():
    with_column, without = dataset(["ACGT"], ["x"]), dataset(["ACGT"])
    assert use_of_column(with_column, "join") == "join"
    assert use_of_column(with_column, "replace") == "replace"
    assert use_of_column(without, "join") == "none"
    with pytest.raises(InputError, match="no column of groups") as caught:
        use_of_column(without, "replace")
    assert "labels: {group" in caught.value.remedy
    with pytest.raises(InputError, match="none of its choices"):
        use_of_column(with_column, "only")


def test_clusters_are_described():
    sizes = [3, 1, 12, *range(1, 10)]
    numbers = np.repeat(np.arange(len(sizes)), sizes)
    described = describe_clusters(np.random.default_rng(0).permutation(numbers))
    assert described == {
        "clusters": 12,
        "largest_cluster": 12,
        "largest_share": pytest.approx(12 / 61),
        "largest": [12, 9, 8, 7, 6, 5, 4, 3, 3, 2],
    }
    assert describe_clusters(np.zeros(1, dtype=np.int64))["largest"] == [1]
    assert describe_clusters(np.empty(0, dtype=np.int64))["clusters"] == 0


RELATED = ["ACGGTCATTGACCATGACTTGA", "ACGGTCATTGACCATGACTTGC", *["TTGCAACGGATATCGGCAATCG"] * 2]


def run_script(monkeypatch, data, grouping):
    written = {}
    monkeypatch.setattr(script, "read_dataset", lambda _: data)
    monkeypatch.setattr(script, "write_json", lambda content, path: written.update({path: content}))
    monkeypatch.setattr(script, "write_tsv", lambda table, path: written.update({path: table}))
    script.main(
        SimpleNamespace(
            log=[],
            threads=1,
            input=SimpleNamespace(tokens="data/tokens.npy"),
            output=SimpleNamespace(clusters="clusters", grouping="grouping"),
            params=SimpleNamespace(grouping=grouping, both_strands=True),
        )
    )
    json.dumps(written["grouping"], allow_nan=False)
    return written["clusters"]["cluster"].to_list(), written["grouping"]


@pytest.mark.parametrize(
    ("by", "groups", "column", "expected", "used"),
    [
        ("homology", "join", None, [0, 0, 1, 1], "none"),
        ("homology", "join", ["a", None, "b", "a"], [0, 0, 0, 0], "join"),
        ("homology", "replace", ["a", None, "a", None], [0, 1, 0, 2], "replace"),
        ("sequence", "join", None, [0, 1, 2, 2], "none"),
        ("sequence", "join", ["a", None, "a", None], [0, 1, 0, 0], "join"),
        ("sequence", "replace", ["a", None, "b", "b"], [0, 1, 2, 2], "replace"),
    ],
)
def test_the_script_follows_its_settings(monkeypatch, by, groups, column, expected, used):
    grouping = {"by": by, "threshold": 15, "search": "built-in", "groups": groups}
    found, report = run_script(monkeypatch, dataset(RELATED, column), grouping)
    assert found == expected
    assert (report["by"], report["groups"]) == (by, used)
    assert ("threshold" in report) == (by == "homology" and used != "replace")
    assert report["clusters"] == len(set(expected))
    assert report["largest"][0] == report["largest_cluster"]


@settings(deadline=None)
@given(
    st.lists(st.text("ACGTN", min_size=4, max_size=4), min_size=1, max_size=30),
    st.randoms(use_true_random=False),
)
def test_order_and_strand_change_nothing(sequences, random):
    order = list(range(len(sequences)))
    random.shuffle(order)
    shuffled = [sequences[i] for i in order]
    shuffled = [x.translate(COMPLEMENT)[::-1] if random.random() < 0.5 else x for x in shuffled]
    expected = clusters(sequences)
    found = clusters(shuffled)
    back = [found[order.index(i)] for i in range(len(order))]
    assert partition(back) == partition(expected)


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=20))
def test_edges_within_labels_give_back_the_labels(labels):
    edges = edges_within_labels(np.array(labels, dtype=object))
    assert partition(list(clusters_from_edges(len(labels), edges))) == partition(labels)
