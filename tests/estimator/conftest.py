"""Our Estimator and the real one, for tests that hold for both."""

import types

import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from monitored_tf.estimator.export import export_output
from tests.estimator import real_estimator, small_training


@pytest.fixture(params=real_estimator.BOTH)
def estimator(request):
    """The module under test: ours, and theirs where it can be imported."""
    return ours if request.param == "ours" else tf.compat.v1.estimator


@pytest.fixture
def outputs(estimator):
    """The classes of what is exported, of the same module."""
    return export_output if estimator is ours else estimator.export


@pytest.fixture
def hook():
    return tf.compat.v1.train.SessionRunHook()


@pytest.fixture
def model(graph):
    """Ops and tensors of a small model in the default graph."""
    loss = tf.constant(0.5)
    step = tf.compat.v1.train.get_or_create_global_step()
    return types.SimpleNamespace(
        predictions={"score": tf.constant([1.0])},
        loss=loss,
        train_op=tf.group(tf.compat.v1.assign_add(step, 1)),
        metric=tf.compat.v1.metrics.mean(loss),
    )


@pytest.fixture
def foreign():
    """The same of another graph."""
    with tf.Graph().as_default():
        tensor = tf.constant(0.5)
        return types.SimpleNamespace(
            tensor=tensor,
            train_op=tf.group(tensor),
            metric=tf.compat.v1.metrics.mean(tensor),
        )


@pytest.fixture
def trained(estimator, tmp_path):
    """Makes an Estimator in the folder of the test."""

    def trained(parts=dict, **config):
        return small_training.estimator_in(estimator, tmp_path, parts, **config)

    return trained
