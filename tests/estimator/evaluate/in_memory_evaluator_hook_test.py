"""Evaluations inside of a training, ours and tf.estimator's."""

import glob
import json

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf.estimator import experimental

v1 = tf.compat.v1
EXAMPLES = np.random.RandomState(0).rand(20, 3).astype(np.float32)


@pytest.fixture
def hook_class(estimator):
    module = getattr(estimator, "experimental", experimental)
    return module.InMemoryEvaluatorHook


@pytest.fixture
def model_fn(estimator):
    """A model whose loss falls, with an accuracy-like metric."""

    def model_fn(features, labels, mode, params):
        weights = v1.get_variable(
            "weights", [3], initializer=v1.zeros_initializer()
        )
        value = tf.reduce_sum(features * weights, axis=1)
        loss = tf.reduce_mean(tf.square(value - labels))
        train_op = None
        if mode == "train":
            optimizer = v1.train.GradientDescentOptimizer(params["rate"])
            train_op = optimizer.minimize(loss, v1.train.get_global_step())
        return estimator.EstimatorSpec(
            mode,
            loss=loss,
            train_op=train_op,
            eval_metric_ops={
                "error": v1.metrics.mean_absolute_error(labels, value)
            },
            scaffold=params.get("make_scaffold", v1.train.Scaffold)(),
        )

    return model_fn


@pytest.fixture
def made(estimator, model_fn, tmp_path):
    """Makes an Estimator, with other parameters."""

    def made(**params):
        return estimator.Estimator(
            model_fn,
            str(tmp_path / "model"),
            estimator.RunConfig(tf_random_seed=1),
            {"rate": 0.1, **params},
        )

    return made


def _train_input_fn():
    data = (EXAMPLES, EXAMPLES.sum(axis=1))
    return tf.data.Dataset.from_tensor_slices(data).repeat().batch(4)


def _eval_input_fn():
    data = (EXAMPLES, EXAMPLES.sum(axis=1))
    return tf.data.Dataset.from_tensor_slices(data).batch(8)


def _evaluations(folder):
    """Returns the step and the metrics of each evaluation in a folder."""
    v1.summary.FileWriterCache.get(str(folder)).flush()
    return [
        (event.step, {one.tag: one.simple_value for one in event.summary.value})
        for path in sorted(glob.glob(f"{folder}/*.tfevents.*"))
        for event in v1.train.summary_iterator(path)
        if event.summary.value
    ]


def _steps(folder):
    return [step for step, _ in _evaluations(folder)]


def test_it_evaluates_at_the_start_every_n_iterations_and_at_the_end(
    made, hook_class
):
    estimator = made()
    hook = hook_class(estimator, _eval_input_fn, every_n_iter=4)
    estimator.train(_train_input_fn, hooks=[hook], steps=10)
    assert _steps(estimator.eval_dir()) == [0, 4, 8, 10]
    estimator.train(_train_input_fn, hooks=[hook], steps=4)
    # The last step twice, for every fourth one is due, and the end.
    assert _steps(estimator.eval_dir()) == [0, 4, 8, 10, 10, 14, 14]


def test_its_metrics_are_those_of_the_checkpoint(made, hook_class):
    estimator = made()
    hook = hook_class(estimator, _eval_input_fn, steps=2, name="mine")
    estimator.train(_train_input_fn, hooks=[hook], steps=5)
    step, metrics = _evaluations(estimator.eval_dir("mine"))[-1]
    later = estimator.evaluate(_eval_input_fn, steps=2)
    assert later.pop("global_step") == step == 5
    assert metrics == later


def test_hooks_are_called_in_each_evaluation(made, hook_class):
    calls = []

    class Hook(v1.train.SessionRunHook):
        def end(self, session):
            calls.append(int(session.run(v1.train.get_global_step())))

    estimator = made()
    evaluator = hook_class(
        estimator, _eval_input_fn, hooks=[Hook()], every_n_iter=2
    )
    estimator.train(_train_input_fn, hooks=[evaluator], steps=3)
    assert calls == [0, 2, 3]


@pytest.mark.parametrize("batch", [4, 20])
def test_input_that_begins_once_a_session_is_read_whole_each_time(
    made, hook_class, batch
):
    def input_fn():
        dataset = _eval_input_fn().unbatch().batch(batch)
        return v1.data.make_one_shot_iterator(dataset).get_next()

    estimator = made(rate=0.0)
    evaluator = hook_class(estimator, input_fn, every_n_iter=1)
    estimator.train(_train_input_fn, hooks=[evaluator], steps=2)
    first, *others = (
        metrics for _, metrics in _evaluations(estimator.eval_dir())
    )
    assert first["loss"] > 0
    assert others == [first] * 3


def test_variables_of_the_evaluation_alone_begin_anew_each_time(
    estimator, hook_class, tmp_path
):
    def model_fn(features, labels, mode):
        del features, labels
        step = v1.train.get_global_step()
        if mode == "train":
            loss = tf.constant(0.0)
            return estimator.EstimatorSpec(
                mode, loss=loss, train_op=v1.assign_add(step, 1)
            )
        batches = v1.get_variable("batches", initializer=0.0)
        return estimator.EstimatorSpec(mode, loss=v1.assign_add(batches, 1.0))

    one = estimator.Estimator(model_fn, str(tmp_path))
    hook = hook_class(one, _eval_input_fn, steps=1, every_n_iter=1)
    one.train(_train_input_fn, hooks=[hook], steps=2)
    assert _evaluations(one.eval_dir()) == [
        (step, {"loss": 1.0}) for step in (0, 1, 2, 2)
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"every_n_iter": 0}, "invalid every_n_iter"),
        ({"every_n_iter": None}, "invalid every_n_iter"),
        ({"steps": 0}, "Must specify steps > 0"),
    ],
)
def test_numbers_that_are_not_positive_are_refused(
    made, hook_class, arguments, message
):
    with pytest.raises(ValueError, match=message):
        hook_class(made(), _eval_input_fn, **arguments)


def test_what_is_no_hook_is_refused(made, hook_class):
    with pytest.raises(TypeError, match="hook"):
        hook_class(made(), _eval_input_fn, hooks=["hook"])


def test_a_cluster_is_refused(monkeypatch, made, hook_class):
    cluster = {"chief": ["localhost:1"], "ps": ["localhost:2"]}
    config = {"cluster": cluster, "task": {"type": "chief", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    with pytest.raises(ValueError, match="supports only single machine"):
        hook_class(made(), _eval_input_fn)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("saver", lambda: v1.train.Scaffold(saver=v1.train.Saver())),
        (
            "init_fn",
            lambda: v1.train.Scaffold(init_fn=lambda scaffold, session: None),
        ),
    ],
)
def test_a_way_of_its_own_to_restore_is_refused(made, hook_class, name, make):
    estimator = made(make_scaffold=make)
    hook = hook_class(estimator, _eval_input_fn)
    with pytest.raises(ValueError, match=f"does not support custom {name}"):
        estimator.train(_train_input_fn, hooks=[hook], steps=1)


def test_objects_to_save_are_refused(made, hook_class):
    class Saveable(v1.train.SessionRunHook):
        def begin(self):
            iterator = v1.data.make_one_shot_iterator(_eval_input_fn())
            make = tf.data.experimental.make_saveable_from_iterator
            v1.add_to_collection(v1.GraphKeys.SAVEABLE_OBJECTS, make(iterator))

    estimator = made()
    hook = hook_class(estimator, _eval_input_fn)
    with pytest.raises(ValueError, match="does not support saveables"):
        estimator.train(_train_input_fn, hooks=[Saveable(), hook], steps=1)


def test_the_global_step_is_that_of_the_subclass(
    estimator, hook_class, model_fn, tmp_path
):
    made = []

    class Counting(estimator.Estimator):
        def _create_and_assert_global_step(self, graph):
            made.append(super()._create_and_assert_global_step(graph))
            return made[-1]

    one = Counting(model_fn, str(tmp_path), params={"rate": 0.1})
    hook = hook_class(one, _eval_input_fn)
    one.train(_train_input_fn, hooks=[hook], steps=1)
    assert len(made) == 2


def test_what_is_no_estimator_is_refused():
    with pytest.raises(
        TypeError, match="`estimator` must have type .* 'model'"
    ):
        experimental.InMemoryEvaluatorHook("model", _eval_input_fn)
