"""What became of a task after a fault, as its output shows."""

from __future__ import annotations

import dataclasses
import re
import time

from tests.faults import roles


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Attributes:
      kind: "handled", it stepped again; "announced", it ended with an error
        as it must; "dies", it ended though it could have gone on; "hangs";
        "waits", it hangs and says so.
      secs: Seconds until then.
      steps_lost: How far its global step fell back.
      error: Type of the error that ended it, and of its cause; or what it said.
      exit_code: Of its process; None if it goes on.
      notes: More that was measured, by name.
    """

    kind: str
    secs: float
    steps_lost: int | None = None
    error: str = ""
    exit_code: int | None = None
    notes: dict[str, float] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        if self.kind == "hangs":
            return f"hangs (gave up waiting after {self.secs:.0f} s)"
        if self.kind == "waits":
            return f"waits, and logs '{self.error}'"
        if self.kind == "handled":
            lost = (
                ""
                if self.steps_lost is None
                else f"{self.steps_lost} steps lost"
            )
            parts = [f"handled in {self.secs:.1f} s", lost]
        else:
            parts = [
                f"{self.kind}: {self.error} after {self.secs:.1f} s",
                f"exit code {self.exit_code}",
            ]
        parts += [f"{name} {value:.3g}" for name, value in self.notes.items()]
        return ", ".join(part for part in parts if part)


def steps(cluster, job):
    """Returns what a task said of its steps: pairs of number and time."""
    lines = re.findall(r"^step (\d+) at ([\d.]+)\n", cluster.output(job), re.M)
    return [(int(number), float(at)) for number, at in lines]


def losses(cluster, job):
    """Returns when a task of ours saw its sessions lost, as monotonic time."""
    found = re.findall(r"^recovery of ([\d.]+)", cluster.output(job), re.M)
    return [float(at) for at in found]


def watch(cluster, job, *, since, timeout_secs, fault_at=None, curable=True):
    """Waits for what becomes of a task.

    Args:
      cluster: The `LocalCluster`.
      job: The task's job, of which it is the only one.
      since: `time.monotonic()`; a step said later shows that it goes on.
      timeout_secs: Seconds to wait; longer than that is a hang.
      fault_at: When the fault was planted, if not at `since`: what it dies of
        is timed from then.
      curable: Whether it could have gone on.

    Returns:
      The `Outcome`.
    """
    deadline = time.monotonic() + timeout_secs
    while time.monotonic() < deadline:
        # Asked before the output is read: nothing comes after the end.
        is_alive = cluster.is_alive(job)
        said = steps(cluster, job)
        after = [step for step in said if step[1] > since]
        if after:
            before = [number for number, at in said if at <= since]
            lost = max(0, max(before, default=0) - after[0][0] + 1)
            return Outcome("handled", after[0][1] - since, lost)
        if not is_alive:
            return _end(cluster, job, fault_at or since, curable)
        time.sleep(0.02)
    return Outcome("hangs", timeout_secs)


def assert_handled(outcome, within_secs):
    """Asserts that a task went on so soon."""
    assert outcome.kind == "handled", outcome
    assert outcome.secs < within_secs, outcome


def assert_from_checkpoint(outcome):
    """Asserts that the steps since the checkpoint are lost, no others."""
    assert 0 < outcome.steps_lost <= roles.STEPS_PER_CHECKPOINT, outcome


def _end(cluster, job, fault_at, curable):
    exit_code = cluster.exit_code(job)
    raised = re.findall(
        r"^raised (\w+) from (\w+) at ([\d.]+)\n", cluster.output(job), re.M
    )
    if not raised:
        secs = time.monotonic() - fault_at
        return Outcome("dies", secs, error="in silence", exit_code=exit_code)
    error, cause, at = raised[-1]
    named = error if cause == "NoneType" else f"{error} (from {cause})"
    kind = "dies" if curable or not exit_code else "announced"
    secs = float(at) - fault_at
    return Outcome(kind, secs, error=named, exit_code=exit_code)
