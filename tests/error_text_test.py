"""What an error says, in one line."""

import pytest
import tensorflow as tf

from monitored_tf import error_text


def test_an_error_is_described_by_its_first_line():
    assert error_text.describe(ValueError("one\ntwo")) == "ValueError: one"
    assert error_text.describe(ValueError()) == "ValueError"


def test_an_error_whose_first_line_is_empty_is_described_all_the_same():
    assert error_text.describe(ValueError("\ntwo")) == "ValueError: two"


def test_an_error_of_a_kernel_is_described_by_what_happened(graph):
    infinite = tf.constant(1.0) / 0.0
    checked = tf.compat.v1.debugging.check_numerics(infinite, "planted")
    with tf.compat.v1.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError) as raised:
            session.run(checked)
    assert error_text.describe(raised.value).startswith(
        "InvalidArgumentError: planted : Tensor had"
    )


def test_an_error_of_another_task_names_the_task():
    text = (
        "Graph execution error:\n\nFrom /job:ps/replica:0/task:0:\n"
        "failed to connect to all addresses\nAdditional GRPC information"
    )
    assert error_text.describe(
        tf.errors.UnavailableError(None, None, text)
    ) == (
        "UnavailableError: From /job:ps/replica:0/task:0: failed to connect to "
        "all addresses"
    )


def test_of_an_error_that_several_tasks_report_the_first_is_told():
    text = (
        "Graph execution error:\n\n=====================\n"
        "UNAVAILABLE: From /job:ps/replica:0/task:0:\nreset by peer\n"
        "Additional GRPC error information\n"
        "UNAVAILABLE: From /job:chief/replica:0/task:0:\nSocket closed\n"
        "=====================\n"
    )
    assert error_text.describe(
        tf.errors.UnavailableError(None, None, text)
    ) == ("UnavailableError: From /job:ps/replica:0/task:0: reset by peer")


def test_the_task_that_did_not_answer_is_told_after_what_happened():
    error = tf.errors.UnavailableError(
        None,
        None,
        "From /job:chief/replica:0/task:0:\nSocket closed\nAdditional GRPC "
        "error information from remote target /job:ps/replica:0/task:1:",
    )
    assert error_text.peer_of(error) == "/job:ps/replica:0/task:1"
    assert error_text.describe(error).endswith("[/job:ps/replica:0/task:1]")


def test_an_error_that_names_no_task_has_no_peer():
    assert error_text.peer_of(ValueError("job ps, task 0")) == ""


def test_the_recent_logs_of_an_error_are_cut_off():
    text = "5 root error(s) found.\nlost\n"
    logs = "Recent warning and error logs:\n  I0412"
    error = tf.errors.AbortedError(None, None, text + logs)
    assert error_text.without_logs(error) == text
    assert error_text.without_logs(ValueError("lost")) == "lost"
