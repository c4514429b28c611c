"""What the process of a task of a `LocalCluster` does, and what it is sent."""

from __future__ import annotations

import ctypes
import dataclasses
import faulthandler
import math
import multiprocessing
import os
import pathlib
import pickle
import signal
import sys
import threading
from multiprocessing import forkserver
from typing import Any, Callable, TextIO

_PR_SET_PDEATHSIG = 1


@dataclasses.dataclass(frozen=True)
class TaskSettings:
    """What is the same in all processes of one task."""

    log_path: pathlib.Path
    environment: dict[str, str]
    life_secs: float

    def __post_init__(self) -> None:
        if not 0 < self.life_secs < math.inf:
            raise ValueError(
                f"life_secs must be a positive number. Got {self.life_secs!r}."
            )


def pickle_call(main: Callable[..., object], args: tuple[Any, ...]) -> bytes:
    """Pickles a call of main, by its name, and the arguments by value."""
    hint = (
        "main must be a function at the top level of a module that can be "
        "imported: each task is a process of its own, which imports it."
    )
    if not callable(main):
        raise TypeError(f"Got {main!r} for main. {hint}")
    try:
        pickle.dumps(main)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(f"Got {main!r} for main. {hint} ({error})") from error
    try:
        return pickle.dumps((main, args))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            f"The arguments of main must be picklable: each task gets a copy "
            f"of them. Got {args!r} ({error})"
        ) from error


def run_task(settings: TaskSettings, call: bytes) -> None:
    """Runs in the process of the task: makes it what it shall be, then main."""
    _redirect_output(settings.log_path)
    faulthandler.enable()
    os.environ.clear()
    os.environ.update(settings.environment)
    _end_after(settings.life_secs)
    _end_with_parent()
    main, args = pickle.loads(call)
    main(*args)


def _redirect_output(path: pathlib.Path) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.close(file)
    sys.stdout, sys.stderr = _lines_to(1), _lines_to(2)


def _lines_to(descriptor: int) -> TextIO:
    # Line by line, so that a process that is killed leaves what it printed.
    return open(  # noqa: SIM115  -- open as long as the process lives.
        descriptor, "w", 1, "utf-8", "backslashreplace", closefd=False
    )


def _end_with_parent() -> None:
    # The fork server ends when nobody holds this pipe any more. It gives each
    # child an end of it too: a frozen one would keep both alive for ever.
    server: Any = getattr(forkserver, "_forkserver", None)
    descriptor = getattr(server, "_forkserver_alive_fd", None)
    if descriptor is not None:
        os.close(descriptor)
        server._forkserver_alive_fd = None  # noqa: SLF001
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch_parent, daemon=True).start()


def _watch_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)


def _end_after(secs: float) -> None:
    # The default action ends the process also while its main thread is in
    # C++, where no Python handler would run.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, secs)
