"""Plants the faults on TensorFlow and on monitored_tf; prints a table.

Run with `python -m tests.faults`, followed by words to choose faults by.
"""

from __future__ import annotations

import collections
import os
import sys
import traceback

# Before TensorFlow is loaded: its C++ start-up lines belong to no fault.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tests.faults import (
    cluster_faults,
    hook_faults,
    hook_programs,
    saved_faults,
)

FAULTS = {
    **cluster_faults.FAULTS,
    **hook_faults.FAULTS,
    **saved_faults.FAULTS,
}
LIBRARIES = {"tf": "TensorFlow", "monitored_tf": "monitored_tf"}
# The other kinds of outcomes are faults of the library. What waits says so.
GOOD_KINDS = ("handled", "announced", "waits")
# How the faults begin in which the ps lives on, with all the variables.
LOSES_NO_STEP = (
    "chief killed and replaced, no checkpoint",
    "chief killed and replaced, with a checkpoint",
    "ps frozen for 20 s",
    "ps frozen for 3 s",
    "sync replicas: hook",
    "sync replicas: worker killed",
    "worker killed",
)


def plant(fault, scenario, tallies):
    """Plants a fault on each library.

    Args:
      fault: Its name.
      scenario: Given the library, returns the outcomes by name.
      tallies: For each library a Counter of what is good and what is not,
        which is added to.

    Returns:
      A cell of the table for each library.
    """
    cells = []
    for library, tally in tallies.items():
        found = outcomes_of(scenario, library)
        tally.update(is_good(fault, outcome) for outcome in found.values())
        cells.append(cell(found))
    return cells


def is_good(fault, outcome):
    """Returns whether an outcome is handled, with nothing lost, or announced.

    "Nothing" is what need not be lost: steps that the ps has, batches.
    """
    if outcome.kind not in GOOD_KINDS:
        return False
    if any(outcome.notes[note] for note in outcome.notes if "batch" in note):
        return False
    loses_no_step = fault.startswith(LOSES_NO_STEP)
    return not (loses_no_step and getattr(outcome, "steps_lost", None))


def outcomes_of(scenario, library):
    """Returns a scenario's outcomes; one that says so if it can't be played."""
    try:
        return scenario(library)
    except Exception as error:  # The other faults are shown all the same.
        traceback.print_exc()
        failed = hook_programs.Outcome("not planted", type(error).__name__)
        return {"scenario": failed}


def cell(found):
    """Returns outcomes as text; those that are equal are named together.

    Where there are none the library has nothing that could fail.
    """
    if not found:
        return "n/a"
    names = collections.defaultdict(list)
    for name, outcome in found.items():
        names[str(outcome)].append(name)
    return "; ".join(
        f"{', '.join(named)}: {text}" for text, named in names.items()
    )


def summary(library, tally):
    """Returns how many of a library's outcomes are good."""
    name = LIBRARIES[library]
    n_all = sum(tally.values())
    return f"{name}: handled or announced: {tally[True]} of {n_all}"


def main(words):
    """Prints the table of the faults that hold one of the words."""
    tallies = {library: collections.Counter() for library in LIBRARIES}
    print("| fault | TensorFlow | monitored_tf |\n|---|---|---|", flush=True)
    for fault, scenario in FAULTS.items():
        if not words or any(word in fault for word in words):
            cells = plant(fault, scenario, tallies)
            print(f"| {' | '.join([fault, *cells])} |", flush=True)
    print()
    for library, tally in tallies.items():
        print(summary(library, tally))


if __name__ == "__main__":
    main(sys.argv[1:])
