"""The metrics of an Estimator's evaluations, read back from its events."""

from __future__ import annotations

import collections
import os
from collections.abc import Iterator

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
    files = tf.io.gfile.glob(os.path.join(eval_dir, _PATTERN))
    # The names begin with the time at which a file was made.
    for path in sorted(files):
        for step, scalars in scalars_of(path):
            metrics[step].update(scalars)
    return dict(sorted(metrics.items()))


def scalars_of(path: str) -> Iterator[tuple[int, dict[str, float]]]:
    """Yields step and scalars of each event in a file that has some.

    Args:
      path: Of the event file. A process that was killed leaves half an event:
        the rest of a damaged file is left out, with a warning.
    """
    try:
        for event in tf.compat.v1.train.summary_iterator(path):
            scalars = {
                value.tag: value.simple_value
                for value in event.summary.value
                if value.HasField("simple_value")
            }
            if scalars:
                yield event.step, scalars
    except tf.errors.DataLossError as error:
        logging.warning(
            "The rest of %s is skipped: it is damaged, or is being written. %s",
            path,
            error,
        )
