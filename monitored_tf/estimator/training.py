"""Runs an Estimator's training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from monitored_tf.estimator.model import Model


def train(
    model: Model,
    input_fn: Callable[..., Any],
    hooks: Sequence[Any] | None = None,
    steps: int | None = None,
    max_steps: int | None = None,
    saving_listeners: Sequence[Any] | None = None,
) -> None:
    """Trains. See `Estimator.train`."""
    raise NotImplementedError
