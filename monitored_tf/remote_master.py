"""What a session on a gRPC master needs so that a lost task can't hang it."""

from __future__ import annotations

import os
import re
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf import _tf_private
from monitored_tf.bounded_call import BoundedCall
from monitored_tf.error_text import describe

_v1 = tf.compat.v1
_PARAMETER_SERVERS = "/job:ps"
# Matches no task, so that a session has the devices of its master only.
_NO_OTHER_TASK = "/job:none_but_the_master"
_ANSWER_SECS = 1.0
_MASTER_ANSWER_SECS = 5.0

_FILTER = re.compile(
    r"/job:[A-Za-z]\w*(/replica:\d+)?(/task:\d+)?(/(device:)?\w+:(\d+|\*))?"
)

_own_tasks: dict[str, str] = {}
# Questions to tasks that were not answered yet, by master and task.
_unanswered: dict[tuple[str, str], BoundedCall[str]] = {}


def is_remote(master: str) -> bool:
    """Returns whether this is the address of a server: "grpc://..."."""
    return "://" in master


def fail_fast() -> None:
    """Makes calls to a task that is away fail at once, in this process.

    Otherwise gRPC waits for it for ever, in `close()` too. An environment
    variable `GRPC_FAIL_FAST` that is set already is left alone.
    """
    if "GRPC_FAIL_FAST" not in os.environ:
        os.environ["GRPC_FAIL_FAST"] = "true"
        logging.info(
            "GRPC_FAIL_FAST=true: a call to a task that is away fails at once "
            "and is tried again after a pause. Set it yourself to have it "
            "another way."
        )


def session_config(master: str, config: Any, graph: Any) -> Any:
    """Returns the config of a session that waits for no task it does not need.

    Those are the parameter servers, the master's own task, and the tasks that
    the graph places operations on. Without filters, a session waits until all
    tasks of the cluster are there, dead workers among them.

    Args:
      master: Address of the server.
      config: `ConfigProto` or None. One with `device_filters` is left as it is.
      graph: The graph that runs.

    Raises:
      ValueError: if a filter is malformed: it would abort the process.
    """
    if config is not None and config.device_filters:
        for device_filter in config.device_filters:
            _check_filter(device_filter)
        return config
    tasks = tasks_of(graph)
    own = _own_task(master) if tasks is not None else ""
    if tasks is None or not own:
        return config
    filtered = _copy(config)
    filtered.device_filters.extend(sorted({_PARAMETER_SERVERS, own, *tasks}))
    logging.log_first_n(
        logging.INFO,
        "device_filters=%s: no other task is waited for. Give a config with "
        "device_filters to have it another way.",
        1,
        list(filtered.device_filters),
    )
    return filtered


def limited_config(config: Any, secs: float) -> Any:
    """Returns the config of a session whose runs take no longer than told.

    Args:
      config: `ConfigProto` or None. One with an `operation_timeout_in_ms` is
        left as it is.
      secs: Of a run that has no limit of its own.
    """
    if config is not None and config.operation_timeout_in_ms:
        return config
    limited = _copy(config)
    limited.operation_timeout_in_ms = max(1, round(secs * 1000))
    return limited


def _copy(config: Any) -> Any:
    copy = _v1.ConfigProto()
    copy.CopyFrom(_tf_private.default_config() if config is None else config)
    return copy


def _check_filter(device_filter: str) -> None:
    if not _FILTER.fullmatch(device_filter):
        raise ValueError(
            f"config.device_filters holds {device_filter!r}. Expected a job or "
            "a task, as '/job:ps' or '/job:worker/task:0'."
        )


def tasks_of(graph: Any) -> set[str] | None:
    """Returns the tasks that a graph places operations on.

    None if it names one in a way that can't be told, as by its number only.
    """
    tasks = set()
    for device in {operation.device for operation in graph.get_operations()}:
        spec = tf.DeviceSpec.from_string(device)
        if spec.job is None:
            if spec.task is not None:
                return None
            continue
        task = "" if spec.task is None else f"/task:{spec.task}"
        tasks.add(f"/job:{spec.job}{task}")
    return tasks


def _own_task(master: str) -> str:
    """Returns the task of a master, "" if it can't be asked."""
    if master not in _own_tasks:
        question = BoundedCall(
            lambda: _ask(master, _NO_OTHER_TASK), f"asking {master}"
        )
        if not question.wait(_MASTER_ANSWER_SECS):
            question.abandon()
            return ""
        try:
            device = question.result()
        except tf.errors.OpError as error:
            logging.info("%s did not tell its task: %s", master, error)
            return ""
        spec = tf.DeviceSpec.from_string(device)
        _own_tasks[master] = f"/job:{spec.job}/task:{spec.task}"
    return _own_tasks[master]


def _ask(master: str, task: str) -> str:
    """Runs an op in a session of this task only; returns the op's device."""
    # Session.list_devices() would tell too, but holds the interpreter's lock.
    metadata = _v1.RunMetadata()
    options = _v1.RunOptions(output_partition_graphs=True)
    config = _v1.ConfigProto(device_filters=[task])
    with _v1.Graph().as_default():
        constant = _v1.constant(0)
        with _v1.Session(master, config=config) as session:
            session.run(constant, options=options, run_metadata=metadata)
    return str(metadata.partition_graphs[0].node[0].device)


def silent_tasks(master: str, graph: Any) -> str:
    """Asks the tasks that a graph needs; returns which do not answer, or ""."""
    tasks = sorted(tasks_of(graph) or ())
    answers = (_answer(master, task) for task in tasks)
    return ", ".join(answer for answer in answers if answer)


def _answer(master: str, task: str) -> str:
    # One that hangs is not asked a second time: threads would pile up.
    question = _unanswered.pop((master, task), None) or BoundedCall(
        lambda: _ask(master, task), f"asking {task}"
    )
    if not question.wait(_ANSWER_SECS):
        _unanswered[master, task] = question
        return f"no answer from {task}"
    try:
        question.result()
    except tf.errors.OpError as error:
        return f"{task} is away ({describe(error)})"
    return ""
