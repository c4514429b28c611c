"""A checkpoint that is written while training goes on."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, Callable

from absl import logging

from monitored_tf import saves_in_flight


class BackgroundSave:
    """Writes a checkpoint of a step in a thread.

    Args:
      step: The global step.
      session: The raw session of that step, which may be closed meanwhile.
      publish: Writes and publishes it.
      keep: Called after that with whatever else is to be done with its files.
      release: Called in any case at the end.

    Attributes:
      step: As given.
      session: As given.
    """

    def __init__(
        self,
        step: int,
        session: Any,
        publish: Callable[[], None],
        keep: Callable[[], None],
        release: Callable[[], None],
    ) -> None:
        self.step = step
        self.session = session
        self._publish = publish
        self._keep = keep
        self._release = release
        self._publish_error: BaseException | None = None
        self._keep_error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._has_ended = threading.Event()

    def start(self, ended: Callable[[], None]) -> None:
        """Begins; where no thread can be started, does all of it now.

        Args:
          ended: Called at the end, in the thread.
        """

        def run() -> None:
            try:
                self._run()
            finally:
                try:
                    ended()
                finally:
                    self._has_ended.set()

        # No daemon: Python must not end in the midst of it.
        thread = threading.Thread(
            target=run, name=f"save of step {self.step}", daemon=False
        )
        self._thread = thread
        try:
            thread.start()
        except RuntimeError as error:  # None is left, or Python is ending.
            logging.warning(
                "Training waits while step %d is saved: %s.", self.step, error
            )
            self._thread = None
            run()

    def join(self) -> None:
        """Waits until it has ended, well or not."""
        # A join() that Ctrl-C interrupts takes the thread for ended, up to
        # Python 3.12.
        self._has_ended.wait()
        if self._thread is not None:
            self._thread.join()

    def check_published(self) -> None:
        """Raises what kept it from being published, once it has ended."""
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
            self._log(error)
            return
        finally:
            self._release()
        try:
            self._keep()
        except BaseException as error:  # The same.
            self._keep_error = error
            self._log(error)

    def _log(self, error: BaseException) -> None:
        # Nobody may be left to raise it to.
        logging.error(
            "The save of step %d in the background failed: %s", self.step, error
        )


class BackgroundSaves:
    """The saves of a hook, of which one at a time is written.

    What follows a save is done by the threads that use the session: by the
    first of them that calls `finish()`.

    Args:
      folder: Where the checkpoints go.
      settle: Given a session and a save that has ended, does what follows it;
        returns whether somebody asked for the end of training.

    Attributes:
      is_done: Whether there is one that has ended, and `finish()` is due.
    """

    def __init__(
        self, folder: str, settle: Callable[[Any, BackgroundSave], bool]
    ) -> None:
        # No property: it is asked for at each step.
        self.is_done = False
        # A preemption saves in a thread of its own, and must not wait for
        # listeners of another one: none is called by who holds this.
        self._turn = threading.RLock()
        self._folder = folder
        self._settle = settle
        # Most often one; what another thread has not settled yet comes first.
        self._unsettled: list[BackgroundSave] = []

    def start(self, take: Callable[[], BackgroundSave]) -> None:
        """Begins a save, once the one before is written.

        Args:
          take: Puts the values aside, and returns the save of them.
        """
        with self.alone():
            key = saves_in_flight.begin(self._folder)
            try:
                save = take()
            except BaseException:
                saves_in_flight.end(key)
                raise
            self._unsettled.append(save)
            save.start(lambda: self._ended(key))

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """A block while which nothing is written in the background."""
        with self._turn:
            for save in self._unsettled:
                save.join()
            yield

    def finish(self, session: Any = None) -> bool:
        """Waits for the save that is under way, and does what follows.

        Args:
          session: The raw session; None for that of the save.

        Returns:
          Whether somebody asked for the end of training.

        Raises:
          What kept the checkpoint from being saved, and what follows raises.
        """
        asked_to_stop = False
        while True:
            save = self._next_ended()
            if save is None:
                return asked_to_stop
            used = save.session if session is None else session
            asked_to_stop = self._settle(used, save) or asked_to_stop

    def _next_ended(self) -> BackgroundSave | None:
        with self._turn:
            if not self._unsettled:
                return None
            # It stays known if the wait is interrupted.
            self._unsettled[0].join()
            save = self._unsettled.pop(0)
            if not self._unsettled:
                self.is_done = False
            return save

    def _ended(self, key: str) -> None:
        self.is_done = True
        saves_in_flight.end(key)
