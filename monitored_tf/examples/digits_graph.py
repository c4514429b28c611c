"""The graph that the digits example trains, and the data it holds."""

from __future__ import annotations

import gzip
import importlib.resources
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

import monitored_tf

v1 = tf.compat.v1

_HELD_OUT = 360


class Digits(NamedTuple):
    """Images, float32 [n, 8, 8, 1] from 0 to 1, and labels, int32 [n]."""

    images: Any
    labels: Any


def load() -> tuple[Digits, Digits]:
    """Returns 1437 digits to train on and 360 held out, always the same."""
    folder = importlib.resources.files("monitored_tf.examples") / "data"
    packed = folder.joinpath("digits.csv.gz").read_bytes()
    lines = gzip.decompress(packed).decode().splitlines()
    table = np.loadtxt(lines, delimiter=",", dtype=np.float32)
    # The writers come one after another: shuffled, both parts hold all.
    table = np.random.RandomState(seed=0).permutation(table)
    images = (table[:, :-1] / 16).reshape(-1, 8, 8, 1)
    labels = table[:, -1].astype(np.int32)
    return (
        Digits(images[:-_HELD_OUT], labels[:-_HELD_OUT]),
        Digits(images[-_HELD_OUT:], labels[-_HELD_OUT:]),
    )


def build() -> tuple[Any, Any]:
    """Builds the graph, in the default one.

    Returns:
      The op that trains one step, and the accuracy on the held-out digits, a
      float32 scalar.
    """
    train, held_out = load()
    dataset = tf.data.Dataset.from_tensor_slices(tuple(train))
    dataset = dataset.shuffle(len(train.labels)).repeat().batch(64)
    images, labels = monitored_tf.resumable_input(dataset)
    with v1.variable_scope("model", reuse=v1.AUTO_REUSE):
        logits = logits_of(images)
        guesses = tf.argmax(logits_of(held_out.images), 1, tf.int32)
    loss = v1.losses.sparse_softmax_cross_entropy(labels, logits)
    v1.summary.scalar("loss", loss)
    train_op = v1.train.AdamOptimizer(3e-3).minimize(
        loss, v1.train.get_or_create_global_step()
    )
    right = tf.equal(guesses, held_out.labels)
    return train_op, tf.reduce_mean(tf.cast(right, tf.float32))


def logits_of(images: Any) -> Any:
    """A small convolutional network: float32 [n, 8, 8, 1] to [n, 10]."""
    kernel = v1.get_variable("conv/kernel", [3, 3, 1, 32])
    features = tf.nn.relu(tf.nn.conv2d(images, kernel, 1, "SAME"))
    features = tf.nn.max_pool2d(features, 2, 2, "SAME")
    weights = v1.get_variable("dense/kernel", [4 * 4 * 32, 10])
    return tf.reshape(features, [-1, 4 * 4 * 32]) @ weights
