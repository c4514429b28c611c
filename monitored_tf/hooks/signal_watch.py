"""Signals that are noticed even while the main thread is in C++ code."""

from __future__ import annotations

import ctypes
import dataclasses
import os
import signal
import threading
import time
from types import FrameType
from typing import Any, Callable

from absl import logging

from monitored_tf.hooks.wakeup_pipe import WakeupPipe

# Some supervisors send one signal twice, to the process and to its group.
_SAME_SIGNAL_SECS = 0.5
# What the main thread has to act on a signal itself.
_MAIN_THREAD_SECS = 0.5
_AGAIN_SECS = 0.05


@dataclasses.dataclass(eq=False)
class SignalListener:
    """Somebody who acts on signals, until `stop()`.

    Attributes:
      watch: What it listens to.
      signals: Those that it acts on.
      on_signal: Called with this object and the first of each, in another
        thread.
      is_over: Returns whether it has nothing more to act for, though nobody
        stopped it.
    """

    watch: SignalWatch
    signals: tuple[int, ...]
    on_signal: Callable[[SignalListener, int], object]
    is_over: Callable[[], bool]

    def stop(self) -> None:
        """Ends it; the last one puts back the handlers that were there."""
        self.watch.remove(self)

    def raise_in_main(self, error: BaseException) -> bool:
        """Raises in the main thread, where it is in Python or waits there.

        Returns:
          Whether that could be done in half a second.
        """
        return self.watch.raise_in_main(self, error)


class SignalWatch:
    """The handlers, and a thread that they wake, of a process.

    Attributes:
      is_done: Whether the handlers that were there are put back.
    """

    def __init__(self) -> None:
        self.is_done = False
        self._lock = threading.Lock()  # Never taken by a handler.
        self._listeners: list[SignalListener] = []
        self._previous: dict[int, Any] = {}
        self._first_at: dict[int, float] = {}
        self._by_default: set[int] = set()
        self._n_expected = 0
        self._raising: BaseException | None = None
        self._pipe: WakeupPipe | None = None

    def numbers(self) -> tuple[int, ...]:
        """Returns the signals whose handlers are set."""
        return tuple(self._previous)

    def may_take(self, number: int) -> bool:
        """Returns whether nobody else handles a signal."""
        if number in self._previous:
            return True
        handler = signal.getsignal(number)
        return handler in (signal.SIG_DFL, signal.default_int_handler)

    def add(self, listener: SignalListener) -> None:
        """Sets the handlers that are missing; starts the thread."""
        with self._lock:
            if not self._listeners:  # What came before is not meant for it.
                self._first_at.clear()
            if self._pipe is None:
                self._pipe = WakeupPipe(self._note)
            self._listeners.append(listener)
            for number in listener.signals:
                if number not in self._previous:
                    self._previous[number] = signal.signal(number, self._handle)
            came = [n for n in listener.signals if n in self._first_at]
        for number in came:
            listener.on_signal(listener, number)

    def remove(self, listener: SignalListener) -> None:
        """Forgets a listener; closes all after the last one."""
        with self._lock:
            if listener not in self._listeners:
                return
            self._listeners.remove(listener)
            if threading.current_thread() is threading.main_thread():
                self._restore()
            # Else the handlers stay; without listeners they do nothing but
            # the default action.

    def _restore(self) -> None:
        wanted = {n for other in self._listeners for n in other.signals}
        for number in set(self._previous) - wanted:
            previous = self._previous.pop(number)
            # Whoever set another one since then keeps it.
            if signal.getsignal(number) == self._handle:
                signal.signal(number, previous)
        if not self._listeners and self._pipe is not None:
            self._pipe.close()
            self.is_done = True

    def reset_in_child(self) -> None:
        """Leaves all to the parent: its pipe would tell it of our signals."""
        self._lock = threading.Lock()  # Another thread may have held it.
        self._listeners.clear()
        for number, previous in self._previous.items():
            if signal.getsignal(number) == self._handle:
                signal.signal(number, previous)
        if self._pipe is not None:
            self._pipe.close_in_child()
        self.is_done = True

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """Runs in the main thread, between two steps of Python code."""
        if self._pipe is not None:
            self._pipe.ensure(number)
        if number in self._by_default:
            self._act_by_default(number)
        error, self._raising = self._raising, None
        if error is not None:
            raise error

    def _act_by_default(self, number: int) -> None:
        self._by_default.discard(number)
        # From now on it is none of ours.
        signal.signal(number, self._previous.pop(number, signal.SIG_DFL))
        os.kill(os.getpid(), number)

    def _note(self, number: int) -> None:
        now = time.monotonic()
        with self._lock:
            if number not in self._previous:
                return
            if self._n_expected:
                self._n_expected -= 1
                return
            is_first = number not in self._first_at
            first_at = self._first_at.setdefault(number, now)
            listeners = [
                listener
                for listener in self._listeners
                if number in listener.signals and not listener.is_over()
            ]
        if not listeners or now - first_at >= _SAME_SIGNAL_SECS:
            self._default_action(number)
        elif is_first:
            for listener in listeners:
                listener.on_signal(listener, number)

    def _default_action(self, number: int) -> None:
        logging.warning("%s: the default action.", signal_name(number))
        self._by_default.add(number)
        if self._wake_main(number, lambda: number not in self._by_default):
            return
        # The main thread is in C++, and only it may set handlers from Python.
        ctypes.CDLL(None).signal(number, None)  # None is SIG_DFL.
        os.kill(os.getpid(), number)

    def raise_in_main(
        self, listener: SignalListener, error: BaseException
    ) -> bool:
        """As `SignalListener.raise_in_main`."""
        with self._lock:
            if listener not in self._listeners:
                return False
            self._raising = error
        number = listener.signals[0]
        if self._wake_main(number, lambda: self._raising is not error):
            return True
        self._raising = None
        return False

    def _wake_main(self, number: int, is_done: Callable[[], bool]) -> bool:
        """Has the handler run in the main thread; returns whether it has."""
        main = threading.main_thread().ident
        deadline = time.monotonic() + _MAIN_THREAD_SECS
        while not is_done():
            if main is None or time.monotonic() >= deadline:
                return False
            with self._lock:
                # Without our handler the signal would kill.
                if number in self._previous and not is_done():
                    self._n_expected += 1
                    # Not the process: only a signal to this thread ends what
                    # it waits for. Python misses one that comes just before
                    # it begins to wait, so there is another one.
                    signal.pthread_kill(main, number)
            _sleep_until(is_done, _AGAIN_SECS)
        return True


def _sleep_until(is_done: Callable[[], bool], secs: float) -> None:
    deadline = time.monotonic() + secs
    while not is_done() and time.monotonic() < deadline:
        time.sleep(0.005)


def signal_name(number: int) -> str:
    """Returns the name of a signal; its number where it has none."""
    try:
        return signal.Signals(number).name
    except ValueError:  # One of the real-time signals.
        return f"signal {number}"
