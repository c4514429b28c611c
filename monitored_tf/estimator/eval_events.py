"""The metrics of an Estimator's evaluations, read back from its events."""

from __future__ import annotations

import collections
import os
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from absl import logging

_PATTERN = "events.out.tfevents.*"


def read_eval_metrics(eval_dir: str) -> dict[int, dict[str, float]]:
    """Returns the metrics of all evaluations whose events are in a folder.

    Those that several files hold of one step come together, and of a metric
    that is there twice, the last. What cannot be read of a damaged file is left
    out, with a warning.

    Args:
      eval_dir: The folder, as `Estimator.eval_dir()`. It need not exist.

    Returns:
      The scalars by name, of each global step, in the order of the steps.
    """
    metrics: dict[int, dict[str, float]] = collections.defaultdict(dict)
    for event in _events(eval_dir):
        scalars = {
            value.tag: value.simple_value
            for value in event.summary.value
            if value.HasField("simple_value")
        }
        if scalars:
            metrics[event.step].update(scalars)
    return dict(sorted(metrics.items()))


def _events(eval_dir: str) -> Iterator[Any]:
    files = tf.io.gfile.glob(os.path.join(eval_dir, _PATTERN))
    # The names begin with the time at which a file was made.
    for path in sorted(files):
        try:
            yield from tf.compat.v1.train.summary_iterator(path)
        except tf.errors.DataLossError as error:
            logging.warning(
                "The rest of %s is skipped: it is damaged, or is being "
                "written. %s",
                path,
                error,
            )
