"""Runs a step that was seen before without working it out again."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any

from monitored_tf import _tf_private
from monitored_tf.feed_conversion import PreparedFeeds
from monitored_tf.fetch_structure import (
    PreparedFetches,
    UnknownStructureError,
    leaf_types,
    signature,
)
from monitored_tf.global_step import StepWatch

# A program has a few kinds of steps. What makes a new one each time is not
# worth keeping, and must not fill the memory.
_MOST_KEPT = 128
_NO_FEEDS: dict[Any, Any] = {}


class RunPlanCache:
    """Knows how to run the requests that a raw session has run before.

        first time         Session.run runs it, learn() notes its key
        second time        Session.run runs it, learn() prepares it
        from then on       run() runs it

    Session.run also runs it, each time, if the session is of another class or
    its `run` was replaced, if there are fetches or feeds of a kind that is not
    recognised, or if a value does not fit: all errors before a run are
    thereby TensorFlow's own.

    Args:
      raw_session: What `create_session()` returned.
      watch: Is given the global step wherever it is fetched.
      timeout_secs: Seconds that a run may take; None for no limit.
    """

    def __init__(
        self,
        raw_session: Any,
        watch: StepWatch | None = None,
        timeout_secs: float | None = None,
    ) -> None:
        self._graph = getattr(raw_session, "graph", None)
        self._watch = watch or StepWatch(self._graph)
        self._runner = _tf_private.prepared_runner(raw_session, timeout_secs)
        # None for what can't be prepared.
        self._known: dict[Hashable, _PreparedRun | None] = {}
        self._seen_once: dict[Hashable, None] = {}
        self._lock = threading.Lock()

    def key(self, fetches: Any, requests: Any, feed_dict: Any) -> Hashable:
        """Returns what a request is known by.

        Args:
          fetches: The caller's.
          requests: dict with those of the hooks.
          feed_dict: The feeds of all.

        Returns:
          None for a request that only `Session.run` can handle.
        """
        if self._runner is None:
            return None
        try:
            return _key(fetches, requests, feed_dict)
        except UnknownStructureError:
            return None

    def run(self, key: Hashable, feed_dict: Any) -> Any:
        """Runs a request that is known.

        Args:
          key: As `key()` returns it.
          feed_dict: The feeds of all.

        Returns:
          A pair of results, the caller's and a dict with the hooks'. None if
          `Session.run` must run this.
        """
        known = self._known.get(key)
        runner = self._runner
        if known is None or runner is None:
            return None
        return known.run(runner, feed_dict)

    def learn(
        self, key: Hashable, fetches: Any, requests: Any, feed_dict: Any
    ) -> None:
        """Takes note of a request that `Session.run` has run well.

        Args:
          key: What `key()` returned for the others.
          fetches: As for `key()`.
          requests: As for `key()`.
          feed_dict: As for `key()`.
        """
        if key is None:
            return
        with self._lock:
            if self._runner is None:  # Closed meanwhile.
                return
            if self._runner.bars_changed():
                self._known.clear()
            if key in self._known:  # A value did not fit this time.
                return
            if key not in self._seen_once:
                _keep(self._seen_once, key, None)
                return
            del self._seen_once[key]
            prepared = self._prepare(fetches, requests, feed_dict)
            # Another thread may have changed a list since it was run.
            if self.key(fetches, requests, feed_dict) == key:
                _keep(self._known, key, prepared)

    def _prepare(
        self, fetches: Any, requests: Any, feed_dict: Any
    ) -> _PreparedRun | None:
        try:
            return _PreparedRun(
                fetches, requests, feed_dict, self._graph, self._watch
            )
        except UnknownStructureError:
            return None

    def clear(self) -> None:
        """Lets go of the raw session, and of all that it keeps."""
        with self._lock:
            self._runner = self._graph = None
            self._known.clear()
            self._seen_once.clear()


def _key(fetches: Any, requests: Any, feed_dict: Any) -> Hashable:
    # Tuples in each other: quicker for the few parts that most steps have.
    key = signature(fetches)
    for position, request in requests.items():
        is_leaf = type(request) in leaf_types  # Spares most of them a call.
        key = (key, position, id(request) if is_leaf else signature(request))
    if feed_dict:
        if type(feed_dict) is not dict:
            raise UnknownStructureError
        key = (key, dict, *map(signature, feed_dict))
    return key


def _keep(kept: dict[Hashable, Any], key: Hashable, value: Any) -> None:
    if len(kept) >= _MOST_KEPT:
        del kept[next(iter(kept))]  # The oldest.
    kept[key] = value


class _PreparedRun:
    """All that is the same each time one request is run."""

    def __init__(
        self,
        fetches: Any,
        requests: Any,
        feed_dict: Any,
        graph: Any,
        watch: StepWatch,
    ) -> None:
        prepared = PreparedFetches((fetches, requests), graph)
        tensors, operations = prepared.tensors, prepared.operations
        if not tensors and not operations:
            raise UnknownStructureError
        self._feeds = PreparedFeeds(feed_dict, graph) if feed_dict else None
        if self._feeds and _share(self._feeds.tensors, tensors):
            raise UnknownStructureError
        self._tensors = [_tf_private.tensor_handle(t) for t in tensors]
        self._operations = [_tf_private.operation_handle(o) for o in operations]
        self._build = prepared.build
        self._watch = watch
        self._step_index = watch.index_in(tensors)
        # Keeps the ids in the key from being given to other objects.
        self._leaves = (prepared.leaves, list(feed_dict or ()))

    def run(self, runner: _tf_private.PreparedRunner, feed_dict: Any) -> Any:
        feeds: Any = _NO_FEEDS
        if self._feeds is not None:
            feeds = self._feeds.convert(feed_dict)
            if feeds is None:
                return None
        values = runner.run(feeds, self._tensors, self._operations)
        if values is None:
            return None
        if self._step_index is not None:
            self._watch.last = values[self._step_index]
        return self._build(values)


def _share(fed: list[Any], fetched: list[Any]) -> bool:
    """Returns whether a tensor is both fed and fetched.

    What is fetched then is the very array that was fed.
    """
    return not {t.name for t in fed}.isdisjoint(t.name for t in fetched)
