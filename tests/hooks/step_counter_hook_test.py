"""Steps per second, which a recovery does not spoil."""

import pytest
import tensorflow as tf
from tensorflow.python.platform import tf_logging

import monitored_tf
from monitored_tf.testing import FakeClock, Fault, FaultHook

v1 = tf.compat.v1
OUTAGE = monitored_tf.RecoveryPolicy(
    initial_pause_secs=1000, max_pause_secs=1000
)


def _train(step, folder, hooks, save_steps):
    """Runs ten steps of a second each; the seventh loses the session first."""
    scaffold = v1.train.Scaffold()
    saver = monitored_tf.CheckpointSaverHook(
        str(folder), save_steps=save_steps, scaffold=scaffold
    )
    creator = monitored_tf.ChiefSessionCreator(
        scaffold, checkpoint_dir=str(folder)
    )
    hooks = [*hooks, saver, FaultHook(Fault("before_run", 7))]
    with (
        FakeClock() as clock,
        monitored_tf.MonitoredSession(
            creator, hooks, recovery=OUTAGE
        ) as session,
    ):
        for _ in range(10):
            clock.advance(1)
            session.run(step)


def _rates(folder):
    v1.summary.FileWriterCache.get(str(folder)).flush()
    (events,) = folder.glob("events*")
    return [
        (event.step, round(value.simple_value, 3))
        for event in v1.train.summary_iterator(str(events))
        for value in event.summary.value
        if value.tag == "global_step/sec"
    ]


def test_it_is_a_step_counter_of_tensorflow():
    hook = monitored_tf.StepCounterHook()
    assert isinstance(hook, v1.train.StepCounterHook)


@pytest.mark.parametrize(
    "cadence",
    [{"every_n_steps": 3}, {"every_n_steps": None, "every_n_secs": 2}],
)
def test_without_a_recovery_its_output_is_that_of_tensorflow(
    step, tmp_path, cadence
):
    folders = tmp_path / "ours", tmp_path / "theirs"
    hooks = [
        hook_class(output_dir=str(folder), **cadence)
        for hook_class, folder in zip(
            (monitored_tf.StepCounterHook, v1.train.StepCounterHook), folders
        )
    ]
    with FakeClock() as clock:
        with monitored_tf.MonitoredSession(hooks=hooks) as session:
            for number in range(10):
                clock.advance(number + 1)
                session.run(step)
    ours, theirs = (_rates(folder) for folder in folders)
    assert len(ours) > 2
    assert ours == theirs


def test_neither_the_outage_nor_the_lost_steps_are_counted(step, tmp_path):
    events = tmp_path / "events"
    hook = monitored_tf.StepCounterHook(2, output_dir=str(events))
    _train(step, tmp_path, [hook], save_steps=5)
    # From 6 back to 5: the first rate of the new session is that from 6 to 8.
    assert _rates(events) == [(3, 1), (5, 1), (8, 1)]


def test_after_a_rollback_no_rate_is_negative(step, tmp_path):
    events = tmp_path / "events"
    hook = monitored_tf.StepCounterHook(None, 1, output_dir=str(events))
    _train(step, tmp_path, [hook], save_steps=100)
    steps = [2, 3, 4, 5, 6, 2, 3, 4]
    assert _rates(events) == [(step, 1) for step in steps]


@pytest.fixture
def warnings(monkeypatch):
    """The warnings about the step, of which TensorFlow logs five at most."""
    logged = []
    monkeypatch.setattr(
        tf_logging, "log_first_n", lambda *arguments: logged.append(arguments)
    )
    return logged


@pytest.mark.parametrize("new_session", [True, False])
def test_a_step_that_is_repeated_is_not_taken_for_one_that_stands_still(
    step, warnings, new_session
):
    hook = monitored_tf.StepCounterHook()
    hook.begin()
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        context = monitored_tf.SessionRunContext(None, session)
        values = monitored_tf.SessionRunValues(8, None, None)
        hook.after_create_session(session, None)
        hook.after_run(context, values)
        if new_session:
            hook.after_create_session(session, None)
        hook.after_run(context, values)
    assert len(warnings) == (0 if new_session else 1)
