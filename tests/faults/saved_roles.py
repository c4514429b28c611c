"""What the processes do that signals and kills are planted in.

The parent starts them as tasks of a `LocalCluster`, with `play`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

import tensorflow as tf

import monitored_tf
from monitored_tf import unfinished_files
from tests.faults import saved_programs as programs

v1 = tf.compat.v1
# They say it once the fault can come.
READY = "ready"
# The step before it.
STEPS = 10
SAVE_SECS = 0.5


def play(options):
    """Calls the function of this module that `act` names."""
    act = globals()[options.pop("act")]
    # A shell starts what is to run in the background with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tf.Graph().as_default():
        act(**options)


def open_session(library, folder, signum, **options):
    """Returns a session that saves at its start; ours stops at the signal."""
    hooks = []
    if library == "monitored_tf" and signum != signal.SIGTERM:
        hooks = [monitored_tf.PreemptionHook(signals=[signum])]
    options = {"every": None, **options}
    return programs.open_session(library, folder, hooks, **options)


def train(library, folder, signum, then, **options):
    """Counts steps, says each, and does `then` something."""
    step, _ = programs.model()
    endless = _endless_op()
    with open_session(library, folder, signum, **options) as session:
        while not session.should_stop():
            at = session.run(step)
            print("step", at)
            time.sleep(0.01)
            if at >= STEPS:
                globals()[then](session, endless)
        if then == "step_then_end_slowly":
            print("stops")
            time.sleep(30)


def train_in_a_save(library, folder, signum, then):
    """Does so while that step is saved in the background."""
    with slow_save(STEPS):
        options = {"every": STEPS, "async_save": True}
        train(library, folder, signum, then, **options)


@contextlib.contextmanager
def slow_save(step):
    """Our saves of a step take SAVE_SECS, as long as this holds."""
    move = tf.io.gfile.rename

    def moved_late(source, target, overwrite=False):
        if target.endswith(f"model.ckpt-{step}.index"):
            time.sleep(SAVE_SECS)
        move(source, target, overwrite=overwrite)

    # Where our saves move their files to their places.
    unfinished_files.tf.io.gfile.rename = moved_late
    try:
        yield
    finally:
        unfinished_files.tf.io.gfile.rename = move


def step_on(session, endless):
    """Lets the loop go on."""
    print(READY)


def step_then_end_slowly(session, endless):
    """Lets the loop go on, whose end takes long."""
    print(READY)


def block(session, endless):
    """Waits in C++ for ever."""
    print(READY)
    session.run(endless)


def evaluate(session, endless):
    """Evaluates in another session, for ever."""
    with tf.Graph().as_default():
        one = tf.constant(1)
        with type(session)() as evaluation:
            print(READY)
            while not evaluation.should_stop():
                evaluation.run(one)
                time.sleep(0.01)


def create(library, folder, signum, then):
    """Waits in C++ for ever while the session is made."""
    programs.model()
    init_op = tf.group(v1.global_variables_initializer(), _endless_op())
    print(READY)
    with open_session(
        library, folder, signum, scaffold=v1.train.Scaffold(init_op=init_op)
    ):
        print("made")


def _endless_op():
    return tf.queue.FIFOQueue(1, tf.int64).dequeue()


def save_for_ever(library, folder, **ours):
    """Saves 1 MB at each step."""
    step, _ = programs.model(programs.LARGE)
    with programs.open_session(library, folder, **ours) as session:
        while True:
            session.run(step)


class Counts(v1.train.SessionRunHook):
    """Counts steps; ours saves the count as the hook's state."""

    def __init__(self):
        self.count = 0

    def after_run(self, run_context, run_values):
        """Counts one."""
        self.count += 1

    def state_dict(self):
        """Returns what is saved."""
        return {"count": self.count}

    def load_state_dict(self, state):
        """Takes the count of the checkpoint."""
        self.count = state["count"]


def die_in_a_save(library, folder, n_files):
    """Is killed when so many files of a checkpoint are in their places."""
    move = tf.io.gfile.rename
    moved = []

    def killed_after(source, target, overwrite=False):
        move(source, target, overwrite=overwrite)
        if f"model.ckpt-{programs.SAVED}." in target:
            moved.append(target)
        if len(moved) == n_files:
            os.kill(os.getpid(), signal.SIGKILL)

    # Where our saves move their files; TensorFlow's are moved in C++.
    unfinished_files.tf.io.gfile.rename = killed_after
    step, _ = programs.model()
    with programs.open_session(library, folder, [Counts()]) as session:
        for _ in range(programs.SAVED):
            session.run(step)
    os.kill(os.getpid(), signal.SIGKILL)
