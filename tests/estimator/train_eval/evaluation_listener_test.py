"""Evaluations that begin when a training saves."""

import threading
import types

import pytest
import tensorflow as tf
from absl import logging

from monitored_tf import estimator
from monitored_tf.estimator.train_eval.evaluation_listener import (
    EvaluationListener,
)
from monitored_tf.hooks import PreemptionHook
from tests.estimator.evaluated import batches, estimator_in, recorder

v1 = tf.compat.v1


class _Evaluator:
    """Writes down what is evaluated."""

    last = None

    def __init__(self, throttle_secs=0, every_n_steps=None):
        self.spec = types.SimpleNamespace(
            name="name",
            throttle_secs=throttle_secs,
            every_n_steps=every_n_steps,
        )
        self.evaluated = []
        self.newest = None

    def new_checkpoint(self):
        return self.newest

    def evaluate(self, path):
        self.evaluated.append(path)


class _Preempted(PreemptionHook):
    preempted = None


@pytest.fixture
def hook():
    return _Preempted()


@pytest.fixture
def evaluator():
    return _Evaluator()


@pytest.fixture
def listener(evaluator, hook):
    listener = EvaluationListener([evaluator], hook)
    listener.begin()
    return listener


@pytest.fixture
def logs(monkeypatch):
    """Lines of warnings."""
    lines = []
    monkeypatch.setattr(
        logging, "warning", lambda text, *values: lines.append(text % values)
    )
    return lines


def _save(listener, evaluator, step):
    evaluator.newest = step
    return listener.after_save(None, step)


def test_evaluates_what_is_saved_but_the_first_time(listener, evaluator):
    for step in (3, 4, 5):
        assert not _save(listener, evaluator, step)
    listener.end(None, 5)
    assert evaluator.evaluated == [4, 5]


def test_another_training_begins_anew(listener, evaluator):
    for step in (0, 1):
        _save(listener, evaluator, step)
    listener.begin()
    for step in (1, 2):
        _save(listener, evaluator, step)
    assert evaluator.evaluated == [1, 2]


def test_a_save_is_due_where_an_evaluation_by_steps_is(hook):
    seldom = _Evaluator(every_n_steps=3)
    listener = EvaluationListener([_Evaluator(), seldom], hook)
    listener.begin()
    assert not listener.is_due(9)  # What training begins with comes first.
    _save(listener, seldom, 5)
    assert [step for step in range(10) if listener.is_due(step)] == [8, 9]
    listener.begin()
    assert not listener.is_due(9)


def test_a_save_that_was_begun_is_not_due_again(hook):
    evaluator = _Evaluator(every_n_steps=3)
    listener = EvaluationListener([evaluator], hook)
    listener.begin()
    _save(listener, evaluator, 0)
    listener.before_save(None, 3)
    assert [step for step in range(8) if listener.is_due(step)] == [6, 7]
    _save(listener, evaluator, 4)
    assert evaluator.evaluated == [4]


def test_a_last_step_that_was_not_saved_is_not_evaluated(
    listener, evaluator, logs
):
    for step in (0, 1):
        _save(listener, evaluator, step)
    evaluator.last, evaluator.newest = object(), None
    listener.before_save(None, 2)
    listener.end(None, 2)
    assert evaluator.evaluated == [1]
    assert "Evaluation 'name': not evaluated: step 2 was not saved" in logs[0]


def test_an_older_checkpoint_may_be_what_is_evaluated_last(hook):
    evaluator = _Evaluator(throttle_secs=600)
    listener = EvaluationListener([evaluator], hook)
    listener.begin()
    for step in (0, 1, 2):
        _save(listener, evaluator, step)
    listener.end(None, 3)
    assert evaluator.evaluated == [1, 2]


def test_a_checkpoint_that_was_saved_and_is_gone_is_an_error(hook):
    evaluator = _Evaluator(throttle_secs=600)
    listener = EvaluationListener([evaluator], hook)
    listener.begin()
    for step in (0, 1, 2):
        _save(listener, evaluator, step)
    evaluator.last, evaluator.newest = object(), None
    with pytest.raises(RuntimeError, match="no new checkpoint after"):
        listener.end(None, 2)


@pytest.mark.parametrize("saved", [(), (0,)])
def test_no_checkpoint_at_all_is_an_error(saved, listener, evaluator):
    for step in saved:
        listener.after_save(None, step)
    with pytest.raises(RuntimeError, match="no new checkpoint after"):
        listener.end(None, 2)


class _StopsAtNan(v1.train.NanTensorHook):
    def __init__(self):
        super().__init__("Mean:0", fail_on_nan_loss=False)


class _LogsNan(v1.train.NanTensorHook):
    """Lets training go on."""

    def __init__(self):
        super().__init__("Mean:0")

    def after_run(self, run_context, run_values):
        pass


def _batches_with_nan():
    x = tf.data.Dataset.range(1, 100)
    x = tf.data.Dataset.map(
        x,
        lambda i: tf.where(
            tf.equal(i, 6), float("nan"), tf.cast(i, tf.float32)
        ),
    )
    return x.map(lambda x: (0.01 * x, x)).batch(1)


@pytest.mark.parametrize("every_n_steps", [None, 2])
@pytest.mark.parametrize(
    ("nan_hook", "config"),
    [(_StopsAtNan, {}), (_LogsNan, {"on_nan": "skip"})],
)
def test_a_training_that_ends_in_nan_returns_earlier_results(
    nan_hook, config, every_n_steps, tmp_path
):
    exporter = recorder(estimator)
    metrics, exports = estimator.train_and_evaluate(
        estimator_in(estimator, tmp_path, **config),
        estimator.TrainSpec(_batches_with_nan, 10, [nan_hook()]),
        estimator.EvalSpec(
            batches(2),
            exporters=exporter,
            throttle_secs=0,
            every_n_steps=every_n_steps,
        ),
    )
    assert exporter.calls == [2, 4]
    assert metrics["global_step"] == 4
    assert exports == ["recorder 4"]


def test_a_signal_ends_the_evaluations(listener, evaluator, hook):
    _save(listener, evaluator, 0)
    hook.preempted = object()
    _save(listener, evaluator, 1)
    listener.end(None, 2)
    assert evaluator.evaluated == []


def test_a_save_in_another_thread_is_not_evaluated(listener, evaluator):
    _save(listener, evaluator, 0)
    thread = threading.Thread(target=_save, args=(listener, evaluator, 1))
    thread.start()
    thread.join()
    assert evaluator.evaluated == []


def test_each_of_several_has_its_own_cadence(hook):
    often, seldom = _Evaluator(), _Evaluator(every_n_steps=3)
    listener = EvaluationListener([often, seldom], hook)
    listener.begin()
    for step in range(5):
        seldom.newest = step
        _save(listener, often, step)
    assert often.evaluated == [1, 2, 3, 4]
    assert seldom.evaluated == [3]
