"""Checkpoints at the steps that are to be evaluated."""

import contextlib

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.estimator.train_eval.eval_spec import EvalSpec
from monitored_tf.estimator.train_eval.evaluation_listener import (
    EvaluationListener,
)
from monitored_tf.estimator.train_eval.save_for_evaluation_hook import (
    SaveForEvaluationHook,
)
from monitored_tf.hooks import CheckpointSaverHook, PreemptionHook

v1 = tf.compat.v1


class _Listener(v1.train.CheckpointSaverListener):
    """Writes down at which steps is saved; may ask to stop at one."""

    def __init__(self, stops_at=None):
        self.begun = []
        self.steps = []
        self._stops_at = stops_at

    def before_save(self, session, global_step_value):
        self.begun.append(int(global_step_value))

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
        # The hook reads the step beside the run: that before or after it.
        asked.append(step >= 2)
        return asked.count(True) == 1

    # The second look, at the step as it is then, has the last word.
    assert play(is_due, steps=4)[0] == [0, 4]
    assert asked.count(True) >= 2


class _Evaluator:
    """Writes down which checkpoints are evaluated."""

    def __init__(self, folder, every_n_steps):
        self.spec = EvalSpec(dict, every_n_steps=every_n_steps)
        self.last = None
        self.evaluated = []
        self._folder = folder

    def new_checkpoint(self):
        newest = tf.train.latest_checkpoint(self._folder)
        return None if newest == self.last else newest

    def evaluate(self, path):
        self.last = path
        self.evaluated.append(int(path.rpartition("-")[2]))


class _Breaker(monitored_tf.SessionRunHook):
    """Does something once this step has ended."""

    def __init__(self, step, action):
        self._step = step
        self._action = action

    def begin(self):
        self._step_tensor = v1.train.get_global_step()

    def after_run(self, run_context, run_values):
        session = run_context.session
        if session.run(self._step_tensor) == self._step:
            self._action(session)


@pytest.fixture
def evaluate(tmp_path, step):
    """Trains 13 steps; returns the saves begun and what was evaluated."""

    def evaluate(*hooks, save_steps=5, error=None, **saver):
        preemption_hook = PreemptionHook(signals=())
        evaluator = _Evaluator(str(tmp_path), every_n_steps=5)
        listener = EvaluationListener([evaluator], preemption_hook)
        teller = _Listener()
        saver_hook = CheckpointSaverHook(
            str(tmp_path),
            save_steps=save_steps,
            listeners=[teller, listener],
            **saver,
        )
        preemption_hook.save_with(saver_hook)
        raised = pytest.raises(error) if error else contextlib.nullcontext()
        hooks = [
            *hooks,
            saver_hook,  # Comes first in an Estimator's training too.
            SaveForEvaluationHook(listener.is_due, preemption_hook),
            preemption_hook,
            monitored_tf.StopAtStepHook(last_step=13),
        ]
        with raised, monitored_tf.MonitoredSession(hooks=hooks) as session:
            while not session.should_stop():
                session.run(step)
        return teller.begun, evaluator.evaluated

    return evaluate


@pytest.mark.parametrize("save_steps", [5, 100])
def test_what_is_saved_in_the_background_is_saved_once(save_steps, evaluate):
    begun, evaluated = evaluate(save_steps=save_steps, async_save=True)
    assert begun == [0, 5, 10, 13]
    assert evaluated == [5, 10, 13]


def test_a_save_in_the_background_of_another_step_comes_first(evaluate):
    begun, evaluated = evaluate(save_steps=4, async_save=True)
    assert begun == [0, 4, 5, 9, 10, 13]
    assert evaluated == [5, 10, 13]


def test_a_save_that_is_skipped_is_not_tried_at_each_step(evaluate, graph):
    weight = v1.get_variable("weight", initializer=1.0)
    spoil = weight.assign(float("nan"))
    breaker = _Breaker(7, lambda session: session.run(spoil))
    begun, evaluated = evaluate(breaker, save_steps=100, on_nan="skip")
    assert begun == [0, 5, 10, 13]
    assert evaluated == [5]


def test_a_save_that_fails_is_not_tried_at_each_step(evaluate, tmp_path):
    def fill(_):
        # Of no user, not even root, can write into this.
        tmp_path.rename(f"{tmp_path}.full")
        tmp_path.write_text("")

    begun, evaluated = evaluate(
        _Breaker(7, fill),
        save_steps=100,
        error=monitored_tf.CheckpointSaveError,  # At the end.
        on_save_error="warn",
    )
    assert begun == [0, 5, 10, 13]
    assert evaluated == [5]
