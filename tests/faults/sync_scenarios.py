"""Sync replicas, a chief and a worker, that lose one of theirs.

Scenarios as in `scenarios`. A step needs the gradients of both.
"""

from __future__ import annotations

import dataclasses
import re
import time

from tests.faults import outcomes, sync_roles
from tests.faults.scenarios import (
    ours,
    replace_ps,
    running,
    step_timeout,
    watch_both,
)

# What is under way at the end of the worker, gradients that it sent and tokens
# that are left over, still makes a step or two.
_LAST_STEPS_SECS = 0.6
# Until our session has said what it waits for: after 10 s, to the second.
_SAID_SECS = 14.0


def worker_replaced(library):
    """The worker is killed; the chief goes on once it is replaced."""
    with running(library, main=sync_roles.play) as cluster:
        cluster.kill("worker")
        time.sleep(_LAST_STEPS_SECS)
        stopped_at = outcomes.steps(cluster, "chief")[-1]
        cluster.start("worker")
        since = float(
            cluster.wait_for_output(r"serving at (\S+)\n", "worker")[1]
        )
        found = watch_both(cluster, since)
        found["chief"].notes["chief waited s:"] = since - stopped_at[1]
        return found


def ps_replaced(library):
    """The ps is killed and replaced; the chief restores its checkpoint."""
    with running(library, main=sync_roles.play, saves=True) as cluster:
        return watch_both(cluster, replace_ps(cluster))


def error_after_the_step(library, hooked="chief"):
    """A hook fails with Aborted while all tasks live."""
    with running(library, main=sync_roles.play, hooked=hooked) as cluster:
        failed = cluster.wait_for_output(r"^failed at (\S+)\n", hooked)
        return watch_both(cluster, float(failed[1]))


def worker_dead_for_ever(library, step_timeout_secs=None):
    """The worker is killed and not replaced: no step can be made.

    A chief that only logs that it waits "waits".
    """
    limit = {}
    if step_timeout_secs:
        # The chief's queue runner waits as long as the step does: a limit for
        # its run would come first, or not, by chance.
        limit = (
            step_timeout(library, step_timeout_secs)
            if library == "tf"
            else ours(library, step_timeout_secs=step_timeout_secs)
        )
    with running(library, main=sync_roles.play, **limit) as cluster:
        cluster.kill("worker")
        killed = time.monotonic()
        chief = outcomes.watch(
            cluster,
            "chief",
            since=killed + _LAST_STEPS_SECS,
            fault_at=killed,
            timeout_secs=_SAID_SECS,
            curable=False,
        )
        said = re.search("Waiting .*", cluster.output("chief"))
        if chief.kind == "hangs" and said:
            chief = dataclasses.replace(chief, kind="waits", error=said[0])
        return {"chief": chief}
