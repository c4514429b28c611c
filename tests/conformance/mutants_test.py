"""The comparison is sensitive: a session with a planted mistake is caught."""

import pytest

from monitored_tf import (
    _tf_private,
    hook_calls,
    live_session,
    recovery_loop,
    run_plan,
)
from monitored_tf.lifecycle import Lifecycle
from monitored_tf.recovery import RecoveryPolicy
from tests.conformance import programs
from tests.conformance.programs import Hook, Op, Program

_TWO_HOOKS = Program(hooks=(Hook("inc"), Hook("sum")), ops=(Op(), Op()))
_PREEMPTED = Program(hooks=(Hook(faults=(("before_run", 1, "Aborted"),)),))
_BODY_FAILS = Program(hooks=(Hook(),), ops=(Op("raise", error="ValueError"),))
_THREAD_FAILS = Program(
    hooks=(
        Hook(thread="Aborted"),
        Hook(faults=(("before_run", 1, "ValueError"),)),
    ),
    ops=(Op(), Op("should_stop")),
)


_THREAD_STOPS = Program(hooks=(Hook(thread="stop"),), ops=(Op("should_stop"),))
_CALLER_FEEDS = Program(hooks=(Hook(),), ops=(Op(fetches="sum", feed="a"),))


def _swap_hooks(monkeypatch):
    real = hook_calls.before_run
    monkeypatch.setattr(
        hook_calls,
        "before_run",
        lambda participants, *rest: real(_reversed(participants), *rest),
    )


def _reversed(participants):
    turned = hook_calls.Participants(participants.hooks)
    turned.before = participants.before[::-1]
    return turned


def _skip_after_run(monkeypatch):
    monkeypatch.setattr(hook_calls, "after_run", lambda *_: None)


def _mix_up_results(monkeypatch):
    real = hook_calls.after_run

    def mixed(participants, context, results, *rest):
        swapped = {1 - position: own for position, own in results.items()}
        return real(participants, context, swapped, *rest)

    monkeypatch.setattr(hook_calls, "after_run", mixed)


def _end_on_error(monkeypatch):
    real = Lifecycle.close
    monkeypatch.setattr(Lifecycle, "close", lambda self, error=None: real(self))


def _never_recover(monkeypatch):
    monkeypatch.setitem(
        programs.OURS.keywords, "recovery", RecoveryPolicy.none()
    )


def _forget_the_root_cause(monkeypatch):
    monkeypatch.setattr(
        live_session.LiveSession, "thread_error", lambda self: None
    )


def _ask_no_coordinator(monkeypatch):
    monkeypatch.setattr(
        recovery_loop.RecoveryLoop, "should_stop", lambda self: False
    )


def _leave_the_graph_finalized(monkeypatch):
    monkeypatch.setattr(_tf_private, "unfinalize", lambda graph: None)


def _drop_the_callers_feeds(monkeypatch):
    monkeypatch.setattr(run_plan.RunPlan, "feed_dict", lambda self: None)


@pytest.mark.parametrize(
    ("mutate", "program"),
    [
        (_swap_hooks, _TWO_HOOKS),
        (_skip_after_run, _TWO_HOOKS),
        (_mix_up_results, _TWO_HOOKS),
        (_end_on_error, _BODY_FAILS),
        (_never_recover, _PREEMPTED),
        (_forget_the_root_cause, _THREAD_FAILS),
        (_ask_no_coordinator, _THREAD_STOPS),
        (_leave_the_graph_finalized, _TWO_HOOKS),
        (_drop_the_callers_feeds, _CALLER_FEEDS),
    ],
)
def test_a_mutant_leaves_another_log(mutate, program, monkeypatch):
    theirs, ours = programs.logs(program)
    assert ours == theirs
    with monkeypatch.context() as patches:
        mutate(patches)
        assert programs.run(program, programs.OURS) != theirs
