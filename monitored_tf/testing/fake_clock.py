"""A clock that moves only when told to."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

# Its join() polls with sleep(): the threads that it waits for are real.
_WAITS_FOR_THREADS = "tensorflow.python.training.coordinator"
_READINGS = ("time", "monotonic", "perf_counter")


class FakeClock:
    """Stands in for the functions of `time` while its block runs.

    `time.time()`, `time.monotonic()` and `time.perf_counter()` give its own
    time, in all threads; `time.sleep(secs)` moves it on and returns at once.
    Timers of hooks, TensorFlow's too, and pauses before a recovery follow it.
    Names imported before, as in `from time import sleep`, do not.

    >>> with FakeClock(now=100.0) as clock:
    ...     time.sleep(60)
    ...     clock.advance(1.5)
    ...     print(time.time(), clock.sleeps)
    161.5 [60]

    Args:
      now: Its reading at first, in seconds.

    Attributes:
      now: Its reading, in seconds.
      sleeps: The seconds of each `time.sleep`.
    """

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now
        self.sleeps: list[float] = []
        self._real: dict[str, Any] = {}

    def advance(self, secs: float) -> None:
        """Moves it on.

        Args:
          secs: By how many seconds.

        Raises:
          ValueError: if negative.
        """
        if secs < 0:
            raise ValueError(f"A clock goes forward. Got {secs} seconds.")
        self.now += secs

    def _sleep(self, secs: float) -> None:
        caller = sys._getframe(1).f_globals.get("__name__")  # noqa: SLF001
        if caller == _WAITS_FOR_THREADS:
            self._real["sleep"](secs)
            return
        self.advance(secs)
        self.sleeps.append(secs)

    def __enter__(self) -> FakeClock:
        if self._real:
            raise RuntimeError("This FakeClock is running already.")
        for name in (*_READINGS, "sleep"):
            self._real[name] = getattr(time, name)
        for name in _READINGS:
            setattr(time, name, lambda: self.now)
        setattr(time, "sleep", self._sleep)  # noqa: B010  -- typed otherwise.
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for name, real in self._real.items():
            setattr(time, name, real)
        self._real = {}
