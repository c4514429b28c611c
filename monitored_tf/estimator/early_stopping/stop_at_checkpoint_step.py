"""Ends the training of workers once the chief has saved the last step."""

from __future__ import annotations

import time
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf.estimator.estimator import Estimator, check_estimator
from monitored_tf.estimator.train import training
from monitored_tf.session_run_hook import SessionRunArgs, SessionRunHook

_train = tf.compat.v1.train


def make_stop_at_checkpoint_step_hook(
    estimator: Estimator,
    last_step: int,
    wait_after_file_check_secs: float = 30,
) -> Any:
    """Makes a hook that ends training at a step, the workers' once it is saved.

    A worker that ends sooner than the chief may be started again by its
    cluster; it then finds that there is nothing left to do.

    Args:
      estimator: The `Estimator` that is trained.
      last_step: Global step to stop at.
      wait_after_file_check_secs: Seconds that a worker pauses after it has
        looked for the checkpoint in vain.

    Returns:
      A `StopAtStepHook` for the chief, a `StopAtCheckpointStepHook` for others.

    Raises:
      ValueError: if `last_step` is None.
      TypeError: if `estimator` is none.
    """
    check_estimator(estimator)
    if estimator.config.is_chief:
        return _train.StopAtStepHook(last_step=last_step)
    return StopAtCheckpointStepHook(
        estimator.model_dir, last_step, wait_after_file_check_secs
    )


class StopAtCheckpointStepHook(SessionRunHook):
    """Stops once training is at a step and a checkpoint of it is there.

    Args:
      model_dir: Folder of the checkpoints.
      last_step: Global step to stop at.
      wait_after_file_check_secs: Seconds to pause after a look for the
        checkpoint in vain: many workers may look at one file.

    Raises:
      ValueError: if `model_dir` or `last_step` is None.
      RuntimeError: from `begin()`, if the graph has no global step.
    """

    def __init__(
        self,
        model_dir: str,
        last_step: int,
        wait_after_file_check_secs: float = 30,
    ) -> None:
        if last_step is None:
            raise ValueError("last_step must be specified. Got None.")
        if model_dir is None:
            raise ValueError("model_dir must be specified. Got None.")
        self._model_dir = model_dir
        self._last_step = last_step
        self._wait_secs = wait_after_file_check_secs
        self._global_step: Any = None

    def begin(self) -> None:
        """Looks up the global step."""
        self._global_step = _train.get_global_step()
        if self._global_step is None:
            raise RuntimeError(
                "Global step should be created to use "
                "StopAtCheckpointStepHook. Make one before the session: "
                "tf.compat.v1.train.get_or_create_global_step()."
            )

    def before_run(self, run_context: Any) -> Any:
        """Asks for the global step."""
        del run_context
        return SessionRunArgs(self._global_step)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Stops, or pauses, if training may be at the step."""
        # What was read may be from before the step, which is done by now.
        if run_values.results + 1 < self._last_step:
            return
        saved = training.saved_step(self._model_dir)
        if saved >= self._last_step:
            run_context.request_stop()
            return
        logging.info(
            "Waiting for a checkpoint of step %d in %s; the newest is of %d.",
            self._last_step,
            self._model_dir,
            saved,
        )
        time.sleep(self._wait_secs)
