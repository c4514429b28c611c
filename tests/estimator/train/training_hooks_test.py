"""Which hooks a training has, in which order, and what they are told."""

import functools

import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from monitored_tf.testing import RecordingHook
from tests.estimator import small_training as small

v1 = tf.compat.v1
train = tf.compat.v1.train
DEFAULT = (
    train.CheckpointSaverHook,
    train.StepCounterHook,
    train.SummarySaverHook,
    train.StopAtStepHook,
    train.NanTensorHook,
    train.LoggingTensorHook,
)


@pytest.fixture
def calls(monkeypatch):
    """The default hooks and recording ones, as their `before_run` is called."""
    calls = []
    for kind in DEFAULT:
        _record(monkeypatch, kind, calls)
    return calls


def _record(monkeypatch, kind, calls):
    original = kind.before_run

    @functools.wraps(original)
    def before_run(self, run_context):
        calls.append(kind.__name__)
        return original(self, run_context)

    monkeypatch.setattr(kind, "before_run", before_run)


def _before_runs(calls):
    return [c for c in calls if "." not in c or c.endswith("before_run")]


def test_the_order(estimator, tmp_path, calls):
    def parts():
        return {
            "training_chief_hooks": [RecordingHook("chief", calls)],
            "training_hooks": [RecordingHook("spec", calls)],
        }

    made = small.estimator_in(estimator, tmp_path, parts)
    hooks = [RecordingHook("user", calls)]
    made.train(small.many_batches, hooks=hooks, steps=1)
    assert _before_runs(calls) == [
        "CheckpointSaverHook",
        "chief.before_run",
        "StepCounterHook",
        "SummarySaverHook",
        "user.before_run",
        "StopAtStepHook",
        "NanTensorHook",
        "LoggingTensorHook",
        "spec.before_run",
    ]


def test_the_input_begins_before_the_users_hooks(estimator, tmp_path):
    class Reads(train.SessionRunHook):
        def after_create_session(self, session, coord):
            self.loss = session.run(small.LOSS)

    hook = Reads()
    made = small.estimator_in(estimator, tmp_path)
    made.train(small.many_batches, hooks=[hook], steps=1)
    assert hook.loss > 0


def test_what_is_not_asked_for_is_left_out(estimator, tmp_path, calls):
    config = {
        "save_summary_steps": 0,
        "save_checkpoints_secs": None,
        "log_step_count_steps": None,
    }
    made = small.estimator_in(estimator, tmp_path, **config)
    made.train(small.input_of(1))
    assert set(calls) == {"NanTensorHook"}


PLACES = ("training_hooks", "training_chief_hooks", "user")


def _placed(module, folder, place, make_hook, parts=dict, **config):
    """Returns an Estimator with a hook in a place, and hooks for train()."""

    def all_parts():
        return parts() | ({} if place == "user" else {place: [make_hook()]})

    made = small.estimator_in(module, folder, all_parts, **config)
    return made, [make_hook()] if place == "user" else []


@pytest.mark.parametrize("place", PLACES)
def test_ones_own_saver_takes_the_place_of_the_default(
    place, estimator, tmp_path, calls
):
    def saver():
        return train.CheckpointSaverHook(str(tmp_path), save_steps=3)

    made, hooks = _placed(
        estimator, tmp_path, place, saver, save_checkpoints_steps=1
    )
    made.train(small.many_batches, hooks=hooks, steps=4)
    assert small.checkpoint_steps(tmp_path) == [0, 3, 4]
    assert calls.count("CheckpointSaverHook") == 4


DIVERGING = "diverging:0"


def _diverges():
    """Returns a loss that is NaN from step 2 on, as the weight is with it."""
    step = tf.cast(train.get_global_step(), tf.float32)
    weight = v1.get_variable("weight", initializer=1.0)
    loss = tf.multiply(weight, tf.sqrt(1.5 - step), name="diverging")
    optimizer = train.GradientDescentOptimizer(0.1)
    train_op = optimizer.minimize(loss, train.get_global_step())
    return {"loss": loss, "train_op": train_op}


@pytest.mark.parametrize("save_steps", [1, 100])
def test_a_loss_that_is_nan_is_raised(save_steps, estimator, tmp_path):
    config = {"save_checkpoints_steps": save_steps}
    made = small.estimator_in(estimator, tmp_path, _diverges, **config)
    with pytest.raises(train.NanLossDuringTrainingError):
        made.train(small.many_batches, steps=9)


@pytest.mark.parametrize("place", PLACES)
def test_ones_own_hook_for_nan_takes_the_place_of_the_default(place, tmp_path):
    def nan_hook():
        return train.NanTensorHook(DIVERGING, fail_on_nan_loss=False)

    made, hooks = _placed(
        ours, tmp_path, place, nan_hook, _diverges, save_checkpoints_steps=1
    )
    made.train(small.many_batches, hooks=hooks, steps=9)
    assert small.checkpoint_steps(tmp_path) == [0, 1, 2]


def test_a_state_is_saved_as_it_is_after_the_step(tmp_path):
    class Counter(train.SessionRunHook):
        count = 0

        def after_run(self, run_context, run_values):
            self.count += 1

        def state_dict(self):
            return {"count": self.count}

        def load_state_dict(self, state):
            self.count = state["count"]

    for steps in (3, 2):
        hook = Counter()
        made = small.estimator_in(ours, tmp_path, save_checkpoints_steps=3)
        made.train(small.many_batches, hooks=[hook], steps=steps)
    assert hook.count == 5
