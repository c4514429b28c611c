"""How long a step is waited for, and whether a run is under way."""

import types

import pytest

import monitored_tf
from monitored_tf.hooks.watched_session import WatchedSession

STEP_SECS = 3.0
HOOK_SECS = 100.0


class Watched(WatchedSession):
    """Runs steps whose hooks take long after the run, by a clock of its own."""

    def __init__(self):
        self.now = 0.0
        super().__init__(lambda: self.now)
        self.begins("session", "coord")

    def step(self, secs, tells=True):
        context = types.SimpleNamespace(run_ended=None)
        self.step_begins(context)
        self.now += secs
        if tells:
            context.run_ended = self.now
        self.now += HOOK_SECS
        self.step_ends()


@pytest.fixture
def watched():
    return Watched()


def test_a_run_is_waited_for_twice_as_long_as_the_one_before(watched):
    watched.step(0.1)
    watched.step(STEP_SECS)
    assert watched.grace_secs(1.0) == 1.0  # Between steps.
    watched.step_begins(types.SimpleNamespace())
    assert watched.grace_secs(1.0) == pytest.approx(2 * STEP_SECS)
    assert watched.grace_secs(7.0) == 7.0


def test_the_first_run_of_each_session_does_not_count(watched):
    watched.step(STEP_SECS)
    watched.step_begins(types.SimpleNamespace())
    assert watched.grace_secs(1.0) == 1.0
    watched.begins("another", "coord")
    watched.step(STEP_SECS)
    watched.step_begins(types.SimpleNamespace())
    assert watched.grace_secs(1.0) == 1.0


@pytest.mark.parametrize(("secs", "tells"), [(50.0, True), (0.1, False)])
def test_nothing_is_waited_for_longer_than_the_save_can_bear(
    watched, secs, tells
):
    for _ in range(2):
        watched.step(secs, tells)
    watched.step_begins(types.SimpleNamespace())
    assert watched.grace_secs(1.0) == 15.0
    assert watched.grace_secs(20.0) == 20.0


def test_a_run_has_ended_before_its_hooks_are_told(step):
    seen = []

    class Asks(monitored_tf.SessionRunHook):
        def after_run(self, run_context, run_values):
            seen.append(watched.is_in_run())

    class Watches(monitored_tf.SessionRunHook):
        def before_run(self, run_context):
            watched.step_begins(run_context)
            seen.append(watched.is_in_run())

    watched = WatchedSession()
    hooks = [Asks(), Watches()]
    with monitored_tf.MonitoredSession(hooks=hooks) as session:
        session.run(step)
    assert seen == [True, False]
