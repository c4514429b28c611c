"""How an Estimator runs: where, how often it saves, and as which task."""

from __future__ import annotations

import copy
import dataclasses
import os
from collections.abc import Callable
from typing import Any, NoReturn

from absl import logging

from monitored_tf.estimator import run_config_checks, tf_config
from monitored_tf.estimator.session_config import (
    get_default_session_config as get_default_session_config,
)
from monitored_tf.estimator.task_config import TaskType as TaskType
from monitored_tf.recovery import RecoveryPolicy
from monitored_tf.save_cadence import USE_DEFAULT

_FIELDS = (
    "model_dir",
    "tf_random_seed",
    "save_summary_steps",
    "save_checkpoints_steps",
    "save_checkpoints_secs",
    "session_config",
    "keep_checkpoint_max",
    "keep_checkpoint_every_n_hours",
    "log_step_count_steps",
    "train_distribute",
    "device_fn",
    "protocol",
    "eval_distribute",
    "experimental_distribute",
    "experimental_max_worker_delay_secs",
    "session_creation_timeout_secs",
    "checkpoint_save_graph_def",
    "recovery",
)


class _ReadOnly:
    """An attribute that is kept under its name with an underscore before."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, config: Any, owner: type | None = None) -> Any:
        return self if config is None else getattr(config, f"_{self._name}")

    def __set__(self, config: Any, value: Any) -> NoReturn:
        raise AttributeError(
            f"{self._name} of a RunConfig can't be set. "
            + (
                f"Make another one with replace({self._name}=...)."
                if self._name in _FIELDS
                else "It comes from TF_CONFIG when the RunConfig is made."
            )
        )


class RunConfig:
    """How an Estimator runs. It is never changed: `replace()` makes another.

    >>> config = RunConfig(save_checkpoints_steps=100)
    >>> config.save_checkpoints_secs is None
    True
    >>> config.replace(tf_random_seed=1).tf_random_seed
    1

    The arguments are attributes too. Which task of which cluster this is comes
    from the environment variable TF_CONFIG, read here.

    Args:
      model_dir: Where checkpoints and events go; None for that of TF_CONFIG,
        or of the Estimator.
      tf_random_seed: Of each graph; None for none.
      save_summary_steps: Steps between summaries; 0 or None for no summaries.
      save_checkpoints_steps: Steps between checkpoints. Giving it turns
        `save_checkpoints_secs` off; None turns off both.
      save_checkpoints_secs: Seconds between checkpoints, 600 if neither is
        given; the other way round.
      session_config: `tf.compat.v1.ConfigProto`. None in a cluster is one by
        which a task sees the ps and itself only.
      keep_checkpoint_max: Checkpoints kept; 0 or None for all.
      keep_checkpoint_every_n_hours: Hours between those that are kept for
        ever.
      log_step_count_steps: Steps between lines of the log with loss and speed;
        None for neither.
      train_distribute: `tf.distribute` strategy; the Estimator says whether it
        can train with it.
      device_fn: Function of an `op` that returns its device.
      protocol: Of the server: "grpc", which None is too, or "grpc+verbs".
      eval_distribute: The same for evaluations.
      experimental_distribute: The same for both.
      experimental_max_worker_delay_secs: Longest wait of a worker before it
        starts; whole seconds.
      session_creation_timeout_secs: Longest wait for the variables to be
        ready.
      checkpoint_save_graph_def: Whether `graph.pbtxt` and `.meta` files are
        written.
      recovery: `monitored_tf.RecoveryPolicy` of its sessions; None for the
        default.

    Attributes:
      cluster_spec: `tf.train.ClusterSpec`; empty without a cluster and for an
        evaluator.
      task_type: "chief", "worker", "ps", "evaluator" or "master".
      task_id: Index among the tasks of this type.
      global_id_in_cluster: Index among all tasks, 0 for the chief; None for an
        evaluator.
      master: What a training session connects to.
      evaluation_master: What an evaluation connects to.
      is_chief: Whether it initializes and saves.
      num_ps_replicas: Parameter servers.
      num_worker_replicas: Workers, the chief included.
      service: Dict of the platform, or None.

    Raises:
      ValueError: if an argument or TF_CONFIG is wrong; it says which.
      TypeError: if no number is given for one, or TF_CONFIG has a "service"
        that is no dict.
    """

    model_dir = _ReadOnly()
    tf_random_seed = _ReadOnly()
    save_summary_steps = _ReadOnly()
    save_checkpoints_steps = _ReadOnly()
    save_checkpoints_secs = _ReadOnly()
    session_config = _ReadOnly()
    keep_checkpoint_max = _ReadOnly()
    keep_checkpoint_every_n_hours = _ReadOnly()
    log_step_count_steps = _ReadOnly()
    train_distribute = _ReadOnly()
    device_fn = _ReadOnly()
    protocol = _ReadOnly()
    eval_distribute = _ReadOnly()
    experimental_distribute = _ReadOnly()
    experimental_max_worker_delay_secs = _ReadOnly()
    session_creation_timeout_secs = _ReadOnly()
    checkpoint_save_graph_def = _ReadOnly()
    recovery = _ReadOnly()

    cluster_spec = _ReadOnly()
    task_type = _ReadOnly()
    task_id = _ReadOnly()
    global_id_in_cluster = _ReadOnly()
    master = _ReadOnly()
    evaluation_master = _ReadOnly()
    is_chief = _ReadOnly()
    num_ps_replicas = _ReadOnly()
    num_worker_replicas = _ReadOnly()
    service = _ReadOnly()

    def __init__(
        self,
        model_dir: str | os.PathLike[str] | None = None,
        tf_random_seed: int | None = None,
        save_summary_steps: int | None = 100,
        save_checkpoints_steps: int | None = USE_DEFAULT,
        save_checkpoints_secs: float | None = USE_DEFAULT,
        session_config: Any = None,
        keep_checkpoint_max: int | None = 5,
        keep_checkpoint_every_n_hours: float | None = 10000,
        log_step_count_steps: int | None = 100,
        train_distribute: Any = None,
        device_fn: Callable[[Any], Any] | None = None,
        protocol: str | None = None,
        eval_distribute: Any = None,
        experimental_distribute: Any = None,
        experimental_max_worker_delay_secs: int | None = None,
        session_creation_timeout_secs: float | None = 7200,
        checkpoint_save_graph_def: bool = True,
        *,
        recovery: RecoveryPolicy | None = None,
    ) -> None:
        given = locals()
        fields = {name: given[name] for name in _FIELDS}
        config = tf_config.parsed(os.environ.get("TF_CONFIG", ""))
        if config:
            logging.info("TF_CONFIG is %s", config)
        fields.update(run_config_checks.cadence(fields))
        fields["model_dir"] = _model_dir(model_dir, config)
        _set(self, fields)
        task = tf_config.from_tf_config(config)
        for field in dataclasses.fields(task):
            setattr(self, f"_{field.name}", getattr(task, field.name))
        if session_config is None and task.device_filters:
            self._session_config = get_default_session_config(
                task.device_filters
            )

    def replace(self, **fields: Any) -> RunConfig:
        """Returns a deep copy with other values in some fields.

        Giving one of `save_checkpoints_steps` and `save_checkpoints_secs`
        turns the other off. The task stays what it is; TF_CONFIG is not read
        again.

        Args:
          **fields: Arguments of the constructor.

        Raises:
          ValueError: if one is wrong, or is no argument of the constructor.
          TypeError: if no number is given for one.
        """
        if unknown := sorted({*fields} - {*_FIELDS}):
            raise ValueError(
                f"Replacing {', '.join(unknown)} is not supported. A RunConfig "
                f"can replace {', '.join(_FIELDS)}."
            )
        replaced = copy.deepcopy(self)
        _set(replaced, {**run_config_checks.other_cadence(fields), **fields})
        return replaced

    def __deepcopy__(self, memo: dict[int, Any]) -> RunConfig:
        # A callback of the policy is not to be called on a copy of its object.
        memo[id(self.recovery)] = self.recovery
        memo[id(self)] = copied = copy.copy(self)
        copied.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return copied


def _set(config: RunConfig, fields: dict[str, Any]) -> None:
    if "model_dir" in fields:
        fields["model_dir"] = _path(fields["model_dir"])
    run_config_checks.check_fields(fields)
    for name, value in fields.items():
        setattr(config, f"_{name}", value)


def _model_dir(model_dir: Any, config: dict[str, Any]) -> Any:
    model_dir = _path(model_dir)
    configured = config.get("model_dir")
    if configured == "":
        raise ValueError(
            "model_dir in TF_CONFIG should be non-empty. Name a folder, or "
            "leave it out."
        )
    if model_dir and configured and model_dir != configured:
        raise ValueError(
            "`model_dir` provided in RunConfig construct, if set, must have "
            "the same value as the model_dir in TF_CONFIG. Got "
            f"{model_dir!r} and {configured!r}: leave out one of them."
        )
    return configured if model_dir is None else model_dir


def _path(value: Any) -> Any:
    is_path = isinstance(value, (bytes, os.PathLike))
    return os.fsdecode(value) if is_path else value
