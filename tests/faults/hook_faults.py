"""The faults of hooks and threads, planted in sessions of this process.

A scenario takes the library, "tf" or "monitored_tf", and returns an `Outcome`
for each of its cases, by name.
"""

from __future__ import annotations

import functools
import tempfile
import time

import tensorflow as tf

from monitored_tf.testing import Fault, FaultHook
from tests.faults import hook_programs as programs, hook_thread_faults
from tests.faults.hook_plants import AlwaysAborted, Enough
from tests.faults.hook_programs import ERRORS, FAULT_AT, STEPS, Outcome

v1 = tf.compat.v1
# Where a fault is planted: the callback, and which of its calls.
PLACES = {
    "begin": ("begin", 1),
    "after_create_session": ("after_create_session", 1),
    "before_run": ("before_run", FAULT_AT),
    "after_run": ("after_run", FAULT_AT),
    "end": ("end", 1),
    "after_create_session of a recovery": ("after_create_session", 2),
}
# TensorFlow recovers in these callbacks only, and so do we.
_RECOVERS = {"after_create_session", "before_run", "after_run"}


def error_in_hook(library, error_type, places=PLACES):
    """A hook's callback raises an error once."""
    return {
        place: _error_in(library, ERRORS[error_type](), place)
        for place in places
    }


def _error_in(library, error, place):
    faults = [Fault(*PLACES[place], error)]
    if place.endswith("recovery"):
        faults.append(Fault("before_run", FAULT_AT))
    with tempfile.TemporaryDirectory() as folder:
        progress = programs.watched(
            programs.train, library, [FaultHook(*faults)], folder
        )
    is_curable = isinstance(error, tf.errors.AbortedError) and (
        faults[0].callback in _RECOVERS
    )
    return programs.judged(progress, error, is_curable)


def aborted_at_every_step(library, enough=100):
    """A hook fails at each step: nothing that a recovery could cure."""
    began = time.monotonic()
    progress = programs.watched(_always_aborted, library, enough)
    secs = time.monotonic() - began
    if progress is None or isinstance(progress.error, Enough):
        text = f"for ever: {enough} sessions lost in {secs:.1f} s, and on"
        return {"run": Outcome("hangs", text)}
    is_cause = isinstance(progress.error, tf.errors.AbortedError)
    name = type(progress.error).__name__
    return {"run": Outcome("announced" if is_cause else "dies", name)}


def _always_aborted(progress, library, enough):
    step = programs.counted_step()
    with programs.module_of(library).MonitoredSession(
        hooks=[AlwaysAborted(enough)]
    ) as session:
        while not session.should_stop():
            session.run(step)


def queue_ends(library):
    """The thread that fills a queue comes to the end of the data."""
    progress = programs.watched(_read_queue, library)
    if progress is None:
        return {"run": Outcome("hangs")}
    if progress.error is not None:
        return {"run": Outcome("dies", type(progress.error).__name__)}
    n_read = len(progress.steps)
    kind = "handled" if n_read == STEPS else "loses"
    text = f"ends as a success, {n_read} of {STEPS} items read"
    return {"run": Outcome(kind, text)}


def _read_queue(progress, library):
    read = programs.filled_queue(STEPS)
    with programs.module_of(library).MonitoredSession() as session:
        while not session.should_stop():
            progress.steps.append(int(session.run(read)))


def step_fn_after_recovery(library):
    """A step function uses its session after it was lost in the step."""
    progress = programs.watched(_step_fn, library)
    return {
        "run_step_fn": programs.judged(progress, ERRORS["AbortedError"](), True)
    }


def _step_fn(progress, library):
    step = programs.counted_step()
    nothing = tf.no_op()

    def step_fn(step_context):
        step_context.run_with_hooks(nothing)
        return int(step_context.session.run(step))

    with programs.module_of(library).MonitoredSession(
        hooks=[FaultHook(Fault("before_run", FAULT_AT))]
    ) as session:
        while max(progress.steps, default=0) < STEPS:
            progress.steps.append(session.run_step_fn(step_fn))


def error_after_the_step(library, cases=None):
    """A hook fails after the step, whose batch the variables have taken."""
    module = programs.module_of(library)
    found = {}
    for case in cases or _SESSIONS:
        with tempfile.TemporaryDirectory() as folder:
            make_session = functools.partial(_SESSIONS[case], module, folder)
            found[case] = _batches(make_session)
    return found


def _batches(make_session):
    hook = FaultHook(Fault("after_run", FAULT_AT))
    progress = programs.watched(programs.add_up, make_session, hook)
    if progress is None or progress.error is not None:
        return programs.judged(progress, ERRORS["AbortedError"](), True)
    more = progress.steps[-1] - STEPS
    if not more:
        return Outcome("handled", "each batch counted once")
    what = "counted twice" if more > 0 else "lost"
    return Outcome("loses", f"{abs(more)} of {STEPS} batches {what}")


def _saving_each_step(module, folder, hooks):
    return module.MonitoredTrainingSession(
        checkpoint_dir=folder,
        hooks=hooks,
        save_checkpoint_secs=None,
        save_checkpoint_steps=1,
        save_summaries_steps=None,
        save_summaries_secs=None,
        log_step_count_steps=None,
    )


def _chief_of_server(module, folder, hooks):
    server = tf.distribute.Server.create_local_server()
    return module.MonitoredTrainingSession(server.target, hooks=hooks)


def _worker_of_server(module, folder, hooks):
    server = tf.distribute.Server.create_local_server()
    with v1.Session(server.target) as chief:
        chief.run(v1.global_variables_initializer())
    return module.MonitoredTrainingSession(
        server.target, is_chief=False, hooks=hooks
    )


_SESSIONS = {
    "saved after the step": _saving_each_step,
    "chief of a server": _chief_of_server,
    "worker of a server": _worker_of_server,
}
FAULTS = {
    **{
        f"hook raises {name}": functools.partial(error_in_hook, error_type=name)
        for name in ERRORS
    },
    "hook raises AbortedError at every step": aborted_at_every_step,
    "hook fails after the step was applied": error_after_the_step,
    "run_step_fn after a recovery": step_fn_after_recovery,
    "queue ends": queue_ends,
    **hook_thread_faults.FAULTS,
}
