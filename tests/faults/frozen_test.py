"""A frozen ps of a cluster, on our session.

Seconds may be four times those that the figures of the README promise.
"""

import pytest

from tests.faults import frozen_scenarios
from tests.faults.outcomes import assert_from_checkpoint, assert_handled

OURS = "monitored_tf"


@pytest.mark.parametrize(
    "frozen_secs", [3.0, pytest.param(20.0, marks=pytest.mark.slow)]
)
def test_a_ps_that_was_frozen_loses_no_step(frozen_secs):
    found = frozen_scenarios.ps_frozen(OURS, frozen_secs)
    for outcome in found.values():
        assert_handled(outcome, within_secs=4)
        assert outcome.notes == {}  # The same session goes on.
    assert found["chief"].steps_lost == 0


@pytest.mark.parametrize(
    "frozen_secs", [3.0, pytest.param(20.0, marks=pytest.mark.slow)]
)
def test_a_frozen_ps_is_noticed_after_the_step_timeout(frozen_secs):
    found = frozen_scenarios.ps_frozen(OURS, frozen_secs, step_timeout_secs=1.0)
    for outcome in found.values():
        assert_handled(outcome, within_secs=4)
        assert 1 <= outcome.notes["noticed after s:"] < 1 + 2 * 0.4
    assert found["chief"].steps_lost == 0


def test_a_ps_is_frozen_then_killed_and_replaced():
    found = frozen_scenarios.ps_frozen_then_killed(OURS)
    assert_handled(found["chief"], within_secs=8)
    assert_handled(found["worker"], within_secs=12)
    assert_from_checkpoint(found["chief"])


def test_a_ps_that_is_frozen_for_ever_is_given_up():
    found = frozen_scenarios.ps_frozen_for_ever(
        OURS, step_timeout_secs=1.0, max_recovery_secs=2.0
    )
    for outcome in found.values():
        assert outcome.kind == "announced", outcome
        assert outcome.error.startswith("RecoveryGaveUp (from "), outcome
        assert outcome.exit_code == 1
        # The outage begins when the step's time is up.
        assert 1 + 2 <= outcome.secs < 1 + 2 + 2 * 4
