"""A model of Keras inside model_fn learns, and its checkpoints fit."""

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf.estimator as tf_estimator

pytest.importorskip("keras", minversion="3.0")
v1 = tf.compat.v1
IMAGES = np.random.RandomState(0).rand(32, 4).astype(np.float32) + 1
LABELS = IMAGES.sum(1, keepdims=True)


def _input_fn():
    return tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).batch(8)


def _model_fn(features, labels, mode):
    training = mode == tf_estimator.ModeKeys.TRAIN
    norm = tf.keras.layers.BatchNormalization(momentum=0.5)
    outputs = norm(features, training=training)
    outputs = tf.keras.layers.Dropout(0.1)(outputs, training=training)
    outputs = tf.keras.layers.Dense(1)(outputs)
    loss = tf.reduce_mean(tf.square(outputs - labels))
    optimizer = v1.train.GradientDescentOptimizer(0.01)
    step = v1.train.get_or_create_global_step()
    return tf_estimator.EstimatorSpec(
        mode, loss=loss, train_op=optimizer.minimize(loss, step)
    )


def _keras_optimizer_model_fn(features, labels, mode):
    loss = tf.reduce_mean(
        tf.square(tf.keras.layers.Dense(1)(features) - labels)
    )
    train_op = None
    if mode == tf_estimator.ModeKeys.TRAIN:
        weights = v1.trainable_variables()
        applied = tf.keras.optimizers.SGD(0.01).apply_gradients(
            zip(tf.gradients(loss, weights), weights)
        )
        step = v1.train.get_or_create_global_step()
        train_op = tf.group(applied, step.assign_add(1))
    return tf_estimator.EstimatorSpec(mode, loss=loss, train_op=train_op)


def test_what_keras_left_hanging_is_trained_and_evaluated(tmp_path):
    estimator = tf_estimator.Estimator(_model_fn, str(tmp_path))
    estimator.train(_input_fn)
    mean = estimator.get_variable_value("batch_normalization/moving_mean")
    expected = np.zeros(4)
    for batch in np.split(IMAGES, 4):
        expected = expected / 2 + batch.mean(0) / 2
    np.testing.assert_allclose(mean, expected, rtol=1e-5)
    seed = "seed_generator/seed_generator_state"
    assert estimator.get_variable_value(seed)[1] == 4
    before = estimator.evaluate(_input_fn)["loss"]
    estimator.train(lambda: _input_fn().repeat(20))
    assert estimator.evaluate(_input_fn)["loss"] < before


def test_an_optimizer_of_keras_trains(tmp_path):
    estimator = tf_estimator.Estimator(_keras_optimizer_model_fn, str(tmp_path))
    estimator.train(_input_fn)
    assert estimator.get_variable_value("sgd/iteration") == 4
    before = estimator.evaluate(_input_fn)["loss"]
    estimator.train(lambda: _input_fn().repeat(20))
    assert estimator.evaluate(_input_fn)["loss"] < before
