"""What a Saver will restore, as the ops that it put into the graph say."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import Any, Callable, Optional

import tensorflow as tf

_ASSIGNS = {"Assign", "AssignVariableOp"}
# Ops that keep the elements of a tensor.
_KEEPING = frozenset({"Identity", "Reshape"})
_NO_OPS: frozenset[str] = frozenset()
# The names and slices of a RestoreV2 op, or None if they are not constant.
_Names = Callable[[Any], Optional[tuple[Sequence[str], Sequence[str]]]]
_VARIABLES = {"VarHandleOp", "VariableV2", "Variable"}
# Nothing is behind them. To ask an op for its inputs takes long.
_ENDS = _VARIABLES | {"Const", "Placeholder"}


@dataclasses.dataclass(frozen=True, eq=False)
class RestoredTensor:
    """A tensor that a Saver reads from a checkpoint.

    Attributes:
      name: Its name in the checkpoint.
      slice_spec: Its whole shape and the part that is read, as RestoreV2 takes
        them: "8 4 0,3:0,4". "" for all of it.
      shape: The shape that it must have in the checkpoint; None if any will
        do.
      reshaped: Whether only its number of elements must be that of the shape.
      output: The output of the RestoreV2 op that reads it.
    """

    name: str
    slice_spec: str
    shape: tuple[int | None, ...] | None
    reshaped: bool
    output: Any

    @property
    def dtype(self) -> Any:
        """The dtype that it must have in the checkpoint."""
        return self.output.dtype


@dataclasses.dataclass(frozen=True, eq=False)
class RestoreAction:
    """An op that puts tensors of a checkpoint where they belong.

    Attributes:
      op: The op: the assignment of a variable, the filling of a table.
      target: Name of the variable or the resource that it changes.
      tensors: What it takes from the checkpoint, as far as can be foreseen.
    """

    op: Any
    target: str
    tensors: tuple[RestoredTensor, ...]


def restore_actions(saver: Any, graph: Any) -> list[RestoreAction]:
    """Returns all that a Saver does to restore, sorted by target.

    Args:
      saver: `tf.compat.v1.train.Saver` whose ops are in the graph.
      graph: The graph.
    """
    saver_def = saver.as_saver_def()
    if saver_def is None:  # The graph has no variables: allow_empty=True.
        return []
    restore_all = graph.get_operation_by_name(saver_def.restore_op_name)
    # Once for each op: it reads the names of all variables.
    names = functools.lru_cache(None)(_foreseen)
    actions = [_action(op, names) for op in _steps(restore_all, {restore_all})]
    return sorted(actions, key=lambda action: action.target)


def _steps(op: Any, seen: set[Any]) -> Iterator[Any]:
    """Yields the ops that a tree of groups holds."""
    for step in op.control_inputs:
        if step in seen:
            continue
        seen.add(step)
        if step.type == "NoOp":
            yield from _steps(step, seen)
        else:
            yield step


def _action(op: Any, names: _Names) -> RestoreAction:
    inputs = op.inputs
    tensors = []
    for output, path in _sources(inputs):
        foreseen = names(output.op)
        if foreseen is not None:
            tensors.append(_restored_tensor(output, path, op, *foreseen))
    target = inputs[0].op.name if inputs else op.name
    return RestoreAction(op, target, tuple(tensors))


def _sources(inputs: Sequence[Any]) -> list[tuple[Any, frozenset[str]]]:
    """Returns the restored tensors behind others, and the ops between."""
    sources = []
    # The graph keeps its tensors, one object for each.
    seen: set[int] = set()
    waiting = [(tensor, _NO_OPS) for tensor in inputs]
    while waiting:
        tensor, path = waiting.pop()
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        op = tensor.op
        kind = op.type
        if kind == "RestoreV2":
            sources.append((tensor, path))
        elif kind not in _ENDS:
            path |= {kind}
            waiting += [(behind, path) for behind in op.inputs]
    return sources


def _foreseen(restore_op: Any) -> tuple[list[str], list[str]] | None:
    """Returns what it reads; None if that is no constant, as a Saver's is."""
    if any(names.op.type != "Const" for names in restore_op.inputs[1:3]):
        return None
    return names_and_slices(restore_op)


def _restored_tensor(
    output: Any,
    path: frozenset[str],
    action: Any,
    names: Sequence[str],
    slice_specs: Sequence[str],
) -> RestoredTensor:
    place = output.value_index
    slice_spec = slice_specs[place]
    if slice_spec:
        shape: Any = _whole_shape(slice_spec)
    elif path <= _KEEPING and action.type in _ASSIGNS:
        shape = _variable_shape(action)
    else:  # Changed on the way, or no variable.
        shape = None
    return RestoredTensor(
        names[place], slice_spec, shape, "Reshape" in path, output
    )


def names_and_slices(restore_op: Any) -> tuple[list[str], list[str]]:
    """Returns the names and slices that a RestoreV2 op reads, in order."""
    # Not by get_static_value(): it keeps a tensor from being fed from then on.
    names, slice_specs = (
        [tf.compat.as_str(item) for item in _constant(tensor)]
        for tensor in restore_op.inputs[1:3]
    )
    return names, slice_specs


def _constant(tensor: Any) -> Any:
    return tf.make_ndarray(tensor.op.get_attr("value"))


def _whole_shape(slice_spec: str) -> tuple[int, ...]:
    *sizes, _ = slice_spec.split(" ")
    return tuple(map(int, sizes))


def _variable_shape(assign: Any) -> tuple[int | None, ...] | None:
    # All in one message: an attribute alone takes longer.
    variable = assign.inputs[0].op.node_def
    if variable.op not in _VARIABLES:
        return None
    shape = variable.attr["shape"].shape
    # Where validate_shape is False, a variable has no shape of its own.
    if shape.unknown_rank:
        return None
    return tuple([_size(dimension.size) for dimension in shape.dim])


def _size(size: int) -> int | None:
    return None if size < 0 else size
