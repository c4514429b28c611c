"""What is a hook and what is none."""

import pytest
import tensorflow as tf

from monitored_tf import errors, hook_protocol
from monitored_tf.testing import RecordingHook

v1 = tf.compat.v1


class Duck:
    def begin(self): ...

    after_create_session = before_run = after_run = end = begin


def test_no_hooks_are_an_empty_tuple():
    assert hook_protocol.check_hooks(None) == ()
    assert hook_protocol.check_hooks([]) == ()


def test_a_generator_of_hooks_is_read_once_and_kept():
    hooks = [RecordingHook(), RecordingHook()]
    assert hook_protocol.check_hooks(hook for hook in hooks) == tuple(hooks)


def test_a_single_hook_is_told_to_go_into_a_list():
    with pytest.raises(errors.InvalidHookError, match=r"hooks=\[hook\]"):
        hook_protocol.check_hooks(RecordingHook())


def test_a_class_in_place_of_a_hook_is_told_to_be_made():
    message = r"not classes.*RecordingHook\(\.\.\.\)"
    with pytest.raises(errors.InvalidHookError, match=message):
        hook_protocol.check_hooks([RecordingHook])


@pytest.mark.parametrize("hook", [None, 3, "hook", object()])
def test_what_has_no_callbacks_is_no_hook(hook):
    with pytest.raises(errors.InvalidHookError, match=r"no method begin\(\)"):
        hook_protocol.check_hooks([hook])


def test_a_hook_of_tensorflow_and_a_duck_are_hooks():
    hooks = (v1.train.NanTensorHook(None), Duck())
    assert hook_protocol.check_hooks(hooks) == hooks
