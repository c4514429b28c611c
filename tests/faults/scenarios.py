"""The faults: each is planted in a new cluster of one of the two libraries.

A scenario takes the library, "tf" or "monitored_tf", and returns what became
of it by the name of what is watched. A hang is given up on after GIVE_UP_SECS,
where no other time is given.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import tempfile
import time

from monitored_tf.testing import LocalCluster
from tests.faults import outcomes, roles

GIVE_UP_SECS = 10.0
# A step that was under way when a signal was sent may still be said.
_IN_FLIGHT_SECS = 0.1
_WATCHED = ("chief", "worker")


@contextlib.contextmanager
def running(library, *, workers=1, main=roles.play, **options):
    """Yields a cluster that has saved a checkpoint and trained on.

    Args:
      library: As in a scenario.
      workers: 1 or 0.
      main: What each task does.
      **options: Of `roles.train`.
    """
    jobs = {"ps": 1, "chief": 1, "worker": workers}
    jobs = {job: count for job, count in jobs.items() if count}
    with tempfile.TemporaryDirectory() as folder:
        options = {"library": library, "folder": folder, **options}
        with LocalCluster(jobs, main, (options,), life_secs=150) as made:
            made.wait_for_output("^step ", "chief", timeout_secs=30)
            if workers:
                made.wait_for_output("^step ", "worker")
            _wait_until_far_from_checkpoint(made)
            yield made


def _wait_until_far_from_checkpoint(cluster):
    while not _is_far_from_checkpoint(outcomes.steps(cluster, "chief")):
        if not cluster.is_alive("chief"):
            raise RuntimeError(f"No fault yet:\n{cluster.output('chief')}")
        time.sleep(0.02)


def _is_far_from_checkpoint(steps):
    beyond = steps[-1][0] % roles.STEPS_PER_CHECKPOINT
    return steps[-1][0] > beyond and beyond > roles.STEPS_PER_CHECKPOINT * 0.6


def ours(library, **policy):
    """Returns the option of a policy, for our library."""
    return {"policy": policy} if library == "monitored_tf" else {}


def step_timeout(library, secs):
    """Returns the options that limit a step, and what its hooks run."""
    if library == "tf":
        return {"operation_timeout_secs": secs}
    return ours(library, step_timeout_secs=secs, hook_run_timeout_secs=secs)


def watch_both(cluster, since, fault_at=None, give_up_secs=GIVE_UP_SECS):
    """Returns what becomes of chief and worker after a fault of their ps."""
    found = {
        task: outcomes.watch(
            cluster,
            task,
            since=since,
            fault_at=fault_at,
            timeout_secs=give_up_secs,
        )
        for task in _WATCHED
    }
    # It comes back to a step that the chief has brought up again.
    found["worker"] = dataclasses.replace(found["worker"], steps_lost=None)
    return found


def replace_ps(cluster, after_secs=0.0):
    """Kills and replaces the ps; returns when the new one accepts."""
    cluster.kill("ps")
    time.sleep(after_secs)
    cluster.start("ps")
    return float(cluster.wait_for_output(r"serving at (\S+)\n", "ps")[1])


def replace_chief(cluster):
    """Kills and replaces the chief; returns what becomes of it."""
    cluster.kill("chief")
    since = time.monotonic()
    cluster.start("chief")
    return outcomes.watch(
        cluster, "chief", since=since, timeout_secs=GIVE_UP_SECS
    )


def ps_replaced(library, after_secs=0.0, give_up_secs=GIVE_UP_SECS):
    """The ps is killed and replaced; the chief restores its checkpoint."""
    with running(library, saves=True) as cluster:
        since = replace_ps(cluster, after_secs)
        return watch_both(cluster, since, give_up_secs=give_up_secs)


def chief_replaced(library, saves=True, **policy):
    """The chief is killed and replaced while ps and worker live."""
    with running(library, saves=saves, **ours(library, **policy)) as cluster:
        chief = replace_chief(cluster)
        worker = outcomes.watch(
            cluster, "worker", since=time.monotonic(), timeout_secs=GIVE_UP_SECS
        )
        return {"chief": chief, "worker": worker}


def worker_replaced(library):
    """The worker is killed and replaced."""
    with running(library) as cluster:
        cluster.kill("worker")
        since = time.monotonic()
        cluster.start("worker")
        return watch_both(cluster, since)


def worker_dead_for_ever(library):
    """The worker dies for ever; then chief and ps are replaced in turn."""
    with running(library, saves=True) as cluster:
        cluster.kill("worker")
        after_chief = replace_chief(cluster)
        since = replace_ps(cluster)
        after_ps = outcomes.watch(
            cluster, "chief", since=since, timeout_secs=GIVE_UP_SECS
        )
        return {"chief replaced": after_chief, "then ps": after_ps}


def ps_never_back(library, max_recovery_secs=3.0):
    """The ps is killed for ever; ours has some seconds to recover."""
    policy = ours(library, max_recovery_secs=max_recovery_secs)
    with running(library, workers=0, saves=True, **policy) as cluster:
        so_far = len(cluster.output("chief"))
        cluster.kill("ps")
        killed = time.monotonic()
        found = outcomes.watch(
            cluster,
            "chief",
            since=killed + _IN_FLIGHT_SECS,
            fault_at=killed,
            timeout_secs=GIVE_UP_SECS,
            curable=False,
        )
        _note_costs(found, cluster.output("chief")[so_far:])
        return {"chief": found}


def _note_costs(outcome, output):
    used = re.search(r"^cpu ([\d.]+) in ([\d.]+)", output, re.M)
    if used:
        waiting = output[: used.start()]
        outcome.notes["% of a core:"] = 100 * float(used[1]) / float(used[2])
        # TensorFlow's C++ logs on its own.
        outcome.notes["log lines:"] = len(
            re.findall(r"^\w+:absl:", waiting, re.M)
        )


def chief_never_back(library, max_wait_secs=3.0):
    """Chief and ps are lost, only the ps is replaced; the worker waits."""
    with running(library, max_wait_secs=max_wait_secs) as cluster:
        cluster.kill("chief")
        since = replace_ps(cluster)
        worker = outcomes.watch(
            cluster,
            "worker",
            since=since,
            timeout_secs=GIVE_UP_SECS,
            curable=False,
        )
        return {"worker": worker}


def error_after_the_step(library, hooked="chief"):
    """A hook fails with Aborted after the step was applied on the ps."""
    with running(library, hooked=hooked) as cluster:
        said = cluster.wait_for_output(
            r"^fed (\d+) counted (\d+) ", hooked, timeout_secs=GIVE_UP_SECS
        )
        times = [at for _, at in outcomes.steps(cluster, hooked)]
        longest = max(b - a for a, b in zip(times, times[1:]))
        more = int(said[2]) - int(said[1])
        note = "batches lost:" if more < 0 else "batches counted twice:"
        return {
            hooked: outcomes.Outcome(
                "handled", longest, notes={note: abs(more)}
            )
        }
