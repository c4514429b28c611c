"""Ends a task whose collectives wait for a task that is lost."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf.hooks.peer import Health, Peer
from monitored_tf.hooks.peer_watch import PeerWatch, Run, WatchSettings
from monitored_tf.session_run_hook import SessionRunHook

# 75 (EX_TEMPFAIL) and all others below 128 are for good to Kubeflow, which
# starts nothing again after them. It leaves 138 to users, for what is worth
# another try. Slurm takes any number: RequeueExit=138.
PEER_LOST_EXIT_CODE = 138

_COLLECTIVE_JOBS = ("chief", "worker")


class PeerHealthHook(SessionRunHook):
    """Watches the other tasks of a collective strategy; ends this one for them.

    A step with collectives waits for ever for a task that died, or fails again
    after each recovery, and a task that is started again cannot join. All tasks
    have to start again, from the last checkpoint, which is the scheduler's
    work. So where a run waits while a task is gone, this hook

    *   logs an error that names the task,
    *   reports a `PeerLostError` to the coordinator,
    *   closes the raw session, which ends the run,
    *   ends the process with the same exit code if the session was not closed
        `exit_grace_secs` later, or at once if a session is being made.

    Each task opens a connection to each other task every `poll_secs`. As long
    as no run waits, tasks may come late, and go when they are done. Give this
    hook last, so that what other hooks run in their `after_run` is watched
    too. What is run outside of `session.run` with hooks is not: in `end()`,
    on the raw session, or with `hooks=()`.

    Args:
      cluster: `tf.train.ClusterSpec` or what it is made from; that of
        TF_CONFIG if None. Its jobs "chief" and "worker" are watched.
      task_type: The job of this task. Give it with `cluster`.
      task_id: Its index in that job. Give it with `cluster`.
      poll_secs: Seconds between two looks at the tasks.
      grace_secs: Seconds that a run waits for a task whose process has ended.
      silent_grace_secs: The same for one that does not answer: it is frozen,
        or its machine is down or cut off. It may come back.
      start_grace_secs: The same for one that has not answered yet.
      exit_grace_secs: Seconds that the process has to close the session, once
        a task is lost.
      exit_code: Of the process, 1 to 255. The default is one that Kubeflow
        tries again after.

    Raises:
      ValueError: if one of the seconds is not above 0, the exit code is none,
        or this task is not in the cluster.
    """

    def __init__(
        self,
        cluster: Any = None,
        task_type: str | None = None,
        task_id: int | None = None,
        *,
        poll_secs: float = 2.0,
        grace_secs: float = 10.0,
        silent_grace_secs: float = 120.0,
        start_grace_secs: float = 7200.0,
        exit_grace_secs: float = 10.0,
        exit_code: int = PEER_LOST_EXIT_CODE,
    ) -> None:
        secs = (
            poll_secs,
            grace_secs,
            silent_grace_secs,
            start_grace_secs,
            exit_grace_secs,
        )
        if min(secs) <= 0:
            raise ValueError(f"All seconds must be above 0. Got {secs}.")
        if not 1 <= exit_code <= 255:
            raise ValueError(f"exit_code must be 1 to 255. Got {exit_code!r}.")
        if cluster is None:
            resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
            cluster = resolver.cluster_spec()
            task_type, task_id = resolver.task_type, resolver.task_id
        self._addresses = _peer_addresses(cluster, task_type, task_id)
        self._settings = WatchSettings(
            poll_secs=poll_secs,
            grace_secs={
                Health.GONE: grace_secs,
                Health.SILENT: silent_grace_secs,
                Health.UNSEEN: start_grace_secs,
            },
            exit_grace_secs=exit_grace_secs,
            exit_code=exit_code,
        )
        self._run: Run | None = None
        self._has_session = False
        # Whether the run before was lost with its session.
        self._recovers = False
        self._watch: PeerWatch | None = None

    def begin(self) -> None:
        """Starts to watch, in a thread: the making of a session waits, too."""
        self.close()
        self._run = Run()
        if self._addresses:
            peers = [Peer(*task) for task in self._addresses.items()]
            self._watch = PeerWatch(peers, self._settings, lambda: self._run)

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Takes note of the session, and whether a run is tried again in it."""
        self._raise_if_lost()
        if not self._has_session:
            self._run = None
        self._has_session = True
        self._recovers = self._run is not None
        if self._watch is not None:
            self._watch.follow(session, coord)

    def before_run(self, run_context: Any) -> None:
        """Takes note that a run begins, unless it is one tried again."""
        self._raise_if_lost()
        if not self._recovers:
            self._run = Run()
        self._recovers = False

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Takes note that it is over."""
        self._run = None

    def end(self, session: Any) -> None:
        """Stops watching."""
        self.close()

    def close(self) -> None:
        """Stops watching; waits until the thread is done."""
        self._run = None
        self._has_session = False
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.stop()

    def _raise_if_lost(self) -> None:
        if self._watch is not None and self._watch.error is not None:
            raise self._watch.error


def _peer_addresses(
    cluster: Any, task_type: str | None, task_id: int | None
) -> dict[str, str]:
    tasks = {
        (job, index): address
        for job, addresses in _jobs(cluster).items()
        for index, address in addresses.items()
    }
    if not tasks:
        logging.info("PeerHealthHook: no cluster, and no task to watch.")
        return {}
    if (task_type, task_id) not in tasks:
        raise ValueError(
            f"task_type and task_id must name one of {sorted(tasks)}. Got "
            f"{task_type!r} and {task_id!r}."
        )
    if task_type not in _COLLECTIVE_JOBS:
        return {}
    return {
        f"{job} {index}": address
        for (job, index), address in tasks.items()
        if job in _COLLECTIVE_JOBS and (job, index) != (task_type, task_id)
    }


def _jobs(cluster: Any) -> dict[str, dict[int, str]]:
    spec = tf.train.ClusterSpec(cluster)
    return {
        job: {
            index: spec.task_address(job, index)
            for index in spec.task_indices(job)
        }
        for job in spec.jobs
    }
