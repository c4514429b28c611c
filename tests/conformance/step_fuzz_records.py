"""What is written down of a step, so that two of them can be compared."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf


@dataclasses.dataclass
class Record:
    """What was seen of one step.

    Attributes:
      kind: "result" or "error".
      seen: The description of the result, or all of the error.
      node: Name of the op of an error of a kernel, or None.
      log: What the hooks saw.
      fed: What became of the values that were fed.
      should_stop: What the session answered after it.
      metadata: Fields of the caller's RunMetadata, or None.
      warned: The warnings.
    """

    kind: str
    seen: Any
    node: str | None = None
    log: Any = None
    fed: Any = None
    should_stop: bool | None = None
    metadata: Any = None
    warned: Any = None


def of_result(described: Any) -> Record:
    return Record("result", described)


def of_error(error: Exception) -> Record:
    """Returns the record of a step that raised."""
    for cls in type(error).__mro__:
        if not cls.__module__.startswith("monitored_tf"):
            break
    if cls is not type(error):
        return Record("error", _OfOurs(cls))
    if not isinstance(error, tf.errors.OpError):
        return Record("error", _Error(cls, _clean(error)))
    op, node_def = error.op, error.node_def
    seen = _Error(
        cls,
        _clean(error),
        _clean(error.message),
        error.error_code,
        node_def and node_def.SerializeToString(),
        error.experimental_payloads,
        _clean(error.__context__),
        type(error.__context__),
    )
    return Record("error", seen, op and op.name)


class _Error:
    """All that an error tells."""

    def __init__(self, cls: type, *seen: Any) -> None:
        self.cls = cls
        self.seen = seen

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _OfOurs):
            return other == self
        return isinstance(other, _Error) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{self.cls.__name__}{self.seen}"


class _OfOurs:
    """An error of monitored_tf: TensorFlow's class, another text."""

    def __init__(self, cls: type) -> None:
        self.cls = cls

    def __eq__(self, other: object) -> bool:
        return self.cls is getattr(other, "cls", None)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"of ours, a {self.cls.__name__}"


def are_node_errors(theirs: Record, ours: Record) -> bool:
    """Returns whether two differ at most in which node failed."""
    errors = (theirs, ours)
    return (
        all(record.kind == "error" and record.node for record in errors)
        and theirs.seen.cls is ours.seen.cls
        and theirs.node != ours.node
        and _but_for_the_error(theirs) == _but_for_the_error(ours)
    )


def _but_for_the_error(record: Record) -> Record:
    return dataclasses.replace(record, seen=None, node=None)


def _clean(value: Any) -> str:
    """Returns the text of a value without addresses."""
    return re.sub("0x[0-9a-f]+", "0x", str(value))


def fields(message: Any) -> list[str]:
    """Returns the names of what is set in a protocol buffer."""
    return [field.name for field, _ in message.ListFields()]


class Describer:
    """Describes the results of one step: types, values, and what is the same.

    Parts that are one object are given one number, whoever got them.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        # As long as they live no other object has their id.
        self._parts: list[Any] = []

    def __call__(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return (self._number(value), *_array(value))
        if isinstance(value, np.generic):
            dtype = str(value.dtype)
            return (self._number(value), type(value), dtype, value.tobytes())
        if isinstance(value, Mapping):
            number = self._number(value)
            keys = [(type(key), repr(key)) for key in value]
            factory = getattr(value, "default_factory", None)
            parts = [self(part) for part in value.values()]
            return (number, type(value), factory, keys, parts)
        if isinstance(value, (list, tuple)):
            # Tuples can't be changed: which is which does not matter.
            number = self._number(value) if isinstance(value, list) else None
            return (number, type(value), [self(part) for part in value])
        parts = {name: self(part) for name, part in _attributes(value)}
        if parts:
            return (self._number(value), type(value), parts)
        return (type(value), _clean(repr(value)))

    def _number(self, value: Any) -> int:
        self._parts.append(value)
        return self._numbers.setdefault(id(value), len(self._numbers))

    def overwrite(self) -> None:
        """Writes into all arrays that were described."""
        for part in self._parts:
            if isinstance(part, np.ndarray) and part.flags.writeable:
                part[...] = _garbage(part)


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    """Yields the parts of a result that is neither sequence nor mapping."""
    names: Any = ()
    if isinstance(value, tf.compat.v1.ragged.RaggedTensorValue):
        names = ("values", "row_splits")
    elif hasattr(value, "__attrs_attrs__"):
        names = [attribute.name for attribute in value.__attrs_attrs__]
    return ((name, getattr(value, name)) for name in names)


def _garbage(array: Any) -> Any:
    return b"overwritten" if array.dtype.hasobject else np.ones_like(array)


def _array(value: Any) -> tuple[Any, ...]:
    if value.dtype.hasobject:
        seen = [(type(x), _clean(repr(x))) for x in value.ravel().tolist()]
    else:
        seen = value.tobytes()
    flags = value.flags
    return (
        type(value),
        value.dtype.str,
        value.dtype.name,
        value.shape,
        (flags.writeable, flags.owndata, flags.c_contiguous, flags.aligned),
        seen,
    )
