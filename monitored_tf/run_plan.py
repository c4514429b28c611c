"""One step as one request: what the caller and the hooks want, merged. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import tensorflow as tf

from monitored_tf import errors, run_options

_CALLER = "caller"


class RunPlan:
    """What the caller of `run()` wants, and then the hooks one by one.

    Args:
      fetches: As in `tf.compat.v1.Session.run`.
      feed_dict: As there.
      options: As there; not changed.
      graph: The `tf.Graph` that runs, in which names of fed tensors are looked
        up.

    Attributes:
      fetches: The caller's fetches.
      caller_feeds: The caller's feed_dict.
      requests: The hooks' fetches under the hooks' positions.
      options: `RunOptions` of all, a new object as soon as a hook adds any;
        None if nobody gave any.
    """

    _hook_feeds: _Feeds | None = None

    def __init__(
        self, fetches: Any, feed_dict: Any, options: Any, graph: Any
    ) -> None:
        self.fetches = fetches
        self.caller_feeds = feed_dict
        self.requests: dict[int, Any] = {}
        self._graph = graph
        self.options = options or None

    def merge(self, hook: Any, request: Any) -> None:
        """Merges what a hook feeds and the options it wants.

        Args:
          hook: The hook, for the message of an error.
          request: Its `SessionRunArgs`.

        Raises:
          FeedConflictError: if another hook feeds one of its tensors.
        """
        if request.feed_dict:
            if self._hook_feeds is None:
                self._hook_feeds = _Feeds(self._graph)
            self._hook_feeds.add(request.feed_dict, hook)
        if request.options:
            self.options = run_options.merge(
                run_options.copy(self.options), request.options
            )

    def feed_dict(self) -> Any:
        """Returns the feeds of all; the caller's own object if no hook feeds.

        Raises:
          FeedConflictError: if the caller feeds a tensor that a hook feeds.
        """
        if self._hook_feeds is None:
            return self.caller_feeds
        return self._hook_feeds.with_caller(self.caller_feeds)


def all_fetches(fetches: Any, requests: dict[int, Any]) -> dict[Any, Any]:
    """Returns the caller's and the hooks' fetches as one structure."""
    return {_CALLER: fetches, **requests}


def split(results: dict[Any, Any]) -> tuple[Any, dict[Any, Any]]:
    """Returns the caller's part of what was run, and the dict of the hooks'."""
    return results.pop(_CALLER), results


class _Feeds:
    """Collects the hooks' feeds and finds tensors claimed twice."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self._feeds: dict[Any, Any] = {}
        self._owners: dict[Any, Any] = {}

    def add(self, feed_dict: dict[Any, Any], hook: Any) -> None:
        claims = list(_claims(feed_dict, self._graph))
        self._check(claims, "Same tensor is fed by two hooks.", hook)
        self._owners.update(dict.fromkeys(claims, hook))
        self._feeds.update(feed_dict)

    def with_caller(self, feed_dict: Any) -> Any:
        if not feed_dict:
            return self._feeds
        self._check(
            _claims(feed_dict, self._graph),
            "Same tensor is fed by a SessionRunHook and user.",
            "the caller of run()",
        )
        return {**self._feeds, **feed_dict}

    def _check(self, claims: Iterable[Any], what: str, claimant: Any) -> None:
        conflicts = [
            f"{claim} by {self._owners[claim]} and {claimant}"
            for claim in claims
            if claim in self._owners
        ]
        if conflicts:
            raise errors.FeedConflictError(
                f"{what} Conflict(s): {'; '.join(conflicts)}. Let one of the "
                "two feed it."
            )


def _claims(feed_dict: dict[Any, Any], graph: Any) -> Iterator[Any]:
    """Yields what stands for each tensor fed: its name, where it has one."""
    for key in feed_dict:
        yield from _tensor_names(key, graph)


def _tensor_names(key: Any, graph: Any) -> Iterator[Any]:
    if isinstance(key, (tuple, list)):
        for part in key:
            yield from _tensor_names(part, graph)
    elif isinstance(key, (tf.SparseTensor, tf.compat.v1.SparseTensorValue)):
        yield from _tensor_names(tuple(_sparse_parts(key)), graph)
    elif isinstance(key, tf.IndexedSlices):
        yield from _tensor_names((key.values, key.indices), graph)
    else:
        yield _tensor_name(key, graph)


def _sparse_parts(sparse: Any) -> Iterator[Any]:
    yield sparse.indices
    yield sparse.values
    yield sparse.dense_shape


def _tensor_name(key: Any, graph: Any) -> Any:
    try:
        return graph.as_graph_element(key).name
    except (TypeError, ValueError, KeyError, AttributeError):
        # No tensor of this graph. Session.run says so better than we could.
        return key
