"""Outputs of a model that is exported to be trained or evaluated further."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from monitored_tf.estimator.export.output_base import (
    ExportOutput,
    named_tensors,
    output_name,
)

_v1 = tf.compat.v1

# No public constant of TensorFlow has these two.
TRAIN_METHOD_NAME = "tensorflow/supervised/training"
EVAL_METHOD_NAME = "tensorflow/supervised/eval"


class SupervisedOutput(ExportOutput):
    """Loss, predictions and metrics; of these None what is not given.

    The names begin with `loss`, `predictions/` and `metrics/`; a metric has
    two outputs, `metrics/<name>/value` and `metrics/<name>/update_op`.

    Attributes:
      loss: Dict of tensors by such a name, or None; so the two others.
      predictions: The same.
      metrics: The same.
    """

    LOSS_NAME = "loss"
    PREDICTIONS_NAME = "predictions"
    METRICS_NAME = "metrics"
    METRIC_VALUE_SUFFIX = "value"
    METRIC_UPDATE_SUFFIX = "update_op"

    _method_name = ""

    def __init__(
        self, loss: Any = None, predictions: Any = None, metrics: Any = None
    ):
        """Takes what one step of training or evaluation gives.

        Args:
          loss: Tensor, or dict of tensors by name.
          predictions: Tensor, or dict of tensors by name.
          metrics: Pair of value and update op, or dict of such pairs by name;
            a Keras metric with one update counts as a pair.

        Raises:
          ValueError: A name is no string, or a value no tensor; an update may
            be an operation too.
        """
        self._loss = _prefixed(loss, self.LOSS_NAME)
        self._predictions = _prefixed(predictions, self.PREDICTIONS_NAME)
        self._metrics = (
            None if metrics is None else self._metric_tensors(metrics)
        )

    @property
    def loss(self) -> dict[str, Any] | None:
        """The loss by its name in the signature."""
        return self._loss

    @property
    def predictions(self) -> dict[str, Any] | None:
        """The predictions by their names in the signature."""
        return self._predictions

    @property
    def metrics(self) -> dict[str, Any] | None:
        """The metrics' values and updates by their names in the signature."""
        return self._metrics

    def as_signature_def(self, receiver_tensors: Any) -> Any:
        """Returns the signature; see `ExportOutput.as_signature_def`."""
        if not receiver_tensors:
            raise ValueError(
                f"{self._method_name} `inputs` cannot be None or empty: the "
                "receiver function gave no receiver_tensors."
            )
        outputs: dict[str, Any] = {}
        for tensors in (self._loss, self._predictions, self._metrics):
            outputs.update(tensors or {})
        return _v1.saved_model.build_signature_def(
            _tensor_infos(receiver_tensors),
            _tensor_infos(outputs),
            self._method_name,
        )

    def _metric_tensors(self, metrics: Any) -> dict[str, Any]:
        if not isinstance(metrics, dict):
            metrics = {self.METRICS_NAME: metrics}
        tensors = {}
        for key, metric in metrics.items():
            name = _prefixed_name(
                output_name(key, "metrics"), self.METRICS_NAME
            )
            value, update = _value_and_update(metric, name)
            tensors[f"{name}/{self.METRIC_VALUE_SUFFIX}"] = value
            tensors[f"{name}/{self.METRIC_UPDATE_SUFFIX}"] = _as_tensor(update)
        return tensors


class TrainOutput(SupervisedOutput):
    """What a training step gives, for a SavedModel that trains on."""

    _method_name = TRAIN_METHOD_NAME


class EvalOutput(SupervisedOutput):
    """What a step of evaluation gives, for a SavedModel that evaluates."""

    _method_name = EVAL_METHOD_NAME


def _prefixed(outputs: Any, prefix: str) -> dict[str, Any] | None:
    if outputs is None:
        return None
    tensors = named_tensors(outputs, prefix, prefix)
    return {_prefixed_name(key, prefix): one for key, one in tensors.items()}


def _prefixed_name(name: str, prefix: str) -> str:
    return name if name.startswith(prefix) else f"{prefix}/{name}"


def _value_and_update(metric: Any, name: str) -> tuple[Any, Any]:
    if not isinstance(metric, tuple):
        metric = _of_keras(metric, name)
    if len(metric) != 2:
        raise ValueError(
            f"{name} must be a pair of value and update op; got {metric!r}."
        )
    value, update = metric
    if not isinstance(value, tf.Tensor):
        raise ValueError(
            f"{name} output value must be a Tensor; got {value!r}."
        )
    if not (tf.is_tensor(update) or isinstance(update, tf.Operation)):
        raise ValueError(
            f"{name} update_op must be a Tensor or Operation; got {update!r}."
        )
    return value, update


def _of_keras(metric: Any, name: str) -> tuple[Any, Any]:
    updates = getattr(metric, "updates", None)
    if updates is None or len(updates) != 1:
        raise ValueError(
            f"{name} must be a tuple of value and update op, or a Keras metric "
            f"with one update; got {metric!r}."
        )
    return metric.result(), updates[0]


def _as_tensor(update: Any) -> Any:
    """Returns a tensor that runs the update: signatures hold tensors only."""
    if isinstance(update, tf.Tensor):
        return update
    with tf.control_dependencies([update]):
        return tf.constant([], name="metric_op_wrapper")


def _tensor_infos(tensors: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _v1.saved_model.build_tensor_info(tensor)
        for name, tensor in tensors.items()
    }
