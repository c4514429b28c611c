"""Which arguments a function names."""

import functools
import inspect
from unittest import mock

import pytest

from monitored_tf.estimator import fn_args


def model_fn(features, labels, mode, params=None):
    """A model function."""


class Model:
    """Model functions of other kinds."""

    def __call__(self, features, mode):
        pass

    def method(self, features, labels):
        pass

    @classmethod
    def of_class(cls, features):
        pass

    @staticmethod
    def static(features):
        pass

    def without_self(*args):  # noqa: N805  -- it is in args.
        pass


def passing_on(*args, **kwargs):
    pass


def only_by_name(features, *, labels, mode=None):
    pass


@functools.wraps(model_fn)
def decorated(*args, **kwargs):
    pass


@functools.wraps(model_fn)
def renamed(features, config):
    pass


KINDS = [
    (model_fn, ("features", "labels", "mode", "params")),
    (lambda op: op, ("op",)),
    (Model(), ("features", "mode")),
    (Model().method, ("features", "labels")),
    (Model.of_class, ("features",)),
    (Model.static, ("features",)),
    (Model.method, ("self", "features", "labels")),
    (Model().without_self, ()),
    (passing_on, ()),
    (mock.Mock(), ()),
    (functools.partial(model_fn, params=1), ("features", "labels", "mode")),
    (functools.partial(model_fn, 1, params=1), ("labels", "mode")),
    (functools.partial(functools.partial(model_fn, 1), 2), ("mode", "params")),
    (functools.partial(Model().method, labels=1), ("features",)),
    (functools.partial(Model(), 1), ("mode",)),
    (functools.partial(passing_on, 1, a=2), ()),
]


@pytest.mark.parametrize(("function", "names"), KINDS)
def test_names_of_open_arguments(function, names):
    assert fn_args.fn_args(function) == names


@pytest.mark.parametrize(("function", "names"), KINDS)
def test_names_are_those_of_tensorflow_estimator(function, names):
    util = pytest.importorskip("tensorflow_estimator.python.estimator.util")
    assert util.fn_args(function) == names


def test_arguments_given_by_keyword_only_count_too():
    assert fn_args.fn_args(only_by_name) == ("features", "labels", "mode")
    bound = functools.partial(only_by_name, 1, mode=2)
    assert fn_args.fn_args(bound) == ("labels",)


def test_positional_arguments_bind_no_keyword_only_ones():
    def starred(*args, mode):
        pass

    bound = functools.partial(starred, 1, 2)
    assert fn_args.fn_args(bound) == ("mode",)


def test_a_decorator_that_passes_on_names_what_is_behind_it():
    assert fn_args.fn_args(decorated) == fn_args.fn_args(model_fn)
    assert fn_args.fn_args(renamed) == ("features", "config")


def test_no_function_is_a_type_error():
    with pytest.raises(TypeError, match="function was expected. Got 'text'"):
        fn_args.fn_args("text")


def test_a_function_that_hides_its_arguments_is_a_type_error():
    with pytest.raises(ValueError, match="no signature"):
        inspect.signature(type)
    with pytest.raises(TypeError, match="does not tell its arguments"):
        fn_args.fn_args(type)


def test_arguments_for_gives_what_is_named_and_available():
    available = {"mode": "eval", "params": {"a": 1}, "config": None}
    assert fn_args.arguments_for(model_fn, available) == {
        "mode": "eval",
        "params": {"a": 1},
    }
    assert fn_args.arguments_for(lambda: 1, available) == {}


@pytest.mark.parametrize(
    ("function", "takes_only"),
    [
        (lambda op: op, True),
        (lambda op, *, verbose=False: op, True),
        (lambda op, other=1: op, False),
        (lambda op, *, other: op, False),
        (lambda other: other, False),
        (lambda: None, False),
    ],
)
def test_takes_only(function, takes_only):
    assert fn_args.takes_only(function, ("op",)) is takes_only


@pytest.mark.parametrize(
    ("function", "params"),
    [
        (model_fn, {}),
        (lambda features: 1, None),
        (lambda features, labels, mode, params, config: 1, {"a": 1}),
        (lambda features, **others: 1, None),
        (lambda features, *, unused=1: 1, None),
        (Model.method, None),
        (functools.partial(lambda features, rate: 1, rate=1), None),
    ],
)
def test_good_model_functions(function, params):
    fn_args.check_model_fn(function, params)


@pytest.mark.parametrize(
    ("function", "params", "text"),
    [
        (lambda x, labels: 1, None, "must include features argument.*x, lab"),
        (lambda: 1, None, "must include features argument. It names none"),
        (
            lambda features, rate: 1,
            None,
            "following not expected args: rate. It",
        ),
        (
            lambda features, *, rate: 1,
            None,
            "following not expected args: rate",
        ),
        (lambda features, mode: 1, {}, "does not include params argument"),
    ],
)
def test_bad_model_functions(function, params, text):
    with pytest.raises(ValueError, match=text):
        fn_args.check_model_fn(function, params)


def test_params_that_are_named_and_not_given_are_warned_of(caplog):
    fn_args.check_model_fn(model_fn, None)
    assert "it will get {}" in caplog.text
