"""What an error says, in one line."""

from __future__ import annotations

import re

_TASK = re.compile(r"/job:\w+(?:/replica:\d+)?/task:\d+")
# Where several tasks report it, a code stands before the first of them.
_FROM_TASK = re.compile(r"(?:[A-Z_]+: )?(From /job:.*)")
# Before it TensorFlow may name the task that reports the error.
_REMOTE_TASK = re.compile(rf"remote target ({_TASK.pattern})")
# TensorFlow appends them where several tasks report an error.
_RECENT_LOGS = "Recent warning and error logs:"


def describe(error: BaseException) -> str:
    """Returns the type of an error and the line of its text that tells most.

    TensorFlow puts the place in the graph before what happened, and the task
    that failed behind it.
    """
    # Reports of several tasks are between two lines of "=".
    lines = [line for line in str(error).splitlines() if line.strip(" =")]
    if lines[:1] == ["Graph execution error:"]:
        lines = _without_place(lines[1:])
    text = ": ".join([type(error).__name__, *lines[:1]])
    peer = peer_of(error)
    return text if not peer or peer in text else f"{text} [{peer}]"


def peer_of(error: BaseException) -> str:
    """Returns the task that an error comes from, or ""; "/job:ps/task:0"."""
    text = str(error)
    remote = _REMOTE_TASK.search(text)
    if remote:
        return remote.group(1)
    found = _TASK.search(text)
    return found.group() if found else ""


def without_logs(error: BaseException) -> str:
    """Returns an error's text without the log lines that end some.

    They have times: no two such texts are equal.
    """
    return str(error).partition(_RECENT_LOGS)[0]


def _without_place(lines: list[str]) -> list[str]:
    for number, line in enumerate(lines):
        if line.startswith("Node: "):
            return lines[number + 1 :]
        task = _FROM_TASK.match(line)
        if task:
            return [" ".join([task[1], *lines[number + 1 : number + 2]])]
    return lines
