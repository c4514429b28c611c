"""The pipe that Python writes the numbers of signals into as they come."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from typing import Callable

_STOP = 0  # A byte that is no signal.


class WakeupPipe:
    """Calls back in a thread of its own, whatever the main thread does.

    There is one such pipe in a process (`signal.set_wakeup_fd`). What was set
    before, as by asyncio, is still written to, and comes back by `close()`.
    Make and close it in the main thread.

    Args:
      on_signal: Called with the number of each signal that has a handler in
        Python.
    """

    def __init__(self, on_signal: Callable[[int], None]) -> None:
        self._on_signal = on_signal
        self._read_fd, self._write_fd = os.pipe()
        for descriptor in (self._read_fd, self._write_fd):
            os.set_blocking(descriptor, False)
        self._previous_fd = _set_wakeup(self._write_fd)
        threading.Thread(
            target=self._read, name="watch signals", daemon=True
        ).start()

    def ensure(self, number: int) -> None:
        """Writes the number if others have taken the pipe's place.

        To be called by the handler of a signal.
        """
        current = _set_wakeup(self._write_fd)
        if current != self._write_fd:
            _set_wakeup(current)
            os.write(self._write_fd, bytes([number]))

    def close(self) -> None:
        """Gives back the place and ends the thread."""
        self._give_back()
        os.write(self._write_fd, bytes([_STOP]))

    def close_in_child(self) -> None:
        """Leaves it to the parent, of which this process was forked."""
        self._give_back()
        self._close_both()

    def _give_back(self) -> None:
        current = _set_wakeup(-1)
        if current == self._write_fd:
            current = self._previous_fd
        with contextlib.suppress(OSError, ValueError):  # Closed meanwhile.
            _set_wakeup(current)

    def _close_both(self) -> None:
        os.close(self._read_fd)
        os.close(self._write_fd)

    def _read(self) -> None:
        waiter = select.poll()
        waiter.register(self._read_fd, select.POLLIN)
        while True:
            waiter.poll()
            numbers = os.read(self._read_fd, 256)
            self._pass_on(numbers.replace(bytes([_STOP]), b""))
            for number in numbers:
                if number == _STOP:
                    self._close_both()
                    return
                self._on_signal(number)

    def _pass_on(self, numbers: bytes) -> None:
        if self._previous_fd != -1 and numbers:
            with contextlib.suppress(OSError):  # Full, or closed.
                os.write(self._previous_fd, numbers)


def _set_wakeup(descriptor: int) -> int:
    """Returns the one that was set before."""
    return signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)
