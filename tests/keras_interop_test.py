"""Keras in graphs: the updates that it leaves hanging."""

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf import keras_interop
from tests.keras_counter import Counter

keras = pytest.importorskip("keras", minversion="3.0")
v1 = tf.compat.v1
keras_graph = keras_interop.keras_graph


def _train_op(tensor):
    """Returns an op that runs what the tensor needs."""
    return tf.group(tensor)


def _run(op, fetched, steps):
    """Returns what is fetched beside the op at each of some steps."""
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        return [session.run((fetched, op))[0] for _ in range(steps)]


def _values(op, variables, steps):
    """Returns the values of variables of Keras after some steps."""
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        for _ in range(steps):
            session.run(op)
        return session.run([variable.value for variable in variables])


def test_averages_of_batches_are_those_of_an_eager_run(graph):
    batch = np.random.RandomState(0).rand(8, 3).astype(np.float32)
    with keras_graph() as block:
        norm = keras.layers.BatchNormalization()
        outputs = norm(tf.constant(batch), training=True)
        op = block.with_updates(_train_op(outputs))
        mean, variance = _values(
            op, [norm.moving_mean, norm.moving_variance], steps=3
        )
    with tf.init_scope():
        eager = {"mean": np.zeros(3), "variance": np.ones(3)}
    for _ in range(3):
        for name, one in (("mean", batch.mean(0)), ("variance", batch.var(0))):
            eager[name] = eager[name] * 0.99 + one * 0.01
    np.testing.assert_allclose(mean, eager["mean"], rtol=1e-5)
    np.testing.assert_allclose(variance, eager["variance"], rtol=1e-5)


def test_dropout_draws_what_it_draws_eagerly():
    ones = np.ones(40, np.float32)
    layer = keras.layers.Dropout(0.5, seed=7)
    eager = [layer(ones, training=True).numpy() for _ in range(5)]
    with tf.Graph().as_default(), keras_graph() as block:
        layer = keras.layers.Dropout(0.5, seed=7)
        outputs = layer(tf.constant(ones), training=True)
        op = block.with_updates(_train_op(outputs))
        np.testing.assert_array_equal(_run(op, outputs, steps=5), eager)
    assert len({one.tobytes() for one in eager}) == 5


def test_a_layer_of_ones_own_updates_what_keras_owns(graph, caplog):
    with keras_graph() as block:
        layer = Counter()
        outputs = layer(tf.ones([1]))
        op = block.with_updates(_train_op(outputs))
    assert _values(op, [layer.calls], steps=3) == [3]
    assert "counter/calls. " in caplog.text
    assert "plain" not in caplog.text


def test_ones_own_assignments_are_left_alone(graph, caplog):
    with keras_graph() as block:
        dense = keras.layers.Dense(1, use_bias=False)
        outputs = dense(tf.ones([1, 1]))
        dense.kernel.assign([[5.0]])
        plain = tf.Variable(1.0)
        plain.assign(5.0)
        op = _train_op(outputs)
        assert block.with_updates(op) is op
    assert not caplog.text


def test_metrics_are_left_to_who_evaluates(graph):
    with keras_graph() as block:
        mean = keras.metrics.Mean()
        mean.update_state([1.0])
        mean([1.0])
        op = tf.no_op()
        assert block.with_updates(op) is op


def test_updates_that_run_already_are_not_added(graph):
    with keras_graph() as block:
        layer = Counter()
        outputs = layer(tf.ones([1]))
        updates = [
            op
            for op in layer.calls.handle.consumers()
            if op.type == "AssignVariableOp"
            and op is not layer.calls.value.initializer
        ]
        op = tf.group(outputs, *updates)
        assert block.with_updates(op) is op
    assert _values(op, [layer.calls], steps=2) == [2]


def test_a_tensor_may_be_the_train_op(graph):
    with keras_graph() as block:
        layer = Counter()
        outputs = layer(tf.ones([1]))
        op = block.with_updates(outputs)
    assert _values(op, [layer.calls], steps=2) == [2]


def test_only_what_the_block_made_is_updated(graph):
    layer = Counter()
    layer(tf.ones([1]))
    with keras_graph() as block:
        op = tf.no_op()
        assert block.with_updates(op) is op


@pytest.mark.parametrize("nested", [False, True])
def test_no_update_is_added_where_none_is_wanted(graph, nested):
    with keras_graph(run_updates=nested) as block:
        with keras_graph(run_updates=False) as inner:
            off = Counter()
            outputs = off(tf.ones([1]))
            assert inner.with_updates(outputs) is outputs
        on = Counter()
        outputs = on(outputs)
        op = block.with_updates(_train_op(outputs))
    assert _values(op, [off.calls, on.calls], steps=2) == [0, 2 * nested]


def test_what_is_updated_twice_is_told(graph, caplog):
    with keras_graph() as block:
        layer = Counter()
        outputs = layer(layer(tf.ones([1])))
        op = block.with_updates(_train_op(outputs))
    assert "Keras updates counter/calls more than once" in caplog.text
    assert _values(op, [layer.calls], steps=2) == [2]


def test_a_layer_in_a_function_updates_by_itself(graph, caplog):
    with keras_graph() as block:
        layer = Counter()
        layer.build([])
        outputs = tf.function(lambda x: layer(layer(x)))(tf.ones([1]))
        op = _train_op(outputs)
        assert block.with_updates(op) is op
    assert _values(op, [layer.calls], steps=2) == [4]


@pytest.fixture
def old_control_flow():
    v1.disable_control_flow_v2()
    yield
    v1.enable_control_flow_v2()


def test_an_update_inside_old_control_flow_is_told(
    graph, old_control_flow, caplog
):
    with keras_graph() as block:
        layer = Counter()
        layer.build([])
        outputs = tf.cond(
            v1.placeholder_with_default(True, []),
            lambda: layer(tf.ones([1])),
            lambda: tf.zeros([1]),
        )
        op = _train_op(outputs)
        assert block.with_updates(op) is op
    assert "counter/calls inside a tf.cond" in caplog.text


def test_an_optimizer_that_keeps_no_op_is_told(graph):
    with keras_graph() as block:
        weight = tf.Variable(1.0)
        keras.optimizers.SGD(0.1).apply([tf.constant(1.0)], [weight])
        with pytest.raises(ValueError, match=r"apply_gradients\(\.\.\.\)"):
            block.with_updates(tf.no_op())


def test_without_a_graph_it_says_so():
    with pytest.raises(RuntimeError, match=r"with tf.Graph\(\)"):
        with keras_graph():
            pass


def test_no_graph_is_kept_alive():
    import gc
    import weakref

    with tf.Graph().as_default() as graph:
        with keras_graph(run_updates=False) as block:
            block.with_updates(Counter()(tf.ones([1])))
        with keras_graph() as block:
            block.with_updates(Counter()(tf.ones([1])))
        kept = weakref.ref(graph)
    del graph, block
    gc.collect()
    assert kept() is None
