"""Fetches of any structure: what they are known by, and how to fetch them.

What is not recognised here, `tf.compat.v1.Session.run` handles.
"""

from __future__ import annotations

import collections
from collections.abc import Collection, Hashable, Iterable, Iterator
from typing import Any, Callable

import tensorflow as tf

_v1 = tf.compat.v1

# What can be fetched or fed and never means anything else as long as it lives.
# A distributed value means what the current replica makes of it.
_LEAVES = (tf.Tensor, tf.Operation, tf.Variable, _v1.Variable, tf.SparseTensor)
_NO_LEAVES = tf.distribute.DistributedValues
# Types known to be leaves: a set answers sooner than issubclass.
leaf_types: set[type] = set()

_DICTS = (dict, collections.OrderedDict)
# Keys of other types may be equal and not the same: 1 and True.
_KEYS = frozenset((str, int))
# Their results are wrapped by the session.
_HANDLES = ("GetSessionHandle", "GetSessionHandleV2")
# Python's parser takes no more than 200 brackets in each other.
_DEEPEST = 50


class UnknownStructureError(Exception):
    """Fetches or feeds hold what is not recognised here."""


def signature(fetches: Any) -> Hashable:
    """Returns what stands for these fetches.

    Two structures of one signature fetch the same into the same places. Names
    and keys of dicts are compared by value, tensors and operations by `id`: as
    long as something keeps those alive, no other object has theirs. A list has
    no id in it, since it may be made anew for each step.

    Raises:
      UnknownStructureError: if they hold anything else.
    """
    kind = type(fetches)
    if kind in leaf_types:
        return id(fetches)
    if kind is str:
        return fetches  # type: ignore[no-any-return]
    if kind is list or is_plain_tuple(kind):
        return (kind, *signatures(fetches))
    if kind in _DICTS and _KEYS.issuperset(map(type, fetches)):
        return (kind, *fetches, *signatures(fetches.values()))
    if issubclass(kind, _LEAVES) and not issubclass(kind, _NO_LEAVES):
        leaf_types.add(kind)
        return id(fetches)
    raise UnknownStructureError


def signatures(fetches: Collection[Any]) -> Iterator[Hashable]:
    """Returns the signature of each."""
    if leaf_types.issuperset(map(type, fetches)):
        return map(id, fetches)
    return map(signature, fetches)


def is_plain_tuple(kind: type) -> bool:
    """Returns whether this is tuple, or a namedtuple that is one inside."""
    return kind is tuple or (
        issubclass(kind, tuple) and kind.__iter__ is tuple.__iter__
    )


class PreparedFetches:
    """How to fetch one structure from one graph.

    Args:
      fetches: A structure that has a signature.
      graph: The `tf.Graph` that runs.

    Raises:
      UnknownStructureError: if they are not all of this graph, or need more
        than to be fetched.

    Attributes:
      tensors: The tensors to fetch, each once, in the order of TensorFlow.
      operations: The operations to run, likewise.
      leaves: The tensors and so on that the structure holds.
      build: Given the list of the values of `tensors`, returns the results as
        `Session.run` does.
    """

    def __init__(self, fetches: Any, graph: Any) -> None:
        self._graph = graph
        # The expression of each value by the id of its tensor or operation.
        self._values: dict[int, str] = {}
        self.leaves: list[Any] = []
        self._names: dict[str, Any] = {}
        self.tensors: list[Any] = []
        self.operations: list[Any] = []
        # One expression is faster by far than functions that call each other.
        self.build: Callable[[list[Any]], Any] = eval(
            f"lambda values: {self._result(fetches, 0)}", self._names
        )

    def _result(self, fetches: Any, depth: int) -> str:
        """Returns the expression that makes the result of a structure."""
        if depth > _DEEPEST:
            raise UnknownStructureError
        kind = type(fetches)
        if kind in _DICTS:
            results = self._results(fetches.values(), depth)
            pairs = (f"{key!r}: {r}" for key, r in zip(fetches, results))
            items = f"{{{', '.join(pairs)}}}"
            return items if kind is dict else f"{self._name(kind)}({items})"
        if kind is list or is_plain_tuple(kind):
            results = self._results(fetches, depth)
            items = ", ".join(results)
            if kind is list:
                return self._slice(results) or f"[{items}]"
            if kind is tuple:
                return f"({items},)" if fetches else "()"
            return f"{self._name(kind)}({items})"
        return self._leaf_result(fetches)

    def _slice(self, results: list[str]) -> str:
        """Returns the slice that these are; "" if they are none.

        Long lists are flat and of tensors that nothing else fetches.
        """
        end = len(self.tensors)
        start = end - len(results)
        values = [f"values[{place}]" for place in range(start, end)]
        return f"values[{start}:{end}]" if results == values else ""

    def _results(self, fetches: Iterable[Any], depth: int) -> list[str]:
        return [self._result(fetch, depth + 1) for fetch in fetches]

    def _leaf_result(self, fetch: Any) -> str:
        self.leaves.append(fetch)
        if isinstance(fetch, tf.SparseTensor):
            parts = (fetch.indices, fetch.values, fetch.dense_shape)
            values = ", ".join(self._value(part) for part in parts)
            return f"{self._name(_v1.SparseTensorValue)}({values})"
        return self._value(fetch)

    def _value(self, fetch: Any) -> str:
        """Puts it among what is fetched, unless it is there already."""
        element = graph_element(fetch, self._graph)
        is_operation = isinstance(element, tf.Operation)
        operation = element if is_operation else element.op
        fetchable = self._graph.is_fetchable(operation)
        if not fetchable or operation.type in _HANDLES:
            raise UnknownStructureError
        unique = self.operations if is_operation else self.tensors
        if id(element) not in self._values:
            value = "None" if is_operation else f"values[{len(unique)}]"
            self._values[id(element)] = value
            unique.append(element)
        return self._values[id(element)]

    def _name(self, kind: type) -> str:
        """Returns a name for a class in the expression."""
        name = f"class_{len(self._names)}"
        self._names[name] = kind
        return name


def graph_element(leaf: Any, graph: Any) -> Any:
    """Returns the tensor or operation of this graph that a leaf stands for.

    Raises:
      UnknownStructureError: if it is of another graph.
    """
    if type(leaf) is not str and getattr(leaf, "graph", None) is not graph:
        raise UnknownStructureError
    return graph.as_graph_element(leaf)
