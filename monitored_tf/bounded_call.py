"""Calls that may never return, in threads that can be left behind.

What hangs in TensorFlow's C++ part can't be interrupted: a thread that waits
there stays until the task that it waits for answers or dies.
"""

from __future__ import annotations

import threading
from typing import Callable, Generic, TypeVar

from absl import logging

_T = TypeVar("_T")

_abandoned: set[BoundedCall] = set()  # type: ignore[type-arg]
_lock = threading.Lock()


def abandoned_calls() -> list[str]:
    """Returns the names of the calls that were left behind and still run."""
    with _lock:
        return sorted(call.name for call in _abandoned)


class BoundedCall(Generic[_T]):
    """Calls a function in a daemon thread; the caller waits as it likes.

    >>> BoundedCall(lambda: 6 * 7, "an easy question").result()
    42

    Args:
      function: What to call.
      name: What it does, for logs and as the thread's name.
      dispose: Called with the result if nobody wants it any more.
    """

    def __init__(
        self,
        function: Callable[[], _T],
        name: str,
        dispose: Callable[[_T], object] | None = None,
    ) -> None:
        self.name = name
        self._function = function
        self._dispose = dispose
        self._results: list[_T] = []
        self._error: BaseException | None = None
        self._done = threading.Event()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def wait(self, timeout_secs: float | None = None) -> bool:
        """Waits until the call has ended; returns whether it has."""
        # Locks wait no longer than that: no limit as good as any other.
        if timeout_secs is not None:
            timeout_secs = min(timeout_secs, threading.TIMEOUT_MAX)
        return self._done.wait(timeout_secs)

    def result(self) -> _T:
        """Waits for the end; returns the result or raises the call's error."""
        self._done.wait()
        error, self._error = self._error, None
        if error is not None:
            raise error
        return self._results.pop()

    def abandon(self) -> None:
        """Leaves the call behind; what it still returns is disposed of."""
        with _lock:
            if not self._done.is_set():
                _abandoned.add(self)
                logging.warning(
                    "Left behind in a thread: %s. It ends when the task that "
                    "it waits for answers or dies. Left behind so far: %d.",
                    self.name,
                    len(_abandoned),
                )
                return
        self._dispose_of_result()

    def _run(self) -> None:
        try:
            self._results.append(self._function())
        except BaseException as error:  # Raised by result().
            self._error = error
        with _lock:
            self._done.set()
            was_abandoned = self in _abandoned
            _abandoned.discard(self)
        if was_abandoned:
            self._dispose_of_result()

    def _dispose_of_result(self) -> None:
        if self._error is not None:
            logging.info("%s failed: %s", self.name, self._error)
        if self._dispose is not None and self._results:
            self._dispose(self._results.pop())
