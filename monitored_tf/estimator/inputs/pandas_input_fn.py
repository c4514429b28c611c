"""An input_fn that gives the rows of a pandas DataFrame."""

from __future__ import annotations

import importlib
from typing import Any, Callable

import numpy as np

from monitored_tf.estimator.inputs.array_columns import (
    Batching,
    column_array,
)


def pandas_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int | None = 1000,
    num_threads: int = 1,
    target_column: str = "target",
) -> Callable[[], Any]:
    """Makes an input_fn of a DataFrame, whose data never enters the graph.

    It gives rows as `numpy_input_fn` does. The frames are read here, once:
    what is changed in them later is not seen. The index is no feature.

    Args:
      x: DataFrame of the features; each column is one, by its name.
      y: Series or DataFrame of the labels, with the index of `x`. None: there
        are none.
      batch_size: Rows of a batch.
      num_epochs: How often all rows are given; None is without end.
      shuffle: Whether rows come in random order. It has to be given.
      queue_capacity: How many rows are shuffled together; None is four times
        all of them.
      num_threads: As of `numpy_input_fn`.
      target_column: Name that the labels may not share with a feature, kept
        from tf.estimator.

    Returns:
      A function without arguments. It returns a dict of tensors by column, or
      `(features, labels)`, where labels is a tensor if `y` is a Series and a
      dict of tensors by column if it is a DataFrame. It raises RuntimeError
      with eager execution.

    Raises:
      ValueError: `shuffle` is not given; a size is less than 1; a column of
        `x` is named `target_column`; the indexes differ; there are no rows.
      TypeError: pandas is not installed; `x` or `y` is none of pandas;
        `target_column` is no string; TensorFlow does not know a dtype.
    """
    pandas = _pandas()
    batching = Batching(
        batch_size, num_epochs, shuffle, queue_capacity, num_threads
    )
    if not isinstance(target_column, str):
        raise TypeError(
            "target_column must be a string type; got "
            f"{type(target_column).__name__}."
        )
    _check_frames(pandas, x, y)
    if y is not None:
        _check_labels(x, y, target_column)
    features = _columns(x, "x")
    labels = _label_columns(y)

    def input_fn() -> Any:
        tensors = batching.tensors([*features.values(), *labels.values()])
        feature_tensors = dict(zip(features, tensors))
        if y is None:
            return feature_tensors
        label_tensors = dict(zip(labels, tensors[len(features) :]))
        return feature_tensors, label_tensors.get(_SERIES, label_tensors)

    return input_fn


class _Series:
    """Stands where the name of the only label would: a Series needs none."""


_SERIES = _Series()


def _pandas() -> Any:
    try:
        return importlib.import_module("pandas")
    except ImportError as error:
        raise TypeError(
            "pandas_input_fn should not be called without pandas installed. "
            "Run `pip install pandas`, or use numpy_input_fn."
        ) from error


def _check_frames(pandas: Any, x: Any, y: Any) -> None:
    if not isinstance(x, pandas.DataFrame):
        raise TypeError(
            f"x must be a pandas DataFrame; got {type(x).__name__}. For arrays "
            "use numpy_input_fn."
        )
    if not (y is None or isinstance(y, (pandas.Series, pandas.DataFrame))):
        raise TypeError(
            f"y must be a pandas Series or DataFrame; got {type(y).__name__}. "
            "Wrap it: pandas.Series(y, index=x.index)."
        )
    if x.empty:
        raise ValueError(f"x cannot be empty; its shape is {x.shape}.")


def _check_labels(x: Any, y: Any, target_column: str) -> None:
    if target_column in x:
        raise ValueError(
            f"Cannot use name {target_column!r} for target column: x has a "
            "column of that name. Pass another target_column. "
            f"Columns of x: {list(x.columns)}."
        )
    if not np.array_equal(x.index, y.index):
        raise ValueError(
            "Index for x and y are mismatched: the labels would belong to "
            "other rows. If they stand in the same order, use y.set_axis("
            f"x.index). Index of x: {x.index}; of y: {y.index}."
        )


def _columns(frame: Any, name: str) -> dict[Any, Any]:
    return {
        key: _copied(frame[key], f"{name}[{key!r}]") for key in frame.columns
    }


def _label_columns(y: Any) -> dict[Any, Any]:
    if y is None:
        return {}
    return _columns(y, "y") if y.ndim == 2 else {_SERIES: _copied(y, "y")}


def _copied(column: Any, described: str) -> Any:
    # Of pandas' own Int64 and the like some versions make objects.
    dtype = getattr(column.dtype, "numpy_dtype", None)
    return column_array(column.to_numpy(dtype, copy=True), described)
