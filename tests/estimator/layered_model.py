"""An Estimator of tf.layers, and a record of all that can be seen of it.

    python -m tests.estimator.layered_model

on TensorFlow 2.15 writes the record of the real Estimator with the layers of
that TensorFlow.
"""

import functools
import json
import pathlib
import random
import tempfile

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
RECORD = pathlib.Path(__file__).with_name("layered_model.json")
MOMENTUM = 0.8
_ROWS, _BATCH, _SIDE = 32, 8, 6


class Seen(v1.train.SessionRunHook):
    """Keeps the loss of each step, and the averages of batches after it."""

    def __init__(self):
        self.losses, self.batch_means = [], []

    def begin(self):
        graph = v1.get_default_graph()
        self._loss = v1.losses.get_losses()[0]
        self._mean = graph.get_tensor_by_name("mean_of_batch:0")

    def before_run(self, run_context):
        return v1.train.SessionRunArgs((self._loss, self._mean))

    def after_run(self, run_context, run_values):
        loss, mean = run_values.results
        self.losses.append(float(loss))
        self.batch_means.append(mean.tolist())


def input_fn(mode):
    """Small pictures, and whether they are bright."""
    shape = (_ROWS, _SIDE, _SIDE, 1)
    x = np.random.RandomState(5).rand(*shape).astype(np.float32)
    bright = (x.mean((1, 2, 3)) > 0.5).astype(np.int64)
    data = tf.data.Dataset.from_tensor_slices(({"x": x}, bright))
    return (data.repeat() if mode == "train" else data).batch(_BATCH)


def model_fn(estimators, features, labels, mode):
    """Convolution, normalization, dropout and a dense layer."""
    training = mode == estimators.ModeKeys.TRAIN
    layers = v1.layers
    net = layers.conv2d(features["x"], 3, 3, name="seen")
    tf.reduce_mean(net, [0, 1, 2], name="mean_of_batch")
    net = layers.batch_normalization(net, momentum=MOMENTUM, training=training)
    net = layers.conv2d(tf.nn.relu(net), 2, 2, strides=2)
    net = layers.flatten(net)
    net = layers.dropout(net, 0.25, seed=4, training=training)
    with v1.variable_scope("head"):
        logits = layers.dense(layers.dense(net, 5, tf.nn.relu), 2)
    predictions = {"probability": tf.nn.softmax(logits)}
    if mode == estimators.ModeKeys.PREDICT:
        return estimators.EstimatorSpec(mode, predictions)
    loss = v1.losses.sparse_softmax_cross_entropy(labels, logits)
    guess = tf.argmax(logits, 1)
    updates = v1.get_collection(v1.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(updates):
        optimizer = v1.train.MomentumOptimizer(0.1, 0.9)
        train_op = optimizer.minimize(loss, v1.train.get_global_step())
    metrics = {"accuracy": v1.metrics.accuracy(labels, guess)}
    return estimators.EstimatorSpec(mode, predictions, loss, train_op, metrics)


def estimator_in(estimators, folder):
    """Returns an Estimator of that model.

    Args:
      estimators: The module with `Estimator` and the rest.
      folder: The `model_dir`.
    """
    config = estimators.RunConfig(str(folder), tf_random_seed=6)
    function = functools.partial(model_fn, estimators)
    # The layers' initializers take no seed of the graph's.
    random.seed(7)
    return estimators.Estimator(function, config=config)


def observed(estimators, folder):
    """Trains twice, evaluates and predicts; returns what was seen."""
    made, seen = estimator_in(estimators, folder), Seen()
    made.train(input_fn, [seen], steps=6)
    made.train(input_fn, [seen], steps=4)
    metrics = made.evaluate(input_fn)
    predictions = made.predict(input_fn)
    return {
        "losses": seen.losses,
        "batch means": seen.batch_means,
        "metrics": {name: float(value) for name, value in metrics.items()},
        "predictions": [
            one["probability"].tolist() for one, _ in zip(predictions, range(5))
        ],
        "variables": {
            name: np.ravel(made.get_variable_value(name)).tolist()
            for name in sorted(made.get_variable_names())
        },
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made_folder:
        RECORD.write_text(
            json.dumps(observed(tf.estimator, made_folder)) + "\n"
        )
