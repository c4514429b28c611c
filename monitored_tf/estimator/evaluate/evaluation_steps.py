"""How many batches an evaluation has run, and its end after so many."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf.session_run_hook import SessionRunArgs, SessionRunHook

_v1 = tf.compat.v1
_Keys = _v1.GraphKeys
# Above that many steps only about so many are logged.
_MOST_LOGGED = 10


class StopAfterStepsHook(SessionRunHook):
    """Ends an evaluation after some steps.

    Args:
      steps: Their number, above 0.
      completed: Tensor of the steps that are done with the one under way.
    """

    def __init__(self, steps: int, completed: Any) -> None:
        self._steps = steps
        self._completed = completed
        self._log_every = max(1, steps // _MOST_LOGGED)

    def before_run(self, run_context: Any) -> Any:
        """Asks for the number of steps.

        Args:
          run_context: Not used.
        """
        del run_context
        return SessionRunArgs(self._completed)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Asks for the end once all are done.

        Args:
          run_context: Of this run.
          run_values: What `before_run` asked for.
        """
        done = int(run_values.results)
        is_last = done >= self._steps
        if is_last or not done % self._log_every:
            logging.info("Evaluation [%d/%d]", done, self._steps)
        if is_last:
            run_context.request_stop()


def eval_step() -> Any:
    """Returns the counter of the default graph; makes it if there is none.

    Raises:
      ValueError: if the graph has several.
    """
    counters = _v1.get_collection(_Keys.EVAL_STEP)
    if len(counters) > 1:
        raise ValueError(
            f"A graph can have one eval step only. The collection "
            f"{_Keys.EVAL_STEP!r} holds {counters}."
        )
    if counters:
        return counters[0]
    return _v1.get_variable(
        "eval_step",
        shape=[],
        dtype=tf.int64,
        initializer=_v1.zeros_initializer(),
        trainable=False,
        collections=[_Keys.LOCAL_VARIABLES, _Keys.EVAL_STEP],
    )


def counted(update_op: Any) -> tuple[list[Any], Any]:
    """Returns what a step runs, and the tensor that counts it.

    Args:
      update_op: Updates the metrics.

    Returns:
      The ops, and the number of steps once they are done.
    """
    counter = eval_step()
    step = [update_op, _v1.assign_add(counter, 1, use_locking=True)]
    with tf.control_dependencies(step):
        return step, tf.identity(counter.read_value())
