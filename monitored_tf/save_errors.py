"""The errors of a checkpoint that was not saved.

They are not in `monitored_tf.errors`: nothing there loads TensorFlow.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from monitored_tf import errors

_MOST_NAMES = 20
# In front of it stands a file's name, behind it the op and its place.
_REASON = re.compile(r"(?:^|; )([^;\[]+?)\s*(?:\[|$)")


class NanWeightsError(
    errors.MonitoredTFError,
    tf.compat.v1.train.NanLossDuringTrainingError,  # type: ignore[misc]
):
    """Weights that are NaN or Inf were to be saved, and were not.

    Args:
      message: Where, and which.
      variables: Names of the variables.
    """

    def __init__(self, message: str, variables: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.variables = tuple(variables)

    def __str__(self) -> str:
        return self.message

    @property
    def message(self) -> str:
        """What happened."""
        return str(self.args[0])


class RolledBackError(
    NanWeightsError,
    tf.errors.AbortedError,  # type: ignore[misc]
):
    """Weights were NaN or Inf; training is to go on from the last checkpoint.

    Also a `tf.errors.AbortedError`: a session that recovers does so.

    Args:
      message: Where, and which.
      variables: Names of the variables.
    """

    def __init__(self, message: str, variables: Sequence[str] = ()) -> None:
        tf.errors.AbortedError.__init__(self, None, None, message)
        self.args = (message, variables)
        self.variables = tuple(variables)


class CheckpointSaveError(errors.MonitoredTFError, RuntimeError):
    """A checkpoint could not be written.

    Raised from the error that kept it from being written, and also of that
    one's type, unless the end of training could be read into it.

    Attributes:
      path: Path of the checkpoint.
      reason: What the file system said, as "No space left on device".
      step: The global step, if that is known.
    """

    path = ""
    reason = ""
    step: int | None = None

    def __str__(self) -> str:
        at_step = "" if self.step is None else f" at step {self.step}"
        text = f"{self.reason}: could not save {self.path}{at_step}"
        cause = self.__cause__
        return f"{text} ({type(cause).__name__})." if cause else f"{text}."


def nan_weights(
    path: str, found: Sequence[tuple[str, int, int]]
) -> NanWeightsError:
    """Returns the error of a checkpoint that is not to be published.

    Args:
      path: Path of the checkpoint.
      found: Name, number of values that are not finite, and number of values
        of each variable that has such.
    """
    listed = [
        f"{name} ({bad} of {count})" for name, bad, count in found[:_MOST_NAMES]
    ]
    if len(found) > _MOST_NAMES:
        listed.append(f"and {len(found) - _MOST_NAMES} more")
    variables = "1 variable" if len(found) == 1 else f"{len(found)} variables"
    return NanWeightsError(
        f"NaN or Inf in {variables}: {os.path.basename(path)} is "
        f"not saved into {os.path.dirname(path) or '.'}. Values that are not "
        f"finite: {', '.join(listed)}.",
        [name for name, _, _ in found],
    )


def rolled_back(error: NanWeightsError, checkpoint: str) -> RolledBackError:
    """Returns the error that asks for a recovery after NaN weights."""
    return RolledBackError(
        f"{error.message} Training is to go on from {checkpoint}.",
        error.variables,
    )


def save_error(
    error: Exception, path: str, step: int | None
) -> CheckpointSaveError:
    """Returns the error to be raised from what kept a save from succeeding.

    Args:
      error: The error.
      path: Path of the checkpoint.
      step: Its global step, if that is known.
    """
    kind = _also(type(error))
    raised = kind.__new__(kind, *error.args)
    # What an `except` for that error asks it for: its op, its code ...
    raised.__dict__.update(error.__dict__)
    raised.path = path
    raised.reason = _reason(error)
    raised.step = step
    raised.__cause__ = error
    return raised


def _also(error_type: type[Exception]) -> type[CheckpointSaveError]:
    # OutOfRangeError is the end of the data, and to TensorFlow also a file
    # that is too large.
    if issubclass(error_type, tf.errors.OutOfRangeError) or not issubclass(
        error_type, (tf.errors.OpError, ValueError)
    ):
        return CheckpointSaveError
    return errors.also(CheckpointSaveError, error_type)


def _reason(error: Any) -> str:
    if isinstance(error, OSError) and error.strerror:
        return str(error.strerror)
    text = getattr(error, "message", None) or str(error)
    lines = [line for line in text.splitlines() if line.strip()]
    line = next((one for one in lines if "; " in one), (lines or [""])[0])
    found = _REASON.findall(line)
    return (found[-1] if found else line).strip(" .") or type(error).__name__
