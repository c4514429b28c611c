"""Makes raw sessions under a deadline."""

from __future__ import annotations

import contextlib
from typing import Any, Callable

from absl import logging

from monitored_tf import waiting
from monitored_tf.bounded_call import BoundedCall
from monitored_tf.recovery import SessionTimeoutError
from monitored_tf.session_creators import (
    SessionCreator,
    StateOrigin,
    origin_of,
    reuses_session,
)


class BoundedCreation(SessionCreator):
    """A session creator that asks another one, and waits no longer than told.

    A creation that hangs can't be ended. The next attempt waits for the same
    one again: as soon as the task answers, there is the session.

    Args:
      creator: A session creator. Only one with `creation_timeout_secs` is
        called in a thread of its own.
      in_graph: Returns a context manager that enters the session's graph.

    Attributes:
      longest_secs: Seconds that may be waited for the next session, besides
        the creator's own limit; None for no other limit.
    """

    def __init__(
        self,
        creator: Any,
        in_graph: Callable[[], contextlib.AbstractContextManager[Any]],
    ) -> None:
        self._creator = creator
        self._in_graph = in_graph
        self._pending: BoundedCall[Any] | None = None
        self.reuses_session = reuses_session(creator)
        self.longest_secs: float | None = None

    @property
    def origin(self) -> StateOrigin:  # type: ignore[override]
        """As the creator's."""
        return origin_of(self._creator)

    def awaited(self) -> str:
        """As the creator's, "" if it has none."""
        awaited = getattr(self._creator, "awaited", None)
        return str(awaited()) if callable(awaited) else ""

    def create_session(self) -> Any:
        """Makes a session.

        Raises:
          SessionTimeoutError: if that took too long.
          Whatever the creator raises.
        """
        limit = getattr(self._creator, "creation_timeout_secs", None)
        with waiting.told("a session", self.awaited):
            if limit is None:
                return self._creator.create_session()
            if self.longest_secs is not None:
                limit = min(limit, self.longest_secs)
            return self._create_within(limit)

    def _create_within(self, limit_secs: float) -> Any:
        call = self._pending or BoundedCall(
            self._create, "making a session", dispose=_close
        )
        self._pending = call
        if not call.wait(limit_secs):
            logging.warning(
                "No session in %.1f s. All threads:\n%s",
                limit_secs,
                waiting.stacks(),
            )
            raise SessionTimeoutError(
                f"Making a session took more than {limit_secs:.1f} s",
                self.awaited(),
            )
        self._pending = None
        return call.result()

    def _create(self) -> Any:
        with self._in_graph():
            return self._creator.create_session()

    def abandon(self) -> None:
        """Leaves a creation behind that still hangs, if there is one."""
        call, self._pending = self._pending, None
        if call is not None:
            call.abandon()


def _close(session: Any) -> None:
    session.close()
