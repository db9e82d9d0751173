"""What jobs ask of a cluster."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqarena.job_size import demand, letters_per_byte, training_minutes_per_mb, unpacked_mb

sizes = st.floats(0, 1e6)


def test_a_demand_is_a_base_and_a_part_for_the_data():
    assert demand(1_500, 40, 0, 1) == 1_500
    assert demand(1_500, 40, 10, 1) == 1_900
    assert demand(1_500, 40, 0.001, 1) == 1_501  # never less than was counted


@given(base=st.integers(1, 10_000), per_mb=st.floats(0, 100), size=sizes, attempt=st.integers(1, 5))
def test_each_attempt_asks_for_twice_as_much(base, per_mb, size, attempt):
    now, then = (demand(base, per_mb, size, n) for n in (attempt, attempt + 1))
    assert isinstance(now, int) and 2 * now - 2 <= then <= 2 * now


@given(small=sizes, large=sizes)
def test_more_data_never_asks_for_less(small, large):
    small, large = sorted([small, large])
    assert demand(1, 3, small, 1) <= demand(1, 3, large, 1)


def test_packed_files_count_as_what_they_hold():
    assert unpacked_mb({}) == 0
    assert unpacked_mb({"a.fasta": 3, "labels.tsv": 1}) == 4
    assert unpacked_mb({"a.fasta.gz": 3, "labels.parquet": 1, "b.bed": 2}) == 18


def test_an_interval_stands_for_the_letters_that_are_cut():
    assert letters_per_byte(None) == 1
    assert letters_per_byte({"width": 500}) == 20
    assert letters_per_byte({"width": 500, "negatives": {"ratio": 2}}) == 60
    assert letters_per_byte({"width": None, "negatives": None}) == 40
    assert letters_per_byte({"width": 5}) == 1


def test_training_time_grows_with_epochs_and_folds():
    assert training_minutes_per_mb(100, 5) == pytest.approx(5 * training_minutes_per_mb(100, 1))
    assert training_minutes_per_mb(100, 5) == pytest.approx(100 * training_minutes_per_mb(1, 5))
