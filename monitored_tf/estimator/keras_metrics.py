"""Metric objects of Keras in a graph: of Keras 2, of tf_keras, of Keras 3.

In Keras 2 such an object keeps its update ops. In Keras 3 it keeps none, and
its state is among the global variables, where a checkpoint would have it.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from monitored_tf.estimator import spec_checks

_ASSIGNMENTS = (
    "AssignVariableOp",
    "AssignAddVariableOp",
    "AssignSubVariableOp",
)
_Keys = tf.compat.v1.GraphKeys
_WAY_OUT = (
    "make it with tf.compat.v1.metrics, or with tf_keras.metrics, which does "
    "keep its updates"
)


def is_metric(value: Any) -> bool:
    """Returns whether it is a metric object of Keras."""
    return all(
        hasattr(value, name) for name in ("update_state", "result", "variables")
    )


def value_and_update(metric: Any, name: str) -> tuple[Any, Any]:
    """Returns what a metric object computes and the op that updates it.

    Its variables are made local ones, which an evaluation starts from zero
    and no checkpoint holds.

    Args:
      metric: The object; `update_state()` was called on it.
      name: Of the metric, for the errors.

    Raises:
      ValueError: if there is no update, it is of another graph, or it is
        unclear in which order its parts would run.
    """
    variables = [_tf_variable(variable) for variable in metric.variables]
    updates = _updates(metric, variables, name)
    for part in (*updates, *variables):
        spec_checks.check_graph(part, name)
    value = metric.result()
    for part in tf.nest.flatten(value):
        spec_checks.check_graph(part, name)
    _make_local(variables)
    update = updates[0] if len(updates) == 1 else tf.group(*updates)
    return value, update


def _tf_variable(variable: Any) -> Any:
    # Keras 3 wraps it.
    return variable if isinstance(variable, tf.Variable) else variable.value


def _updates(metric: Any, variables: list[Any], name: str) -> list[Any]:
    if tf.executing_eagerly():
        updates = []
    elif hasattr(metric, "updates"):
        # As tf.estimator: later calls of update_state() do not count.
        updates = list(metric.updates[:1])
    else:
        updates = _assignments(variables, name)
    if not updates:
        raise ValueError(
            f"{name} has no update: call update_state(...) on the metric in "
            "model_fn, and not inside a tf.function."
        )
    return updates


def _assignments(variables: list[Any], name: str) -> list[Any]:
    """Returns the ops by which Keras 3 updates, which nothing else keeps."""
    found = [_assignments_of(variable) for variable in variables]
    if any(len(ops) > 1 for ops in found):
        raise ValueError(
            f"{name} is updated more than once in this graph, in an order that "
            "is unclear: call update_state(...) once and reset_state() never, "
            f"or {_WAY_OUT}."
        )
    updates = [op for ops in found for op in ops]
    for variable, ops in zip(variables, found):
        if _is_read_for(variable, {*updates} - {*ops}, ops):
            raise ValueError(
                f"{name} reads {variable.name} to update another variable, "
                "before or after its own update, which a graph leaves open: "
                f"{_WAY_OUT}."
            )
    return updates


def _assignments_of(variable: Any) -> list[Any]:
    return [
        op
        for op in variable.handle.consumers()
        if op.type in _ASSIGNMENTS and op is not variable.initializer
    ]


def _is_read_for(variable: Any, others: set[Any], own: list[Any]) -> bool:
    """Returns whether the assignments of others depend on the variable.

    Args:
      variable: The variable.
      others: Assignments of other variables.
      own: Its own: what is read after them is in an order that is clear.
    """
    waiting = [
        op
        for op in variable.handle.consumers()
        if op.type == "ReadVariableOp" and not {*own} & {*op.control_inputs}
    ]
    seen: set[Any] = set()
    while waiting:
        op = waiting.pop()
        if op not in seen:
            seen.add(op)
            waiting += [user for t in op.outputs for user in t.consumers()]
    return bool(seen & others)


def _make_local(variables: list[Any]) -> None:
    _remove(tf.compat.v1.get_collection_ref(_Keys.GLOBAL_VARIABLES), variables)
    for key in (_Keys.LOCAL_VARIABLES, _Keys.METRIC_VARIABLES):
        collection = tf.compat.v1.get_collection_ref(key)
        known = {id(one) for one in collection}
        collection += [one for one in variables if id(one) not in known]


def _remove(collection: list[Any], variables: list[Any]) -> None:
    # Not remove(): variables compare by value.
    unwanted = {id(variable) for variable in variables}
    collection[:] = [one for one in collection if id(one) not in unwanted]
