"""The metric by which checkpoints are kept, fetched with each step."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from monitored_tf import save_errors
from monitored_tf.hooks.best_checkpoints import BestCheckpoints

_FOLDER = "best"


class BestMetric:
    """Fetches a metric, and keeps the checkpoints of which it is best.

    Args:
      keep_best: The metric, as tensor or name; how many; "min" or "max".
      checkpoint_dir: Folder of the checkpoints. The best are in `best` there.
      basename: Name of the checkpoints without the step.

    Raises:
      ValueError: if `keep_best` is nothing like that.
    """

    def __init__(
        self, keep_best: Sequence[Any], checkpoint_dir: str, basename: str
    ) -> None:
        self._given, self._count, mode = _parts(keep_best)
        self._highest = mode == "max"
        self._folder = os.path.join(checkpoint_dir, _FOLDER)
        self._basename = basename
        self._tensor: Any = None
        self._value: Any = None
        self._checkpoints: BestCheckpoints | None = None

    def begin(self, graph: Any) -> None:
        """Looks up the metric.

        Raises:
          ValueError: if the graph has no such tensor.
        """
        self._tensor = _tensor(graph, self._given)
        self._checkpoints = BestCheckpoints(
            self._folder,
            self._basename,
            self._tensor.name,
            self._count,
            self._highest,
        )

    def forget(self) -> None:
        """Forgets the value, as in a new session."""
        self._value = None

    def added_to(self, request: Any) -> Any:
        """Returns the request of a hook, with the metric."""
        return request._replace(fetches=[request.fetches, self._tensor])

    def taken_from(self, run_values: Any) -> Any:
        """Takes the value; returns what the hook itself asked for."""
        results, self._value = run_values.results
        return run_values._replace(results=results)

    def offer(self, path: str | None, step: int) -> None:
        """Keeps a checkpoint if it is one of the best.

        Args:
          path: Path of the checkpoint, or None.
          step: Its global step.

        Raises:
          CheckpointSaveError: if it could not be copied.
        """
        if path is None or self._value is None or self._checkpoints is None:
            return
        try:
            self._checkpoints.offer(path, step, self._value)
        except tf.errors.OpError as error:
            copy = os.path.join(self._folder, os.path.basename(path))
            raise save_errors.save_error(error, copy, step) from error


def _parts(keep_best: Sequence[Any]) -> tuple[Any, int, str]:
    if isinstance(keep_best, (tuple, list)) and len(keep_best) in (2, 3):
        metric, count, mode = (*keep_best, "min")[:3]
        if isinstance(count, int) and count > 0 and mode in ("min", "max"):
            return metric, count, mode
    raise ValueError(
        "keep_best must be (metric, count), or (metric, count, 'max') if the "
        f"highest values are best. Got {keep_best!r}."
    )


def _tensor(graph: Any, metric: Any) -> Any:
    if isinstance(metric, str) and ":" not in metric:
        metric = f"{metric}:0"
    try:
        return graph.as_graph_element(metric, allow_operation=False)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            "The metric of keep_best must be a tensor of the session's graph, "
            f"or the name of one. Got {metric!r}."
        ) from error
