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
