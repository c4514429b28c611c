"""Which tasks a `LocalCluster` has, and at which addresses."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterable, Mapping

_HOST = "127.0.0.1"
_handed_out: set[int] = set()


class ClusterLayout:
    """The jobs, tasks and addresses of a cluster."""

    def __init__(self, jobs: Mapping[str, int]) -> None:
        if not jobs or not all(
            isinstance(count, int) and count > 0 for count in jobs.values()
        ):
            raise ValueError(
                'jobs must map names to numbers of tasks, as in {"ps": 1, '
                f'"worker": 2}}. Got {jobs!r}.'
            )
        self._addresses = _free_addresses(jobs)

    def tasks(
        self, names: Iterable[str | tuple[str, int]] | None = None
    ) -> list[tuple[str, int]]:
        """All tasks, or those of these jobs and pairs of job and index."""
        tasks: list[tuple[str, int]] = []
        for name in self._addresses if names is None else names:
            if isinstance(name, str):
                self.address(name, 0)
                indices = range(len(self._addresses[name]))
                tasks += [(name, index) for index in indices]
            else:
                self.address(*name)
                tasks.append(name)
        return tasks

    def address(self, job: str, index: int) -> str:
        """The address of a task; ValueError if there is no such task."""
        if job not in self._addresses:
            raise ValueError(
                f"The jobs of this cluster are {sorted(self._addresses)}. "
                f"Got {job!r}."
            )
        addresses = self._addresses[job]
        if index not in range(len(addresses)):
            raise ValueError(
                f"Job {job!r} has the indices 0 to {len(addresses) - 1}. "
                f"Got {index!r}."
            )
        return addresses[index]

    def tf_config(self, job: str, index: int) -> str:
        """The JSON text that tells a task who it is."""
        self.address(job, index)
        task = {"type": job, "index": index}
        return json.dumps({"cluster": self._addresses, "task": task})


def _free_addresses(jobs: Mapping[str, int]) -> dict[str, list[str]]:
    ports = iter(_free_ports(sum(jobs.values())))
    return {
        job: [f"{_HOST}:{next(ports)}" for _ in range(count)]
        for job, count in jobs.items()
    }


def _free_ports(count: int) -> list[int]:
    ports: list[int] = []
    # All stay open until the last is chosen, so that none comes twice.
    with contextlib.ExitStack() as sockets:
        while len(ports) < count:
            bound = sockets.enter_context(socket.socket())
            bound.bind((_HOST, 0))
            port = bound.getsockname()[1]
            if port not in _handed_out:
                _handed_out.add(port)
                ports.append(port)
    return ports
