"""Graphs that a checkpoint does not fit; weights that are NaN; errors."""

from __future__ import annotations

import functools
import itertools
import pathlib
import tempfile

import numpy as np
import tensorflow as tf

from tests.faults import hook_programs, saved_programs as programs
from tests.faults.hook_programs import Outcome
from tests.faults.saved_programs import SAVED

v1 = tf.compat.v1


def _shape():
    v1.get_variable("w", [7], use_resource=True)


def _dtype():
    v1.get_variable("w", [100], tf.float64, use_resource=True)


def _more():
    programs.model()
    v1.get_variable("bias", [7])


def _less():
    """Has no `w`."""


# What a graph has beside the global step, and whether training could go on.
_GRAPHS = {
    "shape of a variable differs": (_shape, False),
    "dtype of a variable differs": (_dtype, False),
    "variable missing in the checkpoint": (_more, False),
    "variable of the checkpoint not in the graph": (_less, True),
}


def other_graph(library, case):
    """Training starts with a graph that is not that of the checkpoint."""
    make, is_curable = _GRAPHS[case]
    with tempfile.TemporaryDirectory() as folder:
        programs.trained(library, folder)
        progress = hook_programs.watched(_train, library, folder, make)
    if is_curable or progress is None:
        return {"start": programs.judged(progress, SAVED)}
    if progress.error is None:
        return {"start": Outcome("loses", "restored in silence")}
    is_right = isinstance(progress.error, (tf.errors.OpError, ValueError))
    name = type(progress.error).__name__
    return {"start": Outcome("announced" if is_right else "dies", name)}


def _train(progress, library, folder, make):
    make()
    step = hook_programs.counted_step()
    with programs.open_session(library, folder) as session:
        progress.steps.append(int(session.run(step)))


def nan_weights(library, **ours):
    """Weights become NaN in a step; the ones that are trained next are not."""
    return {
        case: _nan(library, {"on_nan": on_nan, **ours})
        for case, on_nan in {
            "by default": "raise",
            "on_nan='rollback'": "rollback",
        }.items()
    }


def _nan(library, ours):
    with tempfile.TemporaryDirectory() as folder:
        progress = hook_programs.watched(_train_nan, library, folder, ours)
        path = tf.train.latest_checkpoint(folder)
        saved = tf.train.load_checkpoint(path).get_tensor("w")
    if not np.isfinite(saved).all():
        return Outcome("loses", "NaN in the newest checkpoint")
    error = v1.train.NanLossDuringTrainingError()
    is_curable = ours["on_nan"] == "rollback"
    outcome = hook_programs.judged(progress, error, is_curable)
    # Without the message, which names the folder.
    return Outcome(outcome.kind, outcome.text.partition(" (")[0])


def _train_nan(progress, library, folder, ours):
    gradients = iter(
        float("nan") if number == hook_programs.FAULT_AT else 1.0
        for number in itertools.count(1)
    )
    w = v1.get_variable("w", initializer=tf.zeros([100]), use_resource=True)
    gradient = tf.numpy_function(
        lambda: np.float32(next(gradients)), [], tf.float32
    )
    with tf.control_dependencies([v1.assign_add(w, tf.fill([100], gradient))]):
        step = hook_programs.counted_step()
    with programs.open_session(library, folder, **ours) as session:
        while max(progress.steps, default=0) < hook_programs.STEPS:
            progress.steps.append(int(session.run(step)))


def error_in_loop(library):
    """The loop raises an error; the last checkpoint is some steps old."""
    with tempfile.TemporaryDirectory() as folder:
        progress = hook_programs.watched(_fail, library, folder)
        path = pathlib.Path(tf.train.latest_checkpoint(folder))
    saved = int(path.name.rpartition("-")[2])
    if not isinstance(progress.error, ZeroDivisionError):
        return {"save_on_error=True": Outcome("dies", repr(progress.error))}
    lost = SAVED - saved
    text = f"{lost} of {SAVED} steps not saved"
    return {"save_on_error=True": Outcome("loses" if lost else "handled", text)}


def _fail(progress, library, folder):
    step, _ = programs.model()
    with programs.open_session(
        library, folder, every=SAVED - 1, save_on_error=True
    ) as session:
        for _ in range(SAVED):
            session.run(step)
        raise ZeroDivisionError("planted")


FAULTS = {
    **{case: functools.partial(other_graph, case=case) for case in _GRAPHS},
    "weights become NaN": nan_weights,
    "error in the loop, between two checkpoints": error_in_loop,
}
