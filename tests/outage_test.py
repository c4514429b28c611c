"""When an outage is given up."""

import tensorflow as tf

from monitored_tf.outage import Outage, RecoveryAttempt
from monitored_tf.recovery import RecoveryPolicy

ABORTED = tf.errors.AbortedError(None, None, "lost")


def _creation(error=ABORTED, outage_secs=0.0):
    return RecoveryAttempt(error, False, None, outage_secs)


def _step(step=None, error=ABORTED):
    return RecoveryAttempt(error, True, step, 0.0)


def _verdicts(policy, attempts, start_step=None):
    outage = Outage(policy)
    return [outage.failed(attempt, start_step) for attempt in attempts]


def test_failures_to_make_a_session_have_no_limit_by_default():
    assert _verdicts(RecoveryPolicy(), [_creation()] * 100) == [None] * 100


def test_the_same_fault_in_a_step_is_given_up_at_its_limit():
    verdicts = _verdicts(RecoveryPolicy(max_repeats=3), [_step()] * 3)
    assert verdicts == [None, None, "the same error came 3 times at one step"]


def test_faults_of_other_text_or_type_are_others():
    errors = [
        ABORTED,
        tf.errors.AbortedError(None, None, "two"),
        tf.errors.UnavailableError(None, None, "two"),
    ]
    steps = [_step(error=error) for error in errors]
    assert _verdicts(RecoveryPolicy(max_repeats=2), steps) == [None] * 3


def test_attempts_are_limited_wherever_they_fail():
    policy = RecoveryPolicy(max_recoveries_without_progress=2)
    attempts = [_step(5), _creation(), _creation()]
    verdicts = _verdicts(policy, attempts)
    assert verdicts == [None, None, "2 recoveries brought no progress"]


def _with_success_between(policy, steps, start_step=None):
    outage, verdicts = Outage(policy), []
    for step in steps:
        verdicts.append(outage.failed(_step(step), start_step))
        outage.step_succeeded()
    return verdicts


def test_a_higher_global_step_is_progress():
    policy = RecoveryPolicy(max_recoveries_without_progress=1, max_repeats=None)
    assert _with_success_between(policy, [1, 2, 3, 4]) == [None] * 4


def test_steps_below_the_highest_one_are_no_progress():
    policy = RecoveryPolicy(max_recoveries_without_progress=2, max_repeats=None)
    verdicts = _with_success_between(policy, [9, 8, 9])
    assert verdicts == [None, None, "2 recoveries brought no progress"]


def test_without_a_global_step_a_success_is_progress():
    policy = RecoveryPolicy(max_recoveries_without_progress=1)
    assert _with_success_between(policy, [None] * 4) == [None] * 4


def test_a_fault_that_waits_at_one_step_is_found_behind_successes():
    policy = RecoveryPolicy(max_repeats=3)
    verdicts = _with_success_between(policy, [9, 9, 9], start_step=5)
    assert verdicts[:2] == [None, None]
    assert "3 times at one step" in verdicts[2]


def test_successes_that_move_no_step_interrupt_a_fault():
    policy = RecoveryPolicy(max_repeats=3)
    assert _with_success_between(policy, [5] * 9, start_step=5) == [None] * 9


def test_the_same_text_at_other_steps_is_another_fault():
    policy = RecoveryPolicy(max_repeats=2)
    assert _with_success_between(policy, [7, 9, 8], start_step=5) == [None] * 3


def test_an_outage_has_so_many_seconds():
    policy = RecoveryPolicy(max_recovery_secs=60)
    attempts = [_creation(outage_secs=secs) for secs in (0, 59, 60)]
    verdicts = _verdicts(policy, attempts)
    assert verdicts == [None, None, "the outage took more than 60 s"]


def test_a_success_starts_the_pauses_anew():
    outage = Outage(RecoveryPolicy(jitter=0))
    pauses = []
    for _ in range(2):
        for _ in range(2):
            outage.failed(_creation())
            pauses.append(outage.pause_secs())
        outage.step_succeeded()
    assert pauses == [0.1, 0.2, 0.1, 0.2]


def test_pauses_vary_at_random():
    outage = Outage(RecoveryPolicy(initial_pause_secs=0.5, jitter=0.2))
    pauses = []
    for _ in range(50):
        outage.failed(_creation())
        pauses.append(outage.pause_secs())
    assert len(set(pauses)) > 40
    assert 0.4 <= min(pauses) < max(pauses) <= 0.5


def test_an_attempt_reads_as_a_phrase():
    assert str(_step(7)) == "0.0 s, step 7: AbortedError: lost"
    assert str(_creation(outage_secs=2.5)) == (
        "2.5 s, making a session: AbortedError: lost"
    )


def test_logs_with_times_make_no_other_fault():
    text = "2 root errors\nRecent warning and error logs:\n  {} lost"
    errors = [
        tf.errors.AbortedError(None, None, text.format(time))
        for time in ("10:00", "10:01", "10:02")
    ]
    steps = [_step(error=error) for error in errors]
    assert _verdicts(RecoveryPolicy(max_repeats=3), steps)[-1] is not None
