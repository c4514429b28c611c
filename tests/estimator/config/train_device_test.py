"""Where the ops of a training run."""

import json

import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from monitored_tf.estimator.config.train_device import device_function
from tests.estimator import small_training as small

v1 = tf.compat.v1


@pytest.fixture
def devices(graph):
    """The devices of two variables and of an op under a device function."""

    def devices(function):
        with graph.device(function):
            first, second = (v1.get_variable(n, initializer=1.0) for n in "ab")
            added = tf.add(first, second)
        return [x.device for x in (first, second, added)]

    return devices


def _in_cluster(monkeypatch, cluster, job, index):
    task = {"cluster": cluster, "task": {"type": job, "index": index}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(task))


def test_variables_go_to_the_ps_in_turn(monkeypatch, devices):
    cluster = {"chief": ["h:0"], "worker": ["h:1"], "ps": ["h:2", "h:3"]}
    _in_cluster(monkeypatch, cluster, "worker", 0)
    assert devices(device_function(ours.RunConfig())) == [
        "/job:ps/task:0",
        "/job:ps/task:1",
        "/job:worker/task:0",
    ]


def test_without_ps_nothing_is_said(monkeypatch):
    assert device_function(ours.RunConfig()) is None
    _in_cluster(monkeypatch, {"chief": ["h:0"]}, "chief", 0)
    assert device_function(ours.RunConfig()) is None


def test_ones_own_function_comes_first(estimator, tmp_path):
    class Devices(v1.train.SessionRunHook):
        def begin(self):
            graph = v1.get_default_graph()
            names = ("global_step", "weights", "mean_loss")
            self.found = {graph.get_operation_by_name(n).device for n in names}

    hook = Devices()
    made = small.estimator_in(
        estimator, tmp_path, device_fn=lambda op: "/device:CPU:0"
    )
    made.train(small.many_batches, hooks=[hook], steps=1)
    assert hook.found == {"/device:CPU:0"}
