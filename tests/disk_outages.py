"""Disks that can't be written for a while."""

from __future__ import annotations

import contextlib
import os
import pathlib
import resource
import subprocess

import tensorflow as tf

v1 = tf.compat.v1


class CannotMountError(Exception):
    """This system lets nobody mount, not even root."""


def mount(*arguments):
    """Runs the command; raises CannotMountError if it fails."""
    done = subprocess.run(
        ["mount", *map(str, arguments)], capture_output=True, check=False
    )
    if done.returncode:
        raise CannotMountError(done.stderr.decode())


@contextlib.contextmanager
def unmounted(folder):
    """Undoes a mount at the end."""
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def read_only(folder):
    """A folder can't be written while this holds."""
    if os.geteuid() != 0:
        os.chmod(folder, 0o555)
        try:
            yield
        finally:
            os.chmod(folder, 0o755)
        return
    # Files that are open are those of the mount below, which is not busy.
    mount("--bind", folder, folder)
    with unmounted(folder):
        mount("-o", "remount,bind,ro", folder)
        yield


@contextlib.contextmanager
def small_disk(folder):
    """A folder is a disk of its own while this holds.

    Raises:
      CannotMountError: if the user may not mount.
    """
    mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", folder)
    with unmounted(folder):
        yield


@contextlib.contextmanager
def full(folder):
    """The disk of a folder is full while this holds."""
    filler = pathlib.Path(folder, "filler")
    with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 12))
    try:
        yield
    finally:
        filler.unlink()


@contextlib.contextmanager
def short_files(folder):
    """No file of this process may be longer than 512 KB."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python ignores the signal that comes with it.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


class OutageHook(v1.train.SessionRunHook):
    """Has an outage begin before one run and end before another.

    Args:
      outage: A context manager.
      runs: Numbers of the two runs, 1 for the first.
    """

    def __init__(self, outage, runs):
        self._stack = contextlib.ExitStack()
        self._outage = outage
        self._runs = runs
        self._n_runs = 0

    def before_run(self, run_context):
        """Counts the run."""
        self._n_runs += 1
        if self._n_runs == self._runs[0]:
            self._stack.enter_context(self._outage)
        elif self._n_runs == self._runs[1]:
            self.mend()

    def mend(self):
        """Ends the outage."""
        self._stack.close()
