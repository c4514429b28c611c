"""The policy of recoveries and the event of one."""

import dataclasses

import pytest
import tensorflow as tf

from monitored_tf import recovery
from monitored_tf.recovery import Attempts, RecoveryEvent, RecoveryPolicy

EXACT = RecoveryPolicy(jitter=0)
ABORTED = tf.errors.AbortedError(None, None, "lost")


def _pauses(policy, count, error=ABORTED, in_step=False):
    attempts = Attempts(policy)
    return [attempts.next_pause_secs(error, in_step) for _ in range(count)]


def test_the_default_recovers_from_preemptions_for_ever():
    policy = RecoveryPolicy()
    assert policy.errors == (
        tf.errors.AbortedError,
        tf.errors.UnavailableError,
    )
    assert policy.max_attempts is None
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
        ({"max_attempts": 0}, "max_attempts.*none()"),
        ({"max_repeats": -1}, "max_repeats.*Got -1"),
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


def test_failures_to_make_a_session_have_no_limit_by_default():
    assert None not in _pauses(RecoveryPolicy(), 100)


def test_the_same_fault_in_a_step_is_given_up_at_its_limit():
    policy = RecoveryPolicy(jitter=0, max_repeats=3)
    assert _pauses(policy, 3, in_step=True) == [0.1, 0.2, None]


def test_faults_of_other_text_or_type_are_others():
    attempts = Attempts(RecoveryPolicy(max_repeats=2))
    faults = [
        tf.errors.AbortedError(None, None, "one"),
        tf.errors.AbortedError(None, None, "two"),
        tf.errors.UnavailableError(None, None, "two"),
    ]
    assert None not in [attempts.next_pause_secs(f, True) for f in faults]


def test_attempts_are_limited_wherever_they_fail():
    policy = RecoveryPolicy(jitter=0, max_attempts=2)
    assert _pauses(policy, 3) == [0.1, 0.2, None]


def test_a_success_forgets_what_was_counted():
    attempts = Attempts(RecoveryPolicy(jitter=0, max_repeats=2, max_attempts=2))
    for _ in range(5):
        assert attempts.next_pause_secs(ABORTED, True) == 0.1
        assert attempts.count == 1
        attempts.step_succeeded()
        assert attempts.count == 0


def test_pauses_vary_at_random():
    policy = RecoveryPolicy(initial_pause_secs=0.5, jitter=0.2)
    pauses = _pauses(policy, 50)
    assert len(set(pauses)) > 40
    assert 0.4 <= min(pauses) < max(pauses) <= 0.5


def test_an_event_reads_as_a_phrase():
    event = RecoveryEvent(ABORTED, 2, 0.5, 1.234, 3)
    assert str(event) == (
        "session 3 made 1.23 s after AbortedError: lost (attempt 2)"
    )


def test_an_error_is_described_by_its_first_line():
    assert recovery.describe(ValueError("one\ntwo")) == "ValueError: one"
    assert recovery.describe(ValueError()) == "ValueError"


def test_an_error_whose_first_line_is_empty_is_described_all_the_same():
    assert recovery.describe(ValueError("\ntwo")) == "ValueError: two"


def test_an_error_of_a_kernel_is_described_by_what_happened(graph):
    infinite = tf.constant(1.0) / 0.0
    checked = tf.compat.v1.debugging.check_numerics(infinite, "planted")
    with tf.compat.v1.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError) as raised:
            session.run(checked)
    assert recovery.describe(raised.value).startswith(
        "InvalidArgumentError: planted : Tensor had"
    )


def test_an_error_of_another_task_names_the_task():
    text = (
        "Graph execution error:\n\nFrom /job:ps/replica:0/task:0:\n"
        "failed to connect to all addresses\nAdditional GRPC information"
    )
    assert recovery.describe(tf.errors.UnavailableError(None, None, text)) == (
        "UnavailableError: From /job:ps/replica:0/task:0: failed to connect to "
        "all addresses"
    )
