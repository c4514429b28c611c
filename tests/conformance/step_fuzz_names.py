"""Names in a graph, for the fuzz of steps: what is fed, what may fail."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

# Kernels that fail for some values; a placeholder fails if it is not fed.
_RISKY = (
    *("Assert", "CheckNumerics", "Reshape", "GatherV2", "StringToNumber"),
    *("DecodeBase64", "FloorDiv", "SparseToDense", "Placeholder"),
)


def parts(sparse: Any) -> tuple[Any, Any, Any]:
    """Returns the tensors of a SparseTensor."""
    return (sparse.indices, sparse.values, sparse.dense_shape)


def fed_names(key: Any, graph: Any) -> set[str]:
    """Returns the names of all tensors that a key stands for."""
    if isinstance(key, (tuple, list)):
        return set().union(*(fed_names(part, graph) for part in key))
    if isinstance(key, tf.SparseTensor):
        return fed_names(parts(key), graph)
    if isinstance(key, tf.IndexedSlices):
        slices = (key.values, key.indices, key.dense_shape)
        return fed_names([p for p in slices if p is not None], graph)
    try:
        return {graph.as_graph_element(key).name}
    except (TypeError, ValueError, KeyError):
        return set()


def risky_ops(fetched: list[str], fed: set[str], graph: Any) -> set[str]:
    """Returns the names of the ops that may fail in a run.

    Args:
      fetched: Names of tensors and operations.
      fed: Names of tensors, whose ops don't run.
      graph: The graph.
    """
    seen: set[str] = set()
    waiting = [graph.as_graph_element(name) for name in fetched]
    while waiting:
        element = waiting.pop()
        if element.name in fed:
            continue
        op = element if isinstance(element, tf.Operation) else element.op
        if op.name not in seen:
            seen.add(op.name)
            waiting += [*op.inputs, *op.control_inputs]
    return {n for n in seen if graph.get_operation_by_name(n).type in _RISKY}
