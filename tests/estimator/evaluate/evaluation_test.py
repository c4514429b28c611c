"""Evaluations, of our Estimator and of the real one."""

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from tests.estimator import trained_model
from tests.estimator.trained_model import input_fn, made, write_checkpoint

v1 = tf.compat.v1


def squared(weight):
    """Mean over batches of the squared error, as the model has it."""
    error = (trained_model.FEATURES * weight - trained_model.LABELS) ** 2
    return np.mean([error[:4].mean(), error[4:8].mean(), error[8:].mean()])


def test_the_loss_is_the_mean_over_batches(estimator, tmp_path):
    write_checkpoint(tmp_path, 5)
    metrics = made(estimator, tmp_path).evaluate(input_fn)
    assert metrics["loss"] == pytest.approx(squared(3.0), rel=1e-6)
    assert metrics["global_step"] == 5


def test_metrics_come_sorted_and_last_the_step(estimator, tmp_path):
    write_checkpoint(tmp_path, 1)

    def metrics(y):
        mean = v1.metrics.mean(y)
        return {"z": mean, "a": (mean[0] * 2, mean[1])}

    result = made(estimator, tmp_path, metrics=metrics).evaluate(input_fn)
    assert [*result] == ["a", "loss", "z", "global_step"]
    assert result["a"] == 2 * result["z"] == pytest.approx(27.0)
    assert type(result["z"]) is np.float32
    assert type(result["global_step"]) is np.int64


def test_it_ends_after_some_steps(estimator, tmp_path):
    write_checkpoint(tmp_path, 1)
    one = made(estimator, tmp_path).evaluate(input_fn, steps=1)
    assert one["loss"] == pytest.approx(
        np.mean((trained_model.FEATURES[:4] - 1) ** 2), rel=1e-6
    )


def test_more_steps_than_batches_are_no_error(estimator, tmp_path):
    write_checkpoint(tmp_path, 1)
    model = made(estimator, tmp_path)
    all_batches = model.evaluate(input_fn)
    assert trained_model.equal(model.evaluate(input_fn, steps=9), all_batches)


@pytest.mark.parametrize("steps", [0, -1])
def test_steps_must_be_positive(estimator, tmp_path, steps):
    with pytest.raises(ValueError, match="Must specify steps > 0"):
        made(estimator, tmp_path).evaluate(input_fn, steps=steps)


def test_hooks_must_be_hooks(estimator, tmp_path):
    with pytest.raises(TypeError, match="must be a SessionRunHook"):
        made(estimator, tmp_path).evaluate(input_fn, hooks=["hook"])


@pytest.mark.parametrize("shown", ['"loss"', "`global_step`"])
def test_metrics_must_not_have_our_names(estimator, tmp_path, shown):
    name = shown[1:-1]
    model = made(
        estimator, tmp_path, metrics=lambda y: {name: v1.metrics.mean(y)}
    )
    with pytest.raises(ValueError, match=f"Metric with name {shown} is not"):
        model.evaluate(input_fn)


def test_without_a_checkpoint_the_model_is_new(estimator, tmp_path):
    metrics = made(estimator, tmp_path).evaluate(input_fn)
    assert metrics["loss"] == pytest.approx(squared(1.0), rel=1e-6)
    assert metrics["global_step"] == 0


def test_a_checkpoint_can_be_given(estimator, tmp_path):
    older = write_checkpoint(tmp_path, 1, weight=4.0)
    write_checkpoint(tmp_path, 2)
    metrics = made(estimator, tmp_path).evaluate(
        input_fn, checkpoint_path=older
    )
    assert metrics["loss"] == pytest.approx(squared(4.0), rel=1e-6)
    assert metrics["global_step"] == 1


def test_a_checkpoint_must_exist(estimator, tmp_path):
    with pytest.raises(ValueError, match="is not a valid checkpoint"):
        made(estimator, tmp_path).evaluate(
            input_fn, checkpoint_path=str(tmp_path / "none")
        )


def test_a_checkpoint_must_hold_all_variables(estimator, tmp_path):
    write_checkpoint(tmp_path, 1)

    def before(y):
        return y + v1.get_variable("bias", initializer=0.0)

    with pytest.raises(tf.errors.NotFoundError):
        made(estimator, tmp_path, before=before).evaluate(input_fn)


class Named(v1.train.SessionRunHook):
    """Writes its name into a list before each run."""

    def __init__(self, name, log):
        self.name, self.log = name, log

    def before_run(self, run_context):
        self.log.append(self.name)

    def after_run(self, run_context, run_values):
        if self.name == "stop":
            run_context.request_stop()

    def end(self, session):
        self.log.append(f"{self.name} end")


def test_hooks_come_in_their_order(estimator, tmp_path):
    log = []
    model = made(
        estimator, tmp_path, evaluation_hooks=lambda: [Named("of spec", log)]
    )
    model.evaluate(input_fn, steps=1, hooks=[Named("user", log)])
    assert log == ["user", "of spec", "user end", "of spec end"]


def test_a_hook_that_stops_leaves_the_metrics(estimator, tmp_path):
    metrics = made(estimator, tmp_path).evaluate(
        input_fn, hooks=[Named("stop", [])]
    )
    assert metrics["loss"] == pytest.approx(
        np.mean((trained_model.FEATURES[:4] + 1) ** 2), rel=1e-6
    )


def test_a_local_init_op_of_the_user_leaves_the_metrics_ready(
    estimator, tmp_path
):
    write_checkpoint(tmp_path, 1)
    ran = []

    def scaffold():
        op = v1.py_func(lambda: ran.append(1) or np.int64(0), [], tf.int64)
        return v1.train.Scaffold(local_init_op=tf.group(op))

    model = made(estimator, tmp_path, scaffold=scaffold)
    metrics = model.evaluate(input_fn, steps=2)
    assert ran == [1]
    assert metrics["global_step"] == 1


def test_a_counter_of_the_model_is_taken(estimator, tmp_path):
    def before(y):
        keys = v1.GraphKeys
        v1.get_variable(
            "mine",
            initializer=tf.constant(0, tf.int64),
            trainable=False,
            collections=[keys.LOCAL_VARIABLES, keys.EVAL_STEP],
        )
        return y

    write_checkpoint(tmp_path, 1)
    hook = Named("user", [])
    made(estimator, tmp_path, before=before).evaluate(
        input_fn, steps=2, hooks=[hook]
    )
    assert hook.log == ["user", "user", "user end"]


def test_inputs_need_not_be_datasets(estimator, tmp_path):
    def tensors():
        pairs = v1.data.make_one_shot_iterator(input_fn()).get_next()
        return pairs[0], pairs[1]

    model = made(estimator, tmp_path)
    assert trained_model.equal(
        model.evaluate(tensors), model.evaluate(input_fn)
    )


def test_the_seed_holds(estimator, tmp_path):
    def before(y):
        return y + v1.random_normal([])

    model = made(
        estimator,
        tmp_path,
        estimator.RunConfig(tf_random_seed=3),
        before=before,
    )
    assert trained_model.equal(
        model.evaluate(input_fn), model.evaluate(input_fn)
    )


def test_folders_have_the_name_of_the_evaluation(estimator, tmp_path):
    model = made(estimator, tmp_path)
    model.evaluate(input_fn, steps=1)
    model.evaluate(input_fn, steps=1, name="test")
    v1.summary.FileWriterCache.clear()
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "eval",
        "eval_test",
    ]
    assert model.eval_dir() == str(tmp_path / "eval")
    assert model.eval_dir("test") == str(tmp_path / "eval_test")


def test_strategies_are_refused(tmp_path):
    config = ours.RunConfig(eval_distribute=object())
    with pytest.raises(ValueError, match="eval_distribute"):
        made(ours, tmp_path, config).evaluate(input_fn)


def test_both_write_the_same_results(tmp_path):
    pytest.importorskip("tensorflow_estimator")
    write_checkpoint(tmp_path, 1)

    def metrics(y):
        return {
            "auc": v1.metrics.auc(y > 4, tf.sigmoid(y)),
            "m": v1.metrics.mean(y),
        }

    results = [
        made(module, tmp_path, metrics=metrics).evaluate(input_fn)
        for module in (ours, v1.estimator)
    ]
    assert trained_model.equal(*results)
