"""Whom a worker waits for, and for how long that is watched."""

import pytest
import tensorflow as tf
from absl import logging

from monitored_tf import waiting
from monitored_tf.estimator.train.chief_wait_hook import ChiefWaitHook
from monitored_tf.testing import FakeClock


@pytest.fixture
def lines(monkeypatch):
    """The warnings that are logged meanwhile."""
    logged = []
    monkeypatch.setattr(
        logging, "warning", lambda text, *args: logged.append(text % args)
    )
    return logged


@pytest.fixture
def watched(monkeypatch):
    """What is watched, instead of a thread that watches it."""
    waits = []
    monkeypatch.setattr(waiting, "watch", waits.append)
    monkeypatch.setattr(
        waiting, "forget", lambda one: one in waits and waits.remove(one)
    )
    return waits


def _line(jobs, watched, lines):
    """Returns what is logged after 20 s of waiting."""
    with FakeClock() as clock:
        ChiefWaitHook(jobs).begin()
        clock.advance(20)
        watched[-1].look()
    return lines[-1]


@pytest.mark.parametrize(
    ("jobs", "told"),
    [
        (
            {"chief": ["a:1"], "worker": ["b:1"], "ps": ["c:1", "d:1"]},
            "which the chief at a:1 makes on the ps at c:1, d:1",
        ),
        (
            {"master": ["a:1"], "worker": ["b:1"]},
            "which the master at a:1 makes",
        ),
        (
            {"chief": {0: "a:1"}, "ps": {1: "d:1", 4: "e:1"}},
            "which the chief at a:1 makes on the ps at d:1, e:1",
        ),
    ],
)
def test_it_says_who_makes_the_variables(jobs, told, watched, lines):
    line = _line(jobs, watched, lines)
    assert line == f"Waiting 20 s for the variables, {told}"


def test_what_is_soon_there_is_not_told(watched, lines):
    with FakeClock() as clock:
        hook = ChiefWaitHook({"chief": ["a:1"]})
        hook.begin()
        clock.advance(5)
        watched[-1].look()
    assert lines == []


def test_a_first_session_ends_the_wait(graph, watched):
    hook = ChiefWaitHook({"chief": ["a:1"]})
    hook.begin()
    assert len(watched) == 1
    with tf.compat.v1.Session() as session:
        hook.after_create_session(session, None)
        assert watched == []
        hook.close()


def test_without_a_session_the_wait_ends_too(watched):
    hook = ChiefWaitHook({"chief": ["a:1"]})
    hook.begin()
    hook.close()
    assert watched == []
