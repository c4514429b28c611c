"""One raw session with its coordinator, from its making to its close."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.hook_calls import HookCalls
from monitored_tf.live_session import LiveSession
from monitored_tf.stop_reason import Ending
from monitored_tf.testing import (
    Fault,
    FaultHook,
    FaultSessionCreator,
    RecordingHook,
)

v1 = tf.compat.v1


def _live(*hooks, creator=None):
    creator = creator or monitored_tf.ChiefSessionCreator()
    return LiveSession(creator, HookCalls(hooks), 1.0, Ending())


def test_it_runs_with_its_hooks_until_it_is_closed(step):
    hook = RecordingHook("a", fetches=step)
    live = _live(hook)
    assert live.run(step) == 1
    live.close()
    assert hook.calls == [
        "a.after_create_session",
        "a.before_run",
        "a.after_run",
    ]
    with pytest.raises(RuntimeError, match="closed Session"):
        live.raw_session.run(step)


def test_what_was_opened_is_closed_where_a_hook_fails(step):
    creator = FaultSessionCreator()
    failing = FaultHook(Fault("after_create_session", error=ValueError("no")))
    with pytest.raises(ValueError, match="no"):
        _live(failing, creator=creator)
    with pytest.raises(RuntimeError, match="closed Session"):
        creator.sessions[0].run(step)


def test_queue_runners_are_started_and_stopped(graph):
    queue = tf.queue.FIFOQueue(3, [tf.int32], shapes=[[]])
    v1.train.add_queue_runner(v1.train.QueueRunner(queue, [queue.enqueue(7)]))
    element = queue.dequeue()
    live = _live()
    assert live.run(element) == 7
    live.close()
    assert live.coord.joined


def test_the_error_of_a_thread_is_shown_and_raised_by_close(graph):
    live = _live()
    assert live.thread_error() is None
    try:
        raise OSError("in a thread")
    except OSError as error:
        live.coord.request_stop(error)
    assert isinstance(live.thread_error(), OSError)
    with pytest.raises(OSError, match="in a thread"):
        live.close()


def test_a_run_that_fails_tells_of_the_threads_error_too(step):
    live = _live(FaultHook(Fault("before_run", error=ValueError("the run's"))))
    try:
        raise OSError("the thread's")
    except OSError as error:
        live.coord.request_stop(error)
    with pytest.raises(ValueError, match="the run's") as raised:
        live.run(step)
    assert str(raised.value.__context__) == "the thread's"
    live.abandon()


def test_it_runs_no_more_once_a_hook_asked_for_the_end(step):
    class Stops(monitored_tf.SessionRunHook):
        def after_run(self, run_context, run_values):
            run_context.request_stop()

    live = _live(Stops())
    live.run(step)
    with pytest.raises(monitored_tf.StopRequestedError, match="Stops"):
        live.run(step)
    live.close()
