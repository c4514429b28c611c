"""A checkpoint that is written while training goes on."""

from __future__ import annotations

import threading
from typing import Any, Callable

from monitored_tf import saves_in_flight


class BackgroundSave:
    """Writes a checkpoint of a step in a thread.

    Args:
      step: The global step.
      is_last: Whether there will be no other save.
      session: The raw session of that step, which may be closed meanwhile.
      publish: Writes and publishes it.
      keep: Called after that with whatever else is to be done with its files.
      release: Called in any case at the end.

    Attributes:
      step: As given.
      is_last: As given.
      session: As given.
    """

    def __init__(
        self,
        step: int,
        is_last: bool,
        session: Any,
        publish: Callable[[], None],
        keep: Callable[[], None],
        release: Callable[[], None],
    ) -> None:
        self.step = step
        self.is_last = is_last
        self.session = session
        self._publish = publish
        self._keep = keep
        self._release = release
        self._publish_error: BaseException | None = None
        self._keep_error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self, ended: Callable[[], None]) -> None:
        """Begins.

        Args:
          ended: Called in the thread at its end.
        """

        def run() -> None:
            try:
                self._run()
            finally:
                ended()

        # No daemon: Python must not end in the midst of it.
        thread = threading.Thread(
            target=run, name=f"save of step {self.step}", daemon=False
        )
        try:
            thread.start()
        except BaseException:  # The system has no thread left.
            self._release()
            raise
        self._thread = thread

    def wait_published(self) -> None:
        """Waits until it is published; raises what kept it from being."""
        if self._thread is not None:
            self._thread.join()
        if self._publish_error is not None:
            raise self._publish_error

    def check_kept(self) -> None:
        """Raises what failed after it was published."""
        if self._keep_error is not None:
            raise self._keep_error

    def _run(self) -> None:
        try:
            self._publish()
        except BaseException as error:  # Raised where the session is.
            self._publish_error = error
            return
        finally:
            self._release()
        try:
            self._keep()
        except BaseException as error:  # The same.
            self._keep_error = error


class BackgroundSaves:
    """The saves of a hook, one at a time.

    What follows a save is done by the threads that use the session: by the
    first of them that calls `finish()`.

    Args:
      folder: Where the checkpoints go.
      settle: Given a session and a save, waits for that and does what follows
        it; returns whether somebody asked for the end of training.

    Attributes:
      is_done: Whether there is one that has ended, and `finish()` is due.
      turn: Lock of those who start and finish saves.
    """

    def __init__(
        self, folder: str, settle: Callable[[Any, BackgroundSave], bool]
    ) -> None:
        # No property: it is asked for at each step.
        self.is_done = False
        # A preemption saves in a thread of its own. And a listener may save.
        self.turn = threading.RLock()
        self._folder = folder
        self._settle = settle
        self._current: BackgroundSave | None = None

    def start(self, take: Callable[[], BackgroundSave]) -> None:
        """Begins a save; the last one must be finished.

        Args:
          take: Puts the values aside, and returns the save of them.
        """
        saves_in_flight.begin(self._folder)
        try:
            save = take()
            save.start(self._ended)
        except BaseException:
            saves_in_flight.end(self._folder)
            raise
        self._current = save

    def finish(self, session: Any = None) -> bool:
        """Waits for the save that is under way, and does what follows.

        Args:
          session: The raw session; None for that of the save.

        Returns:
          Whether somebody asked for the end of training.

        Raises:
          What kept the checkpoint from being saved, and what follows raises.
        """
        with self.turn:
            save, self._current = self._current, None
            if save is None:
                return False
            try:
                return self._settle(
                    save.session if session is None else session, save
                )
            finally:
                self.is_done = False

    def _ended(self) -> None:
        self.is_done = True
        saves_in_flight.end(self._folder)
