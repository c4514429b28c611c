"""The hook that watches the other tasks of a collective strategy."""

import json
import threading

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import errors
from monitored_tf.hooks.peer_health_hook import PeerHealthHook
from tests.hooks.answering_task import AnsweringTask

v1 = tf.compat.v1
NOBODY = "127.0.0.1:1"


@pytest.fixture
def task():
    with AnsweringTask() as task:
        yield task


@pytest.fixture
def endless(graph):
    """An op that waits for ever."""
    return tf.queue.FIFOQueue(1, tf.float32).dequeue()


def watching(address, **options):
    cluster = {"worker": [NOBODY, address]}
    return PeerHealthHook(
        cluster, "worker", 0, poll_secs=0.02, grace_secs=0.1, **options
    )


def watch_threads():
    return [t for t in threading.enumerate() if t.name == "watch peers"]


def run_until_lost(session, endless, task):
    threading.Timer(0.2, task.end).start()
    session.run(endless)


def test_our_session_raises_the_error_and_keeps_tensorflows(endless, task):
    hook = watching(task.address, exit_code=3)
    with pytest.raises(errors.PeerLostError, match="worker 1 at") as raised:
        with monitored_tf.MonitoredSession(hooks=[hook]) as session:
            run_until_lost(session, endless, task)
    assert isinstance(raised.value.__cause__, tf.errors.CancelledError)
    assert raised.value.code == 3
    assert not watch_threads()


def test_a_session_of_tensorflow_raises_the_error_at_its_end(endless, task):
    hook = watching(task.address)
    with pytest.raises(errors.PeerLostError, match="worker 1 at"):
        with v1.train.MonitoredSession(hooks=[hook]) as session:
            run_until_lost(session, endless, task)
    hook.close()


def test_a_lost_task_is_not_recovered_from(endless, task):
    hook = watching(task.address)
    everything = monitored_tf.RecoveryPolicy(errors=(Exception,))
    with pytest.raises(errors.PeerLostError):
        with monitored_tf.MonitoredSession(
            hooks=[hook], recovery=everything
        ) as session:
            run_until_lost(session, endless, task)
    assert not session.recoveries


def test_no_hook_ends_on_the_closed_session(endless, task):
    recorder = monitored_tf.testing.RecordingHook("log")
    hooks = [watching(task.address), recorder]
    with pytest.raises(errors.PeerLostError):
        with monitored_tf.MonitoredSession(hooks=hooks) as session:
            with pytest.raises(errors.PeerLostError):
                run_until_lost(session, endless, task)
            assert session.should_stop()
    assert "log.end" not in recorder.calls
    assert "log.close" in recorder.calls


@pytest.mark.parametrize("library", [monitored_tf, v1.train])
def test_the_watch_stops_with_the_session(step, task, library):
    with library.MonitoredSession(hooks=[watching(task.address)]) as session:
        assert session.run(step) == 1
        assert len(watch_threads()) == 1
    assert not watch_threads()


def test_the_watch_stops_when_no_session_is_made(step, task):
    class Failing(monitored_tf.SessionRunHook):
        def after_create_session(self, session, coord):
            raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        monitored_tf.MonitoredSession(hooks=[watching(task.address), Failing()])
    assert not watch_threads()


def test_a_recovery_keeps_the_watch(step, task):
    fault = monitored_tf.testing.FaultHook(
        monitored_tf.testing.Fault("before_run")
    )
    hooks = [fault, watching(task.address)]
    with monitored_tf.MonitoredSession(hooks=hooks) as session:
        (before,) = watch_threads()
        session.run(step)
        assert len(session.recoveries) == 1
        assert watch_threads() == [before]


def test_the_cluster_is_by_default_that_of_tf_config(monkeypatch, step, task):
    config = {
        "cluster": {"worker": [NOBODY, task.address]},
        "task": {"type": "worker", "index": 0},
    }
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    with monitored_tf.MonitoredSession(hooks=[PeerHealthHook()]) as session:
        session.run(step)
        assert task.was_asked.wait(10)


@pytest.mark.parametrize(
    ("cluster", "task_type"),
    [
        ({"worker": [NOBODY]}, "worker"),
        ({"worker": [NOBODY], "evaluator": [NOBODY]}, "worker"),
        ({"worker": [NOBODY], "evaluator": [NOBODY]}, "evaluator"),
        ({"chief": [NOBODY], "ps": [NOBODY]}, "chief"),
        ({}, None),
    ],
)
def test_without_another_task_nothing_is_watched(step, cluster, task_type):
    hook = PeerHealthHook(cluster, task_type, 0)
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        assert session.run(step) == 1
        assert not watch_threads()


def test_without_tf_config_nothing_is_watched(monkeypatch, step):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with monitored_tf.MonitoredSession(hooks=[PeerHealthHook()]) as session:
        assert session.run(step) == 1
        assert not watch_threads()


@pytest.mark.parametrize(("task_type", "task_id"), [("worker", 2), (None, 0)])
def test_this_task_must_be_in_the_cluster(task_type, task_id):
    with pytest.raises(ValueError, match=r"\('worker', 0\)"):
        PeerHealthHook({"worker": [NOBODY]}, task_type, task_id)


@pytest.mark.parametrize(
    "name",
    [
        "poll_secs",
        "grace_secs",
        "silent_grace_secs",
        "start_grace_secs",
        "exit_grace_secs",
    ],
)
def test_all_seconds_are_above_zero(name):
    with pytest.raises(ValueError, match="must be above 0"):
        PeerHealthHook({"worker": [NOBODY]}, "worker", 0, **{name: 0})


@pytest.mark.parametrize("exit_code", [0, 256, -1])
def test_an_exit_code_tells_of_a_failure(exit_code):
    with pytest.raises(ValueError, match="must be 1 to 255"):
        PeerHealthHook({"worker": [NOBODY]}, "worker", 0, exit_code=exit_code)
