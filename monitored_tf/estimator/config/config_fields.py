"""The fields of a RunConfig, and what makes them read only."""

from __future__ import annotations

from typing import Any, NoReturn

# What code written for tf.estimator gives, in the order of its arguments.
TF_FIELDS = (
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
)
# What MonitoredTrainingSession is given, under the same names.
SESSION_FIELDS = (
    "recovery",
    "restore",
    "verify",
    "allow_fresh_start",
    "require_checkpoint",
    "on_live_state",
    "stop_on_signal",
    "save_on_error",
)
# What the default CheckpointSaverHook is given.
SAVER_FIELDS = (
    "on_nan",
    "on_save_error",
    "max_save_failures",
    "keep_best",
    "async_save",
)
FIELDS = (*TF_FIELDS, *SESSION_FIELDS, *SAVER_FIELDS)


def values(config: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Returns the values of some fields by name.

    Args:
      config: `RunConfig`.
      names: Those of the fields.
    """
    return {name: getattr(config, name) for name in names}


class ReadOnly:
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
                if self._name in FIELDS
                else "It comes from TF_CONFIG when the RunConfig is made."
            )
        )
