"""Which task of which cluster a process is, as an Estimator sees it."""

from __future__ import annotations

import dataclasses
from typing import Any

import tensorflow as tf


class TaskType:
    """The names of the jobs.

    Attributes:
      MASTER: An older chief, which evaluates too.
      PS: Parameter servers, which hold the variables.
      WORKER: Those that train beside the chief.
      CHIEF: The one that initializes, saves, and trains.
      EVALUATOR: Outside of the cluster: it reads the checkpoints.
    """

    MASTER = "master"
    PS = "ps"
    WORKER = "worker"
    CHIEF = "chief"
    EVALUATOR = "evaluator"


@dataclasses.dataclass(frozen=True, eq=False)
class TaskConfig:
    """One task, and its cluster as it sees this.

    Attributes:
      cluster_spec: `tf.train.ClusterSpec`; an empty one for a task on its own
        and for an evaluator.
      task_type: One of `TaskType`.
      task_id: Its index among those of that type.
      master: What a training session connects to; "" for this process.
      evaluation_master: The same for an evaluation.
      is_chief: Whether it initializes and saves.
      num_ps_replicas: Parameter servers.
      num_worker_replicas: Workers, the chief included.
      global_id_in_cluster: Its index among all tasks, 0 for the chief; None
        for an evaluator.
      service: What the platform adds, a dict, or None.
    """

    cluster_spec: Any = dataclasses.field(
        default_factory=lambda: tf.train.ClusterSpec({})
    )
    task_type: str = TaskType.WORKER
    task_id: int = 0
    master: str = ""
    evaluation_master: str = ""
    is_chief: bool = True
    num_ps_replicas: int = 0
    num_worker_replicas: int = 1
    global_id_in_cluster: int | None = 0
    service: dict[str, Any] | None = None

    @property
    def device_filters(self) -> list[str] | None:
        """The devices that its session may see; None for no limit.

        Else a session would wait for tasks that it does not need.
        """
        if not self.cluster_spec:
            return None
        if self.task_type == TaskType.WORKER:
            return ["/job:ps", f"/job:worker/task:{self.task_id}"]
        if self.task_type in (TaskType.CHIEF, TaskType.MASTER):
            return ["/job:ps", f"/job:{self.task_type}"]
        if self.task_type == TaskType.PS:
            return ["/job:ps", "/job:worker", "/job:chief", "/job:master"]
        return None
