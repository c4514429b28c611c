"""How an Estimator runs: where, how often it saves, and as which task."""

from __future__ import annotations

import copy
import dataclasses
import os
from collections.abc import Callable, Sequence
from typing import Any

from absl import logging

from monitored_tf.estimator.config import (
    model_dirs,
    run_config_checks,
    tf_config,
)
from monitored_tf.estimator.config.config_fields import FIELDS, ReadOnly
from monitored_tf.estimator.config.session_config import (
    get_default_session_config as get_default_session_config,
)
from monitored_tf.estimator.config.task_config import TaskType as TaskType
from monitored_tf.recovery import RecoveryPolicy
from monitored_tf.save_cadence import USE_DEFAULT


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
      restore: As for `monitored_tf.MonitoredTrainingSession`, and so are those
        below. Evaluations and predictions take "available" too; a part that a
        regular expression names is of trainings only. Exports restore all.
      verify: As there, also of evaluations and predictions.
      allow_fresh_start: As there.
      require_checkpoint: As there.
      on_live_state: As there.
      stop_on_signal: As there, also of evaluations.
      save_on_error: As there.
      on_nan: As there, of the checkpoint saver that trainings have by default,
        and so are those below. A loss that is NaN ends training before, unless
        a `NanTensorHook` of yours lets it go on; "raise" is "skip" with one.
      on_save_error: As there.
      max_save_failures: As there.
      keep_best: As there; the metric by its name in the graph.
      async_save: As there.

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

    model_dir = ReadOnly()
    tf_random_seed = ReadOnly()
    save_summary_steps = ReadOnly()
    save_checkpoints_steps = ReadOnly()
    save_checkpoints_secs = ReadOnly()
    session_config = ReadOnly()
    keep_checkpoint_max = ReadOnly()
    keep_checkpoint_every_n_hours = ReadOnly()
    log_step_count_steps = ReadOnly()
    train_distribute = ReadOnly()
    device_fn = ReadOnly()
    protocol = ReadOnly()
    eval_distribute = ReadOnly()
    experimental_distribute = ReadOnly()
    experimental_max_worker_delay_secs = ReadOnly()
    session_creation_timeout_secs = ReadOnly()
    checkpoint_save_graph_def = ReadOnly()
    recovery = ReadOnly()
    restore = ReadOnly()
    verify = ReadOnly()
    allow_fresh_start = ReadOnly()
    require_checkpoint = ReadOnly()
    on_live_state = ReadOnly()
    stop_on_signal = ReadOnly()
    save_on_error = ReadOnly()
    on_nan = ReadOnly()
    on_save_error = ReadOnly()
    max_save_failures = ReadOnly()
    keep_best = ReadOnly()
    async_save = ReadOnly()

    cluster_spec = ReadOnly()
    task_type = ReadOnly()
    task_id = ReadOnly()
    global_id_in_cluster = ReadOnly()
    master = ReadOnly()
    evaluation_master = ReadOnly()
    is_chief = ReadOnly()
    num_ps_replicas = ReadOnly()
    num_worker_replicas = ReadOnly()
    service = ReadOnly()

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
        restore: str = "strict",
        verify: str = "files",
        allow_fresh_start: bool = False,
        require_checkpoint: bool = False,
        on_live_state: str | None = None,
        stop_on_signal: bool = True,
        save_on_error: bool = False,
        on_nan: str | None = "raise",
        on_save_error: str = "raise",
        max_save_failures: int = 10,
        keep_best: Sequence[Any] | None = None,
        async_save: bool = False,
    ) -> None:
        given = locals()
        fields = {name: given[name] for name in FIELDS}
        config = tf_config.parsed(os.environ.get("TF_CONFIG", ""))
        if config:
            logging.info("TF_CONFIG is %s", config)
        fields.update(run_config_checks.cadence(fields))
        fields["model_dir"] = model_dirs.one_of(
            model_dir, config.get("model_dir")
        )
        _set(self, fields)
        task = tf_config.from_tf_config(config)
        for field in dataclasses.fields(task):
            setattr(self, f"_{field.name}", getattr(task, field.name))
        if session_config is None and task.device_filters:
            self._session_config = get_default_session_config(
                task.device_filters
            )
        run_config_checks.check_async_save(self.async_save, self.master)

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
        if unknown := sorted({*fields} - {*FIELDS}):
            raise ValueError(
                f"Replacing {', '.join(unknown)} is not supported. A RunConfig "
                f"can replace {', '.join(FIELDS)}."
            )
        replaced = copy.deepcopy(self)
        _set(replaced, {**run_config_checks.other_cadence(fields), **fields})
        run_config_checks.check_async_save(replaced.async_save, replaced.master)
        return replaced

    def __deepcopy__(self, memo: dict[int, Any]) -> RunConfig:
        # A callback of the policy is not to be called on a copy of its object.
        memo[id(self.recovery)] = self.recovery
        memo[id(self)] = copied = copy.copy(self)
        copied.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return copied


def _set(config: RunConfig, fields: dict[str, Any]) -> None:
    if "model_dir" in fields:
        fields["model_dir"] = model_dirs.as_str(fields["model_dir"])
    run_config_checks.check_fields(fields)
    for name, value in fields.items():
        setattr(config, f"_{name}", value)
