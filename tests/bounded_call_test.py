"""Calls that are waited for, and left behind."""

import threading

import pytest

from monitored_tf.bounded_call import BoundedCall, abandoned_calls


def test_the_result_is_that_of_the_function():
    assert BoundedCall(lambda: 42, "answer").result() == 42


def test_an_error_is_raised_as_it_is():
    error = KeyError("mine")

    def fail():
        raise error

    with pytest.raises(KeyError) as raised:
        BoundedCall(fail, "failing").result()
    assert raised.value is error


def test_the_function_runs_in_a_daemon_thread_of_this_name():
    thread = BoundedCall(threading.current_thread, "a name").result()
    assert (thread.name, thread.daemon) == ("a name", True)


def test_one_may_wait_again_for_what_takes_longer():
    go_on = threading.Event()
    call = BoundedCall(lambda: go_on.wait(60), "waiting")
    assert not call.wait(0.01)
    go_on.set()
    assert call.wait(60)
    assert call.result() is True


def test_no_limit_is_too_long():
    assert BoundedCall(lambda: 1, "quick").wait(1e300)


def test_what_an_abandoned_call_returns_is_disposed_of():
    go_on, disposed = threading.Event(), threading.Event()
    results = []

    def dispose(result):
        results.append(result)
        disposed.set()

    call = BoundedCall(lambda: go_on.wait(60), "slow", dispose)
    call.abandon()
    assert abandoned_calls() == ["slow"]
    go_on.set()
    assert disposed.wait(60)
    assert results == [True]
    assert abandoned_calls() == []


def test_what_was_done_when_it_is_abandoned_is_disposed_of_too():
    results = []
    call = BoundedCall(lambda: 3, "quick", results.append)
    assert call.wait(60)
    call.abandon()
    assert results == [3]
    assert abandoned_calls() == []


def test_an_abandoned_call_that_fails_is_forgotten():
    go_on = threading.Event()

    def fail():
        go_on.wait(60)
        raise ValueError

    call = BoundedCall(fail, "failing", dispose=pytest.fail)
    call.abandon()
    go_on.set()
    assert call.wait(60)
    assert abandoned_calls() == []
