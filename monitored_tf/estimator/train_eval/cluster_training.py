"""What each task of a cluster does in `train_and_evaluate`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf.cluster import ClusterTask
from monitored_tf.estimator.config import tf_config
from monitored_tf.estimator.config.run_config import RunConfig
from monitored_tf.estimator.config.task_config import TaskType
from monitored_tf.estimator.estimator import Estimator
from monitored_tf.estimator.train.chief_wait_hook import ChiefWaitHook
from monitored_tf.estimator.train_eval import local_training
from monitored_tf.estimator.train_eval.continuous_evaluation import (
    evaluate_continuously,
)
from monitored_tf.estimator.train_eval.eval_spec import EvalSpec
from monitored_tf.estimator.train_eval.train_spec import TrainSpec

_DELAY_SECS_PER_WORKER = 5
_MAX_DELAY_SECS = 60

# A server never ends: a second training of this process has the first one's.
_servers: dict[str, ClusterTask] = {}


def train_and_evaluate(
    estimator: Estimator, train_spec: TrainSpec, eval_specs: Sequence[EvalSpec]
) -> None:
    """Does what this task is in the cluster for.

    Args:
      estimator: The model, whose config knows the task.
      train_spec: How to train.
      eval_specs: How to evaluate.

    Raises:
      ValueError: if the task has no part in a training.
      RuntimeError: if no server can be started.
      As `Estimator.train`, `Estimator.evaluate` and the exporters.
    """
    check_task(estimator.config)
    _ROLES[estimator.config.task_type](estimator, train_spec, eval_specs)


def check_task(config: RunConfig) -> None:
    """Checks that a task is one that takes part in a training.

    Raises:
      ValueError: if it does not.
    """
    if not config.task_type:
        raise ValueError(
            "`estimator.config` must have task_type set. TF_CONFIG lacks "
            'task["type"].'
        )
    if config.task_type == "local":
        raise ValueError(
            "`task.type` in TF_CONFIG cannot be `local`. Leave out cluster and "
            "task to train and evaluate in this process."
        )
    if config.task_type not in _ROLES:
        raise ValueError(
            f"Task type {config.task_type} is not supported. In TF_CONFIG "
            f'task["type"] can be one of {", ".join(_ROLES)}: what else the '
            "cluster has must run a program of its own."
        )
    if config.task_type == TaskType.EVALUATOR and config.task_id > 0:
        raise ValueError(
            "In a cluster there can only be one `evaluator` task (with task id "
            f'0). TF_CONFIG has task["index"] {config.task_id}.'
        )


def _chief(
    estimator: Estimator, train_spec: TrainSpec, eval_specs: Sequence[EvalSpec]
) -> None:
    _start_server(estimator.config)
    logging.info(
        "The chief trains. It does not evaluate: a task of type evaluator does."
    )
    _train(estimator, train_spec, (), train_spec.saving_listeners)


def _worker(
    estimator: Estimator, train_spec: TrainSpec, eval_specs: Sequence[EvalSpec]
) -> None:
    # Before the wait: other tasks need the servers of all.
    _start_server(estimator.config)
    secs = _delay_secs(estimator.config)
    if secs > 0:
        logging.info(
            "Worker %d waits %d s, so that the chief begins.",
            estimator.config.task_id,
            secs,
        )
        time.sleep(secs)
    jobs = estimator.config.cluster_spec.as_dict()
    _train(estimator, train_spec, [ChiefWaitHook(jobs)])


def _master(
    estimator: Estimator, train_spec: TrainSpec, eval_specs: Sequence[EvalSpec]
) -> None:
    _start_server(estimator.config)
    local_training.train_and_evaluate(estimator, train_spec, eval_specs)


def _ps(
    estimator: Estimator, train_spec: TrainSpec, eval_specs: Sequence[EvalSpec]
) -> None:
    task = _start_server(estimator.config)
    if task is not None:
        logging.info("A ps serves until its process is ended.")
        task.join()


_ROLES: dict[str, Callable[..., None]] = {
    TaskType.CHIEF: _chief,
    TaskType.WORKER: _worker,
    TaskType.PS: _ps,
    TaskType.EVALUATOR: evaluate_continuously,
    TaskType.MASTER: _master,
}


def _train(
    estimator: Estimator,
    train_spec: TrainSpec,
    more_hooks: Sequence[Any],
    saving_listeners: Sequence[Any] | None = None,
) -> None:
    estimator.train(
        input_fn=train_spec.input_fn,
        max_steps=train_spec.max_steps,
        hooks=[*train_spec.hooks, *more_hooks],
        saving_listeners=saving_listeners,
    )


def _delay_secs(config: RunConfig) -> int:
    longest = config.experimental_max_worker_delay_secs
    if longest is None:
        longest = _MAX_DELAY_SECS
    return min(int(longest), int(config.task_id + 1) * _DELAY_SECS_PER_WORKER)


def _start_server(config: RunConfig) -> ClusterTask | None:
    """Starts the server of this task, if it is to have one."""
    if not config.master:
        _check_alone(config)
        return None
    if config.task_type != TaskType.PS and _is_served_by_platform():
        return None
    _warn_without_ps(config)
    # Whoever connects to all of the cluster would wait for an evaluator, which
    # has no server.
    jobs = config.cluster_spec.as_dict()
    jobs.pop(TaskType.EVALUATOR, None)
    task = _servers.setdefault(
        f"{config.task_type} {config.task_id} of {jobs}",
        ClusterTask(
            tf.train.ClusterSpec(jobs),
            config.task_type,
            config.task_id,
            protocol=config.protocol or "grpc",
            server_config=_server_config(config),
        ),
    )
    logging.info(
        "%s %d serves at %s. Its cluster: %s.",
        config.task_type,
        config.task_id,
        task.server.target,
        jobs,
    )
    return task


def _check_alone(config: RunConfig) -> None:
    jobs = config.cluster_spec.as_dict()
    if sum(map(len, jobs.values())) > 1:
        raise RuntimeError(
            "Could not start server; be sure to specify master. TF_CONFIG has "
            f'"session_master": "" and a cluster of {jobs}: leave the first '
            "out."
        )


def _is_served_by_platform() -> bool:
    config = tf_config.parsed(os.environ.get("TF_CONFIG", ""))
    return config.get("environment") == "google"


def _warn_without_ps(config: RunConfig) -> None:
    if config.num_worker_replicas > 1 and not config.num_ps_replicas:
        logging.warning(
            'TF_CONFIG has %d tasks that train, and no job "ps" to hold the '
            "variables that they share: each worker would wait for variables "
            "that nobody initializes, unless model_fn or device_fn place them "
            "itself.",
            config.num_worker_replicas,
        )


def _server_config(config: RunConfig) -> Any:
    # The server owns the devices; what a session says of them comes too late.
    if config.session_config is None:
        return None
    return tf.compat.v1.ConfigProto(
        gpu_options=config.session_config.gpu_options
    )
