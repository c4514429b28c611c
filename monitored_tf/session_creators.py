"""What makes the raw sessions that a monitored session works with."""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Callable

import tensorflow as tf

from monitored_tf import errors

_train = tf.compat.v1.train


@dataclasses.dataclass(frozen=True)
class StateOrigin:
    """Where the variables of a new session come from.

    Attributes:
      state: "restored" (a checkpoint), "adopted" (they were alive), or
        "initialized"; "" for unknown.
      checkpoint: Path of the checkpoint, for "restored".
      saved_at: When that was saved, as `time.time()`; None if unknown.
    """

    state: str = ""
    checkpoint: str | None = None
    saved_at: float | None = None

    @classmethod
    def restored(cls, checkpoint: str) -> StateOrigin:
        """Returns the origin of what comes from a checkpoint."""
        try:
            # TensorFlow's own stat() knows whole seconds only.
            saved_at = os.stat(f"{checkpoint}.index").st_mtime
        except OSError:  # In no local folder, or of another format.
            return cls("restored", checkpoint)
        return cls("restored", checkpoint, saved_at)


class SessionCreator(_train.SessionCreator):  # type: ignore[misc,name-defined]
    """Makes a raw session; called again for each recovery.

    Stands in for `tf.compat.v1.train.SessionCreator`. A creator implements
    `create_session()`, which returns a `tf.compat.v1.Session`.

    Attributes:
      reuses_session: bool. True where the raw session belongs to somebody
        else: it is not closed, and its queue runners are not started.
      origin: `StateOrigin` of the session that was made last.
      creation_timeout_secs: Seconds that `create_session()` may take; it is
        then called in a thread of its own. None for no limit, in the caller's.
      before_create: To be called with master and config before a session is
        opened; None until the monitored session sets it.
    """

    reuses_session = False
    origin = StateOrigin()
    creation_timeout_secs: float | None = None
    before_create: Callable[[str, Any], None] | None = None

    def awaited(self) -> str:
        """Returns what `create_session()` waits for, "" if that is unknown.

        Called in another thread while it runs.
        """
        return ""

    def limit_operations(self, secs: float) -> None:
        """Is told how long a run without a limit of its own may take.

        Called before the first session is made, where the recovery policy has
        a limit to steps.
        """


class ReusedSessionCreator(SessionCreator):
    """Puts hooks around a session that the caller owns.

    `close()` of the monitored session leaves it open, so that several sets of
    hooks can work on one session, one after the other or in turn. The graph is
    not finalized, variables are not initialized and queue runners are not
    started: all that is the owner's. A recovery gets the same session again.

    >>> raw = tf.compat.v1.Session(graph=tf.Graph())
    >>> ReusedSessionCreator(raw).create_session() is raw
    True

    Args:
      tf_session: An open `tf.compat.v1.Session`.

    Raises:
      InvalidSessionCreatorError: if `tf_session` cannot run anything.
    """

    reuses_session = True
    origin = StateOrigin("adopted")

    @property
    def graph(self) -> Any:
        """The graph of the session."""
        return self._session.graph

    def __init__(self, tf_session: Any) -> None:
        if isinstance(tf_session, type) or not callable(
            getattr(tf_session, "run", None)
        ):
            raise errors.InvalidSessionCreatorError(
                "ReusedSessionCreator needs an open tf.compat.v1.Session. Got "
                f"{tf_session!r}."
            )
        self._session = tf_session

    def create_session(self) -> Any:
        """Returns the session that was given."""
        return self._session


def reuses_session(creator: Any) -> bool:
    """Returns whether the creator's session belongs to somebody else."""
    # `is True`: a mock has every attribute.
    return getattr(creator, "reuses_session", False) is True


def check_session_creator(creator: Any) -> None:
    """Raises InvalidSessionCreatorError if `creator` makes no sessions."""
    if isinstance(creator, type) or not callable(
        getattr(creator, "create_session", None)
    ):
        raise errors.InvalidSessionCreatorError(
            "session_creator must be an object with a method create_session(), "
            f"as ChiefSessionCreator(). Got {creator!r}."
        )


def origin_of(creator: Any) -> StateOrigin:
    """Returns where the creator's last session has its variables from."""
    origin = getattr(creator, "origin", None)
    return origin if isinstance(origin, StateOrigin) else StateOrigin()
