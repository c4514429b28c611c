"""A save with a CheckpointSaverHook at a time that it did not choose."""

from __future__ import annotations

import re
import sys
from types import FrameType
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf import (
    _tf_private,
    global_step,
    save_errors,
    saves_in_flight,
    saving,
)

_SAVE_CODE = tf.compat.v1.train.Saver.save.__code__


def save_once(session: Any, saver_hook: Any, again: bool = False) -> str:
    """Saves unless the hook's last checkpoint is of this step.

    Args:
      session: The raw session.
      saver_hook: Its `CheckpointSaverHook`; listeners are called.
      again: Whether to save in any case.

    Returns:
      What was done, for a log; also that it could not be saved.
    """
    _finish(session, saver_hook)
    # The hook saves each session as it begins: no checkpoint is older.
    path = _tf_private.last_checkpoint_of_hook(saver_hook)
    step = global_step.read(session)
    if again or step is None or _step_of(path) != step:
        try:
            path, _ = saving.save_with_hook(session, saver_hook, must_save=True)
        except (save_errors.CheckpointSaveError, save_errors.NanWeightsError):
            logging.exception("Step %s: saving failed.", step)
            return f"step {step} could not be saved; {_newest(saver_hook)}"
        step = _step_of(path)
    return f"step {step} is saved to {path}"


def _newest(saver_hook: Any) -> str:
    path = _tf_private.last_checkpoint_of_hook(saver_hook)
    if path is None:
        return "there is no checkpoint"
    return f"the newest is step {_step_of(path)}"


def _finish(session: Any, saver_hook: Any) -> None:
    """Waits for the checkpoint that is being written in the background."""
    finish = getattr(saver_hook, "finish_save", None)
    if finish is None:  # TensorFlow's hook.
        return
    try:
        with session.graph.as_default():
            finish(session)
    except Exception:  # What is newer may yet be saved.
        logging.exception("The checkpoint before was not saved.")


def is_saving() -> bool:
    """Returns whether some thread saves a checkpoint."""
    if saves_in_flight.are_any():
        return True
    # Documented, in spite of its name.
    frames = list(sys._current_frames().values())  # noqa: SLF001
    return any(_is_in_save(frame) for frame in frames)


def _is_in_save(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code is _SAVE_CODE:
            return True
        frame = frame.f_back
    return False


def _step_of(path: Any) -> int | None:
    """Returns the step in the name of a checkpoint; None if it has none."""
    found = re.search(r"-(\d+)$", path or "")
    return int(found.group(1)) if found else None
