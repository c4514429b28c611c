"""The errors and warnings of monitored_tf.

* MonitoredTFError                   any of the errors below
  x SessionClosedError               also RuntimeError
  x StopRequestedError               also RuntimeError
  x FeedConflictError                also RuntimeError
  x InvalidHookError                 also AttributeError and TypeError
  x InvalidRequestError              also AttributeError and TypeError
  x InvalidSessionCreatorError       also AttributeError and TypeError
  x InvalidStepFunctionError         also ValueError and TypeError
  x InvalidSignatureError            also ValueError and TypeError
  x NoCheckpointSaverError           also RuntimeError
* StrayStopWarning                   a UserWarning

Each error is also an instance of what TensorFlow raises in the same place, so
that an `except` written for `tf.compat.v1.train` still catches it. Errors of
TensorFlow itself and of hooks are never wrapped.
"""

from __future__ import annotations


class MonitoredTFError(Exception):
    """Base of the errors that monitored_tf raises itself."""


class SessionClosedError(MonitoredTFError, RuntimeError):
    """The session was used after `close()` or after its `with` block."""

    def __init__(
        self,
        message: str = (
            "Session is already closed. Make a new one: a closed session "
            "cannot run."
        ),
    ) -> None:
        super().__init__(message)


class StopRequestedError(MonitoredTFError, RuntimeError):
    """`run()` was called after a hook or the user had asked for the end."""


class FeedConflictError(MonitoredTFError, RuntimeError):
    """Two hooks, or a hook and the caller, feed the same tensor."""


class InvalidHookError(MonitoredTFError, AttributeError, TypeError):
    """What was given as a hook, or as the list of them, is none."""


class InvalidRequestError(MonitoredTFError, AttributeError, TypeError):
    """A hook's `before_run` returned neither None nor SessionRunArgs."""


class InvalidSessionCreatorError(MonitoredTFError, AttributeError, TypeError):
    """What was given as session creator has no `create_session()`."""


class InvalidStepFunctionError(MonitoredTFError, ValueError, TypeError):
    """A step function does not take `step_context` as its only argument."""


class InvalidSignatureError(MonitoredTFError, ValueError, TypeError):
    """A signature to export is no SignatureDef and no pair of dicts."""


class NoCheckpointSaverError(MonitoredTFError, RuntimeError):
    """`save()` was called without a directory and nothing else names one."""


class StrayStopWarning(UserWarning):
    """A StopIteration that no `run()` raised ended the `with` block.

    Usually a `next()` on an exhausted iterator inside the loop. Training ends
    as if the data had ended. If that is meant, call
    `session.request_stop(reason)` and leave the loop instead.
    """
