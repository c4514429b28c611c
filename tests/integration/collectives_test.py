"""Tasks that train with collectives: one is lost, or none is."""

import time

import pytest

from monitored_tf.hooks.peer_health_hook import PEER_LOST_EXIT_CODE
from monitored_tf.testing import LocalCluster
from tests.integration import collectives_roles as roles

LOST = "Lost worker 1 at "


def two_workers(main=roles.train, start=None, **options):
    return LocalCluster(
        {"worker": 2}, main, (options,), life_secs=20, start=start
    )


def test_training_of_two_workers_meets_between_them():
    with two_workers(n_steps=100) as cluster:
        assert [cluster.wait("worker", i) for i in (0, 1)] == [0, 0]
        # The minimum of w ** 2 + (w - 2) ** 2.
        assert "step 100, w 1.00" in cluster.output("worker", 0)
        assert "Lost" not in cluster.output("worker", 0)


@pytest.mark.parametrize("library", ["monitored_tf", "tf"])
def test_a_lost_peer_is_announced_and_the_exit_code_set(library):
    # Killed between two steps: one that dies in a step may let it fail, and
    # all that is run in this process after it.
    with two_workers(library=library, step_secs=0.3) as cluster:
        cluster.wait_for_output("step 3", "worker", 1)
        cluster.kill("worker", 1)
        killed = time.monotonic()
        assert cluster.wait("worker", 0) == PEER_LOST_EXIT_CODE
        # A grace of 1 s, and the time to see it and to end.
        assert time.monotonic() - killed < 4
        assert LOST + cluster.address("worker", 1) in cluster.output("worker")


def test_a_lost_peer_reaches_the_user_as_an_error():
    with two_workers(step_secs=0.3) as cluster:  # The same.
        cluster.wait_for_output("step 3", "worker", 1)
        cluster.kill("worker", 1)
        assert cluster.wait("worker", 0) == PEER_LOST_EXIT_CODE
        assert "raised PeerLostError" in cluster.output("worker", 0)


def test_without_the_hook_a_lost_peer_is_waited_for_for_ever():
    with two_workers(library="tf", watched=False) as cluster:
        cluster.wait_for_output("step 50", "worker", 0)
        cluster.kill("worker", 1)
        with pytest.raises(TimeoutError):
            cluster.wait("worker", 0, timeout_secs=2.5)


def test_a_peer_that_is_started_again_cannot_join_and_is_lost():
    with two_workers(step_secs=0.3) as cluster:  # Between two steps, as above.
        cluster.wait_for_output("step 3", "worker", 1)
        cluster.restart("worker", 1)
        assert cluster.wait("worker", 0) == PEER_LOST_EXIT_CODE
        assert LOST in cluster.output("worker", 0)


def test_a_frozen_peer_is_lost_after_its_own_grace():
    with two_workers(silent_grace_secs=1.5) as cluster:
        cluster.wait_for_output("step 50", "worker", 0)
        cluster.stop("worker", 1)
        assert cluster.wait("worker", 0) == PEER_LOST_EXIT_CODE
        output = cluster.output("worker", 0)
        assert "A step waits for worker 1" in output
        assert "does not answer" in output[output.index(LOST) :]


def test_a_peer_that_thaws_in_time_is_not_lost():
    with two_workers(n_steps=100, silent_grace_secs=30.0) as cluster:
        cluster.wait_for_output("step 50", "worker", 0)
        cluster.stop("worker", 1)
        cluster.wait_for_output("A step waits for worker 1", "worker", 0)
        cluster.resume("worker", 1)
        assert cluster.wait("worker", 0) == 0


def test_the_process_ends_where_nobody_closes_the_session():
    with two_workers(
        library="tf", catches=True, step_secs=0.3, exit_grace_secs=1.0
    ) as cluster:
        cluster.wait_for_output("step 3", "worker", 1)
        cluster.kill("worker", 1)
        assert cluster.wait("worker", 0) == PEER_LOST_EXIT_CODE
        assert "was not closed in time" in cluster.output("worker", 0)


def test_a_peer_that_is_done_is_not_lost():
    # Well above the grace.
    with two_workers(n_steps=20, linger_secs=2.0) as cluster:
        assert cluster.wait("worker", 1) == 0
        done = time.monotonic()
        assert cluster.wait("worker", 0) == 0
        assert time.monotonic() - done > 1.0
        assert "Lost" not in cluster.output("worker", 0)


def test_a_run_that_raised_waits_for_nobody():
    with two_workers(roles.catch_and_linger, secs=1.5) as cluster:
        assert cluster.wait("worker", 1) == 0
        assert cluster.wait("worker", 0) == 0
        assert "Lost" not in cluster.output("worker", 0)


def test_a_peer_may_come_late():
    with two_workers(n_steps=20, start=[("worker", 0)]) as cluster:
        # Beyond the grace, while the session is made.
        cluster.wait_for_output("A step waits for worker 1", "worker", 0)
        cluster.start("worker", 1)
        assert [cluster.wait("worker", i) for i in (0, 1)] == [0, 0]
        assert "Lost" not in cluster.output("worker", 0)


@pytest.mark.parametrize("library", ["monitored_tf", "tf"])
def test_a_peer_that_never_comes_is_lost_after_the_grace_of_the_start(library):
    with two_workers(
        library=library, start=[("worker", 0)], start_grace_secs=1.5
    ) as cluster:
        assert cluster.wait("worker", 0) == PEER_LOST_EXIT_CODE
        assert "has not answered yet" in cluster.output("worker", 0)
