"""What a session does once a signal asked for its end."""

from __future__ import annotations

import dataclasses
import threading
import time
from typing import Any, NoReturn

from absl import logging

from monitored_tf import errors
from monitored_tf.bounded_call import BoundedCall
from monitored_tf.hooks.process_end import end_process
from monitored_tf.hooks.save_once import is_saving, save_once
from monitored_tf.hooks.signal_watch import SignalListener, signal_name
from monitored_tf.hooks.watched_session import WatchedSession

_POLL_SECS = 0.02
# A run whose session was closed returns at once.
_LEAVE_SECS = 0.3


@dataclasses.dataclass(frozen=True)
class PreemptionSettings:
    """What the arguments of a `PreemptionHook` say."""

    saver_hook: Any
    grace_secs: float
    save_secs: float
    exit_grace_secs: float
    exit_code: int | None


class Preemption:
    """Saves and stops at the end of a step or, if none ends, in the midst.

    Whoever comes first, the thread of the session or that of this object, has
    its turn; the other one waits for it.

    Attributes:
      error: The `Preempted`; what it says is final when the session stops.

    Args:
      signum: The signal.
      settings: How long to wait, and what to save with.
      session: The session.
    """

    def __init__(
        self, signum: int, settings: PreemptionSettings, session: WatchedSession
    ) -> None:
        self._name = signal_name(signum)
        self._signum = signum
        self._exit_code = settings.exit_code or 128 + signum
        self._settings = settings
        self._session = session
        self._turn = threading.Lock()
        self._reached = threading.Event()
        self._is_settled = False
        self._is_closed = False
        # Whether a save may hold one half of a step.
        self._is_torn = False
        self._stopped_coord: Any = None
        self.error = self._error("there was nothing to save")

    def start(self, listener: SignalListener) -> None:
        """Begins to wait for the end of the step."""
        logging.warning(
            "%s: saving and stopping at the end of the step.", self._name
        )
        # No daemon: Python must not end in the midst of a save.
        threading.Thread(
            target=self._act, args=(listener,), name="preemption", daemon=False
        ).start()

    def before_step(self) -> None:
        """Waits for a save that is under way.

        Raises:
          Preempted: if the session has stopped meanwhile, or before.
        """
        with self._turn:
            if self._is_closed or self._is_settled:
                raise self.error

    def at_boundary(self) -> None:
        """Saves, in the thread of the session, between two steps.

        Raises:
          Preempted: if the session was closed meanwhile.
        """
        self._reached.set()
        with self._turn:
            if self._is_closed:
                raise self.error
            if not self._is_settled:
                self._is_settled = True
                self._save()

    def finish(self) -> None:
        """Ends the wait; the session is closed."""
        self._reached.set()
        with self._turn:
            self._is_settled = True

    def _act(self, listener: SignalListener) -> None:
        grace_secs = self._session.grace_secs(self._settings.grace_secs)
        if self._reached.wait(grace_secs):
            return
        with self._turn:
            if self._others_save() and not self._reached.is_set():
                self._end_process("A save was not finished in time.")
            if self._reached.is_set():
                return
            self._is_torn = self._session.is_in_run()
            if self._is_torn:
                logging.warning("%s: a step does not end.", self._name)
            if not self._is_done(
                self._save, "saving", self._settings.save_secs
            ):
                self._end_process("Saving took too long.")
            # A step that ended during the save is saved again, whole.
            if self._reached.is_set():
                return
            self._is_closed = True
            self._is_done(
                self._close,
                "closing the session",
                self._settings.exit_grace_secs,
            )
        # A daemon: nothing is left to be done if Python ends.
        threading.Thread(
            target=self._free_main, args=(listener,), daemon=True
        ).start()

    def _others_save(self) -> bool:
        """Waits until no thread saves; returns whether one still does."""
        deadline = time.monotonic() + self._settings.save_secs
        while is_saving():
            if self._reached.is_set() or time.monotonic() > deadline:
                return True
            time.sleep(_POLL_SECS)
        return False

    def _is_done(self, function: Any, what: str, limit_secs: float) -> bool:
        call = BoundedCall(function, f"preemption: {what}")
        if not call.wait(limit_secs):
            return False
        call.result()
        return True

    def _save(self) -> None:
        try:
            done = self._saved()
        except Exception:  # The process is to end all the same.
            logging.exception("%s: saving failed.", self._name)
            done = "saving failed"
        self.error = self._error(done)
        logging.warning("%s", self.error)

    def _saved(self) -> str:
        """Saves if there is something new; returns what was done."""
        hook = self._settings.saver_hook
        live = self._session.open()
        if live is None:
            return "there was nothing to save"
        if hook is None:
            return "nothing was saved, as this task has no checkpoint saver"
        return save_once(live[0], hook, again=self._is_torn)

    def _close(self) -> None:
        live = self._session.open()
        if live is None:
            return
        session, coord = live
        self._stopped_coord = coord
        try:
            coord.request_stop((type(self.error), self.error, None))
        except errors.Preempted:
            logging.info("The session was closed already.")
        session.close()

    def _free_main(self, listener: SignalListener) -> None:
        """Waits until the session is closed, or ends the process."""
        # Where no session was closed, nothing frees it by itself.
        secs = _LEAVE_SECS if self._stopped_coord is not None else 0.0
        if not (
            self._leaves(secs)
            or listener.raise_in_main(self.error)
            or self._leaves(_LEAVE_SECS)
        ):
            self._end_process("The main thread is blocked.")
        if not self._is_gone(self._settings.exit_grace_secs):
            self._end_process("The session was not closed in time.")

    def _leaves(self, secs: float) -> bool:
        deadline = time.monotonic() + secs
        while time.monotonic() < deadline:
            if self._session.is_leaving or self._is_gone(_POLL_SECS):
                return True
        return False

    def _is_gone(self, secs: float) -> bool:
        deadline = time.monotonic() + secs
        while not self._session.is_gone.wait(_POLL_SECS):
            # TensorFlow's sessions call no close().
            if self._stopped_coord is not None and self._stopped_coord.joined:
                return True
            if time.monotonic() > deadline:
                return False
        return True

    def _error(self, done: str) -> errors.Preempted:
        text = f"{self._name}: {done}. Exit code: {self._exit_code}."
        return errors.Preempted(text, self._exit_code, self._signum)

    def _end_process(self, reason: str) -> NoReturn:
        end_process(f"{self._name}: {reason}", self._exit_code)
