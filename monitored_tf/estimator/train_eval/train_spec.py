"""What `train_and_evaluate` trains with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from monitored_tf.estimator.train_eval import run_spec_checks


class _Fields(NamedTuple):
    input_fn: Callable[..., Any]
    max_steps: int | None
    hooks: tuple[Any, ...]
    saving_listeners: tuple[Any, ...]


class TrainSpec(_Fields):
    """What `train_and_evaluate` trains with, checked.

    >>> TrainSpec(lambda: None, max_steps=100).max_steps
    100

    Args:
      input_fn: As for `Estimator.train`.
      max_steps: Global step that training, and all that follows it, ends at.
        None trains until the input ends: an evaluator in a cluster never ends
        then, and no export is a final one.
      hooks: `SessionRunHook`s of every task that trains.
      saving_listeners: `CheckpointSaverListener`s of the chief.

    Raises:
      ValueError: if `max_steps` is not positive.
      TypeError: if something is of the wrong type.
    """

    __slots__ = ()

    def __new__(
        cls,
        input_fn: Callable[..., Any],
        max_steps: int | None = None,
        hooks: Iterable[Any] | None = None,
        saving_listeners: Iterable[Any] | None = None,
    ) -> TrainSpec:
        """Checks the arguments, in the order in which tf.estimator does."""
        run_spec_checks.check_input_fn(input_fn)
        run_spec_checks.check_positive(max_steps, "max_steps")
        return super().__new__(
            cls,
            input_fn,
            max_steps,
            run_spec_checks.checked_hooks(hooks),
            run_spec_checks.checked_listeners(saving_listeners),
        )
