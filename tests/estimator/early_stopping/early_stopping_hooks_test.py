"""How one task ends the training of all."""

import json

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.estimator import Estimator, RunConfig
from monitored_tf.estimator.early_stopping import early_stopping
from monitored_tf.estimator.early_stopping.early_stopping_hooks import (
    CheckForStoppingHook,
    StopOnPredicateHook,
)

CLUSTER = {"ps": ["localhost:1"], "chief": ["localhost:2"]}


def _model_fn(features):
    del features


def _global_names():
    return [variable.op.name for variable in tf.compat.v1.global_variables()]


@pytest.mark.parametrize(
    ("task", "kind"),
    [("chief", StopOnPredicateHook), ("worker", CheckForStoppingHook)],
)
def test_the_hook_is_that_of_the_task(monkeypatch, tmp_path, task, kind):
    cluster = {**CLUSTER, "worker": ["localhost:3"]}
    config = {"cluster": cluster, "task": {"type": task, "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    estimator = Estimator(_model_fn, str(tmp_path), RunConfig())
    hook = early_stopping.make_early_stopping_hook(estimator, bool)
    assert type(hook) is kind


def test_the_chief_ends_the_training_of_a_worker(master, caplog):
    answers = iter([False, True])
    chief = StopOnPredicateHook(lambda: next(answers), None, 1)
    with tf.Graph().as_default():
        step = tf.compat.v1.train.create_global_step()
        count_up, idle = tf.compat.v1.assign_add(step, 1), tf.no_op()
        chief_session = monitored_tf.MonitoredTrainingSession(
            master, hooks=[chief]
        )
    with tf.Graph().as_default():
        tf.compat.v1.train.create_global_step()
        worker_idle = tf.no_op()
        worker_session = monitored_tf.MonitoredTrainingSession(
            master, is_chief=False, hooks=[CheckForStoppingHook()]
        )
    with caplog.at_level("INFO"), chief_session, worker_session:
        chief_session.run(idle)
        worker_session.run(worker_idle)
        assert not worker_session.should_stop()
        # In one run with the step, a hook may see it before or after.
        chief_session.raw_session().run(count_up)
        chief_session.run(idle)
        assert chief_session.should_stop()
        worker_session.run(worker_idle)
        assert worker_session.should_stop()
    assert "Requesting early stopping at global step 1." in caplog.messages
    assert "The chief requested early stopping." in caplog.messages


def test_all_hooks_share_one_variable_that_is_saved(graph, tmp_path):
    step = tf.compat.v1.train.create_global_step()
    count_up, idle = tf.compat.v1.assign_add(step, 1), tf.no_op()
    hooks = [
        StopOnPredicateHook(lambda: False),
        CheckForStoppingHook(),
        StopOnPredicateHook(lambda: True),
    ]
    with monitored_tf.MonitoredTrainingSession(
        checkpoint_dir=str(tmp_path), hooks=hooks
    ) as session:
        session.raw_session().run(count_up)
        session.run(idle)
        assert session.should_stop()
    assert _global_names() == ["global_step", "signal_early_stopping/STOP"]
    assert tf.compat.v1.trainable_variables() == []
    path = tf.train.latest_checkpoint(str(tmp_path))
    assert tf.train.load_variable(path, "signal_early_stopping/STOP")


def test_the_variable_is_where_the_tasks_share_the_step(graph):
    with tf.device("/job:ps/task:1"):
        tf.compat.v1.train.create_global_step()
    for hook in (StopOnPredicateHook(bool), CheckForStoppingHook()):
        hook.begin()
    stop = tf.compat.v1.global_variables("signal_early_stopping")
    assert [one.device for one in stop] == ["/job:ps/task:1"]


def test_a_graph_without_global_step_is_refused(graph):
    with pytest.raises(RuntimeError, match="needs a global step"):
        StopOnPredicateHook(bool).begin()
