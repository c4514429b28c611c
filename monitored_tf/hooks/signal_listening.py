"""Listening to signals, in processes that may fork."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from typing import Callable

from absl import logging

from monitored_tf.hooks.signal_watch import (
    SignalListener,
    SignalWatch,
    signal_name,
)

_watch: SignalWatch | None = None


def listen(
    signals: Sequence[int],
    on_signal: Callable[[SignalListener, int], object],
    is_over: Callable[[], bool],
) -> SignalListener | None:
    """Has those of the signals listened to that nobody else handles.

    The first of a signal calls `on_signal`. The second one, half a second
    later or more, has the effect that it had before.

    Args:
      signals: Their numbers.
      on_signal: As in `SignalListener`.
      is_over: As in `SignalListener`.

    Returns:
      None outside the main thread, where no handlers can be set, and where
      others handle all of them.
    """
    global _watch
    if threading.current_thread() is not threading.main_thread():
        logging.log_first_n(
            logging.WARNING,
            "Not in the main thread: no signal is listened to.",
            1,
        )
        return None
    watch = SignalWatch() if _watch is None or _watch.is_done else _watch
    free = tuple(number for number in signals if watch.may_take(number))
    left = [signal_name(number) for number in signals if number not in free]
    if left:
        logging.log_first_n(
            logging.WARNING,
            "%s is left to the handler that is there already.",
            1,
            ", ".join(left),
        )
    if not free:
        return None
    _watch = watch
    listener = SignalListener(watch, free, on_signal, is_over)
    watch.add(listener)
    return listener


# In the thread that forks: its mask of signals before.
_forking = threading.local()


def _before_fork() -> None:
    # Until the child has reset them, its signals would come to us.
    numbers = _watch.numbers() if _watch else ()
    _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)


def _after_fork() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _forking.mask)


def _after_fork_in_child() -> None:
    if _watch is not None and not _watch.is_done:
        _watch.reset_in_child()
    _after_fork()


os.register_at_fork(
    before=_before_fork,
    after_in_parent=_after_fork,
    after_in_child=_after_fork_in_child,
)
