"""Estimators made of others, ours and tf.estimator's."""

import functools

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from monitored_tf.estimator import experimental, extenders

v1 = tf.compat.v1


@pytest.fixture
def add_metrics(estimator):
    return getattr(estimator, "add_metrics", extenders.add_metrics)


@pytest.fixture
def call_logit_fn(estimator):
    module = getattr(estimator, "experimental", experimental)
    return module.call_logit_fn


@pytest.fixture
def given(estimator, tmp_path):
    """An Estimator with the metric `mean`, that predicts twice what it sees."""

    def model_fn(features, labels, mode, params):
        doubled = features["x"] * params["factor"]
        step = v1.train.get_global_step()
        return estimator.EstimatorSpec(
            mode,
            predictions={"doubled": doubled},
            loss=tf.reduce_mean(tf.abs(doubled - labels)),
            train_op=v1.assign_add(step, 1),
            eval_metric_ops={"mean": v1.metrics.mean(doubled)},
        )

    config = estimator.RunConfig(tf_random_seed=3)
    return estimator.Estimator(model_fn, str(tmp_path), config, {"factor": 2.0})


def _input_fn():
    features = {"x": np.float32([1, 2])}
    labels = np.float32([4, 8])
    return tf.data.Dataset.from_tensor_slices((features, labels)).batch(2)


def test_the_metrics_come_together(add_metrics, given):
    def labels_mean(labels, features, config, predictions):
        assert set(features) == {"x"}
        assert config.tf_random_seed == 3
        assert set(predictions) == {"doubled"}
        return {"labels": v1.metrics.mean(labels)}

    extended = add_metrics(given, labels_mean)
    extended.train(_input_fn, steps=1)
    metrics = extended.evaluate(_input_fn)
    assert metrics == {
        "mean": 3.0,
        "labels": 6.0,
        "loss": 3.0,
        "global_step": 1,
    }
    assert extended.model_dir == given.model_dir
    assert "labels" not in given.evaluate(_input_fn)


def test_one_of_the_same_name_is_replaced(add_metrics, given):
    extended = add_metrics(
        given, lambda predictions: {"mean": (tf.constant(7.0), tf.no_op())}
    )
    assert extended.evaluate(_input_fn)["mean"] == 7.0
    assert given.evaluate(_input_fn)["mean"] == 3.0


def test_metrics_may_need_nothing(add_metrics, given):
    extended = add_metrics(
        add_metrics(given, lambda: {"one": (tf.constant(1.0), tf.no_op())}),
        lambda: {"two": (tf.constant(2.0), tf.no_op())},
    )
    metrics = extended.evaluate(_input_fn)
    assert (metrics["one"], metrics["two"]) == (1.0, 2.0)


def test_arguments_that_are_not_known_are_refused(add_metrics, given):
    with pytest.raises(ValueError, match="not expected args.*unknown"):
        add_metrics(given, lambda labels, unknown: {})
    bound = functools.partial(lambda labels, other: {}, other=1)
    add_metrics(given, bound)


def test_the_parameters_are_kept(given):
    if not isinstance(given, ours.Estimator):
        pytest.skip("tf.estimator loses them")
    extended = extenders.add_metrics(given, lambda: {})
    assert extended.params == {"factor": 2.0}


def test_it_begins_with_the_same_variables(estimator, add_metrics, tmp_path):
    path = str(tmp_path / "first" / "model.ckpt")
    with tf.Graph().as_default(), v1.Session() as session:
        variable = v1.get_variable("weight", initializer=5.0)
        session.run(variable.initializer)
        v1.train.Saver().save(session, path)

    def model_fn(features, labels, mode):
        del features, labels
        weight = v1.get_variable("weight", initializer=0.0)
        return estimator.EstimatorSpec(mode, loss=weight + 0.0)

    first = estimator.Estimator(
        model_fn, str(tmp_path / "second"), warm_start_from=path
    )
    extended = add_metrics(first, lambda: {})
    assert extended.evaluate(_input_fn, steps=1)["loss"] == 5.0


def test_a_logit_fn_gets_what_it_names(call_logit_fn, graph):
    tensor = tf.constant(1.0)

    def all_of_it(features, mode, params, config):
        return {"a": features, **{mode: params[config]}}

    arguments = (tensor, "train", {"config": tensor}, "config")
    assert call_logit_fn(all_of_it, *arguments) == {
        "a": tensor,
        "train": tensor,
    }
    assert call_logit_fn(lambda features: features, *arguments) is tensor


@pytest.mark.parametrize("logits", [1.0, {"a": 1.0}, [None]])
def test_other_logits_are_refused(call_logit_fn, graph, logits):
    with pytest.raises(ValueError, match="logit_fn should return a Tensor"):
        call_logit_fn(lambda features: logits, None, "train", {}, None)


def test_what_is_no_estimator_is_refused():
    with pytest.raises(TypeError, match="`estimator` must have type .* None"):
        ours.add_metrics(None, dict)
