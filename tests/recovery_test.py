"""The policy of recoveries and the event of one."""

import dataclasses

import pytest
import tensorflow as tf

from monitored_tf.recovery import RecoveryEvent, RecoveryPolicy

EXACT = RecoveryPolicy(jitter=0)
ABORTED = tf.errors.AbortedError(None, None, "lost")


def test_the_default_recovers_from_preemptions_for_ever():
    policy = RecoveryPolicy()
    assert policy.errors == (
        tf.errors.AbortedError,
        tf.errors.UnavailableError,
    )
    assert policy.max_recoveries_without_progress is None
    assert policy.max_repeats == 3


def test_the_pause_doubles_up_to_its_limit():
    pauses = [EXACT.pause_secs(n, 0.5) for n in range(1, 6)]
    assert pauses == [0.1, 0.2, 0.4, 0.5, 0.5]


def test_the_jitter_shortens_the_pause():
    policy = RecoveryPolicy(initial_pause_secs=0.1, jitter=0.5)
    pauses = [policy.pause_secs(1, jitter) for jitter in (0, 0.5, 1)]
    assert pauses == pytest.approx([0.1, 0.075, 0.05])


def test_the_pause_of_a_very_late_attempt_is_the_limit():
    assert EXACT.pause_secs(10**6, 0.5) == 0.5


def test_no_pause_stays_none():
    assert RecoveryPolicy.tf().pause_secs(50, 1) == 0


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"initial_pause_secs": -1}, "initial_pause_secs"),
        ({"initial_pause_secs": 2, "max_pause_secs": 1}, "Got 2 and 1"),
        ({"jitter": -0.1}, "jitter"),
        ({"jitter": 1.1}, "Got 1.1"),
        (
            {"max_recoveries_without_progress": 0},
            "max_recoveries_without_progress.*none()",
        ),
        ({"max_repeats": -1}, "max_repeats.*Got -1"),
        ({"max_recovery_secs": 0}, "max_recovery_secs.*Got 0"),
        ({"step_timeout_secs": -2}, "step_timeout_secs.*Got -2"),
    ],
)
def test_a_number_out_of_range_is_refused_by_name(kwargs, message):
    with pytest.raises(ValueError, match=message):
        RecoveryPolicy(**kwargs)


@pytest.mark.parametrize(
    "errors", [("AbortedError",), (3,), (KeyboardInterrupt,), (ABORTED,)]
)
def test_what_is_no_exception_type_is_refused(errors):
    with pytest.raises(TypeError, match="exception types"):
        RecoveryPolicy(errors=errors)


def test_a_single_type_is_refused_with_the_same_words():
    with pytest.raises(TypeError, match="RecoveryPolicy.errors"):
        RecoveryPolicy(errors=tf.errors.AbortedError)


def test_a_list_of_types_is_as_good_as_a_tuple():
    assert RecoveryPolicy(errors=[KeyError]).errors == (KeyError,)


def test_a_policy_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RecoveryPolicy().jitter = 1


def test_none_recovers_from_nothing():
    assert RecoveryPolicy.none().errors == ()


def test_an_event_reads_as_a_phrase():
    event = RecoveryEvent(ABORTED, 2, 0.5, 1.234, 3)
    assert str(event) == (
        "session 3 made 1.23 s after AbortedError: lost (attempt 2)"
    )


def test_an_event_tells_steps_lost_and_where_the_variables_come_from():
    event = RecoveryEvent(
        ABORTED, 1, 0.1, 0.5, 2, 130, 100, "restored", "m-100"
    )
    assert event.steps_lost == 30
    assert str(event).endswith(
        "(attempt 1), at step 100, 30 steps lost, restored from m-100"
    )


def test_a_session_from_scratch_is_called_so():
    event = RecoveryEvent(ABORTED, 1, 0.1, 0.5, 2, 7, 0, "initialized")
    assert "7 steps lost, FROM SCRATCH" in str(event)


def test_where_a_step_is_unknown_so_are_the_steps_lost():
    assert RecoveryEvent(ABORTED, 1, 0.1, 0.5, 2, 7, None).steps_lost is None
    assert RecoveryEvent(ABORTED, 1, 0.1, 0.5, 2, None, 7).steps_lost is None


def test_a_session_that_went_on_ahead_has_lost_no_steps():
    assert RecoveryEvent(ABORTED, 1, 0.1, 0.5, 2, 7, 9).steps_lost == 0


def test_an_event_names_the_task_that_was_lost():
    error = tf.errors.UnavailableError(None, None, "/job:ps/task:1 is away")
    assert RecoveryEvent(error, 1, 0.1, 0.5, 2).peer == "/job:ps/task:1"
