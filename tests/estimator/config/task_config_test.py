"""A task and its cluster, as an Estimator sees them."""

import dataclasses

import pytest
import tensorflow as tf

from monitored_tf.estimator.config.task_config import TaskConfig, TaskType


def test_task_types_are_those_of_tensorflow_estimator():
    real = pytest.importorskip(
        "tensorflow_estimator.python.estimator.run_config"
    )
    for name in ("MASTER", "PS", "WORKER", "CHIEF", "EVALUATOR"):
        assert getattr(TaskType, name) == getattr(real.TaskType, name)


def test_a_task_is_on_its_own_by_default():
    task = TaskConfig()
    assert (task.task_type, task.task_id, task.is_chief) == ("worker", 0, True)
    assert not task.cluster_spec
    assert task.device_filters is None


@pytest.mark.parametrize(
    ("task_type", "filters"),
    [
        (TaskType.CHIEF, ["/job:ps", "/job:chief"]),
        (TaskType.MASTER, ["/job:ps", "/job:master"]),
        (TaskType.WORKER, ["/job:ps", "/job:worker/task:2"]),
        (TaskType.PS, ["/job:ps", "/job:worker", "/job:chief", "/job:master"]),
        ("other", None),
    ],
)
def test_device_filters(task_type, filters):
    cluster = tf.train.ClusterSpec({"chief": ["a:1"]})
    task = TaskConfig(cluster_spec=cluster, task_type=task_type, task_id=2)
    assert task.device_filters == filters


def test_it_is_a_value():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TaskConfig().task_id = 1
