"""Runs a function in a process of its own, with an environment of its own.

What TensorFlow knows of gs:// belongs to the whole process (file system,
token, cache), so each scenario needs a fresh one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_RESULT = "scenario's result: "
# What this process may have itself, and a scenario gets only if asked.
_OURS_ALONE = (
    "CLOUDSDK_",
    "CURL_",
    "GCE_",
    "GCS_",
    "GOOGLE_",
    "NO_GCE_CHECK",
    "SSL_CERT",
)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a scenario ended.

    Attributes:
        exit_code: Its exit code; None if it was stopped at the time limit.
        output: What it wrote, to stdout and stderr.
        result: What the function returned; None if it did not return.
        secs: How long the function took, without the start of Python and the
            import of its module; None if it did not return.
    """

    exit_code: int | None
    output: str
    result: Any = None
    secs: float | None = None


def run(
    program: Callable[..., Any],
    *arguments: Any,
    environment: Mapping[str, str],
    limit_secs: float = 120,
) -> Outcome:
    """Runs a function of a module in a child process.

    Args:
        program: A function at the top of a module that the child can import;
            it returns what JSON can hold.
        *arguments: Its arguments, which JSON can hold.
        environment: Variables beside this process's own, of which those about
            clouds and proxies are left out.
        limit_secs: After how long the child, with its children, is killed.

    Returns:
        How it ended; an error in it is no error here.
    """
    call = [program.__module__, program.__name__, json.dumps(arguments)]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.cloud.scenario", *call],
            env=_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        exit_code = _wait(child, limit_secs)
        output.seek(0)
        return _outcome(exit_code, output.read())


def _wait(child: subprocess.Popen[bytes], limit_secs: float) -> int | None:
    try:
        return child.wait(limit_secs)
    except subprocess.TimeoutExpired:
        return None
    finally:
        # Its group, as it may have started servers. None may be left.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_OURS_ALONE)
        and not name.lower().endswith("_proxy")
    }
    kept["PYTHONPATH"] = str(_ROOT)
    return {"TF_CPP_MIN_LOG_LEVEL": "3", **kept, **environment}


def _outcome(exit_code: int | None, written: str) -> Outcome:
    output, found, last = written.rpartition(_RESULT)
    if not found:
        return Outcome(exit_code, written)
    line, _, rest = last.partition("\n")
    return Outcome(exit_code, output + rest, **json.loads(line))


def _main(module: str, function: str, arguments: str) -> None:
    program = getattr(importlib.import_module(module), function)
    begin = time.monotonic()
    result = program(*json.loads(arguments))
    secs = time.monotonic() - begin
    print(_RESULT + json.dumps({"result": result, "secs": secs}), flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
