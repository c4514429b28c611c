"""Runs an Estimator's evaluation."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from absl import logging

from monitored_tf.estimator.config.run_config import RunConfig
from monitored_tf.estimator.evaluate import (
    evaluation_events,
    evaluation_graph,
    evaluation_session,
)
from monitored_tf.estimator.evaluate.evaluation_graph import EvalGraph
from monitored_tf.estimator.model import Model
from monitored_tf.hooks import FinalOpsHook, PreemptionHook
from monitored_tf.session import MonitoredSession

eval_dir = evaluation_events.eval_dir


def evaluate(
    model: Model,
    input_fn: Callable[..., Any],
    steps: int | None = None,
    hooks: Sequence[Any] | None = None,
    checkpoint_path: str | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """Evaluates. See `Estimator.evaluate`."""
    hooks = evaluation_graph.check_arguments(model.config, steps, hooks)
    path = evaluation_session.checkpoint_or_newest(
        model, checkpoint_path, "evaluate"
    )
    built = evaluation_graph.build(model, input_fn, steps, hooks, path)
    return run_and_write(model, built, path, name)


def run_and_write(
    model: Model,
    built: EvalGraph,
    checkpoint_path: str | None,
    name: str | None,
    creator: Any = None,
) -> dict[str, Any]:
    """Evaluates in a graph that is built, and writes the events.

    Args:
      model: Whose graph it is.
      built: The graph.
      checkpoint_path: Of the variables; None for a new model.
      name: Of the evaluation, or None.
      creator: Makes the session; None for one of this evaluation.

    Returns:
      The metrics by name.
    """
    with built.graph.as_default():
        if creator is None:
            creator = evaluation_session.session_creator(
                model,
                built.scaffold,
                model.config.evaluation_master,
                checkpoint_path,
            )
        metrics = _run(built, creator, model.config)
        evaluation_events.write(
            eval_dir(model.model_dir, name), metrics, checkpoint_path
        )
    return metrics


def _run(built: EvalGraph, creator: Any, config: RunConfig) -> dict[str, Any]:
    """Runs all steps, and returns the metrics after the last one."""
    started = time.monotonic()
    final_ops = FinalOpsHook(built.values)
    hooks = (*built.hooks, final_ops)
    with MonitoredSession(
        creator,
        (*hooks, *_preemption(hooks, config)),
        recovery=config.recovery,
    ) as session:
        while not session.should_stop():
            session.run(built.step)
    logging.info("Evaluated in %.2f s.", time.monotonic() - started)
    metrics: dict[str, Any] = final_ops.final_ops_values
    return metrics


def _preemption(hooks: Sequence[Any], config: RunConfig) -> tuple[Any, ...]:
    """Returns a hook that ends the evaluation at SIGTERM, if none does."""
    if not config.stop_on_signal or any(
        isinstance(hook, PreemptionHook) for hook in hooks
    ):
        return ()
    return (PreemptionHook(),)
