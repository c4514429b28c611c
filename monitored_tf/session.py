"""The sessions that users hold."""

from __future__ import annotations

from typing import Any

from monitored_tf import chief_session_creator
from monitored_tf.base_session import BaseSession
from monitored_tf.live_session import DEFAULT_GRACE_SECS
from monitored_tf.recovery import RecoveryPolicy


class MonitoredSession(BaseSession):
    """A session with hooks that replaces itself when the cluster loses it.

    Stands in for `tf.compat.v1.train.MonitoredSession`.

    Made:
        hook.begin()                                   for each hook, in order
        session_creator.create_session()               finalize, init, restore
        queue runners start
        hook.after_create_session(session, coord)      for each hook

    run():
        hook.before_run(context)                       for each hook
        one Session.run with what all of them want
        hook.after_run(context, values)                for each hook
        on AbortedError or UnavailableError: a new session as above, without
        begin(), and run() from its start

    close(), or the end of its `with` block:
        hook.end(session)                              not after an error
        queue runners and the raw session stop
        hook.close()                                   where there is one

    >>> with tf.Graph().as_default():
    ...     two = tf.constant(2)
    ...     with MonitoredSession() as session:
    ...         print(session.run(two))
    2

    As a context manager it swallows `OutOfRangeError` and `StopIteration`.

    Args:
      session_creator: Makes the raw session; `ChiefSessionCreator()` if None.
      hooks: Iterable of `SessionRunHook`s, called in this order.
      stop_grace_period_secs: Seconds that `close()` waits for threads. If it
        is not given: 5, TensorFlow's 120 being its default in name only. A
        recovery, and the report of an error, wait 5 seconds at most.
      recovery: A `RecoveryPolicy`: which errors lose the session, how often it
        is replaced, and how long is paused.

    Raises:
      InvalidHookError: if `hooks` holds anything but hooks.
      InvalidSessionCreatorError: if `session_creator` makes no sessions.
      Whatever a hook or the session creator raises. All is undone then.
    """

    def __init__(
        self,
        session_creator: Any = None,
        hooks: Any = None,
        stop_grace_period_secs: float = DEFAULT_GRACE_SECS,
        *,
        recovery: RecoveryPolicy | None = None,
    ) -> None:
        super().__init__(
            session_creator,
            hooks,
            stop_grace_period_secs,
            recovery or RecoveryPolicy(),
        )


class SingularMonitoredSession(BaseSession):
    """A session with hooks that never recovers: errors reach the caller.

    Stands in for `tf.compat.v1.train.SingularMonitoredSession`; otherwise as
    `MonitoredSession`.

    Args:
      hooks: As for `MonitoredSession`.
      scaffold: As for `ChiefSessionCreator`.
      master: As for `ChiefSessionCreator`.
      config: As for `ChiefSessionCreator`.
      checkpoint_dir: As for `ChiefSessionCreator`.
      stop_grace_period_secs: As for `MonitoredSession`.
      checkpoint_filename_with_path: As for `ChiefSessionCreator`.
      fast_start: As for `ChiefSessionCreator`.
      verify: As for `ChiefSessionCreator`.
      restore: As for `ChiefSessionCreator`.
      allow_fresh_start: As for `ChiefSessionCreator`.

    Raises:
      As `MonitoredSession`.
    """

    _wrappers = 2  # None that recovers.

    def __init__(
        self,
        hooks: Any = None,
        scaffold: Any = None,
        master: str = "",
        config: Any = None,
        checkpoint_dir: str | None = None,
        stop_grace_period_secs: float = DEFAULT_GRACE_SECS,
        checkpoint_filename_with_path: str | None = None,
        *,
        fast_start: bool = False,
        verify: str = "files",
        restore: str = "strict",
        allow_fresh_start: bool = False,
    ) -> None:
        creator = chief_session_creator.ChiefSessionCreator(
            scaffold,
            master,
            config,
            checkpoint_dir,
            checkpoint_filename_with_path,
            fast_start=fast_start,
            verify=verify,
            restore=restore,
            allow_fresh_start=allow_fresh_start,
        )
        super().__init__(
            creator, hooks, stop_grace_period_secs, RecoveryPolicy.none()
        )
