"""Says what is waited for when that takes long."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any, Callable

from absl import logging

# What is done sooner is not worth a line.
FIRST_LINE_SECS = 10.0
_LOOK_EVERY_SECS = 1.0
_END_SECS = 0.2
_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_OTHERS_CODE = ("/tensorflow/", "/threading.py")


class Wait:
    """Something that may take long, once or again and again.

    Args:
      what: What is waited for, as in "Waiting 10 s for ...".
      details: Returns what more is known of it now, or "". It is called in
        another thread.

    Attributes:
      since: `time.monotonic()` when it began; None while it does not run.
    """

    def __init__(self, what: str, details: Callable[[], str]) -> None:
        self.since: float | None = None
        self._what = what
        self._details = details
        self._due_secs = FIRST_LINE_SECS

    def look(self) -> None:
        """Logs a line if it takes twice as long as any that had one."""
        since = self.since
        if since is None:
            return
        waited_secs = time.monotonic() - since
        if waited_secs < self._due_secs:
            return
        self._due_secs = 2 * waited_secs
        details = self._details()
        logging.warning(
            "Waiting %.0f s for %s%s",
            waited_secs,
            self._what,
            f": {details}" if details else "",
        )


class _Watcher:
    """Looks at all waits, in a thread that lives as long as there are some."""

    def __init__(self) -> None:
        self._waits: weakref.WeakSet[Wait] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._nothing_left = threading.Event()

    def add(self, wait: Wait) -> None:
        if sys.is_finalizing():  # No thread begins any more, or goes on.
            return
        with self._lock:
            self._waits.add(wait)
            # After a fork the thread is not there any more.
            if self._thread is None or not self._thread.is_alive():
                self._nothing_left = threading.Event()
                self._thread = threading.Thread(
                    target=self._run,
                    args=(self._nothing_left,),
                    name="monitored_tf waiting",
                    daemon=True,
                )
                self._thread.start()

    def discard(self, wait: Wait) -> None:
        if sys.is_finalizing():
            return
        with self._lock:
            self._waits.discard(wait)
            if self._waits or self._thread is None:
                return
            thread, self._thread = self._thread, None
            self._nothing_left.set()
        # It may be in the midst of asking a task that does not answer.
        thread.join(_END_SECS)

    def _run(self, nothing_left: threading.Event) -> None:
        while not nothing_left.wait(_LOOK_EVERY_SECS):
            with self._lock:
                waits = list(self._waits)
                if not waits:  # All were dropped without forget().
                    self._thread = None
                    return
            while waits:  # None is kept alive by this thread.
                _look(waits.pop())


def _look(wait: Wait) -> None:
    try:
        wait.look()
    except Exception:  # It must not end the watching of the others.
        logging.exception("Finding out what is waited for failed.")


_watcher = _Watcher()


def watch(wait: Wait) -> None:
    """Has a wait looked at, now and then, until `forget()` or its end."""
    _watcher.add(wait)


def forget(wait: Wait) -> None:
    """Ends `watch()`."""
    _watcher.discard(wait)


@contextlib.contextmanager
def told(what: str, details: Callable[[], str]) -> Iterator[None]:
    """Says what is waited for if the block takes long; see `Wait`."""
    wait = Wait(what, details)
    wait.since = time.monotonic()
    watch(wait)
    try:
        yield
    finally:
        forget(wait)


def stacks() -> str:
    """Returns the Python stacks of all threads, as text."""
    names = {t.ident: t.name for t in threading.enumerate()}
    parts = []
    for ident, frame in _frames().items():
        parts.append(f"Thread {names.get(ident, ident)!r}:\n")
        parts.extend(traceback.format_stack(frame))
    return "".join(parts)


def place(code: CodeType, owner: Any) -> str:
    """Returns where a method of an object is, in whichever thread, or "".

    Args:
      code: Of the method.
      owner: Its `self`.

    Returns:
      The innermost place below it in the user's code or that of a hook;
      "TensorFlow" if it is past that.
    """
    for frame in _frames().values():
        below: list[FrameType] = []
        link: FrameType | None = frame
        while link is not None:
            if link.f_code is code and link.f_locals.get("self") is owner:
                return _users_place(below)
            below.append(link)
            link = link.f_back
    return ""


def _users_place(frames: list[FrameType]) -> str:
    for frame in frames:
        file = frame.f_code.co_filename
        if not file.startswith(_PACKAGE) and not any(
            part in file for part in _OTHERS_CODE
        ):
            return f"in {frame.f_code.co_name} ({file}:{frame.f_lineno})"
    return "in TensorFlow"


def _frames() -> dict[int, FrameType]:
    # Documented, in spite of its name.
    return sys._current_frames()  # noqa: SLF001
