"""What numpy_input_fn and pandas_input_fn have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from monitored_tf.estimator.inputs.batch_tensors import batch_tensors
from monitored_tf.estimator.inputs.row_order import RowOrder


class Batching:
    """How rows become batches: the arguments that both functions take."""

    def __init__(
        self,
        batch_size: int,
        num_epochs: int | None,
        shuffle: Any,
        queue_capacity: int | None,
        num_threads: int,
    ):
        """Checks them.

        Args:
          batch_size: Rows of a batch, at least 1.
          num_epochs: Passes through the data for each thread; None is without
            end.
          shuffle: True or False.
          queue_capacity: Rows among which a row may change places, at least 1;
            None is four passes.
          num_threads: How many were to read, each all epochs.

        Raises:
          ValueError: One of them is none of these.
        """
        if not isinstance(shuffle, bool):
            raise ValueError(
                "shuffle must be provided and explicitly set as boolean: True "
                "for training, False to evaluate or predict. "
                f"It is {shuffle!r}."
            )
        _check_positive("batch_size", batch_size)
        _check_positive("num_threads", num_threads)
        if queue_capacity is not None:
            _check_positive("queue_capacity", queue_capacity)
        self._batch_size = batch_size
        self._passes = num_epochs and num_epochs * num_threads
        self._shuffle = shuffle
        self._capacity = queue_capacity
        if num_epochs is not None and num_threads > 1:
            logging.warning(
                "num_threads=%s with num_epochs=%s gives every row %s times, "
                "since num_epochs counts for each thread. Use num_threads=1.",
                num_threads,
                num_epochs,
                self._passes,
            )

    def tensors(self, columns: Sequence[Any]) -> list[Any]:
        """Returns tensors of the next batch, in the graph being built.

        Args:
          columns: Arrays of the same length, at least 1.
        """
        rows = len(columns[0])
        if self._shuffle:
            # The shuffling queue of tf.estimator is a random op, and seeds
            # are numbered: variables made later get the same values as there.
            tf.compat.v1.get_seed(None)
        order = RowOrder(
            rows,
            batch_size=self._batch_size,
            passes=self._passes,
            window=(self._capacity or 4 * rows) if self._shuffle else None,
        )
        every_is_full = self._passes is None
        return batch_tensors(
            columns, order, self._batch_size if every_is_full else None
        )


def column_array(column: Any, described: str) -> Any:
    """Returns a column as an array: the same memory, if it is one.

    Args:
      column: Array, or what has a shape and a dtype as an array has.
      described: What errors call it.

    Raises:
      TypeError: It is none, TensorFlow does not know its dtype, or it is one
        of objects and not all of them are strings.
      ValueError: It is a single value, without rows.
    """
    if not hasattr(column, "shape") or not hasattr(column, "dtype"):
        raise TypeError(
            f"{described} must be a numpy array; got "
            f"{type(column).__name__}. Use numpy.asarray on it."
        )
    array = np.asarray(column)
    if array.ndim == 0:
        raise ValueError(f"{described} has no rows: it is {array!r}.")
    try:
        tf.as_dtype(array.dtype)
    except TypeError as error:
        raise TypeError(
            f"{described} has dtype {array.dtype}, which TensorFlow has not. "
            "Convert it to numbers or strings first."
        ) from error
    if array.dtype.kind == "O":
        _check_strings(array, described)
    return array


def _check_strings(array: Any, described: str) -> None:
    for place, value in enumerate(array.flat):
        if not isinstance(value, (str, bytes)):
            raise TypeError(
                f"{described} is an array of objects, which are to be strings; "
                f"value {place} is {value!r}, of type {type(value).__name__}. "
                "Convert it to strings, or to an array of numbers."
            )


def _check_positive(name: str, value: Any) -> None:
    if value < 1:
        raise ValueError(f"{name} must be at least 1. It is {value!r}.")
