"""Keras 2 in graphs, where there is nothing to mend and nothing is done."""

import pytest
import tensorflow as tf

from monitored_tf import keras_interop

if getattr(tf.keras, "__version__", "2.").startswith("2."):
    keras = tf.keras
else:
    keras = pytest.importorskip("tf_keras")
v1 = tf.compat.v1


def test_names_begin_anew_in_each_graph_as_they_do_anyhow():
    for _ in range(2):
        with tf.Graph().as_default(), keras_interop.keras_graph():
            dense = keras.layers.Dense(1)
            dense(tf.ones([1, 1]))
            assert dense.kernel.name == "dense/kernel:0"


def test_no_update_is_added_to_those_that_the_layer_keeps(graph, caplog):
    with keras_interop.keras_graph() as block:
        norm = keras.layers.BatchNormalization()
        outputs = norm(tf.ones([2, 2]), training=True)
        op = tf.group(outputs)
        assert block.with_updates(op) is op
    assert len(norm.updates) == 2
    assert "Keras 3" not in caplog.text


def test_ones_own_assignments_are_left_alone(graph):
    with keras_interop.keras_graph() as block:
        tf.Variable(1.0).assign(2.0)
        op = tf.no_op()
        assert block.with_updates(op) is op
