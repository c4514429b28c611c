"""What a training does, and when it ends."""

import os
import signal

import pytest
import tensorflow as tf

import monitored_tf
import monitored_tf.estimator as ours
from monitored_tf import errors
from monitored_tf.estimator.train import training
from monitored_tf.session_run_hook import SessionRunHook
from monitored_tf.testing import Fault, FaultHook
from tests.estimator import small_training as small

v1 = tf.compat.v1


def test_trains_steps_on_top_of_those_made(trained, tmp_path):
    trained().train(small.many_batches, steps=3)
    returned = trained()
    assert returned.train(small.many_batches, steps=2) is returned
    assert training.saved_step(str(tmp_path)) == 5


def test_trains_up_to_a_step(trained, tmp_path):
    trained().train(small.many_batches, steps=3)
    trained().train(small.many_batches, max_steps=5)
    assert training.saved_step(str(tmp_path)) == 5


def test_does_nothing_where_that_step_is_reached(trained):
    trained().train(small.many_batches, steps=3)
    calls = []
    trained().train(lambda: calls.append("input"), max_steps=3)
    assert not calls


@pytest.mark.parametrize("error", [tf.errors.OutOfRangeError, StopIteration])
def test_ends_with_the_data(error, trained, tmp_path):
    made = (None, None, "end") if error is not StopIteration else ()
    hook = FaultHook(Fault("before_run", call=3, error=error(*made)))
    trained().train(small.many_batches, hooks=[hook])
    assert training.saved_step(str(tmp_path)) == 2


def test_ends_with_the_dataset(trained, tmp_path):
    trained().train(small.input_of(4))
    assert training.saved_step(str(tmp_path)) == 4


def test_an_empty_dataset_leaves_a_checkpoint(trained, tmp_path):
    trained().train(small.no_batches)
    assert small.checkpoint_steps(tmp_path) == [0]


def test_says_that_no_step_was_made(tmp_path, caplog):
    small.estimator_in(ours, tmp_path).train(small.no_batches)
    assert "made no step" in caplog.text


def test_the_last_loss_is_logged(trained, caplog):
    caplog.set_level("INFO")
    hook = small.losses_hook()
    trained().train(small.many_batches, hooks=[hook], steps=2)
    assert f"Loss for final step: {hook.results[-1]!s}." in caplog.text


def _losses(module, folder, **limits):
    hook = small.losses_hook()
    made = small.estimator_in(module, folder, save_checkpoints_steps=3)
    made.train(small.many_batches, hooks=[hook], **limits)
    return hook.results


@pytest.fixture
def real():
    """tensorflow_estimator, where it can be imported."""
    pytest.importorskip("tensorflow_estimator")
    return v1.estimator


def test_each_loss_is_that_of_the_real_one(real, tmp_path):
    ours_and_theirs = [
        _losses(module, tmp_path / name, steps=8)
        + _losses(module, tmp_path / name, max_steps=12)
        for name, module in (("ours", ours), ("theirs", real))
    ]
    assert ours_and_theirs[0] == ours_and_theirs[1]
    assert len(ours_and_theirs[0]) == 12


@pytest.mark.parametrize("ours_begins", [True, False])
def test_either_resumes_what_the_other_began(ours_begins, real, tmp_path):
    modules = (ours, real) if ours_begins else (real, ours)
    losses = [_losses(module, tmp_path / "a", steps=4) for module in modules]
    expected = [_losses(ours, tmp_path / "b", steps=4) for _ in modules]
    assert losses == expected


def test_begins_warm_once(estimator, tmp_path):
    first = small.estimator_in(estimator, tmp_path / "first")
    first.train(small.many_batches, steps=5)
    weights = first.get_variable_value("weights")
    warm = small.estimator_in(ours, tmp_path / "warm")
    warm = ours.Estimator(
        warm.model_fn,
        str(tmp_path / "warm"),
        warm.config,
        warm_start_from=str(tmp_path / "first"),
    )
    warm.train(small.no_batches)
    assert (warm.get_variable_value("weights") == weights).all()
    assert warm.get_variable_value("global_step") == 0

    warm.train(small.many_batches, steps=2)
    trained = warm.get_variable_value("weights")
    warm.train(small.no_batches)
    assert (warm.get_variable_value("weights") == trained).all()
    assert (trained != weights).any()


def test_no_step_is_saved_where_there_is_no_checkpoint(tmp_path):
    assert training.saved_step(str(tmp_path)) == 0


def test_a_checkpoint_may_lack_the_step(graph, tmp_path):
    v1.get_variable("weight", initializer=1.0)
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(tmp_path / "model.ckpt"))
    assert training.saved_step(str(tmp_path)) == 0


def test_a_checkpoint_may_be_unreadable(tmp_path, caplog):
    small.estimator_in(ours, tmp_path).train(small.many_batches, steps=2)
    (tmp_path / "model.ckpt-2.index").write_bytes(b"garbage")
    assert training.saved_step(str(tmp_path)) == 0
    assert "model.ckpt-2 can't be read" in caplog.text


def test_a_lost_session_is_replaced(tmp_path):
    events = []
    policy = monitored_tf.RecoveryPolicy(on_recovery=events.append)
    made = small.estimator_in(
        ours, tmp_path, recovery=policy, save_checkpoints_steps=2
    )
    hook = FaultHook(Fault("before_run", call=4))
    made.train(small.many_batches, hooks=[hook], steps=5)
    (event,) = events
    assert (event.step_before, event.step_after) == (3, 2)
    assert training.saved_step(str(tmp_path)) == 5


def test_saves_and_stops_at_a_signal(tmp_path):
    class Signal(SessionRunHook):
        calls = 0

        def before_run(self, run_context):
            self.calls += 1
            if self.calls == 3:
                os.kill(os.getpid(), signal.SIGTERM)

    hook = Signal()
    with pytest.raises(errors.Preempted):
        small.estimator_in(ours, tmp_path).train(
            small.many_batches, hooks=[hook]
        )
    # A thread is told of the signal: quick steps may end before.
    assert training.saved_step(str(tmp_path)) == hook.calls >= 3
