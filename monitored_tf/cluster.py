"""What this process is in its cluster, from TF_CONFIG or a cluster resolver."""

from __future__ import annotations

import dataclasses
import functools
import os
import threading
import time
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf import errors
from monitored_tf.cluster_config import (
    CHIEF_TYPES,
    Source,
    checked_config,
    checked_place,
)

# In the text of the UnknownError of a port that is held; it has no own type.
_PORT_HELD = "Could not start gRPC server"


@dataclasses.dataclass(frozen=True, eq=False)
class ClusterTask:
    """One task of a cluster, and what it needs to train there.

    >>> task = from_tf_config({})
    >>> with tf.Graph().as_default():
    ...     with tf.compat.v1.device(task.device_function):
    ...         step = tf.compat.v1.train.get_or_create_global_step()
    ...     with monitored_tf.MonitoredTrainingSession(
    ...         task.master, task.is_chief, config=task.session_config
    ...     ) as session:
    ...         print(session.run(step))
    0

    A ps calls `join()` instead.

    Attributes:
      cluster: `tf.train.ClusterSpec`; None for a task on its own, which an
        evaluator is too.
      task_type: Its job, as "worker", "ps", "chief" or "evaluator".
      task_id: Its index in that job.
      protocol: Of the server, as "grpc".
      session_master: The master, where it is not this task's server; None.
      start_timeout_secs: How long a held port is tried again.
      server_config: `tf.compat.v1.ConfigProto` of the server; None for the
        default.
    """

    cluster: Any = None
    task_type: str = "worker"
    task_id: int = 0
    protocol: str = "grpc"
    session_master: str | None = None
    start_timeout_secs: float = 10.0
    server_config: Any = None

    @property
    def is_chief(self) -> bool:
        """Whether it initializes and saves.

        The task of type "chief" or "master" does; worker 0 where the cluster
        has neither.
        """
        if self.task_type in CHIEF_TYPES:
            return True
        jobs = self.cluster.jobs if self.cluster else ()
        return (self.task_type, self.task_id) == ("worker", 0) and not any(
            job in CHIEF_TYPES for job in jobs
        )

    @functools.cached_property
    def server(self) -> Any:
        """Its `tf.distribute.Server`, started when first asked for.

        A port may still be held by a predecessor that was just killed: for
        `start_timeout_secs` it is tried again. None without a cluster.

        Raises:
          tf.errors.OpError: if it can't be started.
        """
        return _started_server(self) if self.cluster else None

    @property
    def master(self) -> str:
        """What a session connects to; it starts the server.

        "", the process itself, without a cluster and where this is the only
        task of it.
        """
        if self.session_master is not None:
            return self.session_master
        if self.cluster is None or self._is_alone():
            return ""
        return str(self.server.target)

    @property
    def device_function(self) -> Any:
        """For `tf.compat.v1.device()`: puts variables on the ps, ops here.

        A new one each time, since it deals variables out in turn: use one a
        graph. None where the cluster has no ps.
        """
        if not self._has_ps():
            return None
        return tf.compat.v1.train.replica_device_setter(
            cluster=self.cluster, worker_device=self._device()
        )

    @property
    def session_config(self) -> Any:
        """A new `tf.compat.v1.ConfigProto`.

        Where there are ps, a session sees them and this task only: else it
        would wait for a worker that is dead.
        """
        if not self._has_ps():
            return tf.compat.v1.ConfigProto()
        return tf.compat.v1.ConfigProto(
            device_filters=["/job:ps", self._device()]
        )

    def join(self) -> None:
        """Serves for ever, as a ps does. Ctrl-C ends it.

        Raises:
          InvalidClusterError: without a cluster.
        """
        if self.server is None:
            raise errors.InvalidClusterError(
                f"{self.task_type} {self.task_id} has no cluster, but join() "
                "serves one: set TF_CONFIG, or don't call join()."
            )
        # No Python signal handler runs while the main thread is in C++.
        thread = threading.Thread(target=self.server.join, daemon=True)
        thread.start()
        thread.join()

    def _device(self) -> str:
        return f"/job:{self.task_type}/task:{self.task_id}"

    def _has_ps(self) -> bool:
        return self.cluster is not None and "ps" in self.cluster.jobs

    def _is_alone(self) -> bool:
        return [*self.cluster.as_dict().values()] == [
            [self.cluster.task_address(self.task_type, self.task_id)]
        ]


def from_tf_config(
    tf_config: str | dict[str, Any] | None = None,
) -> ClusterTask:
    """Returns the task that TF_CONFIG describes.

    What TensorFlow and its Estimator accept is accepted. Without TF_CONFIG, or
    without a "cluster" in it, it is a task on its own: worker 0, a chief.
    "rpc_layer" and "session_master" hold (for an evaluator, of which there is
    none in a cluster: "eval_session_master"); other keys are left to you.

    Args:
      tf_config: JSON text or the object itself; None for the environment
        variable.

    Raises:
      InvalidClusterError: says what is wrong.
    """
    if tf_config is None:
        tf_config = os.environ.get("TF_CONFIG", "")
    source = Source("TF_CONFIG", 'task["type"]', 'task["index"]')
    config = checked_config(source, tf_config)
    task = config.get("task", {})
    place = checked_place(
        source, config.get("cluster", {}), task.get("type"), task.get("index")
    )
    is_evaluator = place.task_type == "evaluator"
    return ClusterTask(
        *place,
        protocol=config.get("rpc_layer") or "grpc",
        session_master=config.get(
            "eval_session_master" if is_evaluator else "session_master"
        ),
    )


def from_resolver(
    resolver: Any, task_type: str | None = None, task_id: int | None = None
) -> ClusterTask:
    """Returns the task that a cluster resolver of TensorFlow describes.

    Slurm's finds out by itself which task this is; Kubernetes' must be told.
    Slurm's shares out GPUs: where a node with n tasks has none, make it with
    `gpus_per_node=n, gpus_per_task=1, auto_set_gpu=False`.

    Args:
      resolver: A `tf.distribute.cluster_resolver.ClusterResolver`.
      task_type: Its job; None for that of the resolver.
      task_id: Its index in that job; None for that of the resolver.

    Raises:
      InvalidClusterError: says what is wrong.
    """
    source = Source(type(resolver).__name__, "task_type", "task_id")
    # First: Slurm's knows its task only afterwards.
    cluster = resolver.cluster_spec()
    jobs = cluster.as_dict() if cluster else {}
    place = checked_place(
        source,
        # A job without tasks comes as {}, which would pass for a sparse one.
        {job: addresses or [] for job, addresses in jobs.items()},
        resolver.task_type if task_type is None else task_type,
        resolver.task_id if task_id is None else task_id,
    )
    protocol = getattr(resolver, "rpc_layer", None) or "grpc"
    return ClusterTask(*place, protocol=protocol)


def _started_server(task: ClusterTask) -> Any:
    deadline = time.monotonic() + task.start_timeout_secs
    attempt = 0
    while True:
        try:
            return tf.distribute.Server(
                task.cluster,
                task.task_type,
                task.task_id,
                task.protocol,
                task.server_config,
            )
        except tf.errors.UnknownError as error:
            left_secs = deadline - time.monotonic()
            if _PORT_HELD not in str(error) or left_secs <= 0:
                raise
        if attempt == 0:
            logging.warning(
                "The port of %s is held, perhaps by a predecessor; trying "
                "again for %.1f s.",
                task.cluster.task_address(task.task_type, task.task_id),
                task.start_timeout_secs,
            )
        time.sleep(min(0.1 * min(2**attempt, 5), left_secs))
        attempt += 1
