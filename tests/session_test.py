"""MonitoredSession and SingularMonitoredSession as their users see them."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.testing import Fault, FaultHook, RecordingHook

v1 = tf.compat.v1

NO_PAUSE = monitored_tf.RecoveryPolicy(initial_pause_secs=0, max_pause_secs=0)


def test_a_hook_is_called_in_the_documented_order(step):
    hook = RecordingHook("a")
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        session.run(step)
    assert hook.calls == [
        "a.begin",
        "a.after_create_session",
        "a.before_run",
        "a.after_run",
        "a.end",
        "a.close",
    ]


def test_each_hook_gets_its_own_results_and_the_caller_its_own(graph):
    one, two, three = (tf.constant(n) for n in (1, 2, 3))
    hooks = [RecordingHook(fetches={"n": one}), RecordingHook(fetches=[two])]
    with monitored_tf.MonitoredSession(hooks=hooks) as session:
        assert session.run(three) == 3
    assert [hook.results for hook in hooks] == [[{"n": 1}], [[2]]]


def test_a_preempted_run_is_called_again_on_a_new_session(step):
    hook = RecordingHook("a")
    faults = FaultHook(Fault("after_run"))
    with monitored_tf.MonitoredSession(
        hooks=[hook, faults], recovery=NO_PAUSE
    ) as session:
        first = session.raw_session()
        assert session.run(step) == 1
        assert session.raw_session() is not first
        assert [event.attempt for event in session.recoveries] == [1]
    assert hook.calls == [
        "a.begin",
        "a.after_create_session",
        "a.before_run",
        "a.after_run",
        "a.after_create_session",
        "a.on_recovery",
        "a.before_run",
        "a.after_run",
        "a.end",
        "a.close",
    ]


def test_singular_session_lets_a_preemption_through(step):
    faults = FaultHook(Fault("before_run"))
    with pytest.raises(tf.errors.AbortedError, match="planted"):
        with monitored_tf.SingularMonitoredSession(hooks=[faults]) as session:
            session.run(step)
    assert session.recoveries == ()
