"""Groups of identical sequences and of the user's own column."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from seqarena.data.alphabet import LETTERS
from seqarena.data.dataset import Dataset
from seqarena.splits.groups import clusters_from_edges, edges_within_labels, group_records

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


def test_records_without_any_known_letter_are_identical():
    assert clusters(["NNNN", "ACGT", "NNNN"]) == [0, 1, 0]


def test_records_stay_in_order_and_one_record_is_enough():
    table = group_records(dataset(["ACGT"]))
    assert table.to_dict("list") == {"record": ["r0"], "cluster": [0]}


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
