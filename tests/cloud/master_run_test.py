"""The session that configures tasks: what its errors hold."""

from __future__ import annotations

import traceback

import pytest
import tensorflow as tf

from monitored_tf.cloud import master_run, settings
from tests.cloud.credentials_test import SECRET, USER

v1 = tf.compat.v1


def _blocking_ops(given):
    """Feeds the secret to a run that never ends."""
    text = v1.placeholder(tf.string, [])
    with tf.control_dependencies([text]):
        blocked = tf.queue.FIFOQueue(1, [tf.string]).dequeue()
    return [blocked], {text: given.credentials.reveal()}


def _held_by(error):
    report = traceback.TracebackException.from_exception(
        error, capture_locals=True
    )
    return "".join(report.format())


def test_error_of_a_lost_master_holds_nothing_that_was_fed(master, monkeypatch):
    monkeypatch.setattr(master_run, "_RUN_SECS", 0.5)
    given = settings.check(USER, None)
    with pytest.raises(tf.errors.DeadlineExceededError) as caught:
        master_run.run(_blocking_ops, given, master, None)
    assert SECRET not in _held_by(caught.value)


def test_interrupted_run_holds_nothing_that_was_fed(master, monkeypatch):
    def run(session, fetches, feeds, options):
        del session, fetches, options
        raise KeyboardInterrupt(len(feeds))

    monkeypatch.setattr(v1.Session, "run", run)
    given = settings.check(USER, None)
    with pytest.raises(KeyboardInterrupt) as caught:
        master_run.run(_blocking_ops, given, master, None)
    assert caught.value.args == (1,)
    assert SECRET not in _held_by(caught.value)
