"""What it takes to start, to save and to recover, with many variables."""

import contextlib
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

import tensorflow as tf

import monitored_tf
from tests.benchmarks import graphs
from tests.benchmarks.rows import Row

v1 = tf.compat.v1
VARIABLES = 1000
ROUNDS = 3


def rows(variables=VARIABLES, rounds=ROUNDS):
    """Returns the rows, and whether every .meta was that of TensorFlow."""
    created = _created(variables, rounds)
    lives = [
        {side: _life(side, variables) for side in _SIDES} for _ in range(rounds)
    ]
    saved, recovered = (
        {side: min(life[side][what] for life in lives) for side in _SIDES}
        for what in ("save", "recovery")
    )
    many = f"{variables} variables"
    theirs = recovered["TF"]
    return [
        Row(f"creation, {many}", *created["ours"], "s", 1.05, 0.9),
        Row(f"creation, {many}, fast_start", *created["fast"], "s", 0.6, 0.5),
        Row(f"second save, {many}", saved["ours"], saved["TF"], "s", 0.1, 0.04),
        Row(
            f"recovery, {many}, saver",
            recovered["ours"],
            theirs,
            "s",
            0.75,
            0.6,
        ),
        Row(
            f"recovery, {many}, saver, fast_start",
            recovered["fast"],
            theirs,
            "s",
            0.25,
            0.15,
        ),
        _first_runs(),
    ]


def meta_is_the_same(variables=VARIABLES):
    """Returns whether all .meta files of both sides hold the same bytes."""
    with tf.Graph().as_default(), tempfile.TemporaryDirectory() as folder:
        train = _graph(variables)
        saver = v1.train.Saver(max_to_keep=100)
        folders = [os.path.join(folder, side) for side in ("theirs", "ours")]
        hooks = [
            hook(path, save_steps=1, saver=saver)
            for hook, path in zip(
                (
                    v1.train.CheckpointSaverHook,
                    monitored_tf.CheckpointSaverHook,
                ),
                folders,
            )
        ]
        with monitored_tf.MonitoredSession(hooks=hooks) as session:
            for _ in range(2):
                session.run(train)
        metas = [_files(folder, ".meta") for folder in folders]
    return metas[0] == metas[1] and len(metas[0]) == 3


def _files(folder, suffix):
    """Returns the contents of the files of this suffix, by name."""
    return {
        path.name: path.read_bytes()
        for path in pathlib.Path(folder).glob(f"*{suffix}")
    }


class _LosingHook(v1.train.SessionRunHook):
    """Loses the session at the next step, when it is told to."""

    def __init__(self):
        self.loses = False

    def before_run(self, run_context):
        if self.loses:
            self.loses = False
            raise tf.errors.AbortedError(None, None, "planted")


def _training_session(side, hook, folder):
    no_summaries = {
        "save_summaries_steps": None,
        "save_summaries_secs": None,
        "log_step_count_steps": None,
    }
    cadence = {"save_checkpoint_secs": None, "save_checkpoint_steps": 10**6}
    given = {
        "checkpoint_dir": folder,
        "hooks": [hook],
        **no_summaries,
        **cadence,
    }
    if side == "TF":
        return v1.train.MonitoredTrainingSession(**given)
    return monitored_tf.MonitoredTrainingSession(
        **given,
        fast_start=side == "fast",
        recovery=monitored_tf.RecoveryPolicy.tf(),
    )


_SIDES = ("TF", "ours", "fast")


def _graph(variables):
    losses = [
        tf.reduce_sum(v1.get_variable(f"v{n}", (4,), use_resource=True))
        for n in range(variables)
    ]
    return v1.train.GradientDescentOptimizer(0.1).minimize(
        tf.add_n(losses), v1.train.get_or_create_global_step()
    )


def _life(side, variables):
    """Returns the CPU seconds of a save and of a recovery."""
    hook = _LosingHook()
    with (
        tf.Graph().as_default(),
        tempfile.TemporaryDirectory() as folder,
    ):
        train = _graph(variables)
        session = _training_session(side, hook, folder)
        # Once each, so that neither side finds a run that it never saw.
        session.run(train)
        session.run(train)
        saver_hook = next(
            hook
            for hook in session._hooks
            if isinstance(hook, v1.train.CheckpointSaverHook)
        )
        raw_session = _raw(session)
        _secs(lambda: saver_hook._save(raw_session, 1))
        save = min(
            _secs(lambda n=n: saver_hook._save(raw_session, n))
            for n in (2, 3, 4)
        )
        hook.loses = True
        recovery = _secs(lambda: session.run(train))
        session.close()
    return {"save": save, "recovery": recovery}


def _raw(session):
    if isinstance(session, monitored_tf.MonitoredSession):
        return session.raw_session()
    return session._tf_sess()


def _secs(call):
    started = time.process_time()
    call()
    return time.process_time() - started


def _created(variables, rounds):
    """Returns pairs of seconds: that of a side, that of TensorFlow."""
    makers = {
        "TF": v1.train.MonitoredSession,
        "ours": monitored_tf.MonitoredSession,
        "fast": lambda: monitored_tf.MonitoredSession(
            monitored_tf.ChiefSessionCreator(fast_start=True)
        ),
    }
    least = dict.fromkeys(makers, float("inf"))
    for _ in range(rounds):
        for side, make in makers.items():
            with tf.Graph().as_default(), contextlib.ExitStack() as stack:
                _graph(variables)
                secs = _secs(_entering(stack, make))
            least[side] = min(least[side], secs)
    return {side: (secs, least["TF"]) for side, secs in least.items()}


def _first_runs(requests=300):
    """Compares the first run of requests that are all different."""
    times = {"TF": [], "ours": []}
    with tf.Graph().as_default():
        tensors = [tf.constant(n) + 1 for n in range(requests)]
        with graphs.pair() as pair:
            sessions = {"TF": pair.theirs, "ours": pair.ours}
            for tensor in tensors:
                for side in random.sample(list(sessions), 2):
                    started = time.thread_time()
                    sessions[side].run(tensor)
                    times[side].append(time.thread_time() - started)
    ours, theirs = (
        statistics.median(times[side]) * 1e6 for side in ("ours", "TF")
    )
    return Row("first run of a request", ours, theirs, "us", 1.05, 1.0)


def _entering(stack, make):
    return lambda: stack.enter_context(make())


_IMPORT = """
import time, tensorflow
started = time.perf_counter()
import monitored_tf
monitored_tf.MonitoredTrainingSession
print((time.perf_counter() - started) * 1000)
"""


def import_ms(rounds=5):
    """Returns the least milliseconds of an import after TensorFlow's."""
    return min(
        float(
            subprocess.run(
                [sys.executable, "-c", _IMPORT],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for _ in range(rounds)
    )
