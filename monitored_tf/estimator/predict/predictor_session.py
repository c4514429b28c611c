"""Sessions of a predictor, each with one checkpoint, closed after its users."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from monitored_tf.session import MonitoredSession
from monitored_tf.session_creators import StateOrigin


class LoadedSession:
    """A session with the variables of one checkpoint.

    Args:
      session: It is closed once it is retired and nobody uses it.
      origin: Which checkpoint.

    Attributes:
      origin: The same.
    """

    def __init__(self, session: MonitoredSession, origin: StateOrigin) -> None:
        self.origin = origin
        self._session = session
        self._lock = threading.Lock()
        self._users = 0
        self._is_retired = False

    @contextlib.contextmanager
    def used(self) -> Iterator[Any]:
        """Lends the session, which replaces itself when it is lost.

        Yields:
          It; None once this object is retired.
        """
        with self._lock:
            is_open = not self._is_retired
            self._users += is_open
        if not is_open:
            yield None
            return
        try:
            yield self._session
        finally:
            with self._lock:
                self._users -= 1
                is_last = self._is_retired and not self._users
            if is_last:
                self._session.close()

    def retire(self) -> None:
        """Closes the session when its last user has done with it."""
        with self._lock:
            is_unused = not (self._is_retired or self._users)
            self._is_retired = True
        if is_unused:
            self._session.close()
