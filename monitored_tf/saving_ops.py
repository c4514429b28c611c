"""The ops by which a Saver saves, run with values that were fetched before.

To copy the variables takes a fraction of the time of writing their files, in
memory too. The files are written later, by a copy of the Saver's very ops, in
a graph and a session of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable

import numpy as np
import tensorflow as tf

_v1 = tf.compat.v1
_SAVE = "SaveV2"
_FIRST_VALUE = 3  # Of its inputs: behind path, names and slices.
# Those of a Saver in the format of today. They change nothing but files.
_OPS = {
    _SAVE,
    "Const",
    "Identity",
    "MergeV2Checkpoints",
    "NoOp",
    "Pack",
    "Placeholder",
    "PlaceholderWithDefault",
    "Select",
    "ShardedFilename",
    "StaticRegexFullMatch",
    "StringJoin",
}
# They have no values in Python. An iterator's position is a variant.
_OPAQUE = (tf.variant, tf.resource)


class SavingOps:
    """Saves arrays as a Saver saves the variables that they are the values of.

    Args:
      saver_def: `SaverDef` of the saver.
      ops: Its ops, from `found`.
    """

    def __init__(self, saver_def: Any, ops: Sequence[Any]) -> None:
        self._saver_def = saver_def
        by_name = {value.name: value for op in ops for value in _values(op)}
        self._variables = list(by_name.values())
        self._feeds = [f"values/{n}" for n in range(len(by_name))]
        self._graph_def = _copied(ops, dict(zip(by_name, self._feeds)))
        self._session: Any = None
        self._fetched_from: Any = None
        self._fetch: Callable[[], Any] = list

    def __len__(self) -> int:
        """Returns how many tensors are fetched."""
        return len(self._variables)

    def fetch(self, session: Any) -> list[Any]:
        """Returns the values of now; what a step changes they are not."""
        if self._fetched_from is not session:
            # For many variables, `run` takes three times as long.
            self._fetch = session.make_callable(self._variables)
            self._fetched_from = session
        return [_own(value) for value in self._fetch()]

    def save(self, values: Sequence[Any], path: str) -> str:
        """Saves them; returns what the Saver's op would.

        Raises:
          tf.errors.OpError: if the files can't be written.
        """
        if self._session is None:
            with _v1.Graph().as_default() as graph:
                tf.import_graph_def(self._graph_def, name="")
            config = _v1.ConfigProto(device_count={"GPU": 0})
            self._session = _v1.Session(graph=graph, config=config)
        feeds = {f"{name}:0": value for name, value in zip(self._feeds, values)}
        feeds[self._saver_def.filename_tensor_name] = path
        saved = self._session.run(self._saver_def.save_tensor_name, feeds)
        return str(tf.compat.as_str(saved))


def found(saver: Any, graph: Any) -> SavingOps | None:
    """Returns the ops by which a Saver saves.

    None if it does more than to write the values of variables into files: in
    the older format, after other ops, or where a value is none of Python's.

    Args:
      saver: A `tf.compat.v1.train.Saver`.
      graph: The graph that has its ops.
    """
    saver_def = saver.as_saver_def()
    last = graph.get_tensor_by_name(saver_def.save_tensor_name).op
    ops = list(_behind(last))
    values = [value for op in ops for value in _values(op)]
    if any(op.type not in _OPS for op in ops) or any(
        value.dtype.base_dtype in _OPAQUE or not graph.is_fetchable(value)
        for value in values
    ):
        return None
    return SavingOps(saver_def, ops)


def _behind(last: Any) -> Iterator[Any]:
    """Yields an op and those that it needs, but not what is saved."""
    seen = set()
    waiting = [last]
    while waiting:
        op = waiting.pop()
        if op in seen:
            continue
        seen.add(op)
        yield op
        values = len(_values(op))
        inputs = op.inputs[: len(op.inputs) - values]
        waiting += [tensor.op for tensor in inputs]
        waiting += op.control_inputs


def _values(op: Any) -> Sequence[Any]:
    """Returns the tensors that an op saves."""
    return list(op.inputs)[_FIRST_VALUE:] if op.type == _SAVE else []


def _copied(ops: Sequence[Any], feeds: Mapping[str, str]) -> Any:
    """Returns these ops as a graph that is fed with the values to save.

    Args:
      ops: All that are needed but for the values.
      feeds: Names of the placeholders, by those of the tensors.
    """
    graph_def = _v1.GraphDef()
    graph_def.versions.CopyFrom(ops[0].graph.graph_def_versions)
    dtypes = {}
    for op in ops:
        node = graph_def.node.add()
        node.CopyFrom(op.node_def)
        node.device = ""
        node.attr.pop("_class", None)
        for place, value in enumerate(_values(op), _FIRST_VALUE):
            node.input[place] = feeds[value.name]
            dtypes[feeds[value.name]] = value.dtype.base_dtype
    for name, dtype in dtypes.items():
        node = graph_def.node.add(name=name, op="Placeholder")
        node.attr["dtype"].type = dtype.as_datatype_enum
    return graph_def


def _own(value: Any) -> Any:
    """Returns an array that shares no memory with a variable."""
    array = np.asarray(value)
    return array if array.flags.owndata else array.copy()
