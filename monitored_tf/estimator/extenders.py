"""Makes Estimators out of others, and model functions out of smaller ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from monitored_tf.estimator import fn_args
from monitored_tf.estimator.config.run_config import RunConfig
from monitored_tf.estimator.estimator import Estimator, check_estimator
from monitored_tf.estimator.estimator_spec import EstimatorSpec
from monitored_tf.estimator.mode_keys import ModeKeys

_METRIC_FN_ARGS = ("features", "labels", "predictions", "config")


def add_metrics(
    estimator: Estimator, metric_fn: Callable[..., dict[str, Any]]
) -> Estimator:
    """Returns an Estimator that evaluates other metrics too.

        def mean_error(labels, predictions):
            error = tf.abs(labels - predictions["value"])
            return {"mean_error": tf.compat.v1.metrics.mean(error)}

        estimator = add_metrics(estimator, mean_error)

    It has the model, the folder, the parameters and the configuration of the
    one that is given, which stays as it is.

    Args:
      estimator: The `Estimator`.
      metric_fn: Function of `features`, `labels`, `predictions` and `config`,
        as far as it names them, that returns metrics by name, as
        `eval_metric_ops` of `EstimatorSpec`. One that the model has under the
        same name is replaced.

    Raises:
      ValueError: if `metric_fn` names other arguments.
      TypeError: if `estimator` is none.
    """
    check_estimator(estimator)
    _check_arguments(metric_fn)

    def model_fn(
        features: Any, labels: Any, mode: str, params: Any, config: RunConfig
    ) -> EstimatorSpec:
        del params  # The function that is wrapped has them.
        spec = estimator.model_fn(features, labels, mode, config)
        if mode != ModeKeys.EVAL:
            return spec
        available = {
            "features": features,
            "labels": labels,
            "predictions": spec.predictions,
            "config": config,
        }
        added = metric_fn(**fn_args.arguments_for(metric_fn, available))
        metrics = {**spec.eval_metric_ops, **added}
        return spec._replace(eval_metric_ops=metrics)

    return Estimator(
        model_fn=model_fn,
        model_dir=estimator.model_dir,
        config=estimator.config,
        params=estimator.params,
        warm_start_from=estimator.warm_start_settings,
    )


def call_logit_fn(
    logit_fn: Callable[..., Any],
    features: Any,
    mode: str,
    params: Any,
    config: RunConfig,
) -> Any:
    """Calls a function that makes the logits of a model.

    Args:
      logit_fn: Function of `features` and, where it names them, `mode`,
        `params` and `config`.
      features: What the input function gave.
      mode: One of `ModeKeys`.
      params: Of the model.
      config: `RunConfig`.

    Returns:
      Its tensor, or its dict of tensors by name.

    Raises:
      ValueError: if it returns something else.
    """
    available = {"mode": mode, "params": params, "config": config}
    arguments = fn_args.arguments_for(logit_fn, available)
    logits = logit_fn(features=features, **arguments)
    named = logits if isinstance(logits, dict) else {"logits": logits}
    for name, tensor in named.items():
        if not (isinstance(name, str) and isinstance(tensor, tf.Tensor)):
            raise ValueError(
                "logit_fn should return a Tensor or a dictionary mapping "
                f"strings to Tensors. Got {logits!r:.200}."
            )
    return logits


def _check_arguments(metric_fn: Callable[..., Any]) -> None:
    others = [
        name
        for name in fn_args.fn_args(metric_fn)
        if name not in _METRIC_FN_ARGS
    ]
    if others:
        raise ValueError(
            f"metric_fn ({metric_fn!r}) has following not expected args: "
            f"{', '.join(others)}. It may name {', '.join(_METRIC_FN_ARGS)}."
        )
