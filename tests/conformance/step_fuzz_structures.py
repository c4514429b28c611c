"""Structures of fetches, for the fuzz of steps."""

from __future__ import annotations

import collections
import dataclasses
import types
from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf

from tests.conformance import step_fuzz_names
from tests.conformance.step_fuzz_graph import Leaf

v1 = tf.compat.v1

_One = collections.namedtuple("_One", ["a"])
_Two = collections.namedtuple("_Two", ["a", "b"])
_OtherTwo = collections.namedtuple("_Two", ["a", "b"])
_DICT_KEYS = (
    ("a", 1, "b", None, (1, 2), 2.5),
    ("b", 2, "a", None, (1, 2), 2.5),
    # Equal to the first ones, and of other types.
    (type("Text", (str,), {})("a"), True, "b", None, 1.0, "c"),
)


class _List(list):
    pass


class _Tuple(tuple):
    __slots__ = ()


class _Attrs:
    """What TensorFlow takes for a class made by the package attrs."""

    __attrs_attrs__ = tuple(types.SimpleNamespace(name=n) for n in "xyz")

    def __init__(self, x: Any, y: Any, z: Any) -> None:
        self.x, self.y, self.z = x, y, z


class _Mapping(collections.UserDict):
    pass


def _defaultdict(items: Any) -> Any:
    return collections.defaultdict(list, items)


_SEQUENCES = {
    **{"list": list, "tuple": tuple, "list subclass": _List},
    "tuple subclass": _Tuple,
}
_MAPPINGS = {
    **{"dict": dict, "ordered": collections.OrderedDict},
    **{"defaultdict": _defaultdict, "mapping": _Mapping},
}
_BY_LENGTH = {
    1: (_One,),
    2: (_Two, _OtherTwo),
    3: (_Attrs, v1.train.SessionRunArgs, v1.SparseTensorValue),
}
# Those that a program holds in earnest come more often.
KINDS = (
    *(["leaf"] * 16 + ["list"] * 10 + ["tuple"] * 6 + ["dict"] * 8),
    *(["fields"] * 4 + ["ordered"] * 3),
)
ODD_KINDS = (*KINDS, *(["defaultdict", "mapping", "list subclass"] * 2))


@dataclasses.dataclass
class Node:
    """A structure of fetches.

    Attributes:
      kind: "leaf", or what it is made with.
      parts: One `Leaf`, or nodes.
      number: Which of the classes of so many fields, for "fields".
    """

    kind: str
    parts: list[Any]
    number: int = 0

    def build(self, twist: int = 0) -> Any:
        """Returns the fetches, all containers in them new.

        Args:
          twist: Which keys dicts have, 0 to 2.
        """
        if self.kind == "leaf":
            return self.parts[0].value
        built = [part.build(twist) for part in self.parts]
        if self.kind in _MAPPINGS:
            return _MAPPINGS[self.kind](zip(_DICT_KEYS[twist], built))
        if self.kind == "fields":
            makers = _BY_LENGTH[len(built)]
            return makers[self.number % len(makers)](*built)
        return _SEQUENCES[self.kind](built)

    def copy(self) -> Node:
        parts = self.parts
        if self.kind != "leaf":
            parts = [part.copy() for part in parts]
        return Node(self.kind, list(parts), self.number)

    def containers(self) -> Iterator[Node]:
        if self.kind != "leaf":
            yield self
            for part in self.parts:
                yield from part.containers()

    def leaves(self) -> list[Leaf]:
        if self.kind == "leaf":
            return self.parts
        return [leaf for part in self.parts for leaf in part.leaves()]


def shift(nodes: list[Node], rng: Any) -> None:
    """Changes one thing in which structures may be mistaken for each other.

    Args:
      nodes: The structures of a caller and of hooks.
      rng: Draws what.
    """
    containers = [node for root in nodes for node in root.containers()]
    if not containers:
        return
    place = rng.randrange(len(containers))
    changed, next_one = containers[place], containers[place - 1]
    if rng.random() < 0.5:
        kinds = ["list", "tuple", "dict", "ordered"]
        if len(changed.parts) in _BY_LENGTH:
            kinds += ["fields", "fields"]
        changed.kind, changed.number = rng.choice(kinds), rng.randrange(6)
    elif changed.kind != "fields" and next_one.kind != "fields":
        leaves = [part for part in changed.parts if part.kind == "leaf"]
        if leaves and changed.parts[0] is leaves[0]:
            next_one.parts.append(changed.parts.pop(0))


def names(fetches: Any, graph: Any) -> Iterator[str]:
    """Yields the names of all that is fetched, as far as it can be."""
    if isinstance(fetches, Mapping):
        fetches = list(fetches.values())
    if isinstance(fetches, _Attrs):
        fetches = list(vars(fetches).values())
    if isinstance(fetches, (tuple, list)):
        for part in fetches:
            yield from names(part, graph)
    elif isinstance(fetches, (tf.SparseTensor, tf.IndexedSlices)):
        yield from step_fuzz_names.fed_names(fetches, graph)
    elif isinstance(fetches, tf.RaggedTensor):
        yield from (fetches.values.name, fetches.row_splits.name)
    else:
        try:
            yield graph.as_graph_element(fetches).name
        except (TypeError, ValueError, KeyError):
            return
