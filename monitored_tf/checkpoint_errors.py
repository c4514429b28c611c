"""The errors of a restore that are TensorFlow's errors too."""

from __future__ import annotations

import tensorflow as tf

from monitored_tf import errors
from monitored_tf.error_text import describe


class CheckpointDamagedError(
    errors.CheckpointError,
    tf.errors.DataLossError,  # type: ignore[misc]
):
    """There are checkpoints, and none of them is whole.

    Args:
      message: Which, what is wrong with each, and what to do.
    """

    def __init__(self, message: str) -> None:
        tf.errors.DataLossError.__init__(self, None, None, message)


class CheckpointMismatchError(
    errors.CheckpointError,
    tf.errors.NotFoundError,  # type: ignore[misc]
    tf.errors.InvalidArgumentError,  # type: ignore[misc]
):
    """A checkpoint is whole, but it is not one of this graph.

    TensorFlow raises the one type for a name that is missing and the other for
    a shape that differs.

    Args:
      message: All differences.
    """

    def __init__(self, message: str) -> None:
        tf.errors.NotFoundError.__init__(self, None, None, message)


def restore_failed(error: Exception, path: str) -> errors.CheckpointError:
    """Returns the error to be raised from one that a restore met.

    It is of that one's type too, so that an `except` for it catches this.

    Args:
      error: What was raised; the end of the data it is not, whatever its type.
      path: Prefix of the checkpoint.
    """
    message = f"{path} could not be restored: {describe(error)}"
    if isinstance(error, (tf.errors.OutOfRangeError, StopIteration)):
        return CheckpointDamagedError(message)
    kind = errors.also(errors.CheckpointError, type(error))
    raised = kind.__new__(kind, *error.args)
    raised.__dict__.update(error.__dict__)
    raised.explanation = message
    return raised
