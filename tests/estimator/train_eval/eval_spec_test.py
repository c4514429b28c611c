"""What an EvalSpec takes."""

import copy
import pickle

import pytest

import monitored_tf.estimator as ours
from tests.estimator.evaluated import recorder


def _input():
    """Stands for an input function that is never called."""


def test_only_the_input_function_is_needed(estimator):
    spec = estimator.EvalSpec(_input)
    assert spec[:7] == (_input, 100, None, (), (), 120, 600)
    assert spec._fields[:7] == (
        "input_fn",
        "steps",
        "name",
        "hooks",
        "exporters",
        "start_delay_secs",
        "throttle_secs",
    )


def test_iterables_become_tuples(estimator, hook):
    exporters = [recorder(estimator, "a"), recorder(estimator, "b")]
    spec = estimator.EvalSpec(
        _input, None, "name", iter([hook]), exporters, 0, 0
    )
    assert spec.hooks == (hook,)
    assert spec.exporters == tuple(exporters)
    assert spec[1:3] == (None, "name")
    assert spec[5:7] == (0, 0)


def test_a_single_exporter_needs_no_list(estimator):
    exporter = recorder(estimator)
    spec = estimator.EvalSpec(_input, exporters=exporter)
    assert spec.exporters == (exporter,)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"input_fn": "x"}, TypeError, "`input_fn` must be callable"),
        ({"steps": 0}, ValueError, "Must specify steps > 0"),
        ({"name": 5}, TypeError, "`name` must be string"),
        ({"hooks": [object()]}, TypeError, "All hooks must be"),
        (
            {"start_delay_secs": -1},
            ValueError,
            "Must specify start_delay_secs >= 0",
        ),
        ({"throttle_secs": -1}, ValueError, "Must specify throttle_secs >= 0"),
        ({"exporters": "x"}, TypeError, "`exporters` must be an Exporter"),
        ({"exporters": 5}, TypeError, "`exporters` must be an Exporter"),
        ({"exporters": [None]}, TypeError, "`exporters` must be an Exporter"),
    ],
)
def test_what_is_wrong_is_said(estimator, arguments, error, match):
    with pytest.raises(error, match=match):
        estimator.EvalSpec(**{"input_fn": _input, **arguments})


@pytest.mark.parametrize(
    ("names", "match"),
    [
        (["a", "b", "a"], "`exporters` must have unique names"),
        (["a", ""], "cannot have a name that is `None` or empty"),
        ([None], "cannot have a name that is `None` or empty"),
        ([5], "An Exporter must have a string name"),
    ],
)
def test_an_exporter_has_a_name_of_its_own(estimator, names, match):
    exporters = [recorder(estimator, name) for name in names]
    with pytest.raises(ValueError, match=match):
        estimator.EvalSpec(_input, exporters=exporters)


# What tf.estimator does not have.


def test_more_goes_by_name():
    spec = ours.EvalSpec(_input, every_n_steps=5, keep_warm=True)
    assert spec[7:] == (5, True)
    assert ours.EvalSpec(_input)[7:] == (None, False)
    with pytest.raises(TypeError, match="positional"):
        ours.EvalSpec(_input, 1, None, None, None, 0, 0, 5)


def test_a_number_of_steps_is_positive():
    with pytest.raises(ValueError, match="Must specify every_n_steps > 0"):
        ours.EvalSpec(_input, every_n_steps=0)


def test_it_can_be_copied():
    spec = ours.EvalSpec(_input, name="x", every_n_steps=5, keep_warm=True)
    for copied in (
        copy.copy(spec),
        copy.deepcopy(spec),
        pickle.loads(pickle.dumps(spec)),
        spec._replace(steps=100),
    ):
        assert copied == spec
        assert type(copied) is ours.EvalSpec
