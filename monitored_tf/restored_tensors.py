"""What a Saver will restore, as the ops that it put into the graph say."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import Any, Callable

import tensorflow as tf

_ASSIGNS = {"Assign", "AssignVariableOp"}
_Names = Callable[[Any], tuple[Sequence[str], Sequence[str]]]
_VARIABLES = {"VarHandleOp", "VariableV2", "Variable"}


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
    names = functools.lru_cache(None)(names_and_slices)
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
    tensors = [
        _restored_tensor(output, path, op, *names(output.op))
        for output, path in _sources(op)
    ]
    target = op.inputs[0].op.name if op.inputs else op.name
    return RestoreAction(op, target, tuple(tensors))


def _sources(op: Any) -> list[tuple[Any, frozenset[str]]]:
    """Returns the restored tensors behind an op, and the ops between."""
    sources = []
    seen: set[Any] = set()
    waiting = [(tensor, frozenset[str]()) for tensor in op.inputs]
    while waiting:
        tensor, path = waiting.pop()
        if tensor.ref() in seen:
            continue
        seen.add(tensor.ref())
        if tensor.op.type == "RestoreV2":
            if _is_foreseeable(tensor.op):
                sources.append((tensor, path))
        else:
            path |= {tensor.op.type}
            waiting += [(behind, path) for behind in tensor.op.inputs]
    return sources


def _is_foreseeable(restore_op: Any) -> bool:
    """Whether the names that it reads are constants, as a Saver's are."""
    return all(names.op.type == "Const" for names in restore_op.inputs[1:3])


def _restored_tensor(
    output: Any,
    path: frozenset[str],
    action: Any,
    names: Sequence[str],
    slice_specs: Sequence[str],
) -> RestoredTensor:
    slice_spec = slice_specs[output.value_index]
    reshaped = "Reshape" in path
    if slice_spec:
        shape: Any = _whole_shape(slice_spec)
    elif action.type in _ASSIGNS and path <= {"Identity", "Reshape"}:
        shape = _variable_shape(action)
    else:  # Changed on the way, or no variable.
        shape = None
    return RestoredTensor(
        names[output.value_index], slice_spec, shape, reshaped, output
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
    variable = assign.inputs[0].op
    if variable.type not in _VARIABLES:
        return None
    shape = tf.TensorShape(variable.get_attr("shape"))
    # Where validate_shape is False, a variable has no shape of its own.
    return None if shape.rank is None else tuple(shape.as_list())
