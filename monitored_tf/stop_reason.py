"""What ended a session, in a form that can be read and asked."""

from __future__ import annotations

import copy
import dataclasses
import traceback
from typing import Any, NoReturn

import tensorflow as tf

from monitored_tf import errors
from monitored_tf.error_text import describe

_CALLER_OF_HOOKS = "monitored_tf.hook_calls"
_END_OF_DATA = (tf.errors.OutOfRangeError, StopIteration)


@dataclasses.dataclass(frozen=True)
class StopReason:
    """Why a session came to its end; `str()` gives it as a phrase.

    Attributes:
      kind: "hook", "user", "step_fn" (somebody asked for the end), "signal",
        "end_of_data", "error", "thread" (a thread's error or its end stopped
        the coordinator), or "closed" (nothing but `close()`).
      detail: Which hook, op, text or error it was.
      hook: The hook that asked, for "hook" and "signal".
      error: The exception, where there was one.
    """

    kind: str
    detail: str = ""
    hook: Any = None
    error: BaseException | None = None

    def __str__(self) -> str:
        phrase = _PHRASES[self.kind]
        return f"{phrase}: {self.detail}" if self.detail else phrase


_PHRASES = {
    "hook": "a hook asked for it",
    "user": "request_stop() was called",
    "step_fn": "the step function asked for it",
    "end_of_data": "end of data",
    "error": "error",
    "signal": "a signal asked for it",
    "thread": "a thread stopped the coordinator",
    "closed": "closed",
}


class Ending:
    """Who asked for the end of a session, and in the end what it was.

    Attributes:
      request: The first request for the end, or None.
      last_error: What the last `run()` raised, or None.
      creation_error: What the making of a session raised, or None: it is an
        error even where it looks like the end of the data.
      refuses_runs: Whether `run()` is an error from now on.
      reason: The `StopReason` once the session is closed, None before.
    """

    def __init__(self) -> None:
        self.request: StopReason | None = None
        self.reason: StopReason | None = None
        self.last_error: BaseException | None = None
        self.creation_error: BaseException | None = None
        self.refuses_runs = False

    def ask_by_user(self, reason: str) -> None:
        """Records a request; `run()` is an error from now on."""
        self._ask(StopReason("user", reason))
        self.refuses_runs = True

    def ask_by_hook(self, hook: Any) -> None:
        """Records a request; `run()` is an error from now on."""
        preempted = getattr(hook, "preempted", None)
        if isinstance(preempted, errors.Preempted):
            self._ask(_from_signal(preempted, hook))
        else:
            self._ask(StopReason("hook", type(hook).__name__, hook=hook))
        self.refuses_runs = True

    def ask_by_step_fn(self) -> None:
        """Records a request; as in TensorFlow, the caller may go on."""
        self._ask(StopReason("step_fn"))

    def _ask(self, reason: StopReason) -> None:
        if self.request is None:
            self.request = reason

    def refuse(self) -> NoReturn:
        """Raises StopRequestedError: a hook or the user asked for the end.

        After a signal it is the `Preempted`: who does not ask should_stop()
        gets its exit code all the same.
        """
        error = self.request and self.request.error
        if isinstance(error, errors.Preempted):
            raise error
        raise errors.StopRequestedError(
            "Run called even after should_stop requested. Leave the loop "
            f"when should_stop() is true. Why it is: {self.request}."
        )

    def finish(
        self, error: BaseException | None, by_thread: StopReason | None
    ) -> None:
        """Settles the reason.

        Args:
          error: What the `with` body raised, or None.
          by_thread: The reason if a thread stopped the coordinator, or None.
        """
        if error is not None and not self.is_clean(error):
            self.reason = self.reason_of(error)
        elif self.request is not None:
            self.reason = self.request
        elif error is not None:
            self.reason = self.reason_of(error)
        elif self.last_error is not None:
            self.reason = self.reason_of(self.last_error)
        else:
            self.reason = by_thread or StopReason("closed")

    def is_clean(self, error: BaseException) -> bool:
        """Returns whether an error ends a `with` block quietly."""
        return is_end_of_data(type(error)) and error is not self.creation_error

    def reason_of(self, error: BaseException) -> StopReason:
        """Returns the reason for what `run()` or the `with` body raised."""
        if isinstance(error, errors.Preempted):
            return _from_signal(error)
        if not self.is_clean(error):
            return StopReason("error", describe(error), error=error)
        # A copy: the frames of its traceback would keep the session alive.
        copied = copy.copy(error)
        return StopReason("end_of_data", _end_of_data(error), error=copied)


def is_end_of_data(error_type: type[BaseException] | None) -> bool:
    """Returns whether errors of this type end a `with` block quietly.

    These types themselves do, not those derived from them, as in TensorFlow.
    """
    return error_type in _END_OF_DATA


def from_thread(error: BaseException | None) -> StopReason:
    """Returns the reason for a coordinator that was stopped by a thread."""
    if isinstance(error, errors.Preempted):
        return _from_signal(error)
    detail = describe(error) if error is not None else ""
    return StopReason("thread", detail, error=error)


def _from_signal(error: errors.Preempted, hook: Any = None) -> StopReason:
    return StopReason("signal", str(error), hook=hook, error=error)


def origin(error: BaseException) -> str:
    """Returns where an error was raised, as file:line in function."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "an unknown place"
    last = frames[-1]
    return f"{last.filename}:{last.lineno} in {last.name}"


def hook_method(error: BaseException) -> str:
    """Returns which method of which hook an error came from, or ""."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for caller, frame in zip(frames, frames[1:]):
        if caller.f_globals.get("__name__") == _CALLER_OF_HOOKS:
            hook = type(frame.f_locals.get("self")).__name__
            return f"{frame.f_code.co_name}() of {hook}"
    return ""


def _end_of_data(error: BaseException) -> str:
    op = getattr(error, "op", None)
    if op is not None:
        return f"op {op.name!r}"
    return f"{describe(error)}, raised at {origin(error)}"
