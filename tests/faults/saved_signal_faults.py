"""Signals that ask a training process to end, in processes of their own."""

from __future__ import annotations

import functools
import os
import pathlib
import re
import signal
import tempfile
import time

import tensorflow as tf

from monitored_tf.testing import LocalCluster
from tests.faults import saved_roles as roles
from tests.faults.hook_programs import Outcome

# A process that is not gone by then does not heed the signal.
GIVE_UP_SECS = 8.0
# A second signal that comes sooner counts as the same one.
_PAUSE_SECS = 0.6
# What the process does, at the signal or after it.
ACTS = {
    "while stepping": ("train", "step_on"),
    "while run() is blocked": ("train", "block"),
    "while the session is made": ("create", None),
    "during evaluation": ("train", "evaluate"),
    "twice": ("train", "step_then_end_slowly"),
}
# The same, while a checkpoint is written in the background.
ACTS_IN_A_SAVE = {
    "while stepping": ("train_in_a_save", "step_on"),
    "while run() is blocked": ("train_in_a_save", "block"),
}


def signalled(library, number, acts=ACTS, only=()):
    """The signal comes at one time or another, or twice.

    Args:
      library: Whose session trains.
      number: The signal.
      acts: What the process does, by name.
      only: Names of those to look at; all if empty.
    """
    return {
        name: _signalled(library, number, name, *acts[name])
        for name in only or acts
    }


def _signalled(library, number, name, act, then):
    with tempfile.TemporaryDirectory() as folder:
        options = {
            "act": act,
            "library": library,
            "folder": folder,
            "signum": number,
            "then": then,
        }
        with LocalCluster(
            {"worker": 1}, roles.play, (options,), life_secs=60
        ) as cluster:
            cluster.wait_for_output(roles.READY, "worker", timeout_secs=40)
            if act == "create":
                time.sleep(0.5)  # From the word to the wait in C++.
            sent = time.monotonic()
            os.kill(cluster.pid("worker"), number)
            if name == "twice":
                _send_again(cluster, number)
            is_gone = _wait(lambda: not cluster.is_alive("worker"))
            secs = time.monotonic() - sent
            said = cluster.output("worker")
            code = cluster.exit_code("worker") if is_gone else None
        saved = _saved_step(folder)
    if not is_gone:
        return Outcome("hangs", f"> {GIVE_UP_SECS:.0f} s, then killed")
    return _judged(said, saved, code, secs)


def _send_again(cluster, number):
    _wait(
        lambda: (
            "stops" in cluster.output("worker")
            or not cluster.is_alive("worker")
        )
    )
    time.sleep(_PAUSE_SECS)
    if cluster.is_alive("worker"):
        os.kill(cluster.pid("worker"), number)


def _wait(condition):
    deadline = time.monotonic() + GIVE_UP_SECS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _saved_step(folder):
    path = tf.train.latest_checkpoint(folder)
    return int(pathlib.Path(path).name.rpartition("-")[2]) if path else 0


def _judged(said, saved, code, secs):
    steps = [int(step) for step in re.findall(r"^step (\d+)$", said, re.M)]
    last = max(steps, default=0)
    notes = {"s:": secs}
    if not code:
        return Outcome("dies", "as a success", notes)
    if saved < last:
        text = f"{last - saved} of {last} steps, exit code {code}"
        return Outcome("loses", text, notes)
    what = "last step saved" if last else "nothing to save"
    return Outcome("handled", f"{what}, exit code {code}", notes)


FAULTS = {
    number.name: functools.partial(signalled, number=number)
    for number in (signal.SIGTERM, signal.SIGINT)
}
