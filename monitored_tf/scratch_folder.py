"""Folders in this machine's memory, which no dead process leaves behind."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import socket
import tempfile

from absl import logging

_MEMORY = "/dev/shm"
_NAME = "monitored_tf_save"
# Room for what is written besides the tensors, and for other processes.
_SPARE_BYTES = 16 << 20
_MEMORY_INFO = "/proc/meminfo"
_AVAILABLE = re.compile(r"MemAvailable:\s+(\d+) kB")


class ScratchFolder:
    """A folder that is removed with `remove()`, or by a later process.

    Its name tells host and process id. As long as the process lives it holds a
    lock on the folder: ids are used again, and containers have their own.

    Args:
      parent: The folder to make it in; one of `parents()`.

    Attributes:
      path: Its path.
    """

    def __init__(self, parent: str) -> None:
        prefix = f"{_prefix()}{os.getpid()}-"
        while True:
            self.path = tempfile.mkdtemp(prefix=prefix, dir=parent)
            self._lock = _locked(self.path, waits=True)
            if os.path.isdir(self.path):
                return
            # Another process took it for one that was left behind.
            _unlock(self._lock)

    def remove(self) -> None:
        """Removes it with all that is in it."""
        try:
            _remove_tree(self.path)
        finally:
            _unlock(self._lock)


def parents(size_bytes: int) -> list[str]:
    """Returns where to make a folder for so many bytes; the best place first.

    That is memory, if there is room, and then the folder for temporary files.
    """
    found = [_MEMORY] if _has_room(_MEMORY, size_bytes) else []
    return [*found, tempfile.gettempdir()]


def remove_left_behind() -> None:
    """Removes the folders of processes of this host that were killed."""
    for parent in _places():
        for path in _named_like_ours(parent):
            lock = _locked(path, waits=False)
            if lock is None:
                continue  # Its owner lives, or is another user's.
            logging.info("Removing %s of a process that was killed.", path)
            try:
                _remove_tree(path)
            finally:
                _unlock(lock)


def _prefix() -> str:
    return f"{_NAME}-{socket.gethostname()}-"


def _places() -> set[str]:
    places = {_MEMORY}
    try:
        places.add(tempfile.gettempdir())
    except FileNotFoundError as error:  # No place can be written.
        logging.info("There is no folder for temporary files: %s", error)
    return {place for place in places if os.path.isdir(place)}


def _named_like_ours(parent: str) -> list[str]:
    try:
        with os.scandir(parent) as entries:
            return [
                entry.path
                for entry in entries
                if entry.name.startswith(_prefix())
                and entry.is_dir(follow_symlinks=False)
            ]
    except OSError as error:  # No save may fail for it.
        logging.info("%s can't be searched: %s", parent, error)
        return []


def _locked(path: str, waits: bool) -> int | None:
    """Returns a descriptor that holds the folder's lock; None without it."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:  # Removed meanwhile, or another user's.
        logging.debug("%s can't be opened: %s", path, error)
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except OSError as error:  # Held, or a file system that has no locks.
        logging.debug("%s can't be locked: %s", path, error)
        os.close(descriptor)
        return None
    return descriptor


def _unlock(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)


def _remove_tree(path: str) -> None:
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        logging.info("%s is gone already.", path)
    except OSError:
        logging.warning("%s could not be removed.", path, exc_info=True)


def _has_room(folder: str, size_bytes: int) -> bool:
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK | os.X_OK):
        return False
    space = os.statvfs(folder)
    free = min(space.f_bavail * space.f_frsize, _available_memory_bytes())
    return free >= size_bytes + _SPARE_BYTES


def _available_memory_bytes() -> float:
    """Returns how much memory nobody needs; infinity if that is not told."""
    if not os.path.exists(_MEMORY_INFO):
        return float("inf")
    with open(_MEMORY_INFO, encoding="ascii") as file:
        found = _AVAILABLE.search(file.read())
    return int(found.group(1)) * 1024 if found else float("inf")
