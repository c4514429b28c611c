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


def test_a_run_with_no_hooks_still_recovers(step):
    hook = RecordingHook("a")
    failures = [tf.errors.AbortedError(None, None, "lost")]

    def step_fn(step_context):
        if failures:
            raise failures.pop()
        return step_context.run_with_hooks(step, hooks=())

    with monitored_tf.MonitoredSession(
        hooks=[hook], recovery=NO_PAUSE
    ) as session:
        assert session.run(step, hooks=()) == 1
        assert session.run_step_fn(step_fn) == 1
    assert hook.calls == [
        "a.begin",
        "a.after_create_session",
        "a.after_create_session",
        "a.on_recovery",
        "a.end",
        "a.close",
    ]


def test_some_of_the_hooks_may_take_part_in_a_run(step):
    log = []
    first, second = RecordingHook("1", log), RecordingHook("2", log)
    with monitored_tf.MonitoredSession(hooks=[first, second]) as session:
        log.clear()
        session.run(step, hooks=[second, first])
        session.run(step, hooks=[second])
        assert log == [
            "2.before_run",
            "1.before_run",
            "2.after_run",
            "1.after_run",
            "2.before_run",
            "2.after_run",
        ]
        with pytest.raises(ValueError, match="none of the session's hooks"):
            session.run(step, hooks=[RecordingHook("3")])
        with pytest.raises(monitored_tf.InvalidHookError, match="into a list"):
            session.run(step, hooks=first)


def test_the_user_may_ask_for_the_end(step):
    with monitored_tf.MonitoredSession() as session:
        assert not session.should_stop()
        session.run(step)
        session.request_stop("accuracy reached")
        assert session.should_stop()
        with pytest.raises(RuntimeError, match="accuracy reached"):
            session.run(step)
    assert str(session.stop_reason) == (
        "request_stop() was called: accuracy reached"
    )


def test_one_log_line_at_the_end_says_why(step, caplog):
    caplog.set_level("INFO", logger="absl")
    hooks = [monitored_tf.StopAtStepHook(last_step=1)]
    with monitored_tf.MonitoredSession(hooks=hooks) as session:
        session.run(step)
    said = [text for text in caplog.messages if "Session stops" in text]
    assert said == ["Session stops: a hook asked for it: StopAtStepHook."]
