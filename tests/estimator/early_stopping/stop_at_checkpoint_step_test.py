"""The end of training at a step that is saved."""

import json

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.estimator import Estimator, RunConfig
from monitored_tf.estimator.early_stopping.stop_at_checkpoint_step import (
    StopAtCheckpointStepHook,
    make_stop_at_checkpoint_step_hook,
)
from monitored_tf.testing import FakeClock

v1 = tf.compat.v1


@pytest.fixture
def worker(graph):
    """Makes a session that is at a step, with a hook."""
    step = v1.train.create_global_step()
    value = v1.placeholder(tf.int64)
    assign, idle = v1.assign(step, value), tf.no_op()

    def run(hook, steps):
        """Returns whether it stops after each of these steps."""
        stops = []
        with monitored_tf.MonitoredSession(hooks=[hook]) as session:
            for at in steps:
                session.raw_session().run(assign, {value: at})
                session.run(idle)
                stops.append(session.should_stop())
        return stops

    return run


def _save(folder, step):
    with tf.Graph().as_default(), v1.Session() as session:
        variable = v1.get_variable(
            "global_step", initializer=tf.constant(step, tf.int64)
        )
        session.run(variable.initializer)
        v1.train.Saver().save(session, f"{folder}/model.ckpt", step)


def test_it_stops_where_a_checkpoint_has_the_step(worker, tmp_path):
    _save(tmp_path, 10)
    hook = StopAtCheckpointStepHook(str(tmp_path), last_step=10)
    with FakeClock() as clock:
        assert worker(hook, [5, 8, 10]) == [False, False, True]
    assert not clock.sleeps


@pytest.mark.parametrize("saved", [None, 9])
def test_it_pauses_where_none_has(worker, tmp_path, saved):
    if saved is not None:
        _save(tmp_path, saved)
    hook = StopAtCheckpointStepHook(str(tmp_path), 10, 7)
    with FakeClock() as clock:
        assert worker(hook, [5, 8]) == [False, False]
        assert not clock.sleeps
        assert worker(hook, [10, 11]) == [False, False]
    assert clock.sleeps == [7, 7]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None, 10), "model_dir must be specified"),
        (("folder", None), "last_step must be specified"),
    ],
)
def test_both_must_be_given(arguments, message):
    with pytest.raises(ValueError, match=message):
        StopAtCheckpointStepHook(*arguments)


def test_a_graph_without_global_step_is_refused(graph):
    hook = StopAtCheckpointStepHook("folder", 10)
    with pytest.raises(RuntimeError, match="Global step should be created"):
        hook.begin()


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        ("chief", v1.train.StopAtStepHook),
        ("worker", StopAtCheckpointStepHook),
    ],
)
def test_the_hook_is_that_of_the_task(monkeypatch, tmp_path, task, kind):
    cluster = {job: ["localhost:1"] for job in ("chief", "worker", "ps")}
    config = {"cluster": cluster, "task": {"type": task, "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    estimator = Estimator(lambda features: None, str(tmp_path), RunConfig())
    hook = make_stop_at_checkpoint_step_hook(estimator, 300)
    assert type(hook) is kind


def test_a_worker_looks_into_the_folder_of_its_estimator(
    monkeypatch, worker, tmp_path
):
    cluster = {job: ["localhost:1"] for job in ("chief", "worker", "ps")}
    config = {"cluster": cluster, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    estimator = Estimator(lambda features: None, str(tmp_path), RunConfig())
    hook = make_stop_at_checkpoint_step_hook(estimator, 300, 5)
    with FakeClock() as clock:
        assert worker(hook, [300]) == [False]
    assert clock.sleeps == [5]
    _save(tmp_path, 300)
    assert worker(hook, [300]) == [True]


def test_what_is_no_estimator_is_refused():
    with pytest.raises(
        TypeError, match="`estimator` must have type .* 'model'"
    ):
        make_stop_at_checkpoint_step_hook("model", 3)
