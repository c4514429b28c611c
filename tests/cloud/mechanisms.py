"""Prints which mechanism does what on which TensorFlow, for the README.

Run with `python -m tests.cloud.mechanisms`, followed by the Python of other
TensorFlows. Each cell is a program that was run against the server.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

# Before TensorFlow is loaded: its C++ start-up lines are no rows.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from tests.cloud import available, gcs_programs, remote_programs
from tests.cloud.available import BUILT, ENVIRONMENT, PACKAGE

FOLDER = "gs://private/model"
HEAD = (
    "TensorFlow",
    "mechanism",
    "credentials, both kinds",
    "changed after use",
    "block cache",
    "training in a private bucket",
    "remote worker, replaced",
)


def with_ops(run, folder):
    """The cells of a mechanism with ops."""
    used = run(gcs_programs.use_ops, os.path.join(folder, "adc.json")) or {}
    readers = used.get("switch", {}).get("readers", [])
    remote = run(remote_programs.recover, FOLDER) or {}
    cached = used.get("cache", {})
    return (
        readers[:2] == [["alice"], ["bob"]],
        readers[2:] == [["bob"]],
        bool(cached.get("1 MiB")) and cached.get("2 MiB, again") == [],
        trains(run),
        remote.get("steps") == [1, 2, 3, 4],
    )


def without_ops(run, folder):
    """The cells of the mechanism without ops."""
    used = run(gcs_programs.use_once, gcs_programs.ACCOUNT) or {}
    own = run(remote_programs.train_on_own_server, FOLDER) or {}
    refused = "error that says what to do"
    return (
        used.get("readers") == ["alice"] and trains(run),
        refused if used.get("changed", {}).get("error") else False,
        refused if used.get("cached", {}).get("error") else False,
        trains(run),
        refused if own.get("of others", {}).get("error") else False,
    )


def trains(run):
    """Whether training goes on in a private bucket."""
    found = run(gcs_programs.train_twice, FOLDER, gcs_programs.USER) or {}
    runs = found.get("runs") or [{}]
    return runs[-1].get("weight") == 3.0 and not found["leaks"]


def row(mechanism, cache_home):
    """The cells of a mechanism on this TensorFlow."""
    reason = available.skip_reason(mechanism)
    if reason:
        return [reason]
    if mechanism == BUILT:
        available.build(cache_home)

    def run(program, *arguments):
        return available.run(mechanism, cache_home, program, *arguments).result

    cells = without_ops if mechanism == ENVIRONMENT else with_ops
    with tempfile.TemporaryDirectory() as folder:
        found = cells(run, folder)
    words = {True: "yes", False: "**no**"}
    return [words.get(cell, cell) for cell in found]


def print_row(cells):
    """Prints a row, filled up to the width of the table."""
    cells = [*cells, *[""] * (len(HEAD) - len(cells))]
    print("| " + " | ".join(cells) + " |", flush=True)


def print_rows():
    """Prints the rows of this TensorFlow."""
    with tempfile.TemporaryDirectory() as folder:
        cache_home = available.users_cache() or folder
        for mechanism in (PACKAGE, BUILT, ENVIRONMENT):
            cells = row(mechanism, cache_home)
            print_row([tf.version.VERSION, mechanism, *cells])


def main(pythons):
    """Prints the table; `--rows` prints the rows of this Python alone."""
    if pythons == ["--rows"]:
        print_rows()
        return
    print_row(HEAD)
    print_row(["---"] * len(HEAD))
    for python in pythons or [sys.executable]:
        command = [python, "-m", "tests.cloud.mechanisms", "--rows"]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
