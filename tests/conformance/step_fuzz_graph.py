"""A graph with much to fetch and to feed, for the fuzz of steps.

Both sides run on this one graph, each in a session of its own: variables are
the session's, and what a request names is the same object on both sides.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from tests.conformance.step_fuzz_names import parts

v1 = tf.compat.v1

_DTYPES = (
    tf.float32,
    tf.float32,
    tf.float64,
    tf.float16,
    tf.int8,
    tf.int16,
    tf.int32,
    tf.int64,
    tf.uint8,
    tf.uint16,
    tf.uint32,
    tf.uint64,
    tf.bool,
    tf.complex64,
    tf.complex128,
    tf.string,
)
_SHAPES: tuple[Any, ...] = (
    *([], [], None, None, [None], [None]),
    *([3], [2, None], [None, 3], [2, 3]),
)


@dataclasses.dataclass(frozen=True)
class Leaf:
    """What can be fetched.

    Attributes:
      value: Given to `run()`.
      touches: (variable, how) for variables that change. A step must not
        touch one in two ways: it would be a race.
      is_bad: Whether fetching it is an error at any time.
    """

    value: Any
    touches: tuple[tuple[str, str], ...] = ()
    is_bad: bool = False


@dataclasses.dataclass(frozen=True)
class Key:
    """What can be fed.

    Attributes:
      value: The key of a feed_dict.
      tensor: What it stands for; of several, the one with the values.
      kind: "dense", "sparse", "slices", "pair" or "bad".
      first_shape: As `shape` was in the beginning.
    """

    value: Any
    tensor: Any = None
    kind: str = "dense"
    first_shape: Any = None

    @property
    def dtype(self) -> Any:
        known = self.tensor is not None
        return self.tensor.dtype.base_dtype if known else tf.float32

    @property
    def shape(self) -> Any:
        """List with None for what is unknown, or None, as it is now."""
        known = self.tensor is not None and self.tensor.shape.rank is not None
        return self.tensor.shape.as_list() if known else None


class Zoo:
    """All that is in the graph.

    Args:
      rng: Draws the shapes of placeholders.

    Attributes:
      leaves: What can be fetched.
      keys: What can be fed.
      placeholders: For each one the `Key` that is the tensor itself.
    """

    def __init__(self, rng: Any) -> None:
        self.graph = v1.get_default_graph()
        self.leaves: list[Leaf] = []
        self.keys: list[Key] = []
        self.placeholders: list[Key] = []
        self.foreign = _foreign_tensor()
        self._add_placeholders(rng)
        self._add_constants()
        self._add_variables()
        self._add_failing()
        self._add_composites()
        self._add_errors()

    def _fetch(self, *values: Any, touches: Any = ()) -> None:
        self.leaves.extend(Leaf(value, touches) for value in values)

    def _feed(self, value: Any, tensor: Any, kind: str = "dense") -> None:
        first_shape = Key(value, tensor).shape
        self.keys.append(Key(value, tensor, kind, first_shape))

    def _placeholder(self, dtype: Any, shape: Any, name: str) -> Any:
        tensor = v1.placeholder(dtype, shape, name=name)
        self.placeholders.append(Key(tensor, tensor))
        self._feed(tensor, tensor)
        self._feed(tensor.name, tensor)
        return tensor

    def _add_placeholders(self, rng: Any) -> None:
        unusual = [tf.bfloat16] if rng.random() < 0.3 else []
        for number, dtype in enumerate([*_DTYPES, *unusual]):
            shape = rng.choice(_SHAPES)
            tensor = self._placeholder(dtype, shape, f"in_{number}")
            doubled = tf.stack([tensor, tensor], name=f"twice_{number}")
            self._fetch(tf.size(tensor))
            if rng.random() < 0.1:  # What is fed and fetched at once.
                self._fetch(tensor, tensor.name)
            self._fetch(tf.identity(tensor), doubled, doubled.name, doubled.op)
        default = v1.placeholder_with_default([1.0, 2.0], [None])
        self._feed(default, default)
        self._fetch(default, default + 1.0, default.op.name)

    def _add_constants(self) -> None:
        numbers = tf.constant([1.0, 2.0, 2.0], name="numbers")
        words = tf.constant([b"a", b"", b"long enough"])
        self._feed(numbers, numbers)
        self._feed(words, words)
        self._fetch(numbers, numbers.name, numbers.op, numbers.op.name, words)
        self._fetch(tf.constant(7), tf.constant(b"word"), tf.constant(True))
        self._fetch(tf.zeros([0, 2], tf.complex64), tf.constant(1.5, tf.half))
        # Namedtuples, and one op with several outputs.
        self._fetch(tf.unique(numbers), tf.math.top_k(numbers, 2))
        self._fetch(*tf.split(numbers, 3))
        closed = tf.constant(3.0, name="closed") + 0.0
        self.graph.prevent_feeding(closed)
        self._fetch(closed)
        self._feed(closed, closed)

    def _add_variables(self) -> None:
        for kind in (False, True):
            self._add_variables_of(kind, "resource" if kind else "ref")

    def _add_variables_of(self, is_resource: bool, kind: str) -> None:
        def make(name: str, value: Any) -> Any:
            return v1.get_variable(
                f"{kind}_{name}", initializer=value, use_resource=is_resource
            )

        still = make("still", tf.constant([1.0, 2.0]))
        counter = make("counter", tf.constant([0, 0], tf.int64))
        setting = make("setting", tf.constant(0.5))
        self._feed(still, tf.identity(still))
        self._fetch(still, still.op, still.op.name, still + 1.0)
        counted = v1.assign_add(counter, [1, 2])
        self._fetch(
            counted, counted.op, touches=((f"{kind}_counter", "count"),)
        )
        to_set = self._placeholder(tf.float32, [], f"{kind}_to_set")
        name = f"{kind}_setting"
        self._fetch(v1.assign(setting, to_set), touches=((name, "set"),))
        self._fetch(setting, setting * 2.0, touches=((name, "read"),))

    def _add_failing(self) -> None:
        float_, index, word = (
            self._placeholder(dtype, None, f"risky_{dtype.name}")
            for dtype in (tf.float32, tf.int32, tf.string)
        )
        with tf.control_dependencies(
            [v1.assert_less(float_, 100.0, message="too large")]
        ):
            self._fetch(tf.identity(float_, name="asserted"))
        checked = v1.debugging.check_numerics(float_, "not a number")
        self._fetch(checked, checked.op, checked.name)
        self._fetch(
            tf.reshape(float_, [-1, 3]),
            tf.gather(tf.range(110.0), index),
            tf.strings.to_number(word),
            tf.io.decode_base64(word),
            tf.constant([8, 9]) // tf.size(word),
        )

    def _add_composites(self) -> None:
        fed = v1.sparse_placeholder(tf.float32, name="sparse")
        still = tf.SparseTensor([[0, 1], [1, 0]], [1.0, 2.0], [2, 2])
        changed = tf.SparseTensor(*(part * 2 for part in parts(fed)))
        self._fetch(fed, still, tf.sparse.to_dense(fed), fed.values)
        self._fetch(changed, changed, changed)  # More often than others.
        self._fetch(v1.SparseTensorValue(*parts(still)))
        for sparse in (fed, fed, still):
            self._feed(sparse, sparse.values, "sparse")
        self._feed(parts(fed), fed.values, "sparse")
        values = tf.constant([[1.0], [2.0]])
        for shape in (None, tf.constant([4, 1], tf.int64)):
            slices = tf.IndexedSlices(values * 1.0, tf.constant([3, 1]), shape)
            self._fetch(slices)
            self._feed(slices, slices.values, "slices")
        ragged = tf.RaggedTensor.from_row_splits(
            tf.constant([1.0, 2.0, 3.0]) * 1.0, [0, 1, 3], validate=False
        )
        self._fetch(ragged)
        pair = tuple(key.value for key in self.placeholders[:2])
        self._feed(pair, pair[0], "pair")

    def _add_errors(self) -> None:
        hidden = tf.constant(4.0, name="hidden") + 0.0
        self.graph.prevent_fetching(hidden.op)
        self.leaves.extend(
            Leaf(value, is_bad=True)
            for value in (
                *(None, 5, 1.5, object(), {1}, np.zeros(2), b"numbers:0"),
                *(self.foreign, self.foreign.op, hidden, hidden.name),
                *("missing:0", "missing", "numbers:9", "", "numbers:0:0"),
            )
        )
        operation = self.leaves[0].value.op
        for value in (None, 5, "missing:0", "in_0", operation, self.foreign):
            self.keys.append(Key(value, kind="bad"))


def _foreign_tensor() -> Any:
    with tf.Graph().as_default():
        return tf.constant(1.0, name="foreign")
