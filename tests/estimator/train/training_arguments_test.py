"""What a RunConfig has its trainings restored and saved by."""

import math
import os
import signal

import pytest
import tensorflow as tf

import monitored_tf
import monitored_tf.estimator as ours
from monitored_tf import training_session
from monitored_tf.estimator.config import config_fields
from monitored_tf.estimator.train import training, training_hooks
from monitored_tf.session_run_hook import SessionRunHook
from monitored_tf.testing import Fault, FaultHook
from tests.estimator import small_training as small

v1 = tf.compat.v1


def _bias():
    v1.get_variable("bias", initializer=7.0)
    return {}


def _bad_weight():
    """Makes a variable that no loss sees, and that is never a number."""
    v1.get_variable("bad", initializer=math.nan)
    return {}


def _trained(folder, steps=2, parts=dict, **config):
    made = small.estimator_in(ours, folder, parts, **config)
    return made.train(small.many_batches, steps=steps)


def test_sessions_and_savers_are_told_all(tmp_path, monkeypatch):
    given = {}

    def recorded(module, name):
        original = getattr(module, name)

        def call(*args, **kwargs):
            given[name] = kwargs
            return original(*args, **kwargs)

        monkeypatch.setattr(module, name, call)

    recorded(training_session, "MonitoredTrainingSession")
    recorded(training_hooks, "CheckpointSaverHook")
    fields = {
        "recovery": monitored_tf.RecoveryPolicy.none(),
        "restore": "weights",
        "verify": "full",
        "allow_fresh_start": True,
        "require_checkpoint": True,
        "on_live_state": "restore",
        "stop_on_signal": False,
        "save_on_error": True,
        "on_nan": "skip",
        "on_save_error": "warn",
        "max_save_failures": 3,
        "keep_best": (small.LOSS, 2, "max"),
        "async_save": True,
    }
    _trained(tmp_path, **fields)
    assert {*fields} == {
        *config_fields.SESSION_FIELDS,
        *config_fields.SAVER_FIELDS,
    }
    given = {
        **given["MonitoredTrainingSession"],
        **given["CheckpointSaverHook"],
    }
    assert {name: given[name] for name in fields} == fields


def test_a_checkpoint_may_lack_what_is_new(tmp_path):
    _trained(tmp_path)
    with pytest.raises(monitored_tf.CheckpointMismatchError, match="available"):
        _trained(tmp_path, parts=_bias)
    made = _trained(tmp_path, parts=_bias, restore="available")
    assert made.get_variable_value("global_step") == 4
    assert made.get_variable_value("bias") == 7.0


def test_damaged_checkpoints_may_be_left(tmp_path):
    _trained(tmp_path)
    for path in tmp_path.glob("*.data-*"):
        os.truncate(path, 10)
    with pytest.raises(monitored_tf.CheckpointDamagedError, match="allow_fre"):
        _trained(tmp_path)
    _trained(tmp_path, allow_fresh_start=True, steps=1)
    assert training.saved_step(str(tmp_path)) == 1


def test_a_checkpoint_may_be_required(tmp_path):
    lost = FaultHook(Fault("before_run", call=2))
    made = small.estimator_in(
        ours, tmp_path, require_checkpoint=True, save_checkpoints_secs=None
    )
    with pytest.raises(monitored_tf.CheckpointRequiredError):
        made.train(small.many_batches, hooks=[lost], steps=3)


def test_what_is_nan_may_be_saved(tmp_path):
    with pytest.raises(monitored_tf.NanWeightsError):
        _trained(tmp_path, parts=_bad_weight)
    assert not small.checkpoint_steps(tmp_path)
    _trained(tmp_path, parts=_bad_weight, on_nan="skip")
    assert not small.checkpoint_steps(tmp_path)
    _trained(tmp_path, parts=_bad_weight, on_nan=None)
    assert small.checkpoint_steps(tmp_path)


@pytest.mark.parametrize("on_nan", ["raise", None])
def test_a_nan_hook_of_the_users_skips_no_more_than_that(tmp_path, on_nan):
    made = small.estimator_in(ours, tmp_path, _bad_weight, on_nan=on_nan)
    hook = v1.train.NanTensorHook(small.LOSS, fail_on_nan_loss=False)
    made.train(small.many_batches, steps=2, hooks=[hook])
    assert bool(small.checkpoint_steps(tmp_path)) is (on_nan is None)


def test_the_best_checkpoints_are_kept(tmp_path):
    _trained(
        tmp_path,
        steps=6,
        save_checkpoints_steps=1,
        keep_best=("mean_loss", 2),
    )
    assert len(small.checkpoint_steps(tmp_path / "best")) == 2


def test_saves_in_the_background(tmp_path):
    losses = []
    for name, async_save in (("waits", False), ("goes on", True)):
        hook = small.losses_hook()
        made = small.estimator_in(
            ours,
            tmp_path / name,
            save_checkpoints_steps=2,
            async_save=async_save,
        )
        made.train(small.many_batches, steps=5, hooks=[hook])
        losses.append(hook.results)
        assert small.checkpoint_steps(tmp_path / name)[-1] == 5
    assert losses[0] == losses[1]


@pytest.mark.parametrize("evaluates", [False, True])
def test_signals_may_be_left_alone(tmp_path, evaluates):
    class Handler(SessionRunHook):
        found = None

        def before_run(self, run_context):
            self.found = signal.getsignal(signal.SIGTERM)

    before, hook = signal.getsignal(signal.SIGTERM), Handler()
    made = small.estimator_in(ours, tmp_path, stop_on_signal=False)
    if evaluates:
        spec = ours.EvalSpec(small.many_batches, steps=1)
        training_spec = ours.TrainSpec(small.many_batches, 2, [hook])
        ours.train_and_evaluate(made, training_spec, spec)
    else:
        made.train(small.many_batches, hooks=[hook], steps=2)
    assert hook.found is before
