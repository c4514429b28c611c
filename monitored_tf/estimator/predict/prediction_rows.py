"""Which predictions are run, and how a batch of them comes apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def chosen(predictions: Any, predict_keys: Any) -> Any:
    """Returns those of the predictions that are wanted.

    Args:
      predictions: Tensor, or dict of tensors.
      predict_keys: Keys. Of a str, as in tf.estimator, each key is taken that
        is a part of it. None for all.

    Raises:
      ValueError: if there are no keys, or none of these.
    """
    if not predict_keys:
        return predictions
    if not isinstance(predictions, dict):
        raise ValueError(
            "predict_keys argument is not valid in case of non-dict "
            f"predictions. Got {predict_keys!r} for {predictions!r:.200}: "
            "leave it out, or have model_fn return a dict."
        )
    kept = {key: one for key, one in predictions.items() if key in predict_keys}
    if not kept:
        raise ValueError(
            f"Expected to run at least one output from {[*predictions]}, "
            f"provided {predict_keys!r}."
        )
    return kept


def rows(batch: Any) -> Iterator[Any]:
    """Yields the examples of a batch.

    Args:
      batch: Array, or dict of arrays.

    Raises:
      ValueError: if the arrays of a dict have different first dimensions.
    """
    if not isinstance(batch, dict):
        yield from batch
        return
    for row in range(_batch_size(batch)):
        yield {key: value[row] for key, value in batch.items()}


def _batch_size(batch: dict[Any, Any]) -> int:
    sizes = {key: value.shape[0] for key, value in batch.items()}
    if len({*sizes.values()}) > 1:
        raise ValueError(
            "Batch length of predictions should be same. Got "
            f"{sizes}: give predict_keys, or yield_single_examples=False for "
            "whole batches."
        )
    return int(next(iter(sizes.values()), 0))
