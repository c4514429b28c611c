"""The checks of the arguments of TrainSpec and EvalSpec."""

import functools

import pytest
import tensorflow as tf

from monitored_tf.estimator.train_eval import run_spec_checks as checks

train = tf.compat.v1.train


@pytest.mark.parametrize("input_fn", [len, functools.partial(len, []), dict])
def test_what_can_be_called_is_an_input_function(input_fn):
    checks.check_input_fn(input_fn)


def test_what_an_input_function_returned_is_none():
    data = tf.data.Dataset.range(1)
    with pytest.raises(TypeError, match="give the function itself"):
        checks.check_input_fn(data)


@pytest.mark.parametrize(
    ("check", "fine", "wrong", "match"),
    [
        (checks.check_positive, [None, 1], [0, -1], "Must specify n > 0. Got"),
        (checks.check_secs, [0, 0.5, 1], [-1, -0.5], "Must specify n >= 0."),
    ],
)
def test_numbers_have_a_least_one(check, fine, wrong, match):
    for number in fine:
        check(number, "n")
    for number in wrong:
        with pytest.raises(ValueError, match=f"{match}.*{number}"):
            check(number, "n")


@pytest.mark.parametrize(
    ("check", "wanted"),
    [
        (checks.checked_hooks, train.SessionRunHook),
        (checks.checked_listeners, train.CheckpointSaverListener),
    ],
)
def test_all_are_of_the_kind(check, wanted):
    one, other = wanted(), wanted()
    assert check(None) == check([]) == ()
    assert check(iter([one, other])) == (one, other)
    with pytest.raises(TypeError, match="put a single one into a list"):
        check(one)
    # A class is none of its instances.
    with pytest.raises(TypeError, match=f"must be `{wanted.__name__}`"):
        check([one, wanted])


def test_long_values_are_cut_in_errors():
    shown = checks.shown("x" * 1000)
    assert shown.endswith("of type str")
    assert len(shown) < 120
