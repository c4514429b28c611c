"""Layers and cells of TensorFlow 1, its own or those of tf_keras."""

import hashlib
import random
import sys

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import keras_interop, legacy_layers

v1 = tf.compat.v1
IMAGES = np.random.RandomState(0).rand(4, 8, 8, 3).astype(np.float32)
ROWS = IMAGES[:, :, :, 0]
needs_keras3 = pytest.mark.skipif(
    not legacy_layers.are_missing(), reason="TensorFlow has its own"
)


@pytest.fixture
def installed():
    """TensorFlow's own where it has them; what install() gives elsewhere."""
    if legacy_layers.are_missing():
        pytest.importorskip("tf_keras")
    with monitored_tf.installed():
        yield


@pytest.fixture
def no_tf_keras(monkeypatch):
    for name in list(sys.modules):
        if name.partition(".")[0] == "tf_keras":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tf_keras", None)


def _functions():
    layers = v1.layers
    outputs = layers.conv2d(IMAGES, 4, 3, activation=tf.nn.relu)
    outputs = layers.batch_normalization(outputs, training=True)
    outputs = layers.max_pooling2d(outputs, 2, 2)
    outputs = layers.separable_conv2d(outputs, 5, 2)
    outputs = layers.conv2d_transpose(outputs, 3, 2)
    outputs = layers.flatten(outputs)
    outputs = layers.dropout(outputs, 0.5, training=True, seed=5)
    return layers.dense(outputs, 3, name="last")


def _classes():
    layers = v1.layers
    with v1.variable_scope("outer"):
        outputs = layers.Conv1D(4, 3)(ROWS)
        outputs = layers.BatchNormalization()(outputs, training=True)
        outputs = layers.Flatten()(outputs)
        with v1.variable_scope("shared", reuse=v1.AUTO_REUSE):
            return sum(layers.dense(outputs, 2, name="d") for _ in range(2))


def _cells():
    rnn_cell = v1.nn.rnn_cell
    cell = rnn_cell.MultiRNNCell(
        [
            rnn_cell.LSTMCell(3, use_peepholes=True, num_proj=2),
            rnn_cell.BasicRNNCell(4),
            rnn_cell.ResidualWrapper(rnn_cell.GRUCell(4)),
        ]
    )
    return v1.nn.dynamic_rnn(cell, ROWS, dtype=tf.float32)[0]


# Made by TensorFlow 2.12: how many variables and update ops, the MD5 of the
# variables' names and first values, the losses of three steps.
EXPECTED = {
    _functions: (
        *(13, 2, "5280790ef541f782f96e85d7025f77a6"),
        [7.0422935, 2.4555576, 2.1394398],
    ),
    _classes: (
        *(8, 2, "d9f4d6d3716dddaa4e694106a137c236"),
        [61.649532, 6.7545004, 2.1332026],
    ),
    _cells: (
        *(12, 0, "fc57db546e8d96b0f48cfa1e9cab6889"),
        [1.1495550, 0.6360502, 0.5351664],
    ),
}


def _trained(build):
    random.seed(7)
    v1.set_random_seed(3)
    loss = tf.reduce_sum(tf.square(build()))
    updates = v1.get_collection(v1.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(updates):
        train_op = v1.train.GradientDescentOptimizer(0.001).minimize(loss)
    variables = v1.global_variables()
    digest = hashlib.md5()
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        for variable, value in zip(variables, session.run(variables)):
            digest.update(variable.name.encode() + value.tobytes())
        losses = [session.run((train_op, loss))[1] for _ in range(3)]
    return len(variables), len(updates), digest.hexdigest(), losses


@pytest.mark.filterwarnings("ignore:`tf:UserWarning")
@pytest.mark.parametrize("build", EXPECTED, ids=lambda build: build.__name__)
def test_they_are_those_of_old_tensorflow(graph, installed, build):
    *same, losses = _trained(build)
    *expected, expected_losses = EXPECTED[build]
    assert same == expected
    # Processors differ in the last bits, and so do TensorFlow's own tanh and
    # sigmoid from 2.15 to 2.16.
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-5)


@needs_keras3
@pytest.mark.parametrize(
    ("module", "name"),
    [
        (legacy_layers.LAYERS, "tensorflow.compat.v1.layers.dense"),
        (legacy_layers.RNN_CELL, "tensorflow.compat.v1.nn.rnn_cell.dense"),
    ],
)
def test_without_tf_keras_the_error_names_the_cure(no_tf_keras, module, name):
    with pytest.raises(AttributeError) as raised:
        _ = module.dense
    message = str(raised.value)
    assert message.startswith(f"{name} needs tf_keras")
    assert 'pip install --no-deps "tf_keras' in message
    assert "TF_USE_LEGACY_KERAS=1" in message
    assert not hasattr(module, "__path__")
    assert dir(module) == []


def test_a_name_that_never_was_is_no_attribute():
    pytest.importorskip("tf_keras")
    with pytest.raises(AttributeError, match="has no attribute 'no_such'"):
        _ = legacy_layers.LAYERS.no_such


def test_the_names_are_listed():
    pytest.importorskip("tf_keras")
    assert {"dense", "Dense", "experimental"} <= {*dir(legacy_layers.LAYERS)}
    assert "LSTMCell" in dir(legacy_layers.RNN_CELL)


@needs_keras3
@pytest.mark.parametrize(
    "use", [lambda: v1.layers.dense, lambda: v1.nn.rnn_cell.LSTMCell]
)
def test_where_nothing_is_installed_the_error_names_the_cure(graph, use):
    with pytest.raises(AttributeError) as raised:
        with legacy_layers.naming_the_cure():
            use()
    assert "not available with Keras 3" in str(raised.value)
    assert "monitored_tf.install()" in str(raised.value)
    assert "TF_USE_LEGACY_KERAS=1" in str(raised.value)


def test_other_errors_are_left_as_they_are():
    with pytest.raises(AttributeError) as raised:
        with legacy_layers.naming_the_cure():
            _ = v1.no_such_name
    assert "TF_USE_LEGACY_KERAS" not in str(raised.value)


@needs_keras3
def test_a_graph_with_keras_names_the_cure(graph):
    with pytest.raises(AttributeError, match="TF_USE_LEGACY_KERAS=1"):
        with keras_interop.keras_graph():
            _ = v1.layers.dense


@needs_keras3
@pytest.mark.filterwarnings("ignore:`layer:UserWarning")
def test_tf_slim_normalizes_batches_with_it(graph, installed):
    slim = pytest.importorskip("tf_slim")
    # The fused one needs what tf_slim takes from older TensorFlow itself.
    slim.batch_norm(tf.constant(ROWS[0]), fused=False)
    names = {variable.name for variable in v1.global_variables()}
    assert "BatchNorm/moving_mean:0" in names
