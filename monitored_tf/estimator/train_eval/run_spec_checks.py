"""What the arguments of `TrainSpec` and `EvalSpec` must be."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

_train = tf.compat.v1.train


def check_input_fn(input_fn: Any) -> None:
    """Checks that there is a function.

    Raises:
      TypeError: if there is none.
    """
    if not callable(input_fn):
        raise TypeError(
            f"`input_fn` must be callable. Got {shown(input_fn)}: give the "
            "function itself, not what it returns."
        )


def check_exports(estimator: Any) -> None:
    """Checks that an exporter is given what exports.

    Raises:
      TypeError: if it can't.
    """
    if not callable(getattr(estimator, "export_saved_model", None)):
        raise TypeError(
            "`estimator` must be an Estimator, or have its export_saved_model()"
            f". Got {shown(estimator)}."
        )


def check_positive(number: Any, name: str) -> None:
    """Checks a number of steps, or None.

    Args:
      number: The argument.
      name: Of it.

    Raises:
      ValueError: if it is 0 or less.
    """
    if number is not None and number <= 0:
        raise ValueError(
            f"Must specify {name} > 0. Got {number}; None sets no such number."
        )


def check_secs(secs: Any, name: str) -> None:
    """Checks a number of seconds.

    Args:
      secs: The argument.
      name: Of it.

    Raises:
      ValueError: if it is negative.
    """
    if secs < 0:
        raise ValueError(
            f"Must specify {name} >= 0. Got {secs}; 0 is for no wait."
        )


def checked_hooks(hooks: Any) -> tuple[Any, ...]:
    """Returns the hooks as a tuple.

    Args:
      hooks: An iterable of them, or None.

    Raises:
      TypeError: if one is none.
    """
    return _checked(hooks, "hooks", _train.SessionRunHook)


def checked_listeners(listeners: Any) -> tuple[Any, ...]:
    """Returns the listeners as a tuple.

    Args:
      listeners: An iterable of them, or None.

    Raises:
      TypeError: if one is none.
    """
    return _checked(
        listeners, "saving_listeners", _train.CheckpointSaverListener
    )


def _checked(given: Any, name: str, wanted: type) -> tuple[Any, ...]:
    try:
        checked = tuple(given or ())
    except TypeError as error:
        raise TypeError(
            f"{name} must be an iterable of {wanted.__name__}. Got "
            f"{shown(given)}: put a single one into a list."
        ) from error
    for item in checked:
        if not isinstance(item, wanted):
            raise TypeError(
                f"All {name} must be `{wanted.__name__}` instances. Got "
                f"{shown(item)}."
            )
    return checked


def shown(value: Any) -> str:
    """Returns a value and its type for an error."""
    return f"{value!r:.80}, of type {type(value).__name__}"
