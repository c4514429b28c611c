"""Runs an Estimator's predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from monitored_tf.estimator.model import Model


def predict(
    model: Model,
    input_fn: Callable[..., Any],
    predict_keys: Any = None,
    hooks: Sequence[Any] | None = None,
    checkpoint_path: str | None = None,
    yield_single_examples: bool = True,
) -> Iterator[Any]:
    """Yields predictions. See `Estimator.predict`."""
    raise NotImplementedError
