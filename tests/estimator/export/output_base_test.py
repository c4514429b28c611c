"""What all outputs have in common."""

import pytest
import tensorflow as tf

from monitored_tf.estimator.export import output_base

v1 = tf.compat.v1


def test_a_kind_of_ones_own_says_its_signature(graph):
    class Own(output_base.ExportOutput):
        def as_signature_def(self, receiver_tensors):
            infos = {
                name: v1.saved_model.build_tensor_info(tensor)
                for name, tensor in receiver_tensors.items()
            }
            return v1.saved_model.build_signature_def(infos, {}, "own")

    signature = Own().as_signature_def({"x": tf.constant(1, name="one")})
    assert signature.inputs["x"].name == "one:0"
    assert signature.method_name == "own"


def test_one_that_says_none_cannot_be_made():
    class Silent(output_base.ExportOutput):
        pass

    with pytest.raises(TypeError, match="as_signature_def"):
        Silent()


def test_a_tensor_alone_gets_the_default_name(graph):
    one = tf.constant(1)
    assert output_base.named_tensors(one, "output", "Prediction") == {
        "output": one
    }


def test_names_of_heads_are_joined_in_a_new_dict(graph):
    one, two = tf.constant(1), tf.constant(2)
    given = {("head", "score"): one, "score": two}
    assert output_base.named_tensors(given, "output", "Prediction") == {
        "head/score": one,
        "score": two,
    }
    assert [*given] == [("head", "score"), "score"]


@pytest.mark.parametrize("key", [1, None, b"a", ("head", 1), ["a"]])
def test_other_names_are_refused(key):
    with pytest.raises(ValueError, match="^Loss output key must be a string"):
        output_base.output_name(key, "Loss")


@pytest.mark.parametrize(
    "make", [lambda: 1.0, lambda: [1.0], lambda: tf.Variable(1.0)]
)
def test_other_values_are_refused(graph, make):
    with pytest.raises(ValueError, match="must be a Tensor; got .* as 'a'"):
        output_base.named_tensors({"a": make()}, "output", "Metric")
