"""The placeholders of a predictor, and what is fed to them."""

import pytest
import tensorflow as tf

from monitored_tf.estimator.predict import predictor_inputs

v1 = tf.compat.v1


@pytest.mark.parametrize(
    ("spec", "shape"),
    [
        (tf.TensorSpec([3, 2], tf.int64), [3, 2]),
        (tf.io.FixedLenFeature([], tf.int64), [None]),
        (tf.io.FixedLenFeature([2, 4], tf.int64), [None, 2, 4]),
        (tf.SparseTensorSpec([None, 5], tf.int64), [None, 5]),
    ],
)
def test_a_spec_is_a_placeholder_of_its_shape(graph, spec, shape):
    made = predictor_inputs.placeholders({"a": spec, "b": spec})
    assert [*made] == ["a", "b"]
    for tensor in made.values():
        assert tensor.shape.as_list() == shape
        assert tensor.dtype == tf.int64
    assert isinstance(made["a"], tf.SparseTensor) == isinstance(
        spec, tf.SparseTensorSpec
    )


def test_a_spec_alone_is_a_tensor_alone(graph):
    tensor = predictor_inputs.placeholders(tf.TensorSpec([2], tf.string))
    assert tensor.op.name == "feature"
    assert predictor_inputs.named(tensor) == {"feature": tensor}


def test_names_that_are_given_are_kept(graph):
    tensors = {"a": tf.constant(1), 0: tf.constant(2)}
    named = predictor_inputs.named(tensors)
    assert named == tensors
    assert named is not tensors


@pytest.mark.parametrize("spec", [tf.float32, {"x": [1.0]}, {"x": None}])
def test_other_specs_are_refused(graph, spec):
    name = "x" if isinstance(spec, dict) else "feature"
    with pytest.raises(TypeError, match=f"feature_spec must hold.*'{name}'"):
        predictor_inputs.placeholders(spec)


def test_one_that_is_fed_needs_no_name(graph):
    only = v1.placeholder(tf.float32)
    assert predictor_inputs.feed({"x": only}, [1.0]) == {only: [1.0]}
    assert predictor_inputs.feed({"x": only}, {"x": 2.0}) == {only: 2.0}


def test_what_has_a_default_may_be_left_out(graph):
    tensors = {
        "x": v1.placeholder(tf.float32),
        "bias": v1.placeholder_with_default(1.0, []),
    }
    fed = predictor_inputs.feed(tensors, {"x": 3.0})
    assert fed == {tensors["x"]: 3.0}
    with pytest.raises(ValueError, match=r"missing: \['x'\]"):
        predictor_inputs.feed(tensors, {"bias": 3.0})


def test_what_is_sparse_has_no_default(graph):
    tensors = {"x": v1.sparse_placeholder(tf.float32)}
    with pytest.raises(ValueError, match=r"missing: \['x'\]"):
        predictor_inputs.feed(tensors, {})


def test_what_is_wrong_is_named_all_at_once(graph):
    tensors = dict.fromkeys("abc", v1.placeholder(tf.float32))
    with pytest.raises(ValueError, match="Got unexpected keys") as raised:
        predictor_inputs.feed(tensors, {"a": 1, "d": 2})
    message = str(raised.value)
    assert "keys in features: ['d']; missing: ['b', 'c']" in message
    assert "Expected ['a', 'b', 'c']" in message
