"""What the ops of a graph say of its datasets and iterators."""

from __future__ import annotations

from typing import Any

_PLACEHOLDERS = {"Placeholder", "PlaceholderV2"}


def iterator_of(initializer: Any) -> Any:
    """Returns the tensor of the iterator that a MakeIterator op fills."""
    _, iterator = initializer.inputs
    return iterator


def serializers(initializer: Any) -> list[Any]:
    """Returns the ops that save the iterator of a MakeIterator op."""
    return [
        op
        for op in iterator_of(initializer).consumers()
        if op.type == "SerializeIterator"
    ]


def op_types(initializer: Any) -> set[str]:
    """Returns the types of the ops behind one, those in functions too."""
    graph_def = initializer.graph.as_graph_def()
    functions = {
        function.signature.name: function.node_def
        for function in graph_def.library.function
    }
    waiting = [op.node_def for op in _ancestors(initializer)]
    types: set[str] = set()
    while waiting:
        node = waiting.pop()
        types.add(node.op)
        for attr in node.attr.values():
            waiting += functions.pop(attr.func.name, ())
    return types


def restore_no_iterator(meta_graph: Any) -> None:
    """Takes iterators out of what a MetaGraphDef restores.

    Who loads an exported model initializes no iterator of the training, and
    into one that is not initialized nothing can be restored.

    Args:
      meta_graph: The MetaGraphDef; it is changed.
    """
    nodes = meta_graph.graph_def.node
    steps = {f"^{one.name}" for one in nodes if one.op == "DeserializeIterator"}
    for node in nodes:
        if node.op == "NoOp" and steps.intersection(node.input):
            kept = [step for step in node.input if step not in steps]
            node.ClearField("input")
            node.input.extend(kept)


def feeds(op: Any) -> list[str]:
    """Returns the names of the placeholders that an op depends on."""
    return sorted(
        one.name for one in _ancestors(op) if one.type in _PLACEHOLDERS
    )


def _ancestors(op: Any) -> set[Any]:
    seen = {op}
    waiting = [op]
    while waiting:
        one = waiting.pop()
        behind = {*(tensor.op for tensor in one.inputs), *one.control_inputs}
        waiting += behind - seen
        seen |= behind
    return seen
