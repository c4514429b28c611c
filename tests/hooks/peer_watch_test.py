"""The thread that watches tasks."""

import threading

import pytest
import tensorflow as tf

from monitored_tf import errors
from monitored_tf.hooks.peer import Health, Peer
from monitored_tf.hooks.peer_watch import PeerWatch, Run, WatchSettings
from tests.hooks.answering_task import AnsweringTask

SETTINGS = WatchSettings(
    poll_secs=0.02,
    grace_secs={
        Health.GONE: 0.1,
        Health.SILENT: 0.2,
        Health.UNSEEN: 60.0,
    },
    exit_grace_secs=10.0,
    exit_code=3,
)


class Session:
    """Takes note of how it is closed."""

    def __init__(self):
        self.closed = threading.Event()
        self.was_closed_by_daemon = None

    def close(self):
        self.was_closed_by_daemon = threading.current_thread().daemon
        self.closed.set()


class EndlessRun(Run):
    """A run that its thread has not left, wherever that is."""

    def is_over(self):
        return False


@pytest.fixture
def task():
    with AnsweringTask() as task:
        yield task


def watched(task, run, session, coord=None):
    peer = Peer("worker 1", task.address)
    watch = PeerWatch([peer], SETTINGS, lambda: run)
    watch.follow(session, coord or tf.compat.v1.train.Coordinator())
    assert task.was_asked.wait(10)
    return watch


def test_a_run_that_waits_for_a_lost_task_loses_its_session(task):
    session, coord = Session(), tf.compat.v1.train.Coordinator()
    watch = watched(task, EndlessRun(), session, coord)
    task.end()
    assert session.closed.wait(10)
    watch.stop()
    assert isinstance(watch.error, errors.PeerLostError)
    assert watch.error.code == SETTINGS.exit_code
    assert f"worker 1 at {task.address}, which has ended" in str(watch.error)
    with pytest.raises(errors.PeerLostError) as raised:
        coord.raise_requested_exception()
    assert raised.value is watch.error


def test_python_does_not_end_while_the_session_is_being_closed(task):
    session = Session()
    watch = watched(task, EndlessRun(), session)
    task.end()
    assert session.closed.wait(10)
    watch.stop()
    assert session.was_closed_by_daemon is False


@pytest.mark.parametrize("run", [None, Run()])
def test_without_a_run_in_a_session_nothing_is_lost(task, run):
    session = Session()
    watch = watched(task, run, session)
    task.end()
    assert not session.closed.wait(5 * SETTINGS.grace_secs[Health.GONE])
    watch.stop()
    assert watch.error is None


def test_a_watch_that_was_stopped_loses_nothing(task):
    session = Session()
    watch = watched(task, EndlessRun(), session)
    watch.stop()
    task.end()
    assert not session.closed.wait(5 * SETTINGS.grace_secs[Health.GONE])


def test_a_watch_ends_with_a_session_that_calls_no_hook_at_its_end(task):
    coord = tf.compat.v1.train.Coordinator()
    watched(task, Run(), Session(), coord)
    coord.request_stop()
    coord.join()
    for thread in threading.enumerate():
        if thread.name == "watch peers":
            thread.join(10)
            assert not thread.is_alive()
