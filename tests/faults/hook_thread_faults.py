"""The faults of threads, and what lost sessions leave behind.

Scenarios as those of `hook_faults`.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import tempfile
import threading
import time

import tensorflow as tf

from monitored_tf.bounded_call import BoundedCall
from monitored_tf.testing import Fault, FaultHook
from tests.faults import hook_programs as programs
from tests.faults.hook_plants import (
    FailingThread,
    LosesSessions,
    StubbornThreads,
)
from tests.faults.hook_programs import ERRORS, Outcome

v1 = tf.compat.v1
# A note of `thread_never_joins`.
SECONDS = "seconds:"
_OF_THREADS = ("AbortedError", "ValueError", "OutOfRangeError")


def error_in_thread(library):
    """A thread of the coordinator fails during a step."""
    found = {}
    for name in _OF_THREADS:
        error = ERRORS[name]()
        with tempfile.TemporaryDirectory() as folder:
            progress = programs.watched(
                programs.train, library, [FailingThread(error)], folder
            )
        found[name] = programs.judged(progress, error, name == "AbortedError")
    return found


def thread_never_joins(library, wait_secs=8.0):
    """A thread does not stop; the grace periods are the default ones."""
    cases = {
        "close": _close,
        "report of an error": _report_of_error,
        "recovery": _recovery,
    }
    hooks = {case: StubbornThreads() for case in cases}
    began = time.monotonic()
    calls = {
        case: BoundedCall(functools.partial(main, library, hooks[case]), case)
        for case, main in cases.items()
    }
    found = {}
    for case, call in calls.items():
        if call.wait(max(0, began + wait_secs - time.monotonic())):
            found[case] = Outcome("handled", notes={SECONDS: call.result()})
        else:
            found[case] = Outcome("hangs", f"> {wait_secs:.0f} s")
        hooks[case].released.set()
    for call in calls.values():
        call.wait(programs.GIVE_UP_SECS)
    return found


def _close(library, hook):
    with tf.Graph().as_default():
        step = programs.counted_step()
        session = programs.module_of(library).MonitoredSession(hooks=[hook])
        session.run(step)
        began = time.monotonic()
        session.close()
    return time.monotonic() - began


def _report_of_error(library, hook):
    with tf.Graph().as_default():
        programs.counted_step()
        try:
            with programs.module_of(library).MonitoredSession(hooks=[hook]):
                began = time.monotonic()
                raise KeyError("the user's own")
        except KeyError:
            return time.monotonic() - began


def _recovery(library, hook):
    with tf.Graph().as_default():
        step = programs.counted_step()
        with programs.module_of(library).MonitoredSession(
            hooks=[hook, FaultHook(Fault("before_run", 2))]
        ) as session:
            session.run(step)
            began = time.monotonic()
            session.run(step)
            secs = time.monotonic() - began
            hook.released.set()
    return secs


def half_made_sessions(library, count=50):
    """A hook's after_create_session fails again and again in a recovery."""
    hook = LosesSessions(
        before_run=[2], after_create_session=range(2, count + 2)
    )
    return _left_behind(library, hook, steps=1)


def many_recoveries(library, count=100):
    """The session is lost again and again."""
    hook = LosesSessions(before_run=range(2, 2 * count + 1, 2))
    return _left_behind(library, hook, steps=count)


def _left_behind(library, hook, steps):
    with tidied():
        progress = programs.watched(_compare_held, library, hook, steps)
    if progress is None or progress.error is not None:
        return {
            "session": programs.judged(progress, ERRORS["AbortedError"](), True)
        }
    (more,) = progress.steps
    kind = "leaks" if any(n > 0 for n in more.values()) else "handled"
    n_made = hook.counts["after_create_session"]
    return {"session": Outcome(kind, f"{n_made} sessions made", more)}


def _compare_held(progress, library, hook, steps):
    read = programs.filled_queue()
    with programs.module_of(library).MonitoredSession(
        hooks=[hook], **programs.without_pause(library)
    ) as session:
        session.run(read)
        before = held()
        for _ in range(steps):
            session.run(read)
        after = held()
    progress.steps.append({name: after[name] - before[name] for name in after})


def live_sessions():
    """Returns all raw sessions that are still held by anybody."""
    gc.collect()
    return [o for o in gc.get_objects() if isinstance(o, v1.Session)]


@contextlib.contextmanager
def tidied():
    """Closes the sessions that its block leaves behind; ends their threads."""
    sessions = {id(session) for session in live_sessions()}
    threads = set(threading.enumerate())
    try:
        yield
    finally:
        for session in live_sessions():
            if id(session) not in sessions:
                session.close()
        for thread in set(threading.enumerate()) - threads:
            thread.join(1.0)


def held():
    """Returns how many sessions, threads, descriptors this process has."""
    return {
        "sessions more:": len(live_sessions()),
        "threads more:": threading.active_count(),
        "descriptors more:": len(os.listdir("/proc/self/fd")),
    }


FAULTS = {
    "thread of the coordinator fails": error_in_thread,
    "thread never joins": thread_never_joins,
    "after_create_session fails 50 times": half_made_sessions,
    "100 recoveries": many_recoveries,
}
