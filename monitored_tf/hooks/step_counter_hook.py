"""Counts steps per second without counting across a recovery."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from monitored_tf import _tf_private


class StepCounterHook(
    tf.compat.v1.train.StepCounterHook  # type: ignore[misc]
):
    """Writes the steps per second to the log and to the event file.

    Stands in for `tf.compat.v1.train.StepCounterHook`: the same arguments, the
    same output. It begins anew with each session, so that after a recovery
    neither the outage nor the steps that were lost go into the rate, and a
    step that is repeated is not taken for one that does not increase.

    Args:
      every_n_steps: Global steps between two rates.
      every_n_secs: Seconds between two. Give one of the two; None for the
        other.
      output_dir: Folder of the event file; None for none.
      summary_writer: A `tf.compat.v1.summary.FileWriter` to use instead.

    Raises:
      ValueError: if not one of `every_n_steps` and `every_n_secs` is given.
    """

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Forgets the steps of the session before."""
        _tf_private.forget_steps(self)
