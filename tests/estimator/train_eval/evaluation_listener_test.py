"""Evaluations that begin when a training saves."""

import threading
import types

import pytest

from monitored_tf.estimator.train_eval.evaluation_listener import (
    EvaluationListener,
)
from monitored_tf.hooks import PreemptionHook


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
    assert not listener.is_due(2)
    for step in (1, 2):
        _save(listener, evaluator, step)
    assert evaluator.evaluated == [1, 2]


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
