"""What an input function may return, and what becomes of it."""

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.estimator import input_pipeline

v1 = tf.compat.v1


def _input(result):
    return input_pipeline.model_input(lambda: result, {})


@pytest.mark.parametrize("pair", [(1, 2), [1, 2], ({"a": 1}, None)])
def test_a_pair_is_features_and_labels(graph, pair):
    assert _input(pair) == (pair[0], pair[1], ())


@pytest.mark.parametrize("features", [1, {"a": 1}, np.zeros(3), "text"])
def test_anything_else_is_features(graph, features):
    made = _input(features)
    assert made.features is features
    assert made[1:] == (None, ())


@pytest.mark.parametrize("result", [(), (1,), (1, 2, 3), [1]])
def test_another_length_is_a_value_error(graph, result):
    with pytest.raises(ValueError, match=f"len 2 tuple.* of {len(result)}"):
        _input(result)


def test_a_dataset_is_read_by_one_op_and_started_by_a_hook(graph):
    data = tf.data.Dataset.from_tensor_slices(([1, 2, 3], [4, 5, 6]))
    made = _input(data)
    reading = {made.features.op, made.labels.op}
    assert [op.type for op in reading] == ["IteratorGetNext"]
    seen = []
    with monitored_tf.MonitoredSession(hooks=made.hooks) as session:
        while not session.should_stop():
            seen.append(session.run([made.features, made.labels]))
    assert seen == [[1, 4], [2, 5], [3, 6]]


def test_a_dataset_of_other_elements_is_a_value_error(graph):
    data = tf.data.Dataset.from_tensors((1, 2, 3))
    with pytest.raises(ValueError, match="len 2 tuple"):
        _input(data)


def test_it_is_called_with_what_it_names_on_the_cpu(graph):
    def input_fn(params, mode):
        assert (params, mode) == ({"a": 1}, "train")
        return tf.constant(1)

    available = {"mode": "train", "params": {"a": 1}, "config": None}
    made = input_pipeline.model_input(input_fn, available)
    assert "CPU" in made.features.device


def test_an_argument_that_is_not_there_is_a_type_error(graph):
    with pytest.raises(TypeError, match="batch"):
        input_pipeline.model_input(lambda batch: batch, {"mode": "train"})


def test_what_ends_by_itself(graph):
    data = tf.data.Dataset.from_tensors({"a": 1})
    assert input_pipeline.ends_by_itself(_input(data).features)
    assert not input_pipeline.ends_by_itself({"a": tf.constant(1), "b": 2})
    queue = v1.FIFOQueue(1, [tf.int32])
    v1.train.add_queue_runner(v1.train.QueueRunner(queue, [queue.close()]))
    assert input_pipeline.ends_by_itself(tf.constant(1))
