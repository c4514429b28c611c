"""Planted faults."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.testing import (
    Fault,
    FaultHook,
    FaultSessionCreator,
    RecordingHook,
)

NO_PAUSE = monitored_tf.RecoveryPolicy.tf()


def test_a_fault_is_a_preemption_at_the_first_call_by_default():
    fault = Fault("before_run")
    assert fault.call == 1
    assert type(fault.error) is tf.errors.AbortedError


@pytest.mark.parametrize(
    "callback",
    ["begin", "after_create_session", "before_run", "after_run", "end"],
)
def test_a_fault_is_raised_by_the_callback_that_it_names(step, callback):
    fault = Fault(callback, error=ValueError("boom"))
    with pytest.raises(ValueError, match="boom") as raised:
        with monitored_tf.MonitoredSession(hooks=[FaultHook(fault)]) as session:
            session.run(step)
    assert raised.value is fault.error


def test_a_fault_of_close_is_raised_too(step):
    hook = FaultHook(Fault("close", error=ValueError("boom")))
    session = monitored_tf.MonitoredSession(hooks=[hook])
    with pytest.raises(ValueError, match="boom"):
        session.close()


def test_a_fault_is_raised_at_its_call_and_only_then(step):
    hook = FaultHook(Fault("after_run", 2, ValueError("boom")))
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        session.run(step)
        with pytest.raises(ValueError, match="boom"):
            session.run(step)
        assert session.run(step) == 3


def test_several_faults_are_raised_each_at_its_call(step):
    hook = FaultHook(Fault("before_run"), Fault("after_create_session", 2))
    with monitored_tf.MonitoredSession(
        hooks=[hook], recovery=NO_PAUSE
    ) as session:
        assert session.run(step) == 1
    assert hook.calls == {
        "begin": 1,
        "after_create_session": 3,
        "before_run": 2,
        "after_run": 1,
        "on_recovery": 1,
        "end": 1,
        "close": 1,
    }


def test_without_faults_the_hook_does_nothing(step):
    hook = FaultHook()
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        assert session.run(step) == 1


def test_faults_work_in_a_session_of_tensorflow(step):
    hook = FaultHook(Fault("before_run"))
    with tf.compat.v1.train.MonitoredSession(hooks=[hook]) as session:
        assert session.run(step) == 1
    assert hook.calls["before_run"] == 2


def test_a_creator_raises_its_faults_and_else_makes_sessions(step):
    creator = FaultSessionCreator(
        Fault("create_session"), Fault("create_session", 3)
    )
    faults = FaultHook(Fault("before_run"))
    with monitored_tf.MonitoredSession(
        creator, [faults], recovery=NO_PAUSE
    ) as session:
        session.run(step)
        assert session.raw_session() is creator.sessions[-1]
    assert creator.calls == {"create_session": 4}
    assert len(creator.sessions) == 2


def test_a_creator_may_ask_another_one(step):
    with tf.compat.v1.Session() as raw_session:
        raw_session.run(tf.compat.v1.global_variables_initializer())
        creator = FaultSessionCreator(
            creator=monitored_tf.ReusedSessionCreator(raw_session)
        )
        with monitored_tf.MonitoredSession(creator) as session:
            session.run(step)
        assert raw_session.run(step) == 2


@pytest.mark.parametrize("callback", ["on_error", "on_recovery"])
def test_a_fault_of_our_other_callbacks_can_be_planted(step, callback):
    Fault(callback)


@pytest.mark.parametrize("callback", ["run", "", None])
def test_an_unknown_callback_is_refused_and_the_known_are_named(callback):
    with pytest.raises(ValueError, match="before_run.*create_session"):
        Fault(callback)


def test_calls_count_from_one():
    with pytest.raises(ValueError, match="Got 0"):
        Fault("begin", call=0)


@pytest.mark.parametrize("error", [ValueError, "boom", None])
def test_an_error_is_an_exception_object(error):
    with pytest.raises(TypeError, match="must be an exception object"):
        Fault("begin", error=error)


@pytest.mark.parametrize("make", [FaultHook, FaultSessionCreator])
def test_what_is_no_fault_is_refused(graph, make):
    with pytest.raises(TypeError, match="Got 'before_run'"):
        make("before_run")


def test_a_hook_refuses_a_fault_that_it_would_never_raise():
    with pytest.raises(ValueError, match="create_session"):
        FaultHook(Fault("create_session"))


def test_a_creator_refuses_a_fault_that_it_would_never_raise(graph):
    with pytest.raises(ValueError, match="before_run"):
        FaultSessionCreator(Fault("before_run"))


def test_other_hooks_hear_of_the_fault(step):
    hook = RecordingHook()
    fault = Fault("before_run", error=ValueError("boom"))
    with pytest.raises(ValueError, match="boom"):
        with monitored_tf.MonitoredSession(
            hooks=[hook, FaultHook(fault)]
        ) as session:
            session.run(step)
    assert hook.errors == [fault.error]
