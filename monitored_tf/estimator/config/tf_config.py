"""What TF_CONFIG says of this process, by the rules of tf.estimator."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from monitored_tf import errors
from monitored_tf.cluster_config import Source, checked_config
from monitored_tf.estimator.config.task_config import TaskConfig, TaskType

_SOURCE = Source("TF_CONFIG", 'task["type"]', 'task["index"]')


def parsed(tf_config: str) -> dict[str, Any]:
    """Returns the object that the text of TF_CONFIG stands for.

    Args:
      tf_config: JSON, or "" for nothing.

    Raises:
      InvalidClusterError: says what is wrong; a ValueError.
    """
    return checked_config(_SOURCE, tf_config, needs_task=False)


def from_tf_config(tf_config: dict[str, Any]) -> TaskConfig:
    """Returns the task that an object of TF_CONFIG describes.

    Args:
      tf_config: As `parsed()` returns it.

    Raises:
      InvalidClusterError: says what is wrong; a ValueError.
      TypeError: if its "service" is no dict.
    """
    service = tf_config.get("service")
    if not isinstance(service, (dict, type(None))):
        raise TypeError(
            'If "service" is set in TF_CONFIG, it must be a dict. Given '
            f"{service!r:.60}, of type {type(service).__name__}."
        )
    cluster = _cluster_spec(tf_config.get("cluster") or {})
    task = tf_config.get("task", {})
    if not cluster:
        return _alone(tf_config, task, service)
    chief_type = _chief_type(cluster)
    task_type, task_id = _member(cluster, task)
    if task_type == TaskType.EVALUATOR:
        return _evaluator(tf_config, chief_type, task_id, service)
    return TaskConfig(
        cluster_spec=cluster,
        task_type=task_type,
        task_id=task_id,
        master=_master(cluster, task_type, task_id, tf_config),
        is_chief=task_type == chief_type,
        num_ps_replicas=_count(cluster, TaskType.PS),
        num_worker_replicas=_count(cluster, TaskType.WORKER) + 1,
        global_id_in_cluster=_global_id(
            cluster, chief_type, task_type, task_id
        ),
        service=service,
    )


def _alone(
    tf_config: dict[str, Any], task: dict[str, Any], service: Any
) -> TaskConfig:
    task_type = task.get("type", TaskType.WORKER)
    _require(
        task_type == TaskType.WORKER,
        f'the task type {task_type!r}. If "cluster" is not set in TF_CONFIG, '
        "task type must be WORKER: add the cluster, or leave out the task",
    )
    task_id = _index(task.get("index", 0))
    _require(
        task_id == 0,
        f'the task index {task_id}. If "cluster" is not set in TF_CONFIG, '
        "task index must be 0: add the cluster, or leave out the task",
    )
    return TaskConfig(
        master=tf_config.get("session_master") or "",
        evaluation_master=tf_config.get("eval_session_master") or "",
        service=service,
    )


def _evaluator(
    tf_config: dict[str, Any], chief_type: str, task_id: int, service: Any
) -> TaskConfig:
    _require(
        chief_type != TaskType.MASTER,
        "an evaluator. If `master` node exists in `cluster`, task_type "
        '`evaluator` is not supported: call the job "chief" in all tasks',
    )
    return TaskConfig(
        task_type=TaskType.EVALUATOR,
        task_id=task_id,
        evaluation_master=tf_config.get("eval_session_master") or "",
        is_chief=False,
        num_worker_replicas=0,
        global_id_in_cluster=None,
        service=service,
    )


def _cluster_spec(cluster: Any) -> Any:
    _require(
        isinstance(cluster, dict),
        f"the cluster {cluster!r:.60}, but it must be an object of jobs: write "
        '{"chief": ["host:port"], "worker": ["host:port", ...], ...}',
    )
    try:
        return tf.train.ClusterSpec(
            {job: _tasks(tasks) for job, tasks in cluster.items()}
        )
    except (TypeError, ValueError) as error:
        raise errors.InvalidClusterError(
            f"TF_CONFIG has the cluster {cluster!r:.200}, but each of its jobs "
            f'must be a list as ["host:port", ...]: {error}.'
        ) from error


def _tasks(tasks: Any) -> Any:
    # Where not all are known they stand by index, in JSON a string.
    if isinstance(tasks, dict):
        return {int(index): address for index, address in tasks.items()}
    return tasks


def _chief_type(cluster: Any) -> str:
    """Returns which of the two jobs leads the cluster."""
    is_older = TaskType.MASTER in cluster.jobs
    _require(
        not (is_older and TaskType.CHIEF in cluster.jobs),
        "both of them. If `master` node exists in `cluster`, job `chief` is "
        "not supported: leave out one",
    )
    chief_type = TaskType.MASTER if is_older else TaskType.CHIEF
    count = _count(cluster, chief_type)
    _require(
        count,
        f'no "{chief_type}". If "cluster" is set in TF_CONFIG, it must have '
        f'one "{chief_type}" node, which initializes and saves',
    )
    _require(
        count == 1,
        f'{count} of them. The "cluster" in TF_CONFIG must have only one '
        f'"{chief_type}" node: make the others workers',
    )
    return chief_type


def _member(cluster: Any, task: dict[str, Any]) -> tuple[str, int]:
    """Returns type and index of this task, which the cluster has."""
    task_type: str = task.get("type") or ""
    index = task.get("index")
    jobs = ", ".join(dict.fromkeys([*cluster.jobs, TaskType.EVALUATOR]))
    _require(
        task_type,
        'no type of the task. If "cluster" is set in TF_CONFIG, task type must '
        f"be set: to one of {jobs}",
    )
    _require(
        index is not None,
        'no index of the task. If "cluster" is set in TF_CONFIG, task index '
        "must be set: to the place of this task in its job, from 0 on",
    )
    task_id = _index(index)
    if task_type == TaskType.EVALUATOR:
        return task_type, task_id
    _require(
        task_type in cluster.jobs,
        f"the task type {task_type!r}, which is not a valid task_type in its "
        f"cluster: it can be one of {jobs}",
    )
    _require(
        task_id in cluster.task_indices(task_type),
        f"the task index {task_id}, which is not a valid task_id: job "
        f"{task_type!r} has {_count(cluster, task_type)} task(s), counted from "
        "0",
    )
    return task_type, task_id


def _index(value: Any) -> int:
    try:
        index = int(value)
    except (TypeError, ValueError):
        index = -1
    _require(
        index >= 0,
        f"the task index {value!r:.60}. Task index must be non-negative "
        "number: count from 0",
    )
    return index


def _master(
    cluster: Any, task_type: str, task_id: int, tf_config: dict[str, Any]
) -> str:
    session_master = tf_config.get("session_master")
    if session_master is not None:
        return str(session_master)
    # On its own it needs no server, which would only cost time.
    if sum(cluster.num_tasks(job) for job in cluster.jobs) == 1:
        return ""
    return f"grpc://{cluster.task_address(task_type, task_id)}"


def _global_id(
    cluster: Any, chief_type: str, task_type: str, task_id: int
) -> int:
    def place(job: str) -> tuple[bool, bool, str]:
        return job == TaskType.PS, job != chief_type, job

    before = [job for job in cluster.jobs if place(job) < place(task_type)]
    return task_id + sum(_count(cluster, job) for job in before)


def _count(cluster: Any, job: str) -> int:
    return cluster.num_tasks(job) if job in cluster.jobs else 0


def _require(holds: object, otherwise: str) -> None:
    _SOURCE.require(holds, otherwise)
