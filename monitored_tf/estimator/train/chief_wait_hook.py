"""Says which task a worker waits for as it starts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from monitored_tf import waiting
from monitored_tf.estimator.config.task_config import TaskType
from monitored_tf.session_run_hook import SessionRunHook


class ChiefWaitHook(SessionRunHook):
    """Says whom a worker waits for, until it has its first session.

    Args:
      jobs: Addresses by job, those of a chief or a master among them.
    """

    def __init__(self, jobs: Mapping[str, Any]) -> None:
        chief_type = (
            TaskType.CHIEF if TaskType.CHIEF in jobs else (TaskType.MASTER)
        )
        what = f"the variables, which the {_addressed(jobs, chief_type)} makes"
        if TaskType.PS in jobs:
            what += f" on the {_addressed(jobs, TaskType.PS)}"
        self._wait = waiting.Wait(what, lambda: "")

    def begin(self) -> None:
        """Begins to wait."""
        self._wait.since = time.monotonic()
        waiting.watch(self._wait)

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Ends the wait."""
        waiting.forget(self._wait)

    def close(self) -> None:
        """Ends it too if there was no session."""
        waiting.forget(self._wait)


def _addressed(jobs: Mapping[str, Any], job: str) -> str:
    addresses = jobs[job]
    if isinstance(addresses, Mapping):  # Not all of them are known.
        addresses = addresses.values()
    return f"{job} at {', '.join(addresses)}"
