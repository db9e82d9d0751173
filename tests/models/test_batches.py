from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from seqarena.data.alphabet import DNA, PADDING
from seqarena.models import batches
from seqarena.models.batches import (
    by_length,
    device_records,
    inference_batch_size,
    shift_tokens,
    take,
)

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("one_thread")]


def test_batches_are_as_wide_as_their_longest_record(make_ragged):
    dataset = make_ragged(n=40, low=5, high=60)
    records = device_records(dataset)
    assert [part.dtype.name for part in records] == ["uint8", "int64", "int64"]
    assert records[0].shape == (dataset.offsets[-1],)
    for rows in (np.array([3, 1, 39]), np.array([7])):
        wanted = dataset.rows(rows)
        batch = take(records, tf.constant(rows), None, DNA).numpy()
        assert batch.shape[1] % 16 == 0
        assert 0 <= batch.shape[1] - wanted.shape[1] < 16
        np.testing.assert_array_equal(batch[:, : wanted.shape[1]], wanted)
        assert (batch[:, wanted.shape[1] :] == PADDING).all()
    fixed = take(records, tf.constant([5, 6]), 60, DNA).numpy()
    np.testing.assert_array_equal(
        fixed,
        np.pad(
            dataset.matrix, ((0, 0), (0, 60 - dataset.matrix.shape[1])), constant_values=PADDING
        )[[5, 6]],
    )


def test_records_of_one_length_are_a_matrix(make_dataset):
    dataset = make_dataset()
    records = device_records(dataset)
    np.testing.assert_array_equal(take(records, [4, 2], 24, DNA), dataset.matrix[[4, 2]])


@pytest.mark.parametrize("n", [5, 64, 1000])
def test_batches_have_records_of_similar_length(n):
    random = np.random.default_rng(0)
    lengths, order = random.integers(10, 1000, n), random.permutation(n)
    ordered = by_length(order, lengths, 16, np.random.default_rng(1))
    np.testing.assert_array_equal(np.sort(ordered), np.arange(n))
    np.testing.assert_array_equal(ordered, by_length(order, lengths, 16, np.random.default_rng(1)))
    if n == 1000:
        spread, shuffled = (
            np.median(np.ptp(lengths[rows[:992]].reshape(-1, 16), axis=1))
            for rows in (ordered, order)
        )
        assert spread < 0.65 * shuffled
        first = lengths[ordered[:992]].reshape(-1, 16).mean(axis=1)
        assert abs(np.corrcoef(first, np.arange(62))[0, 1]) < 0.4  # in no order themselves
        np.testing.assert_array_equal(ordered[992:], order[992:])


def test_shift_stays_within_the_letters():
    """Padding is neither moved nor filled."""
    p = PADDING
    tokens = tf.constant([[p, 0, 1, 2, p, p]] * 4 + [[p] * 6], tf.uint8)
    moved = shift_tokens(tokens, tf.constant([0, 1, -2, 9, 1], tf.int64), DNA)
    letters = [[0, 1, 2], [4, 0, 1], [2, 4, 4], [4, 4, 4]]
    np.testing.assert_array_equal(moved, [[p, *x, p, p] for x in letters] + [[p] * 6])


def test_large_records_are_predicted_fewer_at_once():
    assert [inference_batch_size(n) for n in (100, 4096, 1 << 18, 1 << 23)] == [512, 512, 8, 1]


def test_large_datasets_are_copied_in_parts_and_whole(make_dataset, tmp_path, monkeypatch):
    dataset = make_dataset(n=101)
    np.save(tmp_path / "tokens.npy", dataset.tokens)
    mapped = replace(dataset, tokens=np.load(tmp_path / "tokens.npy", mmap_mode="r"))
    monkeypatch.setattr(batches, "COPIED_AT_ONCE", 250)  # ten records of 24 letters
    for source in (dataset, mapped):
        np.testing.assert_array_equal(device_records(source), dataset.matrix)
        ragged = batches._copied(source.tokens)
        np.testing.assert_array_equal(ragged, dataset.tokens)
        assert ragged.dtype == tf.uint8
