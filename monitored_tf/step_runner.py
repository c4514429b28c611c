"""Runs steps in a raw session: hooks, the run between, its time limit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from monitored_tf import (
    _tf_private,
    global_step,
    hook_calls,
    run_options,
    run_plan,
)
from monitored_tf.hook_calls import HookCalls
from monitored_tf.run_plan import RunPlan
from monitored_tf.run_plan_cache import RunPlanCache
from monitored_tf.session_run_hook import SessionRunArgs, SessionRunContext
from monitored_tf.stop_reason import Ending

RunMetadata = tf.compat.v1.RunMetadata
RunOptions = tf.compat.v1.RunOptions

_NO_REQUESTS: dict[int, Any] = {}


class StepRunner:
    """Runs the steps of one raw session.

    Args:
      raw_session: A `tf.compat.v1.Session`.
      calls: The hooks.
      ending: Is told when a hook asks for the end.
      timeout_secs: Seconds that a raw run may take; None for no limit.

    Attributes:
      applied: A pair: the error of an `after_run`, and the result of the run
        before it. None otherwise.
    """

    def __init__(
        self,
        raw_session: Any,
        calls: HookCalls,
        ending: Ending,
        timeout_secs: float | None,
    ) -> None:
        self.applied: tuple[BaseException, Any] | None = None
        self._raw_session = raw_session
        self._calls = calls
        self._ending = ending
        self._timeout_secs = timeout_secs
        # What stands in for a session may have no graph.
        self._graph = getattr(raw_session, "graph", None)
        self._steps = global_step.StepWatch(self._graph)
        self._plans = RunPlanCache(raw_session, self._steps, timeout_secs)

    @property
    def last_step(self) -> int | None:
        """The global step that was fetched last; None if none was."""
        return None if self._steps.last is None else int(self._steps.last)

    def clear(self) -> None:
        """Releases what was prepared."""
        self._plans.clear()

    def run(
        self,
        fetches: Any,
        feed_dict: Any,
        options: Any,
        run_metadata: Any,
        hooks: Sequence[Any] | None,
    ) -> Any:
        """Runs one step; see `MonitoredSession.run`."""
        if self._ending.refuses_runs:
            self._ending.refuse()
        participants = self._calls.participants
        if hooks is not None:
            participants = self._calls.chosen(hooks)
        if participants.are_silent:
            is_plain = options is None and run_metadata is None
            run = self._run_plain if is_plain else self._run_raw
            return run(fetches, _NO_REQUESTS, feed_dict, options, run_metadata)[
                0
            ]
        plan = RunPlan(fetches, feed_dict, options, self._graph)
        return self._run_with_hooks(participants, plan, run_metadata)

    def _run_with_hooks(
        self,
        participants: hook_calls.Participants,
        plan: RunPlan,
        run_metadata: Any,
    ) -> Any:
        context = SessionRunContext(
            SessionRunArgs._make((plan.fetches, plan.caller_feeds, None)),
            self._raw_session,
        )
        stopped_by = hook_calls.before_run(participants, context, plan)
        request = (plan.fetches, plan.requests, plan.feed_dict())
        is_plain = plan.options is None and run_metadata is None
        options = plan.options
        if options is None and self._timeout_secs is None:
            options = RunOptions()
        else:
            options = self._with_timeout(options)
        if run_metadata is None:
            run_metadata = RunMetadata()
        run = self._run_plain if is_plain else self._run_raw
        result, hook_results = run(*request, options, run_metadata)
        context.run_ended = time.monotonic()
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
        results = self._raw_session.run(
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
        limit = _tf_private.timeout_options(self._timeout_secs)
        if not options:
            return limit
        is_limited = getattr(options, "timeout_in_ms", True)
        if is_limited or self._timeout_secs is None:
            return options
        return run_options.merge(options, limit)
