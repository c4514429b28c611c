"""Faults that come while a checkpoint is written in the background.

TensorFlow writes none there: there is nothing to plant them in.
"""

from __future__ import annotations

import contextlib
import functools
import signal
import tempfile

from monitored_tf import saves_in_flight
from monitored_tf.testing import Fault, FaultHook
from tests import disk_outages as outages
from tests.faults import (
    hook_programs,
    saved_disk_faults,
    saved_graph_faults,
    saved_programs as programs,
    saved_roles as roles,
    saved_signal_faults,
)

_in_background = functools.partial(functools.partial, async_save=True)


@contextlib.contextmanager
def _read_only(folder):
    """A folder can't be written while this holds."""
    # Nor can it be made so while a file is open for writing.
    saves_in_flight.wait(folder)
    with outages.read_only(folder):
        yield


def session_lost(library):
    """The session is lost while its last step is on its way to the disk."""
    hook = FaultHook(Fault("before_run", programs.SAVED + 1))
    with tempfile.TemporaryDirectory() as folder:
        with roles.slow_save(programs.SAVED):
            progress = hook_programs.watched(_train, library, folder, hook)
    return {
        "recovery": programs.judged(progress, programs.SAVED, programs.SAVED)
    }


def _train(progress, library, folder, hook):
    last_step = programs.SAVED + 2
    programs.train(
        progress, library, folder, [hook], last_step, async_save=True
    )


def _ours(scenario):
    """Returns a scenario that plants nothing in TensorFlow."""

    def planted(library, **options):
        return {} if library == "tf" else scenario(library, **options)

    return planted


_SCENARIOS = {
    "folder unwritable": _in_background(
        saved_disk_faults.outage, break_folder=_read_only
    ),
    "disk full": _in_background(
        saved_disk_faults.outage,
        break_folder=outages.full,
        make_disk=outages.small_disk,
    ),
    "kill -9": _in_background(saved_disk_faults.killed_in_a_save),
    "weights become NaN": _in_background(saved_graph_faults.nan_weights),
    "session lost": session_lost,
    "SIGTERM": functools.partial(
        saved_signal_faults.signalled,
        number=signal.SIGTERM,
        acts=saved_signal_faults.ACTS_IN_A_SAVE,
    ),
}
FAULTS = {
    f"save in the background: {name}": _ours(scenario)
    for name, scenario in _SCENARIOS.items()
}
