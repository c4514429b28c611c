"""Lost and replaced tasks of a cluster, on our session.

Seconds may be four times those that the figures of the README promise.
"""

import pytest

from monitored_tf.hooks.peer_health_hook import PEER_LOST_EXIT_CODE
from tests.faults import peer_scenarios, scenarios
from tests.faults.outcomes import assert_from_checkpoint, assert_handled

OURS = "monitored_tf"


@pytest.mark.parametrize(
    "after_secs", [0.0, 3.0, pytest.param(40.0, marks=pytest.mark.slow)]
)
def test_a_ps_is_killed_and_replaced(after_secs):
    found = scenarios.ps_replaced(OURS, after_secs)
    assert_handled(found["chief"], within_secs=8)
    assert_handled(found["worker"], within_secs=12)
    assert_from_checkpoint(found["chief"])


@pytest.mark.parametrize("saves", [True, False])
def test_a_chief_that_is_replaced_goes_on_from_the_live_variables(saves):
    found = scenarios.chief_replaced(OURS, saves)
    for outcome in found.values():
        assert_handled(outcome, within_secs=4)
        assert outcome.steps_lost == 0


def test_a_chief_that_keeps_no_live_state_restores_its_checkpoint():
    found = scenarios.chief_replaced(OURS, keeps_live_state=False)
    assert_handled(found["chief"], within_secs=4)
    assert_from_checkpoint(found["chief"])


def test_a_worker_is_killed_and_replaced():
    found = scenarios.worker_replaced(OURS)
    assert_handled(found["worker"], within_secs=4)
    # The chief trains on all the while.
    assert_handled(found["chief"], within_secs=2)
    assert found["chief"].steps_lost == 0


def test_a_worker_that_is_dead_for_ever_is_not_waited_for():
    found = scenarios.worker_dead_for_ever(OURS)
    assert_handled(found["chief replaced"], within_secs=4)
    assert found["chief replaced"].steps_lost == 0
    assert_handled(found["then ps"], within_secs=8)


def test_a_ps_that_never_comes_back_is_given_up():
    found = scenarios.ps_never_back(OURS, max_recovery_secs=2.0)["chief"]
    assert found.kind == "announced", found
    assert found.error == "RecoveryGaveUp (from UnavailableError)"
    assert found.exit_code == 1
    assert 2 <= found.secs < 2 + 2 * 4
    assert found.notes["log lines:"] <= found.secs + 1
    assert found.notes["% of a core:"] < 4 * 4


def test_a_chief_that_never_comes_back_is_not_waited_for_for_ever():
    found = scenarios.chief_never_back(OURS, max_wait_secs=2.0)["worker"]
    assert found.kind == "announced", found
    assert found.error == "DeadlineExceededError"
    assert found.exit_code == 1
    # The worker may see the new ps before that says that it serves.
    assert 2 - 0.5 <= found.secs < scenarios.GIVE_UP_SECS


@pytest.mark.parametrize("hooked", ["chief", "worker"])
def test_a_step_that_was_applied_before_a_hook_failed_counts_once(hooked):
    found = scenarios.error_after_the_step(OURS, hooked)[hooked]
    assert found.notes == {"batches counted twice:": 0}


def test_a_ps_whose_port_is_held_starts_once_it_is_free():
    found = peer_scenarios.port_held(OURS, held_secs=1.0)
    assert_handled(found["ps"], within_secs=4)
    assert found["ps"].secs >= 1
    assert_handled(found["chief"], within_secs=8)
    assert_handled(found["worker"], within_secs=12)


def test_a_lost_peer_of_collectives_is_announced():
    found = peer_scenarios.collective_peer_lost(OURS)["other worker"]
    assert found.kind == "announced", found
    assert found.exit_code == PEER_LOST_EXIT_CODE
    assert found.secs < 4
