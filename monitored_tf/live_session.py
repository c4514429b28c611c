"""What a recovery throws away: a raw session, its coordinator, its threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable

import tensorflow as tf
from absl import logging

from monitored_tf import (
    _tf_private,
    errors,
    failures,
    global_step,
    hook_calls,
    remote_master,
    run_options,
    run_plan,
    session_creators,
    waiting,
)
from monitored_tf.bounded_call import BoundedCall
from monitored_tf.hook_calls import HookCalls
from monitored_tf.recovery import PREEMPTION_ERRORS, SessionTimeoutError
from monitored_tf.run_plan import RunPlan
from monitored_tf.run_plan_cache import RunPlanCache
from monitored_tf.session_run_hook import SessionRunArgs, SessionRunContext
from monitored_tf.step_context import StepContext
from monitored_tf.stop_reason import Ending

Coordinator = tf.compat.v1.train.Coordinator
RunMetadata = tf.compat.v1.RunMetadata
RunOptions = tf.compat.v1.RunOptions

_NO_REQUESTS: dict[int, Any] = {}
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

    Raises:
      Whatever the creator or a hook raises. What was opened is closed then.

    Attributes:
      raw_session: The `tf.compat.v1.Session`.
      coord: Its `Coordinator`.
      origin: `StateOrigin` of its variables.
      start_step: Global step at which it began, for one that replaces another.
      applied: A pair: the error of an `after_run`, and the result of the run
        before it. None otherwise.
    """

    def __init__(
        self,
        creator: Any,
        calls: HookCalls,
        stop_grace_period_secs: float,
        ending: Ending,
        lost_errors: tuple[type[Exception], ...] = (),
        step_timeout_secs: float | None = None,
    ) -> None:
        self._reused = session_creators.reuses_session(creator)
        self._calls = calls
        self._lost_errors = (*PREEMPTION_ERRORS, *lost_errors)
        self._stop_grace_period_secs = stop_grace_period_secs
        self._ending = ending
        self.raw_session = creator.create_session()
        # What stands in for a session may have no graph.
        self._graph = getattr(self.raw_session, "graph", None)
        self.origin = session_creators.origin_of(creator)
        self.start_step: int | None = None
        self.applied: tuple[BaseException, Any] | None = None
        self._step_timeout_secs = step_timeout_secs
        self._timeout_error: BaseException | None = None
        self._steps = global_step.StepWatch(self._graph)
        self._plans = RunPlanCache(
            self.raw_session, self._steps, step_timeout_secs
        )
        # No error of a thread is a clean end here: it shows in close().
        self.coord = Coordinator(clean_stop_exception_types=[])
        try:
            self._start_queue_runners()
            self._tell_hooks()
        except BaseException:
            self.abandon()
            raise

    def _tell_hooks(self) -> None:
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
            if self._ending.refuses_runs:
                self._ending.refuse()
            participants = self._calls.participants
            if hooks is not None:
                participants = self._calls.chosen(hooks)
            if participants.are_silent:
                is_plain = options is None and run_metadata is None
                run = self._run_plain if is_plain else self._run_raw
                return run(
                    fetches, _NO_REQUESTS, feed_dict, options, run_metadata
                )[0]
            plan = RunPlan(fetches, feed_dict, options, self._graph)
            return self._run_with_hooks(participants, plan, run_metadata)
        except Exception as error:
            self._raise_lost_peer(error)
            if isinstance(error, self._lost_errors):
                raise
            if not getattr(options, "timeout_in_ms", 0):  # Or it is theirs.
                self._note_timeout(error)
            self._raise_loss_by_thread(error)
            raise

    def _raise_lost_peer(self, error: Exception) -> None:
        # Whoever saw it lost has closed the session under the run.
        cause = self.thread_error()
        if isinstance(cause, errors.PeerLostError) and cause is not error:
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

    def _run_with_hooks(
        self,
        participants: hook_calls.Participants,
        plan: RunPlan,
        run_metadata: Any,
    ) -> Any:
        context = SessionRunContext(
            SessionRunArgs._make((plan.fetches, plan.caller_feeds, None)),
            self.raw_session,
        )
        stopped_by = hook_calls.before_run(participants, context, plan)
        request = (plan.fetches, plan.requests, plan.feed_dict())
        is_plain = plan.options is None and run_metadata is None
        options = plan.options
        if options is None and self._step_timeout_secs is None:
            options = RunOptions()
        else:
            options = self._with_timeout(options)
        if run_metadata is None:
            run_metadata = RunMetadata()
        run = self._run_plain if is_plain else self._run_raw
        result, hook_results = run(*request, options, run_metadata)
        try:
            stopped_by = hook_calls.after_run(
                participants,
                context,
                hook_results,
                options,
                run_metadata,
                stopped_by,
            )
        except Exception as error:
            self.applied = (error, result)
            raise
        if stopped_by is not None:
            self._ending.ask_by_hook(stopped_by)
        return result

    def _run_plain(
        self,
        fetches: Any,
        requests: dict[int, Any],
        feed_dict: Any,
        options: Any,
        run_metadata: Any,
    ) -> Any:
        """Runs what nobody gave options for: they come back as they are."""
        key = self._plans.key(fetches, requests, feed_dict)
        results = self._plans.run(key, feed_dict)
        if results is None:
            results = self._run_raw(
                fetches, requests, feed_dict, options, run_metadata
            )
            self._plans.learn(key, fetches, requests, feed_dict)
        return results

    def _run_raw(
        self,
        fetches: Any,
        requests: dict[int, Any],
        feed_dict: Any,
        options: Any,
        run_metadata: Any,
    ) -> Any:
        """Returns the caller's result and the dict of the hooks'."""
        results = self.raw_session.run(
            fetches=run_plan.all_fetches(fetches, requests),
            feed_dict=feed_dict,
            options=self._with_timeout(options),
            run_metadata=run_metadata or RunMetadata(),
        )
        result, hook_results = run_plan.split(results)
        self._steps.note(requests, hook_results)
        return result, hook_results

    def _with_timeout(self, options: Any) -> Any:
        """Returns the options with the limit of a step, if they have none."""
        limit = _tf_private.timeout_options(self._step_timeout_secs)
        if not options:
            return limit
        is_limited = getattr(options, "timeout_in_ms", True)
        if is_limited or self._step_timeout_secs is None:
            return options
        return run_options.merge(options, limit)

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
            self.applied = None  # It was a part of the step only.

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
        return None if self._steps.last is None else int(self._steps.last)

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
        self._close(self._short_grace_secs(), _LOST_CLOSE_SECS)

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
            self._join(grace_secs)
        finally:
            self._plans.clear()
            self._close_raw_session(close_secs)

    def _join(self, grace_secs: float) -> None:
        threads = _tf_private.threads_of(self.coord)  # join() forgets them.

        def still_alive() -> str:
            return ", ".join(sorted(t.name for t in threads if t.is_alive()))

        with waiting.told("threads to stop", still_alive):
            try:
                self.coord.join(
                    stop_grace_period_secs=grace_secs, ignore_live_threads=True
                )
            finally:
                left = still_alive()
                if left:
                    logging.warning(
                        "Threads that did not stop in %.1f s are left behind: "
                        "%s",
                        grace_secs,
                        left,
                    )

    def _close_raw_session(self, close_secs: float) -> None:
        if self._reused:
            return
        try:
            if not self._is_remote:
                self.raw_session.close()
                return
            # It waits for a task that hangs.
            call = BoundedCall(self.raw_session.close, "closing a session")
            if call.wait(close_secs):
                call.result()
            else:
                call.abandon()
        except Exception as error:  # As TensorFlow: join() told what matters.
            logging.info("Closing the raw session failed: %s", error)
