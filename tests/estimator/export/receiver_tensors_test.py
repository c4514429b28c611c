"""Tensors of receivers: their names and their kinds."""

import pytest
import tensorflow as tf

from monitored_tf.estimator.export import receiver_tensors

wrap = receiver_tensors.wrap_and_check_input_tensors


def _sparse():
    return tf.sparse.from_dense([[1, 0]])


def _ragged():
    return tf.ragged.constant([[1], [2, 3]])


@pytest.mark.parametrize("make", [lambda: tf.constant(1), _sparse, _ragged])
def test_each_kind_of_tensor_is_taken(graph, make):
    tensor = make()
    assert wrap(tensor, "feature") == {"feature": tensor}
    given = {"a": tensor}
    assert wrap(given, "feature") is given


def test_an_alternative_alone_is_an_input(graph):
    one = tf.constant(1)
    assert wrap(one, "receiver_tensors_alternative") == {"input": one}


@pytest.mark.parametrize("key", [1.0, None, b"a", ("a",)])
def test_keys_are_strings_or_ints_where_these_may_be(graph, key):
    tensors = {key: tf.constant(1)}
    with pytest.raises(ValueError, match="label keys must be strings: "):
        wrap(tensors, "label")
    with pytest.raises(ValueError, match="must be strings or ints: "):
        wrap(tensors, "label", allow_int_keys=True)


@pytest.mark.parametrize("value", [1.0, [1], "a", tf.Variable])
def test_what_is_no_tensor_is_named_by_its_key(graph, value):
    with pytest.raises(ValueError, match="^feature b must be a Tensor"):
        wrap({"a": tf.constant(1), "b": value}, "feature")
    with pytest.raises(ValueError, match="^it must be a Tensor"):
        receiver_tensors.check_tensor(value, "it")


def test_an_empty_dict_stays_one():
    assert wrap({}, "feature") == {}
