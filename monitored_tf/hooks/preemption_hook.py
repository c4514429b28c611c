"""Saves and stops when a signal asks the process to end."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Sequence
from typing import Any

from absl import logging

from monitored_tf import errors
from monitored_tf.hooks.preemption import Preemption, PreemptionSettings
from monitored_tf.hooks.save_once import save_once
from monitored_tf.hooks.signal_listening import listen
from monitored_tf.hooks.signal_watch import SignalListener
from monitored_tf.hooks.watched_session import WatchedSession
from monitored_tf.session_run_hook import SessionRunHook


class PreemptionHook(SessionRunHook):
    """Saves and stops when a signal asks the process to end.

    Once a signal has come, the step under way is the last one:

        the step ends in time:        save; the loop ends, as after any
                                      request_stop(); end() of all hooks;
                                      Preempted is raised at the end of
                                      close(), or of the `with` block
        it does not, or no step runs: a thread saves and closes the session;
                                      run() raises Preempted, and so does
                                      what else the main thread waits for
        that does not reach it:       the process ends

    In all three the exit code is 128 + the number of the signal, unless
    somebody catches the `Preempted`. A run() after the stop raises it too. The
    end of training by itself is not told from a stop where `raises` is False:
    ask `preempted` before you export what was trained.

    A step that does not end may have changed some variables and not yet the
    others, and what is saved then holds one half of it: a step that waits for
    input, the usual case, has changed nothing. A step that ends during the
    save is saved again.

    Only signals that nobody else handles are taken, from `begin()` to
    `close()`, and only in the main thread; the handlers that were there are
    put back. A second signal, half a second later or more, has its default
    action. Processes that are forked are left alone.

    Give this hook last, so that the others have seen the step that is saved.
    Runs without it, as with `hooks=()`, count as no steps. An evaluation
    session inside of a training loop may have a hook of its own, without
    `saver_hook`: it stops at the end of its step.

    Args:
      saver_hook: The `CheckpointSaverHook` of the session, of TensorFlow or
        ours, to save with; its listeners are called. A checkpoint that it
        wrote at the same step is not written again. None saves nothing: for
        tasks that are not the chief.
      signals: Numbers of the signals; none where `save_on_error` is all that
        is wanted.
      grace_secs: Seconds to wait for the end of the step; twice as long as
        the run before took if that is more, up to 15 s. The first run of a
        session, which may be compiled, does not count.
      save_secs: Seconds that the save of the thread may take; the process
        ends then.
      exit_grace_secs: Seconds that the closing may take after that.
      exit_code: Of the process, 1 to 255; 128 + the signal's number if None.
      raises: Whether `Preempted` is raised at the end of a session that was
        stopped between two steps.
      save_on_error: Whether to save too when the loop or a hook raises an
        error, if the run of the last step succeeded, its loss was not found
        to be NaN and the session is not lost. The log says if it does not.

    Raises:
      ValueError: if a signal can't be handled, some of the seconds are not
        above 0, or the exit code is none.
    """

    def __init__(
        self,
        saver_hook: Any = None,
        *,
        signals: Sequence[int] = (signal.SIGTERM,),
        grace_secs: float = 1.0,
        save_secs: float = 600.0,
        exit_grace_secs: float = 10.0,
        exit_code: int | None = None,
        raises: bool = True,
        save_on_error: bool = False,
    ) -> None:
        secs = (grace_secs, save_secs, exit_grace_secs)
        if min(secs) <= 0:
            raise ValueError(f"All seconds must be above 0. Got {secs}.")
        if exit_code is not None and not 1 <= exit_code <= 255:
            raise ValueError(f"exit_code must be 1 to 255. Got {exit_code!r}.")
        self._signals = _checked(signals)
        self._settings = PreemptionSettings(
            saver_hook, grace_secs, save_secs, exit_grace_secs, exit_code
        )
        self._raises = raises
        self._save_on_error = save_on_error
        self._session = WatchedSession()
        self._has_ended = False
        self._listener: SignalListener | None = None
        self._preemption: Preemption | None = None

    def save_with(self, saver_hook: Any) -> None:
        """Gives it a `saver_hook` if it has none."""
        if self._settings.saver_hook is None:
            self._settings = dataclasses.replace(
                self._settings, saver_hook=saver_hook
            )

    @property
    def saver_hook(self) -> Any:
        """What it saves with: the one that it was given, or None."""
        return self._settings.saver_hook

    @property
    def preempted(self) -> errors.Preempted | None:
        """The error of a session that a signal stops; None without one."""
        preemption = self._preemption
        return None if preemption is None else preemption.error

    def begin(self) -> None:
        """Sets the handlers."""
        self._release()
        self._preemption = None
        self._has_ended = False
        self._session = WatchedSession()
        if self._signals:
            self._listener = listen(self._signals, self._came, self._is_over)

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Takes note of the session.

        Raises:
          Preempted: if a signal came before: there is nothing new to save.
        """
        if self._preemption is not None:
            logging.warning("%s", self._preemption.error)
            raise self._preemption.error
        self._session.begins(session, coord)

    def before_run(self, run_context: Any) -> None:
        """Takes note that a step begins.

        Raises:
          Preempted: if the session was stopped or closed before.
        """
        if self._preemption is not None:
            self._preemption.before_step()
        self._session.step_begins(run_context)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Takes note that it has ended; saves and stops after a signal."""
        self._session.step_ends()
        if self._preemption is not None:
            self._preemption.at_boundary()
            run_context.request_stop()

    def on_error(self, session: Any, error: BaseException) -> None:
        """Saves, after a signal or if `save_on_error`, what is whole."""
        self._session.is_leaving = True
        is_asked_to = self._save_on_error or self._preemption is not None
        if not is_asked_to or error is self.preempted:
            return
        obstacle = self._session.obstacle(session, error)
        if obstacle:
            logging.warning("Error in the loop: not saved, as %s.", obstacle)
        elif self._preemption is not None:
            self._preemption.at_boundary()
        else:
            self._save_whole(session)

    def _save_whole(self, session: Any) -> None:
        hook = self._settings.saver_hook
        if hook is None:
            logging.info("save_on_error: this task has no checkpoint saver.")
            return
        logging.warning("Error in the loop: %s.", save_once(session, hook))

    def end(self, session: Any) -> None:
        """Saves if a signal came since the last step.

        Raises:
          Preempted: if a signal came, unless `raises` is False.
        """
        self._session.is_leaving = True
        self._has_ended = True
        if self._preemption is not None:
            self._preemption.at_boundary()
        self._raise_if_preempted()

    def close(self) -> None:
        """Puts back the handlers that were there.

        Raises:
          Preempted: if a signal came, unless `raises` is False.
        """
        self._release()
        self._raise_if_preempted()

    def _release(self) -> None:
        self._session.is_leaving = True
        self._session.is_gone.set()
        if self._preemption is not None:
            self._preemption.finish()
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.stop()

    def _raise_if_preempted(self) -> None:
        if self._preemption is not None and self._raises:
            raise self._preemption.error

    def _came(self, listener: SignalListener, signum: int) -> None:
        """Is called in another thread with the first of each signal."""
        if self._preemption is None:
            preemption = Preemption(signum, self._settings, self._session)
            self._preemption = preemption
            preemption.start(listener)

    def _is_over(self) -> bool:
        # TensorFlow's sessions call no close().
        live = self._session.live
        return self._has_ended and live is not None and live[1].joined


def _checked(signals: Sequence[int]) -> tuple[int, ...]:
    numbers = tuple(signals)
    possible = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
    if not possible.issuperset(numbers):
        raise ValueError(
            "signals must be numbers of signals that can be handled, as "
            f"[signal.SIGTERM]. Got {signals!r}."
        )
    return numbers
