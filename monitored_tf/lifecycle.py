"""The life of a monitored session: begin, call steps, report errors, close."""

from __future__ import annotations

import contextlib
import enum
from typing import Any, Callable, TypeVar

import tensorflow as tf
from absl import logging

from monitored_tf import (
    _tf_private,
    errors,
    failures,
    saves_in_flight,
    session_creators,
    stop_reason,
)
from monitored_tf.bounded_creation import BoundedCreation
from monitored_tf.error_text import describe
from monitored_tf.hook_calls import HookCalls
from monitored_tf.live_session import SHORT_GRACE_SECS, LiveSession
from monitored_tf.recovery import RecoveryEvent, RecoveryPolicy
from monitored_tf.recovery_loop import RecoveryLoop
from monitored_tf.stop_reason import Ending, StopReason

_T = TypeVar("_T")


class _State(enum.Enum):
    # The hooks begin and the first live session is made.
    MAKING = enum.auto()
    # Runs, and is replaced when it is lost.
    OPEN = enum.auto()
    # The hooks end, in which they may still run it, and threads stop.
    CLOSING = enum.auto()
    # Nothing is left open. Also after a creation that failed.
    CLOSED = enum.auto()


class Lifecycle:
    """Owns what is opened, in the graph that is the default one now.

    Args:
      creator: A session creator, or None for one made once the hooks have
        begun.
      make_default_creator: Makes that one.
      calls: The hooks.
      stop_grace_period_secs: Seconds that `close()` waits for threads.
      policy: What is recovered from.

    Raises:
      Whatever a hook or the creator raises. All is undone then.
    """

    def __init__(
        self,
        creator: Any,
        make_default_creator: Callable[[], Any],
        calls: HookCalls,
        stop_grace_period_secs: float,
        policy: RecoveryPolicy,
    ) -> None:
        self._state = _State.MAKING
        self.ending = Ending()
        self.calls = calls
        self.recoveries: list[RecoveryEvent] = []
        self.loop = RecoveryLoop(
            policy, self._make_live_session, self._recovered
        )
        self._policy = policy
        self.creator = creator
        self._creation: BoundedCreation | None = None
        self._stop_grace_period_secs = stop_grace_period_secs
        self._reported_error: BaseException | None = None
        reused = session_creators.reuses_session(creator)
        default_graph = tf.compat.v1.get_default_graph()
        self._graph = creator.graph if reused else default_graph
        # The owner of a session that is reused finalizes its graph or not.
        self._unfinalizes = not (reused or self._graph.finalized)
        try:
            with self._in_graph():
                calls.offer_states()
                calls.begin()
            self.creator = creator or make_default_creator()
            if isinstance(self.creator, session_creators.SessionCreator):
                self.creator.before_create = calls.before_create_session
                if policy.step_timeout_secs is not None:
                    self.creator.limit_operations(policy.hook_run_timeout_secs)
            self.loop.start()
        except BaseException as error:
            with failures.behind(error, "undoing the creation"):
                self._release(failures.Failures(), SHORT_GRACE_SECS)
            raise
        self._state = _State.OPEN

    def _in_graph(self) -> contextlib.AbstractContextManager[Any]:
        """Enters the session's graph, unless it is the default one already.

        A recovery or close() may happen anywhere, and Scaffold and hooks use
        the default graph.
        """
        if tf.compat.v1.get_default_graph() is self._graph:
            return contextlib.nullcontext()
        return self._graph.as_default()  # type: ignore[no-any-return]

    def _make_live_session(self, secs_left: float | None) -> LiveSession:
        if self._creation is not None:  # The lost one's save is the newest.
            saves_in_flight.wait_for_all(secs_left)
        creation = self._creation or BoundedCreation(
            self.creator, self._in_graph
        )
        self._creation = creation
        creation.longest_secs = secs_left
        try:
            with self._in_graph():
                live = LiveSession(
                    creation,
                    self.calls,
                    self._stop_grace_period_secs,
                    self.ending,
                    self._policy.errors,
                    self._policy.step_timeout_secs,
                    replaces=self.loop.raw_session is not None,
                )
        finally:
            if self._state is _State.CLOSED:  # By another thread, meanwhile.
                self._unfinalize()
        if self._state is _State.CLOSED:
            live.abandon()
            raise errors.SessionClosedError
        return live

    def _recovered(self, event: RecoveryEvent) -> None:
        logging.warning("Recovered: %s.", event)
        self.recoveries.append(event)
        if self._policy.on_recovery is not None:
            self._policy.on_recovery(event)
        self.calls.recovered(event)

    def call(self, step: Callable[[LiveSession], _T]) -> _T:
        """Calls a step, again after each recovery; tells hooks of its error.

        Raises:
          SessionClosedError: if the session is closed.
          Whatever `step` raises that is not recovered from.
        """
        if self.loop.live is None and self._state is _State.CLOSED:
            raise errors.SessionClosedError
        try:
            result = self.loop.call(step)
        except BaseException as error:
            self.ending.last_error = error
            if self.loop.live is None:
                self.ending.creation_error = error
            self.report(error)
            raise
        self.ending.last_error = None
        return result

    def report(self, error: BaseException) -> None:
        """Tells the hooks of an error, once; the end of the data is none."""
        if error is self._reported_error or self.ending.is_clean(error):
            return
        self._reported_error = error
        live = self.loop.live
        self.calls.error(live and live.raw_session, error)

    def should_stop(self) -> bool:
        """Returns whether the loop should end; may recover the session."""
        if self._state is _State.CLOSED or self.ending.request is not None:
            return True
        return self.loop.should_stop()

    def close(
        self, error: BaseException | None = None, ends_hooks: bool = True
    ) -> None:
        """Ends the hooks, closes the session and then the hooks.

        Args:
          error: What the `with` body raised, or None.
          ends_hooks: Whether their `end()` is called.

        Raises:
          The first error of all that is done here, once all is done.
        """
        if self._state is not _State.OPEN:
            return
        self._state = _State.CLOSING
        given_up = self.loop.given_up
        if given_up is not None and error is None:
            self.report(given_up)
            error, ends_hooks = given_up, False
        self.ending.finish(error, self._stop_by_thread())
        self._log_reason(error)
        failed = failures.Failures()
        if ends_hooks:
            with failed.kept("end() of the hooks"), self._in_graph():
                self.calls.end(self.loop.raw_session)
        # An error is to be seen soon: threads get less time to stop.
        self._release(failed, None if ends_hooks else SHORT_GRACE_SECS)

    def stop_reason(self) -> StopReason | None:
        """Returns what ended the session, or makes it end; None before."""
        ending = self.ending
        settled = ending.reason or ending.request or self._stop_by_thread()
        if settled is None and ending.last_error is not None:
            return ending.reason_of(ending.last_error)
        return settled

    def _log_reason(self, error: BaseException | None) -> None:
        hook_method = error and stop_reason.hook_method(error)
        if error is not None and hook_method and self.ending.is_clean(error):
            logging.warning(
                "%s raised %s, which ends training as the end of the data "
                "does. A hook that wants the end calls "
                "run_context.request_stop().",
                hook_method,
                describe(error),
            )
        logging.info("Session stops: %s.", self.ending.reason)

    def _stop_by_thread(self) -> StopReason | None:
        live = self.loop.live
        if live is None or not live.coord.should_stop():
            return None
        return stop_reason.from_thread(live.thread_error())

    def _release(
        self, failed: failures.Failures, longest_grace_secs: float | None
    ) -> None:
        """Closes all, keeping the errors; raises the first one at the end."""
        grace_secs = self._stop_grace_period_secs
        if longest_grace_secs is not None:
            grace_secs = min(grace_secs, longest_grace_secs)
        with failed:
            with failed.kept("closing the session"), self._in_graph():
                self.loop.close(grace_secs)
            if self._creation is not None:
                self._creation.abandon()
            self._state = _State.CLOSED
            self._unfinalize()
            with failed.kept("close() of the hooks"):
                self.calls.close()
            # Their frames would keep alive what they worked on.
            self._reported_error = self.ending.last_error = None
            self.ending.creation_error = None

    def _unfinalize(self) -> None:
        if self._unfinalizes:
            _tf_private.unfinalize(self._graph)
