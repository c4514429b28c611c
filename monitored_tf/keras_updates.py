"""The updates that Keras 3 makes in a graph, and that nothing would run.

Run eagerly, an assignment is done when it is made. In a graph it is an op
like any other: BatchNormalization's averages and Dropout's seeds stay as they
are unless someone runs it.
"""

from __future__ import annotations

import collections
import enum
import functools
import inspect
import os
from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf import _keras_private

_ASSIGNMENTS = {
    "AssignVariableOp",
    "AssignAddVariableOp",
    "AssignSubVariableOp",
}


class _Maker(enum.Enum):
    """Whose code made an assignment."""

    CALLER = enum.auto()
    LAYER = enum.auto()
    METRIC = enum.auto()
    OPTIMIZER = enum.auto()


def hanging_updates(operations: Iterable[Any], train_op: Any) -> list[Any]:
    """Returns the assignments of Keras 3's layers that train_op does not run.

    Those of its metrics are none of them: who evaluates runs them. Nor is
    what the caller assigns, be it to a variable of Keras.

    Args:
      operations: Where to look: ops of one graph.
      train_op: An op or a tensor of that graph.

    Raises:
      ValueError: if an optimizer of Keras 3 left its updates hanging.
    """
    if _keras_private.keras3() is None:
        return []
    assignments = _assignments(operations)
    makers = {op: _maker(op) for op in assignments}
    found = [
        op
        for op in assignments
        if makers[op] in (_Maker.LAYER, _Maker.OPTIMIZER)
    ]
    if not found:
        return []
    run = _ancestors(train_op)
    hanging = [op for op in found if op not in run]
    for op in hanging:
        if makers[op] is _Maker.OPTIMIZER:
            raise ValueError(
                f"An optimizer of Keras 3 made {op.name}, which train_op does "
                "not run: take as train_op what its apply_gradients(...) "
                "returns inside keras_graph(), or use tf.compat.v1.train's."
            )
    return [op for op in hanging if _can_be_run(op)]


def run_after(train_op: Any, updates: Sequence[Any]) -> Any:
    """Returns an op that runs train_op, then the updates.

    They are made again: nothing else could hold them back until train_op, and
    they themselves, have read the variables. Or a step's dropout would be by
    this step's seed or the next one's, as it comes.

    Args:
      train_op: An op or a tensor.
      updates: What `hanging_updates` found.
    """
    _warn_of_lost(updates)
    done = [train_op]
    before = [train_op, *(op.inputs[1] for op in updates)]
    for op in updates:
        resource, value = op.inputs
        after = op.graph.control_dependencies(before)
        with after, op.graph.colocate_with(resource.op):
            make = getattr(tf.raw_ops, op.type)
            done.append(make(resource=resource, value=value))
        before = done[-1:]
    return tf.group(*done)


def variable_name(update: Any) -> str:
    """Returns the name of the variable that an update is of."""
    return str(_handle(update).name)


def _handle(assignment: Any) -> Any:
    """Returns the op that makes the handle of the variable."""
    op = assignment.inputs[0].op
    while op.inputs:  # What leads it into control flow v1.
        op = op.inputs[0].op
    return op


def _assignments(operations: Iterable[Any]) -> list[Any]:
    """Returns the assignments to variables that do not initialize them."""
    candidates = [op for op in operations if op.type in _ASSIGNMENTS]
    if not candidates:
        return []
    keys = tf.compat.v1.GraphKeys
    graph = candidates[0].graph
    initializers = {
        variable.handle.op: variable.initializer
        for key in (keys.GLOBAL_VARIABLES, keys.LOCAL_VARIABLES)
        for variable in graph.get_collection(key)
        if hasattr(variable, "handle")
    }
    return [
        op for op in candidates if initializers.get(_handle(op), op) is not op
    ]


def _maker(assignment: Any) -> _Maker:
    """Tells by the folders of the files whose code is on the stack.

    The methods of variables themselves say nothing: they are on it too if the
    caller assigns to a variable of Keras.
    """
    of_variables = _files_of(_keras_private.variable_class())
    of_keras = {
        file
        for file in _files(assignment) - of_variables
        if file.startswith(_folder())
    }
    if not of_keras:
        return _Maker.CALLER
    keras = _keras_private.keras3()
    of_layers = _files_of(keras.layers.Layer)
    if of_keras & (_files_of(keras.optimizers.Optimizer) - of_layers):
        return _Maker.OPTIMIZER
    metrics = _folder_of(keras.metrics.Metric)
    if any(file.startswith(metrics) for file in of_keras):
        return _Maker.METRIC
    if not _files(_handle(assignment)) & of_variables:
        return _Maker.CALLER
    return _Maker.LAYER


def _files(operation: Any) -> set[str]:
    return {frame.filename for frame in operation.traceback}


@functools.cache
def _folder() -> str:
    return os.path.join(os.path.dirname(_keras_private.keras3().__file__), "")


@functools.cache
def _folder_of(cls: Any) -> str:
    return os.path.join(os.path.dirname(inspect.getfile(cls)), "")


@functools.cache
def _files_of(cls: Any) -> frozenset[str]:
    """Returns the files of Keras in which a class and its bases are."""
    modules = (inspect.getmodule(base) for base in inspect.getmro(cls))
    files = (getattr(module, "__file__", None) for module in modules)
    return frozenset(
        file for file in files if file and file.startswith(_folder())
    )


def _ancestors(train_op: Any) -> set[Any]:
    """Returns the ops that must run for it, itself included."""
    waiting = [train_op if isinstance(train_op, tf.Operation) else train_op.op]
    seen = set(waiting)
    while waiting:
        op = waiting.pop()
        before = {tensor.op for tensor in op.inputs} | {*op.control_inputs}
        waiting += before - seen
        seen |= before
    return seen


def _can_be_run(update: Any) -> bool:
    if _keras_private.control_flow_context(update) is None:
        return True
    logging.warning(
        "Keras updates %s inside a tf.cond or a tf.while_loop of control flow "
        "v1, from which the update cannot be taken: it does not run. Call "
        "tf.compat.v1.enable_control_flow_v2() first.",
        variable_name(update),
    )
    return False


def _warn_of_lost(updates: Sequence[Any]) -> None:
    counts = collections.Counter(variable_name(op) for op in updates)
    twice = sorted(name for name, count in counts.items() if count > 1)
    if twice:
        logging.warning(
            "Keras updates %s more than once in this graph, each time from "
            "the value before the step, so that only the last update counts: "
            "call the layer inside a tf.function, or once.",
            ", ".join(twice),
        )
