"""Trains and evaluates in turns, in one process."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Sequence
from typing import Any

from absl import logging

from monitored_tf.estimator.config.run_config import RunConfig
from monitored_tf.estimator.estimator import Estimator
from monitored_tf.estimator.train_eval.checkpoint_evaluator import (
    CheckpointEvaluator,
)
from monitored_tf.estimator.train_eval.eval_spec import EvalSpec
from monitored_tf.estimator.train_eval.evaluation_listener import (
    EvaluationListener,
)
from monitored_tf.estimator.train_eval.save_for_evaluation_hook import (
    SaveForEvaluationHook,
)
from monitored_tf.estimator.train_eval.train_spec import TrainSpec
from monitored_tf.hooks import PreemptionHook

# Metrics and exports of a last evaluation.
Result = tuple[Any, Any]


def train_and_evaluate(
    estimator: Estimator, train_spec: TrainSpec, eval_specs: Sequence[EvalSpec]
) -> list[Result]:
    """Trains once, and evaluates what it saves.

    Args:
      estimator: What to train.
      train_spec: How.
      eval_specs: How to evaluate.

    Returns:
      For each `EvalSpec`, the metrics of the last evaluation and what its
      exporters returned; None for both if there was none.

    Raises:
      As `Estimator.train`, `Estimator.evaluate` and the exporters.
    """
    config = estimator.config
    logging.info(
        "Training and evaluating in this process. What is saved is evaluated: "
        "save_checkpoints_steps=%s, save_checkpoints_secs=%s.",
        config.save_checkpoints_steps,
        config.save_checkpoints_secs,
    )
    with contextlib.ExitStack() as closing:
        evaluators = [
            CheckpointEvaluator(estimator, spec, train_spec.max_steps)
            for spec in eval_specs
        ]
        for evaluator in evaluators:
            closing.callback(evaluator.close)
        _train(estimator, train_spec, evaluators)
    return [_result(evaluator) for evaluator in evaluators]


def _train(
    estimator: Estimator,
    train_spec: TrainSpec,
    evaluators: Sequence[CheckpointEvaluator],
) -> None:
    preemption_hook = _preemption_hook(train_spec.hooks, estimator.config)
    listener = EvaluationListener(evaluators, preemption_hook)
    hooks = [*train_spec.hooks]
    if any(each.spec.every_n_steps is not None for each in evaluators):
        hooks.append(SaveForEvaluationHook(listener.is_due, preemption_hook))
    if all(hook is not preemption_hook for hook in hooks):
        hooks.append(preemption_hook)
    estimator.train(
        input_fn=train_spec.input_fn,
        max_steps=train_spec.max_steps,
        hooks=hooks,
        saving_listeners=(*train_spec.saving_listeners, listener),
    )


def _preemption_hook(hooks: Sequence[Any], config: RunConfig) -> PreemptionHook:
    given = (hook for hook in hooks if isinstance(hook, PreemptionHook))
    return next(given, None) or PreemptionHook(
        signals=(signal.SIGTERM,) if config.stop_on_signal else (),
        save_on_error=config.save_on_error,
    )


def _result(evaluator: CheckpointEvaluator) -> Result:
    last = evaluator.last
    return (None, None) if last is None else (last.metrics, last.exports)
