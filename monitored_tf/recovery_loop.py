"""Calls steps, and replaces the live session when a step loses it."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any, Callable, TypeVar

from absl import logging

from monitored_tf import (
    errors,
    failures,
    global_step,
    session_close,
    waiting,
)
from monitored_tf.applied_step import AppliedStep
from monitored_tf.error_text import describe
from monitored_tf.live_session import LiveSession
from monitored_tf.outage import Outage, RecoveryAttempt
from monitored_tf.outage_record import Loss, OutageRecord
from monitored_tf.recovery import (
    RecoveryEvent,
    RecoveryPolicy,
    SessionTimeoutError,
)

_T = TypeVar("_T")


class RecoveryLoop:
    """Holds the live session and replaces it.

    Args:
      policy: What to recover from, and how.
      make_live_session: Given the seconds that are left for it, or None,
        returns a new live session.
      on_recovery: Called with a `RecoveryEvent` once a session was replaced.
    """

    def __init__(
        self,
        policy: RecoveryPolicy,
        make_live_session: Callable[[float | None], LiveSession],
        on_recovery: Callable[[RecoveryEvent], None],
    ) -> None:
        self._policy = policy
        self._make_live_session = make_live_session
        self._on_recovery = on_recovery
        self._outage = Outage(policy)
        self._record = OutageRecord()
        self._generation = 0
        self._is_closed = False
        self._loss: Loss | None = None
        # Threads may share a session. The one that sees it lost first replaces
        # it; a hook may call run() while a session is being made.
        self._lock = threading.RLock()
        self._step = waiting.Wait("a step", self._place_of_step)
        waiting.watch(self._step)
        self.live: LiveSession | None = None
        # What is raised after a thread's error that ended all recovery.
        self.given_up: Exception | None = None
        # Outlives `live` while there is none: what hooks' end() is given.
        self.raw_session: Any = None

    def call(self, step: Callable[[LiveSession], _T]) -> _T:
        """Calls `step` with the live session until it is not lost any more.

        Raises:
          RecoveryGaveUp: if the policy says so.
          Whatever `step` raises and the policy does not recover from.
        """
        handled_by_caller = sys.exc_info()[1]
        applied = None
        while True:
            if self.given_up is not None:
                raise self.given_up
            live = self.live
            try:
                if live is None:
                    live = self._make()
                if applied is not None and applied.is_held_by(
                    live.origin, live.start_step
                ):
                    self._outage_ends()
                    return applied.result  # type: ignore[no-any-return]
                self._step.since = time.monotonic()
                result = step(live)
                self._step.since = None
                break
            except Exception as error:
                secs = time.monotonic() - (self._step.since or 0.0)
                self._step.since = None
                applied = self._applied(error, live, secs) or applied
                if not self._recovers(error, live):
                    raise
                failures.forget_frames(error, until=handled_by_caller)
        if self._record.is_open and step is not _nothing:
            self._outage_ends()
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
        if isinstance(error, errors.ProcessEndError):
            self.given_up = error
            return True
        if not isinstance(error, self._policy.errors):
            return True
        try:
            self._recovers(error, live)
        except errors.RecoveryGaveUp as gave_up:
            self.given_up = gave_up
            return True
        self.start()
        return False

    def close(self, grace_secs: float | None = None) -> None:
        """Closes the live session, if there is one, for good.

        Args:
          grace_secs: Seconds to wait for its threads; None for those that the
            session was made with.

        Raises:
          The error that a thread died of, unless it is one of the policy's
            that it did not give up on.
        """
        self._is_closed = True
        waiting.forget(self._step)
        try:
            live = self.live
            if live is not None:
                self._drop(lambda: live.close(grace_secs))
        finally:
            self.raw_session = None
        if self.given_up is not None:
            raise self.given_up

    def _drop(self, close: Callable[[], None]) -> None:
        try:
            # Its threads may use it until they have stopped.
            close()
        except self._policy.errors as error:
            logging.error(
                "A task of the cluster was lost while the session was closed: "
                "%s",
                describe(error),
            )
        finally:
            self.live = None

    def _make(self) -> LiveSession:
        with self._lock:
            if self._is_closed:
                raise errors.SessionClosedError
            live = self.live
            if live is None:
                self._record.begin()
                live = self._make_live_session(
                    self._record.secs_left(self._policy.max_recovery_secs)
                )
                self._generation += 1
                self.live, self.raw_session = live, live.raw_session
                self._tell_of_recovery(live)
            # A run() in a callback may have lost and replaced it meanwhile.
            return self.live or live

    def _tell_of_recovery(self, live: LiveSession) -> None:
        loss, self._loss = self._loss, None
        if loss is None:
            return
        live.start_step = global_step.read(live.raw_session)
        try:
            self._on_recovery(
                loss.event(self._generation, live.start_step, live.origin)
            )
        except BaseException:
            if self.live is live:
                self._loss, self.live = loss, None
                live.abandon()
            raise

    def _recovers(self, error: Exception, live: LiveSession | None) -> bool:
        """Drops the lost session and pauses.

        Returns:
          Whether to try again; False for an error that loses no session.

        Raises:
          RecoveryGaveUp: from the error, if a limit is reached.
        """
        with self._lock:
            if self._is_closed:
                return False
            if self.live is not live:  # Another thread replaced it.
                return self._is_loss(error, live) or session_close.is_of_closed(
                    error
                )
            if not self._is_loss(error, live):
                return False
            failed_at = time.monotonic()
            attempt = self._attempt(error, live)
            start_step = live.start_step if live else None
            gives_up = self._outage.failed(attempt, start_step)
            self._record.attempts.append(attempt)
            if live is not None:
                self._drop(live.drop)
            if gives_up is not None:
                self._record.chain(error)
                raise errors.gave_up(
                    error, gives_up, self._record.attempts
                ) from error
            pause_secs = self._outage.pause_secs()
            if self._loss is None:
                self._loss = Loss(attempt, failed_at)
            self._loss.failed_again(self._outage.count, pause_secs)
            self._record.log(attempt, self._outage.count)
            time.sleep(pause_secs)
            return True

    def _is_loss(self, error: Exception, live: LiveSession | None) -> bool:
        if isinstance(error, errors.ProcessEndError):
            return False
        if isinstance(error, self._policy.errors):
            return True
        return bool(self._policy.errors) and (
            isinstance(error, SessionTimeoutError)
            or (live is not None and live.timed_out(error))
        )

    def _attempt(
        self, error: Exception, live: LiveSession | None
    ) -> RecoveryAttempt:
        return RecoveryAttempt(
            cause=error,
            in_step=live is not None,
            step=live.step_when_lost(error) if live else None,
            outage_secs=self._record.secs(),
        )

    def _applied(
        self, error: Exception, live: LiveSession | None, secs: float
    ) -> AppliedStep | None:
        """Returns the step whose hooks raised this error after its run.

        Args:
          error: What was raised.
          live: The session, None if there was none.
          secs: Seconds since the step began.
        """
        if live is None or not self._policy.keeps_live_state:
            return None
        if live.applied is None or live.applied[0] is not error:
            return None
        step = live.step_when_lost(error)
        return AppliedStep(live.applied[1], step, time.time() - secs)

    def _outage_ends(self) -> None:
        self._outage.step_succeeded()
        self._record.end()

    def _place_of_step(self) -> str:
        return waiting.place(RecoveryLoop.call.__code__, self)


def _nothing(live: LiveSession) -> None:
    """Is the step that shows nothing of whether steps succeed again."""
