"""The metrics of an EstimatorSpec, as pairs of a value and an update."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from monitored_tf.estimator import keras_metrics, spec_checks


def checked_metrics(eval_metric_ops: Any) -> dict[str, Any]:
    """Returns a new dict of `(value, update op)` by name.

    A metric object of Keras is replaced by such a pair.

    Args:
      eval_metric_ops: A dict of pairs or of metric objects; None for {}.

    Raises:
      ValueError: if one is of another graph, or a metric object has no update
        that can be run with each batch.
      TypeError: if it is no dict, or of something else.
    """
    if eval_metric_ops is None:
        return {}
    if not isinstance(eval_metric_ops, dict):
        raise TypeError(
            "eval_metric_ops must be a dict of (value, update_op) by name. Got "
            f"{eval_metric_ops!r:.80}."
        )
    for name, metric in eval_metric_ops.items():
        _check_type(name, metric)
    return {name: _pair(name, one) for name, one in eval_metric_ops.items()}


def _check_type(name: Any, metric: Any) -> None:
    if keras_metrics.is_metric(metric):
        return
    if not isinstance(metric, tuple) or len(metric) != 2:
        raise TypeError(
            "Values of eval_metric_ops must be (metric_value, update_op) "
            "tuples, as tf.compat.v1.metrics returns them, or metric objects "
            f"of Keras. Got {metric!r:.80} for {name!r}."
        )


def _pair(name: Any, metric: Any) -> Any:
    if keras_metrics.is_metric(metric):
        shown = f"eval_metric_ops[{name!r}]"
        return keras_metrics.value_and_update(metric, shown)
    for part in tf.nest.flatten(metric):
        spec_checks.check_graph(part, "eval_metric_ops", f"{name}: ")
    return metric
