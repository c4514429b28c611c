"""Which of *_secs and *_steps holds."""

import inspect

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.save_cadence import USE_DEFAULT, SaveCadence

DEFAULT = SaveCadence(None, 600)


@pytest.mark.parametrize(
    ("steps", "secs", "expected"),
    [
        (USE_DEFAULT, USE_DEFAULT, DEFAULT),
        (10, USE_DEFAULT, SaveCadence(10, None)),
        (USE_DEFAULT, 60, SaveCadence(None, 60)),
        (10, 60, SaveCadence(None, 60)),
        (10, None, SaveCadence(10, None)),
        (None, 60, SaveCadence(None, 60)),
        (None, None, SaveCadence(None, None)),
        (None, USE_DEFAULT, SaveCadence(None, None)),
        (USE_DEFAULT, None, SaveCadence(None, None)),
        (0, 0, SaveCadence(None, None)),
        (-1, USE_DEFAULT, SaveCadence(None, None)),
        (10, 0, SaveCadence(10, None)),
        (10, -1, SaveCadence(10, None)),
        (0, 60, SaveCadence(None, 60)),
        (USE_DEFAULT, 0.5, SaveCadence(None, 0.5)),
    ],
)
def test_the_seconds_hold_then_the_steps_then_the_default(
    steps, secs, expected
):
    assert SaveCadence.resolve(steps, secs, DEFAULT) == expected


@pytest.mark.parametrize(
    ("cadence", "is_on"),
    [
        (SaveCadence(None, None), False),
        (SaveCadence(1, None), True),
        (SaveCadence(None, 1), True),
    ],
)
def test_a_cadence_of_either_kind_is_on(cadence, is_on):
    assert cadence.is_on is is_on


@pytest.mark.parametrize(
    "name",
    [
        "save_checkpoint_secs",
        "save_checkpoint_steps",
        "save_summaries_secs",
        "save_summaries_steps",
    ],
)
def test_not_given_is_the_object_that_tensorflow_uses(name):
    for module in (monitored_tf, tf.compat.v1.train):
        signature = inspect.signature(module.MonitoredTrainingSession)
        assert signature.parameters[name].default is USE_DEFAULT
