"""Holds one task of a `LocalCluster`: a process forked with TensorFlow loaded.

Processes are forked from Python's fork server, which has imported TensorFlow
but never made a session or a server: what those start does not live through
a fork. The process of the tests usually has made some.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pathlib
import re
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing import connection
from typing import Any

from monitored_tf.testing.task_process import TaskSettings, run_task

_PRELOADED = ["tensorflow", "monitored_tf.testing.local_cluster"]
_LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_POLL_SECS = 0.02
_TAIL_LINES = 20


class TaskHandle:
    """The process of one task, and those that were there before it."""

    def __init__(
        self,
        name: str,
        log_path: pathlib.Path,
        environment: dict[str, str],
        life_secs: float,
    ) -> None:
        self._name = name
        self._settings = TaskSettings(log_path, environment, life_secs)
        self._process: Any = None
        self._pid: int | None = None
        self._exit_code: int | None = None
        # The exit code can be read once from a process: threads take turns.
        self._lock = threading.Lock()
        log_path.touch()
        # A log folder may be used again: this cluster's output starts here.
        self._skipped_bytes = log_path.stat().st_size
        self._started_at = 0
        self._final_output: str | None = None

    def start(self, call: bytes) -> None:
        """Forks a process that makes this pickled call."""
        if self.is_alive():
            raise RuntimeError(
                f"{self._name} runs already, as process {self.pid}. "
                "Use restart() to replace it."
            )
        self._started_at = len(self.output())
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOADED)
        process = context.Process(
            target=run_task, args=(self._settings, call), name=self._name
        )
        with _log_level(self._settings.environment):
            process.start()
        self._release()
        self._process, self._pid, self._exit_code = process, process.pid, None

    @property
    def pid(self) -> int:
        """The id of the process that was started last."""
        if self._pid is None:
            raise RuntimeError(f"{self._name} was not started yet.")
        return self._pid

    @property
    def exit_code(self) -> int | None:
        """None before it ends."""
        with self._lock:
            if self._exit_code is None and self._process is not None:
                self._exit_code = self._process.exitcode
            return self._exit_code

    def is_alive(self) -> bool:
        """Whether a process was started that has not ended; frozen is alive."""
        return self._process is not None and self.exit_code is None

    def signal(self, number: int) -> None:
        """Sends a signal to a process that is alive."""
        try:
            if self.is_alive():
                os.kill(self.pid, number)
                return
        except ProcessLookupError:  # It ended a moment ago.
            self._wait_for_end(None)
        raise RuntimeError(
            f"Cannot send {signal.Signals(number).name} to {self._name}: it "
            f"{self._state()}.{self._tail()}"
        )

    def kill(self) -> None:
        """Ends one that is alive, and waits until it is gone."""
        self.signal(signal.SIGKILL)
        self._wait_for_end(None)

    def end(self) -> None:
        """Kills it if it is alive; frozen ones too."""
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):  # Just ended.
                os.kill(self.pid, signal.SIGKILL)
            self._wait_for_end(None)

    def close(self) -> None:
        """Gives all back, after the end; keeps the output in memory."""
        self._final_output = self.output()
        self._release()

    def wait(self, timeout_secs: float) -> int:
        """Waits for the end; returns the exit code."""
        if self._pid is None:
            raise RuntimeError(f"{self._name} was not started yet.")
        self._wait_for_end(timeout_secs)
        code = self.exit_code
        if code is None:
            raise TimeoutError(
                f"{self._name} did not end within {timeout_secs} "
                f"seconds.{self._tail()}"
            )
        return code

    def output(self) -> str:
        """Its stdout and stderr so far."""
        if self._final_output is not None:
            return self._final_output
        written = self._settings.log_path.read_bytes()[self._skipped_bytes :]
        return written.decode(errors="replace")

    def wait_for_output(
        self, pattern: str, after: int | None, timeout_secs: float
    ) -> re.Match[str]:
        """Waits until the output has a match."""
        regex = re.compile(pattern, re.MULTILINE)
        first = self._started_at if after is None else after
        deadline = time.monotonic() + timeout_secs
        while True:
            # Asked before the output is read: nothing comes after the end.
            alive = self.is_alive()
            match = regex.search(self.output(), first)
            if match:
                return match
            if self._pid is not None and not alive:
                raise RuntimeError(self._no_match(pattern, self._state()))
            if time.monotonic() > deadline:
                waited = f"did not within {timeout_secs} seconds"
                raise TimeoutError(self._no_match(pattern, waited))
            time.sleep(_POLL_SECS)

    def _wait_for_end(self, timeout_secs: float | None) -> None:
        if self._exit_code is None:
            connection.wait([self._process.sentinel], timeout_secs)

    def _release(self) -> None:
        # Its descriptors, now rather than when garbage is collected.
        if self._process is not None:
            self._process.join()
            self._exit_code = self.exit_code
            self._process.close()
            self._process = None

    def _no_match(self, pattern: str, reason: str) -> str:
        return (
            f"Waited for {self._name} to print {pattern!r}, but it "
            f"{reason}.{self._tail()}"
        )

    def _state(self) -> str:
        if self._pid is None:
            return "was not started yet"
        if self.exit_code is None:
            return "is alive"
        return f"ended with exit code {self.exit_code}"

    def _tail(self) -> str:
        lines = self.output().splitlines()[-_TAIL_LINES:]
        if not lines:
            return " It printed nothing."
        return "\n".join([" The end of its output:", *lines])


@contextlib.contextmanager
def _log_level(environment: dict[str, str]) -> Iterator[None]:
    # TensorFlow reads it once, as it is imported: in the fork server, whose
    # environment is this process's at the moment of the first start.
    before = os.environ.get(_LOG_LEVEL)
    os.environ[_LOG_LEVEL] = environment[_LOG_LEVEL]
    try:
        yield
    finally:
        del os.environ[_LOG_LEVEL]
        if before is not None:
            os.environ[_LOG_LEVEL] = before
