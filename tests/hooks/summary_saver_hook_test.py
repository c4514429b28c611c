"""Summaries, which a recovery does not stop."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.testing import FakeClock, Fault, FaultHook

v1 = tf.compat.v1


def _train(step, hooks, *faults):
    with (
        FakeClock() as clock,
        monitored_tf.MonitoredSession(
            hooks=[*hooks, FaultHook(*faults)],
            recovery=monitored_tf.RecoveryPolicy.tf(),
        ) as session,
    ):
        for _ in range(16):
            clock.advance(1)
            session.run(step)


def _hook(folder, hook_class=monitored_tf.SummarySaverHook, **cadence):
    return hook_class(
        output_dir=str(folder), summary_op=v1.summary.merge_all(), **cadence
    )


def _steps(folder):
    (events,) = folder.glob("events*")
    return [
        event.step
        for event in v1.train.summary_iterator(str(events))
        if event.summary.value
    ]


@pytest.fixture
def counted(step):
    v1.summary.scalar("counted", step)
    return step


def test_it_is_a_summary_saver_of_tensorflow(counted, tmp_path):
    hook = _hook(tmp_path, save_steps=1)
    assert isinstance(hook, v1.train.SummarySaverHook)


@pytest.mark.parametrize("cadence", [{"save_steps": 5}, {"save_secs": 5}])
def test_without_a_recovery_its_output_is_that_of_tensorflow(
    counted, tmp_path, cadence
):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    hooks = [
        _hook(ours, **cadence),
        _hook(theirs, v1.train.SummarySaverHook, **cadence),
    ]
    _train(counted, hooks)
    # Which steps these are is a race: the hooks read the step beside the run.
    assert _steps(ours) == _steps(theirs)
    assert len(_steps(ours)) == 4


def test_after_a_rollback_summaries_are_saved_from_the_first_step_on(
    counted, tmp_path
):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    hooks = [
        _hook(ours, save_steps=5),
        _hook(theirs, v1.train.SummarySaverHook, save_steps=5),
    ]
    # From 9 back to 0; seven more steps follow.
    _train(counted, hooks, Fault("before_run", 10))
    first, second, after_rollback, last = _steps(ours)
    assert _steps(theirs) == [first, second]
    assert after_rollback < second
    assert after_rollback < last
