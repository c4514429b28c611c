"""Optimizers of Keras 3 in a graph."""

import threading

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf import keras_optimizers

keras = pytest.importorskip("keras", minversion="3.0")
v1 = tf.compat.v1

WEIGHTS = np.random.RandomState(1).randn(3, 2).astype(np.float32)
BATCHES = np.random.RandomState(2).randn(6, 5, 3).astype(np.float32)


def _scaled_sgd():
    return keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.1), initial_scale=4.0, dynamic_growth_steps=2
    )


OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(0.1),
    "momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "adam": lambda: keras.optimizers.Adam(0.1),
    "clipped": lambda: keras.optimizers.AdamW(0.1, clipnorm=1.0),
    "schedule": lambda: keras.optimizers.RMSprop(
        keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    ),
    "adagrad": lambda: keras.optimizers.Adagrad(0.1),
    "average": lambda: keras.optimizers.Adam(0.1, use_ema=True),
    "scaled": _scaled_sgd,
}


def _gradient(batch, weights):
    return 2 * tf.matmul(batch, tf.matmul(batch, weights), transpose_a=True)


def _trained_eagerly(make):
    weights, optimizer = tf.Variable(WEIGHTS), make()
    optimizer.build([weights])
    apply = tf.function(
        lambda gradient: optimizer.apply_gradients([(gradient, weights)]),
        autograph=False,
    )
    for batch in BATCHES:
        apply(_gradient(batch, weights))
    return weights.numpy()


def _trained_in_graph(make):
    with tf.Graph().as_default(), keras_optimizers.returning_ops():
        weights, optimizer = tf.Variable(WEIGHTS), make()
        batch = v1.placeholder(tf.float32, [5, 3])
        train_op = optimizer.apply_gradients(
            [(_gradient(batch, weights), weights)]
        )
        assert isinstance(train_op, tf.Operation)
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            for one in BATCHES:
                session.run(train_op, {batch: one})
            steps = session.run(tf.convert_to_tensor(optimizer.iterations))
            return session.run(weights), steps


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_in_a_graph_they_train_to_the_bit_as_in_a_function(make):
    weights, steps = _trained_in_graph(make)
    np.testing.assert_array_equal(weights, _trained_eagerly(make))
    assert steps == len(BATCHES)


@pytest.mark.parametrize(
    "argument", ["gradient_accumulation_steps", "ema_overwrite_frequency"]
)
def test_what_would_train_wrongly_is_refused(graph, argument):
    arguments = {argument: 2, "use_ema": argument.startswith("ema")}
    optimizer = keras.optimizers.Adam(**arguments)
    with keras_optimizers.returning_ops():
        with pytest.raises(ValueError, match=f"^Adam.{argument}=2. of Keras 3"):
            optimizer.apply_gradients([(tf.constant(1.0), tf.Variable(1.0))])


def test_what_it_wraps_is_refused_too(graph):
    inner = keras.optimizers.SGD(gradient_accumulation_steps=2)
    optimizer = keras.optimizers.LossScaleOptimizer(inner)
    with keras_optimizers.returning_ops():
        with pytest.raises(ValueError, match="^SGD.gradient_accumulation"):
            optimizer.apply_gradients([(tf.constant(1.0), tf.Variable(1.0))])


def test_a_missing_gradient_is_passed_over(graph):
    used, unused = tf.Variable(1.0), tf.Variable(1.0)
    with keras_optimizers.returning_ops():
        with pytest.warns(UserWarning, match="Gradients do not exist"):
            train_op = keras.optimizers.SGD(0.5).apply_gradients(
                [(tf.constant(1.0), used), (None, unused)]
            )
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        session.run(train_op)
        assert session.run([used, unused]) == [0.5, 1]


def test_sparse_gradients_are_applied(graph):
    weights = tf.Variable([[1.0], [1.0], [1.0]])
    (gradient,) = tf.gradients(tf.gather(weights, [1]), [weights])
    assert isinstance(gradient, tf.IndexedSlices)
    with keras_optimizers.returning_ops():
        train_op = keras.optimizers.SGD(0.5).apply_gradients(
            [(gradient, weights)]
        )
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        session.run(train_op)
        assert session.run(weights).tolist() == [[1], [0.5], [1]]


def test_outside_of_graphs_they_do_what_they_did():
    weight = tf.Variable(1.0)
    optimizer = keras.optimizers.SGD(0.5)

    def applied():
        return optimizer.apply_gradients([(tf.constant(1.0), weight)])

    with keras_optimizers.returning_ops():
        assert applied() is optimizer.iterations
        tf.function(applied)()
    assert weight.numpy() == 0


def test_another_thread_gets_what_it_got(graph):
    results = []

    def apply():
        with tf.Graph().as_default():
            optimizer = keras.optimizers.SGD(0.5)
            applied = optimizer.apply_gradients(
                [(tf.constant(1.0), tf.Variable(1.0))]
            )
            results.append(applied is optimizer.iterations)

    with keras_optimizers.returning_ops():
        thread = threading.Thread(target=apply)
        thread.start()
        thread.join()
    assert results == [True]


def test_the_method_is_put_back():
    before = dict(vars(keras.optimizers.Optimizer))
    with keras_optimizers.returning_ops():
        with keras_optimizers.returning_ops():
            pass
        assert "apply_gradients" in vars(keras.optimizers.Optimizer)
    assert dict(vars(keras.optimizers.Optimizer)) == before
