"""Random requests, of a caller and of hooks, for the fuzz of steps."""

from __future__ import annotations

import dataclasses
import types
from typing import Any

import tensorflow as tf

from tests.conformance import step_fuzz_names
from tests.conformance.step_fuzz_graph import Key, Zoo
from tests.conformance.step_fuzz_structures import (
    KINDS,
    ODD_KINDS,
    Node,
    names,
    shift,
)

v1 = tf.compat.v1

# Fields of RunOptions.
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"timeout_in_ms": 60000},
    {"trace_level": v1.RunOptions.SOFTWARE_TRACE},
    {"trace_level": v1.RunOptions.FULL_TRACE},
    {"output_partition_graphs": True},
    {"report_tensor_allocations_upon_oom": True},
)
REQUESTS = {
    "duck": lambda fetches, feed_dict, options: types.SimpleNamespace(
        fetches=fetches, feed_dict=feed_dict, options=options
    ),
}


@dataclasses.dataclass
class Part:
    """What the caller or one hook asks for in a request.

    Attributes:
      node: The fetches; None for a hook that fetches nothing.
      keys: What it feeds.
      form: Of a hook: "args", "none", "empty" or "duck".
      kept: The fetches if they are one object in all steps; None if they are
        made anew for each.
      options: Fields of RunOptions, or None.
    """

    node: Node | None
    keys: list[Key]
    form: str = "args"
    kept: Any = None
    options: dict[str, int] | None = None

    def fetches(self, twist: int) -> Any:
        if self.kept is not None:
            return self.kept
        return None if self.node is None else self.node.build(twist)


@dataclasses.dataclass
class Request:
    """The caller's part and those of the hooks, under their positions."""

    caller: Part
    hooks: dict[int, Part]

    def parts(self) -> list[Part]:
        return [self.caller, *self.hooks.values()]

    def is_dense(self, number: int, place: int) -> bool:
        return self.parts()[number].keys[place].kind == "dense"

    def sets_variables(self) -> bool:
        how = [how for leaf in self.leaves() for _, how in leaf.touches]
        return not {"count", "set"}.isdisjoint(how)

    def leaves(self) -> list[Any]:
        nodes = [part.node for part in self.parts() if part.node]
        return [leaf for node in nodes for leaf in node.leaves()]


class Requests:
    """Draws requests, some of them much like earlier ones.

    Args:
      rng: Draws all.
      zoo: What there is to fetch and to feed.
      asking: Positions of the hooks that have a `before_run`.
    """

    def __init__(self, rng: Any, zoo: Zoo, asking: list[int]) -> None:
        self._rng = rng
        self._zoo = zoo
        self._asking = asking
        # Few, so that structures overlap.
        good = [leaf for leaf in zoo.leaves if not leaf.is_bad]
        changing = [leaf for leaf in good if leaf.touches]
        self._pool = rng.sample(good, 16) + changing
        self._bad = rng.sample([x for x in zoo.leaves if x.is_bad], 2)
        self._drawn: list[Request] = []

    def draw(self) -> Request:
        while True:
            self._kinds = ODD_KINDS if self._rng.random() < 0.2 else KINDS
            is_like = self._drawn and self._rng.random() < 0.35
            request = self._sibling() if is_like else self._new_request()
            if not _races(request) and not self._may_half_run(request):
                if not is_like:
                    self._share_out_feeds(request)
                if not self._hides_a_conflict(request):
                    self._keep_some(request)
                    self._drawn.append(request)
                    return request

    def _new_request(self) -> Request:
        hooks = {
            number: part
            for number in self._asking
            if (part := self._hook_part()) is not None
        }
        return Request(Part(self._node(0), []), hooks)

    def _sibling(self) -> Request:
        """Returns a request that differs from another one in little."""
        base = self._rng.choice(self._drawn)
        parts = [
            Part(part.node and part.node.copy(), list(part.keys), part.form)
            for part in base.parts()
        ]
        shift([part.node for part in parts if part.node], self._rng)
        # Another hook may now ask for what one did.
        hooks = self._rng.sample(self._asking, len(base.hooks))
        return Request(parts[0], dict(zip(sorted(hooks), parts[1:])))

    def _node(self, depth: int) -> Node:
        rng = self._rng
        kind = rng.choice(self._kinds)
        if kind == "leaf" or depth == 3:
            pool = self._bad if rng.random() < 0.004 else self._pool
            return Node("leaf", [rng.choice(pool)])
        count = rng.choice([1, 2, 3] if kind == "fields" else [0, 1, 2, 2, 3])
        if rng.random() < 0.004:
            kind = "tuple subclass"
        parts = [self._node(depth + 1) for _ in range(count)]
        return Node(kind, parts, rng.randrange(6))

    def _hook_part(self) -> Part | None:
        rng = self._rng
        forms = ["args"] * 7 + ["none", "empty", "duck", None]
        form = rng.choice(forms)
        if form is None:
            return None
        fetching = form in ("args", "duck") and rng.random() < 0.85
        options = rng.choice(OPTIONS) if rng.random() < 0.02 else None
        node = self._node(1) if fetching else None
        return Part(node, [], form, None, options)

    def _share_out_feeds(self, request: Request) -> None:
        """Lets the caller or a hook feed each placeholder that is needed."""
        rng = self._rng
        feeding = [p for p in request.hooks.values() if p.form == "args"]
        for key in self._needed(request):
            takers = [request.caller]
            if feeding and rng.random() < 0.3:
                takers = [rng.choice(feeding)]
            if rng.random() < 0.004:  # A conflict.
                takers = [request.caller, *feeding]
            for taker in takers:
                taker.keys.append(key)
        for part in [request.caller, *feeding]:
            if rng.random() < 0.1:
                part.keys.append(rng.choice(self._zoo.keys))
            if part.keys and rng.random() < 0.05:  # One tensor, two keys.
                same = rng.choice(part.keys).tensor
                twins = [k for k in self._zoo.keys if k.tensor is same]
                part.keys.append(rng.choice(twins))

    def _needed(self, request: Request) -> list[Key]:
        zoo = self._zoo
        ops = step_fuzz_names.risky_ops(
            fetched_names(request, zoo.graph), set(), zoo.graph
        )
        by_op: dict[str, list[Key]] = {}
        for key in zoo.keys:
            if key.kind == "dense" or isinstance(key.value, tf.SparseTensor):
                for name in step_fuzz_names.fed_names(key.value, zoo.graph):
                    by_op.setdefault(name.split(":")[0], []).append(key)
        chosen = {}
        for op in sorted(ops & set(by_op)):
            key = self._rng.choice(by_op[op])
            # The parts of a sparse placeholder are fed at once.
            chosen.setdefault(by_op[op][0].value, key)
        return list(chosen.values())

    def _may_half_run(self, request: Request) -> bool:
        """Whether it sets variables and has kernels that may fail.

        Whether they are set in a step that fails is a race.
        """
        if not request.sets_variables():
            return False
        names_ = fetched_names(request, self._zoo.graph)
        kernels = step_fuzz_names.risky_ops(names_, set(), self._zoo.graph)
        return any("in_" not in k and "to_set" not in k for k in kernels)

    def _hides_a_conflict(self, request: Request) -> bool:
        """Whether two feed one tensor by different keys.

        TensorFlow does not see it: a row of the table of differences.
        """
        fed: dict[str, tuple[int, Any]] = {}
        for number, part in enumerate(request.parts()):
            for key in part.keys:
                for name in step_fuzz_names.fed_names(
                    key.value, self._zoo.graph
                ):
                    owner, value = fed.setdefault(name, (number, key.value))
                    if owner != number and value is not key.value:
                        return True
        return False

    def _keep_some(self, request: Request) -> None:
        for part in request.parts():
            if part.node is not None and self._rng.random() < 0.4:
                part.kept = part.node.build()


def _races(request: Request) -> bool:
    touched: dict[str, str] = {}
    return any(
        touched.setdefault(variable, how) != how
        for leaf in request.leaves()
        for variable, how in leaf.touches
    )


def fetched_names(request: Request, graph: Any) -> list[str]:
    """Returns the names of all that a request fetches."""
    fetches = [part.fetches(0) for part in request.parts()]
    return list(names(fetches, graph))
