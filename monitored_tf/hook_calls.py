"""Calls hooks: in what order, and what becomes of their errors.

The only module that calls a method of a hook.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf import errors, failures, hook_protocol, hook_states
from monitored_tf.hook_protocol import optional_callbacks
from monitored_tf.run_plan import RunPlan
from monitored_tf.session_run_hook import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunValues,
)

_SessionRunHook = tf.compat.v1.train.SessionRunHook


class Participants:
    """The hooks that take part in a run.

    Callbacks that a hook does not override do nothing; they are left out, as
    found when this object is made.

    Args:
      hooks: Hook objects, as `check_hooks` returns them.

    Attributes:
      hooks: All of them.
      before: Pairs of position and hook, of those with a `before_run`.
      after: The same, of those with an `after_run`.
      are_silent: Whether none has either.
    """

    def __init__(self, hooks: tuple[Any, ...]) -> None:
        self.hooks = hooks
        self.before = tuple(_overriding(hooks, "before_run"))
        self.after = tuple(_overriding(hooks, "after_run"))
        self.are_silent = not (self.before or self.after)


def _overriding(hooks: tuple[Any, ...], name: str) -> Iterator[tuple[int, Any]]:
    inherited = getattr(_SessionRunHook, name)
    for position, hook in enumerate(hooks):
        if getattr(getattr(hook, name), "__func__", None) is not inherited:
            yield position, hook


class HookCalls:
    """The hooks of a session.

    Args:
      hooks: Hook objects, as `check_hooks` returns them. They are called in
        this order, but for those that begin first.

    Attributes:
      hooks: All of them.
      participants: All of them as those who take part in a run.
    """

    def __init__(self, hooks: tuple[Any, ...]) -> None:
        self.hooks = hooks
        self.participants = Participants(hooks)
        self._in_begin_order = hook_protocol.in_begin_order(hooks)
        self._stateful = {
            key: hook
            for key, hook in hook_states.keyed(hooks).items()
            if hook_protocol.has_state(hook)
        }

    def chosen(self, hooks: Iterable[Any]) -> Participants:
        """Returns those of the hooks that are to take part in a run.

        Raises:
          ValueError: if one given is none of the session's.
        """
        chosen = hook_protocol.check_hooks(hooks)
        for hook in chosen:
            if not any(hook is known for known in self.hooks):
                raise ValueError(
                    f"run(hooks=...) got {hook!r}, which is none of the "
                    "session's hooks, so its begin() was never called. Give it "
                    "to the session's constructor."
                )
        return Participants(chosen)

    def begin(self) -> None:
        """Calls each `begin()`; the first error ends it."""
        for hook in self._in_begin_order:
            hook.begin()

    def before_create_session(self, master: str, config: Any) -> None:
        """Calls `before_create_session` where there is one; as `begin()`."""
        name = "before_create_session"
        for before_create in optional_callbacks(self._in_begin_order, name, 2):
            before_create(master, config)

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Calls each `after_create_session`; the first error ends it."""
        for hook in self._in_begin_order:
            hook.after_create_session(session, coord)

    def recovered(self, event: Any) -> None:
        """Calls `on_recovery` where there is one; the first error ends it."""
        for on_recovery in optional_callbacks(self.hooks, "on_recovery", 1):
            on_recovery(event)

    def states(self) -> str | None:
        """Returns the text that holds the hooks' states; None if none has one.

        Those are the hooks with `state_dict()` and `load_state_dict(state)`.

        Raises:
          InvalidHookStateError: if JSON can't hold one.
        """
        if not self._stateful:
            return None
        states = {
            key: hook.state_dict() for key, hook in self._stateful.items()
        }
        return hook_states.dumps(states)

    def load_states(self, checkpoint: str) -> None:
        """Gives the hooks the states that were saved with a checkpoint."""
        if not self._stateful:
            return
        states = hook_states.read(checkpoint)
        for key, hook in self._stateful.items():
            if key in states:
                hook.load_state_dict(states[key])

    def offer_states(self) -> None:
        """Tells the hooks that save where to get the hooks' states from.

        Those have a `save_hook_states(states)`. Nothing is done where no hook
        has a state.
        """
        if not self._stateful:
            return
        takers = list(optional_callbacks(self.hooks, "save_hook_states", 1))
        for save_hook_states in takers:
            save_hook_states(self.states)
        if not takers:
            logging.info(
                "No hook saves the states of %s: only monitored_tf's "
                "CheckpointSaverHook does.",
                ", ".join(self._stateful),
            )

    def end(self, session: Any) -> None:
        """Calls every `end()`, then raises the first error."""
        with failures.Failures() as failed:
            for hook in self.hooks:
                with failed.kept(f"end() of {hook!r}"):
                    hook.end(session)

    def error(self, session: Any, error: BaseException) -> None:
        """Calls `on_error` where there is one; logs what they raise."""
        for on_error in optional_callbacks(self.hooks, "on_error", 2):
            try:
                on_error(session, error)
            except Exception:  # The first error is the one to be seen.
                logging.exception("%r failed on %r", on_error, error)

    def close(self) -> None:
        """Calls `close()` where there is one, then raises the first error."""
        with failures.Failures() as failed:
            for close in optional_callbacks(self.hooks, "close", 0):
                with failed.kept(repr(close)):
                    close()


def before_run(
    participants: Participants, context: SessionRunContext, plan: RunPlan
) -> Any:
    """Asks each hook's `before_run` and adds what it wants to the plan.

    Returns:
      The hook that asked for the end first; None if none did.

    Raises:
      InvalidRequestError: if that is neither None nor like SessionRunArgs.
      FeedConflictError: if it feeds what another hook feeds.
    """
    stopped_by = None
    for position, hook in participants.before:
        request = hook.before_run(context)
        if context.stop_requested and stopped_by is None:
            stopped_by = hook
        if request is None:
            continue
        # Both tests ask the same; the first one is quick.
        if type(request) is not SessionRunArgs and not _is_request(request):
            raise errors.InvalidRequestError(
                f"before_run of {hook!r} must return None or SessionRunArgs. "
                f"Got {request!r}. Return SessionRunArgs(fetches=...)."
            )
        if request.fetches is not None:
            plan.requests[position] = request.fetches
        if request.feed_dict or request.options:
            plan.merge(hook, request)
    return stopped_by


def after_run(
    participants: Participants,
    context: SessionRunContext,
    results: dict[int, Any],
    options: Any,
    run_metadata: Any,
    stopped_by: Any = None,
) -> Any:
    """Calls each `after_run` with the hook's own results.

    Args:
      participants: The hooks.
      context: As `before_run` had it.
      results: What hooks fetched, under their positions.
      options: `RunOptions` of the run.
      run_metadata: `RunMetadata` of the run.
      stopped_by: The hook that asked for the end in `before_run`.

    Returns:
      The hook that asked for the end first, `stopped_by` or one that does now;
      None if none did.
    """
    nothing = SessionRunValues(None, options, run_metadata)
    for position, hook in participants.after:
        if position in results:
            own = (results[position], options, run_metadata)
            # What SessionRunValues() does, in one call less: all hooks pay it.
            hook.after_run(context, tuple.__new__(SessionRunValues, own))
        else:
            hook.after_run(context, nothing)
        if context.stop_requested and stopped_by is None:
            stopped_by = hook
    return stopped_by


def _is_request(request: Any) -> bool:
    return isinstance(request, SessionRunArgs) or all(
        hasattr(request, name) for name in ("fetches", "feed_dict", "options")
    )
