"""Tells TensorBoard which steps a recovery took back."""

from __future__ import annotations

import os
from typing import Any

import tensorflow as tf

from monitored_tf.session_run_hook import SessionRunHook

_v1 = tf.compat.v1


class SessionLogHook(SessionRunHook):
    """Writes a `SessionLog.START` into the event file after each recovery.

    At such an event TensorBoard drops what it read before of this step and
    later ones. The event has the step after the one restored, so that steps
    which are repeated are drawn once. If no step was lost, nothing is dropped.

    Args:
      output_dir: Folder of the event file: that of the summaries.
    """

    def __init__(self, output_dir: str | os.PathLike[str]) -> None:
        # The cache takes a path for another folder than its name.
        self._folder = os.fspath(output_dir)
        self._writer: Any = None

    def begin(self) -> None:
        """Takes the writer that other hooks of the folder have."""
        # Not later: a recovery may happen where eager execution is on.
        self._writer = _v1.summary.FileWriterCache.get(self._folder)

    def on_recovery(self, event: Any) -> None:
        """Writes the event, unless the restored step is not known.

        A guess could drop what is not repeated, which is worse than to draw
        some steps twice.

        Args:
          event: The `RecoveryEvent`, whose `step_after` is read.
        """
        if event.step_after is None:
            return
        start = _v1.SessionLog(status=_v1.SessionLog.START)
        self._writer.add_session_log(start, event.step_after + 1)
        self._writer.flush()
