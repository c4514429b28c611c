"""Which step training is at, as far as it can be told."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from monitored_tf import _tf_private

_READ_SECS = 1.0


def step_tensors(graph: Any) -> list[Any]:
    """Returns what is fetched to read the global step; the best one first."""
    if not isinstance(graph, tf.Graph):
        return []
    # What the hooks fetch: another one would be another subgraph to prepare.
    tensors = list(_tf_private.global_step_reads(graph))
    try:
        variable = tf.compat.v1.train.get_global_step(graph)
    except (TypeError, ValueError):  # Something else has its name.
        return tensors
    if variable is not None:
        tensors.append(variable)
    return tensors


def read(session: Any) -> int | None:
    """Reads the global step; None if there is none or it can't be read."""
    tensors = step_tensors(getattr(session, "graph", None))
    if not tensors:
        return None
    options = tf.compat.v1.RunOptions(timeout_in_ms=int(_READ_SECS * 1000))
    try:
        return int(session.run(tensors[0], options=options))
    except (tf.errors.OpError, RuntimeError):  # A lost session has none.
        return None


class StepWatch:
    """Keeps the last global step that was fetched by anybody.

    Attributes:
      last: The step as a NumPy integer, or None.
    """

    def __init__(self, graph: Any) -> None:
        self.last: Any = None
        # Of the variable, what fetching it fetches.
        self._ids = {
            id(known): known
            for tensor in step_tensors(graph)
            for known in (tensor, graph.as_graph_element(tensor))
        }

    def index_in(self, tensors: list[Any]) -> int | None:
        """Returns where the global step stands in a list of tensors."""
        for index, tensor in enumerate(tensors):
            if id(tensor) in self._ids:
                return index
        return None

    def note(self, requests: dict[int, Any], results: dict[int, Any]) -> None:
        """Looks for the step in what hooks fetched."""
        for position, fetches in requests.items():
            if id(fetches) in self._ids:
                self.last = results[position]
