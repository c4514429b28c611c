"""Whether what is fed is enough."""

import pytest
import tensorflow as tf

from monitored_tf.estimator.export.servable import check_servable

v1 = tf.compat.v1


def _signature(**outputs):
    return v1.saved_model.build_signature_def(
        outputs={
            name: v1.saved_model.build_tensor_info(tensor)
            for name, tensor in outputs.items()
        }
    )


def test_an_output_may_depend_on_inputs_and_be_one(placeholder):
    one = placeholder()
    check_servable([one], _signature(a=one + 1.0, b=one, c=tf.constant(1)))


def test_a_placeholder_that_is_not_fed_is_named_with_the_way_to_it(placeholder):
    one, other = placeholder(name="fed"), placeholder(name="not_fed")
    output = tf.add(one, tf.identity(other, name="between"), name="sum")
    with pytest.raises(
        ValueError, match=r"'not_fed'.*\['fed:0'\].*sum <- between <- not_fed"
    ):
        check_servable([one], _signature(good=one, bad=output))


def test_what_lies_behind_an_input_does_not_matter(placeholder):
    between = tf.identity(placeholder())
    check_servable([between], _signature(a=between * 2.0))


def test_placeholders_with_a_default_need_not_be_fed(placeholder):
    one = placeholder()
    default = v1.placeholder_with_default(1.0, [])
    check_servable([one], _signature(a=one * default))


def test_sparse_and_ragged_inputs_and_outputs(graph):
    sparse = v1.sparse_placeholder(tf.float32)
    ragged = v1.ragged.placeholder(tf.float32, 1, [])
    signature = _signature(s=sparse * 2.0, r=ragged + 1.0)
    check_servable([sparse, ragged], signature)
    with pytest.raises(ValueError, match="depends on the placeholder"):
        check_servable([sparse], signature)


def test_a_loop_in_the_graph_is_walked_once(placeholder):
    v1.disable_control_flow_v2()
    try:
        one = placeholder(shape=[])
        output = tf.while_loop(
            lambda value: value < 10.0, lambda value: (value + 1.0,), [one]
        )
    finally:
        v1.enable_control_flow_v2()
    check_servable([one], _signature(a=output[0]))


def test_inputs_are_of_one_graph():
    tensors = []
    for _ in range(2):
        with tf.Graph().as_default():
            tensors.append(v1.placeholder(tf.float32))
    with pytest.raises(ValueError, match="of 2 graphs"):
        check_servable(tensors, _signature())
