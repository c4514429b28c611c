"""Tensors of the batches of arrays that stay outside the graph."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from monitored_tf.estimator.inputs.row_order import RowOrder

_v1 = tf.compat.v1
_PREFETCHED = 1


def batch_tensors(
    columns: Sequence[Any], order: RowOrder, batch_size: int | None
) -> list[Any]:
    """Returns tensors that give the next batch with each run.

    The graph calls Python for the rows and holds no data. Every session over
    the graph begins at its own first batch, with nothing to be initialized,
    and gets OutOfRangeError after the last.

    Args:
      columns: Arrays, whose first dimension is the row.
      order: Says which rows come in which batch.
      batch_size: First dimension of the tensors; None if not all are equal.

    Returns:
      One tensor a column, all of one `session.run` from the same rows.

    Raises:
      RuntimeError: No graph is being built.
    """
    if tf.executing_eagerly():
        raise RuntimeError(
            "This input_fn makes tensors of a graph and was called with eager "
            "execution on. Call it inside `with tf.Graph().as_default():`, or "
            "give it to an Estimator, which does so."
        )
    dtypes = [tf.as_dtype(column.dtype) for column in columns]

    def cut(number: Any, token: Any) -> list[Any]:
        rows = order.batch(int(number), int(token))
        # Copies, never views: TensorFlow may reuse a batch's memory.
        return [_fed(np.take(column, rows, axis=0)) for column in columns]

    def batch(number: Any, token: Any = 0) -> tuple[Any, ...]:
        tensors = tf.numpy_function(cut, [number, token], dtypes)
        for tensor, column in zip(tensors, columns):
            tensor.set_shape((batch_size, *column.shape[1:]))
        return tuple(tensors)

    with _no_seed_taken():
        numbers = tf.data.Dataset.range(order.batches)
        if order.shuffled:
            numbers = tf.data.Dataset.zip((numbers, _session_token()))
        dataset = numbers.map(batch).prefetch(_PREFETCHED)
        dataset = dataset.with_options(_nothing_to_improve())
        return list(_v1.data.make_one_shot_iterator(dataset).get_next())


def _fed(batch: Any) -> Any:
    """Returns a batch as TensorFlow takes it from Python."""
    if batch.dtype.kind == "U":
        # It would take an array of str for ASCII; one of objects, for UTF-8.
        return batch.astype(object)
    # It does not look at the order of bytes.
    return batch.astype(batch.dtype.newbyteorder("="), copy=False)


def _nothing_to_improve() -> Any:
    """Returns options that save the first run the search for a faster graph."""
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    options.autotune.enabled = False
    return options


def _session_token() -> Any:
    """Returns a dataset of one number for ever, another in each session."""
    return tf.data.Dataset.random().take(1).cache().repeat()


@contextlib.contextmanager
def _no_seed_taken() -> Iterator[None]:
    """Leaves the seeds of the graph to its own random ops.

    A one-shot iterator counts as a random op: the initial values of variables
    made after it would depend on it.
    """
    graph = _v1.get_default_graph()
    seed = graph.seed
    graph.seed = None
    try:
        yield
    finally:
        graph.seed = seed
