"""All hooks of a training, chosen in this one place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import tensorflow as tf

from monitored_tf import _tf_private, hook_protocol
from monitored_tf.estimator.config import config_fields
from monitored_tf.estimator.config.run_config import RunConfig
from monitored_tf.estimator.config.task_config import TaskType
from monitored_tf.estimator.estimator_spec import EstimatorSpec
from monitored_tf.hooks import (
    CheckpointSaverHook,
    StepCounterHook,
    SummarySaverHook,
)

_train = tf.compat.v1.train
Hooks = tuple[Any, ...]


class TrainingHooks(NamedTuple):
    """Hooks as `MonitoredTrainingSession` takes them.

    The order in which they are called is that of `chief_only_hooks`, the step
    counter and the saver of summaries, which that function makes, and `hooks`.

    Attributes:
      chief_only_hooks: Those of the chief.
      hooks: Those of every task.
      save_summaries_steps: Steps between summaries of the chief; 0 or None for
        none.
      log_step_count_steps: Steps between its counts of steps; the same.
    """

    chief_only_hooks: Hooks
    hooks: Hooks
    save_summaries_steps: int | None
    log_step_count_steps: int | None


def stop_hooks(steps: int | None, max_steps: int | None) -> Hooks:
    """Returns what stops a training at its limit.

    Args:
      steps: Steps to make, or None.
      max_steps: Global step to stop at, or None.
    """
    if steps is None and max_steps is None:
        return ()
    return (_train.StopAtStepHook(steps, max_steps),)


def chosen_hooks(
    config: RunConfig,
    model_dir: str,
    spec: EstimatorSpec,
    given: Hooks,
    listeners: Hooks,
) -> TrainingHooks:
    """Returns the hooks of a training, in the order that tf.estimator has.

    A CheckpointSaverHook and a NanTensorHook of the user's stand in the place
    of the default ones.

    Args:
      config: Of the Estimator.
      model_dir: Where checkpoints and events go.
      spec: What the model function returned, in TRAIN.
      given: Those from elsewhere: of the input, of the user, what stops.
      listeners: `CheckpointSaverListener`s.

    Raises:
      ValueError: if there are listeners, and nothing that saves checkpoints.
    """
    own = (*given, *spec.training_hooks, *spec.training_chief_hooks)
    hooks = (
        *given,
        *_nan_hook(spec, own),
        *_logging_hook(spec, config),
        *spec.training_hooks,
    )
    chief_hooks = spec.training_chief_hooks
    saver = _saver_hook(config, model_dir, spec, own, listeners)
    if not any(map(hook_protocol.has_state, hooks)):
        chief_hooks = (*saver, *chief_hooks)
    elif config.is_chief:  # A state that is saved must be that after the step.
        hooks = (*hooks, *saver)
    if not _leaves_summaries_to_worker(config):
        return TrainingHooks(
            chief_hooks,
            hooks,
            config.save_summary_steps,
            config.log_step_count_steps,
        )
    if (config.task_type, config.task_id) == (TaskType.WORKER, 0):
        hooks = (*hooks, *_summary_hooks(config, model_dir, spec))
    return TrainingHooks(chief_hooks, hooks, 0, None)


def _nan_hook(spec: EstimatorSpec, own: Hooks) -> Hooks:
    if _of(own, _train.NanTensorHook):
        return ()
    return (_train.NanTensorHook(spec.loss),)


def _logging_hook(spec: EstimatorSpec, config: RunConfig) -> Hooks:
    if config.log_step_count_steps is None:
        return ()
    logged = {"loss": spec.loss, "step": _train.get_global_step()}
    every_n_steps = config.log_step_count_steps
    return (_train.LoggingTensorHook(logged, every_n_iter=every_n_steps),)


def _saver_hook(
    config: RunConfig,
    model_dir: str,
    spec: EstimatorSpec,
    own: Hooks,
    listeners: Hooks,
) -> Hooks:
    """Returns the default one unless there is one; gives it the listeners."""
    if savers := _of(own, _train.CheckpointSaverHook):
        _tf_private.add_listeners(savers[0], listeners)
        return ()
    if not (config.save_checkpoints_secs or config.save_checkpoints_steps):
        if listeners:
            raise ValueError(
                "There should be a CheckpointSaverHook to use saving_listeners:"
                " set save_checkpoints_steps or save_checkpoints_secs in "
                "RunConfig, or give such a hook."
            )
        return ()
    hook = CheckpointSaverHook(
        model_dir,
        save_secs=config.save_checkpoints_secs,
        save_steps=config.save_checkpoints_steps,
        scaffold=spec.scaffold,
        save_graph_def=config.checkpoint_save_graph_def,
        **_save_rules(config, own),
    )
    _tf_private.add_listeners(hook, listeners)
    return (hook,)


def _save_rules(config: RunConfig, own: Hooks) -> dict[str, Any]:
    rules = config_fields.values(config, config_fields.SAVER_FIELDS)
    # Whoever has a hook of his own for NaN decides what it means.
    if rules["on_nan"] == "raise" and _of(own, _train.NanTensorHook):
        rules["on_nan"] = "skip"
    return rules


def _leaves_summaries_to_worker(config: RunConfig) -> bool:
    """Returns whether the first worker writes them in the place of the master.

    A master evaluates too, and would write none for that time.
    """
    jobs = config.cluster_spec.jobs
    return TaskType.MASTER in jobs and TaskType.WORKER in jobs


def _summary_hooks(
    config: RunConfig, model_dir: str, spec: EstimatorSpec
) -> Hooks:
    hooks: list[Any] = []
    if config.save_summary_steps:
        saver = SummarySaverHook(
            save_steps=config.save_summary_steps,
            output_dir=model_dir,
            scaffold=spec.scaffold,
        )
        hooks.append(saver)
    if config.log_step_count_steps:
        hooks.append(
            StepCounterHook(config.log_step_count_steps, output_dir=model_dir)
        )
    return tuple(hooks)


def _of(hooks: Iterable[Any], kind: type) -> Hooks:
    return tuple(hook for hook in hooks if isinstance(hook, kind))
