"""Where the ops of a training run."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from monitored_tf.estimator.config.run_config import RunConfig


def device_function(config: RunConfig) -> Any:
    """Returns the device function of the graph of a training.

    With parameter servers, variables go to these in turn, and all else to this
    task.

    Args:
      config: Of the Estimator, whose own `device_fn` comes first.

    Returns:
      A function of an op that returns its device; None if there is nothing to
      say about devices.
    """
    if config.device_fn is not None:
        return config.device_fn
    if not config.num_ps_replicas:
        return None
    return tf.compat.v1.train.replica_device_setter(
        ps_tasks=config.num_ps_replicas,
        worker_device=f"/job:{config.task_type}/task:{config.task_id}",
        merge_devices=True,
        cluster=config.cluster_spec,
    )
