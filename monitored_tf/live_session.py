"""What a recovery throws away: a raw session, its coordinator, its threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable

import tensorflow as tf
from absl import logging

from monitored_tf import failures, hook_calls, run_plan, session_creators
from monitored_tf.hook_calls import HookCalls
from monitored_tf.recovery import PREEMPTION_ERRORS
from monitored_tf.run_plan import RunPlan
from monitored_tf.run_plan_cache import RunPlanCache
from monitored_tf.session_run_hook import SessionRunArgs, SessionRunContext
from monitored_tf.step_context import StepContext
from monitored_tf.stop_reason import Ending

Coordinator = tf.compat.v1.train.Coordinator
RunMetadata = tf.compat.v1.RunMetadata
RunOptions = tf.compat.v1.RunOptions

_NO_REQUESTS: dict[int, Any] = {}
# A session that was never handed out is not worth waiting for longer.
_UNDO_GRACE_PERIOD_SECS = 5.0


class LiveSession:
    """One raw session with its coordinator, from its making to its close.

    Args:
      creator: A session creator.
      calls: The hooks; their `after_create_session` is called.
      stop_grace_period_secs: Seconds that `close()` waits for threads.
      ending: Is told when a hook or a step function asks for the end.
      lost_errors: Types that tell of a lost session, besides TensorFlow's.

    Raises:
      Whatever the creator or a hook raises. What was opened is closed then.
    """

    def __init__(
        self,
        creator: Any,
        calls: HookCalls,
        stop_grace_period_secs: float,
        ending: Ending,
        lost_errors: tuple[type[Exception], ...] = (),
    ) -> None:
        self._reused = session_creators.reuses_session(creator)
        self._calls = calls
        self._lost_errors = (*PREEMPTION_ERRORS, *lost_errors)
        self._stop_grace_period_secs = stop_grace_period_secs
        self._ending = ending
        self.raw_session = creator.create_session()
        # What stands in for a session may have no graph.
        self._graph = getattr(self.raw_session, "graph", None)
        self._plans = RunPlanCache(self.raw_session)
        # No error of a thread is a clean end here: it shows in close().
        self.coord = Coordinator(clean_stop_exception_types=[])
        try:
            self._start_queue_runners()
            calls.after_create_session(self.raw_session, self.coord)
        except BaseException:
            self.abandon()
            raise

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
        except self._lost_errors:
            raise
        except Exception as error:
            self._raise_loss_by_thread(error)
            raise

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
        options = RunOptions() if plan.options is None else plan.options
        if run_metadata is None:
            run_metadata = RunMetadata()
        run = self._run_plain if is_plain else self._run_raw
        result, hook_results = run(*request, options, run_metadata)
        stopped_by = hook_calls.after_run(
            participants,
            context,
            hook_results,
            options,
            run_metadata,
            stopped_by,
        )
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
            options=options or RunOptions(),
            run_metadata=run_metadata or RunMetadata(),
        )
        return run_plan.split(results)

    def run_step_fn(self, step_fn: Callable[[StepContext], Any]) -> Any:
        """Calls a step function with a context of this session."""
        return step_fn(
            StepContext(
                self.raw_session,
                self.run,
                on_request_stop=self._ending.ask_by_step_fn,
            )
        )

    def thread_error(self) -> BaseException | None:
        """Returns the error that a thread reported to the coordinator."""
        try:
            self.coord.raise_requested_exception()
        except BaseException as error:
            return error
        return None

    def close(self) -> None:
        """Stops the threads and closes the raw session.

        Raises:
          The error that a thread died of, if one did.
        """
        self._close(self._stop_grace_period_secs)

    def abandon(self) -> None:
        """Closes what was never handed out; its errors only go to the log."""
        grace = min(self._stop_grace_period_secs, _UNDO_GRACE_PERIOD_SECS)
        try:
            self._close(grace)
        except Exception:  # Another error is on its way to the user.
            logging.exception("Closing a session that was not finished failed.")

    def _close(self, grace_secs: float) -> None:
        self.coord.request_stop()
        try:
            self.coord.join(
                stop_grace_period_secs=grace_secs, ignore_live_threads=True
            )
        finally:
            self._plans.clear()
            self._close_raw_session()

    def _close_raw_session(self) -> None:
        if self._reused:
            return
        try:
            self.raw_session.close()
        except Exception as error:  # As TensorFlow: join() told what matters.
            logging.info("Closing the raw session failed: %s", error)
