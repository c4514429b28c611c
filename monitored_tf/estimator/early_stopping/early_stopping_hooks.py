"""Hooks that end the training of all tasks when one of them says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf.session_run_hook import SessionRunArgs, SessionRunHook

_v1 = tf.compat.v1


class StopOnPredicateHook(SessionRunHook):
    """The chief's: asks a function from time to time, and stops if it says so.

    It tells the other tasks by a variable, `signal_early_stopping/STOP`.

    Args:
      should_stop_fn: Called without arguments; a true result ends training.
      run_every_secs: Seconds between two calls. The first one comes after the
        first step.
      run_every_steps: Global steps between two. Give one of the two; None for
        the other.

    Raises:
      ValueError: if not one of the two is given.
      TypeError: if `should_stop_fn` can't be called.
      RuntimeError: from `begin()`, if the graph has no global step.
    """

    def __init__(
        self,
        should_stop_fn: Callable[[], Any],
        run_every_secs: float | None = 60,
        run_every_steps: int | None = None,
    ) -> None:
        if not callable(should_stop_fn):
            raise TypeError(
                "`should_stop_fn` must be callable, without arguments. Got "
                f"{should_stop_fn!r}."
            )
        self._should_stop_fn = should_stop_fn
        self._timer = _v1.train.SecondOrStepTimer(
            every_secs=run_every_secs, every_steps=run_every_steps
        )
        self._global_step: Any = None
        self._stop_op: Any = None

    def begin(self) -> None:
        """Makes the variable and the op that sets it."""
        self._global_step = _v1.train.get_global_step()
        if self._global_step is None:
            raise RuntimeError(
                "Early stopping needs a global step. Make one before the "
                "session: tf.compat.v1.train.get_or_create_global_step()."
            )
        self._stop_op = _v1.assign(_stop_variable(self._global_step), True)

    def before_run(self, run_context: Any) -> Any:
        """Asks for the global step."""
        del run_context
        return SessionRunArgs(self._global_step)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Calls the function if it is due, and stops if it says so."""
        step = run_values.results
        if not self._timer.should_trigger_for_step(step):
            return
        self._timer.update_last_triggered_step(step)
        if self._should_stop_fn():
            logging.info("Requesting early stopping at global step %d.", step)
            run_context.session.run(self._stop_op)
            run_context.request_stop()


class CheckForStoppingHook(SessionRunHook):
    """Every other task's: stops when the chief has set that variable."""

    def __init__(self) -> None:
        self._stop: Any = None

    def begin(self) -> None:
        """Makes the variable, or finds it."""
        self._stop = _stop_variable(_v1.train.get_global_step())

    def before_run(self, run_context: Any) -> Any:
        """Asks for the variable."""
        del run_context
        return SessionRunArgs(self._stop)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Stops if it is set."""
        if run_values.results:
            logging.info("The chief requested early stopping.")
            run_context.request_stop()


def _stop_variable(global_step: Any) -> Any:
    """Returns the variable, which is where all tasks share the global step.

    A hook's `begin()` may come outside of the device scope of the model: a
    variable of the chief's own would reach nobody.
    """
    device = "" if global_step is None else global_step.device
    scope = _v1.variable_scope("signal_early_stopping", reuse=_v1.AUTO_REUSE)
    with tf.device(device), scope:
        return _v1.get_variable(
            "STOP",
            shape=[],
            dtype=tf.bool,
            initializer=_v1.initializers.constant(False),
            trainable=False,
        )
