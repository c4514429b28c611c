"""Random programs of steps: a few requests, each run again and again."""

from __future__ import annotations

import collections
import dataclasses
import random
import types
from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf

from tests.conformance import step_fuzz_feeds, step_fuzz_graph
from tests.conformance.step_fuzz_graph import Key, Zoo
from tests.conformance.step_fuzz_structures import (
    KINDS,
    ODD_KINDS,
    Node,
    names,
    shift,
)

v1 = tf.compat.v1


class FeedMapping(Mapping):
    """A feed_dict that is no dict."""

    def __init__(self, feeds: dict) -> None:
        self._feeds = feeds

    def __getitem__(self, key: Any) -> Any:
        return self._feeds[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._feeds)

    def __len__(self) -> int:
        return len(self._feeds)


def _pairs(feeds: dict) -> Any:
    return list(feeds.items())


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


@dataclasses.dataclass
class Step:
    """One call of `run()`.

    Attributes:
      request: What is wanted.
      seed: Of the values that are fed.
      bad: (part, key) of what is fed a bad value, by number.
      left_out: Likewise, what is not fed for once; or None.
      feed_dict: What makes the caller's feed_dict of a dict.
      broken_hook: Position of a hook that asks for nonsense, or None.
      twist: Which keys dicts of fetches have; 0 for the usual ones.
      is_reversed: Whether the caller's feeds come in reverse order.
      options: Fields of the caller's RunOptions, or None.
      has_metadata: Whether the caller gives a RunMetadata.
      in_step_fn: Whether it is run in a step function.
      stop: (hook, callback) that asks for the end, or None.
      change: Called before, with nothing: it changes the graph or a kept list.
    """

    request: Request
    seed: int
    bad: set[tuple[int, int]]
    left_out: tuple[int, int] | None
    feed_dict: Any
    broken_hook: int | None
    twist: int
    is_reversed: bool
    options: dict[str, int] | None
    has_metadata: bool
    in_step_fn: bool
    stop: tuple[int, str] | None = None
    change: Any = None


class Program:
    """Draws the steps of a program.

    Args:
      rng: Draws all.
      zoo: What there is to fetch and to feed.
      hooks: How many hooks there are.
      asking: Which of them have a `before_run`.
    """

    def __init__(
        self, rng: Any, zoo: Zoo, hooks: int, asking: list[int]
    ) -> None:
        self._rng = rng
        self._zoo = zoo
        self._hooks = hooks
        self._asking = asking
        # Few, so that structures overlap.
        good = [leaf for leaf in zoo.leaves if not leaf.is_bad]
        changing = [leaf for leaf in good if leaf.touches]
        self._pool = rng.sample(good, 16) + changing
        self._bad = rng.sample([x for x in zoo.leaves if x.is_bad], 2)
        self._rest = 0
        self._requests: list[Request] = []
        for _ in range(rng.randint(6, 14)):
            self._requests.append(self._request())

    def steps(self, count: int) -> Iterator[Step]:
        for number in range(count):
            # A stop ends it all but for a last step, which is refused.
            may_stop = self._hooks and number == count - 2
            yield self._step(may_stop)

    def _request(self) -> Request:
        while True:
            self._kinds = ODD_KINDS if self._rng.random() < 0.2 else KINDS
            is_like = self._requests and self._rng.random() < 0.35
            request = self._sibling() if is_like else self._new_request()
            if not _races(request) and not self._may_half_run(request):
                if not is_like:
                    self._share_out_feeds(request)
                if not self._hides_a_conflict(request):
                    self._keep_some(request)
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
        base = self._rng.choice(self._requests)
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
        options = self._options() if rng.random() < 0.02 else None
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
        ops = step_fuzz_graph.risky_ops(
            fetched_names(request, zoo.graph), set(), zoo.graph
        )
        by_op: dict[str, list[Key]] = {}
        for key in zoo.keys:
            if key.kind == "dense" or isinstance(key.value, tf.SparseTensor):
                for name in step_fuzz_graph.fed_names(key.value, zoo.graph):
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
        kernels = step_fuzz_graph.risky_ops(names_, set(), self._zoo.graph)
        return any("in_" not in k and "to_set" not in k for k in kernels)

    def _hides_a_conflict(self, request: Request) -> bool:
        """Whether two feed one tensor by different keys.

        TensorFlow does not see it: a row of the table of differences.
        """
        fed: dict[str, tuple[int, Any]] = {}
        for number, part in enumerate(request.parts()):
            for key in part.keys:
                for name in step_fuzz_graph.fed_names(
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

    def _step(self, may_stop: bool) -> Step:
        rng = self._rng
        # After a change it is seen for some steps what became of it.
        if self._rest == 0:
            self._request_now = rng.choice(self._requests)
        self._rest = max(0, self._rest - 1)
        request = self._request_now
        change = self._change(request) if rng.random() < 0.06 else None
        self._rest = 3 if change else self._rest
        fed = [
            (number, place)
            for number, part in enumerate(request.parts())
            for place in range(len(part.keys))
        ]
        odd = fed and rng.random() < 0.01 and not request.sets_variables()
        broken = self._asking and rng.random() < 0.01
        options = self._options() if rng.random() < 0.04 else None
        is_bad = 0.3 if self._rest else 0.06
        return Step(
            request,
            rng.getrandbits(32),
            {
                (number, place)
                for number, place in fed
                if rng.random() < is_bad
                or (rng.random() < 0.2 and not request.is_dense(number, place))
            },
            rng.choice(fed) if odd else None,
            self._feed_dict(request),
            rng.choice(self._asking) if broken else None,
            twist=rng.choice([0] * 18 + [1, 2]),
            is_reversed=rng.random() < 0.1,
            options=options,
            has_metadata=rng.random() < (0.5 if options else 0.04),
            in_step_fn=rng.random() < 0.05,
            stop=self._stop() if may_stop else None,
            change=change,
        )

    def _feed_dict(self, request: Request) -> Any:
        if self._rng.random() < 0.95:
            return dict
        makers = [collections.OrderedDict, FeedMapping]
        if not any(part.keys for part in request.hooks.values()):
            # TensorFlow does not come to see that it is no mapping where
            # it merges it with another.
            makers.append(_pairs)
        return self._rng.choice(makers)

    def _stop(self) -> tuple[int, str]:
        callback = self._rng.choice(["before_run", "after_run"])
        return self._rng.randrange(self._hooks), callback

    def _options(self) -> dict[str, int]:
        return self._rng.choice(
            [
                {},
                {"timeout_in_ms": 60000},
                {"trace_level": v1.RunOptions.SOFTWARE_TRACE},
                {"trace_level": v1.RunOptions.FULL_TRACE},
                {"output_partition_graphs": True},
                {"report_tensor_allocations_upon_oom": True},
            ]
        )

    def _change(self, request: Request) -> Any:
        rng = self._rng
        lists = [x for p in request.parts() for x in _lists(p.kept)]
        if lists and rng.random() < 0.5:
            changed = rng.choice(lists)
            leaves = request.leaves()
            leaf = rng.choice(
                [x.value for x in leaves if not x.touches] or [[]]
            )
            if changed and rng.random() < 0.7:
                place = rng.randrange(len(changed))
                return lambda: changed.__setitem__(place, leaf)
            return lambda: changed.append(leaf)
        keys = [k for p in request.parts() for k in p.keys]
        keys = [k for k in keys if k.kind == "dense"]
        key = rng.choice(keys or self._zoo.placeholders)
        if rng.random() < 0.05:
            return self._bar(request, key.tensor)
        return lambda: _refine(key.tensor)

    def _bar(self, request: Request, tensor: Any) -> Any:
        """Returns what forbids the graph to feed or to fetch something."""
        graph = self._zoo.graph
        leaves = [leaf.value for leaf in request.leaves()]
        fetched = [x.op for x in leaves if isinstance(x, tf.Tensor)]
        if fetched and self._rng.random() < 0.3:
            op = self._rng.choice(fetched)
            return lambda: graph.prevent_fetching(op)
        # As TensorFlow does where it makes use of a constant.
        return lambda: graph.prevent_feeding(tensor)


def _lists(kept: Any) -> Iterator[list[Any]]:
    """Yields all lists in a structure."""
    if type(kept) is list:
        yield kept
    parts = kept.values() if isinstance(kept, dict) else kept
    if isinstance(kept, (dict, list, tuple)):
        for part in parts:
            yield from _lists(part)


def _refine(tensor: Any) -> None:
    """Makes more of a tensor's shape known."""
    if tensor.shape.rank is None:
        tensor.set_shape([None])
    else:
        tensor.set_shape([3 if n is None else n for n in tensor.shape])


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


def values(step: Step, zoo: Zoo) -> list[list[Any]]:
    """Returns what each part feeds in a step; equal ones at each call."""
    rng = random.Random(step.seed)
    return [
        [
            step_fuzz_feeds.put_in(
                step_fuzz_feeds.make_value(
                    random.Random(rng.getrandbits(32)),
                    key,
                    (number, place) in step.bad,
                ),
                zoo.placeholders[0].value,
            )
            for place, key in enumerate(part.keys)
        ]
        for number, part in enumerate(step.request.parts())
    ]
