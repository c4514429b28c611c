"""Runs an Estimator's training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf import training_session
from monitored_tf.estimator import newest_checkpoint, warm_start
from monitored_tf.estimator.config import config_fields, train_device
from monitored_tf.estimator.config.run_config import RunConfig
from monitored_tf.estimator.estimator_spec import EstimatorSpec
from monitored_tf.estimator.mode_keys import ModeKeys
from monitored_tf.estimator.model import Model
from monitored_tf.estimator.train import train_checks, training_hooks
from monitored_tf.estimator.train.training_hooks import TrainingHooks

_v1 = tf.compat.v1


def train(
    model: Model,
    input_fn: Callable[..., Any],
    hooks: Sequence[Any] | None = None,
    steps: int | None = None,
    max_steps: int | None = None,
    saving_listeners: Sequence[Any] | None = None,
) -> None:
    """Trains. See `Estimator.train`."""
    config = model.config
    train_checks.check_task(config)
    train_checks.check_limits(steps, max_steps)
    if max_steps is not None and max_steps <= saved_step(model.model_dir):
        logging.info("Nothing to train: step %d is saved already.", max_steps)
        return
    user_hooks = train_checks.checked_hooks(hooks)
    listeners = train_checks.checked_listeners(saving_listeners)
    with model.new_graph(train_device.device_function(config)):
        features, labels, input_hooks = model.input(input_fn, ModeKeys.TRAIN)
        spec = model.spec(features, labels, ModeKeys.TRAIN)
        _warm_start(model)
        _add_loss(spec.loss)
        _add_saver(spec, config)
        chosen = training_hooks.chosen_hooks(
            config,
            model.model_dir,
            spec,
            (
                *input_hooks,
                *user_hooks,
                *training_hooks.stop_hooks(steps, max_steps),
            ),
            listeners,
        )
        loss = _last_loss(model, spec, chosen)
    logging.info("Loss for final step: %s.", loss)


def saved_step(model_dir: str) -> int:
    """Returns the global step of the newest checkpoint; 0 if there is none.

    Args:
      model_dir: Folder of the checkpoints.
    """
    path = newest_checkpoint.find(model_dir)
    if path is None:
        return 0
    try:
        reader = tf.train.load_checkpoint(path)
        if not reader.has_tensor(_v1.GraphKeys.GLOBAL_STEP):
            return 0
        return int(reader.get_tensor(_v1.GraphKeys.GLOBAL_STEP))
    except (tf.errors.OpError, RuntimeError) as error:
        # The session looks for one that can be read, or says what to do.
        logging.warning("%s can't be read: %s", path, error)
        return 0


def _warm_start(model: Model) -> None:
    if model.warm_start_from is None:
        return
    if newest_checkpoint.find(model.model_dir) is None:
        warm_start.apply(model.warm_start_from)


def _add_loss(loss: Any) -> None:
    summaries = _v1.get_collection(_v1.GraphKeys.SUMMARIES)
    if all(summary.op.name != "loss" for summary in summaries):
        _v1.summary.scalar("loss", loss)
    _v1.add_to_collection(_v1.GraphKeys.LOSSES, loss)


def _add_saver(spec: EstimatorSpec, config: RunConfig) -> None:
    """Adds a saver to the graph, where a `Scaffold` without one finds it."""
    savers = _v1.GraphKeys.SAVERS
    if spec.scaffold.saver or _v1.get_collection(savers):
        return
    saver = _v1.train.Saver(
        sharded=True,
        max_to_keep=config.keep_checkpoint_max,
        keep_checkpoint_every_n_hours=config.keep_checkpoint_every_n_hours,
        defer_build=True,  # Hooks may still add variables.
        save_relative_paths=True,
    )
    _v1.add_to_collection(savers, saver)


def _last_loss(model: Model, spec: EstimatorSpec, hooks: TrainingHooks) -> Any:
    """Trains; returns the loss of the last step, None without a step."""
    step, loss = 0, None
    fetches = [spec.train_op, spec.loss]
    with _session(model, spec, hooks) as session:
        while not session.should_stop():
            step += 1
            # The profiler's view of steps is made of these.
            with tf.profiler.experimental.Trace("train", step_num=step, _r=1):
                _, loss = session.run(fetches)
    if loss is None:
        logging.warning(
            "The training made no step. Perhaps input_fn gives no data."
        )
    return loss


def _session(model: Model, spec: EstimatorSpec, hooks: TrainingHooks) -> Any:
    config = model.config
    return training_session.MonitoredTrainingSession(
        master=config.master,
        is_chief=config.is_chief,
        checkpoint_dir=model.model_dir,
        scaffold=spec.scaffold,
        hooks=hooks.hooks,
        chief_only_hooks=hooks.chief_only_hooks,
        save_checkpoint_secs=0,  # One of the hooks does it.
        save_summaries_steps=hooks.save_summaries_steps,
        config=config.session_config,
        max_wait_secs=config.session_creation_timeout_secs,
        log_step_count_steps=hooks.log_step_count_steps,
        save_graph_def=config.checkpoint_save_graph_def,
        fast_start=True,
        **config_fields.values(config, config_fields.SESSION_FIELDS),
    )
