"""Ends a process whose main thread can't be reached any more."""

from __future__ import annotations

import os
import sys
import threading
from typing import NoReturn

from absl import logging

# The longest time that it takes.
FLUSH_SECS = 1.0


def end_process(reason: str, exit_code: int) -> NoReturn:
    """Logs the reason, flushes logs and streams, and ends the process.

    Neither `atexit` functions nor `finally` blocks run.

    Args:
      reason: A sentence that says why.
      exit_code: The exit code.
    """
    logging.error("%s The process ends. Exit code: %d.", reason, exit_code)
    # Whoever hangs may hold the lock of a stream.
    flusher = threading.Thread(target=_flush, name="flush", daemon=True)
    flusher.start()
    flusher.join(FLUSH_SECS)
    os._exit(exit_code)


def _flush() -> None:
    logging.flush()
    sys.stdout.flush()
    sys.stderr.flush()
