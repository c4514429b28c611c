"""Signals of this very process, sent to itself."""

import contextlib
import os
import queue
import signal
import threading
import time

import pytest

from monitored_tf.hooks.signal_listening import listen
from monitored_tf.hooks.signal_watch import signal_name

ONE, OTHER = signal.SIGUSR1, signal.SIGUSR2


@pytest.fixture
def listening():
    """Listens, and stops that at the end; gives a queue of what came."""
    with contextlib.ExitStack() as stack:

        def start(*signals, is_over=lambda: False):
            came = queue.SimpleQueue()
            listener = listen(
                signals, lambda listener, number: came.put(number), is_over
            )
            assert listener.signals == signals
            stack.callback(listener.stop)
            return listener, came

        yield start


@pytest.fixture
def kept():
    """Puts back the handlers of the signals of these tests."""
    before = {number: signal.getsignal(number) for number in (ONE, OTHER)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number):
    os.kill(os.getpid(), number)


def test_the_first_of_a_signal_is_told_in_another_thread(listening):
    _, came = listening(ONE, OTHER)
    send(ONE)
    assert came.get(timeout=10) == ONE
    send(OTHER)
    assert came.get(timeout=10) == OTHER


def test_a_repetition_at_once_is_not_told(listening):
    _, came = listening(ONE, OTHER)
    send(ONE)
    assert came.get(timeout=10) == ONE
    send(ONE)
    send(OTHER)
    assert came.get(timeout=10) == OTHER
    assert came.empty()


def test_all_who_listen_are_told_the_late_ones_too(listening):
    _, first = listening(ONE)
    _, second = listening(ONE)
    send(ONE)
    assert [c.get(timeout=10) for c in (first, second)] == [ONE, ONE]
    _, late = listening(ONE)
    assert late.get(timeout=10) == ONE


def test_the_last_one_puts_back_what_was_there(listening):
    fd = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(fd)
    (first, _), (second, _) = listening(ONE), listening(ONE, OTHER)
    second.stop()
    assert signal.getsignal(OTHER) is signal.SIG_DFL
    assert signal.getsignal(ONE) is not signal.SIG_DFL
    first.stop()
    first.stop()
    assert signal.getsignal(ONE) is signal.SIG_DFL
    assert signal.set_wakeup_fd(fd) == fd
    deadline = time.monotonic() + 10
    while any(t.name == "watch signals" for t in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_new_listener_does_not_hear_of_what_came_before(listening):
    listener, came = listening(ONE)
    send(ONE)
    came.get(timeout=10)
    listener.stop()
    _, later = listening(ONE)
    assert later.empty()


def test_handlers_of_others_are_left_alone(kept, listening):
    signal.signal(ONE, signal.SIG_IGN)
    assert listen([ONE], print, lambda: False) is None
    handler = signal.getsignal(ONE)
    assert handler is signal.SIG_IGN


def test_a_handler_that_was_set_later_stays(kept, listening):
    listener, _ = listening(ONE)
    signal.signal(ONE, signal.SIG_IGN)
    listener.stop()
    assert signal.getsignal(ONE) is signal.SIG_IGN


def test_a_wakeup_fd_that_is_set_later_loses_no_signal(listening):
    read_fd, write_fd = os.pipe()
    os.set_blocking(write_fd, False)
    listener, came = listening(ONE)
    before = signal.set_wakeup_fd(write_fd)
    try:
        send(ONE)
        assert came.get(timeout=10) == ONE
        assert os.read(read_fd, 9) == bytes([ONE])
        listener.stop()
        assert signal.set_wakeup_fd(-1) == write_fd
    finally:
        signal.set_wakeup_fd(-1)
        os.close(read_fd)
        os.close(write_fd)
    assert before != -1


def test_an_error_is_raised_where_the_main_thread_waits(listening):
    listener, came = listening(ONE)
    results = queue.SimpleQueue()

    def raise_in_main():
        results.put(listener.raise_in_main(KeyError("from the thread")))

    thread = threading.Thread(target=raise_in_main)
    with pytest.raises(KeyError, match="from the thread"):
        thread.start()
        threading.Event().wait(10)
    assert results.get(timeout=10) is True
    assert came.empty()  # It was no signal of others.


def test_nothing_is_raised_for_one_who_has_stopped(listening):
    listener, _ = listening(ONE)
    listener.stop()
    assert listener.raise_in_main(KeyError("late")) is False


def test_one_who_is_over_leaves_the_default_action(listening):
    _, came = listening(signal.SIGINT, is_over=lambda: True)
    with pytest.raises(KeyboardInterrupt):
        send(signal.SIGINT)
        threading.Event().wait(10)
    assert came.empty()


def test_names_of_signals():
    assert signal_name(15) == "SIGTERM"
    assert signal_name(signal.SIGRTMIN + 3) == f"signal {signal.SIGRTMIN + 3}"
