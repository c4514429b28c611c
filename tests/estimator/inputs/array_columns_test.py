"""Columns of rows, and how they become batches."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf.estimator.inputs import array_columns

v1 = tf.compat.v1
_batching = functools.partial(
    array_columns.Batching,
    batch_size=2,
    num_epochs=1,
    shuffle=False,
    queue_capacity=None,
    num_threads=1,
)


def _rows(tensor):
    """Returns the rows of all batches, in one list."""
    rows = []
    with v1.train.MonitoredSession() as session:
        while not session.should_stop():
            rows += session.run(tensor).tolist()
    return rows


def test_an_array_is_its_own_column():
    array = np.arange(4).reshape(2, 2)
    assert np.shares_memory(array_columns.column_array(array, "x"), array)


def test_strings_and_bytes_may_be_objects():
    array = np.array(["a", b"b"], dtype=object)
    assert array_columns.column_array(array, "x") is array


@pytest.mark.parametrize(
    ("column", "error", "match"),
    [
        ([1, 2], TypeError, "^x must be a numpy array; got list"),
        (np.float32(1), ValueError, "^x has no rows"),
        (np.zeros(1, "M8[s]"), TypeError, "^x has dtype datetime64"),
        (
            np.array(["a", 1.5], dtype=object),
            TypeError,
            "value 1 is 1.5, of type float",
        ),
    ],
)
def test_what_is_no_column_is_refused(column, error, match):
    with pytest.raises(error, match=match):
        array_columns.column_array(column, "x")


@pytest.mark.parametrize(
    ("epochs", "threads", "times"), [(1, 1, 1), (2, 1, 2), (2, 3, 6)]
)
def test_each_thread_gives_all_epochs(graph, caplog, epochs, threads, times):
    batching = _batching(num_epochs=epochs, num_threads=threads)
    assert ("num_epochs counts for each thread" in caplog.text) == (threads > 1)
    (tensor,) = batching.tensors([np.arange(3)])
    assert _rows(tensor) == [0, 1, 2] * times


@pytest.mark.parametrize(("epochs", "size"), [(1, None), (None, 2)])
def test_without_an_end_each_batch_is_full(graph, epochs, size):
    columns = [np.arange(3), np.zeros([3, 4])]
    tensors = _batching(num_epochs=epochs).tensors(columns)
    shapes = [tensor.shape.as_list() for tensor in tensors]
    assert shapes == [[size], [size, 4]]


def test_shuffled_rows_come_all_once(graph):
    (tensor,) = _batching(shuffle=True).tensors([np.arange(50)])
    rows = _rows(tensor)
    assert rows != sorted(rows)
    assert sorted(rows) == [*range(50)]


@pytest.mark.parametrize("shuffle", [False, True])
def test_to_shuffle_is_one_random_op(graph, shuffle):
    v1.set_random_seed(1)
    before = v1.get_seed(None)[1]
    _batching(shuffle=shuffle).tensors([np.arange(3)])
    assert v1.get_seed(None)[1] - before == 1 + shuffle
