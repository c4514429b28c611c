"""Input functions that give the rows of data in memory, as batches."""

from __future__ import annotations

from monitored_tf.estimator.inputs.numpy_input_fn import numpy_input_fn
from monitored_tf.estimator.inputs.pandas_input_fn import pandas_input_fn

__all__ = ["numpy_input_fn", "pandas_input_fn"]
