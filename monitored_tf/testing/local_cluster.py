"""The tasks of a cluster as processes on loopback, to be killed in tests."""

from __future__ import annotations

import atexit
import os
import pathlib
import re
import shutil
import signal
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable

from monitored_tf.testing.cluster_layout import ClusterLayout
from monitored_tf.testing.task_handle import TaskHandle
from monitored_tf.testing.task_process import pickle_call

_LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


class LocalCluster:
    """The tasks of a TensorFlow cluster as real processes on this machine.

    Each task calls the same `main(*args)`, with its part in `TF_CONFIG`, as on
    a real cluster. A test can kill, freeze and replace tasks:

        with LocalCluster({"ps": 1, "chief": 1}, main, (model_dir,)) as cluster:
            cluster.wait_for_output("step 100", "chief")
            cluster.kill("ps")
            cluster.restart("ps")
            assert cluster.wait("chief", timeout_secs=60) == 0

    Tasks are forked from a process that has imported TensorFlow: only the
    first start takes the seconds of that import. It is the fork server of
    Python's `multiprocessing`, with `set_forkserver_preload` set to what the
    tasks need; it stays until this process ends. If it ran already, each task
    imports TensorFlow itself. A script must be a file, not stdin, and guard
    what it does by `if __name__ == "__main__"`: its tasks import it.

    A task's environment is this process's when the cluster was made, and
    `env`. What TensorFlow reads as it is imported counts at the first start in
    this process only, so `TF_CPP_MIN_LOG_LEVEL`, which is 1 if not set.

    A task ends with this process, at the latest after `life_secs`. An error
    in main is printed, and the exit code is 1. Each method takes the job and
    the index of one task: a ValueError if there is none. A signal to a task
    that is not alive, and the pid or the end of one that was never started,
    are RuntimeErrors.

    Args:
      jobs: The number of tasks of each job.
      main: What each task calls: a function at the top level of a module that
        can be imported.
      args: Its arguments, which are pickled.
      env: More environment variables for the tasks.
      log_dir: A folder to keep the tasks' output in; `<job>-<index>.log` is
        appended to. Default: a temporary one, removed by `close()`.
      life_secs: Seconds after which each process is killed by SIGALRM.
      start: Which tasks to start at first: names of jobs, or pairs of a job
        and an index. Default: all.

    Raises:
      TypeError: main is not callable.
      ValueError: an argument is not as above.
    """

    def __init__(
        self,
        jobs: Mapping[str, int],
        main: Callable[..., object],
        args: Sequence[Any] = (),
        *,
        env: Mapping[str, str] | None = None,
        log_dir: str | os.PathLike[str] | None = None,
        life_secs: float = 300.0,
        start: Iterable[str | tuple[str, int]] | None = None,
    ) -> None:
        self._main, self._args = main, tuple(args)
        pickle_call(main, self._args)  # Raises if that is not possible.
        self._layout = ClusterLayout(jobs)
        first = self._layout.tasks(start)
        environment = {_LOG_LEVEL: "1", **os.environ, **(env or {})}
        self._tasks: dict[tuple[str, int], TaskHandle] = {}
        self._temporary_dir = None if log_dir else tempfile.mkdtemp()
        self._closed = False
        # Before multiprocessing's own, which would wait for all processes.
        atexit.register(self.close)
        try:
            folder = pathlib.Path(log_dir or str(self._temporary_dir))
            self._make_tasks(folder.absolute(), environment, life_secs)
            for job, index in first:
                self.start(job, index)
        except BaseException:
            self.close()
            raise

    def start(
        self,
        job: str,
        index: int = 0,
        main: Callable[..., object] | None = None,
        args: Sequence[Any] | None = None,
    ) -> None:
        """Starts a task that is not alive, on the address it always has.

        Args:
          job: The name of its job.
          index: Its index in that job.
          main: What this process calls, if not the cluster's main.
          args: This call's arguments, if not the cluster's.

        Raises:
          RuntimeError: it is alive, or the cluster is closed.
        """
        task = self._task(job, index)
        if self._closed:
            raise RuntimeError("This LocalCluster is closed. Make a new one.")
        main = self._main if main is None else main
        args = self._args if args is None else tuple(args)
        task.start(pickle_call(main, args))

    def restart(
        self,
        job: str,
        index: int = 0,
        main: Callable[..., object] | None = None,
        args: Sequence[Any] | None = None,
    ) -> None:
        """Starts a task anew, on the same address; kills it first if alive.

        The arguments and errors are those of `start()`.
        """
        self._task(job, index).end()
        self.start(job, index, main, args)

    def kill(self, job: str, index: int = 0) -> None:
        """Ends a task by SIGKILL, and returns when it is gone."""
        self._task(job, index).kill()

    def terminate(self, job: str, index: int = 0) -> None:
        """Sends SIGTERM to a task, and does not wait for its end."""
        self._task(job, index).signal(signal.SIGTERM)

    def stop(self, job: str, index: int = 0) -> None:
        """Freezes a task by SIGSTOP: silent, its connections open."""
        self._task(job, index).signal(signal.SIGSTOP)

    def resume(self, job: str, index: int = 0) -> None:
        """Lets a frozen task go on, by SIGCONT."""
        self._task(job, index).signal(signal.SIGCONT)

    def wait(self, job: str, index: int = 0, timeout_secs: float = 60.0) -> int:
        """Waits for the end of a task.

        Returns:
          Its exit code, or the negative number of the signal that killed it.

        Raises:
          TimeoutError: it has not ended; shows the end of its output.
        """
        return self._task(job, index).wait(timeout_secs)

    def wait_for_output(
        self,
        pattern: str,
        job: str,
        index: int = 0,
        *,
        after: int | None = None,
        timeout_secs: float = 60.0,
    ) -> re.Match[str]:
        r"""Waits until a task has printed something.

        Args:
          pattern: A regular expression, searched for; `^` and `$` match at
            each line. `r"step (\d+)\n"` waits until the number is complete.
          job: The name of its job.
          index: Its index in that job.
          after: The position in `output()` where the search begins. Default:
            where the output of the process started last begins.
          timeout_secs: Seconds to wait.

        Returns:
          The first match; its positions are those in `output()`.

        Raises:
          RuntimeError: it ended without printing it.
          TimeoutError: it did not in time. Both show the end of its output.
        """
        task = self._task(job, index)
        return task.wait_for_output(pattern, after, timeout_secs)

    def output(self, job: str, index: int = 0) -> str:
        """What all processes of a task printed so far, stdout and stderr."""
        return self._task(job, index).output()

    def pid(self, job: str, index: int = 0) -> int:
        """The id of a task's process, which was started last."""
        return self._task(job, index).pid

    def exit_code(self, job: str, index: int = 0) -> int | None:
        """The exit code as of `wait()`; None if it is alive or not started."""
        return self._task(job, index).exit_code

    def is_alive(self, job: str, index: int = 0) -> bool:
        """Whether a task was started and has not ended; frozen is alive."""
        return self._task(job, index).is_alive()

    def address(self, job: str, index: int = 0) -> str:
        """A task's `host:port`, which restarts do not change."""
        return self._layout.address(job, index)

    def tf_config(self, job: str, index: int = 0) -> str:
        """A task's TF_CONFIG: the JSON text that it finds."""
        return self._layout.tf_config(job, index)

    def close(self) -> None:
        """Kills all tasks and waits for it; what they printed stays known."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        for task in self._tasks.values():
            task.end()
            task.close()
        if self._temporary_dir:
            shutil.rmtree(self._temporary_dir)

    def __enter__(self) -> LocalCluster:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _make_tasks(
        self, folder: pathlib.Path, env: dict[str, str], life_secs: float
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for job, index in self._layout.tasks():
            self._tasks[job, index] = TaskHandle(
                f"{job}:{index}",
                folder / f"{job}-{index}.log",
                {**env, "TF_CONFIG": self.tf_config(job, index)},
                life_secs,
            )

    def _task(self, job: str, index: int) -> TaskHandle:
        self._layout.address(job, index)  # Raises if there is no such task.
        return self._tasks[job, index]
