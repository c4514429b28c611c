"""How a model function is called, and in which graph."""

import pytest
import tensorflow as tf

from monitored_tf.estimator import Estimator, EstimatorSpec, RunConfig, model

v1 = tf.compat.v1


def model_of(model_fn, **arguments):
    return Estimator(model_fn, **arguments)._model


def spec_of(mode):
    return EstimatorSpec(
        mode,
        predictions=tf.constant([1.0]),
        loss=tf.constant(1.0),
        train_op=tf.no_op(),
    )


def test_it_is_called_with_what_it_names(tmp_path, graph):
    seen = []

    def model_fn(features, mode, params):
        seen.append((features, mode, params))
        return spec_of(mode)

    made = model_of(model_fn, model_dir=tmp_path, params={"a": [1]})
    assert made.spec("features", None, "eval").mode == "eval"
    assert seen == [("features", "eval", {"a": [1]})]


def test_what_it_does_to_its_arguments_stays_its_own(tmp_path, graph):
    def model_fn(features, mode, params, config):
        params["a"].append(2)
        config.session_config.log_device_placement = True
        return spec_of(mode)

    made = model_of(model_fn, model_dir=tmp_path, params={"a": [1]})
    made.spec("features", None, "eval")
    assert made.params == {"a": [1]}
    assert not made.config.session_config.log_device_placement


def test_labels_that_it_does_not_take_are_a_value_error(tmp_path, graph):
    made = model_of(lambda features: None, model_dir=tmp_path)
    with pytest.raises(ValueError, match="does not take labels"):
        made.spec("features", "labels", "train")


def test_another_result_is_a_value_error(tmp_path, graph):
    made = model_of(lambda features: 5, model_dir=tmp_path)
    with pytest.raises(
        ValueError, match="return an EstimatorSpec.*Got 5.*builtins.int"
    ):
        made.spec("features", None, "train")


def test_a_graph_is_new_and_has_a_seed_and_a_step(tmp_path):
    config = RunConfig(tf_random_seed=7)
    made = model_of(lambda features: None, model_dir=tmp_path, config=config)
    with made.new_graph() as first:
        assert v1.get_default_graph() is first
        assert first.seed == 7
        assert v1.train.get_global_step().op.name == "global_step"
    with made.new_graph() as second:
        assert second is not first


def test_a_subclass_may_make_the_step(tmp_path):
    class Derived(Estimator):
        def _create_and_assert_global_step(self, graph):
            with graph.as_default():
                return v1.train.create_global_step()

    with Derived(lambda features: None, tmp_path)._model.new_graph() as graph:
        assert v1.train.get_global_step(graph) is not None


def test_the_public_model_fn_has_the_params_bound(tmp_path, graph):
    def model_fn(features, labels, mode, params):
        assert (features, labels, params) == ("f", "l", {"a": 1})
        return spec_of(mode)

    made = Estimator(model_fn, tmp_path, params={"a": 1})
    assert made.model_fn("f", "l", "eval", made.config).mode == "eval"


def test_called_gives_only_what_is_named(graph):
    available = {"mode": "train", "params": {}, "config": None}
    made = model.called(
        lambda features, mode: spec_of(mode), "f", None, available
    )
    assert made.mode == "train"
