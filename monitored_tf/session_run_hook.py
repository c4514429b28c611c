"""What hooks are made of and what they are handed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow as tf

if TYPE_CHECKING:
    from monitored_tf.recovery import RecoveryEvent

SessionRunArgs = tf.compat.v1.train.SessionRunArgs
SessionRunValues = tf.compat.v1.train.SessionRunValues


class SessionRunHook(tf.compat.v1.train.SessionRunHook):  # type: ignore[misc]
    """Base class of hooks; stands in for `tf.compat.v1.train.SessionRunHook`.

    A session calls its hooks in the order in which they were given:

        hook.begin()                                  # graph may grow
        hook.after_create_session(session, coord)     # once per raw session
        while not session.should_stop():
            request = hook.before_run(run_context)
            hook.after_run(run_context, run_values)
            # session lost:  after_create_session, then on_recovery(event)
            # run() raised:  on_error(session, error)
        hook.end(session)                             # not after an error
        hook.close()                                  # always

    The first five are TensorFlow's. The other three are looked up on any hook
    object, also on one that derives from TensorFlow's class; a method of that
    name which takes other arguments is left alone.
    """

    def on_error(self, session: Any, error: BaseException) -> None:
        """Called when `run()` or the body of the `with` block raised.

        Not called for what ends the data (`OutOfRangeError`, `StopIteration`)
        nor for a preemption that is recovered from. Called once per error. An
        error raised here is logged, and the first one stays the one that the
        caller sees.

        Args:
          session: The raw `tf.compat.v1.Session`, still open, or None where
            there is none.
          error: The exception, as it was raised.
        """

    def on_recovery(self, event: RecoveryEvent) -> None:
        """Called after a lost session was replaced.

        Comes after `after_create_session` of every hook. A preemption error
        raised here starts another recovery; any other error is raised from
        the call that recovered.

        Args:
          event: The `RecoveryEvent`: cause, attempt, time taken.
        """

    def close(self) -> None:
        """Called last of all, once, however the session ended.

        The raw session is closed by then. Called too when the creation of the
        session failed, even before `begin()`. Release files and threads here.
        The first error of a `close()` is raised after every hook's `close()`
        was called.
        """


class SessionRunContext(
    tf.compat.v1.train.SessionRunContext  # type: ignore[misc]
):
    """Tells a hook about the run it takes part in, and lets it ask for the end.

    Stands in for `tf.compat.v1.train.SessionRunContext`.

    Attributes:
      original_args: `SessionRunArgs(fetches, feed_dict)`, as the caller of
        `run()` gave them.
      session: The raw `tf.compat.v1.Session`.
      stop_requested: bool, whether `request_stop()` was called.
      run_ended: `time.monotonic()` when the run succeeded, in seconds; None
        before. What comes after it are the hooks' `after_run`.
    """

    # No property as in TensorFlow: it is asked for after every callback.
    stop_requested = False
    run_ended: float | None = None

    def request_stop(self) -> None:
        """Asks for the end of the loop once this run is over."""
        self.stop_requested = True
