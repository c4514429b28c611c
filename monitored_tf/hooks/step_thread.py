"""The thread in which a hook is called after a step."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class StepThread:
    """Knows a thread from when it enters a hook until it leaves."""

    def __init__(self) -> None:
        self._ident: int | None = None

    def enter(self) -> None:
        """Takes note that this thread enters."""
        self._ident = threading.get_ident()

    def leave(self) -> None:
        """Takes note that it leaves."""
        self._ident = None

    def is_this(self) -> bool:
        """Returns whether the calling thread is in the hook."""
        return self._ident == threading.get_ident()

    @contextlib.contextmanager
    def left(self) -> Iterator[None]:
        """A block that is not the hook's own, as calls of listeners are."""
        if not self.is_this():
            yield
            return
        self.leave()
        try:
            yield
        finally:
            self.enter()
