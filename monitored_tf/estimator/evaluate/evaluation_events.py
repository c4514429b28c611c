"""Writes what an evaluation found into the event file of its folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging
from google.protobuf import message

from monitored_tf.estimator.evaluate.evaluation_graph import GLOBAL_STEP

_v1 = tf.compat.v1
_CHECKPOINT_PATH = "checkpoint_path"
_FLOATS = (float, np.float32)
_INTS = (int, np.int32, np.int64)


def eval_dir(model_dir: str, name: str | None = None) -> str:
    """Returns the folder of the events of an evaluation.

    Args:
      model_dir: Of the model.
      name: Of the evaluation, or None.
    """
    return os.path.join(model_dir, f"eval_{name}" if name else "eval")


def write(
    folder: str, metrics: Mapping[str, Any], checkpoint_path: str | None
) -> None:
    """Writes metrics, and which checkpoint they are of.

    The first call for a folder writes the default graph too.

    Args:
      folder: Of the event file.
      metrics: Numpy values by name, with the global step of the events.
      checkpoint_path: Of the variables; None if there was none.
    """
    step = metrics[GLOBAL_STEP]
    _log(step, metrics, checkpoint_path)
    writer = _v1.summary.FileWriterCache.get(folder)
    writer.add_summary(metric_summary(metrics), step)
    if checkpoint_path:
        path = _tensor_summary(_CHECKPOINT_PATH, checkpoint_path, tf.string)
        writer.add_summary(path, step)
    writer.flush()


def metric_summary(metrics: Mapping[str, Any]) -> Any:
    """Returns metrics as one `tf.compat.v1.Summary`.

    Args:
      metrics: Numpy values by name. What has no form in a summary is left
        out, and the log says so; the global step and None are left out too.
    """
    summary = _v1.Summary()
    for name, value in metrics.items():
        if value is not None and name != GLOBAL_STEP:
            summary.value.extend(_summary_of(name, value).value)
    return summary


def _summary_of(name: str, value: Any) -> Any:
    if isinstance(value, (*_FLOATS, *_INTS)):
        return _v1.Summary(
            value=[_v1.Summary.Value(tag=name, simple_value=float(value))]
        )
    if isinstance(value, bytes):
        return _parsed(name, value)
    if isinstance(value, np.ndarray):
        return _tensor_summary(name, value)
    logging.warning(
        "Metric %s is not written as an event: it is of type %s. Make it a "
        "tensor of float32, float64, int32 or int64, or a serialized Summary.",
        name,
        type(value).__name__,
    )
    return _v1.Summary()


def _parsed(name: str, value: bytes) -> Any:
    try:
        summary = _v1.Summary.FromString(value)
    except message.DecodeError:
        logging.warning(
            "Metric %s is not written as an event: its string is no serialized "
            "Summary.",
            name,
        )
        return _v1.Summary()
    for position, part in enumerate(summary.value):
        part.tag = f"{name}/{position}"
    return summary


def _tensor_summary(name: str, value: Any, dtype: Any = None) -> Any:
    tensor = tf.make_tensor_proto(value, dtype=dtype)
    part = _v1.Summary.Value(tag=name, tensor=tensor)
    # As the summaries of arrays have it, those of paths have not.
    if dtype is None:
        part.node_name = name
    return _v1.Summary(value=[part])


def _log(
    step: Any, metrics: Mapping[str, Any], checkpoint_path: str | None
) -> None:
    shown = ", ".join(
        f"{name} = {metrics[name]}"
        for name in sorted(metrics)
        if not isinstance(metrics[name], bytes)
    )
    logging.info(
        "Evaluated step %d of %s: %s",
        step,
        checkpoint_path or "a new model",
        shown,
    )
