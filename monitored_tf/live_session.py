"""What a recovery throws away: a raw session, its coordinator, its threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable

import tensorflow as tf
from absl import logging

from monitored_tf import (
    errors,
    failures,
    global_step,
    lost_iterators,
    remote_master,
    session_close,
    session_creators,
    waiting,
)
from monitored_tf.hook_calls import HookCalls
from monitored_tf.recovery import PREEMPTION_ERRORS, SessionTimeoutError
from monitored_tf.step_context import StepContext
from monitored_tf.step_runner import StepRunner
from monitored_tf.stop_reason import Ending

Coordinator = tf.compat.v1.train.Coordinator

# TensorFlow's default of 120 s, as an object of its own: who gives 120 waits so
# long, who gives nothing waits SHORT_GRACE_SECS.
DEFAULT_GRACE_SECS = float("120")
# What is lost, or was never handed out, is not worth waiting for longer.
SHORT_GRACE_SECS = 5.0
# Seconds that the close of a session may take on a task that hangs.
_LOST_CLOSE_SECS = 1.0
_CLOSE_SECS = 5.0


class LiveSession:
    """One raw session with its coordinator, from its making to its close.

    Args:
      creator: A session creator.
      calls: The hooks; their `after_create_session` is called.
      stop_grace_period_secs: Seconds that `close()` waits for threads.
      ending: Is told when a hook or a step function asks for the end.
      lost_errors: Types that tell of a lost session, besides TensorFlow's.
      step_timeout_secs: Seconds that the raw run of a step may take; None for
        no limit.
      replaces: Whether users have run the initializers of their iterators in
        another session, which was lost.

    Raises:
      Whatever the creator or a hook raises. What was opened is closed then.

    Attributes:
      raw_session: The `tf.compat.v1.Session`.
      coord: Its `Coordinator`.
      origin: `StateOrigin` of its variables.
      start_step: Global step at which it began, for one that replaces another.
    """

    def __init__(
        self,
        creator: Any,
        calls: HookCalls,
        stop_grace_period_secs: float,
        ending: Ending,
        lost_errors: tuple[type[Exception], ...] = (),
        step_timeout_secs: float | None = None,
        replaces: bool = False,
    ) -> None:
        self._reused = session_creators.reuses_session(creator)
        self._calls = calls
        self._lost_errors = (*PREEMPTION_ERRORS, *lost_errors)
        self._stop_grace_period_secs = stop_grace_period_secs
        self._ending = ending
        self.raw_session = creator.create_session()
        self.origin = session_creators.origin_of(creator)
        self.start_step: int | None = None
        self._step_timeout_secs = step_timeout_secs
        self._timeout_error: BaseException | None = None
        self._runner = StepRunner(
            self.raw_session, calls, ending, step_timeout_secs
        )
        # No error of a thread is a clean end here: it shows in close().
        self.coord = Coordinator(clean_stop_exception_types=[])
        try:
            if replaces and not self._reused:
                lost_iterators.begin_again(self.raw_session, self._lost_errors)
            self._start_queue_runners()
            self._tell_hooks()
        except BaseException:
            self.abandon()
            raise

    def _tell_hooks(self) -> None:
        if self.origin.checkpoint is not None:
            self._calls.load_states(self.origin.checkpoint)
        try:
            self._calls.after_create_session(self.raw_session, self.coord)
        except tf.errors.DeadlineExceededError as error:
            if self._step_timeout_secs is None or not self._is_remote:
                raise
            raise SessionTimeoutError(
                "A run of a hook's after_create_session took too long"
            ) from error

    def _start_queue_runners(self) -> None:
        runners = tf.compat.v1.GraphKeys.QUEUE_RUNNERS
        if tf.compat.v1.get_collection(runners) and not self._reused:
            tf.compat.v1.train.start_queue_runners(
                sess=self.raw_session, coord=self.coord
            )

    def run(
        self,
        fetches: Any,
        feed_dict: Any = None,
        options: Any = None,
        run_metadata: Any = None,
        hooks: Sequence[Any] | None = None,
    ) -> Any:
        """Runs one step with hooks; see `MonitoredSession.run`.

        Where it fails because a thread died of a preemption, that one is
        raised: it is the root cause.
        """
        try:
            return self._runner.run(
                fetches, feed_dict, options, run_metadata, hooks
            )
        except Exception as error:
            self._raise_end_of_process(error)
            if isinstance(error, self._lost_errors):
                raise
            if not getattr(options, "timeout_in_ms", 0):  # Or it is theirs.
                self._note_timeout(error)
            self._raise_loss_by_thread(error)
            raise

    def _raise_end_of_process(self, error: Exception) -> None:
        # Whoever reported it has closed the session under the run.
        cause = self.thread_error()
        if isinstance(cause, errors.ProcessEndError) and cause is not error:
            raise cause from error

    def _note_timeout(self, error: Exception) -> None:
        if self._step_timeout_secs is not None and isinstance(
            error, tf.errors.DeadlineExceededError
        ):
            self._timeout_error = error
            logging.warning(
                "A step took too long (step_timeout_secs=%g). All threads:\n%s",
                self._step_timeout_secs,
                waiting.stacks(),
            )

    def timed_out(self, error: BaseException) -> bool:
        """Returns whether an error came from the step's time limit."""
        return error is self._timeout_error

    def _raise_loss_by_thread(self, error: Exception) -> None:
        cause = self.thread_error()
        if isinstance(cause, self._lost_errors):
            raise cause
        if cause is not None:
            failures.add_context(error, cause)

    def run_step_fn(self, step_fn: Callable[[StepContext], Any]) -> Any:
        """Calls a step function with a context of this session."""
        context = StepContext(
            self.raw_session,
            self.run,
            on_request_stop=self._ending.ask_by_step_fn,
        )
        try:
            return step_fn(context)
        finally:
            self._runner.applied = None  # It was a part of the step only.

    @property
    def applied(self) -> tuple[BaseException, Any] | None:
        """The error of an `after_run`, and the result of the run before it."""
        return self._runner.applied

    def thread_error(self) -> BaseException | None:
        """Returns the error that a thread reported to the coordinator."""
        try:
            self.coord.raise_requested_exception()
        except BaseException as error:
            return error
        return None

    def step_when_lost(self, error: BaseException) -> int | None:
        """Returns the global step that this session has come to.

        Args:
          error: What it was lost to.

        Returns:
          What it is now, if it can be read; the last one that was fetched, if
          not; None if there is none.
        """
        is_lost = isinstance(error, tf.errors.UnavailableError)
        if not (is_lost and self._is_remote) and not self.timed_out(error):
            step = global_step.read(self.raw_session)
            if step is not None:
                return step
        return self._runner.last_step

    @property
    def _is_remote(self) -> bool:
        target = getattr(self.raw_session, "sess_str", b"")
        return remote_master.is_remote(tf.compat.as_str_any(target))

    def close(self, grace_secs: float | None = None) -> None:
        """Stops the threads and closes the raw session.

        Args:
          grace_secs: Seconds to wait for the threads; those given at creation
            if None.

        Raises:
          The error that a thread died of, if one did.
        """
        if grace_secs is None:
            grace_secs = self._stop_grace_period_secs
        self._close(grace_secs, _CLOSE_SECS)

    def drop(self) -> None:
        """Closes a session that is lost, without waiting for it for long."""
        if self._is_remote:
            # First of all: a thread that is told to stop closes its queue,
            # which lives on in the cluster and where other tasks may wait.
            self._close_raw_session(_LOST_CLOSE_SECS)
        try:
            self._close(self._short_grace_secs(), _LOST_CLOSE_SECS)
        except Exception as error:
            if not self._is_remote or not session_close.is_of_closed(error):
                raise
            logging.info("A thread used a session that was lost: %s", error)

    def abandon(self) -> None:
        """Closes what was never handed out; its errors only go to the log."""
        try:
            self.drop()
        except Exception:  # Another error is on its way to the user.
            logging.exception("Closing a session that was not finished failed.")

    def _short_grace_secs(self) -> float:
        return min(self._stop_grace_period_secs, SHORT_GRACE_SECS)

    def _close(self, grace_secs: float, close_secs: float) -> None:
        self.coord.request_stop()
        try:
            session_close.join(self.coord, grace_secs)
        finally:
            self._runner.clear()
            self._close_raw_session(close_secs)

    def _close_raw_session(self, secs: float) -> None:
        if not self._reused:
            session_close.close_raw_session(
                self.raw_session, secs if self._is_remote else None
            )
