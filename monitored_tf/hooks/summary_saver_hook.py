"""Saves summaries, also right after a recovery."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from monitored_tf import _tf_private


class SummarySaverHook(
    tf.compat.v1.train.SummarySaverHook  # type: ignore[misc]
):
    """Saves summaries every N steps or seconds.

    Stands in for `tf.compat.v1.train.SummarySaverHook`: the same arguments,
    the same output. Its cadence begins anew with each session; otherwise none
    would be saved after a rollback until the step of the last one is passed
    again.

    Args:
      save_steps: Global steps between summaries.
      save_secs: Seconds between summaries. Give one of the two.
      output_dir: Folder of the event file.
      summary_writer: A `tf.compat.v1.summary.FileWriter` to use instead.
      scaffold: A `tf.compat.v1.train.Scaffold`, whose `summary_op` is saved.
      summary_op: A tensor of serialized summaries, or a list of them. Give
        this or `scaffold`.

    Raises:
      ValueError: if not one of `save_steps` and `save_secs` is given, or not
        one of `scaffold` and `summary_op`.
    """

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Lets the first step of the session save its summaries."""
        _tf_private.forget_steps(self)
