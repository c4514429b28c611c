"""Why the session of an evaluation can't be used for another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import tensorflow as tf

from monitored_tf.estimator.evaluate.evaluation_graph import EvalGraph

_v1 = tf.compat.v1
_Keys = _v1.GraphKeys
_SEEDS = ("seed", "seed2")
# What they hold is gone at the end of a run.
_OF_ONE_RUN = ("StackV2", "TensorArrayV3")


def reason_for_cold(built: EvalGraph) -> str:
    """Returns why a second evaluation in one session may differ, "" if not.

    Between two evaluations the checkpoint is restored, local variables and
    tables are initialized and the input begins anew. All else that a session
    keeps would be seen by the second one.

    Args:
      built: Graph of the evaluations.
    """
    return (
        _reason_of_hooks(built)
        or _reason_of_scaffold(built)
        or _reason_of_input(built)
        or _reason_of_state(built)
    )


def _reason_of_hooks(built: EvalGraph) -> str:
    if built.user_hooks:
        return "it has hooks, which are made for one evaluation"
    if built.spec.evaluation_hooks:
        return "model_fn returns evaluation_hooks, made for one evaluation"
    return ""


def _reason_of_scaffold(built: EvalGraph) -> str:
    scaffold, graph = built.spec.scaffold, built.graph
    own = {
        "saver": scaffold.saver or graph.get_collection(_Keys.SAVERS),
        "init_fn": scaffold.init_fn,
        "local_init_op": scaffold.local_init_op is not None,
    }
    names = [name for name, is_own in own.items() if is_own]
    if not names:
        return ""
    return f"model_fn has its own {' and '.join(names)} in the scaffold"


def _reason_of_input(built: EvalGraph) -> str:
    if not built.input_hooks:
        return "input_fn does not return a Dataset"
    if built.graph.get_collection(_Keys.QUEUE_RUNNERS):
        return "its graph has queue runners"
    return ""


def _reason_of_state(built: EvalGraph) -> str:
    graph = built.graph
    reset = _reset_ops(built)
    functions: set[str] = set()
    for op in _ancestors(tf.nest.flatten((built.step, built.values))):
        if _has_seed(op.node_def):
            return f"the random numbers of op {op.name!r} have a seed"
        if op not in reset and _keeps_state(op):
            return f"op {op.name!r} ({op.type}) keeps what it holds"
        functions.update(_called(op.node_def))
    name = _seeded_function(graph, functions) if functions else ""
    return f"function {name!r} has random numbers with a seed" if name else ""


def _reset_ops(built: EvalGraph) -> set[Any]:
    """Returns the ops of what is reset between evaluations."""
    collected = built.graph.get_collection
    variables = (
        *collected(_Keys.GLOBAL_VARIABLES),
        *collected(_Keys.LOCAL_VARIABLES),
    )
    reset = {variable.op for variable in variables}
    for initializer in collected(_Keys.TABLE_INITIALIZERS):
        reset.update(table.op for table in initializer.inputs)
    # A dataset's tensors depend on nothing else that keeps a state.
    return reset.union(_ancestors(built.inputs))


def _keeps_state(op: Any) -> bool:
    """Returns whether an op makes what outlives a run."""
    return (
        op.op_def.is_stateful
        and op.type not in _OF_ONE_RUN
        and any(
            output.dtype == tf.resource
            or output.dtype != output.dtype.base_dtype
            for output in op.outputs
        )
    )


def _ancestors(ends: Iterable[Any]) -> Iterator[Any]:
    """Yields the ops that a run of these depends on, each once."""
    waiting = [getattr(end, "op", end) for end in ends]
    seen: set[Any] = set()
    while waiting:
        op = waiting.pop()
        if op not in seen:
            seen.add(op)
            yield op
            waiting += [given.op for given in op.inputs]
            waiting += op.control_inputs


def _has_seed(node: Any) -> bool:
    return any(node.attr[name].i for name in _SEEDS if name in node.attr)


def _called(node: Any) -> Iterator[str]:
    """Yields the names of the functions that a node calls."""
    for value in node.attr.values():
        if value.func.name:
            yield value.func.name
        for function in value.list.func:
            yield function.name


def _seeded_function(graph: Any, names: Iterable[str]) -> str:
    """Returns one, of these and those that they call, with a seed; or ""."""
    library = {
        function.signature.name: function
        for function in graph.as_graph_def().library.function
    }
    waiting, seen = [*names], set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in library:
            continue
        seen.add(name)
        for node in library[name].node_def:
            if _has_seed(node):
                return name
            waiting += _called(node)
    return ""
