"""When an evaluation is due."""

import pytest

from monitored_tf.estimator.train_eval.evaluation_cadence import (
    EvaluationCadence,
)
from monitored_tf.testing import FakeClock


@pytest.fixture
def clock():
    with FakeClock() as clock:
        yield clock


def test_by_time_the_first_one_is_due_at_once(clock):
    cadence = EvaluationCadence(10)
    cadence.start(0)
    assert cadence.is_due(1)


def test_by_time_it_counts_from_the_start_of_the_last_one(clock):
    cadence = EvaluationCadence(10)
    cadence.began(1)
    clock.advance(9)
    assert not cadence.is_due(2)
    clock.advance(1)
    assert cadence.is_due(2)
    assert not cadence.is_due(1)  # It was evaluated.


def test_without_a_throttle_each_step_is_due(clock):
    cadence = EvaluationCadence(0)
    cadence.began(1)
    assert cadence.is_due(2)


def test_by_steps_it_counts_from_where_training_begins(clock):
    cadence = EvaluationCadence(600, 5)
    assert not cadence.is_due(100)
    cadence.start(100)
    assert not cadence.is_due(104)
    assert cadence.is_due(105)


def test_by_steps_it_counts_from_the_last_one(clock):
    cadence = EvaluationCadence(600, 5)
    cadence.start(0)
    cadence.began(7)
    assert cadence.last_step == 7
    assert [step for step in range(20) if cadence.is_due(step)] == [
        *range(12, 20)
    ]


def test_only_an_evaluation_by_steps_needs_a_save(clock):
    by_time, by_steps = EvaluationCadence(0), EvaluationCadence(0, 5)
    for cadence in (by_time, by_steps):
        cadence.start(0)
        assert cadence.is_due(5)
    assert not by_time.is_save_due(5)
    assert by_steps.is_save_due(5)


def test_what_was_tried_is_not_tried_again_for_as_many_steps(clock):
    cadence = EvaluationCadence(600, 5)
    cadence.start(0)
    cadence.tried(7)
    assert [step for step in range(20) if cadence.is_save_due(step)] == [
        *range(12, 20)
    ]
    assert cadence.is_due(8)  # If something else saves.


def test_a_try_before_an_evaluation_is_due_does_not_count(clock):
    cadence = EvaluationCadence(600, 5)
    cadence.start(0)
    cadence.tried(3)
    assert cadence.is_save_due(5)
    cadence.tried(5)
    cadence.tried(2)  # The session was lost, an older step restored.
    assert cadence.is_save_due(5)
