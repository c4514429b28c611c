"""What an Estimator tells of itself, and passes on."""

import numpy as np
import pytest
import tensorflow as tf

from tests.estimator import linear_model

v1 = tf.compat.v1


@pytest.fixture
def made(estimator, tmp_path):
    """An Estimator whose folder has no checkpoint yet."""
    function = linear_model.model_fn_of(estimator)
    return estimator.Estimator(function, str(tmp_path))


def _input_fn():
    rows = np.float32([1, 2])
    return tf.data.Dataset.from_tensor_slices(({"x": rows}, rows)).batch(2)


def test_before_a_training_there_is_nothing_to_tell(made):
    assert made.latest_checkpoint() is None
    for ask in (made.get_variable_names, lambda: made.get_variable_value("a")):
        with pytest.raises(ValueError, match="Could not find trained model"):
            ask()


def test_variables_are_those_of_the_newest_checkpoint(made, tmp_path):
    linear_model.write_checkpoint(tmp_path, weight=1.0, own=True)
    path = linear_model.write_checkpoint(tmp_path, weight=2.0)
    assert made.latest_checkpoint() == path
    assert sorted(made.get_variable_names()) == ["global_step", "weight"]
    assert made.get_variable_value("weight") == 2.0
    with pytest.raises((ValueError, tf.errors.OpError, RuntimeError)):
        made.get_variable_value("own")


def test_training_returns_the_estimator(made):
    assert made.train(_input_fn, max_steps=1) is made
    assert made.train(_input_fn, max_steps=1) is made


def test_the_model_function_is_called_with_its_params(estimator, tmp_path):
    def model_fn(features, labels, mode, params, config):
        params["names"].append(mode)
        predictions = {"names": tf.constant(params["names"])}
        assert config.tf_random_seed == 4
        return estimator.EstimatorSpec(mode, predictions)

    config = estimator.RunConfig(tf_random_seed=4)
    made = estimator.Estimator(
        model_fn, str(tmp_path), config, {"names": ["own"]}
    )
    for _ in range(2):  # None of the calls sees what another one changed.
        with tf.Graph().as_default(), v1.Session() as session:
            spec = made.model_fn(
                features=None, labels=None, mode="infer", config=made.config
            )
            names = session.run(spec.predictions["names"])
        assert names.tolist() == [b"own", b"infer"]


def test_exports_need_a_receiver_function(made, tmp_path):
    for export in (made.export_saved_model, made.export_savedmodel):
        with pytest.raises(ValueError, match="must be defined"):
            export(str(tmp_path / "exports"), None)
    assert not (tmp_path / "exports").exists()


def test_a_step_that_is_no_integer_is_refused(estimator, tmp_path):
    class Fractions(estimator.Estimator):
        def _create_and_assert_global_step(self, graph):
            collections = [v1.GraphKeys.GLOBAL_STEP]
            v1.get_variable(
                "global_step", initializer=0.0, collections=collections
            )
            return super()._create_and_assert_global_step(graph)

    function = linear_model.model_fn_of(estimator)
    with pytest.raises((TypeError, ValueError)):
        Fractions(function, str(tmp_path)).train(_input_fn, steps=1)
