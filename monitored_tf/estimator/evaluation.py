"""Runs an Estimator's evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from monitored_tf.estimator.model import Model


def evaluate(
    model: Model,
    input_fn: Callable[..., Any],
    steps: int | None = None,
    hooks: Sequence[Any] | None = None,
    checkpoint_path: str | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """Evaluates. See `Estimator.evaluate`."""
    raise NotImplementedError


def eval_dir(model_dir: str, name: str | None = None) -> str:
    """Returns where the events of an evaluation go."""
    raise NotImplementedError
