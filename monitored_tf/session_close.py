"""Stops the threads of a session and closes it, in bounded time."""

from __future__ import annotations

import sys
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf import _tf_private, waiting
from monitored_tf.bounded_call import BoundedCall


def join(coord: Any, grace_secs: float) -> None:
    """Waits for the threads of a coordinator; says which were left behind.

    Args:
      coord: `tf.compat.v1.train.Coordinator` that was told to stop.
      grace_secs: Seconds to wait.

    Raises:
      The error that a thread died of, if one did.
    """
    threads = _tf_private.threads_of(coord)  # join() forgets them.

    def still_alive() -> str:
        return ", ".join(sorted(t.name for t in threads if t.is_alive()))

    with waiting.told("threads to stop", still_alive):
        try:
            coord.join(
                stop_grace_period_secs=grace_secs, ignore_live_threads=True
            )
        finally:
            left = still_alive()
            if left:
                logging.warning(
                    "Threads that did not stop in %.1f s are left behind: %s",
                    grace_secs,
                    left,
                )


def close_raw_session(session: Any, limit_secs: float | None) -> None:
    """Closes a `tf.compat.v1.Session`; an error goes to the log.

    Args:
      session: The session.
      limit_secs: Seconds that it may take, for one that may wait for a task
        that hangs; None for no limit.
    """
    try:
        if limit_secs is None:
            session.close()
            return
        if sys.is_finalizing():  # No thread begins any more.
            return
        call = BoundedCall(session.close, "closing a session")
        if call.wait(limit_secs):
            call.result()
        else:
            call.abandon()
    except Exception as error:  # As TensorFlow: join() told what matters.
        logging.info("Closing the raw session failed: %s", error)


def is_of_closed(error: BaseException) -> bool:
    """Returns whether this is what a run raises whose session was closed."""
    return isinstance(error, tf.errors.CancelledError) or (
        type(error) is RuntimeError and "closed Session" in str(error)
    )
