"""Predictors: loaded once, called by many, new when the checkpoint is."""

import threading

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf
import monitored_tf.estimator as ours
from tests.estimator.trained_model import (
    FEATURES,
    equal,
    input_fn,
    made,
    write_checkpoint,
)

v1 = tf.compat.v1
SPEC = {"x": tf.TensorSpec([None], tf.float32)}


def test_predictions_are_those_of_predict(tmp_path):
    write_checkpoint(tmp_path, 1, weight=0.1)
    calls = []
    model = made(ours, tmp_path, calls=calls)
    with model.predictor(feature_spec=SPEC) as predictor:
        batches = [predictor({"x": FEATURES[at : at + 4]}) for at in (0, 4, 8)]
        assert calls == ["infer"]
    wanted = model.predict(input_fn, yield_single_examples=False)
    assert all(map(equal, batches, wanted))


def test_a_receiver_function_says_what_is_fed(tmp_path):
    write_checkpoint(tmp_path, 1)
    receiver_fn = ours.export.build_parsing_serving_input_receiver_fn(
        {"x": tf.io.FixedLenFeature([], tf.float32)}
    )
    example = tf.train.Example()
    example.features.feature["x"].float_list.value.append(2.0)
    model = made(ours, tmp_path)
    with model.predictor(receiver_fn) as predictor:
        text = example.SerializeToString()
        assert [*predictor.feed_tensors] == ["examples"]
        assert predictor({"examples": [text]})["y"].tolist() == [6]
        assert predictor([text, text])["y"].tolist() == [6, 6]


@pytest.mark.parametrize(
    ("spec", "fed"),
    [
        (tf.io.FixedLenFeature([2], tf.float32), [[1, 2]]),
        (tf.TensorSpec([None, 2], tf.float32), np.float32([[1, 2]])),
        (
            tf.io.VarLenFeature(tf.float32),
            v1.SparseTensorValue([[0, 0], [0, 1]], [1, 2], [1, 2]),
        ),
        (
            tf.SparseTensorSpec([None, 2], tf.float32),
            v1.SparseTensorValue([[0, 0], [0, 1]], [1, 2], [1, 2]),
        ),
    ],
)
def test_features_of_each_kind_are_fed(tmp_path, spec, fed):
    def model_fn(features, mode):
        if isinstance(features, tf.SparseTensor):
            features = tf.sparse.to_dense(features)
        return ours.EstimatorSpec(mode, 10 * features)

    with ours.Estimator(model_fn, str(tmp_path)).predictor(
        feature_spec=spec
    ) as predictor:
        assert predictor(fed).tolist() == [[10, 20]]


def test_specs_must_be_specs(tmp_path):
    with pytest.raises(TypeError, match="feature_spec must hold"):
        made(ours, tmp_path).predictor(feature_spec={"x": tf.float32})


@pytest.mark.parametrize("given", [(None, None), (lambda: None, SPEC)])
def test_one_of_two_says_what_is_fed(tmp_path, given):
    with pytest.raises(ValueError, match="one of the two"):
        made(ours, tmp_path).predictor(*given)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"x": [1.0], "z": [1.0]}, r"unexpected keys in features: \['z'\]"),
        ({}, r"missing: \['x'\]"),
        ({"x": [[1.0]]}, "Cannot feed value of shape"),
    ],
)
def test_features_are_checked(tmp_path, features, message):
    with made(ours, tmp_path).predictor(feature_spec=SPEC) as predictor:
        with pytest.raises(ValueError, match=message):
            predictor(features)


def test_several_features_need_names(tmp_path):
    spec = {**SPEC, "w": tf.TensorSpec([None], tf.float32)}
    with made(ours, tmp_path).predictor(feature_spec=spec) as predictor:
        with pytest.raises(ValueError, match="must be a dict"):
            predictor([1.0])


def test_what_has_a_default_may_be_left_out(tmp_path):
    def receiver_fn():
        x = v1.placeholder(tf.float32, [None], "x")
        bias = v1.placeholder_with_default(1.0, [], "bias")
        return ours.export.ServingInputReceiver(
            {"x": x + bias}, {"x": x, "bias": bias}
        )

    with made(ours, tmp_path).predictor(receiver_fn) as predictor:
        assert predictor({"x": [1]})["y"].tolist() == [2]
        assert predictor({"x": [1], "bias": 5})["y"].tolist() == [6]


def test_keys_choose(tmp_path):
    model = made(ours, tmp_path)
    with model.predictor(feature_spec=SPEC, predict_keys=["y"]) as predictor:
        assert [*predictor([1.0])] == [*predictor.fetch_tensors] == ["y"]


def test_what_is_closed_does_not_run(tmp_path):
    predictor = made(ours, tmp_path).predictor(feature_spec=SPEC)
    predictor.close()
    predictor.close()
    with pytest.raises(monitored_tf.SessionClosedError):
        predictor([1.0])


def test_calls_that_run_are_let_finish(tmp_path):
    began, may_end = threading.Event(), threading.Event()

    def wait(value):
        began.set()
        may_end.wait(60)
        return value

    def before(y):
        return v1.py_func(wait, [y], tf.float32)

    results = []
    model = made(ours, tmp_path, before=before)
    with model.predictor(feature_spec=SPEC) as predictor:
        call = threading.Thread(target=lambda: results.append(predictor([2.0])))
        call.start()
        assert began.wait(60)
    may_end.set()
    call.join()
    assert results[0]["y"] == 2


def test_hooks_of_the_model_are_refused(tmp_path):
    model = made(
        ours,
        tmp_path,
        prediction_hooks=lambda: [v1.train.SessionRunHook()],
    )
    with pytest.raises(ValueError, match="runs no hooks"):
        model.predictor(feature_spec=SPEC)


def test_a_checkpoint_must_exist(tmp_path):
    with pytest.raises(ValueError, match="is not a valid checkpoint"):
        made(ours, tmp_path).predictor(
            feature_spec=SPEC, checkpoint_path="none"
        )


def test_the_caller_keeps_the_default_graph(tmp_path):
    with made(ours, tmp_path).predictor(feature_spec=SPEC) as predictor:
        predictor([1.0])
        assert tf.executing_eagerly()
        assert predictor.graph is not v1.get_default_graph()
