"""Prints how long a save keeps the training thread, async against sync.

    python -m tests.benchmarks.background_saves [FOLDER]

Median over the saves of the time spent in the hook per save, from one save to
the next; the two kinds take turns, in one process. FOLDER is where the
checkpoints go: give one on the disk or the network that is meant.
"""

import contextlib
import os
import statistics
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

import monitored_tf
from monitored_tf import saves_in_flight
from tests.benchmarks import rows

v1 = tf.compat.v1
# Number of variables, and the shape of each.
MODELS = {
    "1 variable, 64 MB": (1, (4096, 4096)),
    "16 variables, 64 MB": (16, (1024, 1024)),
    "1000 variables of 256 bytes": (1000, (8, 8)),
}
SAVES = 15
HEADER = ("model", "sync, ms", "async, ms", "ratio")


class TimedHook(monitored_tf.CheckpointSaverHook):
    """Keeps how long its part of the steps takes."""

    def __init__(self, folder, async_save):
        super().__init__(
            folder,
            save_steps=1,
            saver=v1.train.Saver(max_to_keep=2),
            async_save=async_save,
        )
        self.secs = 0.0

    def after_run(self, run_context, run_values):
        started = time.perf_counter()
        super().after_run(run_context, run_values)
        self.secs += time.perf_counter() - started


def measured(name, parent):
    """Returns the cells of a row."""
    count, shape = MODELS[name]
    with contextlib.ExitStack() as stack:
        stack.enter_context(tf.Graph().as_default())
        step = v1.train.get_or_create_global_step()
        train = v1.assign_add(step, 1)
        for number in range(count):
            v1.get_variable(f"tower/layer_{number}/kernel", shape)
        hooks = {}
        for kind in ("sync", "async"):
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(dir=parent)
            )
            hooks[kind] = TimedHook(folder, kind == "async")
        session = stack.enter_context(
            monitored_tf.MonitoredSession(hooks=list(hooks.values()))
        )
        times = {kind: [] for kind in hooks}
        for _ in range(SAVES):
            for kind, hook in hooks.items():
                hook.secs = 0.0
                session.run(train, hooks=[hook])
                while saves_in_flight.are_any():
                    time.sleep(0.001)
                times[kind].append(hook.secs)
    ms = {kind: statistics.median(t) * 1000 for kind, t in times.items()}
    return (
        name,
        f"{ms['sync']:.1f}",
        f"{ms['async']:.1f}",
        f"{ms['async'] / ms['sync']:.2f}",
    )


def main():
    parent = sys.argv[1] if len(sys.argv) > 1 else None
    tf.get_logger().setLevel("ERROR")
    print(rows.table(HEADER, [measured(name, parent) for name in MODELS]))


if __name__ == "__main__":
    main()
