"""Evaluations of variables that are handed over."""

import glob

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf.estimator import EstimatorSpec, RunConfig
from monitored_tf.estimator.evaluate.fed_evaluation import FedEvaluation
from monitored_tf.estimator.model import Model
from monitored_tf.testing import RecordingHook

v1 = tf.compat.v1


def _model(tmp_path, model_fn):
    return Model(
        model_fn=model_fn,
        model_dir=str(tmp_path),
        config=RunConfig(),
        params={},
        warm_start_from=None,
        create_global_step=v1.train.create_global_step,
        latest_checkpoint=lambda: None,
    )


@pytest.fixture
def model_fn(initialized):
    """A model that tells when its variables are initialized."""

    def initial():
        initialized.append(True)
        return np.float32(0)

    def model_fn(features, mode):
        value = v1.py_func(initial, [], tf.float32)
        value.set_shape([])
        factor = v1.get_variable("factor", initializer=value)
        return EstimatorSpec(mode, loss=tf.reduce_mean(features * factor))

    return model_fn


@pytest.fixture
def initialized():
    """Grows with each new session."""
    return []


def _input_fn():
    return tf.data.Dataset.from_tensor_slices([1.0, 3.0]).batch(1)


def _values(factor, step):
    return {"factor:0": np.float32(factor), "global_step:0": np.int64(step)}


def test_it_evaluates_the_values_that_it_gets(tmp_path, model_fn):
    evaluation = FedEvaluation(_model(tmp_path, model_fn), _input_fn)
    assert evaluation.variable_names == {"factor:0", "global_step:0"}
    for factor, step in ((1.0, 0), (2.5, 7), (1.0, 9)):
        metrics = evaluation.run({**_values(factor, step), "other:0": 1})
        assert metrics == {"loss": 2 * factor, "global_step": step}
    evaluation.close()
    evaluation.close()
    assert glob.glob(f"{tmp_path}/eval/*.tfevents.*")


def test_it_keeps_its_session(tmp_path, model_fn, initialized):
    evaluation = FedEvaluation(_model(tmp_path, model_fn), _input_fn)
    for step in range(3):
        evaluation.run(_values(1.0, step))
    assert len(initialized) == 1
    evaluation.close()
    evaluation.run(_values(1.0, 3))
    assert len(initialized) == 2


@pytest.mark.parametrize("why", ["hooks", "an initial value"])
def test_it_makes_a_new_session_where_that_may_matter(
    tmp_path, model_fn, initialized, why
):
    hooks = [RecordingHook()] if why == "hooks" else None
    evaluation = FedEvaluation(
        _model(tmp_path, model_fn), _input_fn, hooks=hooks
    )
    values = _values(1.0, 5)
    if not hooks:
        del values["factor:0"]
    for _ in range(2):
        assert evaluation.run(values)["global_step"] == 5
    assert len(initialized) == 2


def test_after_an_error_it_begins_with_a_new_session(
    tmp_path, model_fn, initialized
):
    failing = []

    def fail(value):
        if failing:
            raise ValueError("planted")
        return value

    def input_fn():
        return _input_fn().map(
            lambda value: v1.py_func(fail, [value], tf.float32)
        )

    evaluation = FedEvaluation(_model(tmp_path, model_fn), input_fn)
    evaluation.run(_values(1.0, 0))
    failing.append(1)
    with pytest.raises(tf.errors.OpError, match="planted"):
        evaluation.run(_values(1.0, 1))
    failing.clear()
    assert evaluation.run(_values(2.0, 2))["loss"] == 4.0
    assert len(initialized) == 2
