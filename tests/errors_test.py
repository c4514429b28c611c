"""The tree of errors."""

import inspect

import pytest

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
        (line,) = [
            line for line in errors.__doc__.splitlines() if name in line.split()
        ]
        assert all(base.__name__ in line for base in OTHER_BASES.get(name, ()))
        assert value.__doc__
