"""Early stopping: what the evaluations so far say ends the training.

    hook = stop_if_no_decrease_hook(
        estimator, "loss", max_steps_without_decrease=1000
    )
    estimator.train(input_fn, hooks=[hook])

It reads the events that evaluations leave in a folder, so that they may be made
by another process. The chief stops all tasks that train, and each of these
needs the hook. An evaluator of its own is not stopped.

The chief says so by a variable, `signal_early_stopping/STOP`, which is part of
the checkpoints: training that begins with one that does not have it needs the
hook left out.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from monitored_tf.estimator.early_stopping import stop_rules
from monitored_tf.estimator.early_stopping.early_stopping_hooks import (
    CheckForStoppingHook,
    StopOnPredicateHook,
)
from monitored_tf.estimator.early_stopping.stop_rules import MetricHistory
from monitored_tf.estimator.estimator import Estimator, check_estimator
from monitored_tf.estimator.evaluate.eval_events import read_eval_metrics
from monitored_tf.session_run_hook import SessionRunHook


def make_early_stopping_hook(
    estimator: Estimator,
    should_stop_fn: Callable[[], Any],
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """Makes a hook that ends the training of all tasks when a function says so.

    Args:
      estimator: The `Estimator` that is trained.
      should_stop_fn: Function without arguments, called by the chief; a true
        result ends training.
      run_every_secs: Seconds between two calls. The first one comes after the
        first step.
      run_every_steps: Global steps between two calls. Give None for the
        seconds with it.

    Returns:
      The hook of this task: the chief's, or that of another one.

    Raises:
      ValueError: if not one of the two is given.
      TypeError: if `estimator` is none, or `should_stop_fn` can't be called.
    """
    check_estimator(estimator)
    if run_every_secs is not None and run_every_steps is not None:
        raise ValueError(
            "Only one of `run_every_secs` and `run_every_steps` must be set. "
            f"Got {run_every_secs} and {run_every_steps}: add "
            "run_every_secs=None, for it is 60 if it is left out."
        )
    if estimator.config.is_chief:
        return StopOnPredicateHook(
            should_stop_fn, run_every_secs, run_every_steps
        )
    return CheckForStoppingHook()


def stop_if_higher_hook(
    estimator: Estimator,
    metric_name: str,
    threshold: float,
    eval_dir: str | None = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """Makes a hook that stops training once a metric was above a threshold.

    Args:
      estimator: The `Estimator` that is trained.
      metric_name: Of the metric, "loss" or "accuracy" for instance. An
        evaluation without it is a KeyError, raised while training.
      threshold: Number that it must pass.
      eval_dir: Folder of the events of the evaluations; `estimator.eval_dir()`
        if None.
      min_steps: Evaluations of an earlier global step do not count.
      run_every_secs: As for `make_early_stopping_hook`, of reading the events.
      run_every_steps: As there.

    Returns:
      The hook, as there.

    Raises:
      ValueError: as there.
      TypeError: as there.
    """
    metric = _history(estimator, metric_name, eval_dir, min_steps)
    should_stop_fn = stop_rules.beyond(metric, threshold, operator.gt)
    return make_early_stopping_hook(
        estimator, should_stop_fn, run_every_secs, run_every_steps
    )


def stop_if_lower_hook(
    estimator: Estimator,
    metric_name: str,
    threshold: float,
    eval_dir: str | None = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """Makes a hook that stops training once a metric was below a threshold.

    Args:
      estimator: As for `stop_if_higher_hook`, and the others.
      metric_name: As there.
      threshold: Number that it must pass.
      eval_dir: As there.
      min_steps: As there.
      run_every_secs: As there.
      run_every_steps: As there.

    Returns:
      The hook, as there.

    Raises:
      ValueError: as there.
      TypeError: as there.
    """
    metric = _history(estimator, metric_name, eval_dir, min_steps)
    should_stop_fn = stop_rules.beyond(metric, threshold, operator.lt)
    return make_early_stopping_hook(
        estimator, should_stop_fn, run_every_secs, run_every_steps
    )


def stop_if_no_increase_hook(
    estimator: Estimator,
    metric_name: str,
    max_steps_without_increase: int | None = None,
    eval_dir: str | None = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
    *,
    max_evals_without_increase: int | None = None,
) -> SessionRunHook:
    """Makes a hook that stops training once a metric no longer rises.

    Args:
      estimator: As for `stop_if_higher_hook`, and the others.
      metric_name: As there.
      max_steps_without_increase: Global steps from the evaluation with the
        highest value to one after it that are too many; None for no limit.
      eval_dir: As there.
      min_steps: As there.
      run_every_secs: As there.
      run_every_steps: As there.
      max_evals_without_increase: Evaluations in a row, without a higher value
        than any before, that are too many; None for no limit. Two of the same
        global step are one. Give one of the limits, or both.

    Returns:
      The hook, as there.

    Raises:
      ValueError: as there; if there is no limit, or the second is not positive.
      TypeError: as there.
    """
    metric = _history(estimator, metric_name, eval_dir, min_steps)
    should_stop_fn = stop_rules.no_better(
        metric,
        operator.gt,
        max_steps_without_increase=max_steps_without_increase,
        max_evals_without_increase=max_evals_without_increase,
    )
    return make_early_stopping_hook(
        estimator, should_stop_fn, run_every_secs, run_every_steps
    )


def stop_if_no_decrease_hook(
    estimator: Estimator,
    metric_name: str,
    max_steps_without_decrease: int | None = None,
    eval_dir: str | None = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
    *,
    max_evals_without_decrease: int | None = None,
) -> SessionRunHook:
    """Makes a hook that stops training once a metric no longer falls.

    Args:
      estimator: As for `stop_if_no_increase_hook`, and the others.
      metric_name: As there.
      max_steps_without_decrease: As there, from that with the lowest value.
      eval_dir: As there.
      min_steps: As there.
      run_every_secs: As there.
      run_every_steps: As there.
      max_evals_without_decrease: As there, without a lower value.

    Returns:
      The hook, as there.

    Raises:
      ValueError: as there.
      TypeError: as there.
    """
    metric = _history(estimator, metric_name, eval_dir, min_steps)
    should_stop_fn = stop_rules.no_better(
        metric,
        operator.lt,
        max_steps_without_decrease=max_steps_without_decrease,
        max_evals_without_decrease=max_evals_without_decrease,
    )
    return make_early_stopping_hook(
        estimator, should_stop_fn, run_every_secs, run_every_steps
    )


def _history(
    estimator: Estimator, metric_name: str, eval_dir: str | None, min_steps: int
) -> MetricHistory:
    def read() -> dict[int, dict[str, float]]:
        folder = estimator.eval_dir() if eval_dir is None else eval_dir
        return read_eval_metrics(folder)

    return MetricHistory(metric_name, min_steps, read)
