"""Saves on disks that can't be written, and processes killed in a save."""

from __future__ import annotations

import contextlib
import functools
import os
import pathlib
import re
import tempfile
import time

import tensorflow as tf

from monitored_tf import checkpoint_files
from monitored_tf.testing import LocalCluster
from tests import disk_outages as outages
from tests.faults import (
    hook_programs,
    saved_programs as programs,
    saved_roles as roles,
)
from tests.faults.hook_programs import Outcome

# The runs before which an outage begins and ends.
_OUTAGE = (3, 5)
_STEPS = 8
_RULES = {
    "by default": "raise",
    "on_save_error='warn'": "warn",
}


def unwritable_at_start(library):
    """The folder can't be written when training starts."""
    with tempfile.TemporaryDirectory() as folder, outages.read_only(folder):
        progress = hook_programs.watched(programs.train, library, folder)
    return {"start": _judged(progress, folder, can_go_on=False)}


def outage(
    library,
    break_folder,
    make_disk=contextlib.nullcontext,
    size=programs.SMALL,
    **ours,
):
    """The folder can't be written for two steps.

    Args:
      library: Whose session saves.
      break_folder: Given the folder, returns a context manager.
      make_disk: The same, around all.
      size: How many weights there are.
      **ours: Arguments that only our session has.
    """
    found = {}
    for case, rule in _RULES.items():
        with tempfile.TemporaryDirectory() as folder, make_disk(folder):
            hook = outages.OutageHook(break_folder(folder), _OUTAGE)
            try:
                progress = hook_programs.watched(
                    _train,
                    library,
                    folder,
                    hook,
                    size,
                    {"on_save_error": rule, **ours},
                )
            finally:
                hook.mend()
            found[case] = _judged(progress, folder, can_go_on=rule == "warn")
    return found


def _train(progress, library, folder, hook, size, ours):
    programs.train(progress, library, folder, [hook], _STEPS, size, **ours)


def _judged(progress, folder, can_go_on):
    if progress is None:
        return Outcome("hangs")
    if progress.error is not None:
        if isinstance(progress.error, outages.CannotMountError):
            raise progress.error
        name = type(progress.error).__name__
        if folder not in str(progress.error):
            return Outcome("dies", f"{name} that names no folder")
        return Outcome("dies" if can_go_on else "announced", name)
    at = max(progress.steps, default=0)
    if at < _STEPS:
        text = f"ends as if the data had ended, at step {at} of {_STEPS}"
        return Outcome("loses", text)
    newest = tf.train.latest_checkpoint(folder)
    if not newest.endswith(f"-{_STEPS}") or checkpoint_files.problem(
        newest, full=True
    ):
        return Outcome("loses", "the last checkpoint")
    return Outcome("handled", "saved again when it could be written")


def killed_in_a_save(library, trials=15, **ours):
    """A process that saves is killed by SIGKILL, then starts again."""
    kept, n_planted, n_left = [], 0, 0
    for _ in range(trials):
        with tempfile.TemporaryDirectory() as folder:
            _kill_in_a_save(library, pathlib.Path(folder), ours)
            n_planted += len(_unfinished(folder))
            newest = _newest_step(folder)
            progress = hook_programs.watched(_restart, library, folder, ours)
            kept.append(progress and progress.steps == [newest + 1])
            n_left += len(_unfinished(folder))
    of = f"in {sum(map(bool, kept))} of {trials} trials"
    return {
        "checkpoints": Outcome(
            "handled" if all(kept) else "loses", f"newest goes on {of}"
        ),
        "folder": Outcome(
            "leaks" if n_left else "handled",
            f"{n_left} of {n_planted} unfinished left",
        ),
    }


def _kill_in_a_save(library, folder, ours):
    options = {
        "act": "save_for_ever",
        "library": library,
        "folder": str(folder),
        **ours,
    }
    with LocalCluster(
        {"worker": 1}, roles.play, (options,), life_secs=60
    ) as cluster:
        deadline = time.monotonic() + 40
        while not (_has_saved(folder) and _stops_in_a_save(cluster, folder)):
            if time.monotonic() > deadline:
                raise TimeoutError(cluster.output("worker"))
        cluster.kill("worker")


def _has_saved(folder):
    # Of SAVED, or later: only the last ones are kept.
    steps = (re.search(r"-(\d+)\.index$", name) for name in os.listdir(folder))
    return any(step and int(step[1]) >= programs.SAVED for step in steps)


def _stops_in_a_save(cluster, folder):
    """Stops the process if it saves; returns whether it is still saving."""
    if not _unfinished(folder):
        return False
    cluster.stop("worker")
    time.sleep(0.05)  # No thread runs any more.
    if _unfinished(folder):
        return True
    cluster.resume("worker")
    return False


def _restart(progress, library, folder, ours):
    step, _ = programs.model(programs.LARGE)
    with programs.open_session(library, folder, **ours) as session:
        progress.steps.append(int(session.run(step)))


def _newest_step(folder):
    state = tf.train.get_checkpoint_state(folder)
    return int(re.search(r"-(\d+)$", state.model_checkpoint_path)[1])


def _unfinished(folder):
    return [name for name in os.listdir(folder) if "temp" in name]


def killed_between_halves(library, halves=(1, 2)):
    """The process is killed when a save has moved 1 or 2 of its 3 files."""
    return {
        f"after {n_files} files": _killed_after(library, n_files)
        for n_files in halves
    }


def _killed_after(library, n_files):
    with tempfile.TemporaryDirectory() as folder:
        options = {
            "act": "die_in_a_save",
            "library": library,
            "folder": folder,
            "n_files": n_files,
        }
        with LocalCluster(
            {"worker": 1}, roles.play, (options,), life_secs=60
        ) as cluster:
            cluster.wait("worker")
        hook = roles.Counts()
        progress = hook_programs.watched(
            programs.train, library, folder, [hook], programs.SAVED + 2
        )
    if progress is None or progress.error is not None:
        return Outcome("dies", repr(progress))
    began, *_, at = progress.steps
    text = f"weights of step {at}, state of the hook of step {hook.count}"
    is_whole = at == hook.count and began >= programs.SAVED
    return Outcome("handled" if is_whole else "loses", text)


FAULTS = {
    "folder unwritable at start": unwritable_at_start,
    "folder unwritable later": functools.partial(
        outage, break_folder=outages.read_only
    ),
    "disk full": functools.partial(
        outage, break_folder=outages.full, make_disk=outages.small_disk
    ),
    "file size limit": functools.partial(
        outage, break_folder=outages.short_files, size=programs.LARGE
    ),
    "kill -9 in a save": killed_in_a_save,
    "kill -9 between the files of a save, with the state of a hook": (
        killed_between_halves
    ),
}
