"""Checkpoints that threads of this process are writing, and where to."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Callable

from monitored_tf import waiting
from monitored_tf.recovery import SessionTimeoutError

# As long as a hook may save, see RecoveryPolicy.hook_run_timeout_secs.
LONGEST_SECS = 600.0

_changed = threading.Condition()
_folders: list[str] = []
# The threads are not there in a child.
os.register_at_fork(after_in_child=_folders.clear)


def begin(folder: str) -> str:
    """Takes note that a checkpoint is on its way into a folder.

    Returns:
      What to give to `end()`: the name of the folder may lead to another one
      by then.
    """
    key = _key(folder)
    with _changed:
        _folders.append(key)
    return key


def end(key: str) -> None:
    """Takes note that it has arrived, or never will."""
    with _changed:
        _folders.remove(key)
        _changed.notify_all()


def are_any() -> bool:
    """Returns whether any checkpoint is on its way."""
    return bool(_folders)


def wait(folder: str) -> None:
    """Waits until none is on its way into this folder; says so after 10 s."""
    key = _key(folder)
    if key not in _folders:
        return
    with _told(lambda: key), _changed:
        _changed.wait_for(lambda: key not in _folders)


def wait_for_all(limit_secs: float | None = None) -> None:
    """Waits until those are published, or have failed, that are on their way.

    Args:
      limit_secs: Seconds to wait at most; `LONGEST_SECS` if None or more.

    Raises:
      SessionTimeoutError: if that takes longer. No session can be made: it
        might begin at an older checkpoint.
    """
    with _changed:
        left = set(_folders)
    if not left:
        return
    limit = min(LONGEST_SECS, limit_secs or LONGEST_SECS)

    def have_arrived() -> bool:
        left.intersection_update(_folders)
        return not left

    with _told(lambda: _listed(left)), _changed:
        arrived = _changed.wait_for(have_arrived, limit)
    if not arrived:
        raise SessionTimeoutError(
            f"Writing checkpoints took more than {limit:.1f} s", _listed(left)
        )


def _told(
    details: Callable[[], str],
) -> contextlib.AbstractContextManager[None]:
    return waiting.told("checkpoints to be written", details)


def _listed(folders: set[str]) -> str:
    return ", ".join(sorted(folders.copy()))


def _key(folder: str) -> str:
    # A path with a scheme is no path of this machine's.
    return folder.rstrip("/") if "://" in folder else os.path.realpath(folder)
