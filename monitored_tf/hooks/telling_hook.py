"""What a CheckpointSaverHook tells of its saves."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from monitored_tf.hooks.step_thread import StepThread

_v1 = tf.compat.v1


class TellingHook(
    _v1.train.CheckpointSaverHook  # type: ignore[misc,name-defined]
):
    """Tells listeners, the log and the event file when a checkpoint is saved.

    Args:
      *arguments: As for `tf.compat.v1.train.CheckpointSaverHook`.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        # Whose saves are those of the cadence. Those of a listener are not:
        # it is to find their files.
        self._thread_in_step = StepThread()

    def _tell_before(self, session: Any, step: int) -> None:
        # In the words that people look for in the logs of their trainings.
        _v1.logging.info(
            "Saving checkpoints for %d into %s.", step, self._save_path
        )
        with self._thread_in_step.left():
            for listener in self._listeners:
                listener.before_save(session, step)

    def _tell_after(self, session: Any, step: int) -> bool:
        event = _v1.SessionLog(
            status=_v1.SessionLog.CHECKPOINT, checkpoint_path=self._save_path
        )
        self._summary_writer.add_session_log(event, step)
        asked_to_stop = False
        with self._thread_in_step.left():
            for listener in self._listeners:
                if listener.after_save(session, step):
                    _v1.logging.info("%r asked for the end.", listener)
                    asked_to_stop = True
        return asked_to_stop
