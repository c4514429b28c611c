"""A worker waits for its chief."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.testing import FakeClock

v1 = tf.compat.v1


@pytest.fixture
def server():
    """A cluster of one task in this process, on a port that was free."""
    return tf.distribute.Server.create_local_server()


def test_a_worker_uses_what_the_chief_initialized(step, server):
    chief = monitored_tf.ChiefSessionCreator(master=server.target)
    worker = monitored_tf.WorkerSessionCreator(master=server.target)
    with monitored_tf.MonitoredSession(chief) as chief_session:
        assert chief_session.run(step) == 1
        with monitored_tf.MonitoredSession(worker) as session:
            assert session.run(step) == 2
        assert chief_session.run(step) == 3


def test_a_worker_waits_until_the_chief_has_initialized(step, server):
    chief = monitored_tf.ChiefSessionCreator(master=server.target)

    class Clock(FakeClock):
        """Lets the chief start while the worker sleeps the second time."""

        def advance(self, secs):
            super().advance(secs)
            if self.now == 1_000_001:
                chief.create_session()

    worker = monitored_tf.WorkerSessionCreator(master=server.target)
    with Clock() as clock:
        session = worker.create_session()
    assert clock.sleeps == [0.5, 0.5]
    assert session.run(step) == 1
    session.close()


def test_a_worker_gives_up_after_its_time(graph):
    v1.get_variable("v", initializer=1.0)
    creator = monitored_tf.WorkerSessionCreator(max_wait_secs=1.2)
    with FakeClock() as clock, pytest.raises(tf.errors.DeadlineExceededError):
        creator.create_session()
    assert clock.sleeps == [0.5, 0.5]
