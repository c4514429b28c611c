"""The errors and warnings of monitored_tf.

* MonitoredTFError                   any of the errors below
  x SessionClosedError               also RuntimeError
  x StopRequestedError               also RuntimeError
  x FeedConflictError                also RuntimeError
  x InvalidHookError                 also AttributeError and TypeError
  x InvalidHookStateError            also TypeError
  x InvalidRequestError              also AttributeError and TypeError
  x InvalidSessionCreatorError       also AttributeError and TypeError
  x InvalidStepFunctionError         also ValueError and TypeError
  x InvalidSignatureError            also ValueError and TypeError
  x InvalidClusterError              also ValueError
  x NoCheckpointSaverError           also RuntimeError
  x CheckpointRequiredError          also RuntimeError
  x CheckpointError                  also ValueError and what the restore met
  x RecoveryGaveUp                   also of the type of the last error
  x ProcessEndError                  also SystemExit
    - PeerLostError                  also RuntimeError and SystemExit
    - Preempted                      also SystemExit
* StrayStopWarning                   a UserWarning

Nothing here loads TensorFlow. Those that are also errors of TensorFlow are in
`monitored_tf.recovery` (SessionTimeoutError), `checkpoint_errors` and
`save_errors`.

Each error is also an instance of what TensorFlow raises in the same place, so
that an `except` written for `tf.compat.v1.train` still catches it. Errors of
TensorFlow itself and of hooks are never wrapped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

_Error = TypeVar("_Error", bound="MonitoredTFError")


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


class InvalidHookStateError(MonitoredTFError, TypeError):
    """A hook's `state_dict()` returned what JSON can't hold."""


class InvalidSessionCreatorError(MonitoredTFError, AttributeError, TypeError):
    """What was given as session creator has no `create_session()`."""


class InvalidStepFunctionError(MonitoredTFError, ValueError, TypeError):
    """A step function does not take `step_context` as its only argument."""


class InvalidSignatureError(MonitoredTFError, ValueError, TypeError):
    """A signature to export is no SignatureDef and no pair of dicts."""


class InvalidClusterError(MonitoredTFError, ValueError):
    """TF_CONFIG or a resolver describes no cluster, or no task of it."""


class NoCheckpointSaverError(MonitoredTFError, RuntimeError):
    """`save()` was called without a directory and nothing else names one."""


class ProcessEndError(MonitoredTFError, SystemExit):
    """This process is to end, whatever could still be recovered from.

    A thread reports one to the coordinator of a session and closes its raw
    session; a run() that this breaks raises it.

    Args:
      message: Why.
      exit_code: The exit code of the process, as attribute `code`.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.code = exit_code


class PeerLostError(ProcessEndError, RuntimeError):
    """A task that this one runs collectives with is lost.

    Neither can such a step go on nor can the lost task join again: end this
    process, and start all tasks anew. As it is a SystemExit too, that is what
    happens where nobody catches it, with an exit code for the scheduler.

    Args:
      message: Which task, since when, and what to do.
      exit_code: The exit code of the process, as attribute `code`.
    """


class Preempted(ProcessEndError):  # noqa: N818  -- what happened.
    """A signal asked this process to end, and training has stopped for it.

    What could be saved is saved. Where nobody catches it the process ends with
    an exit code for the scheduler, and without a traceback.

    Args:
      message: Which signal, what was saved, and the exit code.
      exit_code: The exit code of the process, as attribute `code`.
      signum: The number of the signal, as attribute `signum`.
    """

    def __init__(self, message: str, exit_code: int, signum: int) -> None:
        super().__init__(message, exit_code)
        self.signum = signum


class CheckpointRequiredError(MonitoredTFError, RuntimeError):
    """A recovery found no checkpoint, and `require_checkpoint` is True."""


class CheckpointError(MonitoredTFError, ValueError):
    """A checkpoint can't be restored.

    Attributes:
      explanation: The text of the error, where it is not that of another one
        whose type it has.
    """

    explanation = ""

    def __str__(self) -> str:
        return self.explanation or super().__str__()


class RecoveryGaveUp(MonitoredTFError):  # noqa: N818  -- what happened.
    """The limits of the `RecoveryPolicy` are reached.

    Raised from the last error, and also an instance of that one's type: an
    `except` for it still catches this. `gave_up()` makes one.

    Attributes:
      why: The limit that was reached.
      attempts: A `RecoveryAttempt` for each of the last failures.
    """

    why = ""
    attempts: tuple[Any, ...] = ()

    def __str__(self) -> str:
        lines = [f"Recovery gave up: {self.why}.", *map(str, self.attempts)]
        return "\n  ".join(lines)


def gave_up(
    error: Exception, why: str, attempts: Iterable[Any]
) -> RecoveryGaveUp:
    """Returns the error to be raised from the last one of an outage.

    Args:
      error: The last error.
      why: Which limit was reached.
      attempts: The failures, the last one included.
    """
    kind = also(RecoveryGaveUp, type(error))
    raised = kind.__new__(kind, *error.args)
    # What an `except` for the last error asks it for: its op, its code ...
    raised.__dict__.update(error.__dict__)
    raised.why = why
    raised.attempts = tuple(attempts)
    return raised


def also(ours: type[_Error], error_type: type[Exception]) -> type[_Error]:
    """Returns a subclass of one of our errors that is of another type too.

    Args:
      ours: The class.
      error_type: The other. Where the two do not go together it is left out.
    """
    try:
        return type(
            ours.__name__,
            (ours, error_type),
            {"__module__": ours.__module__, "__doc__": ours.__doc__},
        )
    except TypeError:
        return ours


class StrayStopWarning(UserWarning):
    """A StopIteration that no `run()` raised ended the `with` block.

    Usually a `next()` on an exhausted iterator inside the loop. Training ends
    as if the data had ended. If that is meant, call
    `session.request_stop(reason)` and leave the loop instead.
    """
