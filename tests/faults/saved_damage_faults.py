"""Checkpoints that are damaged: at start, in a recovery, in a cluster."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import pathlib
import re
import shutil
import tempfile
import time

import tensorflow as tf

from tests.damage import DAMAGES
from tests.faults import (
    hook_programs,
    roles,
    saved_programs as programs,
    scenarios,
)
from tests.faults.saved_programs import SAVED

v1 = tf.compat.v1
# What a file is called that belongs to the checkpoint of a step.
FILES = {
    "data": "model.ckpt-{}.data-00000-of-00001",
    "index": "model.ckpt-{}.index",
    "state": "checkpoint",
}


CLUSTER_CASES = {
    f"{file} {damage}": (file, damage)
    for file, damage in itertools.product(FILES, DAMAGES)
}


def _newest_whole(file):
    return SAVED if file == "state" else SAVED - 1


def at_start(library, file):
    """A file of the newest checkpoint is damaged when training starts."""
    found = {}
    with tempfile.TemporaryDirectory() as parent:
        folder, whole = f"{parent}/model", f"{parent}/whole"
        programs.trained(library, folder)
        shutil.copytree(folder, whole)
        for name, damage in DAMAGES.items():
            damage(pathlib.Path(folder, FILES[file].format(SAVED)))
            progress = hook_programs.watched(
                programs.train, library, folder, (), SAVED + 2
            )
            found[name] = programs.judged(progress, _newest_whole(file))
            # The state file holds whole paths: to the same place.
            shutil.rmtree(folder)
            shutil.copytree(whole, folder)
    return found


def in_recovery(library, file):
    """A file of the newest checkpoint is damaged, then the session is lost."""
    return {damage: _recovered(library, file, damage) for damage in DAMAGES}


def _recovered(library, file, damage):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, FILES[file].format(SAVED))
        progress = hook_programs.watched(
            programs.train,
            library,
            folder,
            [_DamagesOnce(path, DAMAGES[damage])],
            SAVED + 2,
        )
    return programs.judged(progress, _newest_whole(file), n_before=SAVED)


class _DamagesOnce(v1.train.SessionRunHook):
    """Damages a file before the step after SAVED, and loses the session."""

    def __init__(self, path, damage):
        self._path = path
        self._damage = damage
        self._n_runs = 0

    def before_run(self, run_context):
        self._n_runs += 1
        if self._n_runs == SAVED + 1:
            self._damage(self._path)
            raise tf.errors.AbortedError(None, None, "planted")


def in_cluster(library, cases=CLUSTER_CASES):
    """The newest checkpoint is damaged, then the ps is lost and replaced."""
    return {case: _ps_replaced(library, *CLUSTER_CASES[case]) for case in cases}


def _ps_replaced(library, file, damage):
    with tempfile.TemporaryDirectory() as folder:
        with scenarios.running(
            library, workers=0, saves=True, folder=folder
        ) as cluster:
            _wait_for_step(cluster, int(2.5 * roles.STEPS_PER_CHECKPOINT))
            model = pathlib.Path(folder, "model")
            *_, before, newest = _saved_steps(model)
            DAMAGES[damage](model / FILES[file].format(newest))
            since = scenarios.replace_ps(cluster)
            outcome = scenarios.outcomes.watch(
                cluster,
                "chief",
                since=since,
                timeout_secs=scenarios.GIVE_UP_SECS,
            )
            goes_on = _steps_after(cluster, since)
    whole = newest if file == "state" else before
    if goes_on and goes_on[0] <= whole:
        return dataclasses.replace(
            outcome, kind="loses", error=f"goes on from {goes_on[0] - 1}"
        )
    return outcome


def _wait_for_step(cluster, number):
    deadline = time.monotonic() + 30
    while _steps_after(cluster, 0)[-1] < number:
        if time.monotonic() > deadline:
            raise TimeoutError(f"No step {number}.")
        time.sleep(0.01)


def _steps_after(cluster, since):
    steps = scenarios.outcomes.steps(cluster, "chief")
    return [number for number, at in steps if at > since]


def _saved_steps(folder):
    names = (path.name for path in folder.glob("*.index"))
    return sorted(int(re.search(r"-(\d+)\.", name)[1]) for name in names)


FAULTS = {
    **{
        f"{file} file damaged, then a start": functools.partial(
            at_start, file=file
        )
        for file in FILES
    },
    **{
        f"{file} file damaged, then a recovery": functools.partial(
            in_recovery, file=file
        )
        for file in FILES
    },
    "newest checkpoint damaged, then the ps killed and replaced": in_cluster,
}
