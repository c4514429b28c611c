"""Sessions that take too long to be made."""

import contextlib
import threading

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.bounded_call import abandoned_calls
from monitored_tf.bounded_creation import BoundedCreation

v1 = tf.compat.v1


class _SlowCreator(monitored_tf.SessionCreator):
    """Makes its session once it is let to; says what it waits for."""

    creation_timeout_secs = 0.02
    origin = monitored_tf.StateOrigin("adopted")

    def __init__(self):
        self.go_on = threading.Event()
        self.graphs = []
        self.closed = threading.Event()
        self.calls = 0

    def create_session(self):
        self.calls += 1
        self.graphs.append(v1.get_default_graph())
        self.go_on.wait(60)
        return self

    def awaited(self):
        return "no answer from /job:ps/task:0"

    def close(self):
        self.closed.set()


@pytest.fixture
def creator():
    creator = _SlowCreator()
    yield creator
    creator.go_on.set()


def test_a_creation_that_takes_too_long_tells_what_it_waits_for(creator, graph):
    creation = BoundedCreation(creator, graph.as_default)
    with pytest.raises(monitored_tf.SessionTimeoutError) as raised:
        creation.create_session()
    assert isinstance(raised.value, tf.errors.DeadlineExceededError)
    assert raised.value.message == (
        "Making a session took more than 0.0 s: no answer from /job:ps/task:0."
    )


def test_the_next_attempt_gets_the_session_of_the_last_one(creator, graph):
    creation = BoundedCreation(creator, graph.as_default)
    for _ in range(3):
        with pytest.raises(monitored_tf.SessionTimeoutError):
            creation.create_session()
    creator.go_on.set()
    creation.longest_secs = None
    creator.creation_timeout_secs = 60
    assert creation.create_session() is creator
    assert creator.calls == 1
    assert creation.origin.state == "adopted"


def test_its_thread_is_in_the_sessions_graph(creator):
    with tf.Graph().as_default() as graph:
        creator.go_on.set()
        creator.creation_timeout_secs = 60
        BoundedCreation(creator, graph.as_default).create_session()
    assert creator.graphs == [graph]


def test_what_is_left_of_an_outage_is_the_limit_too(creator, graph):
    creator.creation_timeout_secs = 3600
    creation = BoundedCreation(creator, graph.as_default)
    creation.longest_secs = 0.01
    with pytest.raises(monitored_tf.SessionTimeoutError, match=r"0\.0 s"):
        creation.create_session()


def test_a_creation_that_is_left_behind_closes_its_session(creator, graph):
    creation = BoundedCreation(creator, graph.as_default)
    with pytest.raises(monitored_tf.SessionTimeoutError):
        creation.create_session()
    creation.abandon()
    assert abandoned_calls() == ["making a session"]
    creator.go_on.set()
    assert creator.closed.wait(60)


def test_a_creator_without_a_limit_runs_in_the_callers_thread(creator):
    creator.creation_timeout_secs = None
    creator.go_on.set()
    threads = []
    creator.awaited = None
    creation = BoundedCreation(creator, contextlib.nullcontext)
    creator.create_session = lambda: threads.append(threading.current_thread())
    creation.create_session()
    assert threads == [threading.current_thread()]
    assert creation.awaited() == ""


def test_a_session_that_is_given_up_leaves_its_creation_behind(creator, graph):
    policy = monitored_tf.RecoveryPolicy(
        initial_pause_secs=0, max_recoveries_without_progress=2
    )
    with pytest.raises(monitored_tf.RecoveryGaveUp) as raised:
        monitored_tf.MonitoredSession(creator, recovery=policy)
    assert isinstance(raised.value, monitored_tf.SessionTimeoutError)
    assert len(raised.value.attempts) == 3
    assert creator.calls == 1
    assert abandoned_calls() == ["making a session"]
    creator.go_on.set()
    assert creator.closed.wait(60)


def test_a_session_that_does_not_recover_raises_the_timeout(creator, graph):
    with pytest.raises(monitored_tf.SessionTimeoutError) as raised:
        monitored_tf.MonitoredSession(
            creator, recovery=monitored_tf.RecoveryPolicy.none()
        )
    assert not isinstance(raised.value, monitored_tf.RecoveryGaveUp)
