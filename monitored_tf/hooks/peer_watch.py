"""A thread that watches other tasks and ends a run that waits for one."""

from __future__ import annotations

import dataclasses
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any, Callable

from absl import logging

from monitored_tf import errors
from monitored_tf.hooks.peer import Health, Peer
from monitored_tf.hooks.process_end import FLUSH_SECS, end_process

_LOOK_SECS = 1.0
_START_POLL_SECS = 0.1
# Where a thread is while it makes a session or runs a step, and recovers to do
# it again: in our sessions and in TensorFlow's.
_SESSION_CALLS = {
    ("monitored_tf.recovery_loop", "call"),
    ("tensorflow.python.training.monitored_session", "create_session"),
    ("tensorflow.python.training.monitored_session", "run"),
}


@dataclasses.dataclass(frozen=True)
class WatchSettings:
    """When a task is lost, and how this one ends then."""

    poll_secs: float
    grace_secs: Mapping[Health, float]
    exit_grace_secs: float
    exit_code: int


class Run:
    """A run of a session, or its making, that begins now, in this thread."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._thread_id = threading.get_ident()

    def secs(self) -> float:
        """Returns for how many seconds it has been running."""
        return time.monotonic() - self._started

    def is_over(self) -> bool:
        """Returns whether the thread has left the session.

        No hook is told of a run that raised, and the user may go on.
        """
        thread_id = self._thread_id
        # Public, in spite of its name.
        frame = sys._current_frames().get(thread_id)  # noqa: SLF001
        return not _is_in_session(frame)


def _is_in_session(frame: FrameType | None) -> bool:
    while frame is not None:
        module = frame.f_globals.get("__name__")
        if (module, frame.f_code.co_name) in _SESSION_CALLS:
            return True
        frame = frame.f_back
    return False


class PeerWatch:
    """Watches the tasks that the runs of a session wait for.

    Attributes:
      error: The `PeerLostError`, once a task is lost; None before.

    Args:
      peers: The tasks.
      settings: When one is lost.
      current_run: Returns the run that was begun and not ended, or None.
    """

    def __init__(
        self,
        peers: Sequence[Peer],
        settings: WatchSettings,
        current_run: Callable[[], Run | None],
    ) -> None:
        self._peers = peers
        self._settings = settings
        self._current_run = current_run
        # In the thread of the session, which also recovers it.
        self._making = Run()
        # The raw session and its coordinator, once they are there.
        self._live: tuple[Any, Any] | None = None
        self.error: errors.PeerLostError | None = None
        self._warned: set[tuple[str, Health]] = set()
        self._stopped = threading.Event()
        # A daemon: TensorFlow's sessions do not stop it when a run raised.
        self._thread = threading.Thread(
            target=self._watch, name="watch peers", daemon=True
        )
        self._thread.start()

    def follow(self, session: Any, coord: Any) -> None:
        """Closes this session, and tells its coordinator, if a task is lost."""
        self._live = session, coord

    def stop(self) -> None:
        """Ends the watch; waits while it closes the raw session."""
        self._stopped.set()
        # It may be looking up an address, which has no timeout.
        self._thread.join(self._settings.exit_grace_secs + FLUSH_SECS)

    def _watch(self) -> None:
        try:
            while True:
                self._look()
                lost = self._lost()
                if lost and not self._stopped.is_set():
                    self._give_up(lost)
                    return
                if self._is_stopped(self._pause_secs()):
                    return
        finally:
            for peer in self._peers:
                peer.close()

    def _pause_secs(self) -> float:
        # One that dies before it was seen would count as not yet started.
        if any(peer.health is Health.UNSEEN for peer in self._peers):
            return min(self._settings.poll_secs, _START_POLL_SECS)
        return self._settings.poll_secs

    def _is_stopped(self, wait_secs: float) -> bool:
        if self._stopped.wait(wait_secs):
            return True
        # TensorFlow's sessions call no hook when they are closed after an
        # error. They join the coordinator, as they do in a recovery.
        run = self._current_run()
        return (
            self._live is not None
            and self._live[1].joined
            and self._making.is_over()
            and (run is None or run.is_over())
        )

    def _look(self) -> None:
        for peer in self._peers:
            if self._stopped.is_set():
                return
            peer.look(_LOOK_SECS)

    def _lost(self) -> list[Peer]:
        """Returns the tasks that a run has waited for too long."""
        run = self._current_run()
        waited_for = [p for p in self._peers if p.health is not Health.ANSWERS]
        if not waited_for or run is None or run.is_over():
            return []
        lost = []
        for peer in waited_for:
            secs = min(peer.secs(), run.secs())
            if secs >= self._settings.grace_secs[peer.health]:
                lost.append(peer)
            elif secs >= self._settings.grace_secs[Health.GONE]:
                self._warn(peer, self._settings.grace_secs[peer.health])
        return lost

    def _warn(self, peer: Peer, grace_secs: float) -> None:
        if (peer.name, peer.health) not in self._warned:
            self._warned.add((peer.name, peer.health))
            logging.warning(
                "A step waits for %s. It is lost if that lasts %.0f s.",
                _describe(peer),
                grace_secs,
            )

    def _give_up(self, lost: Sequence[Peer]) -> None:
        exit_code = self._settings.exit_code
        message = (
            f"Lost {'; '.join(_describe(peer) for peer in lost)}. A step waits "
            "for it, which cannot go on, nor can a task that is started again "
            "join. Restart all tasks: they resume from the last checkpoint. "
            f"This one ends with exit code {exit_code}."
        )
        logging.error("%s", message)
        self.error = error = errors.PeerLostError(message, exit_code)
        # In a recovery there is none: making one waits too, or fails for ever.
        if self._live is None or self._live[1].joined:
            end_process("There is no session to close.", exit_code)
        elif not self._frees_run(self._live, error):
            end_process("The session was not closed in time.", exit_code)

    def _frees_run(
        self, live: tuple[Any, Any], error: errors.PeerLostError
    ) -> bool:
        """Closes the session; returns whether its user did so in time, too."""
        deadline = time.monotonic() + self._settings.exit_grace_secs
        # No daemon, as this thread is: Python must not end in the midst of it.
        closer = threading.Thread(
            target=_end_session, args=(*live, error), daemon=False
        )
        closer.start()
        is_closed = self._stopped.wait(self._settings.exit_grace_secs)
        closer.join(max(0.0, deadline - time.monotonic()))
        return is_closed and not closer.is_alive()


def _end_session(session: Any, coord: Any, error: BaseException) -> None:
    try:
        coord.request_stop((type(error), error, None))
    except errors.PeerLostError:
        # It has joined already, in a recovery. The hook will raise the error.
        logging.info("The session was lost already.")
    session.close()


def _describe(peer: Peer) -> str:
    began = time.strftime("%H:%M:%S", time.localtime(time.time() - peer.secs()))
    return (
        f"{peer.name} at {peer.address}, which {peer.health.value}"
        f" (since {began})"
    )
