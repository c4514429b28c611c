"""What a receiver function returns."""

import pytest
import tensorflow as tf

v1 = tf.compat.v1


def test_tensors_alone_get_names(lib, graph):
    feature, receiver = tf.constant(5), tf.constant("x")
    result = lib.ServingInputReceiver(feature, receiver)
    assert result.features == {"feature": feature}
    assert result.receiver_tensors == {"input": receiver}
    assert result.receiver_tensors_alternatives is None
    assert result._fields == (
        "features",
        "receiver_tensors",
        "receiver_tensors_alternatives",
    )


def test_dicts_stay(lib, graph):
    features = {
        "dense": tf.constant(1),
        2: tf.sparse.from_dense([[1]]),
        "ragged": tf.ragged.constant([[1], [2, 3]]),
    }
    receivers = {"a": tf.constant(1), "b": tf.sparse.from_dense([[1]])}
    result = lib.ServingInputReceiver(features, receivers)
    assert result.features == features
    assert result.receiver_tensors == receivers


def test_alternatives_are_wrapped_each(lib, graph):
    one, other = tf.constant(1), tf.constant(2)
    result = lib.ServingInputReceiver(
        one, other, {"bare": one, "named": {"x": other}}
    )
    assert result.receiver_tensors_alternatives == {
        "bare": {"input": one},
        "named": {"x": other},
    }


@pytest.mark.parametrize(
    ("features", "receivers", "alternatives", "match"),
    [
        (None, "ok", None, "features must be defined"),
        ("ok", None, None, "receiver_tensors must be defined"),
        ({1.0: "ok"}, "ok", None, "feature keys must be strings or ints"),
        (
            {"a": [1]},
            "ok",
            None,
            "feature a must be a Tensor, SparseTensor, or",
        ),
        ([1], "ok", None, "must be a Tensor, SparseTensor, or RaggedTensor"),
        ("ok", {1: "ok"}, None, "receiver_tensor keys must be strings"),
        ("ok", {"a": [1]}, None, "receiver_tensor a must be a Tensor, Sparse"),
        ("ok", "ok", ["ok"], "receiver_tensors_alternatives must be a dict"),
        ("ok", "ok", {"x": {1: "ok"}}, "tensors_alternative keys must be str"),
        ("ok", "ok", {"x": {"a": [1]}}, "tensors_alternative a must be a Tens"),
        ("ok", "ok", {"x": None}, "must be defined"),
    ],
)
def test_what_is_no_tensor_is_an_error(
    lib, graph, features, receivers, alternatives, match
):
    def with_tensors(value):
        if isinstance(value, str):
            return tf.constant(1)
        if isinstance(value, dict):
            return {key: with_tensors(one) for key, one in value.items()}
        return value

    with pytest.raises(ValueError, match=match):
        lib.ServingInputReceiver(
            *map(with_tensors, (features, receivers, alternatives))
        )


def test_the_features_of_a_tensor_receiver_are_that_tensor(lib, graph):
    for feature in (tf.constant(5), tf.sparse.from_dense([[1]])):
        receiver = tf.constant("x")
        result = lib.TensorServingInputReceiver(
            feature, receiver, {"other": receiver}
        )
        assert result.features is feature
        assert result.receiver_tensors == {"input": receiver}
        assert result.receiver_tensors_alternatives == {
            "other": {"input": receiver}
        }
        assert not isinstance(result, lib.ServingInputReceiver)


@pytest.mark.parametrize(
    ("features", "match"),
    [
        (None, "features must be defined"),
        ([1], "feature must be a Tensor, SparseTensor, or RaggedTensor"),
    ],
)
def test_a_tensor_receiver_has_a_tensor(lib, graph, features, match):
    with pytest.raises(ValueError, match=match):
        lib.TensorServingInputReceiver(features, tf.constant(1))


def test_a_tensor_receiver_takes_no_dict(lib, graph):
    with pytest.raises(ValueError, match="must be a Tensor"):
        lib.TensorServingInputReceiver({"a": tf.constant(1)}, tf.constant(1))


def test_an_unsupervised_receiver_is_a_serving_receiver(lib, graph):
    feature, receiver = tf.constant(5), tf.constant("x")
    result = lib.UnsupervisedInputReceiver(feature, receiver)
    assert isinstance(result, lib.ServingInputReceiver)
    assert result == ({"feature": feature}, {"input": receiver}, None)
    with pytest.raises(ValueError, match="receiver_tensors must be defined"):
        lib.UnsupervisedInputReceiver(feature, None)


def test_a_supervised_receiver_leaves_features_and_labels(lib, graph):
    feature, label, receiver = (tf.constant(value) for value in range(3))
    result = lib.SupervisedInputReceiver(feature, label, receiver)
    assert result == (feature, label, {"input": receiver})
    assert result._fields == ("features", "labels", "receiver_tensors")
    features, labels = {"f": feature, 3: feature}, {0: label}
    result = lib.SupervisedInputReceiver(features, labels, {"r": receiver})
    assert result == (features, labels, {"r": receiver})


@pytest.mark.parametrize(
    ("missing", "match"),
    [
        (0, "features must be defined"),
        (1, "labels must be defined"),
        (2, "receiver_tensors must be defined"),
    ],
)
def test_a_supervised_receiver_has_all_three(lib, graph, missing, match):
    tensors = [tf.constant(1)] * 3
    tensors[missing] = None
    with pytest.raises(ValueError, match=match):
        lib.SupervisedInputReceiver(*tensors)


@pytest.mark.parametrize(
    ("labels", "match"),
    [
        ([1], "label must be a Tensor, SparseTensor, or RaggedTensor"),
        ({1.0: "ok"}, "label keys must be strings or ints"),
        ({"a": [1]}, "label a must be a Tensor"),
    ],
)
def test_labels_are_tensors(lib, graph, labels, match):
    if isinstance(labels, dict) and "ok" in labels.values():
        labels = dict.fromkeys(labels, tf.constant(1))
    with pytest.raises(ValueError, match=match):
        lib.SupervisedInputReceiver(tf.constant(1), labels, tf.constant(1))


def test_the_dict_of_alternatives_is_not_changed(graph):
    from monitored_tf.estimator import export

    given = {"bare": tf.constant(1)}
    export.ServingInputReceiver(tf.constant(1), tf.constant(1), given)
    assert list(given) == ["bare"]
    assert isinstance(given["bare"], tf.Tensor)


def test_names_of_tensors_that_come_alone(lib, graph):
    one = tf.constant(1)
    wrap = lib.wrap_and_check_input_tensors
    assert wrap(one, "feature") == {"feature": one}
    assert wrap(one, "label") == {"label": one}
    assert wrap(one, "receiver_tensor") == {"input": one}
    assert wrap({0: one}, "label", allow_int_keys=True) == {0: one}
    with pytest.raises(ValueError, match="label keys must be strings"):
        wrap({0: one}, "label")
