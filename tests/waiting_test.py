"""The lines that say what is waited for."""

import subprocess
import sys
import threading
import time

import pytest
from absl import logging

from monitored_tf import waiting
from monitored_tf.testing import FakeClock


@pytest.fixture
def lines(monkeypatch):
    """The warnings that are logged meanwhile."""
    logged = []
    monkeypatch.setattr(
        logging, "warning", lambda text, *args: logged.append(text % args)
    )
    return logged


def _look_at(wait, clock, *seconds):
    for secs in seconds:
        clock.advance(secs)
        wait.look()


def test_what_is_soon_done_has_no_line(lines):
    with FakeClock() as clock:
        wait = waiting.Wait("a step", lambda: "")
        wait.since = clock.now
        _look_at(wait, clock, 9.9)
    assert lines == []


def test_the_gap_between_lines_grows(lines):
    with FakeClock() as clock:
        wait = waiting.Wait("a session", lambda: "no answer from /job:ps")
        wait.since = clock.now
        _look_at(wait, clock, *[1] * 70)
    assert lines == [
        f"Waiting {secs} s for a session: no answer from /job:ps"
        for secs in (10, 20, 40)
    ]


def test_nothing_is_said_between_two_waits(lines):
    with FakeClock() as clock:
        wait = waiting.Wait("a step", lambda: "")
        _look_at(wait, clock, 60)
    assert lines == []


def test_steps_that_always_take_long_have_one_line(lines):
    with FakeClock() as clock:
        wait = waiting.Wait("a step", lambda: "")
        for _ in range(5):
            wait.since = clock.now
            _look_at(wait, clock, *[1] * 15)
            wait.since = None
    assert lines == ["Waiting 10 s for a step"]


class _Waiter:
    def __init__(self):
        self.is_in, self.go_on = threading.Event(), threading.Event()

    def method(self):
        self._users_code()

    def _users_code(self):
        self.is_in.set()
        while not self.go_on.is_set():
            time.sleep(0.001)


def test_the_place_of_a_thread_is_that_in_the_users_code():
    waiter = _Waiter()
    thread = threading.Thread(target=waiter.method)
    thread.start()
    assert waiter.is_in.wait(60)
    place = waiting.place(_Waiter.method.__code__, waiter)
    other = waiting.place(_Waiter.method.__code__, _Waiter())
    stacks = waiting.stacks()
    waiter.go_on.set()
    thread.join()
    assert place.startswith("in _users_code (")
    assert "waiting_test.py:" in place
    assert other == ""
    assert f"Thread {thread.name!r}:" in stacks
    assert "_users_code" in stacks


def _watchers():
    names = [thread.name for thread in threading.enumerate()]
    return names.count("monitored_tf waiting")


def test_one_thread_looks_as_long_as_there_is_something_to_wait_for():
    assert _watchers() == 0
    with waiting.told("one", lambda: ""), waiting.told("two", lambda: ""):
        assert _watchers() == 1
    assert _watchers() == 0


def test_a_wait_is_looked_at(lines, monkeypatch):
    monkeypatch.setattr(waiting, "_LOOK_EVERY_SECS", 0.01)
    asked = threading.Event()

    def details():
        asked.set()
        return "the thing"

    with FakeClock() as clock:
        with waiting.told("something", details):
            clock.advance(11)
            assert asked.wait(60)
    assert lines == ["Waiting 11 s for something: the thing"]


def test_details_that_fail_do_not_end_the_watching(lines, monkeypatch):
    monkeypatch.setattr(waiting, "_LOOK_EVERY_SECS", 0.01)
    asked = threading.Event()

    def details():
        asked.set()
        return ""

    with FakeClock() as clock:
        with waiting.told("one", lambda: 1 / 0):
            clock.advance(11)
            with waiting.told("two", details):
                clock.advance(11)
                assert asked.wait(60)


def test_a_wait_that_was_dropped_ends_the_thread(monkeypatch):
    monkeypatch.setattr(waiting, "_LOOK_EVERY_SECS", 0.01)
    wait = waiting.Wait("nothing", lambda: "")
    waiting.watch(wait)
    (thread,) = (
        t for t in threading.enumerate() if t.name == "monitored_tf waiting"
    )
    del wait
    thread.join(60)
    assert not thread.is_alive()


_LATE = """
import os, sys
from monitored_tf import session_close, waiting

class Late:
    def __del__(self, os=os, sys=sys, close=session_close, waiting=waiting):
        assert sys.is_finalizing()
        with waiting.told("nothing", str):
            close.close_raw_session(None, limit_secs=5.0)
            os.write(1, b"closed")

late = Late()
"""


def test_a_close_while_the_process_ends_does_not_keep_it():
    # A generator that nobody exhausted closes its session then.
    done = subprocess.run(
        [sys.executable, "-c", _LATE],
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    assert done.stdout == b"closed"
