"""A layer of Keras 3 with state; who imports it is skipped without Keras 3."""

import pytest
import tensorflow as tf

keras = pytest.importorskip("keras", minversion="3.0")


class Counter(keras.layers.Layer):
    """Counts its calls, in a variable of Keras and in one of TensorFlow."""

    def build(self, shape):
        self.calls = self.add_weight(
            shape=(), initializer="zeros", trainable=False, name="calls"
        )
        self.plain = tf.Variable(0.0, trainable=False, name="plain")

    def call(self, inputs):
        self.calls.assign(self.calls + 1.0)
        self.plain.assign_add(1.0)
        return inputs
