"""Plants faults: this error at that call of that callback."""

from __future__ import annotations

import collections
import dataclasses
from typing import Any

import tensorflow as tf

from monitored_tf.chief_session_creator import ChiefSessionCreator
from monitored_tf.session_creators import SessionCreator
from monitored_tf.session_run_hook import SessionRunHook

CALLBACKS = (
    "begin",
    "after_create_session",
    "before_run",
    "after_run",
    "end",
    "on_error",
    "on_recovery",
    "close",
)
CREATE_SESSION = "create_session"


@dataclasses.dataclass(frozen=True)
class Fault:
    """An error to be raised.

    >>> Fault("before_run", call=3)
    Fault(callback='before_run', call=3, error=AbortedError(...))

    Attributes:
      callback: Name of a hook's callback; "create_session" for a creator.
      call: At which of its calls, the first being 1.
      error: Exception to raise; an `AbortedError` by default, as when a task
        of the cluster is lost.
    """

    callback: str
    call: int = 1
    error: BaseException = dataclasses.field(
        default_factory=lambda: tf.errors.AbortedError(
            None, None, "planted by monitored_tf.testing"
        )
    )

    def __post_init__(self) -> None:
        known = (*CALLBACKS, CREATE_SESSION)
        if self.callback not in known:
            raise ValueError(
                f"Fault.callback must be one of {known}. Got {self.callback!r}."
            )
        if self.call < 1:
            raise ValueError(f"Fault.call counts from 1. Got {self.call}.")
        if not isinstance(self.error, BaseException):
            raise TypeError(
                f"Fault.error must be an exception object. Got {self.error!r}."
            )


class _Planted:
    """Counts calls and raises what is due."""

    def __init__(
        self, faults: tuple[Fault, ...], callbacks: tuple[str, ...]
    ) -> None:
        for fault in faults:
            if not isinstance(fault, Fault):
                raise TypeError(f"Expected Fault objects. Got {fault!r}.")
            if fault.callback not in callbacks:
                raise ValueError(
                    f"{fault!r} would never be raised here. Expected a "
                    f"callback of {callbacks}."
                )
        self._faults = faults
        self.calls: collections.Counter[str] = collections.Counter()

    def called(self, callback: str) -> None:
        self.calls[callback] += 1
        for fault in self._faults:
            if (fault.callback, fault.call) == (
                callback,
                self.calls[callback],
            ):
                raise fault.error


class FaultHook(SessionRunHook):
    """A hook that raises planted faults and does nothing else.

    >>> hook = FaultHook(Fault("after_run", call=2, error=ValueError("boom")))

    Args:
      *faults: `Fault` objects, each raised once.

    Attributes:
      calls: A Counter of the calls of each callback so far.

    Raises:
      TypeError: if one is no `Fault`.
      ValueError: if one is for a session creator.
    """

    def __init__(self, *faults: Fault) -> None:
        self._planted = _Planted(faults, CALLBACKS)
        self.calls = self._planted.calls

    def begin(self) -> None:
        """Raises what is planted for this call, as every callback does."""
        self._planted.called("begin")

    def after_create_session(self, session: Any, coord: Any) -> None:
        self._planted.called("after_create_session")

    def before_run(self, run_context: Any) -> None:
        self._planted.called("before_run")

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self._planted.called("after_run")

    def end(self, session: Any) -> None:
        self._planted.called("end")

    def on_error(self, session: Any, error: BaseException) -> None:
        self._planted.called("on_error")

    def on_recovery(self, event: Any) -> None:
        self._planted.called("on_recovery")

    def close(self) -> None:
        self._planted.called("close")


class FaultSessionCreator(SessionCreator):
    """A session creator that raises planted faults, else asks another one.

    Args:
      *faults: `Fault("create_session", ...)` objects.
      creator: The creator that makes the sessions; `ChiefSessionCreator()` if
        None.

    Attributes:
      calls: A Counter; `calls["create_session"]` is how often it was asked.
      sessions: The sessions it made, oldest first.

    Raises:
      TypeError: if one of `faults` is no `Fault`.
      ValueError: if one is for a hook.
    """

    def __init__(self, *faults: Fault, creator: Any = None) -> None:
        self._planted = _Planted(faults, (CREATE_SESSION,))
        self._creator = creator or ChiefSessionCreator()
        self.reuses_session = getattr(self._creator, "reuses_session", False)
        self.calls = self._planted.calls
        self.sessions: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        creator = self.__dict__.get("_creator")
        if creator is None:  # While it is being copied.
            raise AttributeError(name)
        return getattr(creator, name)

    def create_session(self) -> Any:
        """Makes a session unless a fault is due."""
        self._planted.called(CREATE_SESSION)
        self.sessions.append(self._creator.create_session())
        return self.sessions[-1]
