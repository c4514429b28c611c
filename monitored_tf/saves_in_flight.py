"""Checkpoints that threads of this process are writing, and where to."""

from __future__ import annotations

import os
import threading

_changed = threading.Condition()
_folders: list[str] = []
# The threads are not there in a child.
os.register_at_fork(after_in_child=_folders.clear)


def begin(folder: str) -> None:
    """Takes note that a checkpoint is on its way into a folder."""
    with _changed:
        _folders.append(_key(folder))


def end(folder: str) -> None:
    """Takes note that it has arrived, or never will."""
    with _changed:
        _folders.remove(_key(folder))
        _changed.notify_all()


def are_any() -> bool:
    """Returns whether any checkpoint is on its way."""
    return bool(_folders)


def wait(folder: str) -> None:
    """Waits until none is on its way into this folder."""
    key = _key(folder)
    with _changed:
        _changed.wait_for(lambda: key not in _folders)


def _key(folder: str) -> str:
    # A path with a scheme is no path of this machine's.
    return folder.rstrip("/") if "://" in folder else os.path.realpath(folder)
