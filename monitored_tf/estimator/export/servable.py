"""Whether what a signature feeds is enough for what it gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tensorflow as tf


def check_servable(input_tensors: Iterable[Any], signature: Any) -> None:
    """Checks that no output needs a placeholder that is no input.

    Args:
      input_tensors: What will be fed; tensors, SparseTensors, RaggedTensors.
      signature: SignatureDef proto, whose outputs are in the same graph.

    Raises:
      ValueError: One does, or the inputs are of several graphs.
    """
    inputs = tf.nest.flatten(list(input_tensors), expand_composites=True)
    graph = _graph_of(inputs)
    fed = {tensor.ref() for tensor in inputs}
    for name, info in signature.outputs.items():
        output = tf.compat.v1.saved_model.get_tensor_from_tensor_info(
            info, graph=graph
        )
        path = _path_to_unfed(output, fed)
        if path:
            raise ValueError(
                f"the output {name!r} depends on the placeholder "
                f"{path[-1]!r}, which is none of the receiver's tensors "
                f"{sorted(tensor.name for tensor in inputs)}. "
                f"The way there: {' <- '.join(path)}"
            )


def _graph_of(tensors: list[Any]) -> Any:
    graphs = {id(tensor.graph): tensor.graph for tensor in tensors}
    if len(graphs) != 1:
        raise ValueError(
            f"the receiver's tensors are of {len(graphs)} graphs instead of 1"
        )
    return next(iter(graphs.values()))


def _path_to_unfed(output: Any, fed: set[Any]) -> list[str]:
    """Returns the ops from an output to a placeholder not fed, or nothing.

    Where a fed tensor is reached, what lies behind it doesn't matter.
    """
    flat = tf.nest.flatten(output, expand_composites=True)
    found_by = {tensor.op: None for tensor in flat}
    waiting = list(found_by)
    for op in waiting:  # Grows meanwhile.
        if op.type == "Placeholder" and not _all_in(op.outputs, fed):
            return _names_to(op, found_by)
        for tensor in op.inputs:
            if tensor.ref() not in fed and tensor.op not in found_by:
                found_by[tensor.op] = op
                waiting.append(tensor.op)
    return []


def _all_in(tensors: Iterable[Any], fed: set[Any]) -> bool:
    return all(tensor.ref() in fed for tensor in tensors)


def _names_to(op: Any, found_by: dict[Any, Any]) -> list[str]:
    names = []
    while op is not None:
        names.append(op.name)
        op = found_by[op]
    return names[::-1]
