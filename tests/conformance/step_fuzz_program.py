"""Random programs of steps: a few requests, each run again and again."""

from __future__ import annotations

import collections
import dataclasses
import random
from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf

from tests.conformance import step_fuzz_feeds
from tests.conformance.step_fuzz_graph import Zoo
from tests.conformance.step_fuzz_requests import OPTIONS, Request, Requests


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
      asking: Positions of those that have a `before_run`.
    """

    def __init__(
        self, rng: Any, zoo: Zoo, hooks: int, asking: list[int]
    ) -> None:
        self._rng = rng
        self._zoo = zoo
        self._hooks = hooks
        self._asking = asking
        requests = Requests(rng, zoo, asking)
        self._requests = [requests.draw() for _ in range(rng.randint(6, 14))]
        self._rest = 0

    def steps(self, count: int) -> Iterator[Step]:
        for number in range(count):
            # A stop ends it all but for a last step, which is refused.
            may_stop = self._hooks and number == count - 2
            yield self._step(may_stop)

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
        options = rng.choice(OPTIONS) if rng.random() < 0.04 else None
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
