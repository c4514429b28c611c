"""Sync replicas that lose a task, on our session."""

import pytest

from tests.faults import sync_scenarios
from tests.faults.outcomes import assert_from_checkpoint, assert_handled

OURS = "monitored_tf"


def test_a_worker_is_replaced_and_the_chief_goes_on():
    found = sync_scenarios.worker_replaced(OURS)
    # No step without the worker's gradients.
    assert found["chief"].notes["chief waited s:"] > 0.3
    for outcome in found.values():
        assert_handled(outcome, within_secs=4)
    assert found["chief"].steps_lost == 0


def test_a_ps_is_replaced():
    found = sync_scenarios.ps_replaced(OURS)
    assert_handled(found["chief"], within_secs=8)
    assert_handled(found["worker"], within_secs=12)
    assert_from_checkpoint(found["chief"])


@pytest.mark.slow
def test_a_worker_that_is_dead_for_ever_is_waited_for_not_in_silence():
    found = sync_scenarios.worker_dead_for_ever(OURS)["chief"]
    assert found.kind == "waits", found
    assert found.error.startswith("Waiting 1")


@pytest.mark.slow
def test_with_a_step_timeout_the_chief_goes_on_without_its_dead_worker():
    # The run that is made again gives the second gradient of a step, and each
    # step two tokens: from then on both gradients are the chief's.
    found = sync_scenarios.worker_dead_for_ever(OURS, step_timeout_secs=1.0)
    assert_handled(found["chief"], within_secs=4)
    assert found["chief"].steps_lost == 0


def test_a_chief_that_recovers_while_all_tasks_live_goes_on():
    for outcome in sync_scenarios.error_after_the_step(OURS).values():
        assert_handled(outcome, within_secs=4)
