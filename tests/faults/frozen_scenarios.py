"""A ps that is frozen: its connections stay open, nobody answers.

Scenarios as in `scenarios`.
"""

from __future__ import annotations

import time

from tests.faults import outcomes
from tests.faults.scenarios import (
    GIVE_UP_SECS,
    ours,
    replace_ps,
    running,
    step_timeout,
    watch_both,
)


def ps_frozen(
    library,
    frozen_secs=3.0,
    step_timeout_secs=None,
    give_up_secs=GIVE_UP_SECS,
):
    """The ps is frozen, and goes on later."""
    limit = {}
    if step_timeout_secs:
        limit = step_timeout(library, step_timeout_secs)
    with running(library, saves=True, **limit) as cluster:
        cluster.stop("ps")
        frozen = time.monotonic()
        time.sleep(frozen_secs)
        cluster.resume("ps")
        since = time.monotonic()
        found = watch_both(cluster, since, frozen, give_up_secs)
        _note_losses(cluster, found, frozen)
        return found


def ps_frozen_then_killed(library):
    """The ps is frozen, then killed and replaced."""
    limit = step_timeout(library, 1.0)
    with running(library, saves=True, **limit) as cluster:
        cluster.stop("ps")
        frozen = time.monotonic()
        time.sleep(1.5)
        return watch_both(cluster, replace_ps(cluster), frozen)


def ps_frozen_for_ever(library, step_timeout_secs=1.0, max_recovery_secs=3.0):
    """The ps is frozen and never thaws; ours has some seconds to recover."""
    limit = step_timeout(library, step_timeout_secs)
    if "policy" in limit:
        limit = ours(
            library, **limit["policy"], max_recovery_secs=max_recovery_secs
        )
    with running(library, saves=True, **limit) as cluster:
        cluster.stop("ps")
        frozen = time.monotonic()
        return {
            task: outcomes.watch(
                cluster,
                task,
                # A step that was under way may still be said.
                since=frozen + 0.1,
                fault_at=frozen,
                timeout_secs=2 * GIVE_UP_SECS,
                curable=False,
            )
            for task in ("chief", "worker")
        }


def _note_losses(cluster, found, frozen):
    for task, outcome in found.items():
        for lost_at in outcomes.losses(cluster, task)[:1]:
            outcome.notes["noticed after s:"] = lost_at - frozen
