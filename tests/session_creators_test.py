"""Reused sessions, and what is a session creator."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.testing import Fault, FaultHook, RecordingHook

v1 = tf.compat.v1


def _variable():
    return v1.get_variable("v", initializer=1.0)


@pytest.fixture
def raw_session(step):
    """An initialized session that the test owns."""
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        yield session


def _reused(raw_session, **kwargs):
    creator = monitored_tf.ReusedSessionCreator(raw_session)
    return monitored_tf.MonitoredSession(creator, **kwargs)


def test_a_reused_session_is_run_and_left_open(step, raw_session):
    with _reused(raw_session) as session:
        assert session.raw_session() is raw_session
        assert session.run(step) == 1
    assert raw_session.run(step) == 2


def test_a_reused_session_is_left_open_after_an_error_too(step, raw_session):
    for callback in ("after_create_session", "before_run", "end"):
        fault = Fault(callback, error=ValueError("boom"))
        with pytest.raises(ValueError, match="boom"):
            with _reused(raw_session, hooks=[FaultHook(fault)]) as session:
                session.run(step)
    assert raw_session.run(step) > 0


def test_a_reused_session_keeps_its_graph_open_for_more(raw_session):
    with _reused(raw_session):
        assert not raw_session.graph.finalized
        two = tf.constant(2)
    assert raw_session.run(two) == 2


def test_several_sets_of_hooks_share_a_session_in_turn(step, raw_session):
    log = []
    generator = _reused(raw_session, hooks=[RecordingHook("g", log)])
    critic = _reused(raw_session, hooks=[RecordingHook("c", log)])
    del log[:]
    with generator, critic:
        assert [generator.run(step), critic.run(step)] == [1, 2]
        assert generator.run(step) == 3
    assert log == [
        f"{name}.{callback}"
        for name in "gcg"
        for callback in ("before_run", "after_run")
    ] + ["c.end", "c.close", "g.end", "g.close"]
    assert raw_session.run(step) == 4


def test_one_of_several_sets_of_hooks_may_stop_alone(step, raw_session):
    hook = v1.train.StopAtStepHook(last_step=1)
    with _reused(raw_session, hooks=[hook]) as first:
        with _reused(raw_session) as second:
            first.run(step)
            assert (first.should_stop(), second.should_stop()) == (True, False)


def test_a_recovery_gets_the_reused_session_again(step, raw_session):
    hook = FaultHook(Fault("after_run"))
    with _reused(
        raw_session, hooks=[hook], recovery=monitored_tf.RecoveryPolicy.tf()
    ) as session:
        assert session.run(step) == 2
        assert session.raw_session() is raw_session
    assert hook.calls["after_create_session"] == 2


def test_queue_runners_of_a_reused_session_are_not_started(graph):
    queue = tf.queue.FIFOQueue(10, tf.int32)
    runner = v1.train.QueueRunner(queue, [queue.enqueue(1)])
    v1.train.add_queue_runner(runner)
    size = queue.size()
    with v1.Session() as raw_session:
        with _reused(raw_session) as session:
            assert session.run(size) == 0


def test_queue_runners_of_a_session_that_is_made_are_started(graph):
    queue = tf.queue.FIFOQueue(10, tf.int32)
    runner = v1.train.QueueRunner(queue, [queue.enqueue(1)])
    v1.train.add_queue_runner(runner)
    taken = queue.dequeue()
    with monitored_tf.MonitoredSession() as session:
        assert session.run(taken) == 1


def test_a_reused_session_of_another_graph_than_the_default(raw_session):
    step = v1.train.get_global_step()
    with tf.Graph().as_default():
        with _reused(raw_session) as session:
            assert session.graph is raw_session.graph
            assert session.run(step) == 0


def test_default_graph_of_hooks_is_the_one_of_the_reused_session(raw_session):
    hook = v1.train.StopAtStepHook(last_step=1)
    with tf.Graph().as_default():
        with _reused(raw_session, hooks=[hook]) as session:
            assert not session.should_stop()


@pytest.mark.parametrize("tf_session", [None, 3, "session", object()])
def test_what_cannot_run_is_no_session_to_reuse(tf_session):
    with pytest.raises(monitored_tf.InvalidSessionCreatorError, match="open"):
        monitored_tf.ReusedSessionCreator(tf_session)


def test_a_session_class_is_no_session_to_reuse():
    with pytest.raises(monitored_tf.InvalidSessionCreatorError):
        monitored_tf.ReusedSessionCreator(v1.Session)


@pytest.mark.parametrize(
    "creator", [3, "grpc://host", object(), monitored_tf.ChiefSessionCreator]
)
def test_what_makes_no_sessions_is_no_creator(graph, creator):
    with pytest.raises(
        monitored_tf.InvalidSessionCreatorError, match="create_session"
    ):
        monitored_tf.MonitoredSession(creator)
    assert not graph.finalized


def test_any_object_that_makes_sessions_is_a_creator(step):
    class Duck:
        def create_session(self):
            session = v1.Session()
            session.run(v1.global_variables_initializer())
            return session

    with monitored_tf.MonitoredSession(Duck()) as session:
        assert session.run(step) == 1


def test_a_creator_of_tensorflow_is_one(step):
    creator = v1.train.ChiefSessionCreator()
    with monitored_tf.MonitoredSession(creator) as session:
        assert session.run(step) == 1


def test_ours_is_a_creator_for_tensorflow(step):
    creator = monitored_tf.ChiefSessionCreator()
    with v1.train.MonitoredSession(creator) as session:
        assert session.run(step) == 1
