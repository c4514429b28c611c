"""Plants the faults on TensorFlow and on monitored_tf; prints a table.

Run with `python -m tests.faults`, followed by words to choose faults by.
"""

from __future__ import annotations

import functools
import sys

from tests.faults import scenarios

_partial = functools.partial
FAULTS = {
    "ps killed, replaced at once": scenarios.ps_replaced,
    "ps killed, replaced after 3 s": _partial(
        scenarios.ps_replaced, after_secs=3.0
    ),
    "chief killed and replaced, with a checkpoint": scenarios.chief_replaced,
    "chief killed and replaced, no checkpoint": _partial(
        scenarios.chief_replaced, saves=False
    ),
    "chief killed and replaced, keeps_live_state=False": _partial(
        scenarios.chief_replaced, keeps_live_state=False
    ),
    "worker killed and replaced": scenarios.worker_replaced,
    "worker dead for ever, then chief, then ps replaced": (
        scenarios.worker_dead_for_ever
    ),
    "ps frozen for 3 s": scenarios.ps_frozen,
    "ps frozen for 3 s, step timeout 1 s": _partial(
        scenarios.ps_frozen, step_timeout_secs=1.0
    ),
    "ps frozen, killed, replaced; step timeout 1 s": (
        scenarios.ps_frozen_then_killed
    ),
    "ps never back; 3 s to recover": scenarios.ps_never_back,
    "chief never back; max_wait_secs 3": scenarios.chief_never_back,
    "hook of the chief fails after a step": scenarios.error_after_the_step,
    "hook of a worker fails after a step": _partial(
        scenarios.error_after_the_step, hooked="worker"
    ),
}


def row(fault, scenario):
    """Returns a row of the table; plants the fault twice."""
    cells = [fault]
    for library in ("tf", "monitored_tf"):
        found = scenario(library)
        cells.append(
            "; ".join(f"{name}: {outcome}" for name, outcome in found.items())
        )
    return f"| {' | '.join(cells)} |"


def main(words):
    """Prints the table of the faults that hold one of the words."""
    print("| fault | TensorFlow | monitored_tf |\n|---|---|---|", flush=True)
    for fault, scenario in FAULTS.items():
        if not words or any(word in fault for word in words):
            print(row(fault, scenario), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
