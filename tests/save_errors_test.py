"""Errors of saves: what they say, and which `except` catches them."""

import pytest
import tensorflow as tf

from monitored_tf import errors, save_errors

v1 = tf.compat.v1


def test_nan_weights_are_named_up_to_twenty():
    found = [(f"v{number}", 1, 4) for number in range(23)]
    error = save_errors.nan_weights("folder/model.ckpt-7", found)
    assert isinstance(error, errors.MonitoredTFError)
    assert isinstance(error, v1.train.NanLossDuringTrainingError)
    text = str(error)
    assert "in 23 variables: model.ckpt-7 is not saved into folder." in text
    assert "v0 (1 of 4)" in text
    assert "v19 (1 of 4), and 3 more." in text
    assert len(error.variables) == 23


def test_a_rollback_is_a_preemption_too():
    error = save_errors.nan_weights("folder/model.ckpt-7", [("v", 1, 4)])
    rolled_back = save_errors.rolled_back(error, "folder/model.ckpt-5")
    assert isinstance(rolled_back, tf.errors.AbortedError)
    assert isinstance(rolled_back, save_errors.NanWeightsError)
    assert rolled_back.error_code == tf.errors.ABORTED
    assert rolled_back.variables == ("v",)
    text = str(rolled_back)
    assert text.endswith("Training is to go on from folder/model.ckpt-5.")
    assert rolled_back.message == text


def _error(kind, text):
    return kind(None, None, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "/a/b_temp/part-0.data.tempstate1; No space left on device\n"
            "\t [[{{node save/SaveV2}}]]",
            "No space left on device",
        ),
        ("/a/b; Permission denied [Op:SaveV2]", "Permission denied"),
        ("/a/b is not a directory", "/a/b is not a directory"),
        ("", "ResourceExhaustedError"),
    ],
)
def test_the_reason_stands_first(text, reason):
    cause = _error(tf.errors.ResourceExhaustedError, text)
    error = save_errors.save_error(cause, "/a/b", 7)
    assert str(error) == (
        f"{reason}: could not save /a/b at step 7 (ResourceExhaustedError)."
    )
    assert (error.reason, error.path, error.step) == (reason, "/a/b", 7)


def test_a_save_error_is_of_the_type_of_its_cause():
    cause = _error(tf.errors.PermissionDeniedError, "no")
    error = save_errors.save_error(cause, "/a/b", None)
    assert isinstance(error, tf.errors.PermissionDeniedError)
    assert isinstance(error, save_errors.CheckpointSaveError)
    assert isinstance(error, RuntimeError)
    assert error.error_code == cause.error_code
    assert "could not save /a/b (" in str(error)


def test_the_reason_of_an_os_error_is_its_text():
    cause = FileNotFoundError(2, "No such file or directory", "/a")
    error = save_errors.save_error(cause, "/a/b", 7)
    assert str(error).startswith("No such file or directory: could not save")


@pytest.mark.parametrize(
    "cause", [_error(tf.errors.OutOfRangeError, "x"), StopIteration("x")]
)
def test_no_save_error_looks_like_the_end_of_the_data(cause):
    error = save_errors.save_error(cause, "/a/b", 7)
    assert type(error) is save_errors.CheckpointSaveError
