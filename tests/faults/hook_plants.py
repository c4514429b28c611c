"""The hooks that faults are planted by."""

from __future__ import annotations

import collections
import threading

import tensorflow as tf

from tests.faults.hook_programs import FAULT_AT, GIVE_UP_SECS

v1 = tf.compat.v1


class FailingThread(v1.train.SessionRunHook):
    """Has a thread in the first session that fails during a step."""

    def __init__(self, error):
        self._error = error
        self._thread = None
        self._may_fail = threading.Event()
        self._n_runs = 0

    def after_create_session(self, session, coord):
        """Starts the thread."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._fail, args=(coord,), daemon=True
            )
            coord.register_thread(self._thread)
            self._thread.start()

    def _fail(self, coord):
        with coord.stop_on_exception():
            self._may_fail.wait(GIVE_UP_SECS)
            raise self._error

    def after_run(self, run_context, run_values):
        """Lets it fail, and waits until it has."""
        self._n_runs += 1
        if self._n_runs == FAULT_AT:
            self._may_fail.set()
            self._thread.join()


class StubbornThreads(v1.train.SessionRunHook):
    """Has a thread in each session that stops only when it is released."""

    def __init__(self):
        self.released = threading.Event()

    def after_create_session(self, session, coord):
        """Starts the thread."""
        thread = threading.Thread(target=self.released.wait, daemon=True)
        coord.register_thread(thread)
        thread.start()


class AlwaysAborted(v1.train.SessionRunHook):
    """Fails at every step; interrupts the program when it had enough."""

    def __init__(self, enough):
        self._left = enough

    def before_run(self, run_context):
        """Fails."""
        self._left -= 1
        if self._left < 0:
            raise Enough
        raise tf.errors.AbortedError(None, None, "planted at every step")


class LosesSessions(v1.train.SessionRunHook):
    """Fails with errors that it does not keep: they hold what they crossed.

    Args:
      **calls: Numbers of the calls that fail, by callback.

    Attributes:
      counts: How often each callback was called.
    """

    def __init__(self, **calls):
        self._calls = calls
        self.counts = collections.Counter()

    def _called(self, callback):
        self.counts[callback] += 1
        count = self.counts[callback]
        if count in self._calls.get(callback, ()):
            raise tf.errors.AbortedError(None, None, f"planted in call {count}")

    def after_create_session(self, session, coord):
        """Fails if it is due."""
        self._called("after_create_session")

    def before_run(self, run_context):
        """Fails if it is due."""
        self._called("before_run")


class Enough(BaseException):
    """Ends a program that would go on for ever."""
