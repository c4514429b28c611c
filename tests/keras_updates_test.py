"""The assignments that Keras 3 leaves hanging, one by one."""

import pytest
import tensorflow as tf

from monitored_tf import _keras_private, keras_updates

v1 = tf.compat.v1
needs_keras3 = pytest.mark.skipif(
    _keras_private.keras3() is None, reason="Keras 2 has UPDATE_OPS"
)


@pytest.fixture
def counter(graph):
    """A layer with a counter, called twice by two names."""
    from tests.keras_counter import Counter

    layers = [Counter(name="first"), Counter(name="second")]
    for layer in layers:
        layer(tf.ones([1]))
    return layers


def _found(graph, train_op):
    return keras_updates.hanging_updates(graph.get_operations(), train_op)


@needs_keras3
def test_each_has_the_name_of_its_variable(graph, counter):
    updates = _found(graph, tf.no_op())
    names = [keras_updates.variable_name(update) for update in updates]
    assert names == ["first/calls", "second/calls"]


@needs_keras3
def test_what_the_train_op_runs_does_not_hang(graph, counter):
    first, second = _found(graph, tf.no_op())
    with tf.control_dependencies([first]):
        outputs = tf.constant(1.0) + 1.0
    # Of a tensor as of an op: what leads to it is followed.
    assert _found(graph, outputs) == [second]
    assert _found(graph, tf.group(outputs, second)) == []


@needs_keras3
def test_only_the_ops_that_are_given_are_looked_at(graph, counter):
    _, second = _found(graph, tf.no_op())
    begin = graph.get_operations().index(second)
    some = graph.get_operations()[begin:]
    assert keras_updates.hanging_updates(some, tf.no_op()) == [second]
    assert keras_updates.hanging_updates([], tf.no_op()) == []


@needs_keras3
def test_the_train_op_sees_what_was_before_the_update(graph, counter):
    calls = counter[0].calls.value
    seen = tf.Variable(-1.0, trainable=False)
    train_op = seen.assign(calls)
    op = keras_updates.run_after(train_op.op, _found(graph, train_op))
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        pairs = []
        for _ in range(20):
            session.run(op)
            pairs.append(tuple(session.run((seen, calls))))
    assert pairs == [(float(n), n + 1.0) for n in range(20)]


@pytest.mark.skipif(
    _keras_private.keras3() is not None, reason="Keras 3 leaves some"
)
def test_keras_2_leaves_none(graph):
    norm = v1.layers.BatchNormalization()
    norm(tf.ones([2, 2]), training=True)
    assert v1.get_collection(v1.GraphKeys.UPDATE_OPS)
    assert _found(graph, tf.no_op()) == []
