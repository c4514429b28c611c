"""Calls steps, and replaces the live session when a step loses it."""

from __future__ import annotations

import collections
import sys
import threading
import time
from typing import Any, Callable, TypeVar

from absl import logging

from monitored_tf import errors, failures, recovery
from monitored_tf.live_session import LiveSession
from monitored_tf.recovery import Attempts, RecoveryEvent, RecoveryPolicy

_T = TypeVar("_T")
# Of a long outage only the latest errors are kept, for the one that ends it.
_KEPT_ERRORS = 10


class RecoveryLoop:
    """Holds the live session and replaces it.

    Args:
      policy: What to recover from, and how.
      make_live_session: Returns a new live session.
      on_recovery: Called with a `RecoveryEvent` once a session was replaced.
    """

    def __init__(
        self,
        policy: RecoveryPolicy,
        make_live_session: Callable[[], LiveSession],
        on_recovery: Callable[[RecoveryEvent], None],
    ) -> None:
        self._policy = policy
        self._make_live_session = make_live_session
        self._on_recovery = on_recovery
        self._attempts = Attempts(policy)
        self._generation = 0
        self._is_closed = False
        self._lost: _Loss | None = None
        self._earlier: collections.deque[Exception] = collections.deque(
            maxlen=_KEPT_ERRORS
        )
        # Threads may share a session. The one that sees it lost first replaces
        # it; a hook may call run() while a session is being made.
        self._lock = threading.RLock()
        self.live: LiveSession | None = None
        # The error of a thread that no more recovery is tried for.
        self.given_up: Exception | None = None
        # Outlives `live` while there is none: what hooks' end() is given.
        self.raw_session: Any = None

    def call(self, step: Callable[[LiveSession], _T]) -> _T:
        """Calls `step` with the live session until it is not lost any more.

        Raises:
          Whatever `step` raises and the policy does not recover from.
        """
        handled_by_caller = sys.exc_info()[1]
        while True:
            if self.given_up is not None:
                raise self.given_up
            live = self.live
            try:
                if live is None:
                    live = self._make()
                result = step(live)
                break
            except self._policy.errors as error:
                if not self._recovers(error, live):
                    raise
                failures.forget_frames(error, until=handled_by_caller)
        if self._attempts.count and step is not _nothing:
            self._attempts.step_succeeded()
            self._earlier.clear()
        return result

    def start(self) -> None:
        """Makes a live session if there is none."""
        self.call(_nothing)

    def should_stop(self) -> bool:
        """Asks the coordinator; recovers if a thread died of a preemption."""
        live = self.live
        if live is None:
            return True
        error = live.thread_error()
        if error is None:
            return bool(live.coord.should_stop())
        if not isinstance(error, self._policy.errors):
            return True
        if not self._recovers(error, live):
            self.given_up = error
            return True
        self.start()
        return False

    def close(self) -> None:
        """Closes the live session, if there is one, for good.

        Raises:
          The error that a thread died of, unless it is one of the policy's
            that it did not give up on.
        """
        self._is_closed = True
        try:
            self._drop()
        finally:
            self.raw_session = None
        if self.given_up is not None:
            raise self.given_up

    def _drop(self) -> None:
        if self.live is None:
            return
        try:
            # Its threads may use it until they have stopped.
            self.live.close()
        except self._policy.errors as error:
            logging.error(
                "A task of the cluster was lost while the session was closed: "
                "%s",
                recovery.describe(error),
            )
        finally:
            self.live = None

    def _make(self) -> LiveSession:
        with self._lock:
            if self._is_closed:
                raise errors.SessionClosedError
            live = self.live
            if live is None:
                live = self._make_live_session()
                self._generation += 1
                self.live, self.raw_session = live, live.raw_session
                self._tell_of_recovery(live)
            # A run() in a callback may have lost and replaced it meanwhile.
            return self.live or live

    def _tell_of_recovery(self, live: LiveSession) -> None:
        loss, self._lost = self._lost, None
        if loss is None:
            return
        try:
            self._on_recovery(loss.event(self._generation))
        except BaseException:
            if self.live is live:
                self._lost, self.live = loss, None
                live.abandon()
            raise

    def _recovers(self, error: Exception, live: LiveSession | None) -> bool:
        """Drops the lost session and pauses; returns whether to try again."""
        with self._lock:
            if self._is_closed:
                return False
            if self.live is not live:
                return True  # Another thread replaced it.
            pause_secs = self._attempts.next_pause_secs(error, live is not None)
            started = self._lost.started if self._lost else time.monotonic()
            self._drop()
            if pause_secs is None:
                self._chain_earlier(error)
                logging.error(
                    "Giving up after %d recoveries, the last from %s",
                    self._attempts.count - 1,
                    recovery.describe(error),
                )
                return False
            self._lost = _Loss(error, self._attempts.count, pause_secs, started)
            self._earlier.append(error)
            logging.warning(
                "Session lost (attempt %d, next in %.1f s) to %s",
                self._attempts.count,
                pause_secs,
                recovery.describe(error),
            )
            logging.info("Where it was lost:", exc_info=error)
            time.sleep(pause_secs)
            return True

    def _chain_earlier(self, error: Exception) -> None:
        """Makes the earlier errors of this outage reachable from the last."""
        for earlier in self._earlier:
            failures.add_context(error, earlier)


def _nothing(live: LiveSession) -> None:
    """Is the step that shows nothing of whether steps succeed again."""


class _Loss:
    def __init__(
        self, cause: Exception, attempt: int, pause_secs: float, started: float
    ) -> None:
        self.started = started
        self._cause = cause
        self._attempt = attempt
        self._pause_secs = pause_secs

    def event(self, generation: int) -> RecoveryEvent:
        return RecoveryEvent(
            cause=self._cause,
            attempt=self._attempt,
            pause_secs=self._pause_secs,
            recovery_secs=time.monotonic() - self.started,
            generation=generation,
        )
