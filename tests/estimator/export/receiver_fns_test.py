"""Receiver functions for the usual ways to feed."""

import pytest
import tensorflow as tf

from monitored_tf.estimator import export

v1 = tf.compat.v1


def _example(**values):
    features = {
        key: tf.train.Feature(int64_list=tf.train.Int64List(value=value))
        for key, value in values.items()
    }
    return tf.train.Example(
        features=tf.train.Features(feature=features)
    ).SerializeToString()


@pytest.mark.parametrize("batch_size", [None, 2])
def test_examples_are_parsed(lib, graph, batch_size):
    spec = {
        "fixed": tf.io.FixedLenFeature([], tf.int64),
        "some": tf.io.VarLenFeature(tf.int64),
    }
    receiver = lib.build_parsing_serving_input_receiver_fn(
        spec, default_batch_size=batch_size
    )()
    assert list(receiver.receiver_tensors) == ["examples"]
    examples = receiver.receiver_tensors["examples"]
    assert examples.op.name == "input_example_tensor"
    assert examples.dtype == tf.string
    assert examples.shape.as_list() == [batch_size]
    assert receiver.features["fixed"].shape.as_list() == [batch_size]
    with v1.Session() as session:
        features = session.run(
            receiver.features,
            {examples: [_example(fixed=[5], some=[1, 2]), _example(fixed=[6])]},
        )
    assert features["fixed"].tolist() == [5, 6]
    assert features["some"].values.tolist() == [1, 2]


def test_raw_features_are_placeholders_of_the_same_names(lib):
    with tf.Graph().as_default():
        features = {
            "one": tf.zeros([4, 3], name="its_name"),
            "two": v1.placeholder(tf.string, [1], name="other"),
            "unknown": v1.placeholder(tf.int64, name="unknown"),
        }
    make = lib.build_raw_serving_input_receiver_fn(features)
    with tf.Graph().as_default():
        receiver = make()
        assert receiver.features == receiver.receiver_tensors
        tensors = receiver.features
        assert {t.op.type for t in tensors.values()} == {"Placeholder"}
        assert tensors["one"].op.name == "its_name"
        assert tensors["one"].shape.as_list() == [None, 3]
        assert tensors["one"].dtype == tf.float32
        assert tensors["two"].op.name == "other"
        assert tensors["two"].shape.as_list() == [None]
        assert tensors["unknown"].shape.rank is None


def test_raw_features_may_have_a_batch_size_and_be_eager(lib):
    features = {"x": tf.zeros([4, 3])}
    with tf.Graph().as_default():
        receiver = lib.build_raw_serving_input_receiver_fn(
            features, default_batch_size=7
        )()
        assert receiver.features["x"].shape.as_list() == [7, 3]


def test_raw_features_have_names(graph):
    with pytest.raises(TypeError, match="features must be a dict"):
        export.build_raw_serving_input_receiver_fn(tf.zeros([1]))


def test_raw_supervised_tensors(lib):
    with tf.Graph().as_default():
        features = tf.zeros([4, 3], name="f")
        labels = tf.zeros([4], tf.int64, name="l")
    make = lib.build_raw_supervised_input_receiver_fn(features, labels)
    with tf.Graph().as_default():
        receiver = make()
        assert receiver.features.op.name == "f"
        assert receiver.features.shape.as_list() == [None, 3]
        assert receiver.labels.op.name == "l"
        assert receiver.labels.dtype == tf.int64
        assert receiver.receiver_tensors == {
            "input": receiver.features,
            "label": receiver.labels,
        }


def test_raw_supervised_dicts(lib):
    with tf.Graph().as_default():
        features = {"a": tf.zeros([2]), "b": tf.zeros([2, 5])}
        labels = {"c": tf.zeros([2])}
    make = lib.build_raw_supervised_input_receiver_fn(features, labels, 3)
    with tf.Graph().as_default():
        receiver = make()
        assert sorted(receiver.features) == ["a", "b"]
        assert receiver.features["b"].shape.as_list() == [3, 5]
        assert sorted(receiver.labels) == ["c"]
        assert receiver.receiver_tensors == {
            **receiver.features,
            **receiver.labels,
        }


@pytest.mark.parametrize(
    ("features", "labels"),
    [
        ({"a": 0, "b": 0}, {"a": 0}),
        ({"label": 0}, 0),
        (0, {"input": 0}),
    ],
)
def test_features_and_labels_have_distinct_names(lib, graph, features, labels):
    features, labels = tf.nest.map_structure(tf.zeros, (features, labels))
    with pytest.raises(ValueError, match="distinct keys. Found overlapping"):
        lib.build_raw_supervised_input_receiver_fn(features, labels)


@pytest.mark.parametrize("form", ["tensors", "dicts", "dataset", "list"])
def test_the_tensors_of_an_input_fn(lib, form):
    def input_fn(rows):
        features, labels = tf.zeros([rows, 2]), tf.ones([rows], tf.int64)
        if form == "dataset":
            pairs = tf.data.Dataset.from_tensor_slices((features, labels))
            return pairs.batch(rows)
        if form == "dicts":
            return {"x": features}, {"y": labels}
        return [features, labels] if form == "list" else (features, labels)

    with tf.Graph().as_default() as graph:
        make = lib.build_supervised_input_receiver_fn_from_input_fn(
            input_fn, rows=4
        )
        assert not graph.get_operations()
        receiver = make()
        assert {op.type for op in graph.get_operations()} == {"Placeholder"}
        features, labels = receiver.features, receiver.labels
        if form == "dicts":
            features, labels = features["x"], labels["y"]
        assert features.shape.as_list() == [None, 2]
        assert labels.dtype == tf.int64


@pytest.mark.parametrize("elements", [3, 1])
def test_an_input_fn_gives_features_and_labels(lib, elements):
    with pytest.raises(ValueError, match="input_fn should return"):
        lib.build_supervised_input_receiver_fn_from_input_fn(
            lambda: (tf.zeros([1]),) * elements
        )


@pytest.mark.parametrize("missing", ["features", "labels"])
def test_neither_may_be_none(graph, missing):
    tensors = {"features": tf.zeros([1]), "labels": tf.zeros([1])}
    with pytest.raises(ValueError, match=f"{missing} must be defined"):
        export.build_raw_supervised_input_receiver_fn(
            **{**tensors, missing: None}
        )
