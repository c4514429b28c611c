"""Names of the variables of Keras 3's layers in graphs."""

import pytest
import tensorflow as tf

from monitored_tf import keras_interop

keras = pytest.importorskip("keras", minversion="3.0")
v1 = tf.compat.v1
layers = keras.layers


def _names():
    return [variable.op.name for variable in v1.global_variables()]


@pytest.fixture
def inputs():
    with tf.Graph().as_default():
        yield tf.ones([2, 3])


def _kernels_and_biases(*scopes):
    return [f"{s}/{name}" for s in scopes for name in ("kernel", "bias")]


# What Keras 2 gives, on TensorFlow 2.15.
def test_layers_in_a_row_are_called_as_in_keras_2(inputs):
    with keras_interop.keras_graph():
        for _ in range(3):
            inputs = layers.Dense(3)(inputs)
    assert _names() == _kernels_and_biases("dense", "dense_1", "dense_2")


def test_layers_of_a_model_are_called_as_in_keras_2(inputs):
    with keras_interop.keras_graph():
        keras.Sequential([layers.Dense(3), layers.Dense(1)])(inputs)
    scopes = ("sequential/dense", "sequential/dense_1")
    assert _names() == _kernels_and_biases(*scopes)


def test_a_layer_that_is_called_twice_takes_no_name_of_another(inputs):
    with keras_interop.keras_graph():
        shared = layers.Dense(3)
        layers.Dense(3)(shared(shared(inputs)))
    assert _names() == _kernels_and_biases("dense", "dense_1")


def test_scopes_of_the_user_are_left_alone(inputs):
    with keras_interop.keras_graph():
        with tf.name_scope("mine"):
            layers.Dense(3)(inputs)
        with tf.name_scope("mine") as again:
            assert again == "mine_1/"
            layers.Dense(3)(inputs)
    assert _names() == _kernels_and_biases("mine/dense", "mine_1/dense_1")


def test_the_graph_is_as_it_was_after_the_block(inputs):
    graph = v1.get_default_graph()
    with keras_interop.keras_graph():
        with keras_interop.keras_graph():
            pass
        for _ in range(2):
            layers.Dense(3)(inputs)
    assert graph.name_scope.__self__ is graph
    assert _names()[2] == "dense_1/kernel"
