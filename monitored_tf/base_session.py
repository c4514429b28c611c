"""What MonitoredSession and SingularMonitoredSession share."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Callable

from monitored_tf import (
    chief_session_creator,
    errors,
    failures,
    hook_calls,
    hook_protocol,
    saving,
    session_creators,
    step_context,
    stop_reason,
)
from monitored_tf.legacy_names import LegacyNames
from monitored_tf.lifecycle import Lifecycle
from monitored_tf.live_session import (
    DEFAULT_GRACE_SECS,
    SHORT_GRACE_SECS,
    LiveSession,
)
from monitored_tf.recovery import RecoveryEvent, RecoveryPolicy
from monitored_tf.stop_reason import StopReason


class BaseSession(LegacyNames):
    """A session with hooks, from its making to its close.

    Args:
      session_creator: Makes the raw sessions; a default one if None.
      hooks: Iterable of hooks, or None.
      stop_grace_period_secs: Seconds that `close()` waits for threads.
      recovery: A `RecoveryPolicy`.
    """

    # As in TensorFlow, where user code finds it.
    StepContext = step_context.StepContext

    def __init__(
        self,
        session_creator: Any,
        hooks: Any,
        stop_grace_period_secs: float,
        recovery: RecoveryPolicy,
    ) -> None:
        calls = hook_calls.HookCalls(hook_protocol.check_hooks(hooks))
        if stop_grace_period_secs is DEFAULT_GRACE_SECS:
            stop_grace_period_secs = SHORT_GRACE_SECS
        if session_creator is not None:
            session_creators.check_session_creator(session_creator)
        self._life = Lifecycle(
            session_creator,
            chief_session_creator.default_creator,
            calls,
            stop_grace_period_secs,
            recovery,
        )

    @property
    def graph(self) -> Any:
        """The `tf.Graph` that was launched; None once closed."""
        raw_session = self.raw_session()
        return None if raw_session is None else raw_session.graph

    def raw_session(self) -> Any:
        """Returns the `tf.compat.v1.Session` under this one; None once closed.

        A recovery replaces it: ask again rather than keep it.
        """
        return self._life.loop.raw_session

    @property
    def recoveries(self) -> tuple[RecoveryEvent, ...]:
        """A `RecoveryEvent` for each session that was lost and replaced."""
        return tuple(self._life.recoveries)

    def run(
        self,
        fetches: Any,
        feed_dict: Any = None,
        options: Any = None,
        run_metadata: Any = None,
        *,
        hooks: Sequence[Any] | None = None,
    ) -> Any:
        """Runs one step: asks the hooks, runs all as one, tells the hooks.

        Args:
          fetches: As in `tf.compat.v1.Session.run`.
          feed_dict: As there.
          options: As there; merged with what hooks ask for into a new object.
          run_metadata: As there.
          hooks: Those of the session's hooks that take part in this run, in
            this order; all if None, none if empty.

        Returns:
          What `tf.compat.v1.Session.run` returns for `fetches`.

        Raises:
          SessionClosedError: if the session is closed.
          StopRequestedError: if a hook or the user asked for the end before.
          FeedConflictError: if a tensor is fed twice.
          ValueError: if `hooks` holds one that the session was not made with.
          tf.errors.OutOfRangeError: at the end of the data.
          Whatever a hook, or `tf.compat.v1.Session.run`, raises.
        """
        if hooks is not None:
            # Once: a run may be tried again, an iterator gives all but once.
            hooks = hook_protocol.check_hooks(hooks)
        return self._life.call(
            lambda live: live.run(
                fetches, feed_dict, options, run_metadata, hooks
            )
        )

    def run_step_fn(
        self, step_fn: Callable[[step_context.StepContext], Any]
    ) -> Any:
        """Runs a step that is a function; recovers by calling it again.

        Args:
          step_fn: Called with a `StepContext`; its only argument must be named
            `step_context` (a `self` before it is accepted).

        Returns:
          What `step_fn` returns.

        Raises:
          InvalidStepFunctionError: if `step_fn` takes other arguments.
          StopIteration: if it called `step_context.request_stop()`.
          SessionClosedError: if the session is closed.
          Whatever `step_fn` raises.
        """
        step_context.check_step_function(step_fn)

        return self._life.call(lambda live: live.run_step_fn(step_fn))

    def save(self, checkpoint_dir: str | os.PathLike[str] | None = None) -> str:
        """Writes a checkpoint now.

        Args:
          checkpoint_dir: Folder to write to. If None, the session's
            CheckpointSaverHook saves, and calls its listeners, as at any
            other of its saves.

        Returns:
          The path of the checkpoint, as `tf.compat.v1.train.Saver.restore`
          takes it.

        Raises:
          NoCheckpointSaverError: if there is no such hook and no folder given.
          NanWeightsError: if a weight is NaN or Inf and the hook looks for
            that, with on_nan="skip" too.
          CheckpointSaveError: if the files can't be written, whatever the
            hook's `on_save_error`.
          SessionClosedError: if the session is closed.
        """
        if checkpoint_dir is not None:
            directory = os.fspath(checkpoint_dir)
            return self._life.call(
                lambda live: saving.save(
                    live.raw_session,
                    directory,
                    self._saver(live),
                    self._life.calls.states,
                )
            )
        hook = saving.saver_hook(self._life.calls.hooks)
        path, stop_asked = self._life.call(
            lambda live: saving.save_with_hook(
                live.raw_session, hook, must_save=True
            )
        )
        if stop_asked:
            self._life.ending.ask_by_hook(hook)
        return path

    def export_saved_model(
        self,
        export_dir: str | os.PathLike[str],
        signatures: Mapping[str, Any],
    ) -> str:
        """Exports the graph with the variables' values as they are now.

        The graph may be finalized. What is exported is this graph: feed a
        placeholder of it in the signature's inputs.

        Args:
          export_dir: Folder to write to; must be empty or not exist.
          signatures: A `SignatureDef` for each name, or a pair of dicts from
            names to tensors: inputs and outputs.

        Returns:
          `export_dir`.

        Raises:
          InvalidSignatureError: if `signatures` holds anything else.
          NoCheckpointSaverError: if the graph has no saver to write with.
          SessionClosedError: if the session is closed.
        """
        return self._life.call(
            lambda live: saving.export_saved_model(
                live.raw_session,
                os.fspath(export_dir),
                signatures,
                self._saver(live),
            )
        )

    def request_stop(self, reason: str = "") -> None:
        """Makes `should_stop()` true and further calls of `run()` an error.

        Args:
          reason: Why, for `stop_reason` and the log.
        """
        self._life.ending.ask_by_user(reason)

    def should_stop(self) -> bool:
        """Returns whether the loop should end.

        True once a hook, the step function or the user asked for the end, a
        thread failed or stopped the coordinator, or the session is closed. A
        thread's error is raised by `close()`. If a thread died of a
        preemption the session is recovered, and the answer is False.
        """
        return self._life.should_stop()

    @property
    def stop_reason(self) -> StopReason | None:
        """What ended the session, or who asked for its end; None before."""
        return self._life.stop_reason()

    def close(self) -> None:
        """Calls the hooks' `end()`, stops threads, closes the raw session.

        A second call does nothing.

        Raises:
          The first error of the hooks' `end()`, of the session's threads or
          of the hooks' `close()`. Everything else is done before.
        """
        self._life.close()

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        is_quiet = stop_reason.is_end_of_data(error_type) and (
            error is None or self._life.ending.is_clean(error)
        )
        if error_type is None or is_quiet:
            is_stray = isinstance(error, StopIteration) and (
                error is not self._life.ending.last_error
            )
            self._life.close(error)
            if is_stray and error is not None:
                _warn_of_stray(error)
            return True
        if error is None:  # __exit__ was called by hand.
            self._life.close(ends_hooks=False)
            return False
        with failures.behind(error, "closing the session"):
            try:
                self._life.report(error)
            finally:
                self._life.close(error, ends_hooks=False)
        return False

    def _saver(self, live: LiveSession) -> Any:
        return saving.saver_of(self._life.creator, live.raw_session.graph)


def _warn_of_stray(error: BaseException) -> None:
    warnings.warn(
        "A StopIteration that no run() of this session raised ended its "
        f"`with` block. It comes from {stop_reason.origin(error)}.",
        errors.StrayStopWarning,
        stacklevel=3,
    )
