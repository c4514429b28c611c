"""An input_fn that gives the rows of numpy arrays."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from monitored_tf.estimator.inputs.array_columns import (
    Batching,
    column_array,
)


def numpy_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int = 1000,
    num_threads: int = 1,
) -> Callable[[], Any]:
    """Makes an input_fn of numpy arrays, which never enter the graph.

    Batches follow one another across the end of an epoch; only the last one
    of all may be short. Shuffled, each session begins at another row. After
    the last batch a run raises `tf.errors.OutOfRangeError`. A session that
    takes the place of a lost one begins anew.

    >>> heights = {"height": np.array([1.6, 1.7, 1.8])}
    >>> ages = np.array([20, 30, 40])
    >>> input_fn = numpy_input_fn(heights, ages, batch_size=2, shuffle=False)
    >>> with tf.Graph().as_default():
    ...     features, labels = input_fn()
    ...     with tf.compat.v1.Session() as session:
    ...         [session.run(labels).tolist() for _ in range(2)]
    [[20, 30], [40]]

    Args:
      x: Array, or dict of arrays: the features.
      y: Array, or dict of arrays: the labels. None: there are none.
      batch_size: Rows of a batch.
      num_epochs: How often all rows are given; None is without end.
      shuffle: Whether rows come in random order. It has to be given.
      queue_capacity: How many rows are shuffled together.
      num_threads: Kept from tf.estimator, where each thread gives `num_epochs`
        of its own: every row comes `num_epochs * num_threads` times. One
        thread cuts the batches, whatever this is.

    Returns:
      A function without arguments: it returns `features`, or `(features,
      labels)`, in the form of `x` and `y`, as tensors of the graph being
      built. It raises ValueError if x or y is empty, if their lengths differ
      or if a key is in both; TypeError if x is no dict and no array; and
      RuntimeError with eager execution.

    Raises:
      ValueError: `shuffle` is not given, or a size is less than 1.
    """
    batching = Batching(
        batch_size, num_epochs, shuffle, queue_capacity, num_threads
    )

    def input_fn() -> Any:
        features = _feature_columns(x)
        labels = {} if y is None else _label_columns(y)
        _check_keys(features, labels)
        _check_lengths(features, labels)
        tensors = batching.tensors([*features.values(), *labels.values()])
        label_tensors = tensors[len(features) :]
        feature_tensors = _in_form_of(x, features, tensors)
        if y is None:
            return feature_tensors
        return feature_tensors, _in_form_of(y, labels, label_tensors)

    return input_fn


def _feature_columns(x: Any) -> dict[Any, Any]:
    """Returns the arrays of x by key; the one of an array has no key."""
    if not isinstance(x, (dict, np.ndarray)):
        raise TypeError(
            f"x must be a dict or array; got {type(x).__name__}. Use "
            "numpy.asarray on it, or pandas_input_fn for a DataFrame."
        )
    columns = _columns(x, "x")
    if not columns or any(column.size == 0 for column in columns.values()):
        raise ValueError(f"x cannot be an empty {type(x).__name__}.")
    return columns


def _label_columns(y: Any) -> dict[Any, Any]:
    columns = _columns(y, "y")
    if not columns:
        raise ValueError("y cannot be empty. Without labels leave y out.")
    return columns


def _columns(value: Any, name: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        return {None: column_array(value, name)}
    # Sorted, as tf.estimator has them: a model may take them as they come.
    return {
        key: column_array(value[key], f"{name}[{key!r}]")
        for key in sorted(value)
    }


def _check_keys(features: dict[Any, Any], labels: dict[Any, Any]) -> None:
    in_both = sorted((features.keys() & labels.keys()) - {None})
    if in_both:
        raise ValueError(
            f"{len(in_both)} duplicate keys are found in both x and y: "
            f"{in_both}. Rename them in one of the two."
        )


def _check_lengths(features: dict[Any, Any], labels: dict[Any, Any]) -> None:
    columns = [*features.values(), *labels.values()]
    if len({len(column) for column in columns}) > 1:
        raise ValueError(
            "Length of tensors in x and y is mismatched: the first dimension "
            "is the row and must be the same everywhere. "
            f"Shapes in x: {_shapes(features)}; in y: {_shapes(labels)}."
        )


def _shapes(columns: dict[Any, Any]) -> Any:
    shapes = {key: column.shape for key, column in columns.items()}
    return shapes.get(None, shapes)


def _in_form_of(value: Any, columns: dict[Any, Any], tensors: list[Any]) -> Any:
    """Returns a dict of the first tensors if value is one, else the first."""
    return (
        dict(zip(columns, tensors)) if isinstance(value, dict) else tensors[0]
    )
