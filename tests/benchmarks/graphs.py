"""The graphs and hooks that are timed, and sessions of both sides on them."""

import contextlib
import types

import numpy as np
import tensorflow as tf

import monitored_tf

v1 = tf.compat.v1
# Kernels run on the calling thread, so that its CPU time is all there is.
ONE_THREAD = v1.ConfigProto(inter_op_parallelism_threads=-1)


class FetchingHook(v1.train.SessionRunHook):
    """Fetches a tensor at each step, as most hooks do."""

    def __init__(self, tensor):
        self._request = v1.train.SessionRunArgs(tensor)
        self.value = None

    def before_run(self, run_context):
        return self._request

    def after_run(self, run_context, run_values):
        self.value = run_values.results


class IdleHook(v1.train.SessionRunHook):
    """Is called and does nothing."""

    def before_run(self, run_context):
        pass

    def after_run(self, run_context, run_values):
        pass


def small_graph():
    """Returns a namespace of a graph whose steps take almost no time."""
    step = v1.train.get_or_create_global_step()
    weight = v1.get_variable("weight", (), use_resource=True)
    loss = weight * weight
    train = v1.train.GradientDescentOptimizer(0.1).minimize(loss, step)
    batch = v1.placeholder(tf.float32, (None, 784), "batch")
    number = v1.placeholder(tf.float32, (), "number")
    return types.SimpleNamespace(
        loss=loss,
        summary=v1.summary.scalar("loss", loss),
        train=train,
        batch=batch,
        of_batch=batch[0, 0] + 1.0,
        number=number,
        of_number=number + 1.0,
        scalars=[tf.constant(float(i)) for i in range(1000)],
    )


def mlp_graph(batch_size=128):
    """Returns a namespace of a network 784-256-10 and its training."""
    images = v1.placeholder(tf.float32, (None, 784), "images")
    labels = v1.placeholder(tf.int64, (None,), "labels")
    hidden = tf.nn.relu(images @ _weights("hidden", 784, 256))
    logits = hidden @ _weights("logits", 256, 10)
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    )
    train = v1.train.GradientDescentOptimizer(0.01).minimize(
        loss, v1.train.get_or_create_global_step()
    )
    random = np.random.default_rng(0)
    feeds = {
        images: aligned(random.normal(size=(batch_size, 784))),
        labels: random.integers(0, 10, batch_size),
    }
    return types.SimpleNamespace(loss=loss, train=train, feeds=feeds)


def _weights(name, rows, columns):
    return v1.get_variable(name, (rows, columns), use_resource=True)


def aligned(values):
    """Returns float32 values in memory that TensorFlow need not copy."""
    values = np.asarray(values, np.float32)
    memory = np.empty(values.nbytes + 64, np.uint8)
    start = -memory.ctypes.data % 64
    array = memory[start : start + values.nbytes].view(np.float32)
    array = array.reshape(values.shape)
    array[...] = values
    return array


@contextlib.contextmanager
def pair(make_hooks=lambda: [], config=ONE_THREAD):
    """Yields a session of TensorFlow's and one of ours on the default graph.

    Args:
      make_hooks: Returns new hooks for a session.
      config: `tf.compat.v1.ConfigProto`, or None.
    """
    with (
        v1.train.MonitoredSession(
            v1.train.ChiefSessionCreator(config=config), make_hooks()
        ) as theirs,
        monitored_tf.MonitoredSession(
            monitored_tf.ChiefSessionCreator(config=config), make_hooks()
        ) as ours,
    ):
        yield types.SimpleNamespace(theirs=theirs, ours=ours)
