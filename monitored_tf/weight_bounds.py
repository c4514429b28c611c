"""Which variables may be infinite though a model is sound."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import tensorflow as tf

_Keys = tf.compat.v1.GraphKeys


class InfiniteBounds:
    """Tells the variables that are not trained; keeps those of one graph.

    As the least loss so far, which is Inf before the first step.
    """

    def __init__(self) -> None:
        self._graph: Any = None
        self._names: frozenset[str] = frozenset()

    def of(self, graph: Any) -> Collection[str]:
        """Returns their names in this graph."""
        if self._graph is not graph:
            trained = _names(graph, _Keys.TRAINABLE_VARIABLES)
            self._names = _names(graph, _Keys.GLOBAL_VARIABLES) - trained
            self._graph = graph
        return self._names


def _names(graph: Any, collection: str) -> frozenset[str]:
    variables = graph.get_collection(collection)
    return frozenset(variable.op.name for variable in variables)
