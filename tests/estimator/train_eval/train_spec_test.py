"""What a TrainSpec takes."""

import copy

import pytest
import tensorflow as tf

train = tf.compat.v1.train


def _input():
    """Stands for an input function that is never called."""


def test_only_the_input_function_is_needed(estimator):
    spec = estimator.TrainSpec(_input)
    assert spec == (_input, None, (), ())
    assert spec._fields == (
        "input_fn",
        "max_steps",
        "hooks",
        "saving_listeners",
    )


def test_iterables_become_tuples(estimator, hook):
    listener = train.CheckpointSaverListener()
    spec = estimator.TrainSpec(_input, 2, iter([hook]), [listener])
    assert (spec.max_steps, spec.hooks) == (2, (hook,))
    assert spec.saving_listeners == (listener,)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"input_fn": "x"}, TypeError, "`input_fn` must be callable"),
        ({"max_steps": 0}, ValueError, "Must specify max_steps > 0"),
        ({"max_steps": -1}, ValueError, "Must specify max_steps > 0"),
        (
            {"hooks": [object()]},
            TypeError,
            "All hooks must be `SessionRunHook` instances",
        ),
        ({"hooks": 5}, TypeError, "iterable"),
        (
            {"saving_listeners": [object()]},
            TypeError,
            "All saving_listeners must be `CheckpointSaverListener` instances",
        ),
        ({"saving_listeners": 5}, TypeError, "iterable"),
    ],
)
def test_what_is_wrong_is_said(estimator, arguments, error, match):
    with pytest.raises(error, match=match):
        estimator.TrainSpec(**{"input_fn": _input, **arguments})


def test_it_can_be_copied(estimator):
    spec = estimator.TrainSpec(_input, 3)
    assert copy.copy(spec) == spec
    assert type(spec._replace(max_steps=4)) is estimator.TrainSpec
