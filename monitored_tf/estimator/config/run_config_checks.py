"""What the fields of a RunConfig must be."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, Callable

import tensorflow as tf

from monitored_tf import remote_master, snapshots
from monitored_tf.chief_session_creator import ChiefSessionCreator
from monitored_tf.estimator import fn_args
from monitored_tf.hooks import CheckpointSaverHook
from monitored_tf.recovery import RecoveryPolicy
from monitored_tf.save_cadence import USE_DEFAULT

_DEFAULT_SECS = 600
_PROTOCOLS = ("grpc", "grpc+verbs")
_FROM_ZERO = (
    "save_summary_steps",
    "save_checkpoints_steps",
    "save_checkpoints_secs",
    "keep_checkpoint_max",
)
_ABOVE_ZERO = (
    "keep_checkpoint_every_n_hours",
    "log_step_count_steps",
    "session_creation_timeout_secs",
)
# None is no value of these.
_NEEDED = ("restore", "verify", "on_save_error", "max_save_failures")


def check_fields(fields: Mapping[str, Any]) -> None:
    """Checks the fields that are given; of most None is good.

    Args:
      fields: Values by name.

    Raises:
      ValueError: says which one is wrong.
      TypeError: if something is given for a number that is none, or a
        recovery that is no `RecoveryPolicy`.
    """
    for name, value in fields.items():
        check = _CHECKS.get(name)
        if check is not None and (value is not None or name in _NEEDED):
            check(name, value)


def check_async_save(async_save: bool, master: str) -> None:
    """Checks that a task that saves in the background can do it.

    Args:
      async_save: Whether it does.
      master: What its sessions connect to.

    Raises:
      ValueError: if that is a server.
    """
    if async_save and remote_master.is_remote(master):
        raise ValueError(snapshots.remote_message(master))


def cadence(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the two fields that say how often checkpoints are saved.

    Args:
      fields: As the constructor is given them.

    Raises:
      ValueError: if neither turns the other off.
    """
    steps = fields["save_checkpoints_steps"]
    secs = fields["save_checkpoints_secs"]
    if steps is USE_DEFAULT:
        steps = None
        secs = _DEFAULT_SECS if secs is USE_DEFAULT else secs
    elif secs is USE_DEFAULT:
        secs = None
    _check_cadence(steps, secs)
    return {"save_checkpoints_steps": steps, "save_checkpoints_secs": secs}


def other_cadence(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the field that a replacement turns off, with None, if any.

    Args:
      fields: Those that are replaced.

    Raises:
      ValueError: if both are set.
    """
    steps = fields.get("save_checkpoints_steps")
    secs = fields.get("save_checkpoints_secs")
    _check_cadence(steps, secs)
    if steps is not None:
        return {"save_checkpoints_secs": None}
    return {} if secs is None else {"save_checkpoints_steps": None}


def _check_cadence(steps: Any, secs: Any) -> None:
    if steps is not None and secs is not None:
        raise ValueError(
            "`save_checkpoints_steps` and `save_checkpoints_secs` cannot be "
            f"both set. Got {steps!r} and {secs!r}: leave out one of them."
        )


def _check_model_dir(name: str, value: Any) -> None:
    if not isinstance(value, (str, bytes)):
        raise TypeError(
            f"{name} must be a path. Got {value!r:.60}, of type "
            f"{type(value).__name__}."
        )
    _require(value, name, value, "should be non-empty", "leave it out instead")


def _check_from_zero(name: str, value: Any) -> None:
    holds = _compared(name, value, operator.ge)
    _require(holds, name, value, "should be >= 0")


def _check_above_zero(name: str, value: Any) -> None:
    holds = _compared(name, value, operator.gt)
    _require(holds, name, value, "should be > 0")


def _check_integer(name: str, value: Any) -> None:
    _require(isinstance(value, int), name, value, "must be integer")


def _check_whole_secs(name: str, value: Any) -> None:
    _require(isinstance(value, int), name, value, "must be an integer if set")


def _check_session_config(name: str, value: Any) -> None:
    holds = isinstance(value, tf.compat.v1.ConfigProto)
    _require(holds, name, value, "must be instance of ConfigProto")


def _check_device_fn(name: str, value: Any) -> None:
    holds = callable(value) and fn_args.takes_only(value, ("op",))
    _require(
        holds, name, value, 'must be callable with exactly one argument "op"'
    )


def _check_protocol(name: str, value: Any) -> None:
    _require(
        value in _PROTOCOLS, name, value, f"should be {' or '.join(_PROTOCOLS)}"
    )


def _check_strategy(name: str, value: Any) -> None:
    # The newer one trains from a coordinator, which an Estimator has not.
    newer = tf.distribute.experimental.ParameterServerStrategy
    _require(
        type(value) is not newer,
        name,
        value,
        "cannot be a ParameterServerStrategy of TensorFlow 2",
        "set TF_CONFIG with ps and worker jobs, and leave it out",
    )


def _check_recovery(name: str, value: Any) -> None:
    if not isinstance(value, RecoveryPolicy):
        raise TypeError(
            f"{name} must be a monitored_tf.RecoveryPolicy. Got {value!r:.60}, "
            f"of type {type(value).__name__}."
        )


def _check_restore(name: str, value: Any) -> None:
    ChiefSessionCreator(**{name: value})


def _check_saving(name: str, value: Any) -> None:
    # Only made to have its arguments checked.
    CheckpointSaverHook("", save_steps=1, **{name: value})


def _check_max_save_failures(name: str, value: Any) -> None:
    _check_above_zero(name, value)
    _check_saving(name, value)


def _check_keep_best(name: str, value: Any) -> None:
    _check_saving(name, value)
    _require(
        isinstance(value[0], str),
        name,
        value,
        "must have the name of a tensor",
        "the graph of the model is not there yet",
    )


def _compared(name: str, value: Any, holds: Callable[[Any, int], Any]) -> bool:
    try:
        return bool(holds(value, 0))
    except TypeError as error:
        raise TypeError(
            f"{name} must be a number. Got {value!r:.60}, of type "
            f"{type(value).__name__}."
        ) from error


def _require(
    holds: object, name: str, value: Any, rule: str, cure: str = ""
) -> None:
    if not holds:
        advice = f": {cure}" if cure else ""
        raise ValueError(f"{name} {rule}. Got {value!r:.60}{advice}.")


_CHECKS: dict[str, Callable[[str, Any], None]] = {
    "model_dir": _check_model_dir,
    "tf_random_seed": _check_integer,
    "experimental_max_worker_delay_secs": _check_whole_secs,
    "session_config": _check_session_config,
    "device_fn": _check_device_fn,
    "protocol": _check_protocol,
    "train_distribute": _check_strategy,
    "eval_distribute": _check_strategy,
    "recovery": _check_recovery,
    "max_save_failures": _check_max_save_failures,
    "keep_best": _check_keep_best,
    **dict.fromkeys(("restore", "verify", "on_live_state"), _check_restore),
    **dict.fromkeys(("on_nan", "on_save_error"), _check_saving),
    **dict.fromkeys(_FROM_ZERO, _check_from_zero),
    **dict.fromkeys(_ABOVE_ZERO, _check_above_zero),
}
