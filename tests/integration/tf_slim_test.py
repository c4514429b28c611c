"""A trainer that knows nothing of us trains through our sessions."""

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf

slim = pytest.importorskip("tf_slim")
v1 = tf.compat.v1
# tf_slim calls its layers by an old name.
pytestmark = pytest.mark.filterwarnings("ignore:`layer.apply`:UserWarning")


class _SessionSpy(v1.train.SessionRunHook):
    """Tells which kind of context the session hands to its hooks."""

    def __init__(self):
        self.contexts = set()

    def before_run(self, run_context):
        self.contexts.add(type(run_context))


def _train(logdir, last_step):
    inputs = np.random.RandomState(0).rand(64, 4).astype(np.float32)
    labels = (inputs.sum(1, keepdims=True) > 2).astype(np.float32)
    v1.set_random_seed(0)
    logits = slim.fully_connected(tf.constant(inputs), 1, activation_fn=None)
    v1.losses.sigmoid_cross_entropy(labels, logits)
    train_op = slim.training.create_train_op(
        v1.losses.get_total_loss(), v1.train.GradientDescentOptimizer(1.0)
    )
    spy = _SessionSpy()
    loss = slim.training.train(
        train_op,
        str(logdir),
        hooks=[v1.train.StopAtStepHook(last_step=last_step), spy],
        save_summaries_steps=None,
    )
    return loss, spy.contexts


def test_slim_trains_and_resumes_through_our_sessions(tmp_path):
    losses = []
    for last_step in (20, 40):
        with tf.Graph().as_default(), monitored_tf.installed():
            loss, contexts = _train(tmp_path, last_step)
        losses.append(loss)
        assert contexts == {monitored_tf.SessionRunContext}
        newest = v1.train.latest_checkpoint(str(tmp_path))
        assert newest.endswith(f"model.ckpt-{last_step}")
    assert losses[1] < losses[0]


def test_slim_gets_the_same_loss_from_tensorflows_sessions(tmp_path):
    with tf.Graph().as_default():
        theirs, contexts = _train(tmp_path / "theirs", 20)
    assert contexts == {v1.train.SessionRunContext}
    with tf.Graph().as_default(), monitored_tf.installed():
        ours, _ = _train(tmp_path / "ours", 20)
    assert ours == theirs
