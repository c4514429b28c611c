"""What every test may use."""

from __future__ import annotations

import os

# Before TensorFlow is loaded: its C++ start-up lines are no test output.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import pytest
import tensorflow as tf


@pytest.fixture
def graph():
    """A fresh graph, which is the default one during the test."""
    with tf.Graph().as_default() as graph:
        yield graph


@pytest.fixture
def step(graph):
    """An op that counts the global step, and returns it, in that graph."""
    global_step = tf.compat.v1.train.get_or_create_global_step()
    return tf.compat.v1.assign_add(global_step, 1)


@pytest.fixture(scope="session")
def local_server():
    """A server in this process, which never ends."""
    return tf.distribute.Server.create_local_server()


@pytest.fixture
def master(local_server):
    """Address of that server, which holds no variables then."""
    tf.compat.v1.Session.reset(local_server.target)
    return local_server.target
