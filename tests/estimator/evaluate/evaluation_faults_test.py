"""Evaluations that are lost or stopped."""

import os
import signal

import pytest
import tensorflow as tf

import monitored_tf
import monitored_tf.estimator as ours
from monitored_tf.hooks import PreemptionHook
from tests.estimator import trained_model
from tests.estimator.trained_model import input_fn, made, write_checkpoint

v1 = tf.compat.v1


def test_a_session_that_is_lost_begins_anew(tmp_path):
    write_checkpoint(tmp_path, 1)

    class Loses(v1.train.SessionRunHook):
        """Loses the session after its second step, once."""

        runs = 0

        def after_run(self, run_context, run_values):
            self.runs += 1
            if self.runs == 2:
                raise tf.errors.AbortedError(None, None, "planted")

    events = []
    policy = monitored_tf.RecoveryPolicy(on_recovery=events.append)
    config = ours.RunConfig(recovery=policy)
    model = made(ours, tmp_path, config)
    hook = Loses()
    metrics = model.evaluate(input_fn, hooks=[hook])
    assert hook.runs == 5
    assert len(events) == 1
    assert trained_model.equal(metrics, model.evaluate(input_fn))


class Kills(v1.train.SessionRunHook):
    """Sends SIGTERM to this process in the first step."""

    has_killed = False

    def before_run(self, run_context):
        if not self.has_killed:
            self.has_killed = True
            os.kill(os.getpid(), signal.SIGTERM)


def endless():
    return input_fn().repeat()


def test_sigterm_stops_it(tmp_path):
    write_checkpoint(tmp_path, 1)
    with pytest.raises(monitored_tf.Preempted):
        made(ours, tmp_path).evaluate(endless, hooks=[Kills()])
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert not (tmp_path / "eval").exists()


def test_a_preemption_hook_of_the_user_is_the_only_one(tmp_path):
    write_checkpoint(tmp_path, 1)
    own = PreemptionHook(raises=False)
    metrics = made(ours, tmp_path).evaluate(endless, hooks=[Kills(), own])
    assert metrics["global_step"] == 1
    assert own.preempted is not None


def test_signals_may_be_left_alone(tmp_path):
    class Handler(v1.train.SessionRunHook):
        def before_run(self, run_context):
            self.found = signal.getsignal(signal.SIGTERM)

    hook, config = Handler(), ours.RunConfig(stop_on_signal=False)
    made(ours, tmp_path, config).evaluate(input_fn, hooks=[hook])
    assert hook.found == signal.SIG_DFL
