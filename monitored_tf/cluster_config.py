"""What a cluster and a task in it must look like, and what to say if not."""

from __future__ import annotations

import collections
import difflib
import json
import operator
import re
from typing import Any, NamedTuple

import tensorflow as tf

from monitored_tf import errors

CHIEF_TYPES = ("chief", "master")
# What TensorFlow and its Estimator read. Platforms add some of their own.
_KEYS = (
    "cluster",
    "task",
    "environment",
    "model_dir",
    "rpc_layer",
    "service",
    "session_master",
    "eval_session_master",
)


class Place(NamedTuple):
    """A cluster, None for a task on its own, and which task of it this is."""

    cluster: Any
    task_type: str
    task_id: int


class Source(NamedTuple):
    """Where a cluster was read, and what its parts are called there."""

    name: str
    task_type: str
    task_id: str

    def require(self, holds: object, otherwise: str) -> None:
        """Raises InvalidClusterError with this text unless that holds."""
        if not holds:
            raise errors.InvalidClusterError(f"{self.name} has {otherwise}.")


def checked_config(
    source: Source, tf_config: Any, *, needs_task: bool = True
) -> dict[str, Any]:
    """Returns the object of TF_CONFIG; its cluster is not looked into.

    Args:
      source: What errors name.
      tf_config: JSON text or the object.
      needs_task: Whether one with a cluster must say which task this is.

    Raises:
      InvalidClusterError: says what is wrong.
    """
    if isinstance(tf_config, str):
        tf_config = _parsed(tf_config) if tf_config.strip() else {}
    source.require(
        isinstance(tf_config, dict),
        f"the value {tf_config!r:.60}, but it must be a JSON object: write "
        '{"cluster": {...}, "task": {...}}',
    )
    config: dict[str, Any] = tf_config
    _check_keys(source, config)
    source.require(
        "task" in config or not (needs_task and config.get("cluster")),
        'a "cluster", but no "task" to say which of its tasks this is: add '
        '{"task": {"type": ..., "index": ...}}',
    )
    source.require(
        isinstance(config.get("task", {}), dict),
        f"the task {config.get('task')!r:.60}, but it must be an object: "
        'write {"type": ..., "index": ...}',
    )
    return config


def _check_keys(source: Source, config: dict[str, Any]) -> None:
    for key in config:
        # Keys of other makers pass, as Google Cloud's "job".
        known = difflib.get_close_matches(str(key).lower(), _KEYS, 1, 0.7)
        source.require(
            key in _KEYS or not known,
            f"the key {key!r}, but the keys are {', '.join(_KEYS)}: rename it "
            f"to {''.join(known)!r}",
        )
    for key in ("rpc_layer", "session_master", "eval_session_master"):
        value = config.get(key)
        source.require(
            value is None or isinstance(value, str),
            f"the {key} {value!r:.60}, but it must be a string: "
            "write it in quotes, or leave it out",
        )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise errors.InvalidClusterError(
            f"TF_CONFIG has the text {text!r:.60}, but it must be JSON, which "
            f"this is not ({error}): write it with json.dumps()."
        ) from error


def checked_place(
    source: Source, cluster: Any, task_type: Any, task_id: Any
) -> Place:
    """Returns where a task is, once that is found to make sense.

    Args:
      source: What errors name.
      cluster: Addresses by job, as a list or by index.
      task_type: Its job.
      task_id: Its index in that job, a number or one in a string.

    Raises:
      InvalidClusterError: says what is wrong.
    """
    jobs = _checked_jobs(source, cluster)
    if not jobs:
        # As Estimator: a task that is not told otherwise is worker 0.
        task_type = "worker" if task_type is None else task_type
        task_id = 0 if task_id is None else task_id
    source.require(
        isinstance(task_type, str),
        f"the task type {task_type!r:.60}, but it must be the name of a job: "
        f"set {source.task_type} to one of {', '.join(jobs) or 'worker'}",
    )
    index = _index(task_id)
    if index is None:
        source.require(
            False,
            f"the task index {task_id!r:.60}, but it must be a number from 0 "
            f"on: set {source.task_id} to the place of this task in its job",
        )
    elif task_type != "evaluator":
        _check_member(source, jobs, task_type, index)
    # An evaluator is none of those that train: nobody may wait for it.
    trains = {job: tasks for job, tasks in jobs.items() if job != "evaluator"}
    if not trains or task_type == "evaluator":
        return Place(None, task_type, index or 0)
    return Place(tf.train.ClusterSpec(trains), task_type, index or 0)


def _check_member(
    source: Source, jobs: dict[str, Any], task_type: str, index: int
) -> None:
    members = jobs or dict.fromkeys(("worker", *CHIEF_TYPES), {0: ""})
    whose = "its cluster" if jobs else "a task without a cluster"
    source.require(
        task_type in members,
        f"the task type {task_type!r}, but the jobs of {whose} are "
        f"{', '.join(members)}: correct {source.task_type} or the cluster",
    )
    source.require(
        index in members[task_type],
        f"the task index {index}, but job {task_type!r} of {whose} has only "
        f"{', '.join(map(str, members[task_type]))}: correct {source.task_id} "
        "or the cluster",
    )


def _checked_jobs(source: Source, cluster: Any) -> dict[str, dict[Any, str]]:
    source.require(
        isinstance(cluster, dict),
        f"the cluster {cluster!r:.60}, but it must be an object of jobs: write "
        '{"worker": ["host:port", ...], ...}',
    )
    jobs = {
        job: _checked_addresses(source, job, addresses)
        for job, addresses in cluster.items()
    }
    found = [address for tasks in jobs.values() for address in tasks.values()]
    source.require(
        found or not cluster,
        f"no addresses in the cluster {cluster!r:.60}, but this task needs its "
        'own at least: write {"worker": ["host:port", ...], ...}',
    )
    for address, count in collections.Counter(found).items():
        source.require(
            count == 1,
            f"the address {address!r} more than once, but each task needs its "
            "own: give tasks on the same host different ports",
        )
    chiefs = [job for job in CHIEF_TYPES for _ in jobs.get(job, ())]
    source.require(
        len(chiefs) <= 1,
        f"the tasks {', '.join(chiefs)}, but only one of a cluster can be the "
        "chief: make the others workers",
    )
    return {job: tasks for job, tasks in jobs.items() if tasks}


def _checked_addresses(
    source: Source, job: Any, addresses: Any
) -> dict[Any, str]:
    source.require(
        isinstance(addresses, (list, tuple, dict)),
        f"the addresses {addresses!r:.60} of job {job!r}, but they must be a "
        'list: write ["host:port", ...]',
    )
    # A sparse job may be {}: those whose addresses this task need not know.
    source.require(
        addresses or isinstance(addresses, dict),
        f"no addresses for job {job!r}, but a job has a task or more: write "
        '["host:port", ...], or leave the job out',
    )
    if not isinstance(addresses, dict):
        addresses = dict(enumerate(addresses))
    for key, address in addresses.items():
        source.require(
            _index(key) is not None,
            f"the index {key!r:.60} in job {job!r}, but it must be a number "
            'from 0 on: write {"0": "host:port", ...}',
        )
        source.require(
            _is_address(address),
            f"the address {address!r:.60} in job {job!r}, but it must be a "
            'host and a port up to 65535: write "host:port"',
        )
    return {_index(key): address for key, address in addresses.items()}


def _index(value: Any) -> int | None:
    """Returns an index, or that in a string; None for anything else."""
    if isinstance(value, str):
        return int(value) if value.strip().isdecimal() else None
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        return None
    number = operator.index(value)
    return number if number >= 0 else None


def _is_address(value: Any) -> bool:
    # A host with a slash kills the process in TensorFlow 2.12.
    return isinstance(value, str) and bool(
        re.fullmatch(r"[^\s/]+:[0-9]{1,5}", value)
        and int(value.rpartition(":")[2]) < 2**16
    )
