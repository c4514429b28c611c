"""What must hold before an Estimator trains."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from monitored_tf.estimator.config.run_config import RunConfig
from monitored_tf.estimator.config.task_config import TaskType

_train = tf.compat.v1.train


def check_task(config: RunConfig) -> None:
    """Checks that this task is one that trains.

    Args:
      config: Of the Estimator.

    Raises:
      ValueError: if it is none, or is to train with a `tf.distribute` strategy.
    """
    if config.task_type in (TaskType.EVALUATOR, TaskType.PS):
        raise ValueError(
            f"A task of type {config.task_type!r} does not train; this one is "
            "so by TF_CONFIG. Call train_and_evaluate(), which does for each "
            "task what it is there for."
        )
    given = config.experimental_distribute
    strategy = (
        config.train_distribute
        or getattr(given, "train_distribute", None)
        or getattr(given, "remote_cluster", None)
    )
    if strategy is not None:
        raise ValueError(
            "An Estimator does not train with a tf.distribute strategy. Got "
            f"train_distribute={strategy!r:.200}. Leave it out, and describe a "
            "cluster with parameter servers in TF_CONFIG, one process per "
            "worker: train_and_evaluate() trains with all of them."
        )


def check_limits(steps: int | None, max_steps: int | None) -> None:
    """Checks the limits of a training.

    Args:
      steps: Steps to make, or None.
      max_steps: Global step to stop at, or None.

    Raises:
      ValueError: if both are given, or one is not positive.
    """
    if steps is not None and max_steps is not None:
        raise ValueError(
            "Can not provide both steps and max_steps. Got "
            f"steps={steps}, max_steps={max_steps}: leave out one."
        )
    for name, limit in (("steps", steps), ("max_steps", max_steps)):
        if limit is not None and limit <= 0:
            raise ValueError(
                f"Must specify {name} > 0. Got {limit}; leave it out to train "
                "until the input ends."
            )


def checked_hooks(hooks: Iterable[Any] | None) -> tuple[Any, ...]:
    """Returns the hooks of a run as a tuple.

    Args:
      hooks: The user's, or None.

    Raises:
      TypeError: if one is none.
    """
    return _checked(hooks, "hooks", _train.SessionRunHook)


def checked_listeners(listeners: Iterable[Any] | None) -> tuple[Any, ...]:
    """Returns the listeners as a tuple.

    Args:
      listeners: The user's, or None.

    Raises:
      TypeError: if one is none.
    """
    return _checked(
        listeners, "saving_listeners", _train.CheckpointSaverListener
    )


def _checked(given: Any, name: str, wanted: type) -> tuple[Any, ...]:
    described = f"{name} must be a list of {wanted.__name__}"
    try:
        checked = tuple(given or ())
    except TypeError as error:
        raise TypeError(
            f"{described}. Got {given!r:.200}: put a single one into a list."
        ) from error
    for item in checked:
        if not isinstance(item, wanted):
            raise TypeError(
                f"{described}, and each must be a {wanted.__name__}. Got "
                f"{item!r:.200}, of type {type(item).__name__}."
            )
    return checked
