"""Runs that hang on a master of a cluster, outside of a step's own run."""

import pytest
import tensorflow as tf

import monitored_tf

v1 = tf.compat.v1
POLICY = monitored_tf.RecoveryPolicy(
    initial_pause_secs=0, step_timeout_secs=30, hook_run_timeout_secs=0.3
)


@pytest.fixture
def hangs(graph):
    """An op that waits for ever."""
    return v1.FIFOQueue(1, [tf.int32], shared_name="empty").dequeue()


class HangsOnce(monitored_tf.SessionRunHook):
    """Makes a run that hangs, at the first call of one of its methods."""

    def __init__(self, op, where):
        self._op = op
        self._where = where

    def after_create_session(self, session, coord):
        self._hang_in("after_create_session", session)

    def after_run(self, run_context, run_values):
        self._hang_in("after_run", run_context.session)

    def _hang_in(self, method, session):
        if method == self._where:
            self._where = None
            session.run(self._op)


def _session(master, policy=POLICY, hooks=(), scaffold=None):
    return monitored_tf.MonitoredTrainingSession(
        master, recovery=policy, hooks=hooks, scaffold=scaffold
    )


@pytest.mark.parametrize("where", ["after_create_session", "after_run"])
def test_a_hooks_own_run_that_hangs_is_recovered_from(
    step, hangs, master, where
):
    with _session(master, hooks=[HangsOnce(hangs, where)]) as session:
        results = [session.run(step) for _ in range(3)]
    # A step whose hook failed after it is not run again.
    assert results == [1, 2, 3]
    (event,) = session.recoveries
    assert isinstance(event.cause, tf.errors.DeadlineExceededError)


def test_a_run_of_the_making_of_a_session_is_limited_too(step, hangs, master):
    calls = []

    def init_fn(scaffold, session):
        calls.append(None)
        if len(calls) == 1:
            session.run(hangs)

    scaffold = v1.train.Scaffold(init_fn=init_fn)
    with _session(master, scaffold=scaffold) as session:
        assert session.run(step) == 1
    (event,) = session.recoveries
    assert "hook_run_timeout_secs=0.3" in str(event.cause)


def test_the_limit_of_the_users_config_goes_first(step, hangs, master):
    config = v1.ConfigProto(operation_timeout_in_ms=200)
    policy = monitored_tf.RecoveryPolicy(
        initial_pause_secs=0, step_timeout_secs=30
    )
    creator = monitored_tf.ChiefSessionCreator(master=master, config=config)
    hook = HangsOnce(hangs, "after_run")
    with monitored_tf.MonitoredSession(
        creator, [hook], recovery=policy
    ) as session:
        assert session.run(step) == 1
    assert len(session.recoveries) == 1


def test_without_a_limit_to_steps_no_run_is_limited(step, graph, master):
    queue = v1.FIFOQueue(1, [tf.int32], shared_name="fed_late")
    read, feed = queue.dequeue(), queue.enqueue(7)
    policy = monitored_tf.RecoveryPolicy(hook_run_timeout_secs=0.1)
    with _session(master, policy) as session:
        raw_session = session.raw_session()
        config = raw_session._config
        assert not config.operation_timeout_in_ms
        session.run(feed)
        assert raw_session.run(read) == 7


def test_a_worker_that_waited_long_enough_ends(step, master):
    creator = monitored_tf.WorkerSessionCreator(
        master=master, max_wait_secs=1.0, recovery_wait_secs=0.2
    )
    with pytest.raises(tf.errors.DeadlineExceededError, match="not ready"):
        monitored_tf.MonitoredSession(creator, recovery=POLICY)


def test_a_queue_runner_may_wait_for_a_full_queue(step, master):
    queue = v1.FIFOQueue(1, [tf.int32], shapes=[[]], shared_name="full")
    runner = v1.train.QueueRunner(queue, [queue.enqueue(7)])
    v1.train.add_queue_runner(runner)
    with _session(master) as session:
        assert session.run(step) == 1
        config = session.raw_session()._config
    assert not config.operation_timeout_in_ms
