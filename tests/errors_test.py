"""The tree of errors."""

import inspect

import pytest
import tensorflow as tf

from monitored_tf import errors

OTHER_BASES = {
    "SessionClosedError": (RuntimeError,),
    "StopRequestedError": (RuntimeError,),
    "FeedConflictError": (RuntimeError,),
    "InvalidHookError": (AttributeError, TypeError),
    "InvalidRequestError": (AttributeError, TypeError),
    "InvalidSessionCreatorError": (AttributeError, TypeError),
    "InvalidStepFunctionError": (ValueError, TypeError),
    "InvalidSignatureError": (ValueError, TypeError),
    "NoCheckpointSaverError": (RuntimeError,),
    "CheckpointRequiredError": (RuntimeError,),
    "InvalidClusterError": (ValueError,),
    "ProcessEndError": (SystemExit,),
    "PeerLostError": (RuntimeError, SystemExit),
    "Preempted": (SystemExit,),
}


@pytest.mark.parametrize(("name", "bases"), OTHER_BASES.items())
def test_each_error_is_also_what_tensorflow_raises_there(name, bases):
    for base in (errors.MonitoredTFError, *bases):
        assert issubclass(getattr(errors, name), base)


def test_a_closed_session_says_what_to_do():
    assert "Make a new one" in str(errors.SessionClosedError())


def test_the_warning_is_a_user_warning_and_no_error():
    assert issubclass(errors.StrayStopWarning, UserWarning)
    assert not issubclass(errors.StrayStopWarning, errors.MonitoredTFError)


def test_the_tree_in_the_docstring_names_every_class_with_its_bases():
    for name, value in inspect.getmembers(errors, inspect.isclass):
        if value.__module__ != errors.__name__:
            continue
        (line,) = [
            line for line in errors.__doc__.splitlines() if name in line.split()
        ]
        assert all(base.__name__ in line for base in OTHER_BASES.get(name, ()))
        assert value.__doc__


def test_giving_up_is_also_what_the_last_error_was():
    last = tf.errors.AbortedError(None, None, "lost")
    raised = errors.gave_up(last, "the reason", ["first", "second"])
    assert isinstance(raised, errors.RecoveryGaveUp)
    assert isinstance(raised, tf.errors.AbortedError)
    assert (raised.message, raised.error_code) == ("lost", last.error_code)
    assert str(raised) == "Recovery gave up: the reason.\n  first\n  second"
    assert raised.attempts == ("first", "second")


class _SlottedError(Exception):
    __slots__ = ("more",)


@pytest.mark.parametrize(
    "last",
    [KeyError("k"), OSError(2, "no"), UnicodeError("u"), _SlottedError()],
    ids=repr,
)
def test_giving_up_goes_together_with_other_errors(last):
    raised = errors.gave_up(last, "the reason", [])
    assert isinstance(raised, type(last))
    assert raised.args == last.args
    assert str(raised) == "Recovery gave up: the reason."
