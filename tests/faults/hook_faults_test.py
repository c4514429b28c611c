"""Errors of hooks and threads, on our session."""

import collections

import pytest

from tests.faults import (
    __main__ as table,
    hook_faults,
    hook_thread_faults,
    outcomes,
)
from tests.faults.hook_programs import ERRORS, Outcome

OURS = "monitored_tf"
# Other hooks get so much longer than the 5 s of the grace period.
_SLACK_SECS = 3.0


def assert_kind(outcome, kind):
    assert outcome.kind == kind, outcome


@pytest.mark.parametrize("place", hook_faults.PLACES)
@pytest.mark.parametrize("error_type", ["ValueError", "KeyboardInterrupt"])
def test_an_error_of_a_hook_is_raised_as_it_is(error_type, place):
    found = hook_faults.error_in_hook(OURS, error_type, [place])
    assert found[place] == Outcome("announced", error_type)


@pytest.mark.parametrize("place", ["begin", "end"])
def test_an_aborted_where_no_session_can_be_lost_is_raised(place):
    found = hook_faults.error_in_hook(OURS, "AbortedError", [place])
    assert found[place] == Outcome("announced", "AbortedError")


@pytest.mark.parametrize(
    ("place", "steps_lost"),
    [
        ("after_create_session", 0),
        ("before_run", 1),
        ("after_run", 1),
        ("after_create_session of a recovery", 1),
    ],
)
def test_an_aborted_of_a_hook_loses_only_what_was_not_saved(place, steps_lost):
    found = hook_faults.error_in_hook(OURS, "AbortedError", [place])
    assert found[place] == Outcome("handled", f"{steps_lost} steps lost")


@pytest.mark.parametrize("error_type", ["OutOfRangeError", "StopIteration"])
@pytest.mark.parametrize(
    "place",
    [
        "begin",
        "after_create_session",
        "end",
        "before_run",
        "after_run",
        "after_create_session of a recovery",
    ],
)
def test_a_hooks_end_of_data_does_not_end_training_in_silence(
    error_type, place
):
    found = hook_faults.error_in_hook(OURS, error_type, [place])
    assert_kind(found[place], "announced")


def test_an_aborted_at_every_step_is_given_up():
    found = hook_faults.aborted_at_every_step(OURS)["run"]
    assert found == Outcome("announced", "RecoveryGaveUp")


@pytest.mark.parametrize(
    "case",
    [
        "saved after the step",
        "chief of a server",
        "worker of a server",
    ],
)
def test_a_batch_that_was_applied_before_a_hook_failed_counts_once(case):
    found = hook_faults.error_after_the_step(OURS, [case])
    assert_kind(found[case], "handled")


def test_a_step_function_has_the_new_session_after_a_recovery():
    found = hook_faults.step_fn_after_recovery(OURS)["run_step_fn"]
    assert_kind(found, "handled")


def test_a_queue_that_ends_ends_training_as_a_success():
    assert_kind(hook_faults.queue_ends(OURS)["run"], "handled")


def test_a_threads_preemption_is_recovered_and_other_errors_are_raised():
    found = hook_thread_faults.error_in_thread(OURS)
    assert found == {
        "AbortedError": Outcome("handled", "2 steps lost"),
        "ValueError": Outcome("announced", "ValueError"),
        "OutOfRangeError": Outcome("announced", "OutOfRangeError"),
    }


def test_a_thread_that_never_joins_is_waited_for_five_seconds():
    for outcome in hook_thread_faults.thread_never_joins(OURS).values():
        assert_kind(outcome, "handled")
        assert 4.5 < outcome.notes[hook_thread_faults.SECONDS] < 5 + _SLACK_SECS


@pytest.mark.parametrize(
    "scenario",
    [hook_thread_faults.half_made_sessions, hook_thread_faults.many_recoveries],
)
def test_lost_sessions_leave_nothing_behind(scenario):
    found = scenario(OURS)["session"]
    assert_kind(found, "handled")
    assert not any(found.notes.values()), found


def test_the_table_counts_what_is_handled_or_announced():
    tallies = {"tf": collections.Counter()}
    cells = table.plant(
        "a fault",
        lambda library: {
            "a": Outcome("handled"),
            "b": Outcome("handled"),
            "c": Outcome("loses", "all"),
        },
        tallies,
    )
    assert cells == ["a, b: handled; c: loses: all"]
    assert table.summary("tf", tallies["tf"]) == (
        "TensorFlow: handled or announced: 2 of 3"
    )


@pytest.mark.parametrize(
    ("fault", "outcome", "is_good"),
    [
        ("worker killed", outcomes.Outcome("handled", 1.0, 0), True),
        ("worker killed", outcomes.Outcome("handled", 1.0, 7), False),
        ("ps killed", outcomes.Outcome("handled", 1.0, 7), True),
        (
            "hook fails",
            outcomes.Outcome("handled", 1.0, notes={"batches lost:": 1}),
            False,
        ),
        ("ps killed", outcomes.Outcome("hangs", 9.0), False),
    ],
)
def test_what_need_not_be_lost_is_not_handled(fault, outcome, is_good):
    assert table.is_good(fault, outcome) == is_good


def test_every_pair_of_callback_and_error_is_in_the_table():
    assert len(hook_faults.PLACES) * len(ERRORS) == 30
    for name in ERRORS:
        assert f"hook raises {name}" in table.FAULTS
