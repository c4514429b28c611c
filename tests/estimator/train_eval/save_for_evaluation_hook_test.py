"""Checkpoints at the steps that are to be evaluated."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.estimator.train_eval.save_for_evaluation_hook import (
    SaveForEvaluationHook,
)
from monitored_tf.hooks import CheckpointSaverHook, PreemptionHook

v1 = tf.compat.v1


class _Listener(v1.train.CheckpointSaverListener):
    """Writes down at which steps is saved; may ask to stop at one."""

    def __init__(self, stops_at=None):
        self.steps = []
        self._stops_at = stops_at

    def after_save(self, session, global_step_value):
        self.steps.append(int(global_step_value))
        return global_step_value == self._stops_at


@pytest.fixture
def play(tmp_path, step):
    """Runs steps; returns at which ones was saved, and the last step."""

    def play(is_due, steps=7, save_steps=100, stops_at=None):
        listener = _Listener(stops_at)
        saver_hook = CheckpointSaverHook(
            str(tmp_path), save_steps=save_steps, listeners=[listener]
        )
        preemption_hook = PreemptionHook(saver_hook, signals=())
        hooks = [
            SaveForEvaluationHook(is_due, preemption_hook),
            saver_hook,
            preemption_hook,
            monitored_tf.StopAtStepHook(last_step=steps),
        ]
        with monitored_tf.MonitoredSession(hooks=hooks) as session:
            while not session.should_stop():
                last = int(session.run(step))
        return listener.steps, last

    return play


def test_it_saves_where_an_evaluation_is_due(play):
    saved, last = play(lambda step: step % 3 == 0)
    # The first and the last are the saver's own.
    assert saved == [0, 3, 6, 7]
    assert last == 7


def test_the_interval_of_the_saver_begins_anew(play):
    saved, _ = play(lambda step: step in (4, 5), steps=9, save_steps=3)
    assert saved == [0, 3, 4, 5, 8, 9]


def test_where_none_is_due_it_saves_nothing(play):
    assert play(lambda step: False)[0] == [0, 7]


def test_a_listener_that_asks_for_it_stops_the_training(play):
    saved, last = play(lambda step: True, stops_at=3)
    assert last == 3
    assert saved[:4] == [0, 1, 2, 3]


def test_a_step_that_a_worker_made_meanwhile_is_asked_for(play):
    asked = []

    def is_due(step):
        asked.append(step)
        return step == 2 and asked.count(2) == 1

    # The second look, at the step as it is then, has the last word.
    assert play(is_due, steps=4)[0] == [0, 4]
    assert asked.count(2) == 2
